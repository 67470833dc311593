"""The stores there are: found, told apart from other files, measured, verified, deleted."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from ntk_theory.errors import InputError, StoreError
from ntk_theory.studies.engine.schema import APPLICATION
from ntk_theory.studies.engine.sqlite import connect
from ntk_theory.studies.engine.store import Store, stores_folder

#: What SQLite writes at the start of a file, and where the file's mark stands after it.
MAGIC, MARK = b"SQLite format 3\0", slice(68, 72)


@dataclass(frozen=True)
class Entry:
    """One store.

    Attributes
    ----------
    size:
        Bytes on the disk, with its journal.
    kind, problems:
        Of the study.
    computed, cells:
        How many of the study's cells are there.
    failures, verdicts:
        Numbers that could not be computed; how often verdicts were recorded.
    created:
        When, in UTC.
    fingerprint:
        Of the rows, where everything was read.
    fault:
        Why it cannot be read; the fields that it hides are then empty.
    """

    path: Path
    size: int
    kind: str = ""
    problems: tuple[str, ...] = ()
    computed: int = 0
    cells: int = 0
    failures: int = 0
    verdicts: int = 0
    created: str = ""
    fingerprint: str = ""
    fault: str = ""


def is_store(path: Path) -> bool:
    """Does the file carry a store's mark, whole or damaged? Links are not followed."""
    if path.is_symlink() or not path.is_file():
        return False
    with open(path, "rb") as file:
        header = file.read(MARK.stop)
    return header.startswith(MAGIC) and header[MARK] == APPLICATION.to_bytes(4, "big")


def find(places: Iterable[Path] = ()) -> list[Path]:
    """Files as they are named, and of each folder the stores in it; default: where ``verify`` keeps them.

    Raises
    ------
    InputError
        There is no such file or folder.
    """
    given = list(places)
    found = []
    for place in given or [stores_folder()]:
        if place.is_dir():
            found += sorted(path for path in place.iterdir() if is_store(path))
        elif given and not place.exists():
            raise InputError(f"there is no store or folder {place}; check the path")
        elif given:
            found.append(place)
    return found


def describe(path: Path, *, verify: bool = False) -> Entry:
    """What a store holds; ``verify`` reads every number and text in it and compares the checksums."""
    size = sum(file.stat().st_size for file in (path, journal(path)) if file.is_file())
    try:
        with Store.open(path) as store:
            study = store.study
            # failures and verdicts are short: they are compared with their checksums in any case
            entry = Entry(
                path,
                size,
                study.kind,
                tuple(case.label for case in study.cases),
                len(store.done()),
                len(study.cells()),
                len(store.failures()),
                len(store.verdicts()),
                store.created,
                store.verify() if verify else "",
            )
    except (StoreError, OSError) as error:
        return Entry(path, size, fault=str(error))
    return entry


def delete(path: Path) -> None:
    """Remove a store and its journal.

    Raises
    ------
    InputError
        It is no store, or a link.
    StoreError
        Another process is writing to it, or it cannot be removed.
    """
    if path.is_symlink():
        raise InputError(f"{path} is a link; name the store itself")
    if not is_store(path):
        what = "is not a store of this package" if path.exists() else "does not exist"
        raise InputError(f"{path} {what}; nothing was deleted")
    _need_idle(path)
    try:
        # The journal first: left behind, it would be rolled back into the next store of this name.
        journal(path).unlink(missing_ok=True)
        path.unlink()
    except OSError as error:
        raise StoreError(f"cannot delete {path} ({error.strerror}); make its folder writable") from error


def journal(path: Path) -> Path:
    """Where SQLite keeps what a transaction would undo."""
    return Path(f"{os.fspath(path)}-journal")


def _need_idle(path: Path) -> None:
    """Refuses a store into which another process is writing; a damaged one cannot be asked."""
    with suppress(sqlite3.DatabaseError), closing(connect(path, write=True)) as connection:
        connection.execute("PRAGMA busy_timeout = 0")
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise StoreError(f"another process is writing to {path}; end it, then delete") from None
            raise
