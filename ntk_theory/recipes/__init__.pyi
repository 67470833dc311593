from .reproduce import reproduce as reproduce
from .reproduction import Reproduction as Reproduction
