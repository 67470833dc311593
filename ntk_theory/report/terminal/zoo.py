"""The zoo for a terminal: the list of problems, the card of one, and both as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from ntk_theory.report.terminal import screen
from ntk_theory.symbolic.grammar import render
from ntk_theory.symbolic.problem import Box, Group, Problem
from ntk_theory.visible import say


def record(problem: Problem) -> dict[str, object]:
    """The problem as JSON-like data."""
    return {
        "name": problem.name,
        "title": problem.title,
        "source": problem.source,
        "benchmark": problem.benchmark,
        "fields": list(problem.solved.fields),
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
        "domain": _ends(problem.domain),
        "parts": {name: _ends(box) for name, box in problem.parts.items()},
        "parameters": {k: str(v) for k, v in problem.parameters.items()},
        "solution": None
        if problem.solution is None
        else {f: render(e, problem.solved) for f, e in problem.solution.items()},
    }


def _ends(box: Box) -> dict[str, list[str]]:
    return {v: [str(a), str(b)] for v, (a, b) in box.items()}


def _kind(group: Group) -> str:
    if len(group.legs) > 1:
        return "periodic"
    return "interface" if len(group.parts) > 1 else str(group.kind)


def listing(problems: Sequence[Problem]) -> None:
    """Print a table with a line per problem."""
    table = Table()
    for column in ("name", "equation", "solution"):
        table.add_column(column)
    for p in problems:
        shown = "; ".join(f"{render(g.legs[0].expression, p.space)} = 0" for g in p.equations)
        known = "yes" if p.solution else "reference" if p.benchmark else ""
        table.add_row(Text(p.name, style="bold"), Text(shown), known)
    screen.console().print(table)


def card(problem: Problem) -> None:
    """Print one problem: source, equations, conditions, domain, solution."""
    described = record(problem)
    say(f"{problem.title}  ({problem.name})")
    say(f"  source: {problem.source}")
    for group in problem.equations:
        left = render(group.legs[0].expression, problem.space)
        say(f"  {group.name}: {left} = 0" + _after("for", _within(group.where)))
    for condition, group in zip(problem.conditions, described["conditions"], strict=True):  # type: ignore[call-overload]
        where = " or ".join(
            ", ".join(f"{v} = {value}" for v, value in face.items()) for face in condition.faces
        )
        target = f" = {group['target']}" if len(condition.legs) == 1 else " equal on both faces"
        say(
            f"  {condition.name} ({group['kind']}): {group['operator']}{target}"
            + _after("on", where)
            + _after("for", _within(condition.where))
        )
    if domain := _within(problem.domain):
        say(f"  domain: {domain}")
    if problem.solution:
        for field, expression in problem.solution.items():
            say(f"  solution: {field} = {render(expression, problem.solved)}")


def _within(box: Box) -> str:
    return ", ".join(f"{v} in [{a}, {b}]" for v, (a, b) in box.items())


def _after(word: str, text: str) -> str:
    return f"  {word} {text}" if text else ""
