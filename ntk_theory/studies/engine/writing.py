"""Putting cells into a store: what cannot be kept of one is said in its place, and the others are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np

from ntk_theory.studies.engine.cell import CellResult, Failure, Key
from ntk_theory.studies.engine.sqlite import checksum
from ntk_theory.visible import visible

#: What SQLite and Python raise about values, not about the file.
UNSTORABLE = (
    ValueError,
    TypeError,
    OverflowError,
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.NotSupportedError,
    sqlite3.ProgrammingError,
)


def write_cell(connection: sqlite3.Connection, case: int, layout: Sequence[Key], result: CellResult) -> None:
    """Write a cell inside an open transaction; one that is there already stays as it is.

    A cell whose numbers or texts cannot be stored is stored without them, with a failure that says why.
    An error of the file itself (full, locked) is passed on with the cell's name.
    """
    connection.execute("SAVEPOINT cell")
    try:
        try:
            _check(layout, result)
            _insert(connection, case, result)
        except UNSTORABLE as cause:
            connection.execute("ROLLBACK TO cell")
            reason = f"its numbers could not be stored: {visible(str(cause))}"
            lost = Failure(result.cell, "", "", reason)
            _insert(connection, case, CellResult(result.cell, _NO_IDS, _NO_VALUES, (lost,)))
    except sqlite3.OperationalError as cause:
        cell = result.cell
        place = f"{cell.case}, {cell.activation}, width {cell.width}, seed {cell.seed}"
        raise sqlite3.OperationalError(f"{cause}, at the cell {visible(place)}") from cause
    connection.execute("RELEASE cell")


_NO_IDS, _NO_VALUES = np.zeros(0, dtype=np.int32), np.zeros(0)


def _check(layout: Sequence[Key], result: CellResult) -> None:
    ids, values = np.asarray(result.ids), np.asarray(result.values)
    if ids.ndim != 1 or ids.shape != values.shape:
        raise ValueError(f"{ids.size} names and {values.size} values")
    if ids.size and not (ids.min() >= 0 and ids.max() < len(layout)):
        raise ValueError(f"a name that is not one of the {len(layout)} of its case")
    if not np.isfinite(values).all():
        raise ValueError(f"{int((~np.isfinite(values)).sum())} of them not finite")


def _insert(connection: sqlite3.Connection, case: int, result: CellResult) -> None:
    ids = np.ascontiguousarray(result.ids, dtype="<i4").tobytes()
    values = np.ascontiguousarray(result.values, dtype="<f8").tobytes()
    key = (case, *result.cell[1:])
    seconds = float(result.seconds)
    guards = checksum(result.cell, ids, values), checksum((*result.cell, seconds))
    cursor = connection.execute(
        "INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (*key, seconds, ids, values, *guards),
    )
    if cursor.rowcount:
        connection.executemany(
            "INSERT INTO failures VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(*key, *f[1:], checksum((*result.cell, *f[1:]))) for f in result.failures],
        )
