"""``ntk-theory kernel``: the NTK of a finite network, its spectra, a file and a picture of it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import ntk_theory as nt
from ntk_theory import empirical, model, report
from ntk_theory.cli.files import KERNEL, console, save, writing
from ntk_theory.cli.network_table import network_options, or_table, read_network
from ntk_theory.cli.options import (
    Activation,
    Ansatz,
    Features,
    Fields,
    Force,
    Hard,
    Json,
    MapInputs,
    Measured,
    MemoryLimit,
    NetworkFile,
    OutputBias,
    ParameterValues,
    Start,
    Unknowns,
    Variables,
    What,
    data_files,
    gibibytes,
    network_for,
    print_json,
    resolve,
    within,
)
from ntk_theory.outputs import PICTURE, Outputs
from ntk_theory.report import figures, terminal
from ntk_theory.visible import say

if TYPE_CHECKING:
    from ntk_theory.model.blocks import Kernel
    from ntk_theory.model.network import Network
    from ntk_theory.symbolic import Problem

#: Estimates from which a line is printed before the run.
PATIENCE, PLENTY = 3.0, 2**30
MOST_POINTS, MOST_SEED = 10**6, 2**63 - 1


def command(
    context: typer.Context,
    what: What,
    width: Annotated[
        str, typer.Option("--width", help="Neurons per layer; or one per layer: 512,256.")
    ] = "512",
    depth: Annotated[int | None, typer.Option("--depth", help="Hidden layers; default 1.")] = None,
    s: Annotated[str, typer.Option("--s", help="The output's scaling 1/N^s.")] = "1/2",
    activation: Activation = "tanh",
    output_bias: OutputBias = "zero",
    network_file: NetworkFile = None,
    map_inputs: MapInputs = False,
    features: Features = None,
    init: Start = None,
    seed: Annotated[int, typer.Option("--seed", help="Root of parameters and points.")] = 0,
    points: Annotated[int, typer.Option("--points", help="Points per group.")] = 16,
    path: Annotated[
        str, typer.Option("--path", help="auto, jet (assembled from the jet NTK) or contracted.")
    ] = "auto",
    memory_limit: MemoryLimit = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The kernel (.npz).")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="A picture: .png, .svg or .pdf.")
    ] = None,
    force: Force = False,
    as_json: Json = False,
    parameter: ParameterValues = None,
    fields: Fields = None,
    variables: Variables = None,
    ansatz: Ansatz = None,
    hard: Hard = False,
    unknown: Unknowns = None,
    data: Measured = None,
) -> None:
    """Compute the NTK of one network for this PDE: size, conditioning and rank of every group's kernel."""
    problem = resolve(what, parameter, fields, variables, ansatz, hard, unknown, data)
    within("--points", points, 1, MOST_POINTS)
    within("--seed", seed, 0, MOST_SEED)
    outputs = Outputs([what, *data_files(data)], force)
    outputs.claim("--output", output, KERNEL)
    outputs.claim("--plot", plot, PICTURE)
    options = or_table(
        context,
        problem,
        width=width,
        depth=depth,
        s=s,
        activation=activation,
        output_bias=output_bias,
        features=features,
        init=init,
    )
    parameters = None
    if network_file is None:
        network = network_for(problem, map_inputs=map_inputs, **network_options(options))
    else:
        network, parameters = read_network(context, problem, network_file, options["activation"])
    limit = gibibytes(memory_limit)
    _announce(problem, network, points, path, limit)
    at = nt.draw_points(problem, points, seed)
    parameters = network.init(seed) if parameters is None else parameters
    found = nt.ntk(problem, network, parameters, at, path=path, memory_limit=limit)  # type: ignore[arg-type]
    kernel = _described(found, problem, network, network.digest(parameters), seed, at)
    if output is not None:
        with writing(output):
            kernel.to_npz(output)
    if plot is not None:
        save(figures.kernel.draw_kernel_matrix(kernel, "\n".join(_heading(problem, network)), at), plot)
    if as_json:
        about = {key: value for key, value in kernel.metadata.items() if key != "points"}
        print_json(about | terminal.kernel.record(kernel))
        return
    terminal.kernel.show(kernel, _heading(problem, network), console())
    written = [str(place) for place in (output, plot) if place is not None]
    if written:
        say("written: " + ", ".join(written))


def _announce(problem: Problem, network: Network, points: int, path: str, limit: float | None) -> None:
    """Refuse what does not fit before anything is allocated; say what a long run will take."""
    ahead = empirical.kernel_cost.kernel_cost(
        problem,
        network,
        points,
        path=path,  # type: ignore[arg-type]
        memory_limit=limit,
    )
    if ahead.seconds >= PATIENCE or ahead.bytes >= PLENTY:
        say(
            f"about {report.words.time_words(ahead.seconds)} and {report.words.size_words(ahead.bytes)} "
            f"for {ahead.parameters} parameters",
            file=sys.stderr,
        )


def _described(
    kernel: Kernel, problem: Problem, network: Network, digest: str, seed: int, points: dict[str, Any]
) -> Kernel:
    """The kernel with all that is needed to compute it again."""
    more = {
        "problem": report.words.problem_title(problem),
        "network": model.network_file.network_record(network),
        "seed": seed,
        "parameters": digest,
        "points": {name: array.tolist() for name, array in points.items()},
    }
    return replace(kernel, metadata={**kernel.metadata, **more})


def _heading(problem: Problem, network: Network) -> tuple[str, str]:
    return report.words.problem_title(problem), report.words.network_words(network)
