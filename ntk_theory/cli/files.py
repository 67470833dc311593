"""Files that commands write: the place is checked before the work, a failure names the file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ntk_theory.errors import InputError, StoreError

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import Console

#: Columns of the tables where no terminal says how many there are.
PIPED_WIDTH = 110
SUFFIXES = (".png", ".svg", ".pdf")


def check_output(option: str, path: Path | None) -> None:
    """Can a file be written there? Asked before a minute of work, not after it."""
    if path is None:
        return
    if path.is_dir():
        raise InputError(f"{option} is the folder {str(path)!r}; it needs a file")
    if not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
        raise InputError(f"{option} is {str(path)!r}, but its folder cannot be written to; name another")


def check_picture(option: str, path: Path | None) -> None:
    """As :func:`check_output`, for one of the formats of pictures."""
    if path is not None and path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{option} is {str(path)!r}; it needs a file in {', '.join(SUFFIXES)}")
    check_output(option, path)


def check_pictures(option: str, path: Path | None) -> None:
    """A folder for several pictures, which may be new, or one file as :func:`check_picture` asks."""
    if path is None or (path.is_dir() and os.access(path, os.W_OK)):
        return
    if path.suffix and path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{option} is {str(path)!r}; it needs a folder, or a file in {', '.join(SUFFIXES)}")
    check_output(option, path)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns a failure to write into one sentence."""
    try:
        yield
    except OSError as cause:
        raise StoreError(f"{path} cannot be written ({cause.strerror}); name another file") from None


def save(figure: Figure, path: Path) -> None:
    """Write a picture in the format of its suffix."""
    with writing(path):
        figure.savefig(path, dpi=130)


def console() -> Console:
    """Standard output for tables, wide enough where it is not a terminal."""
    from rich.console import Console  # noqa: PLC0415  --json does without

    made = Console(highlight=False)
    if not made.is_terminal:
        made.width = PIPED_WIDTH
    return made
