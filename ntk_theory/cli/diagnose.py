"""``ntk-theory diagnose``: why a run stalls, from the network that ``train -o`` wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import ntk_theory as nt
from ntk_theory import advice, report
from ntk_theory.cli.files import console
from ntk_theory.cli.options import (
    Ansatz,
    Fields,
    Hard,
    Json,
    Measured,
    ParameterValues,
    Unknowns,
    Variables,
    What,
    print_json,
    resolve,
    weights_of,
    within,
)
from ntk_theory.errors import InputError

MOST_POINTS, MOST_SEED = 10**6, 2**63 - 1


def command(
    what: What,
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The network that train -o wrote (.npz).")],
    weights: Annotated[
        str,
        typer.Option("--weights", help="As in train: sum, mean, trace, or NAME=VALUE,… per group."),
    ] = "mean",
    points: Annotated[
        int | None,
        typer.Option("--points", help="Points per group; default: of train's own, about 300 in all."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Root of the points, as in train.")] = 0,
    as_json: Json = False,
    parameter: ParameterValues = None,
    fields: Fields = None,
    variables: Variables = None,
    ansatz: Ansatz = None,
    hard: Hard = False,
    unknown: Unknowns = None,
    data: Measured = None,
) -> None:
    """Why does a run stall? Spectrum of the trained network's kernel, rates by group, slowest modes.

    WHAT is the problem as it was given to train, RUN what its -o wrote.
    """
    problem = resolve(what, parameter, fields, variables, ansatz, hard, unknown, data)
    within("--seed", seed, 0, MOST_SEED)
    if points is not None:
        within("--points", points, 1, MOST_POINTS)
    if not run.is_file():
        raise InputError(f"RUN is {str(run)!r}, which is no file; name what train -o wrote")
    network, parameters = nt.load(run)
    found = advice.diagnosis.diagnose(
        problem, network, parameters, points, weights=weights_of(weights) or "mean", seed=seed
    )
    if as_json:
        print_json({"problem": problem.name or None, **found.to_dict()})
    else:
        report.terminal.diagnosis.show(problem, network, found, console())
