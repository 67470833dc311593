"""A classification for a terminal: regimes, disagreements with the paper, the derivation."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ntk_theory.report.terminal import screen
from ntk_theory.theory import text
from ntk_theory.theory.classification import Classification
from ntk_theory.theory.text import block_label

#: A block's name that is longer goes on two lines where the terminal is narrow.
LONG_NAME = 12


def show(c: Classification, at: dict[str, dict[str, str]], *, why: bool) -> None:
    """Print the answer; ``at`` holds the limits at given s, ``why`` adds the derivation."""
    console = screen.console()
    console.print(Text(text.heading(c), style="bold"))
    for line in text.equations(c.problem):
        console.print(Text(f"  {line}", style="cyan"))
    for line in text.ansatz_lines(c.problem):
        console.print(Text(f"  {line}", style="magenta"))
    console.print()
    _hypotheses(c, console)
    for line in text.paper_lines(c):
        console.print(Text(line))
    console.print()
    console.print(_table(c, console))
    if any(len(row.blocks) > 1 for row in text.rows(c)):
        console.print(Text("a row holds for all blocks that it names, down to the next line", style="dim"))
    for value, limits in at.items():
        parts = ", ".join(f"{block_label(block)}: {limit}" for block, limit in limits.items())
        console.print(Text(f"at s = {value}: {parts}", style="bold"))
    for line in text.assumption_lines(c):
        console.print(Text(f"assumed: {line}", style="dim"))
    for sentence in c.disagreements:
        console.print(Text(f"! {sentence}", style="yellow"))
    if why:
        _derivation(c, console)
    else:
        console.print(Text("--why prints the derivation", style="dim"))


def _hypotheses(c: Classification, console: Console) -> None:
    for item in c.to_dict()["hypotheses"]:
        mark = {True: "✓", False: "✗", None: "?"}[item["holds"]]
        console.print(Text(f"{mark} {item['name']}: {item['why']}", style="dim" if item["holds"] else "red"))


def _table(c: Classification, console: Console) -> Table:
    """The regimes; exponents go below their limits where the terminal is too narrow for both."""
    wide = _filled(c, ", ")
    unbounded = console.options.update(width=1000)
    return wide if console.measure(wide, options=unbounded).maximum <= console.width else _filled(c, "\n")


def _filled(c: Classification, separator: str) -> Table:
    rows = text.rows(c, separator=separator)
    is_tall = any("\n" in cell for row in rows for cell in row.cells) or any(len(r.blocks) > 1 for r in rows)
    title = "limit and size of ‖K‖ as N → ∞  [D]"
    table = Table(title=title, title_justify="left", title_style="", show_lines=is_tall)
    for column in ("block", "converges", "s < 1/2", "s = 1/2", "s > 1/2"):
        table.add_column(column, overflow="fold", no_wrap=column == "converges")
    for row in rows:
        converges, *sides = row.cells
        # A comma at the end of its line: what stands beside the first holds for those below it.
        names = ",\n".join(
            block_label(name).replace(",", ",\n  " if separator == "\n" and len(name) > LONG_NAME else ",")
            for name in row.blocks
        )
        table.add_row(Text(names), Text(converges, style="bold"), *map(Text, sides))
    return table


def _derivation(c: Classification, console: Console) -> None:
    console.print()
    for number, step in enumerate(c.steps, 1):
        console.print(Text(f"{number:3}. {step.title}  {step.source}", style="bold"))
        console.print(Text(f"     {step.answer}: {step.because}"))
        console.print(Text(f"     ⇒ {step.conclusion}"))
