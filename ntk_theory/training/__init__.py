"""Training: losses, flows, optimisers, drift of the kernel, limiting dynamics."""

from ntk_theory.training.drift import Assumptions, Drift
from ntk_theory.training.methods.descent import Adam, GradientDescent
from ntk_theory.training.methods.flow import Flow
from ntk_theory.training.methods.gauss_newton import GaussNewton
from ntk_theory.training.solution import field_errors, relative_error
from ntk_theory.training.stopping import Resample, Until
from ntk_theory.training.train import train
from ntk_theory.training.trajectory import Trajectory, load_network, save_network

__all__ = [
    "Adam",
    "Assumptions",
    "Drift",
    "Flow",
    "GaussNewton",
    "GradientDescent",
    "Resample",
    "Trajectory",
    "Until",
    "field_errors",
    "load_network",
    "relative_error",
    "save_network",
    "train",
]
