"""``ntk-theory infinite``: a problem solved by infinitely wide networks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import ntk_theory as nt
from ntk_theory import advice
from ntk_theory.cli.files import save
from ntk_theory.cli.options import Fields, Json, ParameterValues, Variables, What, print_json, resolve
from ntk_theory.outputs import PICTURE, Outputs
from ntk_theory.visible import say


def command(
    what: What,
    points: Annotated[int, typer.Option("--points", help="Points per group.")] = 48,
    activation: Annotated[
        str, typer.Option("--activation", help="Of the networks; erf has closed forms and is quick.")
    ] = "erf",
    depth: Annotated[int, typer.Option("--depth", help="Hidden layers.")] = 1,
    slot: Annotated[
        list[str] | None,
        typer.Option("--slot", metavar="NAME", help="What is given, as u_x; repeatable; default the fields."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the points.")] = 0,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="A picture: .png, .svg or .pdf; default none."),
    ] = None,
    as_json: Json = False,
    parameter: ParameterValues = None,
    fields: Fields = None,
    variables: Variables = None,
) -> None:
    """Solve a problem by infinitely wide networks: mean, spread over networks, learning curve.

    Of a nonlinear one the smallest function of their kernel that meets it, by Gauss-Newton among functions.
    """
    Outputs([what]).claim("--plot", plot, PICTURE)
    problem = resolve(what, parameter, fields, variables)
    shape = advice.infinite_solution.default_shape(problem, activation, depth)
    drawn = nt.draw_points(problem, points, seed)
    found = nt.infinite_solution(problem, drawn, network=shape, slots=slot, seed=seed)
    if plot is not None:
        save(nt.plot(found), plot)
    if as_json:
        print_json(found.to_dict())
    else:
        say(str(found))
