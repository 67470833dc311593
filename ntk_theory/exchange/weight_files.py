"""Weights in files: NPZ and safetensors, read within bounds and without running anything.

A safetensors file is eight bytes with the length of a header (little-endian), the header as JSON, name →
{dtype, shape, data_offsets}, then the numbers, row by row.
"""

from __future__ import annotations

import json
import math
import os
import zipfile
from typing import Any

import numpy as np

from ntk_theory.arrays import AnyArray, Floats
from ntk_theory.errors import InputError
from ntk_theory.files import plain_arrays
from ntk_theory.inputs import reading

#: Types of a safetensors file and how NumPy reads them; BF16 is the upper half of a float32.
TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4"}
LONGEST_HEADER = 10_000_000
ENDINGS = (".npz", ".safetensors")


def read_weights(path: str | os.PathLike[str]) -> dict[str, AnyArray]:
    """The arrays of an NPZ or safetensors file by their names.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    InputError
        It is damaged, holds something else, or has another ending.
    """
    name = os.fspath(path)
    if not name.endswith(ENDINGS):
        raise InputError(f"{name} ends neither with .npz nor with .safetensors; weights are read from these")
    try:
        with reading(path, "the file of weights") as file:
            if name.endswith(ENDINGS[0]):
                with zipfile.ZipFile(file) as archive:
                    return plain_arrays(archive, os.fstat(file.fileno()).st_size)
            return _safetensors(file, os.fstat(file.fileno()).st_size)
    except (FileNotFoundError, InputError):
        raise
    except Exception as error:  # a damaged file has many ways to say so
        raise InputError(f"{name} cannot be read as weights ({error}); write it again") from error


def _safetensors(file: Any, size: int) -> dict[str, AnyArray]:
    length = int.from_bytes(file.read(8), "little")
    if not 2 <= length <= min(size - 8, LONGEST_HEADER):
        raise ValueError(f"its header claims {length} bytes of {size}")
    header = json.loads(file.read(length))
    start, out = 8 + length, {}
    for name, entry in header.items():
        if name != "__metadata__":
            out[str(name)] = _tensor(file, entry, start, size)
    return out


def _tensor(file: Any, entry: dict[str, Any], start: int, size: int) -> Floats:
    kind, shape, (begin, end) = entry["dtype"], [int(n) for n in entry["shape"]], entry["data_offsets"]
    if kind not in TYPES:
        raise ValueError(f"it has numbers of the type {str(kind)[:20]!r}; {', '.join(TYPES)} are read")
    need = math.prod(shape) * np.dtype(TYPES[kind]).itemsize
    if min([0, *shape]) < 0 or not 0 <= begin <= end <= size - start or end - begin != need:
        raise ValueError(f"it claims {shape} numbers at {begin} to {end}, which its size does not allow")
    file.seek(start + begin)
    raw = np.frombuffer(file.read(need), dtype=TYPES[kind])
    if kind == "BF16":
        raw = (raw.astype(np.uint32) << 16).view(np.float32)
    return raw.reshape(shape).astype(np.float64)
