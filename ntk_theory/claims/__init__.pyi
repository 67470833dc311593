from . import exhibit as exhibit
from . import hearing as hearing
from . import registry as registry
from . import source as source
from .hearing import Hearing as Hearing
from .hearing import hear as hear
from .registry import known as known
from .registry import sources_of as sources_of
