from . import flow as flow
from . import initialisation as initialisation
