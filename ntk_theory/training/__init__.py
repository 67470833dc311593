"""Training: the loss, the methods that lower it, and what the kernel does on the way."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
