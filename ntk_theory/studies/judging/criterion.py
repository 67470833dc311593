"""Criteria: the numbers that turn evidence into verdicts, each with its meaning as data.

A criterion is a frozen dataclass whose fields are made by :func:`number`; it is hashed into a study before
the first network is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from ntk_theory.errors import InputError


def number(default: float, meaning: str, *, later: bool = False) -> Any:
    """A field of a criterion: its default, whose type it keeps, and what it means in words.

    ``later``: there are stores from before it was added; they are judged with its default.
    """
    return field(default=default, metadata={"meaning": meaning, "later": later})


@dataclass(frozen=True)
class CriterionBase:
    """What all criteria share; nothing here but reading and writing."""

    def to_dict(self) -> dict[str, float | int]:
        """The numbers by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def meanings(cls) -> dict[str, str]:
        """What each number means, in words."""
        return {f.name: str(f.metadata["meaning"]) for f in fields(cls)}

    @classmethod
    def older(cls, table: Mapping[str, Any]) -> dict[str, Any]:
        """The entries as frozen before later numbers were added, where those have their defaults."""
        later = {f.name: f.default for f in fields(cls) if f.metadata["later"]}
        return {name: value for name, value in table.items() if name not in later or later[name] != value}

    @classmethod
    def from_dict(cls, table: Mapping[str, object]) -> Self:
        """The criterion that :meth:`to_dict` wrote; what is left out has its default.

        Raises
        ------
        InputError
            An entry that no criterion of this version has, or that is no number of its kind.
        """
        known = cls().to_dict()
        for name, value in table.items():
            if name not in known:
                raise InputError(
                    f"the criterion has {name!r}, which this version does not know; "
                    f"it knows {', '.join(known)}: use the version that wrote it"
                )
            kind = (int,) if isinstance(known[name], int) else (int, float)
            if isinstance(value, bool) or not isinstance(value, kind):
                what = "a whole number" if kind == (int,) else "a number"
                raise InputError(f"the criterion has {name} = {value!r}; it needs {what}")
        return cls(**table)  # checked name by name
