"""Parts of a domain: where the equations of each hold, and where the points of a group lie.

A problem may have several equations, each on a box of its own, with outputs of its own: the field u of the
part ``upper`` is the field ``u@upper``. Fields of different parts are different outputs of the network, so
nothing of the theory changes: a condition that ties two parts at a common face is an operator of two fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import sympy as sp

from ntk_theory.errors import ProblemError
from ntk_theory.symbolic.jets import JetSpace, Slot, part_of

Interval = tuple[sp.Expr, sp.Expr]
Box = Mapping[str, Interval]
Face = Mapping[str, sp.Expr]


def with_values(expression: sp.Expr, values: Mapping[str, sp.Expr]) -> sp.Expr:
    """The expression with the values of named parameters put in."""
    return expression.xreplace(
        {s: sp.sympify(values[s.name]) for s in expression.free_symbols if s.name in values}
    )


def narrowed(box: Box, other: Box, values: Mapping[str, sp.Expr]) -> dict[str, Interval]:
    """The intersection; an end of ``other`` counts where two ends cannot be compared."""
    found = dict(box)
    for name, (low, high) in other.items():
        start, stop = found.get(name, (low, high))
        found[name] = (
            start if _less(low, start, values) else low,
            stop if _less(stop, high, values) else high,
        )
    return found


def _less(a: sp.Expr, b: sp.Expr, values: Mapping[str, sp.Expr]) -> bool:
    difference = with_values(b - a, values)
    return bool(difference.is_number and difference > 0)


def is_empty(box: Box, face: Face, values: Mapping[str, sp.Expr]) -> str | None:
    """A variable along which nothing is left: no length where it is free, or its face outside."""
    for name, (low, high) in box.items():
        if name in face:
            if _less(face[name], low, values) or _less(high, face[name], values):
                return name
        elif with_values(high - low, values).is_number and not _less(low, high, values):
            return name
    return None


def shown(box: Box) -> str:
    """The box in words."""
    return ", ".join(f"{name} in [{low}, {high}]" for name, (low, high) in box.items()) or "everywhere"


def names_of(slots: Iterable[Slot]) -> tuple[str, ...]:
    """The parts that the fields of some slots belong to, each once."""
    return tuple(dict.fromkeys(part for slot in slots if (part := part_of(slot.field))))


def boxes(equations: Sequence[tuple[str, Sequence[Slot], Box]], space: JetSpace) -> dict[str, Box]:
    """The box of every part, from the (name, slots, where) of the equations.

    Raises
    ------
    ProblemError
        An equation has fields of two parts or no place, two equations of a part differ in their place, or a
        field belongs to a part without an equation.
    """
    found: dict[str, Box] = {}
    for name, slots, where in equations:
        parts = names_of(slots)
        if where and not parts:
            raise ProblemError(
                f"group {name!r} is an equation with where, in fields of the whole domain; each part of a "
                f"domain has fields of its own, such as u@{name}"
            )
        if len(parts) > 1:
            raise ProblemError(
                f"group {name!r} is an equation with fields of the parts {' and '.join(parts)}; an equation "
                "holds in one part, a condition with two parts is an interface"
            )
        for part in parts:
            if not where:
                raise ProblemError(
                    f"group {name!r} is an equation of the part {part!r} without a place; it needs where, "
                    "an interval of at least one variable"
                )
            if found.setdefault(part, where) != where:
                raise ProblemError(
                    f"group {name!r}: where is {shown(where)}, another equation of the part {part!r} has "
                    f"{shown(found[part])}; a part has one place"
                )
    _check_fields(space, found)
    return found


def _check_fields(space: JetSpace, found: Mapping[str, Box]) -> None:
    for name in space.fields:
        if (part := part_of(name)) and part not in found:
            raise ProblemError(
                f"the field {name} belongs to the part {part!r}, which has no equation; "
                f"the parts are {', '.join(found) or 'none'}"
            )


def check_apart(found: Mapping[str, Box], domain: Box, values: Mapping[str, sp.Expr]) -> None:
    """Parts lie in the domain and share at most a face."""
    for part, box in found.items():
        for name, (low, high) in box.items():
            start, stop = domain.get(name, (low, high))
            if _less(low, start, values) or _less(stop, high, values):
                raise ProblemError(
                    f"the part {part!r} has {name} in [{low}, {high}], which leaves domain.{name} = "
                    f"[{start}, {stop}]; move an end"
                )
    for (one, box), (two, other) in combinations(found.items(), 2):
        if is_empty(narrowed(narrowed(domain, box, values), other, values), {}, values) is None:
            raise ProblemError(
                f"the parts {one!r} ({shown(box)}) and {two!r} ({shown(other)}) overlap; "
                "parts share at most a face, which is where an interface condition stands"
            )


def moved(expression: sp.Expr, old: JetSpace, new: JetSpace, names: Mapping[str, str]) -> sp.Expr:
    """The expression with every field renamed by ``names``, from one jet space into another."""
    return expression.xreplace(
        {
            old.symbol(slot): new.symbol(Slot(names.get(slot.field, slot.field), slot.index))
            for slot in old.slots_of(expression)
        }
    )
