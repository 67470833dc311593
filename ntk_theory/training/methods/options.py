"""The options of a method: fields with a line of help, which may be given as text.

>>> from dataclasses import dataclass
>>> @dataclass(frozen=True)
... class Example:
...     rate: float | None = option(None, "Length of a step.")
>>> [(one.name, one.default, one.help) for one in options_of(Example)]
[('rate', None, 'Length of a step.')]
>>> with_options(Example, {"rate": "1e-3"})
Example(rate=0.001)
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ntk_theory.errors import InputError

T = TypeVar("T")
_HELP = "help"
_BOOLS = {"true": True, "yes": True, "false": False, "no": False}


def option(default: Any, help: str) -> Any:
    """A field of a method with its line of help."""
    return field(default=default, metadata={_HELP: help})


@dataclass(frozen=True)
class Option:
    """One option: its name, the types or words it takes, what it is unless given, and what it does."""

    name: str
    takes: tuple[Any, ...]
    default: Any
    help: str


def options_of(kind: type) -> tuple[Option, ...]:
    """The options of a method, in the order of its fields.

    Raises
    ------
    TypeError
        It is no dataclass, or a field has no line of help.
    """
    if not is_dataclass(kind):
        raise TypeError(f"{kind.__name__} is no dataclass; it needs @dataclass(frozen=True)")
    hints = get_type_hints(kind)
    found = []
    for one in fields(kind):
        if not one.metadata.get(_HELP):
            raise TypeError(f"{kind.__name__}.{one.name} has no help; make it with option(default, help)")
        found.append(Option(one.name, _takes(hints[one.name]), one.default, one.metadata[_HELP]))
    return tuple(found)


def with_options(kind: type[T], given: Mapping[str, object]) -> T:
    """The method with these options; texts are read as what the option takes.

    Raises
    ------
    InputError
        An option that the method does not have, or a text that says nothing it takes.
    """
    known = {one.name: one for one in options_of(kind)}
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        facts = getattr(kind, "facts", None)
        title = kind.__name__ if facts is None else facts.name
        raise InputError(
            f"{unknown} is {given[unknown]}, but {title} has no such option, leave it out; "
            f"it takes {', '.join(known)}"
        )
    return kind(**{name: _read(known[name], value) for name, value in given.items()})


def _takes(hint: Any) -> tuple[Any, ...]:
    """``float | None`` → (float, None); a Literal → its words."""
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(one for part in get_args(hint) for one in _takes(part))
    if get_origin(hint) is Literal:
        return get_args(hint)
    return (None,) if hint is type(None) else (hint,)


def _read(one: Option, value: object) -> object:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text in one.takes:
        return text
    if None in one.takes and text.lower() == "none":
        return None
    if bool in one.takes and text.lower() in _BOOLS:
        return _BOOLS[text.lower()]
    for number in (int, float):
        if number in one.takes:
            try:
                return number(text)
            except ValueError:
                continue
    wanted = ", ".join(_word(kind) for kind in one.takes)
    raise InputError(f"{one.name} is {text[:40]!r}; it needs one of: {wanted}")


def _word(kind: Any) -> str:
    words = {float: "a number", int: "a whole number", bool: "true, false", None: "none"}
    return words.get(kind, str(kind))
