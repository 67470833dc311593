"""``ntk-theory recommend``: which s and learning rate, what to expect at the start, what it costs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

import ntk_theory as nt
from ntk_theory import advice, model
from ntk_theory.cli.files import console
from ntk_theory.cli.network_table import is_given, one_width, or_table, read_network
from ntk_theory.cli.options import (
    Activation,
    Ansatz,
    Features,
    Fields,
    Hard,
    Json,
    Measured,
    NetworkFile,
    OutputBias,
    ParameterValues,
    Start,
    Unknowns,
    Variables,
    What,
    exponents,
    features_of,
    print_json,
    resolve,
    start_of,
)
from ntk_theory.errors import InputError
from ntk_theory.report import terminal

if TYPE_CHECKING:
    from ntk_theory.model.network import Network

#: Said of a file that may come from elsewhere.
NO_START = (
    "the network's file names no start: this is the answer for N(0, 1) weights; for a module that another "
    "library started ask with --init pytorch, glorot-normal, he, ... [D]"
)


def command(
    context: typer.Context,
    what: What,
    goal: Annotated[
        str, typer.Option("--goal", help="accuracy, or constant-kernel: K converges and stays in training.")
    ] = "accuracy",
    width: Annotated[int, typer.Option("--width", help="Neurons per layer; sizes are told for it.")] = 512,
    depth: Annotated[int, typer.Option("--depth", help="Hidden layers.")] = 3,
    activation: Activation = "tanh",
    network_file: NetworkFile = None,
    features: Features = None,
    init: Start = None,
    output_bias: OutputBias = "zero",
    s: Annotated[
        list[str] | None,
        typer.Option("--s", help="Compare these; repeatable. Default 1/4,1/2,3/4,1."),
    ] = None,
    points: Annotated[
        int, typer.Option("--points", help="Points per group for residuals and rates; time is their square.")
    ] = 12,
    seed: Annotated[int, typer.Option("--seed", help="Root of points and random networks.")] = 0,
    as_json: Json = False,
    parameter: ParameterValues = None,
    fields: Fields = None,
    variables: Variables = None,
    ansatz: Ansatz = None,
    hard: Hard = False,
    unknown: Unknowns = None,
    data: Measured = None,
) -> None:
    """Which s and which learning rate should one use?

    With the kernel's limits, the residual at the start, the drift in training, and the cost.
    """
    problem = resolve(what, parameter, fields, variables, ansatz, hard, unknown, data)
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
    if network_file is not None:
        file = _of_file(read_network(context, problem, network_file, activation, ("s", "init")).network)
        if file["init"] is not None and is_given(context, "init"):
            raise InputError(f"--init is given, but {str(network_file)!r} says {file['init']}; leave it out")
        options |= file | {"init": file["init"] or options["init"]}
    options = one_width(options, "recommend")
    options["features"] = features_of(options["features"])
    options["initialisation"] = start_of(options.pop("init"))
    for name, value in (("--width", options["width"]), ("--depth", options["depth"]), ("--points", points)):
        if value < 1:
            raise InputError(f"{name} is {value}; it needs a positive number")
    if seed < 0:
        raise InputError(f"--seed is {seed}; it needs a number from 0 on")
    wanted = goal.replace("-", " ")
    if wanted not in advice.recommend.GOALS:
        raise InputError(f"--goal is {goal!r}; it needs accuracy or constant-kernel")
    found = nt.recommend(
        problem,
        goal=wanted,  # type: ignore[arg-type]
        **options,
        s=exponents(s) or advice.recommend.CANDIDATES,
        points=points,
        seed=seed,
    )
    if network_file is not None and options["initialisation"] is None:
        found = replace(found, beware=(*found.beware, NO_START))
    if as_json:
        print_json({"problem": problem.name or None, **found.to_dict()})
    else:
        terminal.recommendation.show(found, console())


def _of_file(network: Network) -> dict[str, Any]:
    """What ``recommend`` asks of a network."""
    record = model.network_file.network_record(network)
    return {
        "width": ",".join(map(str, network.widths)),
        "depth": None,
        "activation": network.activation,
        "output_bias": network.output_bias,
        "features": record.get("features"),
        "init": record.get("initialisation"),
    }
