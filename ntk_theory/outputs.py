"""Files that are written: whole or not at all, in the format of their ending, and over nothing of value.

A command says before its work which files it will write (:class:`Outputs`). Refused are an unknown ending, an
input of the same command (also by another name: links are followed first), two outputs in one file, a place
that cannot be written to, and, unless it is forced, a file that is not an earlier output of the same kind.
Such a file is known by its content: every :class:`Format` has a mark.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ntk_theory.errors import InputError

#: Written into pages and pictures as the program that made them.
GENERATOR = "ntk_theory"
#: Bytes at either end of a file in which its mark is looked for.
MARKED = 1 << 16


@dataclass(frozen=True)
class Format:
    """A kind of file that a command writes.

    Attributes
    ----------
    what:
        For messages: "a kernel".
    endings:
        The endings that ask for it, in lower case.
    marks:
        Bytes of which one stands near the start or the end of every file of this kind, and in no other.
    """

    what: str
    endings: tuple[str, ...]
    marks: tuple[bytes, ...]

    def has_made(self, path: Path) -> bool:
        """Is this file of this kind? An empty one counts: nothing is lost with it."""
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            ends = file.read(MARKED)
            if size > MARKED:
                file.seek(max(MARKED, size - MARKED))
                ends += file.read(MARKED)
        return size == 0 or any(mark in ends for mark in self.marks)


def archive_format(what: str, kind: str) -> Format:
    """The format of archives whose entry ``format`` is ``kind`` and a version."""
    return Format(what, (".npz",), ((kind + " ").encode("utf-32-le"),))


#: Pictures; :func:`ntk_theory.report.figures.palette.save_picture` writes the marks.
PICTURE = Format(
    "a picture",
    (".png", ".svg", ".pdf"),
    (
        b"Software\0" + GENERATOR.encode(),
        f"<dc:title>{GENERATOR}<".encode(),
        f"/Creator ({GENERATOR})".encode(),
    ),
)


@dataclass
class Outputs:
    """The files that one command will write.

    Attributes
    ----------
    inputs:
        What it reads: paths, or texts that may be paths.
    force:
        Replace files that are of another kind, too; never an input.
    """

    inputs: Iterable[str | Path | None] = ()
    force: bool = False
    _claimed: dict[Path, str] = field(default_factory=dict)

    def claim(self, option: str, path: Path | None, format: Format) -> None:
        """Say that a file will be written; asked before the work, not after it.

        Raises
        ------
        InputError
            It may not be written, or cannot.
        """
        if path is None:
            return
        if path.is_dir():
            raise InputError(f"{option} is the folder {str(path)!r}; it needs a file")
        if path.suffix.lower() not in format.endings:
            endings = ", ".join(format.endings)
            raise InputError(
                f"{option} is {str(path)!r}; the ending decides the format: {format.what} needs {endings}"
            )
        target = self._free(option, path)
        if target.exists() and not self.force and not _is_made(format, target):
            raise InputError(
                f"{option} is {str(path)!r}, which exists and is not {format.what} of this package; "
                "name another file, or replace it with --force"
            )

    def claim_store(self, option: str, path: Path | None) -> None:
        """A study's store, which is made or resumed; opening it later tells a store from another file."""
        if path is None:
            return
        if path.suffix.lower() not in STORE and not path.exists():
            raise InputError(f"{option} is {str(path)!r}; a new store needs {', '.join(STORE)}")
        self._distinct(option, path)

    def claim_folder(self, option: str, path: Path, names: Iterable[str], format: Format) -> None:
        """Files of these names will be written into a folder, which may be new."""
        if not path.is_dir():
            if path.exists():
                raise InputError(f"{option} is the file {str(path)!r}; it needs a folder, or a new name")
            _writable(option, path, Path(os.path.realpath(path)).parent)
            return
        for name in names:
            self.claim(option, path / name, format)

    def _free(self, option: str, path: Path) -> Path:
        """The file behind all links, where it is nobody else's and can be written."""
        target = self._distinct(option, path)
        if target.exists():
            mode = target.stat().st_mode
            if not stat.S_ISREG(mode):
                raise InputError(f"{option} is {str(path)!r}, a device or pipe; it needs a file")
            if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
                raise InputError(f"{option} is {str(path)!r}, which is write-protected; name another file")
        _writable(option, path, target.parent)
        return target

    def _distinct(self, option: str, path: Path) -> Path:
        """The file behind all links; neither an input nor another output."""
        target = Path(os.path.realpath(path))
        for given in self.inputs:
            if given is not None and _is_same(target, Path(given)):
                raise InputError(f"{option} is {str(path)!r}, which this command reads; name another file")
        other = next((o for known, o in self._claimed.items() if _is_same(target, known)), None)
        if other is not None:
            raise InputError(f"{option} and {other} are one file, {str(path)!r}; name two")
        self._claimed[target] = option
        return target


#: Endings of new stores; an old one may have any name.
STORE = (".sqlite", ".sqlite3", ".db")


def _is_made(format: Format, target: Path) -> bool:
    try:
        return format.has_made(target)
    except OSError:  # what cannot be read is not known to be ours
        return False


def _is_same(target: Path, other: Path) -> bool:
    """One file, whatever the links, hard ones included; of files that are not there yet, one name."""
    try:
        return os.path.samefile(target, other)
    except (OSError, ValueError):  # ValueError: an expression is no path
        with suppress(OSError, ValueError):
            return os.path.realpath(other) == str(target)
        return False


def _writable(option: str, path: Path, folder: Path) -> None:
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise InputError(f"{option} is {str(path)!r}, but its folder cannot be written to; name another")


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file that appears under its name only when it is whole and on the disk.

    It is written beside the target and then renamed, so that a kill or a full disk leaves the old file, if
    there was one; that one's permissions are kept. A target that is no regular file (a device, a pipe) is
    written to directly.

    Raises
    ------
    OSError
        The folder does not exist, or nothing can be written there.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        with open(target, "wb") as file:
            yield file
        return
    # A name of its own length: that of the target may be as long as names can be.
    part = target.with_name(f".ntk-theory-{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        with open(part, "x+b") as file:  # read, too, by those who append to an archive
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, part)
        os.replace(part, target)
        _sync_folder(target.parent)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text in UTF-8, as :func:`replacing` does."""
    with replacing(path) as file:
        file.write(text.encode("utf-8"))


def _sync_folder(folder: Path) -> None:
    """Put the new name on the disk, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
