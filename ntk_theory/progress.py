"""How far a run is: one bar on standard error, where that is a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from ntk_theory.visible import on_one_line

WIDTH = 30
#: Seconds between two drawings.
PERIOD = 0.2
#: Estimated seconds from which a computation shows a bar of its own.
PATIENCE = 3.0

#: Called with the fraction done, 0 < fraction ≤ 1.
Hook = Callable[[float], None]


class Bar:
    """One line: a bar, words on what is done, and the time that is left.

    Parameters
    ----------
    total:
        How much there is to do, in units in which time passes evenly; 0 where nobody knows: no bar then.
    show:
        ``False`` keeps silent; on anything but a terminal nothing is shown either.
    stream:
        Default: standard error.
    """

    def __init__(self, total: float, *, show: bool = True, stream: TextIO | None = None) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.show = show and self.stream.isatty()
        self.total, self.done = total, 0.0
        self._start = self._drawn = time.monotonic()

    def note(self, text: str) -> None:
        """Say what is going on before anything is done."""
        if self.show:
            self._write(text)

    def advance(self, amount: float, text: str = "") -> None:
        """So much more is done; ``text`` says what."""
        self.update(self.done + amount, text)

    def update(self, done: float, text: str = "") -> None:
        """So much is done of the total; ``text`` says what."""
        self.done = done
        now = time.monotonic()
        if self.show and (now - self._drawn >= PERIOD or 0 < self.total <= done):
            self._drawn = now
            self._write(self.line(now - self._start, text))

    def line(self, elapsed: float, text: str = "") -> str:
        """The line after so many seconds."""
        if not self.total:
            return text
        fraction = min(self.done / self.total, 1.0)
        full = round(WIDTH * fraction)
        words = text or f"{100 * fraction:3.0f} %"
        left = f", {duration(elapsed * (1 / fraction - 1))} left" if fraction else ""
        return f"[{'=' * full}{' ' * (WIDTH - full)}] {words}{left}"

    def close(self) -> None:
        """Clear the line."""
        if self.show:
            self._write("")

    def _write(self, text: str) -> None:
        self.stream.write("\r\x1b[K" + on_one_line(text))
        self.stream.flush()


@contextmanager
def drawn(bar: Bar) -> Iterator[Bar]:
    """Within the block a bar stands on its line; the line is cleared afterwards."""
    try:
        yield bar
    finally:
        bar.close()


@contextmanager
def hook_or_bar(hook: Hook | None, seconds: float) -> Iterator[Hook | None]:
    """The caller's hook; or else that of a bar, where the run is long and somebody looks."""
    if hook is not None or seconds < PATIENCE or not sys.stderr.isatty():
        yield hook
        return
    with drawn(Bar(1.0)) as bar:
        yield bar.update


class Meter:
    """Counts finished work, from any thread, and reports the fraction to a hook."""

    def __init__(self, hook: Hook | None, total: int) -> None:
        self._hook, self._total, self._done = hook, total, 0
        self._lock = threading.Lock()

    def tick(self, amount: int) -> None:
        """``amount`` more is done."""
        if self._hook is None:
            return
        with self._lock:
            self._done += amount
            self._hook(self._done / self._total)


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
