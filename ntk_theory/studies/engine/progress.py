"""A one-line progress bar with the time left, on a terminal only."""

from __future__ import annotations

import sys
import time
from typing import TextIO

WIDTH = 30
#: Seconds between two drawings.
PERIOD = 0.2


class Progress:
    """Draws ``done`` out of ``total`` cells; time left goes by their cost.

    Parameters
    ----------
    cells, cost:
        What there is to do.
    show:
        ``False`` keeps silent; on anything but a terminal nothing is shown either.
    stream:
        Default: standard error.
    """

    def __init__(self, cells: int, cost: float, *, show: bool = True, stream: TextIO | None = None) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.show = show and self.stream.isatty()
        self.cells, self.cost = cells, cost
        self.done, self.spent = 0, 0.0
        self._start = self._drawn = time.monotonic()

    def note(self, text: str) -> None:
        """Say what is going on before the first cell."""
        if self.show:
            self._write(text)

    def advance(self, cells: int, cost: float) -> None:
        """So many more cells are done, and so much of the cost."""
        self.done += cells
        self.spent += cost
        now = time.monotonic()
        if self.show and (now - self._drawn >= PERIOD or self.done == self.cells):
            self._drawn = now
            self._write(self.line(now - self._start))

    def line(self, elapsed: float) -> str:
        """The line after so many seconds."""
        fraction = self.spent / self.cost if self.cost else 1.0
        full = round(WIDTH * min(fraction, 1.0))
        left = "" if not fraction else f", {duration(elapsed * max(1 / fraction - 1, 0.0))} left"
        return f"[{'=' * full}{' ' * (WIDTH - full)}] {self.done}/{self.cells} cells{left}"

    def close(self) -> None:
        """Clear the line."""
        if self.show:
            self._write("")

    def _write(self, text: str) -> None:
        self.stream.write("\r\x1b[K" + text)
        self.stream.flush()


def duration(seconds: float) -> str:
    """Whole seconds, minutes or hours, for people.

    >>> duration(8.2), duration(125), duration(7300)
    ('8 s', '2 min 05 s', '2 h 01 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
