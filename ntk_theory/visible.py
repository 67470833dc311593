"""Texts from files and users, on their way to a terminal, a page, a picture or a table.

A title, a note, a name, a message of an old store may hold characters that are no letters but orders: escape
sequences clear or recolour a terminal, bidirectional controls make a line read otherwise than it is, a
carriage return hides what stands before it. Every medium shows them as U+FFFD, by :func:`visible`; where
lines are printed, :func:`say` does it. Nothing else in the package prints.
"""

from __future__ import annotations

import sys
import unicodedata
from typing import TextIO

#: Stands for each character that is not shown.
REPLACEMENT = "\ufffd"


def visible(text: str) -> str:
    r"""The text with one U+FFFD for every control, format, private or unassigned character and surrogate.

    Lines stay; a tabulator becomes a space, so that the place of every character stays, too.

    >>> visible("a\x1b[2Jb\tc\nd\u202ee")
    'a�[2Jb c\nd�e'
    """
    if text.isprintable():
        return text
    return "".join(ch if ch.isprintable() or ch == "\n" else _shown(ch) for ch in text)


def on_one_line(text: str) -> str:
    r"""As :func:`visible`, with a space for every line break.

    >>> on_one_line("a\r\nb")
    'a� b'
    """
    return visible(text).replace("\n", " ")


def visible_json(text: str) -> str:
    r"""A JSON document in which such characters are written as JSON escapes; it reads back the same.

    >>> print(visible_json('["\x9b1m"]'))
    ["\u009b1m"]
    """
    if text.isprintable():
        return text
    return "".join(ch if ch.isprintable() or ch == "\n" else _escaped(ch) for ch in text)


def say(text: object = "", *, end: str = "\n", file: TextIO | None = None) -> None:
    """Print a text, :func:`visible`, on standard output or another stream."""
    print(visible(str(text)), end=end, file=sys.stdout if file is None else file)


def _shown(ch: str) -> str:
    if ch == "\t":
        return " "
    return ch if unicodedata.category(ch) == "Zs" else REPLACEMENT  # a space that does not break is a space


def _escaped(ch: str) -> str:
    code = ch.encode("utf-16-be", "surrogatepass").hex()  # 4 digits, or 8 of a surrogate pair
    return "".join(f"\\u{code[k : k + 4]}" for k in range(0, len(code), 4))
