"""What a study of Hessians fixes besides its networks: how well extreme eigenvalues are found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ntk_theory.errors import InputError
from ntk_theory.studies.kinds import HESSIAN
from ntk_theory.studies.question.settings import from_table


@dataclass(frozen=True)
class HessianSettings:
    """Lanczos' method for ∇²R at one point of every equation.

    Attributes
    ----------
    accuracy:
        Relative accuracy of the extreme eigenvalues.
    """

    kind: ClassVar[str] = HESSIAN

    accuracy: float = 1e-6

    def __post_init__(self) -> None:
        number = isinstance(self.accuracy, int | float) and not isinstance(self.accuracy, bool)
        if not (number and math.isfinite(self.accuracy) and 0 < self.accuracy < 1):
            raise InputError(f"accuracy is {self.accuracy!r}; it needs a number between 0 and 1")

    def to_dict(self) -> dict[str, Any]:
        """The settings by name."""
        return {"accuracy": self.accuracy}

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> HessianSettings:
        """The settings that :meth:`to_dict` wrote."""
        return from_table(cls, table, "Hessians")
