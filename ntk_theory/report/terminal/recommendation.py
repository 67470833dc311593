"""A recommendation in the terminal: the s, the reasons, and one column for each s compared."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ntk_theory.advice import text
from ntk_theory.advice.recommend import Recommendation


def show(found: Recommendation, console: Console) -> None:
    """Print a recommendation."""
    console.print(Text(text.heading(found), "bold"))
    for line in found.equations:
        console.print(Text(f"  {line}", "dim"))
    console.print()
    console.print(Text(text.verdict(found), "bold red" if found.s is None else "bold green"))
    for sentence in found.because:
        _listed(console, "·", sentence)
    for sentence in found.beware:
        _listed(console, "!", sentence, "yellow")
    console.print()
    console.print(_compared(found))
    console.print()
    for fault in text.faults(found):
        _listed(console, "!", fault, "yellow")
    for line in text.notes(found):
        console.print(Text(line, "dim"))


def _compared(found: Recommendation) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    first, *names = text.columns(found)
    table.add_column(first, max_width=text.LABEL, overflow="fold")
    for option, name in zip(found.options, names, strict=True):
        table.add_column(name, style="bold" if option.s == found.s else "")
    for k, part in enumerate(text.sections(found)):
        if k:
            table.add_section()
        for row in part:
            table.add_row(*row)
    return table


def _listed(console: Console, sign: str, sentence: str, style: str = "") -> None:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row(Text(sign, style), Text(sentence, style))
    console.print(Padding(grid, (0, 0, 0, 2)))
