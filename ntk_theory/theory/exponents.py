"""Powers of N: lines in s, their upper envelope, and the limit class it implies.

Each term of a kernel block has, in probability, the size N^{(1/2−s)e + h}·(log N)^b with a degree
e, an offset h (0, or −1/2 for a term that vanishes at infinite width and leaves its fluctuation)
and a log power b. The largest line decides the norm, the lines at exactly 0 decide the limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import combinations, pairwise

import sympy as sp

#: The output-scaling exponent in 1/N^s.
S = sp.Symbol("s", real=True)
HALF = sp.Rational(1, 2)


class Limit(StrEnum):
    """What a kernel block does as N → ∞."""

    ZERO = "zero"
    DETERMINISTIC = "deterministic"
    RANDOM = "random"
    DIVERGES = "diverges"
    UNDECIDED = "undecided"
    UNDEFINED = "undefined"

    @property
    def converges(self) -> bool:
        """Does the block converge in probability to a deterministic limit (0 counts)?"""
        return self in (Limit.ZERO, Limit.DETERMINISTIC)


@dataclass(frozen=True)
class Line:
    """One term: N^{(1/2−s)·degree + offset}·(log N)^logs, its coefficient random or not."""

    degree: sp.Expr
    offset: sp.Expr = sp.S.Zero
    logs: int = 0
    is_random: bool | None = False
    label: str = ""

    def at(self, s: sp.Expr) -> sp.Expr:
        """The exponent of N at a given s."""
        return (HALF - s) * self.degree + self.offset

    @property
    def expression(self) -> sp.Expr:
        """The exponent of N as an expression in s."""
        return sp.expand(self.at(S))


@dataclass(frozen=True)
class Obstacle:
    """Why no exponent can be given: undefined, undecided, or faster than any power (diverges)."""

    limit: Limit
    reason: str


@dataclass(frozen=True)
class Terms:
    """All terms of a block on one side of s = 1/2, the lines of its spread, and what stands in the way."""

    lines: tuple[Line, ...] = ()
    spread: tuple[Line, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()

    @staticmethod
    def union(parts: Iterable[Terms]) -> Terms:
        """The terms of several blocks stacked into one."""
        parts = tuple(parts)
        return Terms(
            tuple(line for p in parts for line in p.lines),
            tuple(line for p in parts for line in p.spread),
            tuple(o for p in parts for o in p.obstacles),
        )


@dataclass(frozen=True)
class Regime:
    """The answer on an interval of s (or at one s).

    ``norm_exponent`` and ``spread_exponent`` are the exponents of N in the typical size and in the
    typical spread of ‖K‖ (in probability), expressions in s; ``None`` where undecided, faster than
    any power, or powers only up to logarithms (``remark`` says which).
    """

    low: sp.Expr
    high: sp.Expr
    limit: Limit
    norm_exponent: sp.Expr | None
    spread_exponent: sp.Expr | None = None
    remark: str = ""

    @property
    def is_point(self) -> bool:
        """Is this a single value of s?"""
        return bool(self.low == self.high)

    def contains(self, s: sp.Expr) -> bool:
        """Does the interval (open at its ends unless it is a point) contain s?"""
        return bool(s == self.low) if self.is_point else bool(self.low < s < self.high)

    @property
    def where(self) -> str:
        """The interval in words, such as ``1/4 < s < 1/2``."""
        if self.is_point:
            return f"s = {self.low}"
        if self.high is sp.oo:
            return f"s > {self.low}"
        return f"s < {self.high}" if self.low == 0 else f"{self.low} < s < {self.high}"

    def norm_exponent_at(self, s: Fraction | sp.Rational) -> sp.Rational | None:
        """The exponent of N in the typical ‖K‖ at one s; ``None`` where there is none."""
        return _value(self.norm_exponent, s)

    def spread_exponent_at(self, s: Fraction | sp.Rational) -> sp.Rational | None:
        """The exponent of N in the typical spread of ‖K‖ at one s; ``None`` where there is none."""
        return _value(self.spread_exponent, s)


def _value(exponent: sp.Expr | None, s: Fraction | sp.Rational) -> sp.Rational | None:
    """An expression whose only symbol is s, at a number."""
    if exponent is None:
        return None
    return sp.Rational(exponent.xreplace(dict.fromkeys(exponent.free_symbols, sp.Rational(s))))


def regimes(terms: Terms, low: sp.Expr, high: sp.Expr) -> tuple[Regime, ...]:
    """The regimes on the open interval (low, high), split where the limit class changes."""
    crossings = {
        HALF + line.offset / line.degree for line in terms.lines if line.degree != 0 and line.offset != 0
    }
    cuts = [low, *sorted(c for c in crossings if low < c < high), high]
    found: list[Regime] = []
    for left, right in pairwise(cuts):
        if left != low:
            found.append(regime_at(terms, left))
        found.append(_regime_on(terms, left, right))
    return _merged(found)


def regime_at(terms: Terms, s: sp.Expr) -> Regime:
    """The regime at one value of s."""
    return _decide(terms, s, s, s)


def _regime_on(terms: Terms, low: sp.Expr, high: sp.Expr) -> Regime:
    return _decide(terms, _inside(low, high), low, high)


def _inside(low: sp.Expr, high: sp.Expr) -> sp.Expr:
    return low + 1 if high is sp.oo else (low + high) / 2


def _decide(terms: Terms, s: sp.Expr, low: sp.Expr, high: sp.Expr) -> Regime:
    for limit in (Limit.UNDEFINED, Limit.UNDECIDED, Limit.DIVERGES):
        reasons = list(dict.fromkeys(o.reason for o in terms.obstacles if o.limit is limit))
        if reasons:
            return Regime(low, high, limit, None, None, "; ".join(reasons))
    spread = _envelope(terms.spread, low, high)
    if not terms.lines:
        return Regime(low, high, Limit.ZERO, None, spread, "smaller than any power of N")
    top = _largest([line.at(s) for line in terms.lines])
    leading = [line for line in terms.lines if line.at(s) == top]
    logs = max(line.logs for line in leading)
    leading = [line for line in leading if line.logs == logs]
    exponent = _envelope(terms.lines, low, high)
    remark = ""
    if logs:
        exponent, remark = None, "a power only up to logarithms of N"
    return Regime(low, high, _limit(top, logs, leading), exponent, spread, remark)


def _limit(top: sp.Expr, logs: int, leading: Sequence[Line]) -> Limit:
    if top > 0 or (top == 0 and logs > 0):
        return Limit.DIVERGES
    if top < 0 or logs < 0:
        return Limit.ZERO
    if any(line.is_random for line in leading):
        return Limit.RANDOM
    if any(line.is_random is None for line in leading):
        return Limit.UNDECIDED
    return Limit.DETERMINISTIC


def _largest(values: Sequence[sp.Expr]) -> sp.Expr:
    top = values[0]
    for value in values[1:]:
        top = max(top, value)
    return top


def _envelope(lines: Sequence[Line], low: sp.Expr, high: sp.Expr) -> sp.Expr | None:
    """The maximum of the lines on an interval, without the lines that never reach it."""
    if not lines:
        return None
    if low == high:
        return _largest([line.at(low) for line in lines])
    distinct = list({(line.degree, line.offset): line for line in lines}.values())
    probes = {_inside(low, high), low, low + 1000 if high is sp.oo else high}
    for a, b in combinations(distinct, 2):
        if a.degree != b.degree:
            meet = HALF + (a.offset - b.offset) / (a.degree - b.degree)
            if low < meet < high:
                probes |= {(low + meet) / 2, _inside(meet, high)}
    ordered = sorted(probes)
    middles = {(a + b) / 2 for a, b in pairwise(ordered)}  # endpoints alone could be mere ties
    kept = set()
    for s in middles:
        top = _largest([line.at(s) for line in distinct])
        kept |= {line.expression for line in distinct if line.at(s) == top}
    return sp.Max(*kept)


def _merged(found: list[Regime]) -> tuple[Regime, ...]:
    """Join neighbours around a cut at which nothing changes."""
    result = found[:1]
    k = 1
    while k + 1 < len(found):
        point, after = found[k], found[k + 1]
        before = result[-1]
        if before.limit is point.limit is after.limit and before.norm_exponent == after.norm_exponent:
            result[-1] = Regime(
                before.low, after.high, after.limit, after.norm_exponent, after.spread_exponent, after.remark
            )
        else:
            result += [point, after]
        k += 2
    return tuple(result)
