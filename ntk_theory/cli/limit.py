"""``ntk-theory limit``: the distribution of the kernel at infinite width, for every ε = N^(1/2−s)."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import ntk_theory as nt
from ntk_theory import advice, limit, model, report
from ntk_theory.cli.files import LAW, console, save, writing
from ntk_theory.cli.network_table import is_given, network_options, one_width, or_table, read_network
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
    exponents,
    gibibytes,
    network_for,
    print_json,
    resolve,
    whole_numbers,
    within,
)
from ntk_theory.errors import InputError
from ntk_theory.outputs import PICTURE, Outputs
from ntk_theory.report import figures, terminal
from ntk_theory.resources import allowed_memory
from ntk_theory.visible import say

if TYPE_CHECKING:
    from ntk_theory.advice.law_table import Prediction
    from ntk_theory.model.network import Network
    from ntk_theory.symbolic import Problem

INCOMPLETE = 3
#: Estimates from which a line is printed before the run.
PATIENCE, PLENTY = 3.0, 2**30
MOST_POINTS, MOST_DRAWS, MOST_SEED = 10**5, 10**6, 2**63 - 1
#: Draws at each width of the picture.
PICTURE_DRAWS = 200


def command(
    context: typer.Context,
    what: What,
    s: Annotated[
        list[str] | None,
        typer.Option("--s", help="Exponents, such as 1/2; repeatable, or 2/5,1/2,3/4 (the default)."),
    ] = None,
    width: Annotated[str, typer.Option("--width", help="N of ε = N^(1/2-s); one, or 64,1024.")] = "1024",
    depth: Annotated[int, typer.Option("--depth", help="Hidden layers.")] = 1,
    activation: Activation = "tanh",
    output_bias: OutputBias = "zero",
    network_file: NetworkFile = None,
    map_inputs: MapInputs = False,
    features: Features = None,
    init: Start = None,
    points: Annotated[int, typer.Option("--points", help="Points per group.")] = 8,
    draws: Annotated[int, typer.Option("--draws", "--size", help="Kernels drawn for each ε.")] = 400,
    seed: Annotated[int, typer.Option("--seed", help="Root of points and draws.")] = 0,
    rtol: Annotated[float, typer.Option("--rtol", help="Accuracy asked of the law's Σ and T.")] = 1e-8,
    memory_limit: MemoryLimit = None,
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", metavar="SECONDS", help="Refuse what is estimated longer.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The law and the draws (.npz).")
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
) -> int:
    """Show the law that the NTK of infinitely wide networks follows, for every output scaling 1/N^s.

    Where the law is random its quantiles are shown, where it is one kernel the size of that, and the mean
    where it exists.
    """
    problem = resolve(what, parameter, fields, variables, ansatz, hard, unknown, data)
    within("--points", points, 1, MOST_POINTS)
    within("--draws", draws, 1, MOST_DRAWS)
    within("--seed", seed, 0, MOST_SEED)
    if not 0 < rtol < 1:
        raise InputError(f"--rtol is {rtol}; it needs a number between 0 and 1, such as 1e-8")
    options = or_table(
        context,
        problem,
        width=width,
        depth=depth,
        activation=activation,
        output_bias=output_bias,
        features=features,
        init=init,
    )
    known = None
    if network_file is not None:
        known = read_network(context, problem, network_file, options["activation"], ("s", "width")).network
        options |= {"depth": None} | ({} if is_given(context, "width") else {"width": known.widths[-1]})
    elif not is_given(context, "width"):
        options = one_width(options, "limit")
    widths = [within("--width", n, 1, 10**7) for n in whole_numbers("--width", str(options["width"]))]
    outputs = Outputs([what, *data_files(data)], force)
    outputs.claim("--output", output, LAW)
    outputs.claim("--plot", plot, PICTURE)
    shape = {**options, "width": str(widths[0])}
    network = known or network_for(problem, map_inputs=map_inputs, **network_options(shape))
    for n in widths:
        network.check_width(n)
    if plot is not None and network.is_standard:
        raise InputError(
            f"--plot shows a law at many widths, but the law of --init {options['init']} holds at one; "
            "leave --plot out"
        )
    at = nt.draw_points(problem, points, seed)
    memory = gibibytes(memory_limit)
    _announce(problem, network, at, rtol, memory, time_limit)
    found = nt.predict(
        problem,
        network,
        at,
        exponents(s) or list(advice.law_table.EXPONENTS),
        widths,
        size=draws,
        seed=seed,
        rtol=rtol,
        memory_limit=memory,
        time_limit=time_limit,
    )
    about = _about(problem, network, seed)
    if output is not None:
        with writing(output):
            found.to_npz(output, about)
    if plot is not None:
        _draw(problem, network, found, plot)
    if as_json:
        print_json(about | terminal.law.record(found))
    else:
        terminal.law.show(found, _heading(problem, network), console())
        written = [str(place) for place in (output, plot) if place is not None]
        if written:
            say("written: " + ", ".join(written))
    return _code(found)


def _announce(
    problem: Problem,
    network: Network,
    points: dict[str, Any],
    rtol: float,
    memory: float | None,
    seconds: float | None,
) -> None:
    """Say what a long run will take, unless it is going to be refused."""
    cost = limit.law_cost.law_cost(problem, network, points, rtol=rtol)
    if cost.bytes > allowed_memory(memory, most=limit.cost.MEMORY_LIMIT) or (
        seconds is not None and cost.seconds > seconds
    ):
        return
    if cost.seconds >= PATIENCE or cost.bytes >= PLENTY:
        say(
            f"about {report.words.time_words(cost.seconds)} and {report.words.size_words(cost.bytes)} "
            f"for {cost.pairs} pairs of points; --map-inputs, or fewer --points, is quicker",
            file=sys.stderr,
        )


def _about(problem: Problem, network: Network, seed: int) -> dict[str, Any]:
    record = model.network_file.network_record(network)
    kept = {key: value for key, value in record.items() if key not in ("width", "s")}
    return {
        "problem": report.words.problem_title(problem),
        "network": kept | {"depth": len(network.widths)},
        "seed": seed,
    }


def _draw(problem: Problem, network: Network, found: Prediction, plot: Path) -> None:
    fewer = replace(found.reader, size=min(found.reader.size, PICTURE_DRAWS), with_means=False)
    curves = fewer.read(found.exponents, figures.law.WIDTHS)
    at = [block for block in found.blocks if block.width == found.widths[-1]]
    save(figures.law.draw_limit_law(curves, at, "\n".join(_heading(problem, network))), plot)


def _heading(problem: Problem, network: Network) -> tuple[str, str]:
    name = report.words.network_words(network, finite=False)
    if network.is_standard:
        name += f", N = {network.widths[-1]}; limits and exponents are those of N(0, 1) weights"
    return report.words.problem_title(problem), f"limit law, {name}"


def _code(found: Prediction) -> int:
    """Incomplete where draws were not finite."""
    if not found.failures:
        return 0
    first = found.failures[0]
    say(
        f"ntk-theory: {len(found.failures)} of {len(found.blocks)} laws have no finite draws; the first: "
        f"K_{first.block} at s = {first.s}, width {first.width}: {first.failure}",
        file=sys.stderr,
    )
    return INCOMPLETE
