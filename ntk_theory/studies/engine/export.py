"""A study's tidy rows as pandas, CSV, JSON and NPZ, each with the study's description.

One row per number: case, activation, width, seed, pair, s, quantity, value. Floats are written so that
they read back bit for bit.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from ntk_theory.arrays import AnyArray
from ntk_theory.errors import InputError, StoreError
from ntk_theory.studies.engine.cell import Row
from ntk_theory.studies.engine.samples import StudyData

#: Written into every file; a reader of another layout refuses it.
FORMAT = "ntk-theory study rows 1"
COLUMNS = Row._fields


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
    try:
        import pandas as pd  # noqa: PLC0415 - an extra
    except ImportError:
        raise InputError(
            "to_pandas needs pandas; install it with: pip install 'ntk_theory[pandas]'"
        ) from None
    columns, names = _columns(data)
    table = {
        name: pd.Categorical.from_codes(columns[name], names[name]) if name in names else columns[name]
        for name in COLUMNS
    }
    frame = pd.DataFrame(table)
    frame.attrs["study"] = _about(data)
    return frame


def to_csv(data: StudyData, path: str | os.PathLike[str]) -> None:
    """Tidy rows with a header; the first line is ``# `` and the study's description as JSON."""
    with _replacing(path, "w") as file:
        file.write("# " + json.dumps(_about(data), sort_keys=True) + "\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(data.rows())  # csv writes floats by repr, the shortest text that reads back


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
    with _replacing(path, "w") as file:
        json.dump(table, file, sort_keys=True, separators=(",", ":"), allow_nan=False)
        file.write("\n")


def to_npz(data: StudyData, path: str | os.PathLike[str]) -> None:
    """One array per column; texts as codes into ``<column>_names``; ``about`` is JSON text. No pickles."""
    columns, names = _columns(data)
    arrays: dict[str, AnyArray] = {**columns}
    arrays |= {f"{name}_names": np.array(list(texts), dtype=np.str_) for name, texts in names.items()}
    arrays["about"] = np.array(json.dumps(_about(data), sort_keys=True))
    save: Callable[..., None] = np.savez_compressed
    with _replacing(path, "wb") as file:
        save(file, **arrays)


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
def _replacing(path: str | os.PathLike[str], mode: str) -> Iterator[IO[Any]]:
    """A file that appears under its name only when it is whole."""
    target = Path(path)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with open(
            part, mode, encoding=None if "b" in mode else "utf-8", newline=None if "b" in mode else ""
        ) as file:
            yield file
        os.replace(part, target)
    except OSError as error:
        raise StoreError(f"cannot write {target} ({error.strerror or error}); name another file") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
