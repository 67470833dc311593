"""``ntk-theory certify`` and ``check``: statements that somebody else's program can prove again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import ntk_theory as nt
from ntk_theory.cli.files import writing
from ntk_theory.cli.options import (
    Activation,
    Fields,
    Force,
    Json,
    OutputBias,
    ParameterValues,
    Variables,
    What,
    print_json,
    resolve,
    within,
)
from ntk_theory.errors import RejectedError
from ntk_theory.outputs import Format, Outputs, replacing
from ntk_theory.visible import say

REJECTED = 1
MOST_POINTS, MOST_SEED = 200, 2**63 - 1

#: A certificate is known again by its first key.
CERTIFICATE = Format("a certificate", (".json",), (b'"format": "ntk-theory certificate',))


def command(
    what: What,
    kind: Annotated[
        str,
        typer.Option(
            "--what",
            help="positive-definite: λ_min(K∞) > 0 at points; nonzero: an entry of T∞; vanishing: T∞ of two "
            "groups is 0 by symmetry; drift: the kernel moves for s > 1/2; classification: what blocks do "
            "for every s.",
        ),
    ] = "positive-definite",
    groups: Annotated[
        str | None,
        typer.Option("--groups", help="'g,h' for two groups, 'g' for one; default all, of a drift f."),
    ] = None,
    points: Annotated[int, typer.Option("--points", help="Points per group that are drawn.")] = 12,
    seed: Annotated[int, typer.Option("--seed", help="Root of points and parameters.")] = 0,
    time: Annotated[
        str | None,
        typer.Option("--time", help="Of a drift, such as 1/10; default up to 1, where it is largest."),
    ] = None,
    least: Annotated[
        str | None, typer.Option("--least", help="The number that a drift is above; default half of it.")
    ] = None,
    map_inputs: Annotated[
        bool, typer.Option("--map-inputs", help="The network sees the domain mapped onto [-1, 1].")
    ] = False,
    output_bias: OutputBias = "zero",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The certificate (.json).")
    ] = None,
    force: Force = False,
    activation: Activation = "tanh",
    as_json: Json = False,
    parameter: ParameterValues = None,
    fields: Fields = None,
    variables: Variables = None,
) -> None:
    """Prove a statement on infinitely wide networks in a file that ``check`` accepts."""
    outputs = Outputs([what], force)
    outputs.claim("--output", output, CERTIFICATE)
    problem = resolve(what, parameter, fields, variables)
    within("--points", points, 1, MOST_POINTS)
    within("--seed", seed, 0, MOST_SEED)
    made = nt.certify(
        problem, kind, groups=groups, points=points, seed=seed, activation=activation,
        input_map="domain" if map_inputs else None, time=time, least=least,
        output_bias=output_bias,
    )  # fmt: skip
    if output is not None:
        with writing(output), replacing(output) as file:
            file.write(made.to_json().encode())
    if as_json:
        print_json(made.to_dict())
    else:
        say(f"proved: {made.statement}")
        say(f"written: {output}" if output is not None else "-o FILE.json keeps it for others to check")


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A certificate (.json).")],
    as_json: Json = False,
) -> int:
    """Prove a certificate's statement again, by a checker that shares no code with what made it.

    Exit code 1 where it is rejected.
    """
    try:
        statement, reason = nt.check(file), ""
    except RejectedError as error:
        statement, reason = "", str(error)
    if as_json:
        print_json({"accepted": not reason, "statement": statement, "reason": reason})
    else:
        say(reason if reason else f"proved: {statement}")
    return REJECTED if reason else 0
