"""Studies of any kind on the terminal and as JSON: verdicts, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ntk_theory.report.rows import summaries
from ntk_theory.report.words import problem_title
from ntk_theory.studies.judging.kind import kind_of
from ntk_theory.studies.judging.result import Result
from ntk_theory.studies.judging.verdict import Outcome

if TYPE_CHECKING:
    from rich.console import Console


def to_dict(results: Sequence[Result[Any]]) -> dict[str, Any]:
    """Studies and verdicts as JSON-like data; keys are only ever added."""
    return {
        "refuted": sum(result.outcomes[Outcome.REFUTED] for result in results),
        "complete": all(result.is_complete for result in results),
        "studies": [result.to_dict() for result in results],
    }


def show(results: Sequence[Result[Any]], console: Console) -> None:
    """Print a table of claims for every answer of some studies."""
    from rich.text import Text  # noqa: PLC0415  --json does without

    from ntk_theory.report.terminal.initialisation import claims_table  # noqa: PLC0415

    for result in results:
        study = result.study
        for (label, activation), verdicts in result.verdicts.items():
            title = problem_title(study.case(label).problem)
            words = f"{title}  ({label}, {activation}, {kind_of(study).title})"
            console.print(Text(words, "bold"))
            console.print(claims_table(summaries(verdicts)))
            console.print()
        console.print(Text(f"store: {result.path}"), soft_wrap=True)
