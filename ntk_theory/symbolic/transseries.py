"""Sums of power series times exponentials: plain + Σ exp(E)·series + what is smaller than a known exp.

E is a sum of negative powers of δ, so that exp(E) grows or decays faster than every power. Decaying
parts are kept, so that exp(−u) times exp(u) is 1; what a function leaves behind beyond the terms
that are kept (tanh at infinity is its sign and something of size exp(−2|u|)) is known by its size
only, an exponent in ``rests``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import sympy as sp

from ntk_theory.symbolic.series import DELTA, Series, Undecided, add, multiply

#: More exponential parts than this are not multiplied out.
MAX_PARTS = 40


@dataclass(frozen=True)
class Value:
    """plain + Σ exp(E)·parts[E] + O(exp(R)) for every R in ``rests``."""

    plain: Series
    parts: Mapping[sp.Expr, Series] = field(default_factory=dict)
    rests: frozenset[sp.Expr] = frozenset()

    @staticmethod
    def constant(value: sp.Expr) -> Value:
        """The value of something free of δ."""
        return Value(Series.constant(value))

    @property
    def is_exact_zero(self) -> bool:
        """Is this exactly 0?"""
        return self.plain.is_exact_zero and not self.parts and not self.rests

    @property
    def all_parts(self) -> dict[sp.Expr, Series]:
        """The parts and, under the exponent 0, the plain series where there is one."""
        return {**({} if self.plain.is_exact_zero else {sp.S.Zero: self.plain}), **self.parts}

    @property
    def ordered_rests(self) -> list[sp.Expr]:
        """The rests in an order that is the same in every process, as the order of a set is not."""
        return sorted(self.rests, key=sp.default_sort_key)

    def scaled(self, factor: sp.Expr) -> Value:
        """The product with a factor free of δ."""
        return Value(
            self.plain.scaled(factor), {e: s.scaled(factor) for e, s in self.parts.items()}, self.rests
        )

    def xreplace(self, swap: Mapping[sp.Expr, sp.Expr]) -> Value:
        """The same in other symbols."""

        def of(series: Series) -> Series:
            return Series(tuple((o, c.xreplace(swap)) for o, c in series.terms), series.tail)

        return Value(
            of(self.plain),
            {e.xreplace(swap): of(s) for e, s in self.parts.items()},
            frozenset(r.xreplace(swap) for r in self.rests),
        )


def gathered(parts: Mapping[sp.Expr, list[Series]], rests: Iterable[sp.Expr], keep: int) -> Value:
    """A value from series listed by exponent; exponent 0 is the plain part."""
    summed = {e: add(series, keep) if len(series) > 1 else series[0] for e, series in parts.items()}
    plain = summed.pop(sp.S.Zero, Series(()))
    return Value(plain, {e: s for e, s in summed.items() if not s.is_exact_zero}, frozenset(rests))


def plus(values: Iterable[Value], keep: int) -> Value:
    """The sum."""
    values = list(values)
    parts: dict[sp.Expr, list[Series]] = {}
    for value in values:
        for exponent, series in value.all_parts.items():
            parts.setdefault(exponent, []).append(series)
    return gathered(parts, (r for value in values for r in value.rests), keep)


def times(a: Value, b: Value, keep: int) -> Value:
    """The product."""
    left, right = a.all_parts, b.all_parts
    if (len(left) + len(a.rests)) * (len(right) + len(b.rests)) > MAX_PARTS:
        raise Undecided("too many exponentials")
    parts: dict[sp.Expr, list[Series]] = {}
    for e, p in left.items():
        for f, q in right.items():
            parts.setdefault(sp.expand(e + f), []).append(multiply(p, q, keep))
    rests = {sp.expand(e + f) for e in (*left, *a.rests) for f in b.rests}
    rests |= {sp.expand(e + f) for e in a.rests for f in right}
    return gathered(parts, rests, keep)


def leading_of(exponent: sp.Expr) -> sp.Expr:
    """The coefficient of the fastest growing term of an exponent in δ (a sum of powers of δ).

    Bounded oscillation, sin(v/δ), stays in the coefficient.
    """

    def power(term: sp.Expr) -> sp.Expr:
        return term.as_powers_dict().get(DELTA, sp.S.Zero)

    terms = sp.Add.make_args(sp.expand(exponent))
    least = min(power(term) for term in terms)
    return sp.Add(*(term / DELTA**least for term in terms if power(term) == least))
