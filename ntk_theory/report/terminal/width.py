"""A study of width in the terminal: errors by method and width, then the claims."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from ntk_theory.report.gains import FOOT, exponents, sizes, title_of
from ntk_theory.report.rows import summaries
from ntk_theory.report.terminal.tables import claims_table, table
from ntk_theory.studies.judging.result import Result
from ntk_theory.studies.width.evidence import WidthEvidence


def show(results: Sequence[Result[WidthEvidence]], console: Console) -> None:
    """Print the tables of some studies of width."""
    for result in results:
        for (label, activation), verdicts in result.verdicts.items():
            e = result.evidence[label, activation]
            console.print(Text(title_of(result, label, activation), "bold"))
            for first, *rows in (sizes(e), exponents(e)):
                made = table(first)
                for row in rows:
                    made.add_row(*map(Text, row))
                console.print(made)
                console.print()
            console.print(claims_table(summaries(verdicts)))
            console.print()
    console.print(Text(f"medians over networks; {FOOT}", "dim"))
    for result in results:
        console.print(Text(f"store: {result.path}"), soft_wrap=True)
