"""Files that a user names: only a regular file of bounded size is opened for reading.

A pipe would be waited for without end, and a device such as ``/dev/zero`` read until memory is full.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from ntk_theory.errors import InputError


@contextmanager
def reading(path: str | os.PathLike[str], what: str, most: int | None = None) -> Iterator[BinaryIO]:
    """Open a file for reading its bytes; what the path leads to is looked at after it is opened.

    Parameters
    ----------
    path:
        The file; links are followed.
    what:
        For messages: "the problem file".
    most:
        Bytes that it may have; ``None`` where the reader itself asks for no more than the file holds.

    Raises
    ------
    OSError
        It cannot be opened.
    InputError
        It is no regular file, or larger than ``most``.
    """
    # Without waiting: opening a pipe that nobody writes to would otherwise never return.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            kind = "a folder" if stat.S_ISDIR(about.st_mode) else "a pipe, socket or device"
            raise InputError(f"{what} {os.fspath(path)} is {kind}; it needs a regular file: name another")
        if most is not None and about.st_size > most:
            raise InputError(
                f"{what} {os.fspath(path)} has {about.st_size} bytes; it may have {most}: name another"
            )
        yield file
