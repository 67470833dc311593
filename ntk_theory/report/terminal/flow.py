"""A study of training in the terminal: measured drifts, then the claims."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ntk_theory.report.drifts import TrainingAnswer, footer, head, measured, training_answers
from ntk_theory.report.terminal.tables import STYLES, claims_table, table
from ntk_theory.studies.flow.verify import TrainingResult


def show(results: Sequence[TrainingResult], console: Console) -> None:
    """Print the tables of some studies of training."""
    for answer in training_answers(results):
        console.print(Text(answer.title, "bold"))
        console.print(_measured(answer))
        console.print()
        console.print(claims_table(answer.claims))
        console.print()
    for result in results:
        for line in footer(result):
            console.print(Text(line, "dim"))
        console.print(Text(f"store: {result.path}"), soft_wrap=True)


def _measured(answer: TrainingAnswer) -> Table:
    made = table(head(answer))
    for s, cells in zip(answer.evidence.at, measured(answer), strict=True):
        style = STYLES[answer.theorem(s).outcome]
        made.add_row(*(Text(cell) for cell in cells[:-1]), Text(cells[-1], style))
    return made
