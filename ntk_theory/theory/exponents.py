"""Powers of N: lines in s, their upper envelope, and the limit class it implies.

Each term of a kernel block has, in probability, the size N^{(1/2−s)e + h}·(log N)^b with a degree
e, an offset h (0, or −1/2 for a term that vanishes at infinite width and leaves its fluctuation)
and a log power b. The largest line decides the norm, the lines at exactly 0 decide the limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    """One term: N^{(1/2−s)·degree + offset}·(log N)^logs, its coefficient random or not.

    ``value`` tells which entry of T it belongs to and its leading coefficient: where signs that are
    random lead to different values, the limit is random although each of them is not.
    """

    degree: sp.Expr
    offset: sp.Expr = sp.S.Zero
    logs: int = 0
    is_random: bool | None = False
    label: str = ""
    value: object = None

    def at(self, s: sp.Expr) -> sp.Expr:
        """The exponent of N at a given s."""
        return (HALF - s) * self.degree + self.offset

    @property
    def expression(self) -> sp.Expr:
        """The exponent of N as an expression in s."""
        return sp.expand(self.at(S))


@dataclass(frozen=True)
class Obstacle:
    """Why no exponent can be given: undefined, undecided, or faster than any power (diverges).

    ``is_certain`` says whether it stands in the way with probability 1 (or in all of a part of the
    domain); if not, ``chance`` is its probability at one generic point, where that does not depend on
    the point.
    """

    limit: Limit
    reason: str
    is_certain: bool = True
    chance: sp.Rational | None = None


@dataclass(frozen=True)
class Terms:
    """The terms of a pair of rows in one branch of random signs: lines, those of the spread, obstacles.

    ``chance`` is the probability of the branch at one generic point (``None``: it depends on the point).
    """

    lines: tuple[Line, ...] = ()
    spread: tuple[Line, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    chance: sp.Rational | None = sp.S.One


@dataclass(frozen=True)
class Meeting:
    """Two rows of a block: their terms in every branch of random signs.

    ``own`` are the terms at one point, x = x', where both rows are the same: they say with which
    probability a limit is attained there.
    """

    branches: tuple[Terms, ...]
    own: tuple[Terms, ...] = ()


@dataclass(frozen=True)
class Regime:
    """The answer on an interval of s (or at one s).

    ``norm_exponent`` and ``spread_exponent`` are the exponents of N in the typical size and in the
    typical spread of ‖K‖ (in probability), expressions in s; ``None`` where undecided, faster than
    any power, or powers only up to logarithms (``remark`` says which). ``probability`` maps the limits
    that K attains with positive probability each, at one generic point, to those probabilities
    (``None``: the value depends on the point); empty where the limit is certain.
    """

    low: sp.Expr
    high: sp.Expr
    limit: Limit
    norm_exponent: sp.Expr | None
    spread_exponent: sp.Expr | None = None
    remark: str = ""
    probability: Mapping[Limit, sp.Rational | None] = field(default_factory=dict)

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


def regimes(meetings: Sequence[Meeting], low: sp.Expr, high: sp.Expr) -> tuple[Regime, ...]:
    """The regimes on the open interval (low, high), split where the limit class changes."""
    crossings = {
        HALF + line.offset / line.degree for line in _lines(meetings) if line.degree != 0 and line.offset != 0
    }
    cuts = [low, *sorted(c for c in crossings if low < c < high), high]
    found: list[Regime] = []
    for left, right in pairwise(cuts):
        if left != low:
            found.append(regime_at(meetings, left))
        found.append(_decide(meetings, _inside(left, right), left, right))
    return _merged(found)


def regime_at(meetings: Sequence[Meeting], s: sp.Expr) -> Regime:
    """The regime at one value of s."""
    return _decide(meetings, s, s, s)


def _lines(meetings: Sequence[Meeting]) -> list[Line]:
    return [line for m in meetings for terms in m.branches for line in terms.lines]


def _inside(low: sp.Expr, high: sp.Expr) -> sp.Expr:
    if low == high:
        return low
    return low + 1 if high is sp.oo else (low + high) / 2


#: The limits of a block from those of its parts: the first that occurs in any part decides.
_ORDER = (
    Limit.UNDEFINED,
    Limit.DIVERGES,
    Limit.UNDECIDED,
    Limit.RANDOM,
    Limit.DETERMINISTIC,
    Limit.ZERO,
)


def _decide(meetings: Sequence[Meeting], s: sp.Expr, low: sp.Expr, high: sp.Expr) -> Regime:
    outcomes = [outcome(m.branches, s) for m in meetings]
    present = {limit for chances in outcomes for limit in chances}
    limit = next((found for found in _ORDER if found in present), Limit.ZERO)
    every = [terms for m in meetings for terms in m.branches]
    obstacles = [o for terms in every for o in terms.obstacles]
    spread = _envelope([line for terms in every for line in terms.spread], low, high)
    probability: Mapping[Limit, sp.Rational | None] = {}
    if not any(set(chances) == {limit} for chances in outcomes):
        probability = _mixture(meetings, outcomes, s)
    if limit in (Limit.UNDEFINED, Limit.UNDECIDED) or obstacles:
        wanted = [o for o in obstacles if o.limit is limit] or obstacles
        reasons = list(dict.fromkeys(o.reason for o in wanted))
        if limit is Limit.UNDECIDED and not reasons:
            reasons = ["whether the limit is random"]
        if reasons:
            return Regime(low, high, limit, None, None, "; ".join(reasons), probability)
    lines = _lines(meetings)
    if not lines:
        return Regime(low, high, limit, None, spread, "smaller than any power of N", probability)
    top = _largest([line.at(s) for line in lines])
    logs = max(line.logs for line in lines if line.at(s) == top)
    exponent, remark = _envelope(lines, low, high), ""
    if logs:
        exponent, remark = None, "a power only up to logarithms of N"
    elif not probability and not _is_reached(meetings, low, high):
        remark = f"up to N^({exponent}), with positive probability less"
        exponent = None
    return Regime(low, high, limit, exponent, spread, remark, probability)


def _is_reached(meetings: Sequence[Meeting], low: sp.Expr, high: sp.Expr) -> bool:
    """Is the largest exponent reached with probability 1: in every branch of some pair of rows?"""
    if all(len(m.branches) == 1 for m in meetings):
        return True
    for s in {_inside(low, high), _inside(low, _inside(low, high)), _inside(_inside(low, high), high)}:
        tops = [[_top(terms.lines, s) for terms in m.branches] for m in meetings]
        if max(min(own) for own in tops) < max(max(own) for own in tops):
            return False
    return True


def _top(lines: Sequence[Line], s: sp.Expr) -> sp.Expr:
    return _largest([line.at(s) for line in lines]) if lines else -sp.oo


def outcome(branches: Sequence[Terms], s: sp.Expr) -> dict[Limit, sp.Rational | None]:
    """The limits of a pair of rows at s, each with its probability (``None``: positive, else unknown).

    Limits that are finite and differ between branches make one random limit.
    """
    chances: dict[Limit, sp.Rational | None] = {}
    values = set()
    for terms in branches:
        for limit, chance in _branch_outcome(terms, s).items():
            weight = None if chance is None or terms.chance is None else chance * terms.chance
            known = chances.get(limit, sp.S.Zero)
            chances[limit] = None if known is None or weight is None else known + weight
            if limit in (Limit.DETERMINISTIC, Limit.ZERO):
                values.add(_value_at(terms, s) if limit is Limit.DETERMINISTIC else None)
    finite = [limit for limit in (Limit.RANDOM, Limit.DETERMINISTIC, Limit.ZERO) if limit in chances]
    if len(finite) > 1 or len(values) > 1:
        weights = [chances.pop(limit) for limit in finite]
        chances[Limit.RANDOM] = None if None in weights else sp.Add(*weights)
    return chances


def _branch_outcome(terms: Terms, s: sp.Expr) -> dict[Limit, sp.Rational | None]:
    certain = {o.limit for o in terms.obstacles if o.is_certain}
    if Limit.UNDEFINED in certain:
        return {Limit.UNDEFINED: sp.S.One}
    rest = _limit(terms.lines, s)
    if Limit.DIVERGES in certain or rest is Limit.DIVERGES:
        return {Limit.DIVERGES: sp.S.One}
    if Limit.UNDECIDED in certain:
        rest = Limit.UNDECIDED
    chances = [o.chance for o in terms.obstacles if not o.is_certain]
    if not chances:
        return {rest: sp.S.One}
    chance = chances[0] if len(set(chances)) == 1 else None
    return {Limit.DIVERGES: chance, rest: None if chance is None else 1 - chance}


def _mixture(
    meetings: Sequence[Meeting], outcomes: Sequence[Mapping[Limit, object]], s: sp.Expr
) -> dict[Limit, sp.Rational | None]:
    """The probabilities at one generic point, of the one pair of rows that is a mixture, if it is one.

    A block does no less than the least that each of its pairs can do.
    """
    floor = min(max(map(_ORDER.index, chances)) for chances in outcomes)
    mixed = [m for m, chances in zip(meetings, outcomes, strict=True) if len(chances) > 1]
    if len(mixed) == 1:
        found = outcome(mixed[0].own or mixed[0].branches, s)
    else:
        found = dict.fromkeys((limit for chances in outcomes if len(chances) > 1 for limit in chances), None)
    if len(found) < 2:
        return {}
    raised: dict[Limit, sp.Rational | None] = {}
    for limit, chance in found.items():
        seen = _ORDER[min(_ORDER.index(limit), floor)]
        known = raised.get(seen, sp.S.Zero)
        raised[seen] = None if known is None or chance is None else known + chance
    return raised if len(raised) > 1 else {}


def _limit(lines: Sequence[Line], s: sp.Expr) -> Limit:
    if not lines:
        return Limit.ZERO
    top = _largest([line.at(s) for line in lines])
    leading = [line for line in lines if line.at(s) == top]
    logs = max(line.logs for line in leading)
    if top > 0 or (top == 0 and logs > 0):
        return Limit.DIVERGES
    if top < 0 or logs < 0:
        return Limit.ZERO
    flags = [line.is_random for line in leading if line.logs == logs]
    if True in flags:
        return Limit.RANDOM
    return Limit.UNDECIDED if None in flags else Limit.DETERMINISTIC


def _value_at(terms: Terms, s: sp.Expr) -> object:
    """What a deterministic limit is made of: the leading coefficients of the lines at exponent 0."""
    return frozenset(line.value for line in terms.lines if line.at(s) == 0 and not line.logs)


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
        answers = [(r.limit, r.norm_exponent, dict(r.probability)) for r in (before, after)]
        if answers[0] == answers[1] and point.limit is after.limit and point.probability == after.probability:
            result[-1] = replace(after, low=before.low)
        else:
            result += [point, after]
        k += 2
    return tuple(result)
