"""``ntk-theory report``: a study's store as one self-contained HTML page, or its rows as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import ntk_theory as nt
from ntk_theory.errors import InputError
from ntk_theory.studies.engine import export


def command(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="The store of a study.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The page (.html), or the rows alone (.csv, .json, .npz).")
    ] = Path("report.html"),
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="PDE", help="Only this problem; repeatable.")
    ] = None,
) -> None:
    """Write one HTML page: verdicts, tables, figures, derivation, criterion, how to reproduce.

    It needs no network and no script. With more than 8 answers it has no figures but the map; --only asks
    for those of single problems. A file that ends in .csv, .json or .npz gets the numbers, one a row.
    """
    if output.suffix.lower() not in export.WRITERS:
        print(nt.page(store, output, only=only or ()))
        return
    if only:
        raise InputError(f"--only chooses problems of a page; {output} holds all rows, leave it out")
    with nt.Store.open(store) as opened:
        export.export(opened.data(), output)
    print(output)
