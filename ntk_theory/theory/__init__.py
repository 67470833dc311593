"""The rules: the paper's criterion, the ε-calculus, and a Classification with its derivation."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
