"""SQLite files: opening one, telling a damaged one, its errors as sentences."""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ntk_theory.errors import StoreError

#: Seconds to wait while another process writes.
PATIENCE = 30.0
#: Seconds that one reading statement may take, and more per byte of the file: 1 MB/s, slower than any disk.
STATEMENT_SECONDS, SECONDS_PER_BYTE = 30.0, 1e-6
#: SQLite's steps between two looks at the clock, about a millisecond.
STEPS = 100_000


def is_blank(path: Path) -> bool:
    """Is there nothing yet: no file, or one whose creation was cut off before its first transaction?"""
    if not path.exists():
        return True
    if not path.is_file():
        return False
    if path.stat().st_size == 0:
        return True
    if not Path(f"{path}-journal").exists():
        return False
    with complaints(path, "open"):
        connection = connect(path, write=True)
        try:  # reading rolls an unfinished transaction back
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        finally:
            connection.close()
    return tables == 0 and path.stat().st_size == 0


def connect(path: Path, *, write: bool = False) -> sqlite3.Connection:
    """An open file, which is only read unless ``write``; where it is written, transactions are begun by hand.

    They are on the disk when they end.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'rwc' if write else 'ro'}",
        uri=True,
        timeout=PATIENCE,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        for pragma in ("synchronous = FULL", "trusted_schema = OFF", "cell_size_check = ON"):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def limited(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Ends a statement that takes longer than any honest one on a file of this size."""
    end = time.monotonic() + STATEMENT_SECONDS + SECONDS_PER_BYTE * path.stat().st_size
    connection.set_progress_handler(lambda: time.monotonic() > end, STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, STEPS)


@contextmanager
def complaints(path: Path, doing: str) -> Iterator[None]:
    """SQLite's and the system's errors as one sentence each."""
    try:
        yield
    except StoreError:
        raise
    except sqlite3.Error as error:
        raise StoreError(_explain(path, doing, str(error))) from error
    except UnicodeDecodeError as error:  # texts, even SQLite's own messages, from a damaged file
        raise StoreError(damaged(path, "a text in it is not readable")) from error
    except OSError as error:
        raise StoreError(_explain(path, doing, error.strerror or str(error))) from error


def _explain(path: Path, doing: str, text: str) -> str:
    lower = text.lower()
    if lower == "interrupted":
        return damaged(path, "reading it takes longer than a store of its size can")
    remedy = "completed cells are kept: run again to resume"
    if "not a database" in lower or "malformed" in lower:
        return f"the store {path} is damaged or not a store ({text}); restore a copy, or name another file"
    if "full" in lower or "disk i/o" in lower:
        remedy = "make room on the disk; completed cells are kept: run again to resume"
    elif "readonly" in lower or "read-only" in lower or "denied" in lower or "unable to open" in lower:
        remedy = "make the file and its folder writable, or name another file"
    elif "locked" in lower:
        remedy = "another process is writing to it: wait for that, then run again to resume"
    return f"cannot {doing} the store {path} ({text}); {remedy}"


def damaged(path: Path, why: str) -> str:
    """The sentence about a damaged store."""
    return f"the store {path} is damaged ({why}); restore a copy, or run the study into a new file"


def checksum(key: Sequence[Any], first: bytes = b"", second: bytes = b"") -> int:
    """CRC-32 over a key and two blobs."""
    return zlib.crc32(second, zlib.crc32(first, zlib.crc32(repr(tuple(key)).encode())))
