"""What a residual gains when an unknown moves: ∂/∂π at the start values (THEORY §9) [D].

π = p, or log p of a positive one, whose slope has the factor p. The expression is differentiated first:
−k u_xx at k = 0 has no F_xx, and the slope −u_xx.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import sympy as sp

from ntk_theory.symbolic.operator import partial
from ntk_theory.symbolic.problem import Group
from ntk_theory.symbolic.unknowns import Unknown, starts


def at_start(expression: sp.Expr, unknowns: Mapping[str, Unknown]) -> sp.Expr:
    """The expression with every unknown where it starts."""
    values = starts(unknowns)
    swap = {s: values[s.name] for s in expression.free_symbols if s.name in values}
    return expression.xreplace(swap) if swap else expression


def slope(expressions: Sequence[sp.Expr], name: str, unknowns: Mapping[str, Unknown]) -> sp.Expr:
    """∂/∂π of the sum of some expressions, at the start values.

    >>> u_xx, k = sp.symbols("u_xx k", real=True)
    >>> slope([-k * u_xx], "k", {"k": Unknown(sp.Integer(3), positive=True)})
    -3*u_xx
    """
    return _slope(tuple(expressions), name, tuple(unknowns.items()))


@lru_cache(maxsize=1024)
def _slope(expressions: tuple[sp.Expr, ...], name: str, unknowns: tuple[tuple[str, Unknown], ...]) -> sp.Expr:
    """The same, once: a law asks for every pair of blocks, and a field has twenty numbers or more."""
    by_name = dict(unknowns)
    own = by_name[name]
    return at_start(_partial(expressions, name), by_name) * (own.start if own.positive else sp.S.One)


def moving_slope(group: Group, name: str, unknowns: Mapping[str, Unknown]) -> sp.Expr:
    """∂R/∂π of a group wherever the unknowns are, legs added."""
    expressions = [*(leg.expression for leg in group.legs), -sp.S(group.target)]
    symbols = {s for e in expressions for s in e.free_symbols if s.name == name}
    factor = next(iter(symbols), sp.S.One) if unknowns[name].positive else sp.S.One
    return _partial(expressions, name) * factor


def _partial(expressions: Sequence[sp.Expr], name: str) -> sp.Expr:
    """∂/∂p of a sum, by whatever symbols bear the name."""
    return sp.Add(
        *(partial(e, symbol) for e in expressions for symbol in e.free_symbols if symbol.name == name)
    )


def leg_slopes(group: Group, name: str, unknowns: Mapping[str, Unknown]) -> tuple[sp.Expr, ...]:
    """∂R/∂π of a group, leg by leg; an unknown in its target counts with the first."""
    return tuple(
        slope([leg.expression, *([-sp.S(group.target)] if k == 0 else [])], name, unknowns)
        for k, leg in enumerate(group.legs)
    )
