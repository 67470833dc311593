"""The court of claims: what the literature says of kernels of PINNs, and what computations say of that."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
