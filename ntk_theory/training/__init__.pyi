from .drift import Assumptions as Assumptions
from .drift import Drift as Drift
from .methods.descent import Adam as Adam
from .methods.descent import GradientDescent as GradientDescent
from .methods.flow import Flow as Flow
from .methods.gauss_newton import GaussNewton
from ntk_theory.training.methods.gradient_descent import GradientDescent as GaussNewton
from .solution import field_errors as field_errors
from .solution import relative_error as relative_error
from .stopping import Resample as Resample
from .stopping import Until as Until
from .train import train as train
from .trajectory import Trajectory as Trajectory
from .trajectory import load_network as load_network
from .trajectory import save_network as save_network
