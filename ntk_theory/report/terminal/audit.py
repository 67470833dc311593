"""An audit in the terminal: the kernel's table, its distance from the law, what another kernel is."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from ntk_theory.audit.run import Audit, Comparison
from ntk_theory.report.terminal import kernel
from ntk_theory.report.words import network_words, problem_title
from ntk_theory.symbolic.problem import Problem


def show(problem: Problem, found: Audit, console: Console) -> None:
    """The table, notes, and every explanation, the simplest first."""
    kernel.show(found.kernel, (problem_title(problem), network_words(found.model.network)), console)
    for line in (found.law[1], *found.model.notes):
        console.print(Text(line, "dim"))
    for line in () if found.comparison is None else _lines(found.comparison):
        console.print(Text(line, "bold"))


def _lines(comparison: Comparison) -> list[str]:
    more = [
        "or: " + " and ".join(f"{f.code} ({f.where}): {f.words}" for f in one.findings)
        for one in comparison.explanations[1:]
    ]
    return [comparison.sentence, *more]
