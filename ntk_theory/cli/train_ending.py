"""What ``ntk-theory train`` leaves: files, the report, and an exit code that says what was missed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ntk_theory import report
from ntk_theory.cli.files import PICTURES, console, save, writing
from ntk_theory.interrupts import unstopped
from ntk_theory.outputs import PICTURE
from ntk_theory.visible import say

if TYPE_CHECKING:
    from ntk_theory.symbolic import Problem
    from ntk_theory.training import Trajectory
    from ntk_theory.training.methods.method import Method
    from ntk_theory.training.verdict import RunVerdict

INCOMPLETE = 3


def write(problem: Problem, run: Trajectory, output: Path | None, plot: Path | None) -> None:
    """The network and the pictures, where they were asked for."""
    if output is not None:
        with unstopped(), writing(output):
            run.save(output)
    if plot is not None:
        _draw(problem, run, plot)


def _draw(problem: Problem, run: Trajectory, plot: Path) -> None:
    pictures = report.figures.run
    title = "\n".join(report.terminal.run.heading(problem, run))
    if not plot.is_dir() and plot.suffix.lower() in PICTURE.endings:
        save(pictures.draw_training(problem, run, title), plot)
        return
    with writing(plot):
        plot.mkdir(exist_ok=True)
    drawn = (
        pictures.draw_solution(problem, run, title),
        pictures.draw_losses(run, title),
        pictures.draw_kernel(problem, run, title),
    )
    for name, figure in zip(PICTURES, drawn, strict=True):
        save(figure, plot / name)


def show(problem: Problem, run: Trajectory, verdict: RunVerdict, written: list[Path]) -> None:
    """The report, and what was written."""
    report.terminal.run.show(problem, run, console(), verdict)
    if written:
        say("written: " + ", ".join(str(path) for path in written))


def missed(run: Trajectory, tolerance: float | None, loss: float | None) -> list[str]:
    """The targets that were asked for and not reached."""
    found = []
    if tolerance is not None and not (run.error is not None and run.error <= tolerance):
        found.append(f"the relative error is {run.error:.2g}, not {tolerance:g}")
    if loss is not None and not run.loss <= loss:
        found.append(f"the loss is {run.loss:.2g}, not {loss:g}")
    return found


def exit_code(run: Trajectory, method: Method, misses: list[str], kept: Path | None) -> int:
    """Incomplete where a target was missed, with what to change."""
    if not misses:
        return 0
    longer = "--steps" if method.horizon is None else "--until"
    state = "" if kept is None else f"; the last state is in {kept}"
    say(
        f"ntk-theory: {' and '.join(misses)}, after {len(run.times) - 1} steps ({run.reason}); "
        f"most of the loss is in group {run.worst_group!r}: raise {longer}, --points or --width, "
        f"or try another --seed; for {method.name}: {method.facts.stalled}{state}",
        file=sys.stderr,
    )
    return INCOMPLETE
