"""Progress of a training run on standard error: a bar in a terminal, a few lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ntk_theory.training.methods.method import State

Progress = Callable[["State", Mapping[str, float]], None]


@contextmanager
def shown(title: str, end: float) -> Iterator[Progress]:
    """A callback for ``train``; ``end`` is the last step or, of a flow, the last time (0 if not known)."""
    from rich.console import Console  # noqa: PLC0415  --json does without

    from ntk_theory.report.terminal.run import losses_line  # noqa: PLC0415

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda state, losses: _line(state, losses_line(dict(losses)))
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("step {task.fields[step]}  loss {task.fields[losses]}"),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=console, transient=True) as bars:
        task = bars.add_task(title, total=end or None, step=0, losses="")
        yield lambda state, losses: bars.update(
            task, completed=state.time, step=state.step, losses=losses_line(dict(losses))
        )


def _line(state: State, losses: str) -> None:
    if state.step & (state.step - 1) == 0:  # powers of two
        print(f"step {state.step:<5} loss {losses}", file=sys.stderr)
