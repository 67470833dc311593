"""What numbers outside the layers do to a kernel in training, and whether a problem is linear in all of them.

For s > 1/2 and a fixed learning rate only output biases c and unknowns p move (THEORY §5, §9), u ≡ c,

    K → Σ_i F_{i0} F_{i0}' + Σ_k ∂_kR ∂_kR'   at (c(t), p(t)),

so that K moves iff one of these derivatives at constants varies with a number that itself moves.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from ntk_theory.symbolic.operator import jet_dependence
from ntk_theory.symbolic.problem import Group, Problem
from ntk_theory.symbolic.unknown_slopes import moving_slope
from ntk_theory.symbolic.zero import is_zero
from ntk_theory.theory import Classification


def trained_numbers_move_kernel(answer: Classification) -> bool | None:
    """Does the limit of K above 1/2 change as output bias and unknowns are trained? None: undecided."""
    problem, trained = answer.problem, answer.bias.is_trained
    moving: set[sp.Symbol] = set()
    columns: list[sp.Expr] = []
    for group in problem.groups:
        values = {leg.space.symbol(s) for leg in group.legs for s in leg.slots if s.is_value}
        moving |= values if trained else set()
        columns += [_at_constants(group, f, trained) for f in _biases(group) if trained]
    for name in problem.unknowns:
        own = [
            _at_constants(group, moving_slope(group, name, problem.unknowns), trained)
            for group in problem.groups
        ]
        if any(is_zero(column) is not True for column in own):
            moving |= {s for c in _symbols(problem) for s in c if s.name == name}
        columns += own
    if any(column.has(sp.nan, sp.zoo, sp.oo) for column in columns):
        return None
    found = [jet_dependence(column, frozenset(moving)) for column in columns]
    return True if True in found else (None if None in found else False)


def _symbols(problem: Problem) -> list[frozenset[sp.Symbol]]:
    every = [leg.expression for group in problem.groups for leg in group.legs]
    return [e.free_symbols for e in (*every, *(sp.S(group.target) for group in problem.groups))]


def _biases(group: Group) -> Iterator[sp.Expr]:
    """Σ_legs F_{i0} of every field whose value the group mentions."""
    slots = [s for leg in group.legs for s in leg.slots if s.is_value]
    for field in dict.fromkeys(s.field for s in slots):
        yield sp.Add(
            *(leg.gradient[s] for leg in group.legs for s in leg.support if s.is_value and s.field == field)
        )


def _at_constants(group: Group, expression: sp.Expr, trained: bool) -> sp.Expr:
    """With every derivative 0, and the values too where no output bias moves them."""
    symbols = {leg.space.symbol(s): s for leg in group.legs for s in leg.slots}
    flat = {symbol: sp.S.Zero for symbol, s in symbols.items() if not (s.is_value and trained)}
    return expression.subs(flat)


def is_linear(problem: Problem) -> bool | None:
    """Are all groups affine in the jets and the unknowns together? None: undecided."""
    found = [leg.is_linear for group in problem.groups for leg in group.legs]
    return False if False in found or bilinear(problem) else (None if None in found else True)


def bilinear(problem: Problem) -> tuple[str, ...]:
    """The unknowns in which the residuals are not affine beside the jets: k in k u_xx, q in exp(q)."""
    trained = {s for c in _symbols(problem) for s in c if s.name in problem.unknowns}
    return tuple(
        name
        for name in problem.unknowns
        for slopes in [[moving_slope(group, name, problem.unknowns) for group in problem.groups]]
        if any(problem.space.decode(s) or s in trained for f in slopes for s in f.free_symbols)
    )
