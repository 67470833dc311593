"""Progress of a training run on standard error: a bar in a terminal, a few lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ntk_theory.progress import Bar, drawn
from ntk_theory.report import terminal
from ntk_theory.visible import say

if TYPE_CHECKING:
    from ntk_theory.training.methods.method import State
    from ntk_theory.training.run import Progress


@contextmanager
def shown(title: str, end: float) -> Iterator[Progress]:
    """A callback for ``train``; ``end`` is the last step or, of a flow, the last time (0 if not known)."""
    with drawn(Bar(end)) as bar:
        if bar.show:
            yield lambda state, losses: bar.update(
                state.time, f"{title}  step {state.step}  loss {terminal.run.losses_line(dict(losses))}"
            )
        else:
            yield lambda state, losses: _line(state, terminal.run.losses_line(dict(losses)))


def _line(state: State, losses: str) -> None:
    if state.step & (state.step - 1) == 0:  # powers of two
        say(f"step {state.step:<5} loss {losses}", file=sys.stderr)
