"""``ntk-theory report``: a study's store as one self-contained HTML page, or its rows as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ntk_theory.cli.files import writing
from ntk_theory.cli.options import Force
from ntk_theory.errors import InputError
from ntk_theory.outputs import GENERATOR, Format, Outputs, write_text

if TYPE_CHECKING:
    from ntk_theory.studies.engine.store import Store

#: The page; its head names this package.
PAGE = Format("a page", (".html", ".htm"), (f'name="generator" content="{GENERATOR}"'.encode(),))


def command(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="The store of a study.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The page (.html), or the rows alone (.csv, .json, .npz).")
    ] = Path("report.html"),
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="PDE", help="Only this problem; repeatable.")
    ] = None,
    force: Force = False,
) -> None:
    """Write one HTML page: verdicts, tables, figures, derivation, criterion, how to reproduce.

    It needs no network and no script. With more than 8 answers it has no figures but the map; --only asks
    for those of single problems. A file that ends in .csv, .json or .npz gets the numbers, one a row.
    """
    from ntk_theory.studies.engine.export import (  # noqa: PLC0415  --help stays quick
        CODEBOOK_FILE,
        MARKS,
        WRITERS,
        codebook_path,
        export,
    )
    from ntk_theory.studies.engine.store import Store  # noqa: PLC0415

    kinds = Format("a report", (*PAGE.endings, *WRITERS), (*PAGE.marks, *MARKS))
    outputs = Outputs([store], force)
    outputs.claim("--output", output, kinds)
    if output.suffix.lower() == ".csv":
        outputs.claim("the codebook of --output", codebook_path(output), CODEBOOK_FILE)
    if output.suffix.lower() in WRITERS:
        if only:
            raise InputError(f"--only chooses problems of a page; {output} holds all rows, leave it out")
        with Store.open(store) as opened:
            export(opened.data(), output)
        print(output)
        return
    with Store.open(store) as opened:
        known = {name for case in opened.study.cases for name in (case.label, case.label.rpartition(" [")[0])}
        for name in only or []:
            if name not in known:
                labels = ", ".join(case.label for case in opened.study.cases)
                raise InputError(f"--only is {name!r}; the store has {labels}")
        html = _page(opened, only or ())
    with writing(output):
        write_text(output, html)
    print(output)


def _page(store: Store, only: Sequence[str]) -> str:
    from ntk_theory.report.kinds import report_of  # noqa: PLC0415  --help stays quick
    from ntk_theory.report.page.provenance import Provenance  # noqa: PLC0415
    from ntk_theory.studies.judging.judge import judge  # noqa: PLC0415

    provenance = Provenance(store.environments(), store.fingerprint())
    return report_of(store.study).page(judge(store), provenance, only=only)
