"""Working arrays that are used again by the next call.

A kernel at width 512 takes tens of arrays of a megabyte each; asking the operating system for fresh pages
every time costs as much as the arithmetic. An :class:`Arena` hands out arrays from a process-wide stock
and puts all of them back at once. What a caller returns to the user must never come from here.
"""

from __future__ import annotations

import math
import threading

import numpy as np

from ntk_theory.arrays import Floats

#: Bytes that may stay in stock between calls.
STOCK_BYTES = 2**27


class _Stock:
    """Free blocks by their number of entries.

    One per process on purpose: an array that one call gives back serves the next, and no object outlives a
    call that could hold it. It decides where a number is computed, never which: contents are undefined.
    """

    lock = threading.Lock()
    blocks: dict[int, list[Floats]] = {}  # noqa: RUF012 (one per process on purpose)
    bytes = 0


class Arena:
    """The working arrays of one call, or of one tile of it; safe to share between threads."""

    def __init__(self) -> None:
        self._taken: list[Floats] = []

    def empty(self, *shape: int) -> Floats:
        """An array of undefined contents, valid until :meth:`release`."""
        size = math.prod(shape)
        with _Stock.lock:
            free = _Stock.blocks.get(size)
            block = free.pop() if free else None
            if block is not None:
                _Stock.bytes -= block.nbytes
        if block is None:
            block = np.empty(size)
        self._taken.append(block)
        return block.reshape(shape)

    def release(self) -> None:
        """Put every array back; the caller must not use them any more."""
        taken, self._taken = self._taken, []
        with _Stock.lock:
            for block in taken:
                if _Stock.bytes + block.nbytes <= STOCK_BYTES:
                    _Stock.blocks.setdefault(block.size, []).append(block)
                    _Stock.bytes += block.nbytes
            if not _Stock.bytes:
                _Stock.blocks.clear()
