"""Where to expand: the jets u^i_α = ε v^i_α + δ_{α0} c^i at one end of the ε axis (THEORY §3) [D]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import sympy as sp

from ntk_theory.symbolic.series import UNIT, Order, Series


class End(StrEnum):
    """Which end of the ε axis."""

    ZERO = "zero"
    INFINITY = "infinity"


@dataclass(frozen=True)
class Point:
    """Where to expand: the value of each symbol as a series in δ, and what is random there."""

    values: Mapping[sp.Symbol, Series]
    random: frozenset[sp.Symbol]
    end: End
    constants: frozenset[sp.Symbol] = frozenset()


def expansion_point(
    fields_of: Mapping[sp.Symbol, str],
    values: frozenset[sp.Symbol],
    *,
    end: End,
    start: Fraction | None,
    leg: int = 0,
) -> Point:
    """The point u^i_α = ε v^i_α + δ_{α0} c^i.

    ``fields_of`` maps every slot symbol to its field, ``values`` are the slot symbols of order 0.
    ``start`` is c, the same for every field; ``None``: a generic random constant per field. Each leg
    has its own v.
    """
    small = Order(sp.S.One if end is End.ZERO else sp.S.NegativeOne)
    series: dict[sp.Symbol, Series] = {}
    random: set[sp.Symbol] = set()
    constants: set[sp.Symbol] = set()
    for symbol, name in fields_of.items():
        direction = sp.Symbol(f"v{leg}[{symbol.name}]", real=True)
        random.add(direction)
        terms = [(small, direction)]
        if start is None and symbol in values:
            constant = sp.Symbol(f"c[{name}]", real=True, nonzero=True)
            constants.add(constant)
            terms.append((UNIT, constant))
        elif start and symbol in values:
            terms.append((UNIT, sp.Rational(start)))
        series[symbol] = Series(tuple(sorted(terms, key=lambda term: term[0])))
    return Point(series, frozenset(random | constants), end, frozenset(constants))
