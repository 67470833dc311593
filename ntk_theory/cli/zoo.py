"""``ntk-theory zoo``: the named problems."""

from __future__ import annotations

from typing import Annotated

import typer

from ntk_theory.cli.options import Json, print_json
from ntk_theory.errors import InputError
from ntk_theory.symbolic import Group, Problem, zoo, zoo_names, zoo_text
from ntk_theory.symbolic.grammar import render
from ntk_theory.symbolic.problem import Box


def command(
    name: Annotated[str | None, typer.Argument(help="A problem; without it, all are listed.")] = None,
    toml: Annotated[bool, typer.Option("--toml", help="Print the problem file, to start from.")] = False,
    as_json: Json = False,
) -> None:
    """List the named problems, or show one."""
    if name is None:
        if toml:
            raise InputError("--toml needs the name of a problem, such as: ntk-theory zoo kdv --toml")
        _listing(as_json)
    elif toml:
        print(zoo_text(name), end="")
    elif as_json:
        print_json(_described(zoo(name)))
    else:
        _card(zoo(name))


def _described(problem: Problem) -> dict[str, object]:
    return {
        "name": problem.name,
        "title": problem.title,
        "source": problem.source,
        "fields": list(problem.fields),
        "variables": list(problem.variables),
        "equations": [render(g.legs[0].expression, problem.space) for g in problem.equations],
        "conditions": [
            {
                "name": g.name,
                "kind": _kind(g),
                "operator": render(g.legs[0].expression, problem.space),
                "target": render(g.target, problem.space),
            }
            for g in problem.conditions
        ],
        "domain": _box(problem.domain),
        "parts": {name: _box(box) for name, box in problem.parts.items()},
        "parameters": {k: str(v) for k, v in problem.parameters.items()},
        "solution": None
        if problem.solution is None
        else {f: render(e, problem.space) for f, e in problem.solution.items()},
    }


def _box(box: Box) -> dict[str, list[str]]:
    return {v: [str(a), str(b)] for v, (a, b) in box.items()}


def _kind(group: Group) -> str:
    if len(group.legs) > 1:
        return "periodic"
    return "interface" if len(group.parts) > 1 else str(group.kind)


def _within(box: Box) -> str:
    return ", ".join(f"{v} in [{a}, {b}]" for v, (a, b) in box.items())


def _listing(as_json: bool) -> None:
    problems = [zoo(name) for name in zoo_names()]
    if as_json:
        print_json([_described(p) for p in problems])
        return
    from rich.console import Console  # noqa: PLC0415  --json does without
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table()
    for column in ("name", "equation", "solution"):
        table.add_column(column)
    for p in problems:
        shown = "; ".join(f"{render(g.legs[0].expression, p.space)} = 0" for g in p.equations)
        table.add_row(Text(p.name, style="bold"), Text(shown), "yes" if p.solution else "")
    Console(highlight=False).print(table)


def _card(problem: Problem) -> None:
    described = _described(problem)
    print(f"{problem.title}  ({problem.name})")
    print(f"  source: {problem.source}")
    for group in problem.equations:
        print(
            f"  {group.name}: {render(group.legs[0].expression, problem.space)} = 0"
            + _after("for", _within(group.where))
        )
    for condition, group in zip(problem.conditions, described["conditions"], strict=True):  # type: ignore[call-overload]
        where = " or ".join(
            ", ".join(f"{v} = {value}" for v, value in face.items()) for face in condition.faces
        )
        target = f" = {group['target']}" if len(condition.legs) == 1 else " equal on both faces"
        print(
            f"  {condition.name} ({group['kind']}): {group['operator']}{target}"
            + _after("on", where)
            + _after("for", _within(condition.where))
        )
    if domain := _within(problem.domain):
        print(f"  domain: {domain}")
    if problem.solution:
        for field, expression in problem.solution.items():
            print(f"  solution: {field} = {render(expression, problem.space)}")


def _after(word: str, text: str) -> str:
    return f"  {word} {text}" if text else ""
