from .classification import Classification as Classification
from .classification import classify as classify
from .exponents import Limit as Limit
from .exponents import Regime as Regime
from .paper import PaperVerdict as PaperVerdict
from .paper import paper_verdict as paper_verdict
from .sharp import SharpBlock as SharpBlock
