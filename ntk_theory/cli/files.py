"""Files that commands write: claimed before the work, a failure names the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ntk_theory import report
from ntk_theory.errors import StoreError
from ntk_theory.outputs import PICTURE, Outputs, archive_format, replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import Console

#: What the command has written so far, to be told if it is interrupted.
WRITTEN: list[Path] = []
#: The files of each command; each is known again by its mark.
KERNEL = archive_format("a kernel", "ntk-theory kernel")
LAW = archive_format("a limit law", "ntk-theory limit law")
NETWORK = archive_format("a network", "ntk-theory network")
CHECKPOINT = archive_format("a checkpoint", "ntk-theory checkpoint")
#: The pictures that ``train --plot`` writes into a folder.
PICTURES = ("solution.png", "losses.png", "kernel.png")


def claim_pictures(outputs: Outputs, option: str, path: Path | None) -> None:
    """A folder for several pictures, which may be new, or one picture."""
    if path is None:
        return
    if path.is_dir() or not path.suffix:
        outputs.claim_folder(option, path, PICTURES, PICTURE)
    else:
        outputs.claim(option, path, PICTURE)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns a failure to write into one sentence; notes what was written."""
    try:
        yield
        WRITTEN.append(path)
    except OSError as cause:
        raise StoreError(f"{path} cannot be written ({cause.strerror or cause}); name another file") from None


def save(figure: Figure, path: Path) -> None:
    """Write a picture in the format of its suffix."""
    with writing(path), replacing(path) as file:
        report.figures.palette.save_picture(figure, file, path.suffix.lower().removeprefix("."))


def console() -> Console:
    """Standard output for tables, wide enough where it is not a terminal."""
    screen = report.terminal.screen
    return screen.console(width=screen.PIPED_WIDTH)
