"""A study of any kind in the terminal: verdicts, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from ntk_theory.report.rows import summaries
from ntk_theory.report.terminal.tables import claims_table
from ntk_theory.report.words import problem_title
from ntk_theory.studies.judging.kind import kind_of
from ntk_theory.studies.judging.result import Result


def show(results: Sequence[Result[Any]], console: Console) -> None:
    """Print a table of claims for every answer of some studies."""
    for result in results:
        study = result.study
        for (label, activation), verdicts in result.verdicts.items():
            title = problem_title(study.case(label).problem)
            words = f"{title}  ({label}, {activation}, {kind_of(study).title})"
            console.print(Text(words, "bold"))
            console.print(claims_table(summaries(verdicts)))
            console.print()
        console.print(Text(f"store: {result.path}"), soft_wrap=True)
