"""Terminal: what the commands print; whatever lays out text with rich belongs here.

One module per command or kind of study. None of them imports a figure or a page.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
