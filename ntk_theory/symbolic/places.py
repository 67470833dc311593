"""Where to expand: the jets u^i_α = ε v^i_α + δ_{α0} c^i at one end of the ε axis (THEORY §3) [D].

A place knows what its symbols may be: the directions v and the random constants c take every real
value, coordinates lie in the domain, parameters are positive. Where an expansion needs the sign of
something of both signs, the place is *branched*: once with that sign, once with the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction

import sympy as sp

from ntk_theory.symbolic.intervals import Intervals
from ntk_theory.symbolic.series import DELTA, UNIT, Order, Series, Undecided
from ntk_theory.symbolic.signs import Sign, factors_of, sign_of


class End(StrEnum):
    """Which end of the ε axis."""

    ZERO = "zero"
    INFINITY = "infinity"


class Split(Exception):
    """The answer depends on the sign of ``atom``, which is of both signs."""

    def __init__(self, atom: sp.Expr) -> None:
        super().__init__(f"the sign of {atom}")
        self.atom = atom


@dataclass(frozen=True)
class Point:
    """Where to expand.

    Attributes
    ----------
    values:
        Each slot symbol as a series in δ.
    random, constants:
        The symbols that are random there (v and c), and among them the constants c.
    end:
        The end of the ε axis.
    intervals:
        What is known of the other symbols: coordinates in the domain, parameters positive.
    coordinates:
        Which of them are coordinates: a sign that they alone decide belongs to a part of the
        domain, any other to a part of the probability space.
    shared:
        Random symbols that are the same at every point: c, and jets at a single given point.
    signs, path:
        The branch: atoms of both signs with the sign that they have here; and every choice made on
        the way, with whether coordinates alone decide it.
    replaced:
        Symbols that the branch expresses by positive ones.
    """

    values: Mapping[sp.Symbol, Series]
    random: frozenset[sp.Symbol]
    end: End
    constants: frozenset[sp.Symbol] = frozenset()
    intervals: Intervals = ()
    coordinates: frozenset[sp.Symbol] = frozenset()
    shared: frozenset[sp.Symbol] = frozenset()
    signs: tuple[tuple[sp.Expr, int], ...] = ()
    path: tuple[tuple[sp.Expr, int, bool], ...] = ()
    replaced: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)

    def sign(self, expression: sp.Expr) -> Sign:
        """The sign of an expression here, as far as the branch and the domain decide it."""
        found = sign_of(expression, self.random | {DELTA}, self.intervals)
        if found in (Sign.POSITIVE, Sign.NEGATIVE, Sign.ZERO) or not self.signs:
            return found
        total = Sign.POSITIVE
        for factor, own in self._factors(expression):
            known = dict(self.signs).get(factor)
            if known is not None:
                own = Sign.POSITIVE if known > 0 else Sign.NEGATIVE  # noqa: PLW2901  the branch knows more
            if not own.is_definite:
                return found
            total = total.times(own)
        return total

    def settled(self, expression: sp.Expr) -> int:
        """1, −1 or 0: the sign; raises :class:`Split` at an atom of both signs, else Undecided."""
        found = self.sign(expression)
        if found is Sign.ZERO:
            return 0
        if found.is_definite:
            return 1 if found is Sign.POSITIVE else -1
        known = dict(self.signs)
        for factor, own in self._factors(expression):
            if own is Sign.MIXED and factor not in known:
                raise Split(factor)
        raise Undecided(f"the sign of {expression}")

    def _factors(self, expression: sp.Expr) -> list[tuple[sp.Expr, Sign]]:
        """The factors of odd power with their signs; atoms of both signs in canonical form."""
        constant, factors = factors_of(expression)
        found = [(constant, Sign.POSITIVE if constant.is_positive else Sign.NEGATIVE)]
        for factor, power in factors:
            if power % 2 == 0:
                continue
            own = sign_of(factor, self.random | {DELTA}, self.intervals)
            if own is Sign.MIXED and factor.could_extract_minus_sign():
                found += [(sp.S.NegativeOne, Sign.NEGATIVE), (-factor, own)]
            else:
                found.append((factor, own))
        return found

    def is_part_of_domain(self, atom: sp.Expr) -> bool:
        """Do coordinates alone decide the sign of ``atom``?"""
        return bool(atom.free_symbols <= self.coordinates)

    def branch(self, atom: sp.Expr, sign: int) -> Point:
        """The same place where ``atom`` has this sign.

        A linear atom becomes a new positive symbol, so that every later sign knows of it.
        """
        step = (atom, sign, self.is_part_of_domain(atom))
        here = replace(self, signs=(*self.signs, (atom, sign)), path=(*self.path, step))
        found = self._eliminated(atom, sign)
        if found is None:
            return here
        old, new, positive = found
        swap = {old: new}
        values = {
            s: Series(tuple((o, sp.expand(c.xreplace(swap))) for o, c in series.terms), series.tail)
            for s, series in self.values.items()
        }
        intervals = tuple(i for i in self.intervals if i[0] != old)
        bounds = next(((low, high) for s, low, high in self.intervals if s == old), None)
        if bounds is not None:
            high = bounds[1] if sign > 0 else -bounds[0]
            intervals = (*intervals, (positive, sp.S.Zero, high))

        def swapped(symbols: frozenset[sp.Symbol]) -> frozenset[sp.Symbol]:
            return symbols - {old} | {positive} if old in symbols else symbols

        return replace(
            here,
            values=values,
            random=swapped(self.random),
            constants=swapped(self.constants),
            shared=swapped(self.shared),
            coordinates=swapped(self.coordinates),
            intervals=intervals,
            signs=tuple((a.xreplace(swap), s) for a, s in here.signs if a != atom),
            replaced={**{s: e.xreplace(swap) for s, e in self.replaced.items()}, **swap},
        )

    def _eliminated(self, atom: sp.Expr, sign: int) -> tuple[sp.Symbol, sp.Expr, sp.Symbol] | None:
        """(symbol, what replaces it, the new positive symbol), if the atom is linear in a free symbol."""
        positive = sp.Symbol(f"|{atom}|", positive=True)
        if atom.is_Symbol:
            return atom, sign * positive, positive
        for symbol in sorted(atom.free_symbols & self.random, key=str):
            if symbol.is_positive or symbol in self.shared:
                continue
            slope = sp.diff(atom, symbol)
            if slope.is_Rational:
                rest = sp.expand(atom - slope * symbol)
                return symbol, sp.expand((sign * positive - rest) / slope), positive
        return None


def expansion_point(
    fields_of: Mapping[sp.Symbol, str],
    values: frozenset[sp.Symbol],
    *,
    end: End,
    start: Fraction | None,
    leg: str = "0",
    intervals: Intervals = (),
    coordinates: frozenset[sp.Symbol] = frozenset(),
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
    return Point(
        series,
        frozenset(random | constants),
        end,
        frozenset(constants),
        intervals=intervals,
        coordinates=coordinates,
    )
