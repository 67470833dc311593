"""``ntk-theory reproduce``: known figures, made again in one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import ntk_theory as nt
from ntk_theory.cli.files import save
from ntk_theory.cli.options import Force, Json, print_json
from ntk_theory.outputs import PICTURE, Outputs
from ntk_theory.visible import say


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="wang or bonfanti.")],
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="The figure (.png, .svg, .pdf); default none."),
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Make known figures on kernels again: 'wang' (Poisson, linear), 'bonfanti' (a random kernel)."""
    outputs = Outputs([], force)
    outputs.claim("--plot", plot, PICTURE)
    found = nt.reproduce(name)
    if plot is not None:
        save(nt.plot(found), plot)
    if as_json:
        print_json(found.to_dict())
        return
    say(f"{found.name}: {found.source}")
    for line in found.findings:
        say(f"  {line}")
    say(f"written: {plot}" if plot is not None else "--plot FILE.png draws it")
