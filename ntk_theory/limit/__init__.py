"""Infinite width: dual activations, covariance and jet NTK with derivatives, the limit law."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
