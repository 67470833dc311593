"""A search for a terminal: what was tried, and the smallest operators that disagree."""

from __future__ import annotations

import shlex

from rich.console import Console
from rich.text import Text

from ntk_theory.report.terminal import screen
from ntk_theory.search.bench import Disagreement
from ntk_theory.search.search import Hunt
from ntk_theory.theory.text import block_label


def show(found: Hunt) -> None:
    """Print what was tried, and every disagreement with the commands that reproduce it."""
    console = screen.console(soft_wrap=True)
    result = found.result
    if found.stopped:
        why = {"time": "the time is up", "interrupted": "interrupted"}[found.stopped]
        line = f"stopped after {result.tried} of {found.budget} operators: {why}"
        console.print(Text(line, style="yellow"))
    console.print(
        f"{result.tried} random operators (output bias {found.output_bias}, seed {found.seed}): "
        f"{result.agreed} of {result.compared} limits are as predicted"
    )
    left = [f"{result.undecided} limits without a prediction"] if result.undecided else []
    left += [f"{result.skipped} operators without a limit law"] if result.skipped else []
    if left:
        console.print(Text(f"left out: {', '.join(left)}", style="dim"))
    if not result.disagreements and result.compared:
        console.print(Text("✓ no disagreement found", style="green"))
    for d in result.disagreements:
        _disagreement(d, found, console)


def _disagreement(d: Disagreement, found: Hunt, console: Console) -> None:
    console.print()
    console.print(Text(f"✗ {d.text} = 0", style="bold red"))
    console.print(f"  {block_label(d.block)} at s = {d.s}: predicted {d.predicted}, observed {d.observed}")
    reason = d.reason.removesuffix(", which the networks follow")  # they are asked on the next line
    console.print(Text(f"  the law:   {reason}", style="dim"))
    if d.networks:
        console.print(Text(f"  networks:  {d.networks}", style="dim"))
    options = f"--variables x,t --output-bias {found.output_bias} --s {d.s}"
    console.print(f"  reproduce: ntk-theory classify {shlex.quote(d.text)} {options} --why")
    console.print(f"             ntk-theory verify {shlex.quote(d.text)} {options}")
