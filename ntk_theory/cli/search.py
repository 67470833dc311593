"""``ntk-theory search``: random operators on which the theory might be wrong, the smallest that is."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ntk_theory.cli.options import Json, OutputBias, print_json
from ntk_theory.progress import Bar, drawn

if TYPE_CHECKING:
    from rich.console import Console

    from ntk_theory.search.bench import Disagreement
    from ntk_theory.search.search import Hunt, Report

REFUTED, INTERRUPTED = 1, 130


def command(
    budget: Annotated[int, typer.Option("--budget", help="Random operators to try.")] = 100,
    seed: Annotated[int, typer.Option("--seed", help="Root of operators, points and draws.")] = 0,
    output_bias: OutputBias = "zero",
    no_networks: Annotated[
        bool, typer.Option("--no-networks", help="Ask the limit law only, not finite networks.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option("--seconds", help="Begin nothing new after so long.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if a disagreement is found.")] = False,
    as_json: Json = False,
) -> int:
    """Look for operators on which predicted and observed limits disagree, shrunk to the smallest.

    Random equations and systems of mixed degree, with fractional, bounded and singular terms: the ε-calculus
    predicts limit and exponent of every block, the limit law shows them. What differs is tried again on
    fresh draws and points, shrunk while it differs, and put to finite networks.
    """
    from ntk_theory.search.search import hunt  # noqa: PLC0415  --help stays quick

    with _progress(budget) as report:
        found = hunt(
            budget=budget,
            seed=seed,
            output_bias=output_bias,
            networks=not no_networks,
            seconds=seconds,
            report=report,
        )
    if as_json:
        print_json(found.to_dict())
    else:
        _show(found)
    if found.stopped == "interrupted":
        return INTERRUPTED
    return REFUTED if strict and found.result.disagreements else 0


@contextmanager
def _progress(budget: int) -> Iterator[Report | None]:
    """A bar on a terminal's standard error, nothing elsewhere."""
    bar = Bar(budget)
    if not bar.show or budget < 1:
        yield None
        return
    with drawn(bar):
        yield lambda tried, found: bar.update(tried, f"{tried}/{budget} operators, {found} disagree")


def _show(found: Hunt) -> None:
    from rich.console import Console  # noqa: PLC0415  --json does without
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=True)
    result = found.result
    if found.stopped:
        why = {"time": "the time is up", "interrupted": "interrupted"}[found.stopped]
        line = f"stopped after {result.tried} of {found.budget} operators: {why}"
        console.print(Text(line, style="yellow"))
    console.print(
        f"{result.tried} random operators (output bias {found.output_bias}, seed {found.seed}): "
        f"{result.agreed} of {result.compared} limits are as predicted"
    )
    left = [f"{result.undecided} limits without a prediction"] if result.undecided else []
    left += [f"{result.skipped} operators without a limit law"] if result.skipped else []
    if left:
        console.print(Text(f"left out: {', '.join(left)}", style="dim"))
    if not result.disagreements and result.compared:
        console.print(Text("✓ no disagreement found", style="green"))
    for d in result.disagreements:
        _disagreement(d, found, console)


def _disagreement(d: Disagreement, found: Hunt, console: Console) -> None:
    from rich.text import Text  # noqa: PLC0415  --json does without

    console.print()
    console.print(Text(f"✗ {d.text} = 0", style="bold red"))
    console.print(f"  K_{d.block} at s = {d.s}: predicted {d.predicted}, observed {d.observed}")
    reason = d.reason.removesuffix(", which the networks follow")  # they are asked on the next line
    console.print(Text(f"  the law:   {reason}", style="dim"))
    if d.networks:
        console.print(Text(f"  networks:  {d.networks}", style="dim"))
    options = f"--variables x,t --output-bias {found.output_bias} --s {d.s}"
    console.print(f"  reproduce: ntk-theory classify {shlex.quote(d.text)} {options} --why")
    console.print(f"             ntk-theory verify {shlex.quote(d.text)} {options}")
