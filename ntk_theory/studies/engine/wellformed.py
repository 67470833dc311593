"""What the texts and rows of a store must look like before they are believed.

A checksum tells damage, not intent: whoever writes a file can write its checksums too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ntk_theory.errors import StoreError
from ntk_theory.studies.engine.cell import CellResult, LawResult
from ntk_theory.studies.engine.sqlite import damaged
from ntk_theory.studies.question.study import Cell

#: A shape: a type or several, [shape of every entry], {name: shape}, where others may be there, too, or
#: {str: shape of every entry}.
NUMBER = (int, float)
TEXTS = {str: str}
ENDS = {str: [str]}
CASE = {
    "label": str,
    "parameters": TEXTS,
    "name": str,
    "title": str,
    "source": str,
    "fields": [str],
    "variables": [str],
    "groups": [{"name": str, "kind": str, "legs": [str], "target": str, "faces": [TEXTS]}],
    "domain": ENDS,
    "solution": TEXTS,
    "points": {str: {"shape": [int], "values": [str]}},
}
STUDY = {
    "version": object,
    "cases": [CASE],
    "s": [str],
    "widths": [int],
    "seeds": int,
    "depth": int,
    "activations": [str],
    "output_bias": str,
    "seed": int,
    "neuron_tile": int,
    "point_tile": int,
    "criterion": {str: (int, float, str)},
}
ENVIRONMENT = {str: object}
VERDICTS = (list, dict)
LAW_VALUES = {str: NUMBER}
LAW_SHAPE = [int]


def read_json(text: object, shape: Any, path: Path, what: str) -> Any:
    """The data of a text of the store at ``path``, of this shape.

    Raises
    ------
    StoreError
        It is no JSON, or of another shape: says where.
    """
    try:
        found = json.loads(str(text))
    except (ValueError, RecursionError):
        raise StoreError(damaged(path, f"its {what} is not JSON")) from None
    place = misfit(found, shape)
    if place is not None:
        raise StoreError(damaged(path, f"its {what} has another shape at {place or 'its top'!r}"))
    return found


def misfit(value: Any, shape: Any, place: str = "") -> str | None:
    """Where a value is not of its shape; ``None`` where it is.

    >>> misfit({"a": [1, "x"]}, {"a": [int]}), misfit({"a": [1, 2]}, {"a": [int]}), misfit({}, {"a": int})
    ('.a[1]', None, '.a')
    """
    if isinstance(shape, list):
        parts = [(f"{place}[{k}]", entry, shape[0]) for k, entry in enumerate(_of(value, list))]
        fine = isinstance(value, list)
    elif isinstance(shape, Mapping):
        fine, table = isinstance(value, dict), _of(value, dict)
        if str in shape:
            parts = [(f"{place}.{name}", entry, shape[str]) for name, entry in table.items()]
        else:
            lacking = next((f"{place}.{name}" for name in shape if name not in table), None)
            if fine and lacking is not None:
                return lacking
            parts = [(f"{place}.{name}", table[name], part) for name, part in shape.items() if fine]
    else:
        parts, fine = [], isinstance(value, shape) and (shape is object or not isinstance(value, bool))
    if not fine:
        return place
    return next((found for at, v, part in parts if (found := misfit(v, part, at)) is not None), None)


def _of(value: Any, kind: type) -> Any:
    return value if isinstance(value, kind) else kind()


def cell_result(cell: Cell, seconds: object, ids: bytes, values: bytes, keys: int, path: Path) -> CellResult:
    """A cell's numbers; ``keys`` is how many its case has names for."""
    fine = isinstance(ids, bytes) and isinstance(values, bytes) and len(values) == 2 * len(ids)
    if fine and len(ids) % 4 == 0 and isinstance(seconds, NUMBER):
        numbers = np.frombuffer(ids, "<i4")
        if numbers.size == 0 or (numbers.min() >= 0 and numbers.max() < keys):
            return CellResult(cell, numbers, np.frombuffer(values, "<f8"), seconds=float(seconds))
    raise StoreError(damaged(path, f"the numbers of cell {tuple(cell)} do not belong to their names"))


def law_result(
    key: tuple[str, str, Any, str], shape: object, blob: bytes, values: object, path: Path
) -> LawResult:
    """A law; key: case, activation, accuracy, note."""
    case, activation, accuracy, note = key
    what = f"law of {case!r}"
    sizes = read_json(shape, LAW_SHAPE, path, f"shape of the {what}")
    table = read_json(values, LAW_VALUES, path, what)
    if not isinstance(accuracy, float | None) or not isinstance(note, str) or not isinstance(blob, bytes):
        raise StoreError(damaged(path, f"the {what} has entries of other types"))
    if note:
        return LawResult(case, activation, None, accuracy, table, note)
    try:
        array = np.frombuffer(blob, "<f8").reshape([size for size in sizes if size >= 0])
    except ValueError:
        raise StoreError(damaged(path, f"the {what} does not have its shape")) from None
    return LawResult(case, activation, array, accuracy, table, note)
