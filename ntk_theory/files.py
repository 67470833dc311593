"""Archives of plain arrays: written whole or not at all, read within bounds.

An archive is an .npz file that NumPy reads without this package: arrays of numbers or text, stored as they
are, with an entry ``format`` that says what the file is. Nothing in it is pickled. Its reader allocates no
more than the file's own size, whatever the headers claim.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import AnyArray
from ntk_theory.errors import InputError
from ntk_theory.inputs import reading
from ntk_theory.outputs import replacing

#: Arrays in one archive; a network of a thousand layers has two thousand.
MOST_ARRAYS = 100_000
#: Characters of the header of one array, enough for any shape and dtype of plain numbers or text.
LONGEST_HEADER = 1000
#: Booleans, integers, floating-point and complex numbers, text.
PLAIN_KINDS = "biufcU"


def write_archive(path: str | os.PathLike[str], kind: str, arrays: Mapping[str, ArrayLike]) -> None:
    """Write arrays of numbers and text under their names, whole or not at all.

    Parameters
    ----------
    path:
        The file, with whatever ending.
    kind:
        What the file is, with a version: its entry ``format``.
    arrays:
        Name → array, number or text.

    Raises
    ------
    OSError
        As :func:`ntk_theory.outputs.replacing`.
    """
    entries = {"format": np.array(kind)} | {name: np.asarray(array) for name, array in arrays.items()}
    pickled = [name for name, array in entries.items() if array.dtype.kind not in PLAIN_KINDS]
    if pickled:
        raise InputError(f"{pickled[0]!r} has the type {entries[pickled[0]].dtype}; it needs numbers or text")
    with replacing(path) as file:
        np.savez(file, **entries)  # type: ignore[arg-type]


def read_archive(path: str | os.PathLike[str], kind: str, *, what: str, writer: str) -> dict[str, AnyArray]:
    """Every array of a file that :func:`write_archive` wrote.

    Parameters
    ----------
    path, kind:
        As for :func:`write_archive`.
    what, writer:
        For messages: what the file should be ("network"), and the call that writes one.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    InputError
        It is damaged, of another kind, or holds anything but plain arrays.
    """
    try:
        with reading(path, f"the {what} file") as file, zipfile.ZipFile(file) as archive:
            arrays = plain_arrays(archive, os.fstat(file.fileno()).st_size)
        found = str(arrays.pop("format"))
    except (FileNotFoundError, InputError):
        raise
    except Exception as error:  # a zip file has many ways to be damaged
        raise not_a(path, what, writer, error) from error
    if found != kind:
        raise not_a(path, what, writer, f"it has the format {found[:60]!r}; this reads {kind!r}")
    return arrays


def plain_arrays(archive: zipfile.ZipFile, size: int) -> dict[str, AnyArray]:
    """Every array of an archive in a file of ``size`` bytes, which it does not claim to exceed.

    Raises
    ------
    ValueError
        It does, or holds anything but plain arrays.
    """
    return {entry.filename.removesuffix(".npy"): _array(archive, entry) for entry in _entries(archive, size)}


def not_a(path: str | os.PathLike[str], what: str, writer: str, why: object) -> InputError:
    """The error that a file is not what it should be."""
    reason = f"it lacks the entry {why}" if isinstance(why, KeyError) else why
    return InputError(
        f"{os.fspath(path)} is not a {what} file of this package ({reason}); write it with {writer}"
    )


def _entries(archive: zipfile.ZipFile, size: int) -> list[zipfile.ZipInfo]:
    """What the archive lists, refused where it claims more than the file can hold."""
    entries = archive.infolist()
    if len(entries) > MOST_ARRAYS:
        raise ValueError(f"it lists {len(entries)} arrays, more than {MOST_ARRAYS}")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise ValueError("it is compressed, so that its size is not known before it is read")
    if sum(entry.file_size for entry in entries) > size:
        raise ValueError("its arrays claim to be larger than the file")
    return entries


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> AnyArray:
    """One array, its header checked before its memory is asked for."""
    with archive.open(entry) as stream:
        shape, dtype = _header(stream)
        if dtype.kind not in PLAIN_KINDS:
            raise ValueError(f"{entry.filename} has the type {dtype}, not numbers or text")
        if int(np.prod([1, *shape], dtype=object)) * max(dtype.itemsize, 1) > entry.file_size:
            raise ValueError(f"{entry.filename} claims the shape {shape}, larger than what is stored")
    with archive.open(entry) as stream:
        array: AnyArray = np.lib.format.read_array(stream, allow_pickle=False, max_header_size=LONGEST_HEADER)
        if stream.read(1):  # only the end of an entry has its checksum compared
            raise ValueError(f"{entry.filename} goes on after its array")
    return array


def _header(stream: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of the array that follows."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream, max_header_size=LONGEST_HEADER)
    return shape, dtype
