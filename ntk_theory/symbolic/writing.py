"""Problems as TOML text, which :mod:`ntk_theory.symbolic.loading` reads back to the same problem."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from ntk_theory.errors import ProblemError
from ntk_theory.symbolic.grammar import render
from ntk_theory.symbolic.jets import JetSpace, base_of
from ntk_theory.symbolic.loading_data import data_lines
from ntk_theory.symbolic.loading_unknown_fields import without_unknown_fields
from ntk_theory.symbolic.network_table import toml_lines
from ntk_theory.symbolic.parts import Box, moved
from ntk_theory.symbolic.problem import Group, Problem
from ntk_theory.symbolic.unknown_field import UnknownField


def to_toml(problem: Problem) -> str:
    """Write a problem as TOML that :func:`from_toml` reads back to the same problem."""
    if problem.construction is not None:
        lines = [f"{_key(f)} = {_quoted(e)}" for f, e in problem.construction.ansatz.texts().items()]
        return to_toml(problem.construction.stated) + "\n".join(["\n[ansatz]", *lines]) + "\n"
    fields = [f"{name} = {_inline(found)}" for name, found in problem.unknown_fields.items()]
    problem = without_unknown_fields(problem) if fields else problem
    names = {s.name for g in problem.groups for leg in g.legs for s in leg.parameters}
    free = sorted(names - set(problem.unknowns))
    if free:
        raise ProblemError(
            f"the parameter {free[0]} has no value, so the problem cannot be written; give it one"
        )
    blocks = [_head(problem)]
    if problem.unknowns or fields:
        lines = [
            f'{name} = {{ start = "{u.start}", positive = {str(u.positive).lower()} }}'
            for name, u in problem.unknowns.items()
        ]
        blocks.append(["[unknowns]", *lines, *fields])
    if problem.network:
        blocks.append(toml_lines(problem.network))
    if problem.domain:
        blocks.append(["[domain]", *(f"{v} = {_ends(ends)}" for v, ends in problem.domain.items())])
    if problem.solution:
        lines = [f"{_key(f)} = {_quoted(render(e, problem.space))}" for f, e in problem.solution.items()]
        blocks.append(["[solution]", *lines])
    if _in_tables(problem):
        blocks += [_equation(group, problem.space) for group in problem.equations]
    stated = [group for group in problem.conditions if group.data is None]
    blocks += [_condition(group, problem.space) for group in stated]
    blocks += [data_lines(group) for group in problem.conditions if group.data is not None]
    return "\n\n".join("\n".join(lines) for lines in blocks) + "\n"


def _inline(found: UnknownField) -> str:
    of = ", ".join(map(_quoted, found.of))
    rest = f'start = "{found.start}", width = {found.width}, positive = {str(found.positive).lower()}'
    return f"{{ of = [{of}], {rest}, seed = {found.seed} }}"


def _head(problem: Problem) -> list[str]:
    texts = (("title", problem.title), ("source", problem.source))
    lines = [f"{key} = {_quoted(value)}" for key, value in texts if value]
    lines += ["benchmark = true"] if problem.benchmark else []
    fields = dict.fromkeys(map(base_of, problem.fields))
    lines.append(f"fields = [{', '.join(map(_quoted, fields))}]")
    lines.append(f"variables = [{', '.join(map(_quoted, problem.variables))}]")
    if not _in_tables(problem):
        lines.append("equations = [")
        lines += [f"    {_quoted(_whole(g, problem.space))}," for g in problem.equations]
        lines.append("]")
    return lines


def _in_tables(problem: Problem) -> bool:
    """Must the equations be tables: have they names or places of their own?"""
    count = len(problem.equations)
    numbered = ["f"] if count == 1 else [f"f{k}" for k in range(1, count + 1)]
    return [g.name for g in problem.equations] != numbered or any(g.where for g in problem.equations)


def _whole(group: Group, space: JetSpace) -> str:
    return f"{render(group.legs[0].expression, space)} = {render(group.target, space)}"


def _equation(group: Group, space: JetSpace) -> list[str]:
    plain = JetSpace(tuple(dict.fromkeys(map(base_of, space.fields))), space.variables)
    names = {name: base_of(name) for name in space.fields}
    expression = moved(group.legs[0].expression, space, plain, names)
    text = f"{render(expression, plain)} = {render(group.target, plain)}"
    lines = ["[[equations]]", f"name = {_quoted(group.name)}", f"equation = {_quoted(text)}"]
    lines += [f"part = {_quoted(part)}" for part in group.parts if part != group.name]
    return lines + _where(group.where)


def _condition(group: Group, space: JetSpace) -> list[str]:
    lines = ["[[conditions]]", f"name = {_quoted(group.name)}"]
    lines.append(f"equation = {_quoted(render(group.legs[0].expression, space))}")
    if group.target != 0:
        lines.append(f"target = {_quoted(render(group.target, space))}")
    if group.faces:
        faces = ", ".join(_face(face) for face in group.faces)
        place = "interface" if len(group.parts) > 1 else "on"
        lines.append(f"{'periodic' if len(group.legs) > 1 else place} = [{faces}]")
    return lines + _where(group.where)


def _where(where: Box) -> list[str]:
    inside = ", ".join(f"{v} = {_ends(ends)}" for v, ends in where.items())
    return [f"where = {{ {inside} }}"] if where else []


def _face(face: Mapping[str, sp.Expr]) -> str:
    return "{ " + ", ".join(f"{v} = {_quoted(render(value))}" for v, value in face.items()) + " }"


def _ends(ends: tuple[sp.Expr, sp.Expr]) -> str:
    return f"[{', '.join(_quoted(render(end)) for end in ends)}]"


def _key(name: str) -> str:
    return name if name.isalnum() else _quoted(name)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(ch if ch.isprintable() else " " for ch in escaped) + '"'
