"""A one-line progress bar on the terminal for runs that take a few seconds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ntk_theory.empirical.meter import Progress

#: Estimated seconds from which a bar is shown.
PATIENCE = 3.0
WIDTH = 40


@contextmanager
def shown(progress: Progress | None, seconds: float) -> Iterator[Progress | None]:
    """The caller's hook; or else a bar on standard error, if that is a terminal and the run is long."""
    if progress is not None or seconds < PATIENCE or not sys.stderr.isatty():
        yield progress
        return
    try:
        yield draw
    finally:
        sys.stderr.write("\r" + " " * (WIDTH + 8) + "\r")
        sys.stderr.flush()


def draw(fraction: float) -> None:
    """Draw the bar."""
    full = int(WIDTH * fraction)
    sys.stderr.write(f"\r[{'=' * full}{' ' * (WIDTH - full)}] {100 * fraction:3.0f}%")
    sys.stderr.flush()
