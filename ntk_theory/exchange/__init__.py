"""Models of other libraries as networks and parameters, and the way back; weights from files."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
