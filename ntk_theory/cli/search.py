"""``ntk-theory search``: random operators on which the theory might be wrong, the smallest that is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ntk_theory.cli.options import Json, OutputBias, print_json
from ntk_theory.progress import Bar, drawn
from ntk_theory.report import terminal

if TYPE_CHECKING:
    from ntk_theory.search.search import Report

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
    # The room cannot be reached as an attribute: that name is the public function.
    from ntk_theory.search.search import hunt  # noqa: PLC0415  see above

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
        terminal.search.show(found)
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
