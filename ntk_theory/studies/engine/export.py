"""A study's tidy rows as pandas, CSV, JSON and NPZ, each with the study's description.

One row per number: case, activation, width, seed, pair, s, quantity, value. Floats are written so that
they read back bit for bit.
"""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import numpy as np

from ntk_theory.arrays import AnyArray
from ntk_theory.errors import InputError, StoreError
from ntk_theory.frames import frame, pandas
from ntk_theory.outputs import Format, replacing
from ntk_theory.studies.engine.cell import Row
from ntk_theory.studies.engine.samples import StudyData
from ntk_theory.visible import visible

#: Written into every file; a reader of another layout refuses it.
FORMAT = "ntk-theory study rows 1"
COLUMNS = Row._fields
CODEBOOK = "ntk-theory codebook 1"
CODEBOOK_FILE = Format("a codebook", (".json",), (CODEBOOK.encode(),))
#: What each of the columns holds.
MEANINGS = (
    "the problem, with its parameters where it was swept",
    "the network's activation",
    "neurons per layer, N",
    "number of the network, counted from 0",
    "the kernel's block, of two groups of the problem; empty for what belongs to none",
    "exponent of the output's scaling 1/N^s; empty for what holds for every s",
    "what was measured",
    "its value",
)
#: First characters, after blanks, of what a spreadsheet runs, not shows; the wide ones in some languages.
FORMULA = tuple("=+-@＝＋－＠")
#: One of these is in every file of rows (``outputs.Format.marks``).
MARKS = (FORMAT.encode(), ",".join(COLUMNS).encode() + b"\n")


def export(data: StudyData, path: str | os.PathLike[str]) -> None:
    """Write the tidy rows in the format that the file's ending names: one of :data:`WRITERS`.

    Raises
    ------
    InputError
        Another ending.
    StoreError
        The file cannot be written; nothing is left of it then.
    """
    ending = Path(path).suffix.lower()
    if ending not in WRITERS:
        raise InputError(f"path is {str(path)!r}; it needs the ending {', '.join(WRITERS)}")
    WRITERS[ending](data, path)


def to_pandas(data: StudyData) -> Any:
    """A ``pandas.DataFrame`` of the tidy rows; ``frame.attrs["study"]`` is the study's description.

    Raises
    ------
    InputError
        pandas is not installed.
    """
    pd = pandas()
    columns, names = _columns(data)
    table = {
        name: pd.Categorical.from_codes(columns[name], names[name]) if name in names else columns[name]
        for name in COLUMNS
    }
    return frame(table, study=_about(data))


def to_csv(data: StudyData, path: str | os.PathLike[str]) -> None:
    """Tidy rows under a header; beside them :func:`codebook_path`, what the columns and the study are.

    A text that a spreadsheet would run as a formula is preceded by an apostrophe.
    """
    with _writing_text(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        # csv writes floats by repr, the shortest text that reads back
        writer.writerows(map(_defused, data.rows()))
    book = {**_about(data), "format": CODEBOOK, "columns": dict(zip(COLUMNS, MEANINGS, strict=True))}
    with _writing_text(codebook_path(path)) as file:
        json.dump(book, file, indent=1, allow_nan=False)
        file.write("\n")


def to_json(data: StudyData, path: str | os.PathLike[str]) -> None:
    """One object: ``format``, ``study``, ``columns``, ``rows`` (a list per row), ``failures``, ``laws``."""
    table = {
        **_about(data),
        "columns": list(COLUMNS),
        "rows": [list(row) for row in data.rows()],
        "failures": [[*f.cell, f.pair, f.s, f.message] for f in data.failures()],
        "laws": [
            {
                "case": law.case,
                "activation": law.activation,
                "accuracy": law.accuracy,
                "note": law.note,
                "values": dict(law.values),
            }
            for law in data.laws.values()
        ],
    }
    with _writing_text(path) as file:
        json.dump(table, file, separators=(",", ":"), allow_nan=False)
        file.write("\n")


def to_npz(data: StudyData, path: str | os.PathLike[str]) -> None:
    """One array per column; texts as codes into ``<column>_names``; ``about`` is JSON text. No pickles."""
    columns, names = _columns(data)
    arrays: dict[str, AnyArray] = {**columns}
    arrays |= {f"{name}_names": np.array(list(texts), dtype=np.str_) for name, texts in names.items()}
    arrays["about"] = np.array(json.dumps(_about(data), sort_keys=True))
    save: Callable[..., None] = np.savez_compressed
    with _writing(path) as file:
        save(file, **arrays)
        with zipfile.ZipFile(file, "a") as archive:
            archive.comment = FORMAT.encode()


def codebook_path(path: str | os.PathLike[str]) -> Path:
    """Where the description of the rows in a CSV file lies: ``rows.csv`` has ``rows.codebook.json``."""
    return Path(path).with_suffix(".codebook.json")


def _defused(row: Sequence[Any]) -> list[Any]:
    """The row with its texts visible, and none that a spreadsheet takes for a formula."""
    return [_text(cell) if isinstance(cell, str) else cell for cell in row]


def _text(cell: str) -> str:
    r"""A cell that shows what it says.

    >>> _text("=1+1"), _text(" \t@SUM(A1)"), _text("a\x1b[2J"), _text("u_t - u"), _text("")
    ("'=1+1", "'  @SUM(A1)", 'a�[2J', 'u_t - u', '')
    """
    return ("'" if cell.lstrip().startswith(FORMULA) else "") + visible(cell)


#: Ending of a file → what writes it.
WRITERS: dict[str, Callable[[StudyData, str | os.PathLike[str]], None]] = {
    ".csv": to_csv,
    ".json": to_json,
    ".npz": to_npz,
}


def _about(data: StudyData) -> dict[str, Any]:
    return {"format": FORMAT, "digest": data.study.digest, "study": data.study.to_dict()}


def _columns(data: StudyData) -> tuple[dict[str, AnyArray], dict[str, tuple[str, ...]]]:
    """Every column as an array, texts as int32 codes into the names of that column."""
    texts: dict[str, dict[str, int]] = {name: {} for name in ("case", "activation", "pair", "s", "quantity")}
    parts: dict[str, list[AnyArray]] = {name: [np.zeros(0, np.int32)] for name in COLUMNS}
    parts["value"] = [np.zeros(0)]
    for (case, activation), block in data.blocks.items():
        # (widths, seeds, keys): rows in the order of StudyData.rows
        values = np.moveaxis(block.values, 0, -1)
        width, seed, key = np.nonzero(~np.isnan(values))
        codes = {
            name: np.array(
                [texts[name].setdefault(getattr(k, name), len(texts[name])) for k in data.layouts[case]]
            )
            for name in ("pair", "s", "quantity")
        }
        found = {
            "case": np.full(len(key), texts["case"].setdefault(case, len(texts["case"]))),
            "activation": np.full(
                len(key), texts["activation"].setdefault(activation, len(texts["activation"]))
            ),
            "width": np.array(data.study.widths)[width],
            "seed": seed,
            **{name: code[key] for name, code in codes.items()},
        }
        for name, column in found.items():
            parts[name].append(column.astype(np.int32))
        parts["value"].append(values[width, seed, key])
    columns = {name: np.concatenate(parts[name]) for name in COLUMNS}
    return columns, {name: tuple(known) for name, known in texts.items()}


@contextmanager
def _writing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file that appears under its name only when it is whole; a failure is one sentence."""
    try:
        with replacing(path) as file:
            yield file
    except OSError as error:
        why = error.strerror or error
        raise StoreError(f"cannot write {os.fspath(path)} ({why}); name another file") from error


@contextmanager
def _writing_text(path: str | os.PathLike[str]) -> Iterator[TextIO]:
    with _writing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        yield text
        text.flush()
        text.detach()  # the file is closed by whoever opened it
