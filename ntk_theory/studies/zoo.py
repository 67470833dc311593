"""The zoo as a study: the problems whose answer is decided, within reach of the numerics."""

from __future__ import annotations

from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import zoo, zoo_names
from ntk_theory.theory import classify
from ntk_theory.theory.exponents import Limit

#: The highest order whose kernels a quick study resolves.
MAX_ORDER = 4


def order_of(problem: Problem) -> int:
    """The highest order of any operator of a problem."""
    return max(leg.order for group in problem.groups for leg in group.legs)


def is_decided(name: str, output_bias: str = "zero", activation: str = "tanh") -> bool:
    """Does the ε-calculus decide the limit of every block of a zoo problem, at every s?"""
    sharp = classify(zoo(name), output_bias=output_bias, activation=activation).sharp
    open_ends = (Limit.UNDECIDED, Limit.UNDEFINED)
    return not any(regime.limit in open_ends for block in sharp.values() for regime in block.regimes)


def decided_zoo(
    *, max_order: int = MAX_ORDER, output_bias: str = "zero", activation: str = "tanh"
) -> tuple[str, ...]:
    """The names of the zoo problems of order at most ``max_order`` whose regime is decided, sorted."""
    return tuple(
        name
        for name in zoo_names()
        if order_of(zoo(name)) <= max_order and is_decided(name, output_bias, activation)
    )
