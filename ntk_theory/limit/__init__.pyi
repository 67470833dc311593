from .duals import DualValues as DualValues
from .duals import dual as dual
from .law import LawAt as LawAt
from .law import LimitLaw as LimitLaw
from .law import limit_law as limit_law
from .recursion import InfiniteJets as InfiniteJets
from .recursion import infinite_jets as infinite_jets
from .sampling import KernelSample as KernelSample
