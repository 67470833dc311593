"""Pages: one self-contained HTML file per study; whatever writes markup belongs here.

A page may hold figures. What it shares with the terminal are rows and words, never a printed table.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
