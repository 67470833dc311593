"""``ntk-theory audit``: the kernel of a network in a file, and the mistake in somebody else's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

import ntk_theory as nt
from ntk_theory import exchange
from ntk_theory.cli.files import console
from ntk_theory.cli.network_table import read_network
from ntk_theory.cli.options import (
    Activation,
    Ansatz,
    Fields,
    Hard,
    Json,
    ParameterValues,
    Variables,
    What,
    print_json,
    resolve,
    within,
)
from ntk_theory.errors import InputError
from ntk_theory.report import terminal

DIFFERENT = 1
MOST_POINTS, MOST_SEED = 10**5, 2**63 - 1


def command(
    context: typer.Context,
    what: What,
    network: Annotated[
        Path,
        typer.Argument(metavar="NETWORK", help="Of nt.save or train -o (.npz); weights: .npz, .safetensors."),
    ],
    kernel: Annotated[
        Path | None,
        typer.Option(
            "--kernel",
            metavar="FILE",
            help="Theirs (.npz): of kernel -o, or arrays matrix, or 'f,f', 'b,f'; default none.",
        ),
    ] = None,
    at: Annotated[
        Path | None,
        typer.Option("--at", metavar="FILE", help="Points (.npz): an array per group; default: drawn."),
    ] = None,
    earlier: Annotated[
        Path | None,
        typer.Option(
            "--earlier",
            metavar="FILE",
            help="Points (.npz) that their code may have used instead; default none.",
        ),
    ] = None,
    points: Annotated[int, typer.Option("--points", help="Points per group that are drawn.")] = 12,
    seed: Annotated[int, typer.Option("--seed", help="Root of the points.")] = 0,
    rtol: Annotated[
        float, typer.Option("--rtol", help="Relative difference up to which kernels agree.")
    ] = 1e-8,
    activation: Activation = "tanh",
    as_json: Json = False,
    parameter: ParameterValues = None,
    fields: Fields = None,
    variables: Variables = None,
    ansatz: Ansatz = None,
    hard: Hard = False,
) -> int:
    """Is a kernel of this network right? Its own kernel, what follows, and the mistake in another one.

    Exit code 1 where the kernels differ.
    """
    problem = resolve(what, parameter, fields, variables, ansatz, hard)
    within("--points", points, 1, MOST_POINTS)
    within("--seed", seed, 0, MOST_SEED)
    if not 0 < rtol < 1:
        raise InputError(f"--rtol is {rtol}; it needs a number between 0 and 1, such as 1e-8")
    model = read_network(context, problem, network, activation)
    given = points if at is None else _arrays("--at", at)
    theirs = None if kernel is None else _theirs(_arrays("--kernel", kernel))
    if at is None:
        given = nt.draw_points(problem, points, seed)
    before = None if earlier is None else _arrays("--earlier", earlier)
    found = nt.audit(model, problem, given, theirs, rtol=rtol, seed=seed, earlier=before)
    if as_json:
        print_json({"problem": problem.name or None, **found.to_dict()})
    else:
        terminal.audit.show(problem, found, console())
    return 0 if found.comparison is None or found.comparison.agrees else DIFFERENT


def _arrays(option: str, path: Path) -> dict[str, Any]:
    """The arrays of a file, read within bounds."""
    if not path.is_file():
        raise InputError(f"{option} is {str(path)!r}, which cannot be read: there is no such file")
    return exchange.weight_files.read_weights(path)


def _theirs(arrays: dict[str, Any]) -> Any:
    if "matrix" in arrays:
        return arrays["matrix"]
    numbers = {name: array for name, array in arrays.items() if array.dtype.kind in "fiu"}
    return {name: array if array.ndim else float(array) for name, array in numbers.items()}
