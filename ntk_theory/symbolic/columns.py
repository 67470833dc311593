"""Columns of numbers from a CSV or NPZ file, or from sequences; bounded, and nothing in a file is run.

NPZ files are read here without NumPy, which a classification never loads: an entry is a text header and the
numbers as they lie in memory.
"""

from __future__ import annotations

import csv
import io
import re
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ntk_theory.errors import InputError, ProblemError
from ntk_theory.inputs import reading
from ntk_theory.symbolic.data import MOST_ROWS, check_size

#: Bytes that a file may have, and each of its arrays.
MAX_BYTES = 20_000_000
Columns = dict[str, tuple[float, ...]]
_HEADER = re.compile(
    r"\{'descr': '([<>][a-z][0-9]+)', 'fortran_order': (?:True|False), 'shape': \(([0-9]+),\), \} *\n\Z"
)
#: Types of numbers by NumPy's names, as those of ``struct``.
_TYPES = {"f8": "d", "f4": "f", "i8": "q", "i4": "i", "i2": "h", "u8": "Q", "u4": "I", "u2": "H"}


def read_columns(path: Path, wanted: Sequence[str]) -> Columns:
    """The wanted columns of a file, by name.

    Parameters
    ----------
    path:
        ``.csv``, whose first line names the columns, or ``.npz``, with one vector for each.
    wanted:
        The names; other columns are left alone.

    Raises
    ------
    InputError
        It cannot be opened, is no regular file, or too large.
    ProblemError
        A column is missing, or an entry is no number; file, row (counted from 1 below the names) and column
        are named.
    """
    readers = {".csv": _csv, ".npz": _npz}
    if path.suffix.lower() not in readers:
        raise InputError(f"the data file {path} ends in {path.suffix!r}; it needs .csv or .npz")
    try:
        with reading(path, "the data file", MAX_BYTES) as file:
            raw = file.read(MAX_BYTES)
    except OSError as cause:
        raise InputError(f"the data file {path} cannot be read: {cause.strerror}") from None
    return readers[path.suffix.lower()](f"the data file {path}", raw, wanted)


def given_columns(source: str, table: Mapping[Any, Any], wanted: Sequence[str]) -> Columns:
    """The wanted columns of a mapping from name to a sequence of numbers, or to an array."""
    _require(source, list(table), wanted)
    return {name: _sequence(source, name, table[name]) for name in wanted}


def _sequence(source: str, name: str, column: Any) -> tuple[float, ...]:
    values = column.tolist() if hasattr(column, "tolist") else column
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Sequence):
        raise ProblemError(f"{source}: column {name!r} is {str(column)[:40]!r}; it needs a list of numbers")
    check_size(source, len(values))
    return tuple(_number(source, row, name, value) for row, value in enumerate(values, 1))


def _number(source: str, row: int, name: str, value: object) -> float:
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise TypeError
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        found = float("nan")
    if found - found != 0:  # infinite or NaN
        raise ProblemError(
            f"{source}, row {row}, column {name!r}: {str(value)[:40]!r} is no finite number; correct it, "
            "or leave the row out"
        )
    return found


def _require(source: str, have: Sequence[Any], wanted: Sequence[str]) -> None:
    for name in wanted:
        if name not in have:
            shown = ", ".join(map(str, have[:20])) or "none"
            raise ProblemError(f"{source} has no column {name!r}; it has: {shown}")
        if list(have).count(name) > 1:
            raise ProblemError(f"{source} has the column {name!r} twice; each needs a name of its own")


def _csv(source: str, raw: bytes, wanted: Sequence[str]) -> Columns:
    rows = csv.reader(
        io.StringIO(raw.decode("utf-8-sig", errors="replace"), newline=""), skipinitialspace=True
    )
    try:
        names = [name.strip() for name in next(rows, [])]
        _require(source, names, wanted)
        at = {name: names.index(name) for name in wanted}
        found: dict[str, list[float]] = {name: [] for name in wanted}
        number = 0
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue  # an empty line
            number += 1
            if number > MOST_ROWS:
                check_size(source, number)
            for name in wanted:
                cell = cells[at[name]].strip() if at[name] < len(cells) else ""
                found[name].append(_number(source, number, name, cell))
    except csv.Error as cause:
        raise ProblemError(f"{source} is no CSV: {cause}") from None
    check_size(source, number)
    return {name: tuple(column) for name, column in found.items()}


def _npz(source: str, raw: bytes, wanted: Sequence[str]) -> Columns:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = [entry.removesuffix(".npy") for entry in archive.namelist()]
            _require(source, names, wanted)
            return {name: _vector(source, name, archive) for name in wanted}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as cause:
        raise ProblemError(f"{source} is no NPZ archive: {cause}") from None


def _vector(source: str, name: str, archive: zipfile.ZipFile) -> tuple[float, ...]:
    entry = f"{name}.npy"
    needs = "it needs a vector of real numbers, as numpy.savez writes it"
    with archive.open(entry) as file:  # no more than the bound, whatever the archive claims
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise ProblemError(f"{source}: column {name!r} has more than {MAX_BYTES} bytes; take fewer rows")
    if raw[:6] != b"\x93NUMPY" or len(raw) < 10 or raw[6] != 1:
        raise ProblemError(f"{source}: column {name!r} is no array; {needs}")
    length = int(struct.unpack("<H", raw[8:10])[0])
    header = _HEADER.match(raw[10 : 10 + length].decode("latin-1"))
    kind = "" if header is None else _TYPES.get(header[1][1:], "")
    if header is None or not kind:
        raise ProblemError(
            f"{source}: column {name!r} has the header {raw[10 : 10 + length][:70]!r}; {needs}"
        )
    count, body = int(header[2]), raw[10 + length :]
    check_size(f"{source}: column {name!r}", count)
    order = ">" if header[1][0] == ">" else "<"
    if len(body) != count * struct.calcsize(order + kind):
        raise ProblemError(f"{source}: column {name!r} is cut short; {needs}")
    values = struct.unpack(f"{order}{count}{kind}", body)
    return tuple(_number(source, row, name, value) for row, value in enumerate(values, 1))
