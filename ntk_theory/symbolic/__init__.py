"""Exact symbols: grammar, slots, operators, problems, degrees, the zoo. No numerics."""

from ntk_theory.symbolic.jets import JetSpace, Slot
from ntk_theory.symbolic.loading import from_toml
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Group, GroupKind, Problem
from ntk_theory.symbolic.reading import parse, problem, zoo, zoo_names, zoo_text
from ntk_theory.symbolic.writing import to_toml

__all__ = [
    "Group",
    "GroupKind",
    "JetSpace",
    "Operator",
    "Problem",
    "Slot",
    "from_toml",
    "parse",
    "problem",
    "to_toml",
    "zoo",
    "zoo_names",
    "zoo_text",
]
