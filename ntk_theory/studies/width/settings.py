"""What a study of width fixes besides its networks: the methods, how long they run, and two references."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar

from ntk_theory.errors import InputError
from ntk_theory.studies.kinds import WIDTH
from ntk_theory.studies.question.settings import from_table
from ntk_theory.training.methods.registry import METHODS as REGISTERED
from ntk_theory.training.methods.registry import method_class

#: Method → when it ends: steps, or the end time of a method that runs in time.
METHODS: Mapping[str, float] = MappingProxyType({"gauss-newton": 60, "adam": 1000})
#: Names that rows have besides those of methods; see :mod:`ntk_theory.studies.width.cells`.
LONGER, OVERSAMPLED = "longer", "oversampled"


@dataclass(frozen=True)
class WidthSettings:
    """Training of every network of a study by several methods, all from the same start.

    Attributes
    ----------
    methods:
        Name → where it ends, as ``until`` of :func:`~ntk_theory.training.train.train`: steps, or a time.
    reference:
        Steps of Gauss–Newton by which the parts of the error are told apart: at the same points, and at
        more points.
    oversampling:
        How many times as many points these are.
    """

    kind: ClassVar[str] = WIDTH
    #: Nothing in it is derived for one start: any feature map and initialisation may be asked for.
    any_start: ClassVar[bool] = True

    methods: Mapping[str, float] = field(default_factory=lambda: METHODS)
    reference: int = 120
    oversampling: int = 4

    def __post_init__(self) -> None:
        if not isinstance(self.methods, Mapping) or not self.methods:
            raise InputError(f"methods is {self.methods!r}; it needs methods by name, {{'adam': 1000}}")
        for name, least in (("reference", 1), ("oversampling", 2)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise InputError(f"{name} is {value!r}; it needs a whole number of at least {least}")
        known: dict[str, float] = {}
        for name, end in self.methods.items():
            facts = method_class(str(name), "methods").facts
            whole = facts.end_option is None
            number = isinstance(end, int | float) and not isinstance(end, bool)
            if not (number and math.isfinite(end) and end > 0 and (not whole or int(end) == end)):
                what = "a whole number of steps" if whole else "a positive time"
                raise InputError(f"methods has {name} = {end!r}; it needs {what}")
            if facts.name in known:
                raise InputError(f"methods has {facts.name!r} twice; name each once")
            known[facts.name] = int(end) if whole else float(end)
        # One order, however they were named: rows of a store follow it, and JSON keeps none.
        ordered = {name: known[name] for name in REGISTERED if name in known}
        object.__setattr__(self, "methods", MappingProxyType(ordered))

    def __reduce__(self) -> tuple[Any, ...]:
        """Read-only mappings do not travel to other processes as they are."""
        return type(self).from_dict, (self.to_dict(),)

    def to_dict(self) -> dict[str, Any]:
        """The settings by name."""
        return {
            "methods": dict(self.methods),
            "reference": self.reference,
            "oversampling": self.oversampling,
        }

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> WidthSettings:
        """The settings that :meth:`to_dict` wrote."""
        return from_table(cls, table, "width")
