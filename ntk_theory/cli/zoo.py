"""``ntk-theory zoo``: the named problems."""

from __future__ import annotations

from typing import Annotated

import typer

import ntk_theory as nt
from ntk_theory.cli.options import Json, print_json
from ntk_theory.errors import InputError
from ntk_theory.report import terminal
from ntk_theory.symbolic import zoo_text
from ntk_theory.visible import say


def command(
    name: Annotated[str | None, typer.Argument(help="A problem; without it, all are listed.")] = None,
    toml: Annotated[bool, typer.Option("--toml", help="Print the problem file, to start from.")] = False,
    benchmarks: Annotated[
        bool,
        typer.Option("--benchmarks", help="List the benchmark problems instead: data that others use, too."),
    ] = False,
    as_json: Json = False,
) -> None:
    """List the named problems, or show one."""
    if name is None:
        if toml:
            raise InputError("--toml needs the name of a problem, such as: ntk-theory zoo kdv --toml")
        every = [nt.zoo(each) for each in nt.zoo_names(benchmark=benchmarks)]
        if as_json:
            print_json([terminal.zoo.record(each) for each in every])
        else:
            terminal.zoo.listing(every)
            if not benchmarks:
                count = len(nt.zoo_names(benchmark=True))
                say(f"and {count} benchmark problems, with data that others use, too: --benchmarks")
    elif benchmarks:
        raise InputError(f"--benchmarks lists problems; leave out it or {name!r}")
    elif toml:
        say(zoo_text(name), end="")
    elif as_json:
        print_json(terminal.zoo.record(nt.zoo(name)))
    else:
        terminal.zoo.card(nt.zoo(name))
