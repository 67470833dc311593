from . import drift as drift
from . import kernel as kernel
from . import law as law
from . import palette as palette
from . import run as run
