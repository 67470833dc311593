from . import export as export
