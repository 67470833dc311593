"""Names of files where a problem is asked for: what the text names, if it is no formula."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from ntk_theory.errors import InputError

#: Endings of files that hold networks, their weights, or arrays.
NETWORKS = (".npz", ".npy", ".pt", ".pth", ".safetensors", ".h5", ".hdf5", ".keras", ".onnx", ".ckpt")
_OTHERS = (".toml", ".tml", ".json", ".yaml", ".yml", ".ini", ".cfg", ".txt", ".csv", ".py", ".ipynb")
_MORE = (".sqlite", ".html", ".md", ".png", ".svg", ".pdf", ".mat", ".pkl")
_ENDINGS = (*NETWORKS, *_OTHERS, *_MORE)
_PATH = re.compile(r"(~|\.{1,2})?[/\\]|[A-Za-z]:[/\\]")
#: Files of a folder among which a similar name is looked for.
_MOST = 1000
NEEDED = "an expression such as u_t - u_xx, a zoo name or a problem file (.toml)"


def refuse_network(path: Path) -> None:
    """Refuse a file of a network or of arrays in the place of a problem."""
    if path.suffix.lower() in NETWORKS and path.is_file():
        raise InputError(
            f"{str(path)!r} is a file of a network or of arrays, where a problem is needed: {NEEDED}; "
            "of a problem and a network the problem comes first"
        )


def about_file(text: str) -> InputError | None:
    """The error for a text that is no formula, if it looks like the name of a file.

    It is the same whether there is another file of that name, a folder or none: the page in the browser,
    which sees no files, says what the command line says.
    """
    path = Path(text)
    try:
        is_there = path.exists()
        in_folder = len(path.parts) > 1 and path.parent.is_dir()
    except (OSError, ValueError):  # no name of a file at all
        return None
    if not (is_there or in_folder or path.suffix.lower() in _ENDINGS or _PATH.match(text)):
        return None
    try:
        refuse_network(path)
    except InputError as refused:
        return refused
    near = _near(path)
    hint = f"did you mean {near}?" if near else f"a problem is {NEEDED}"
    return InputError(f"there is no problem file {text[:200]!r}; {hint}")


def _near(path: Path) -> str | None:
    """The problem file beside it whose name is nearest."""
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry in islice(entries, _MOST) if entry.name.endswith(".toml")]
    except OSError:
        return None
    found = get_close_matches(path.name, names, 1)
    return str(path.with_name(found[0])) if found else None
