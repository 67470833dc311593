"""Figures: one module per kind of picture; whatever imports matplotlib belongs here.

A figure is drawn from results and rows, and knows neither a terminal nor a page.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
