"""``ntk-theory audit``: the kernel of a network in a file, and the mistake in somebody else's."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.text import Text

import ntk_theory as nt
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
from ntk_theory.files import plain_arrays
from ntk_theory.inputs import reading
from ntk_theory.report import terminal, words

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
            "--kernel", metavar="FILE", help="Theirs (.npz): of kernel -o, or arrays matrix, or 'f,f', 'b,f'."
        ),
    ] = None,
    at: Annotated[
        Path | None,
        typer.Option("--at", metavar="FILE", help="Points (.npz): an array per group; default: drawn."),
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
    found = nt.audit(model, problem, given, theirs, rtol=rtol, seed=seed)
    if as_json:
        print_json({"problem": problem.name or None, **found.to_dict()})
    else:
        heading = words.problem_title(problem), words.network_words(model.network)
        terminal.kernel.show(found.kernel, heading, console())
        for line in (found.law[1], *model.notes):
            console().print(Text(line, "dim"))
        for other in () if found.comparison is None else _lines(found.comparison):
            console().print(Text(other, "bold"))
    return 0 if found.comparison is None or found.comparison.agrees else DIFFERENT


def _lines(comparison: Any) -> list[str]:
    more = [
        "or: " + " and ".join(f"{f.code} ({f.where}): {f.words}" for f in one.findings)
        for one in comparison.explanations[1:]
    ]
    return [comparison.sentence, *more]


def _arrays(option: str, path: Path) -> dict[str, Any]:
    """The arrays of an .npz file, within bounds."""
    try:
        with reading(path, f"the file of {option}") as file, zipfile.ZipFile(file) as archive:
            return plain_arrays(archive, path.stat().st_size)
    except InputError:
        raise
    except Exception as error:  # a damaged archive has many ways to say so
        raise InputError(
            f"{option} {path} cannot be read ({error}); it needs an .npz file of arrays"
        ) from None


def _theirs(arrays: dict[str, Any]) -> Any:
    if "matrix" in arrays:
        return arrays["matrix"]
    numbers = {name: array for name, array in arrays.items() if np.asarray(array).dtype.kind in "fiu"}
    return {name: float(a) if np.ndim(a) == 0 else a for name, a in numbers.items()}
