"""The rules: the paper's criterion, the ε-calculus, and a Classification with its derivation."""

from ntk_theory.theory.classification import Classification, classify
from ntk_theory.theory.exponents import Limit, Regime
from ntk_theory.theory.paper import PaperVerdict, paper_verdict
from ntk_theory.theory.sharp import SharpBlock

__all__ = ["Classification", "Limit", "PaperVerdict", "Regime", "SharpBlock", "classify", "paper_verdict"]
