"""TOML text to tables: what is no TOML is answered by its line, a caret and what to write instead."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from ntk_theory.errors import ParseError, ProblemError

#: Tables of which a problem file may have several; each begins with its name in double brackets.
SEVERAL = ("equations", "conditions", "data")
_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")
_HEADER = re.compile(r"\s*\[{1,2}\s*([\w-]+)\s*\]{1,2}\s*(#.*)?\Z")
_SINGLE = {name: re.compile(rf"^\s*\[\s*{name}\s*\]", re.MULTILINE) for name in SEVERAL}
#: What may hide a value without quotation marks: texts, comments, keys.
_NO_VALUE = re.compile(r"\"[^\"]*\"|'[^']*'|#.*|[\w-]+\s*=")
_WORD = re.compile(r"\b(?!(?:true|false|inf|nan)\b)[^\W\d]\w*|\d\s*[/*^]")
_HALF_DECIMAL = re.compile(r"(?<![\w.])\.\d|\d\.(?!\d)")


def tables_of(text: str) -> dict[str, Any]:
    """The tables of a problem file's text.

    Raises
    ------
    ProblemError
        It is not TOML; the line is quoted, with what it needs where that is known.
    """
    try:
        return tomllib.loads(text)
    except RecursionError as cause:
        raise ProblemError(f"the problem file is not TOML: {cause}") from None
    except tomllib.TOMLDecodeError as cause:
        told = f"the problem file is not TOML: {cause}"
        place = _PLACE.search(str(cause))
        if place is None:
            raise ProblemError(told) from None
        line = text.split("\n")[int(place[1]) - 1]
        shown = ParseError(told, text=line, position=int(place[2]) - 1, expected=_expected(line, text))
        raise ProblemError(str(shown)) from None


def _expected(line: str, text: str) -> str | None:
    """What the line needs, if it is one of the usual slips."""
    header = _HEADER.match(line)
    if header:
        name = header[1]
        if name in SEVERAL and _SINGLE[name].search(text):
            return f"[[{name}]], with double brackets at each of them, as there may be several"
        return f"[{name}] once, with all of its entries below it"
    values = _NO_VALUE.sub(" ", line)
    if _WORD.search(values):
        return 'quotation marks around texts and numbers that are no decimals, such as "pi" and "1/3"'
    if _HALF_DECIMAL.search(values):
        return "digits on both sides of the decimal point, such as 0.5 and 1.0"
    return None
