"""Plain threads over ranges of items; the number of threads is a process-wide limit.

Kernels release the interpreter's lock, so a small pool of Python threads shares a loop. Nothing here
enters Numba's threading layer, hence these functions may be called from several threads at once, and
each item is computed by the same instructions whatever the number of threads.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from ntk_theory.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")
Range = Callable[[int, int], object]


def _from_environment() -> int:
    """The processors this process may use, lowered by the usual environment variables."""
    affinity = getattr(os, "sched_getaffinity", None)
    found = len(affinity(0)) if affinity else os.cpu_count() or 1
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        value = os.environ.get(name, "")
        if value.isdigit() and int(value) > 0:
            found = min(found, int(value))
    return found


class _State:
    """The limit and the pool of this process (a forked child starts its own pool)."""

    limit: int = _from_environment()
    pool: ThreadPoolExecutor | None = None
    size: int = 0
    owner: int = 0
    lock = threading.Lock()
    blas: Any = None
    limiter: Any = None
    users: int = 0


def thread_count() -> int:
    """How many threads a kernel may use."""
    return _State.limit


@contextmanager
def thread_limit(count: int) -> Iterator[None]:
    """Within the block kernels and BLAS use at most ``count`` threads.

    BLAS is limited through threadpoolctl, for the whole process.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415

    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InputError(f"count is {count!r}; it needs a positive number of threads")
    before, _State.limit = _State.limit, count
    try:
        with threadpool_limits(limits=count, user_api="blas"):
            yield
    finally:
        _State.limit = before


def share(work: Range, items: int, grain: int = 1) -> None:
    """``work(start, stop)`` over disjoint ranges that cover 0..items.

    ``grain`` is the smallest number of items worth a thread of its own. Inside :func:`each` the whole
    range is done by the calling thread.
    """
    parts = 1 if _inside.active else max(1, min(_State.limit, items // max(grain, 1)))
    cuts = [items * k // parts for k in range(parts + 1)]
    each(lambda k: work(cuts[k], cuts[k + 1]), range(parts))


def each(task: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """``[task(item) for item in items]`` by several threads; results come in the order of the items.

    BLAS uses one thread per task meanwhile: two tasks on two cores beat one product split over them,
    and they do not stall when another process takes a core. Nested calls are serial. NumPy's warnings are
    off: callers test what they return for values that are not finite.
    """
    if _inside.active or min(_State.limit, len(items)) < 2:
        with np.errstate(all="ignore"):
            return [task(item) for item in items]
    with _single_blas():
        return list(_pool(_State.limit).map(lambda item: _run(task, item), items))


def _run(task: Callable[[Item], Result], item: Item) -> Result:
    _inside.active = True
    try:
        with np.errstate(all="ignore"):  # a thread does not inherit the caller's setting
            return task(item)
    finally:
        _inside.active = False


class _Inside(threading.local):
    """Is this thread working on an item of :func:`each`?"""

    active: bool = False


_inside = _Inside()


@contextmanager
def _single_blas() -> Iterator[None]:
    """BLAS with one thread, for the whole process, until the last such block ends."""
    with _State.lock:
        if _State.blas is None:
            from threadpoolctl import ThreadpoolController  # noqa: PLC0415

            _State.blas = ThreadpoolController().select(user_api="blas")
        if not _State.users:
            _State.limiter = _State.blas.limit(limits=1)
        _State.users += 1
    try:
        yield
    finally:
        with _State.lock:
            _State.users -= 1
            if not _State.users:
                _State.limiter.restore_original_limits()


def _pool(size: int) -> ThreadPoolExecutor:
    with _State.lock:
        if _State.pool is None or _State.size < size or _State.owner != os.getpid():
            _State.pool = ThreadPoolExecutor(size, thread_name_prefix="ntk-kernel")
            _State.size, _State.owner = size, os.getpid()
        return _State.pool
