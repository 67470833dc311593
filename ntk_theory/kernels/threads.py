"""Plain threads over ranges of items.

Kernels release the interpreter's lock, so a small pool of Python threads shares a loop. Nothing here
enters Numba's threading layer, hence these functions may be called from several threads at once, and
each item is computed by the same instructions whatever the number of threads.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from typing import TypeVar

import numpy as np

from ntk_theory.resources import BLAS, thread_count

Item = TypeVar("Item")
Result = TypeVar("Result")
Range = Callable[[int, int], object]

#: Is this context at work on an item of :func:`each`? Then nested calls are serial.
_inside: ContextVar[bool] = ContextVar("inside", default=False)


def share(work: Range, items: int, grain: int = 1) -> None:
    """``work(start, stop)`` over disjoint ranges that cover 0..items.

    ``grain`` is the smallest number of items worth a thread of its own. Inside :func:`each` the whole
    range is done by the calling thread.
    """
    parts = 1 if _inside.get() else max(1, min(thread_count(), items // max(grain, 1)))
    cuts = [items * k // parts for k in range(parts + 1)]
    each(lambda k: work(cuts[k], cuts[k + 1]), range(parts))


def each(task: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """``[task(item) for item in items]`` by several threads; results come in the order of the items.

    BLAS uses one thread per task meanwhile: two tasks on two cores beat one product split over them,
    and they do not stall when another process takes a core. Nested calls are serial. NumPy's warnings are
    off: callers test what they return for values that are not finite.
    """
    threads = thread_count()
    if _inside.get() or min(threads, len(items)) < 2:
        with np.errstate(all="ignore"):
            return [task(item) for item in items]
    with BLAS.limited(1):
        return list(POOL.at_least(threads).map(_in_copies(task, len(items)), items))


def _in_copies(task: Callable[[Item], Result], count: int) -> Callable[[Item], Result]:
    """A task that runs in the caller's context, with its thread limit, whatever thread runs it."""
    contexts = [copy_context() for _ in range(count)]  # one each: a context is entered by one thread at once

    def run(item: Item) -> Result:
        return contexts.pop().run(_run, task, item)

    return run


def _run(task: Callable[[Item], Result], item: Item) -> Result:
    _inside.set(True)  # in a copy of the caller's context, which ends with the item
    with np.errstate(all="ignore"):
        return task(item)


class Pool:
    """The threads that run items, kept between calls; a forked child, which has none, starts its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._size = self._owner = 0

    def at_least(self, size: int) -> ThreadPoolExecutor:
        """An executor of so many threads or more."""
        with self._lock:
            if self._executor is None or self._size < size or self._owner != os.getpid():
                self._executor = ThreadPoolExecutor(size, thread_name_prefix="ntk-kernel")
                self._size, self._owner = size, os.getpid()
            return self._executor


#: The threads of kernels in this process.
POOL = Pool()
