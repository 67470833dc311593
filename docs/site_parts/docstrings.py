"""Docstrings as Sphinx reads them: ‖K‖, |u| and a*b are formulas there, not markup."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

import ntk_theory as nt

#: A literal, a role with its target, or one character that would begin markup.
_PIECE = re.compile(r"``.*?``|:[\w:]+:`[^`]*`|(?<![\w`])`[^`]+`_?|[|*]|(?<=\w)_(?=[^\w]|$)", re.DOTALL)

#: Literal blocks, and examples up to the next empty line: nothing is markup there.
_VERBATIM = re.compile(r"(::\n\n(?:(?:    .*)?\n)*(?:    .*)?|^>>> (?:.+\n?)+)", re.MULTILINE)


def escaped(text: str) -> str:
    """The text with ``|``, ``*`` and a trailing ``_`` outside of literals and roles taken literally."""
    return _PIECE.sub(lambda found: ("\\" if len(found[0]) == 1 else "") + found[0], text)


def plain(_app: Any, what: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
    """Escape every line but those of literal blocks; what is public is linked by its public name."""
    text = _ROLE.sub(_linked, "\n".join(lines))
    parts = re.split(_VERBATIM, text)
    lines[:] = "".join(p if p.startswith(("::", ">>> ")) else escaped(p) for p in parts).split("\n")
    if what in {"property", "attribute", "data"}:  # else napoleon takes what stands before a colon for a type
        lines[:0] = ["..", ""]
    example = next((k for k, line in enumerate(lines) if line.startswith(">>> ")), None)
    if example is not None and "Examples" not in lines:
        lines[example:example] = ["Examples", "--------"]


#: A role with its target.
_ROLE = re.compile(r"(?<=:`)~?([\w.]+)(?=`)")


@cache
def public_names() -> Mapping[str, str]:
    """Where an object is defined, and a name of ``ntk_theory.training`` alone → its name in the reference."""
    found = {}
    for space in (nt.training, nt):  # the shorter name last
        for name in dir(space):
            one = getattr(space, name)
            if inspect.isclass(one) or inspect.isfunction(one):
                found[f"{one.__module__}.{one.__qualname__}"] = f"{space.__name__}.{name}"
    return {name: f"{nt.training.__name__}.{name}" for name in set(dir(nt.training)) - set(dir(nt))} | found


def _linked(found: re.Match[str]) -> str:
    parts = found[1].split(".")
    for end in range(len(parts), 0, -1):
        name = public_names().get(".".join(parts[:end]))
        if name is not None:
            return "~" + ".".join([name, *parts[end:]])
    return found[0]


#: What arrays are made of, as NumPy's own aliases stand for it.
_ARRAY_LIKE = re.compile(r"(?:~?[\w.]+\.)?_Buffer \| .*?_NestedSequence\[complex \| bytes \| str\]")
_ARRAY = re.compile(r"(?:~?numpy\.)?ndarray\[tuple\[[^\]]*\], (?:~?numpy\.)?dtype\[(?:~?numpy\.)?(\w+)\]\]")
#: A default that has a name, which says nothing to a reader of the page.
_CONSTANT = re.compile(r"(?<== )[A-Z][A-Z_]+\b(?![.(])|(?<=\w=)[A-Z][A-Z_]+\b(?![.(])")
#: Letters of a default beyond which its name is shorter.
LONGEST = 60


def _value(one: object) -> str | None:
    """A default as a reader would type it; ``None`` where that is no matter of a word or two."""
    if isinstance(one, Fraction):
        return repr(str(one))
    if isinstance(one, tuple):
        parts = [_value(part) for part in one]
        text = f"({', '.join(map(str, parts))}{',' if len(parts) == 1 else ''})"
        return None if None in parts or len(text) > LONGEST else text
    return repr(one) if isinstance(one, int | float | str) else None


#: A default that is made anew for every object, or a function: Python shows it as what no reader can parse.
_UNREADABLE = re.compile(r"<(?:factory|function [^<>]*(?:<\w+>)?[^<>]*)>")


def signature(
    _app: Any, _what: str, _name: str, documented: Any, _options: Any, given: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """A signature that is read as Python, so that types are linked and short, constants by value."""
    scope = vars(inspect.getmodule(documented) or object)

    def valued(found: re.Match[str]) -> str:
        return _value(scope.get(found[0])) or found[0]

    def short(text: str | None) -> str | None:
        if text is None:
            return None
        text = _ARRAY_LIKE.sub("~numpy.typing.ArrayLike", _UNREADABLE.sub("...", text))
        return _CONSTANT.sub(valued, _ARRAY.sub(r"~numpy.typing.NDArray[~numpy.\1]", text))

    return short(given), short(returned)


def setup(app: Any) -> None:
    """Before napoleon turns sections into fields (its stars are markup)."""
    app.connect("autodoc-process-docstring", plain, priority=100)
    app.connect("autodoc-process-signature", signature)
