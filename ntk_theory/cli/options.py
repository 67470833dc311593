"""Options that several commands share."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from ntk_theory.errors import InputError
from ntk_theory.symbolic import Problem, problem

What = Annotated[
    str,
    typer.Argument(metavar="PDE", help="An expression, a zoo name, or the path of a problem file (.toml)."),
]
OutputBias = Annotated[str, typer.Option("--output-bias", help="zero, normal or none.")]
Activation = Annotated[str, typer.Option("--activation", help="The network's activation.")]
Json = Annotated[bool, typer.Option("--json", help="Machine output alone on stdout.")]
ParameterValues = Annotated[
    list[str] | None,
    typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="An exact value; repeatable."),
]
Fields = Annotated[str | None, typer.Option("--fields", help="Field names, separated by commas.")]
Variables = Annotated[str | None, typer.Option("--variables", help="Variable names, separated by commas.")]


def resolve(what: str, parameters: list[str] | None, fields: str | None, variables: str | None) -> Problem:
    """The problem that the shared options describe."""
    return problem(
        what, fields=_names(fields), variables=_names(variables), parameters=_assignments(parameters) or None
    )


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _assignments(items: list[str] | None) -> dict[str, object]:
    values: dict[str, object] = {}
    for item in items or []:
        name, mark, value = item.partition("=")
        if not mark or not name.strip() or not value.strip():
            raise InputError(f"--parameter is {item!r}; it needs NAME=VALUE, such as nu=1/10")
        values[name.strip()] = value.strip()
    return values


def print_json(data: Any) -> None:
    """Write one JSON document to stdout."""
    json.dump(data, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
