"""Conditions that contradict each other where their faces meet.

Two conditions u = g_1 on a face and u = g_2 on another hold both where the faces meet, with the coordinates
of either held fixed. No continuous u meets both where g_1 ≠ g_2 there. The targets are compared exactly, and
by their values at points of a common edge where free coordinates are left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import sympy as sp

from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.problem import Face, Group, GroupKind, Problem
from ntk_theory.symbolic.zero import is_zero

#: Where a common edge is looked at: these shares of every free interval.
SHARES = (sp.Rational(1, 2), sp.Rational(1, 7), sp.Rational(6, 7))
#: Values that differ by less, relatively, are written in too few digits rather than different.
DIGITS = 1e-6


@dataclass(frozen=True)
class Contradiction:
    """Two conditions of one field, and a place where they ask for different values."""

    first: str
    second: str
    field: str
    place: dict[str, float]
    values: tuple[float, float]

    def __str__(self) -> str:
        at = ", ".join(f"{name} = {value:g}" for name, value in self.place.items())
        one, other = self.values
        return f"{self.first!r} asks for {self.field} = {one:.6g} at {at}, {self.second!r} for {other:.6g}"


def contradictions(problem: Problem) -> tuple[Contradiction, ...]:
    """The pairs of conditions that contradict each other, each with one place."""
    stated = problem if problem.construction is None else problem.construction.stated
    values = [g for g in stated.conditions if g.kind is GroupKind.VALUE and g.data is None and g.faces]
    pairs = ((a, b) for a, b in combinations(values, 2) if a.legs[0].expression == b.legs[0].expression)
    found = (next(_places(stated, a, b), None) for a, b in pairs)
    return tuple(one for one in found if one is not None)


def _places(problem: Problem, first: Group, second: Group) -> Iterator[Contradiction]:
    # A target with an unknown has no value yet: training may make the two agree.
    known = {name: value for name, value in problem.parameters.items() if name not in problem.unknowns}
    targets = [bind(sp.S(group.target), known) for group in (first, second)]
    for one, other in product(first.faces, second.faces):
        common = _common(problem, one, other)
        if common is None:
            continue
        symbols = {problem.space.variable(name): value for name, value in common.items()}
        at_face = [target.xreplace(symbols) for target in targets]
        if is_zero(at_face[0] - at_face[1]):
            continue
        for place in _points(problem, first, second, common):
            numbers = [_value(problem, target, place) for target in at_face]
            if None not in numbers and _differ(*numbers):  # type: ignore[arg-type]  # None is ruled out
                (slot,) = first.legs[0].slots
                where = {name: float(value) for name, value in place.items()}
                yield Contradiction(first.name, second.name, slot.field, where, tuple(numbers))  # type: ignore[arg-type]
                break


def _common(problem: Problem, one: Face, other: Face) -> Face | None:
    """The coordinates that both faces hold where they meet; ``None`` where they do not."""
    fixed = {name: bind(sp.S(value), problem.parameters) for name, value in one.items()}
    for name, value in other.items():
        bound = bind(sp.S(value), problem.parameters)
        if name in fixed and not is_zero(fixed[name] - bound):
            return None
        fixed[name] = bound
    return fixed


def _points(problem: Problem, first: Group, second: Group, common: Face) -> Iterator[Face]:
    """Points of the common edge that lie in the places of both groups; the corner itself, if it is one."""
    boxes = [problem.place(group) for group in (first, second)]
    for share in SHARES:
        place: dict[str, sp.Expr] = {}
        for name in problem.variables:
            ends = [
                [bind(sp.S(end), problem.parameters) for end in box[name]] for box in boxes if name in box
            ]
            low = max((a for a, _ in ends), key=float, default=-sp.oo)
            high = min((b for _, b in ends), key=float, default=sp.oo)
            at = common.get(name, low + share * (high - low))
            if not (at.is_finite and float(low) <= float(at) <= float(high)):
                return
            place[name] = at
        yield place
        if len(common) == len(problem.variables):
            return


def _value(problem: Problem, target: sp.Expr, place: Face) -> float | None:
    """A target at a point; ``None`` where it has none."""
    try:
        found = target.xreplace({problem.space.variable(name): v for name, v in place.items()}).evalf()
        return float(found)
    except (TypeError, ValueError, OverflowError):
        return None


def _differ(one: float, other: float) -> bool:
    return abs(one - other) > DIGITS * max(abs(one), abs(other))
