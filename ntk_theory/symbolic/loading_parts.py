"""Reading problems in parts: tables of equations, their outputs, the part that a condition lies in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from ntk_theory.errors import ProblemError
from ntk_theory.symbolic import soundness
from ntk_theory.symbolic.jets import JetSpace, base_of, part_of
from ntk_theory.symbolic.parts import Box, Face, is_empty, narrowed, shown


@dataclass(frozen=True)
class EquationEntry:
    """One table of ``[[equations]]``: its name, and its part and (unread) place, empty where it has none."""

    name: str
    part: str
    where: Mapping[str, Any]


def named_equations(tables: Sequence[Mapping[str, Any]]) -> tuple[EquationEntry, ...]:
    """The entries, all of them in parts or none."""
    entries = tuple(_entry(table, number) for number, table in enumerate(tables, 1))
    placed = [entry for entry in entries if entry.where]
    if placed and len(placed) < len(entries):
        other = next(entry for entry in entries if not entry.where)
        raise ProblemError(
            f"equation {placed[0].name} has where and equation {other.name} has none; "
            "the equations of a problem in parts all need one"
        )
    return entries


def _entry(table: Mapping[str, Any], number: int) -> EquationEntry:
    name = table.get("name")
    if not isinstance(name, str) or not soundness.GROUP_NAME.match(name) or name == "b":
        raise ProblemError(
            f"equation {number}: the name {name!r} will not do; it needs a lower-case letter, then letters, "
            "digits, underscores, and not b, which is the union of the value groups"
        )
    where = table.get("where", {})
    if not isinstance(where, dict):
        raise ProblemError(f"equation {name}: where must be a table such as {{ y = [0, 1] }}")
    part = table.get("part", name if where else "")
    if not isinstance(part, str) or not soundness.GROUP_NAME.match(part or "x") or (part and not where):
        raise ProblemError(
            f"equation {name}: the part {part!r} will not do; it needs a name like an equation's, "
            "and where, the place of the part"
        )
    return EquationEntry(name, part, where)


def parts_space(
    space: JetSpace, expressions: Sequence[sp.Expr], entries: Sequence[EquationEntry]
) -> JetSpace:
    """The outputs: a field of the whole domain as it is, else one for each part whose equations hold it."""
    used = {
        (slot.field, entry.part)
        for entry, expression in zip(entries, expressions, strict=True)
        for slot in space.slots_of(expression)
    }
    for name in space.fields:
        if part_of(name):
            raise ProblemError(
                f"the equations name {name}; an equation's own part is understood, write {base_of(name)}"
            )
    parts = dict.fromkeys(entry.part for entry in entries)
    fields = [f"{f}@{p}" if p else f for f in space.fields for p in parts if (f, p) in used]
    return JetSpace(tuple(fields or space.fields), space.variables)


def for_every_part(solution: Mapping[str, sp.Expr], space: JetSpace) -> dict[str, sp.Expr]:
    """A solution of a bare field holds in every part that has no solution of its own."""
    found = dict(solution)
    for name in space.fields:
        if name not in found and base_of(name) in solution:
            found[name] = solution[base_of(name)]
    return {name: e for name, e in found.items() if name in space.fields or _is_strange(name, space)}


def _is_strange(name: str, space: JetSpace) -> bool:
    return name not in {base_of(field) for field in space.fields}


def in_its_part(
    name: str,
    bare: Sequence[str],
    boxes: Mapping[str, Box],
    faces: Sequence[Face],
    where: Box,
    values: Mapping[str, sp.Expr],
    space: JetSpace,
) -> dict[str, str]:
    """Bare field → the field of the one part in which the condition lies."""
    if not bare:
        return {}
    inside = [part for part, box in boxes.items() if _holds(box, faces, where, values)]
    if len(inside) != 1:
        example = " or ".join(f"{bare[0]}@{part}" for part in boxes)
        lies = "in no part" if not inside else f"in the parts {' and '.join(inside)}"
        raise ProblemError(
            f"condition {name}: {bare[0]} is a field of each part, and the condition lies {lies} "
            f"({'; '.join(f'{part}: {shown(box)}' for part, box in boxes.items())}); "
            f"write {example}, or narrow it with where"
        )
    names = {field: f"{field}@{inside[0]}" for field in bare}
    for field, own in names.items():
        if own not in space.fields:
            raise ProblemError(f"condition {name}: the part {inside[0]!r} has no field {field}")
    return names


def _holds(box: Box, faces: Sequence[Face], where: Box, values: Mapping[str, sp.Expr]) -> bool:
    """Does the part's box meet every face, within ``where``?"""
    left = narrowed(box, where, values)
    return all(is_empty(left, face, values) is None for face in faces or ({},))
