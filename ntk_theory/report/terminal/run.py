"""A training run in the terminal and as JSON: losses by group, errors by field, drift by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ntk_theory.model.network_file import network_record
from ntk_theory.report.terminal import tables
from ntk_theory.report.words import network_words, problem_title
from ntk_theory.symbolic.problem import Problem
from ntk_theory.theory.text import block_label
from ntk_theory.training.drift import WHOLE
from ntk_theory.training.solution import field_errors, has_known_solution
from ntk_theory.training.trajectory import Trajectory
from ntk_theory.training.verdict import RunVerdict

#: Groups named in a line of progress.
NAMED = 3


def heading(problem: Problem, run: Trajectory) -> tuple[str, str]:
    """``Heat equation`` and ``gauss-newton, 16-16-16 tanh, s = 1/2, output bias zero``.

    Features and a start other than N(0, 1) follow; the input map is left out.
    """
    return problem_title(problem), f"{run.method}, {network_words(replace(run.network, input_map=None))}"


def record(problem: Problem, run: Trajectory, verdict: RunVerdict | None = None) -> dict[str, Any]:
    """The run as JSON-like data; keys are only ever added."""
    errors = None
    if has_known_solution(problem):
        errors = field_errors(problem, run.network, run.parameters)
    return {
        "problem": problem.name,
        "network": network_record(run.network),
        "parameters": run.parameters.size,
        "points": {name: len(array) for name, array in run.points.items()},
        "group_weights": dict(run.group_weights),
        "first_loss": float(run.losses[0]),
        **run.summary(),
        "field_errors": errors,
        "verdict": None if verdict is None else asdict(verdict),
    }


def show(problem: Problem, run: Trajectory, console: Console, verdict: RunVerdict | None = None) -> None:
    """Print the tables of a run."""
    title, setting = heading(problem, run)
    console.print(Text(f"{title}  ({setting})", "bold"))
    if run.scale is not None:
        console.print(Text(run.scale.text(), "dim"))
    console.print(_groups(run))
    console.print()
    if has_known_solution(problem):
        console.print(_fields(problem, run))
        console.print()
    if run.drift is not None:
        console.print(_drift(run))
        console.print()
    for one in (*run.identified, *run.identified_fields):
        console.print(Text(str(one)))
    for line in _footer(run):
        console.print(Text(line, "dim"))
    if verdict is not None:
        console.print(Text(str(verdict), "bold"))


def losses_line(losses: dict[str, float]) -> str:
    """``1.3e-05 (f 1.1e-05, initial 2.0e-06)``, the largest groups first."""
    order = sorted(losses, key=lambda name: -losses[name])
    parts = [f"{name} {losses[name]:.1e}" for name in order[:NAMED]]
    more = ", …" if len(order) > NAMED else ""
    return f"{sum(losses.values()):.2e} ({', '.join(parts)}{more})"


def _groups(run: Trajectory) -> Table:
    table = tables.table(["group", "points", "weight λ", "first loss", "last loss", "rms residual", "fresh"])
    trained = run.training_rms()
    for name, curve in run.group_losses.items():
        n, weight = len(run.points[name]), run.group_weights[name]
        fresh = f"{run.fresh_residuals[name][-1]:.1e}" if name in run.fresh_residuals else "—"
        table.add_row(
            name,
            str(n),
            f"{weight:.3g}",
            f"{curve[0]:.2e}",
            f"{curve[-1]:.2e}",
            f"{trained[name]:.1e}",
            fresh,
        )
    if len(run.group_losses) > 1:
        count = str(sum(len(array) for array in run.points.values()))
        table.add_section()
        table.add_row("sum", count, "", f"{run.losses[0]:.2e}", f"{run.losses[-1]:.2e}", "", "")
    return table


def _fields(problem: Problem, run: Trajectory) -> Table:
    table = tables.table(["field", "relative L² error"])
    for name, error in field_errors(problem, run.network, run.parameters).items():
        table.add_row(name, f"{error:.1e}")
    if len(problem.solved.fields) > 1 and run.error is not None:
        table.add_section()
        table.add_row("all", f"{run.error:.1e}")
    return table


def _drift(run: Trajectory) -> Table:
    assert run.drift is not None
    table = tables.table(["block", "‖K(0)‖", "sup ‖K(t)−K(0)‖", "relative"])
    for block in run.drift.principal_blocks():
        name = "K" if block == WHOLE else block_label(block)
        relative = run.drift.sup_relative(block)
        table.add_row(
            name, f"{run.drift.norms[block]:.3g}", f"{run.drift.sup(block):.3g}",
            f"{relative:.3g}",
        )  # fmt: skip
    return table


def _footer(run: Trajectory) -> Iterator[str]:
    steps = len(run.times) - 1
    yield from filter(None, [run.told_stages(), run.told_mirror()])
    yield f"stopped after {steps} steps, {run.seconds:.1f} s: {run.reason}"
    moved = float(run.assumptions.parameter_shift.max())
    yield f"{run.parameters.size} parameters moved by at most {moved:.3g}; {run.evaluations} evaluations"
