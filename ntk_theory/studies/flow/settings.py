"""What a study of training fixes besides its networks: how long they are trained, and on which clock."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from ntk_theory.errors import InputError
from ntk_theory.studies.kinds import TRAINING
from ntk_theory.studies.question.settings import from_table

CLOCKS = ("raw", "kernel")


@dataclass(frozen=True)
class FlowSettings:
    """Gradient flow of every network of a study, THEORY §5.

    Attributes
    ----------
    until:
        T > 0, the end of the flow. Theorem 2.3 [ZY] speaks of a fixed [0, T] while N grows.
    clock:
        ``raw`` time t, or ``kernel`` time τ = ε²t: then every width trains equally far in its own kernel.
    records:
        Times at which the kernel is compared with the first one, evenly spaced.
    """

    kind: ClassVar[str] = TRAINING

    until: float = 0.1
    clock: Literal["raw", "kernel"] = "raw"
    records: int = 8

    def __post_init__(self) -> None:
        number = isinstance(self.until, int | float) and not isinstance(self.until, bool)
        if not (number and math.isfinite(self.until) and self.until > 0):
            raise InputError(f"until is {self.until!r}; it needs a positive time")
        if self.clock not in CLOCKS:
            raise InputError(f"clock is {self.clock!r}; it needs {' or '.join(CLOCKS)}")
        if isinstance(self.records, bool) or not isinstance(self.records, int) or self.records < 1:
            raise InputError(f"records is {self.records!r}; it needs a positive whole number")
        object.__setattr__(self, "until", float(self.until))

    def to_dict(self) -> dict[str, Any]:
        """The settings by name."""
        return {"until": self.until, "clock": self.clock, "records": self.records}

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> FlowSettings:
        """The settings that :meth:`to_dict` wrote."""
        return from_table(cls, table, "training")
