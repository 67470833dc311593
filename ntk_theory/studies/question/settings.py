"""The settings of a kind of study from what it wrote: the same names, and no other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from ntk_theory.errors import InputError

Made = TypeVar("Made")


def from_table(made: type[Made], table: Mapping[str, Any], what: str) -> Made:
    """A dataclass from its fields by name; ``what`` it holds the settings of, for the message.

    Raises
    ------
    InputError
        A name that is no field: another version wrote it.
    """
    known = {field.name for field in fields(made)}  # type: ignore[arg-type]  # a dataclass, says the docstring
    unknown = [name for name in table if name not in known]
    if unknown:
        raise InputError(
            f"the settings of {what} have {unknown[0]!r}, which this version does not know; "
            "use the version that wrote them"
        )
    return made(**table)
