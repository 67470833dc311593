"""Finite networks: jets, the jet NTK and kernel blocks, and the slow reference."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
