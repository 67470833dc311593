"""What a pair of rows contributes to a block: lines, their spread, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import sympy as sp

from ntk_theory.symbolic.asymptotics import Degree, Growth, Trouble
from ntk_theory.symbolic.places import End, Point
from ntk_theory.theory.exponents import Limit, Line, Obstacle, Terms

LIMITS = {
    Growth.UNDEFINED: Limit.UNDEFINED,
    Growth.UNDECIDED: Limit.UNDECIDED,
    Growth.EXPLOSIVE: Limit.DIVERGES,
}


@dataclass
class Collector:
    """Gathers lines, spread and obstacles; equal lines are merged.

    ``gain`` is the power of N in the rates of T, the offset of what is hidden.
    """

    point: Point
    gain: sp.Expr = sp.S.Zero
    lines: dict[tuple[object, ...], Line] = field(default_factory=dict)
    spread: dict[tuple[object, ...], Line] = field(default_factory=dict)
    obstacles: list[Obstacle] = field(default_factory=list)

    def line(self, line: Line) -> None:
        """Add a term."""
        key = (line.degree, line.offset, line.logs, line.value)
        known = self.lines.get(key)
        if known is not None and (known.is_random or known.is_random == line.is_random):
            return
        if known is not None and line.is_random is False:
            return
        self.lines[key] = line

    def spreads(self, degree: sp.Expr, offset: sp.Expr, label: str) -> None:
        """Add a term of the standard deviation."""
        self.spread.setdefault((degree, offset), Line(degree, offset, 0, True, label))

    def obstacle(self, degree: Degree | Trouble) -> None:
        """Note why there is no exponent."""
        self.obstacles.append(Obstacle(LIMITS[degree.growth], degree.reason))

    def terms(self, chance: sp.Rational | None) -> Terms:
        """What was gathered."""
        lines, spread = (largest_lines(own.values(), self.point.end) for own in (self.lines, self.spread))
        return Terms(lines, spread, tuple(self.obstacles), chance)


def largest_lines(lines: Iterable[Line], end: End) -> tuple[Line, ...]:
    """The lines that no other of the same offset exceeds on this side of s = 1/2."""
    largest = min if end is End.ZERO else max
    by_offset: dict[sp.Expr, list[Line]] = {}
    for line in lines:
        by_offset.setdefault(line.offset, []).append(line)
    best = {offset: largest(line.degree for line in own) for offset, own in by_offset.items()}
    return tuple(line for offset, own in by_offset.items() for line in own if line.degree == best[offset])


def joined(a: Point, b: Point) -> Point:
    """What is known of the symbols of both sides of a pair."""
    return replace(
        a,
        random=a.random | b.random,
        constants=a.constants | b.constants,
        shared=a.shared | b.shared,
        coordinates=a.coordinates | b.coordinates,
        intervals=tuple(dict.fromkeys((*a.intervals, *b.intervals))),
        signs=tuple(dict.fromkeys((*a.signs, *b.signs))),
        path=tuple(dict.fromkeys((*a.path, *b.path))),
    )
