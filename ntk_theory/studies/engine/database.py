"""A store's file as a database: read until something is written, each write one transaction.

Whatever a row holds is compared with its checksum here; what the rows mean is not known here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ntk_theory.errors import StoreError
from ntk_theory.studies.engine.schema import SCHEMA, SUM, check_file, meta_checksum, upgrade
from ntk_theory.studies.engine.sqlite import checksum, complaints, connect, damaged, limited
from ntk_theory.studies.engine.wellformed import read_json
from ntk_theory.studies.question.study import canonical


class Database:
    """An open file; ``guard`` is the column of the checksums that the first schema lacks."""

    def __init__(self, path: Path, *, write: bool = False) -> None:
        self.path = path
        self.guard = "guard"
        self._connection = connect(path, write=write)
        self._writable = write

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def check(self) -> None:
        """Refuses what is no whole store."""
        with limited(self._connection, self.path):
            schema = check_file(self._connection, self.path)
        self.guard = "guard" if schema == SCHEMA else "NULL"
        meta = dict(self.plain("SELECT name, value FROM meta"))
        if meta.get(SUM, own := meta_checksum(meta)) != own:
            raise StoreError(damaged(self.path, "its description fails its checksum"))

    def meta(self, name: str) -> str:
        """An entry of the file's description."""
        rows = self.select("SELECT value FROM meta WHERE name = ?", (name,))
        if not rows:
            raise StoreError(damaged(self.path, f"it lacks its {name}"))
        return str(rows[0][0])

    def select(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """The rows of a query."""
        with complaints(self.path, "read"), limited(self._connection, self.path):
            return self._connection.execute(query, values).fetchall()

    def plain(self, query: str) -> list[Any]:
        """The rows of a query for names and texts: one bit in a row's header makes bytes of them."""
        rows = self.select(query)
        if not all(value is None or isinstance(value, str | int) for row in rows for value in row):
            raise StoreError(damaged(self.path, "a name in it is no text"))
        return rows

    def compare(self, own: int, stored: int | None, what: str) -> None:
        """Refuses what fails its checksum; a row that is older than its checksum has none."""
        if stored is not None and own != stored:
            raise StoreError(damaged(self.path, f"{what} fails its checksum"))

    def texts(self, table: str, key: str, shape: Any) -> list[Any]:
        """The JSON texts of a table in the order of its rows; key: the names of the columns before them."""
        found = []
        for *row, guard in self.select(f"SELECT {key}, text, {self.guard} FROM {table} ORDER BY 1"):
            self.compare(checksum(row), guard, f"a text of {table}")
            found.append(read_json(row[-1], shape, self.path, table))
        return found

    def add_text(self, table: str, key: str, table_of_text: Any) -> None:
        """Append JSON-like data to a table of texts."""
        with self.transaction() as connection:
            (last,) = connection.execute(f"SELECT max(rowid) FROM {table}").fetchone()
            row = ((last or 0) + 1, now(), canonical(table_of_text))
            connection.execute(
                f"INSERT INTO {table} ({key}, text, guard) VALUES (?, ?, ?, ?)", (*row, checksum(row))
            )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is written inside is on the disk afterwards, or nothing of it."""
        with complaints(self.path, "write"):
            if not self._writable:
                self._connection.close()
                self._connection, self._writable = connect(self.path, write=True), True
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                if self.guard == "NULL" and self._is_outdated():
                    upgrade(self._connection)
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self.guard = "guard"

    def _is_outdated(self) -> bool:
        """Is the file still of the first schema? Another process may have upgraded it meanwhile."""
        (schema,) = self._connection.execute("PRAGMA user_version").fetchone()
        return bool(schema != SCHEMA)


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
