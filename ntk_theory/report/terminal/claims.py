"""Sources, their claims and a hearing in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ntk_theory.claims.hearing import Hearing
from ntk_theory.claims.source import Source

COLOURS = {"supported": "green", "refuted": "red", "undecided": "yellow", "not applicable": "dim"}
#: Found beyond a claim's hypotheses: no colour of a verdict.
BEYOND = "cyan"


def show_sources(sources: Sequence[Source], console: Console) -> None:
    """Every source with its claims and the problems that it is heard on."""
    for source in sources:
        console.print(Text(f"{source.key}  {source.citation}", "bold"), soft_wrap=True)
        console.print(
            Text(f"  {source.address}; heard on {', '.join(map(str, source.problems))}"), soft_wrap=True
        )
        for claim in source.claims:
            words = f"  {claim.code}: {claim.statement} ({claim.reading}; {claim.needs})"
            console.print(Text(words), soft_wrap=True)


def show(hearing: Hearing, console: Console) -> None:
    """A table: source, claim, problem, outcome, evidence."""
    table = Table(box=None, pad_edge=False)
    for name in ("source", "claim", "problem", "outcome", "evidence"):
        table.add_column(name, overflow="fold")
    for row in hearing.rows:
        outcome = Text(row.words, BEYOND if row.beyond else COLOURS[str(row.outcome)])
        cells = (row.source.key, row.claim.code, row.problem, outcome, row.because)
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in cells))
    console.print(table)
    console.print(Text(hearing.summary()))
    for path in hearing.stores:
        console.print(Text(f"store: {path}"), soft_wrap=True)
