from . import judge as judge
from . import kind as kind
from . import verdict as verdict
