"""``ntk-theory classify``: the regime of every kernel block, with its derivation."""

from __future__ import annotations

from typing import Annotated

import typer

import ntk_theory as nt
from ntk_theory.cli.network_table import or_depth, or_table
from ntk_theory.cli.options import (
    Activation,
    Ansatz,
    Features,
    Fields,
    Hard,
    Json,
    MapInputs,
    Measured,
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
from ntk_theory.visible import say


def command(
    context: typer.Context,
    what: What,
    output_bias: OutputBias = "zero",
    activation: Activation = "tanh",
    init: Start = None,
    map_inputs: MapInputs = False,
    features: Features = None,
    depth: Annotated[
        int | None,
        typer.Option("--depth", help="Hidden layers; default: what holds for two and more."),
    ] = None,
    s: Annotated[
        list[str] | None,
        typer.Option("--s", help="Answer at these exponents, such as 3/4,1; repeatable."),
    ] = None,
    why: Annotated[bool, typer.Option("--why", help="Print the derivation, rule by rule.")] = False,
    as_latex: Annotated[bool, typer.Option("--latex", help="Print LaTeX.")] = False,
    as_json: Json = False,
    parameter: ParameterValues = None,
    fields: Fields = None,
    variables: Variables = None,
    ansatz: Ansatz = None,
    hard: Hard = False,
    unknown: Unknowns = None,
    data: Measured = None,
) -> None:
    """For which output scaling 1/N^s does the NTK of this PDE converge? Exact, with the derivation."""
    if as_json and as_latex:
        raise InputError("--json and --latex cannot be combined; choose one")
    problem = resolve(what, parameter, fields, variables, ansatz, hard, unknown, data)
    options = or_table(
        context,
        problem,
        activation=activation,
        output_bias=output_bias,
        features=features,
        init=init,
    )
    c = nt.classify(
        problem,
        output_bias=options["output_bias"],
        activation=options["activation"],
        input_map="domain" if map_inputs else None,
        features=features_of(options["features"]),
        initialisation=start_of(options["init"]),
        depth=or_depth(problem, depth),
    )
    at = {value: {b: str(c.regime(b, value).limit) for b in c.sharp} for value in exponents(s) or []}
    if as_json:
        print_json(c.to_dict() | ({"at_s": at} if at else {}))
    elif as_latex:
        say(c.latex())
    else:
        terminal.classification.show(c, at, why=why)
