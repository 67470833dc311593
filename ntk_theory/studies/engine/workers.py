"""Where cells are computed: this process, local processes, or a Dask cluster; one thread each.

Every task runs with one BLAS thread and one kernel thread, since the order of additions, hence the last
bit, depends on their number.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from ntk_theory.errors import InputError, ResourceError, WorkerError
from ntk_theory.resources import allowed_memory, processors, thread_limit

Task = TypeVar("Task")
Result = TypeVar("Result")
#: Seconds after which an idle local worker ends.
IDLE_SECONDS = 300
#: Seconds between two looks of a worker at whether its parent still lives.
WATCH_SECONDS = 1.0
#: Tasks that a cluster is asked for at a time: a scheduler keeps what it was sent, and a task can bear a law
#: of several hundred kilobytes.
MOST_ASKED = 4096
#: Seconds to wait for a cluster's scheduler.
CLUSTER_SECONDS = "15s"
#: Seconds for taking leave of it.
CLOSING_SECONDS = 5


def worker_count(workers: int | None, worker_bytes: float) -> int:
    """How many local processes: as asked, by default one per core, no more than memory allows.

    Raises
    ------
    ResourceError
        if not even one fits.
    """
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise InputError(f"workers is {workers!r}; it needs a positive number of processes")
    fit = allowed_memory() / worker_bytes
    if fit < 1:
        raise ResourceError(
            f"one cell of this study needs {worker_bytes / 2**30:.1f} GiB, more than this machine has; "
            "use smaller widths, fewer points or less depth"
        )
    return int(min(workers or processors(), fit))


def stream(
    function: Callable[[Task], Result], tasks: Sequence[Task], workers: int, cluster: str | None = None
) -> Iterator[Result]:
    """``function`` of every task, in the order in which they finish.

    Raises
    ------
    WorkerError
        A worker process ended, the system ran out of memory, or the cluster cannot be reached.
    """
    if cluster is not None:
        yield from _on_cluster(function, tasks, cluster)
        return
    if workers == 1 or len(tasks) < 2:
        for task in tasks:
            yield _alone(function, task, os.getpid())
        return
    from joblib import Parallel, delayed, parallel_config  # noqa: PLC0415 - only where processes are used

    with ExitStack() as stack:
        _Pool.drop_if_stale()
        stack.callback(_Pool.touch)
        stack.enter_context(_explained())
        options: dict[str, Any] = {"inner_max_num_threads": 1, "idle_worker_timeout": IDLE_SECONDS}
        stack.enter_context(parallel_config("loky", n_jobs=workers, **options))
        parallel = Parallel(return_as="generator_unordered", batch_size=1)
        parent = os.getpid()
        results = parallel(delayed(_alone)(function, task, parent) for task in tasks)
        with closing(results):
            yield from results


def _on_cluster(function: Callable[[Task], Result], tasks: Sequence[Task], address: str) -> Iterator[Result]:
    """Dask itself rather than joblib's backend for it, which waits for ever when the scheduler is gone.

    A client that loses its scheduler cancels what it asked for, and :func:`distributed.as_completed` hands
    the cancelled ones out like the finished ones.
    """
    with _cluster_explained(address), _client(address) as client:
        from distributed import as_completed  # noqa: PLC0415  as in _client

        def ask(some: Iterable[Task]) -> list[Any]:
            found: list[Any] = client.map(
                partial(_alone, function, parent=os.getpid()), list(some), pure=False
            )
            return found

        left = iter(tasks)
        asked = as_completed(ask(islice(left, MOST_ASKED)), loop=client.loop)  # type: ignore[no-untyped-call]
        for answer in asked:
            result = answer.result()
            answer.release()
            asked.update(ask(islice(left, 1)))  # type: ignore[no-untyped-call]
            yield result


@contextmanager
def _quiet() -> Iterator[None]:
    """Dask logs a traceback for each thing that it loses; what was lost is said once, by our sentence."""
    known = [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    named = [logging.getLogger(name) for name in known]
    before = [(logger, logger.level) for logger in named]
    try:
        for logger in named:
            logger.setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for logger, level in before:
            logger.setLevel(level)


@contextmanager
def _cluster_explained(address: str) -> Iterator[None]:
    """A cluster that went away as one sentence."""
    from concurrent.futures import CancelledError  # noqa: PLC0415  as in _client

    from distributed import CancelledError as Cancelled  # noqa: PLC0415
    from distributed import KilledWorker  # noqa: PLC0415
    from distributed.comm.core import CommClosedError  # noqa: PLC0415

    try:
        yield
    except (CancelledError, Cancelled, CommClosedError) as error:
        raise WorkerError(
            f"the Dask scheduler at {address} went away; completed cells are kept: start it again, "
            "and run again to resume"
        ) from error
    except KilledWorker as error:
        raise WorkerError(
            "workers of the cluster ended without an answer, most likely for lack of memory; completed cells "
            "are kept: run again to resume, with smaller widths"
        ) from error


def _alone(function: Callable[[Task], Result], task: Task, parent: int) -> Result:
    """Run one task with one thread; Ctrl-C is the parent's business, who then ends the workers."""
    if os.getpid() != parent:
        _settle(parent)
    with thread_limit(1):
        return function(task)


def _settle(parent: int) -> None:
    """Make a local worker leave Ctrl-C to its parent, and end with it even if that was killed."""
    if _Settled.done or os.getppid() != parent:
        return
    _Settled.done = True
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="ntk-watch", daemon=True).start()


class _Settled:
    """Was :func:`_settle` done in this process?

    A signal handler and a watching thread belong to the process, so the mark of having them does too.
    """

    done = False


class _Pool:
    """When joblib's pool of local processes, which waits for the next run, was last used.

    joblib keeps one such pool per process, whoever asks for it; so there is one time to remember.
    """

    used: float | None = None

    @classmethod
    def touch(cls) -> None:
        cls.used = time.monotonic()

    @classmethod
    def drop_if_stale(cls) -> None:
        """End idle workers before their time: a task sent while they end by themselves can be lost.

        loky 3.6 then waits for its result for ever (seen in 1 of some 20 attempts at that moment).
        """
        if cls.used is not None and time.monotonic() - cls.used > IDLE_SECONDS / 2:
            from joblib.externals.loky import get_reusable_executor  # noqa: PLC0415  as joblib in stream

            get_reusable_executor(reuse=True).shutdown(wait=True)
        cls.used = None


@contextmanager
def _explained() -> Iterator[None]:
    """A dead worker as one sentence."""
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415  as joblib in stream

    try:
        yield
    except BrokenProcessPool as error:
        raise WorkerError(
            "a worker process ended without an answer, most likely for lack of memory; completed cells are "
            "kept: run again to resume, with fewer workers or smaller widths"
        ) from error
    except MemoryError as error:
        raise WorkerError(
            "a worker ran out of memory; completed cells are kept: run again to resume, with fewer workers"
        ) from error


@contextmanager
def _client(address: str) -> Iterator[Any]:
    try:
        from distributed import Client  # noqa: PLC0415 - the extra "cluster"
        from distributed.comm.addressing import resolve_address  # noqa: PLC0415
    except ImportError:
        raise InputError(
            "cluster needs the package distributed; install it with: pip install 'ntk_theory[cluster]'"
        ) from None
    with _quiet():  # its loggers exist once it is imported
        try:
            resolve_address(address)  # a client that fails at it is not taken down without a traceback
            client: Any = Client(address, timeout=CLUSTER_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, ValueError, TimeoutError) as error:
            raise WorkerError(
                f"cluster is {address!r}, where no Dask scheduler answers ({error}); "
                "give the address that `dask scheduler` prints, such as tcp://127.0.0.1:8786"
            ) from error
        try:
            yield client
        finally:
            with suppress(Exception):  # a scheduler that is gone cannot be taken leave of
                client.close(timeout=CLOSING_SECONDS)
