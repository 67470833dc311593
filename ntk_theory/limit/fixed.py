"""Is a block's law one number? Where F_α, and derivatives by unknowns that meet in it, hold no jets."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sympy as sp

from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.unknown_slopes import leg_slopes


def is_affine(problem: Problem, name: str) -> bool:
    """Is every F_α of a group free of the jets?"""
    group = next(g for g in problem.groups if g.name == name)
    return not _holds_jets(problem, (f for leg in group.legs for f in leg.gradient.values()))


def is_fixed(problem: Problem, ours: Collection[str], theirs: Collection[str]) -> bool:
    """Is the kernel between two sets of groups the same for every network at infinite width?

    All are affine in the jets, and no unknown of both sets has a derivative that holds jets.
    """
    if not all(is_affine(problem, name) for name in {*ours, *theirs}):
        return False
    for name in problem.unknowns:
        sides = [slopes_of(problem, name, side) for side in (ours, theirs)]
        if all(any(f != 0 for f in side) for side in sides) and _holds_jets(problem, [*sides[0], *sides[1]]):
            return False
    return True


def slopes_of(problem: Problem, unknown: str, names: Collection[str] | None = None) -> list[sp.Expr]:
    """∂F/∂π of every leg of some groups (default: all), where unknowns start, parameters put in."""
    return [
        bind(f, problem.parameters)
        for group in problem.groups
        if names is None or group.name in names
        for f in leg_slopes(group, unknown, problem.unknowns)
    ]


def _holds_jets(problem: Problem, expressions: Iterable[sp.Expr]) -> bool:
    return any(problem.space.decode(symbol) for f in expressions for symbol in f.free_symbols)
