from . import preview as preview
