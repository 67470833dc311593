"""Plain threads over ranges of items; the number of threads is a process-wide limit.

Kernels release the interpreter's lock, so a small pool of Python threads shares a loop. Nothing here
enters Numba's threading layer, hence these functions may be called from several threads at once, and
each item is computed by the same instructions whatever the number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from ntk_theory.errors import InputError

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

    ``grain`` is the smallest number of items worth a thread of its own.
    """
    parts = max(1, min(_State.limit, items // max(grain, 1)))
    if parts == 1:
        work(0, items)
        return
    cuts = [items * k // parts for k in range(parts + 1)]
    pool = _pool(parts - 1)
    futures = [pool.submit(work, cuts[k], cuts[k + 1]) for k in range(1, parts)]
    work(cuts[0], cuts[1])
    for future in futures:
        future.result()


def _pool(size: int) -> ThreadPoolExecutor:
    if _State.pool is None or _State.size < size or _State.owner != os.getpid():
        _State.pool = ThreadPoolExecutor(size, thread_name_prefix="ntk-kernel")
        _State.size, _State.owner = size, os.getpid()
    return _State.pool
