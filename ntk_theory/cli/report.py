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

#: Where the page goes unless told otherwise.
PAGE = Path("report.html")


def command(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="The store of a study.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="The page (.html), or the rows alone (.csv, .json, .npz).",
        ),
    ] = PAGE,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="PDE", help="Only this problem; repeatable.")
    ] = None,
    as_latex: Annotated[bool, typer.Option("--latex", help="Print the verdicts in LaTeX instead.")] = False,
    force: Force = False,
) -> None:
    """Write one HTML page: verdicts, tables, figures, derivation, criterion, how to reproduce.

    It needs no network and no script. With more than 8 answers it has no figures but the map; --only asks
    for those of single problems. A file that ends in .csv, .json or .npz gets the numbers, one a row.
    With --latex the verdicts are printed as a table for a paper (package booktabs), and no file is written.
    """
    export = engine.export
    is_table = output.suffix.lower() in export.WRITERS
    pages = room.write.PAGE
    if as_latex:
        _latex(store, output, only)
        return
    kinds = Format("a report", (*pages.endings, *export.WRITERS), (*pages.marks, *export.MARKS))
    outputs = Outputs([store], force)
    outputs.claim("--output", output, kinds)
    if output.suffix.lower() == ".csv":
        outputs.claim("the codebook of --output", export.codebook_path(output), export.CODEBOOK_FILE)
    if is_table and only:
        raise InputError(f"--only chooses problems of a page; {output} holds all rows, leave it out")
    if is_table:
        with nt.Store.open(store) as opened:
            export.export(opened.data(), output)
    else:
        # A file of rows may have been claimed, which a page alone would not replace.
        nt.page(store, output, only=only or (), force=True)
    say(output)


def _latex(store: Path, output: Path, only: list[str] | None) -> None:
    """Print the table of verdicts."""
    if only or output != PAGE:
        raise InputError("--latex prints all verdicts; leave out --output and --only")
    say(nt.judge(store).latex())
