"""The engine of studies: cells, store, runner, workers, cost. It knows no kind of study."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
