"""Docstrings as Sphinx reads them: ‖K‖, |u| and a*b are formulas there, not markup."""

from __future__ import annotations

import re
from typing import Any

#: A literal, a role with its target, or one character that would begin markup.
_PIECE = re.compile(r"``.*?``|:[\w:]+:`[^`]*`|(?<![\w`])`[^`]+`_?|[|*]|(?<=\w)_(?=[^\w]|$)", re.DOTALL)

#: Literal blocks, and examples up to the next empty line: nothing is markup there.
_VERBATIM = re.compile(r"(::\n\n(?:(?:    .*)?\n)*(?:    .*)?|^>>> (?:.+\n?)+)", re.MULTILINE)


def escaped(text: str) -> str:
    """The text with ``|``, ``*`` and a trailing ``_`` outside of literals and roles taken literally."""
    return _PIECE.sub(lambda found: ("\\" if len(found[0]) == 1 else "") + found[0], text)


def plain(_app: Any, what: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
    """Escape every line but those of literal blocks."""
    text = "\n".join(lines)
    parts = re.split(_VERBATIM, text)
    lines[:] = "".join(p if p.startswith(("::", ">>> ")) else escaped(p) for p in parts).split("\n")
    if what in {"property", "attribute", "data"}:  # else napoleon takes what stands before a colon for a type
        lines[:0] = ["..", ""]
    example = next((k for k, line in enumerate(lines) if line.startswith(">>> ")), None)
    if example is not None and "Examples" not in lines:
        lines[example:example] = ["Examples", "--------"]


#: A default that is made anew for every object, or a function: Python shows it as what no reader can parse.
_UNREADABLE = re.compile(r"<(?:factory|function [^<>]*(?:<\w+>)?[^<>]*)>")


def signature(
    _app: Any, _what: str, _name: str, _object: Any, _options: Any, given: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """A signature that is read as Python, so that its types are linked and short."""
    return (None if given is None else _UNREADABLE.sub("...", given)), returned


def setup(app: Any) -> None:
    """Before napoleon turns sections into fields (its stars are markup)."""
    app.connect("autodoc-process-docstring", plain, priority=100)
    app.connect("autodoc-process-signature", signature)
