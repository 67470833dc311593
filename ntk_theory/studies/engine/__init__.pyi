from . import export as export
from . import shelf as shelf
