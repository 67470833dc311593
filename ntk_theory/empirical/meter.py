"""Counting finished work for a progress hook."""

from __future__ import annotations

import threading
from collections.abc import Callable

#: Called with the fraction done, 0 < fraction ≤ 1.
Progress = Callable[[float], None]


class Meter:
    """Counts finished work, from any thread, and reports the fraction to a progress hook."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0
        self._lock = threading.Lock()

    def tick(self, amount: int) -> None:
        """``amount`` more is done."""
        if self._progress is None:
            return
        with self._lock:
            self._done += amount
            self._progress(self._done / self._total)
