"""Coordinates that enter the first layer by cosines and sines, exactly (THEORY §3 "Symmetry") [D].

A periodic variable with period P and H harmonics adds a constant to |γ|² and |γ'|², and to γ·γ'

    q(θ) = Σ_k cos(kθ)/H,   θ = 2π(x − x')/P,

so that derivatives act on g(p, q, r) through exp(Q(q(θ + κ(h − h')) − q(θ))) alone, κ = 2π/P. Everything is
rational: a coordinate at a quarter of the period lies at a quarter of the circle, any other at a rational
point of the circle that belongs to the remainder, mirrored with it. (Relations between thirds of a period are
not seen: there a sum that vanishes may be called generic.)
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from ntk_theory.setting.features import Period, Periodic


@dataclass(frozen=True)
class Circle:
    """A place on the circle: cosine and sine of 2πx/P, κ = 2π/P, and the number of harmonics."""

    cosine: Fraction
    sine: Fraction
    rate: Fraction
    harmonics: int

    def dot(self, other: Circle) -> Fraction:
        """q(θ) between two places."""
        return self.slope(other, 0)

    def slope(self, other: Circle, order: int) -> Fraction:
        """The derivative of q(θ + κt) by t at t = 0."""
        total = Fraction(0)
        for k, (cosine, sine) in enumerate(self._multiples(other), start=1):
            value = (cosine, -sine, -cosine, sine)[order % 4]
            total += (k * self.rate) ** order * value
        return total / self.harmonics

    def _multiples(self, other: Circle) -> list[tuple[Fraction, Fraction]]:
        """(cos kθ, sin kθ) for k = 1..H."""
        c = self.cosine * other.cosine + self.sine * other.sine
        s = self.sine * other.cosine - self.cosine * other.sine
        found, at = [], (Fraction(1), Fraction(0))
        for _ in range(self.harmonics):
            at = (at[0] * c - at[1] * s, at[0] * s + at[1] * c)
            found.append(at)
        return found

    def derivatives(self, other: Circle, ours: int, theirs: int) -> dict[tuple[int, int, int], Fraction]:
        """∂_h^a ∂_h'^b of the exponential at h = h' = 0, a polynomial in Q (and P, R, which do not occur).

        D_{n+1} = Q Σ_m C(n, m) q^{(m+1)} D_{n−m} by t = h − h', with (−1)^b for h'.
        """
        order = ours + theirs
        slopes = [self.slope(other, m) for m in range(order + 1)]
        rows: list[dict[int, Fraction]] = [{0: Fraction(1)}]
        for n in range(order):
            row: dict[int, Fraction] = {}
            for m in range(n + 1):
                for power, coefficient in rows[n - m].items():
                    add = math.comb(n, m) * slopes[m + 1] * coefficient
                    row[power + 1] = row.get(power + 1, Fraction(0)) + add
            rows.append(row)
        sign = -1 if theirs % 2 else 1
        return {(0, power, 0): sign * value for power, value in rows[order].items() if value}


def circle(x: sp.Expr, column: Periodic, pi: sp.Rational) -> Circle:
    """Where a coordinate lies; ``pi`` is the rational number that stands for π in κ."""
    turn = turns(x, column.period)
    quarters = round(4 * turn) if turn.is_Rational else 0
    rest = turn - sp.Rational(quarters, 4)
    cosine, sine = _rational_place(rest)
    for _ in range(int(quarters) % 4):
        cosine, sine = -sine, cosine
    rate = 2 / sp.Rational(column.period.number) * (1 if column.period.times_pi else pi)
    return Circle(cosine, sine, Fraction(int(rate.p), int(rate.q)), column.harmonics)


def turns(x: sp.Expr, period: Period) -> sp.Expr:
    """x/P, exact."""
    return sp.cancel(x / sp.Rational(period.number) / (sp.pi if period.times_pi else 1))


def _rational_place(rest: sp.Expr) -> tuple[Fraction, Fraction]:
    """A rational point of the circle that belongs to an angle; that of −rest is its mirror image."""
    if rest == 0:
        return Fraction(1), Fraction(0)
    flipped = rest.could_extract_minus_sign()
    source = random.Random(str(-rest if flipped else rest))
    t = Fraction(source.randint(1_000, 3_000), 7_919) * (-1 if flipped else 1)
    return (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)


def same_place(
    first: Mapping[str, sp.Expr], second: Mapping[str, sp.Expr], periodic: Mapping[str, Periodic]
) -> bool:
    """Do two faces have the same γ at all free coordinates? Pinned values may differ by whole periods."""
    if set(first) != set(second):
        return False
    for name, value in first.items():
        gap = value - second[name]
        if name in periodic:
            gap = turns(gap, periodic[name].period)
            if not gap.is_Integer:
                return False
        elif gap != 0:
            return False
    return True


def periodic_columns(columns: Sequence[tuple[str, object]]) -> dict[str, Periodic]:
    """Variable → its entry, where that is periodic."""
    return {name: column for name, column in columns if isinstance(column, Periodic)}
