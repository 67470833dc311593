"""Networks and parameters, operators lowered to array programs, assembly of kernel blocks."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
