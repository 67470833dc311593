"""``ntk-theory report``: a study's store as one self-contained HTML page, or its rows as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import ntk_theory as nt
from ntk_theory import report as room
from ntk_theory.cli.options import Force
from ntk_theory.errors import InputError
from ntk_theory.outputs import Format, Outputs
from ntk_theory.studies import engine
from ntk_theory.visible import say


def command(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="The store of a study.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="The page (.html), the verdicts (.tex), or the rows (.csv, .json, .npz).",
        ),
    ] = Path("report.html"),
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="PDE", help="Only this problem; repeatable.")
    ] = None,
    force: Force = False,
) -> None:
    """Write one HTML page: verdicts, tables, figures, derivation, criterion, how to reproduce.

    It needs no network and no script. With more than 8 answers it has no figures but the map; --only asks
    for those of single problems. A file that ends in .csv, .json or .npz gets the numbers, one a row;
    .tex a table of the verdicts for a paper (package booktabs).
    """
    export = engine.export
    is_table = output.suffix.lower() in export.WRITERS
    pages = room.write.PAGE
    tables = room.write.VERDICTS
    endings = (*pages.endings, *tables.endings, *export.WRITERS)
    kinds = Format("a report", endings, (*pages.marks, *tables.marks, *export.MARKS))
    outputs = Outputs([store], force)
    outputs.claim("--output", output, kinds)
    if output.suffix.lower() == ".csv":
        outputs.claim("the codebook of --output", export.codebook_path(output), export.CODEBOOK_FILE)
    is_latex = output.suffix.lower() in tables.endings
    if (is_table or is_latex) and only:
        raise InputError(f"--only chooses problems of a page; {output} holds them all, leave it out")
    if is_table:
        with nt.Store.open(store) as opened:
            export.export(opened.data(), output)
    elif is_latex:
        room.write.verdicts(store, output, force=True)
    else:
        # A file of rows may have been claimed, which a page alone would not replace.
        nt.page(store, output, only=only or (), force=True)
    say(output)
