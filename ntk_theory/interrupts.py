"""Signals that ask a command to stop: each stops it as Ctrl-C does, and saving is not cut short by them.

Ctrl-C (SIGINT), SIGTERM (a batch system, ``kill``) and SIGHUP (the terminal was closed) arrive as
:class:`Stopped`, a ``KeyboardInterrupt``, so that whatever keeps its results on Ctrl-C keeps them on all.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: The signals that a command answers; Windows lacks SIGHUP.
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Stopped(KeyboardInterrupt):
    """A signal asked this process to stop; ``number`` says which."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)

    @property
    def code(self) -> int:
        """The exit code that shells give a process which ended by this signal."""
        return 128 + self.number


def exit_code(cause: BaseException | None) -> int:
    """128 + the number of the signal behind an error; that of Ctrl-C where there is none."""
    while cause is not None:
        if isinstance(cause, Stopped):
            return cause.code
        cause = cause.__cause__ or cause.__context__
    return 128 + signal.SIGINT


@contextmanager
def stoppable() -> Iterator[None]:
    """Within the block the signals raise :class:`Stopped`, in the main thread.

    A signal that is ignored stays so (``nohup``, jobs in the background).
    """
    with _handled(_stop):
        yield


@contextmanager
def unstopped() -> Iterator[None]:
    """Within the block the signals wait; the first of them is raised at its end."""
    waiting: list[int] = []
    with _handled(lambda number, _: waiting.append(number)):
        yield
    if waiting:
        raise Stopped(waiting[0])


def _stop(number: int, _: FrameType | None) -> None:
    raise Stopped(number)


@contextmanager
def _handled(handler: signal._HANDLER) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # Python lets only that one set handlers
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    before = {number: known for number, known in before.items() if known not in (None, signal.SIG_IGN)}
    try:
        for number in before:
            signal.signal(number, handler)
        yield
    finally:
        for number, known in before.items():
            signal.signal(number, known)
