"""What this process may take: bytes of memory, processors, threads. The one policy of the whole package.

*Memory* of a process is the least of the machine's main memory, the limits of its control groups (containers,
batch systems) and what is left of its address space (``ulimit -v``). A call may take :data:`SHARE` of it,
unless its user sets a limit; what would take more is refused before it is begun.

*Threads*: a call may use all processors of this process, lowered by the usual environment variables, or as
many as the innermost :func:`thread_limit` around it says. The limit belongs to the caller's context, so
callers side by side do not see each other's. BLAS has one number of threads per process: the least that any
block asks for meanwhile.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from numbers import Real
from pathlib import Path, PurePosixPath
from typing import Any

from ntk_theory.errors import InputError, ResourceError

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

#: Share of the memory that a call, or all workers of a study together, may take unless a limit is given.
SHARE = 0.75
#: Environment variables that lower the number of threads.
VARIABLES = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
#: Where Linux shows control groups.
CGROUPS = Path("/sys/fs/cgroup")


def allowed_memory(limit: float | None = None, *, most: float = math.inf) -> float:
    """Bytes that a call may take: ``limit``, by default a share of all memory, at most ``most``.

    The share is :data:`SHARE` of :func:`memory`.

    Raises
    ------
    InputError
        unless ``limit`` is a positive number.
    """
    if limit is None:
        return min(SHARE * memory(), most)
    if isinstance(limit, bool) or not isinstance(limit, Real) or not limit > 0:
        raise InputError(f"memory_limit is {limit!r}; it needs a positive number of bytes")
    return float(limit)


def require_memory(needed: float, what: str, way_out: str) -> None:
    """Refuse what would take more than :func:`allowed_memory`, before it is allocated.

    Raises
    ------
    ResourceError
        with what needs how many bytes, how many there are, and the way out.
    """
    allowed = allowed_memory()
    if needed > allowed:
        raise ResourceError(
            f"{what} need {needed / 1e9:.3g} GB and this process may take {allowed / 1e9:.3g} GB; {way_out}"
        )


def memory() -> float:
    """Bytes of memory of this process, in use or not (infinite where the system does not say)."""
    return min(_machine_memory(), address_space())


@cache
def _machine_memory() -> float:
    """Main memory, lowered by control groups: read once, neither changes while a process runs."""
    return min(main_memory(), cgroup_memory(_own_cgroups(), CGROUPS))


def main_memory() -> float:
    """Bytes of main memory of this machine (infinite where the system does not say)."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return math.inf


def address_space() -> float:
    """Bytes that this process may still map (infinite without a limit)."""
    if resource is None:
        return math.inf
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft == resource.RLIM_INFINITY:
        return math.inf
    mapped = _read(Path("/proc/self/statm")).split()
    return max(float(soft) - (int(mapped[0]) * resource.getpagesize() if mapped else 0), 0.0)


def cgroup_memory(groups: str, root: Path) -> float:
    """Bytes that the control groups allow: the least limit of a group and those above it.

    Parameters
    ----------
    groups:
        Lines ``number:controllers:path`` as in ``/proc/self/cgroup``; the unified hierarchy names no
        controllers.
    root:
        Where groups are mounted.
    """
    unified = _limits(groups, "", root, "memory.max")
    return min([*unified, *_limits(groups, "memory", root / "memory", "memory.limit_in_bytes"), math.inf])


def cgroup_processors(groups: str, root: Path) -> float:
    """Processors that the control groups' quotas of time allow, as in :func:`cgroup_memory`."""
    shares = [math.inf]
    for line in _lines(groups, "", root, "cpu.max"):
        quota, _, period = line.partition(" ")
        shares += [int(quota) / int(period)] if quota.isdigit() and period.isdigit() else []
    return min(shares)


def _limits(groups: str, controller: str, root: Path, name: str) -> list[float]:
    return [float(line) for line in _lines(groups, controller, root, name) if line.isdigit()]


def _lines(groups: str, controller: str, root: Path, name: str) -> Iterator[str]:
    """The contents of a file of this process's group and of all groups above it."""
    for line in groups.splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3 and controller in parts[1].split(","):
            inside = PurePosixPath(parts[2].lstrip("/"))
            for group in (inside, *inside.parents):
                yield _read(root / group / name).strip()


def _own_cgroups() -> str:
    return _read(Path("/proc/self/cgroup"))


def _read(path: Path) -> str:
    """A file's text, empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def processors() -> int:
    """The processors that this process may use: its affinity, lowered by its control groups' quotas."""
    affinity = getattr(os, "sched_getaffinity", None)
    found = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, int(min(found, math.ceil(min(cgroup_processors(_own_cgroups(), CGROUPS), found)))))


def default_threads(environment: Mapping[str, str]) -> int:
    """The processors of this process, lowered by :data:`VARIABLES` of its environment.

    >>> default_threads({"OMP_NUM_THREADS": "1"})
    1
    """
    values = [environment.get(name, "") for name in VARIABLES]
    return min([processors(), *(int(value) for value in values if value.isdigit() and int(value) > 0)])


#: Threads where nobody sets a limit.
THREADS = default_threads(os.environ)
#: Threads of the calls in this context.
_threads: ContextVar[int] = ContextVar("threads", default=THREADS)


def thread_count() -> int:
    """How many threads a call may use."""
    return _threads.get()


@contextmanager
def thread_limit(count: int) -> Iterator[None]:
    """Within the block kernels use at most ``count`` threads, and so does BLAS, in the whole process.

    Raises
    ------
    InputError
        unless ``count`` is a positive integer.

    >>> with thread_limit(1):
    ...     thread_count()
    1
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InputError(f"count is {count!r}; it needs a positive number of threads")
    token = _threads.set(count)
    try:
        with BLAS.limited(count, anew=True):
            yield
    finally:
        _threads.reset(token)


class BlasThreads:
    """The threads of BLAS, of which a process has one number: the least of what blocks ask for meanwhile."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: list[int] = []
        self._libraries: tuple[Any, ...] | None = None
        self._before: dict[str, int] = {}

    @contextmanager
    def limited(self, count: int, *, anew: bool = False) -> Iterator[None]:
        """Within the block BLAS uses at most ``count`` threads.

        ``anew`` looks for libraries that were loaded since the last time (milliseconds), unless blocks
        around this one ask for as few threads.
        """
        with self._lock:
            if count < min(self._asked, default=math.inf):
                self._set(count, anew)
            self._asked.append(count)
        try:
            yield
        finally:
            with self._lock:
                self._asked.remove(count)
                self._settle(count)

    def _set(self, count: int, anew: bool = False) -> None:
        if self._libraries is None or anew:
            from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # noqa: PLC0415  classify does without

            self._libraries = tuple(ThreadpoolController().select(user_api="blas").lib_controllers)
        for library in self._libraries:
            self._before.setdefault(library.filepath, library.num_threads)
            _set_threads(library, count)

    def _settle(self, count: int) -> None:
        """Go back to what the blocks that are left ask for, or to what was before all of them."""
        if not self._asked:
            for library in self._libraries or ():
                _set_threads(library, self._before.get(library.filepath, library.num_threads))
            self._before.clear()
        elif min(self._asked) > count:
            self._set(min(self._asked))


def _set_threads(library: Any, count: int) -> None:
    """Set the number, and leave nobody the owner: threadpoolctl 3.7 lets only one thread set it."""
    release = getattr(library, "clear_controlling_thread", None)
    if release is not None:
        release(force=True)
    library.set_num_threads(count)
    if release is not None:
        release(force=True)


#: BLAS in this process.
BLAS = BlasThreads()
