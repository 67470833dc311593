"""Infinite width: dual activations, covariance and jet NTK with derivatives, the limit law."""

from ntk_theory.limit.duals import DualValues, dual
from ntk_theory.limit.law import LawAt, LimitLaw, limit_law
from ntk_theory.limit.recursion import InfiniteJets, infinite_jets
from ntk_theory.limit.sampling import KernelSample

__all__ = [
    "DualValues",
    "InfiniteJets",
    "KernelSample",
    "LawAt",
    "LimitLaw",
    "dual",
    "infinite_jets",
    "limit_law",
]
