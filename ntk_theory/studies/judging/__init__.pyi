from . import judge as judge
from . import kind as kind
from . import own_claims as own_claims
from . import verdict as verdict
