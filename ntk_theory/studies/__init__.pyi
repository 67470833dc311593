from . import engine as engine
from . import judging as judging
from . import kinds as kinds
from . import zoo as zoo
