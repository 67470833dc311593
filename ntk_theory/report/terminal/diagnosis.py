"""Why a run stalls, in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from ntk_theory.advice.diagnosis import Diagnosis
from ntk_theory.model.network import Network
from ntk_theory.report.terminal import tables
from ntk_theory.report.words import network_words, problem_title
from ntk_theory.symbolic.problem import Problem

#: Groups named for a mode.
NAMED = 2


def show(problem: Problem, network: Network, found: Diagnosis, console: Console) -> None:
    """Groups, modes with most of the loss, spectrum, causes."""
    console.print(Text(f"{problem_title(problem)}  ({network_words(network)})", "bold"))
    columns = ["group", "points", "weight λ", "rms residual", "of the loss", "mean rate", "fastest"]
    groups = tables.table(columns)
    for name, state in found.groups.items():
        groups.add_row(
            name, str(found.points[name]), f"{state.weight:.3g}", f"{state.rms:.1e}", f"{state.loss:.0%}",
            f"{state.rate:.2e}", f"{state.fastest:.2e}",
        )  # fmt: skip
    console.print(groups)
    console.print()
    modes = tables.table(["modes with most of the loss", "rate", "steps", "of the loss"])
    fastest = found.eigenvalues[0]
    for mode in found.modes:
        order = sorted(mode.groups, key=lambda name, mode=mode: -mode.groups[name])[:NAMED]  # type: ignore[misc]
        steps = f"{fastest / mode.rate:.1e}" if mode.rate > 0 else "—"
        where = ", ".join(f"{name} {mode.groups[name]:.0%}" for name in order)
        modes.add_row(where, f"{mode.rate:.2e}", steps, f"{mode.loss:.0%}")
    console.print(modes)
    console.print()
    last, count = found.eigenvalues[-1], len(found.eigenvalues)
    for line in (
        f"rates from {fastest:.2e} to {last:.2e}, {found.rank} of {count} above rounding",
        f"gradient descent is stable up to {found.largest_rate:.2g}; loss {found.loss:.2e}",
    ):
        console.print(Text(line, "dim"))
    for sentence in found.because:
        console.print(Text(sentence, "bold"))
