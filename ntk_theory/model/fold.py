"""Networks on one side of a mirror, continued to the other by reflection.

With the reflection ρ of x_j about c and signs σ_i = ±1, a folded network has [D]

    u^i(x) = v^i(x) for x_j ≥ c,   u^i(x) = σ_i v^i(ρx) for x_j < c,
    u^i_α(x) = σ_i (−1)^{α_j} v^i_α(ρx) there,

v the plain network. All jets are products of v's with a sign, and so are all derivatives by parameters. u is
as smooth across the mirror as v meets v^i_α(c) = 0 for the α whose sign is −1; training asks for that
(:func:`ntk_theory.symbolic.mirrors.halved`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ntk_theory.arrays import Bools, Floats
from ntk_theory.errors import InputError
from ntk_theory.symbolic.jets import Slot


@dataclass(frozen=True)
class Fold:
    """The mirror of a folded network.

    Attributes
    ----------
    variable, centre:
        x_j and c.
    signs:
        σ_i, one per field of the network.

    >>> fold = Fold("x", 0.5, (-1,))
    >>> points, far = fold.onto(np.array([[0.2, 3.0], [0.9, 3.0]]), ("x", "t"))
    >>> points.tolist(), far.tolist()
    ([[0.8, 3.0], [0.9, 3.0]], [True, False])
    """

    variable: str
    centre: float
    signs: tuple[int, ...]

    def __post_init__(self) -> None:
        signs = tuple(self.signs)
        if not math.isfinite(self.centre) or not set(signs) <= {1, -1}:
            raise InputError(
                f"fold has the centre {self.centre} and the signs {signs}; it needs a finite number, and 1 "
                "or -1 for every field"
            )
        object.__setattr__(self, "centre", float(self.centre))
        object.__setattr__(self, "signs", tuple(map(int, signs)))

    @classmethod
    def of(
        cls, given: Fold | Mapping[str, Any] | None, variables: Sequence[str] = (), fields: Sequence[str] = ()
    ) -> Fold | None:
        """From what :meth:`to_data` gave, too; checked against inputs and outputs where these are given."""
        if given is None:
            return None
        if not isinstance(given, Fold):
            given = cls(str(given["variable"]), float(given["centre"]), tuple(given["signs"]))
        if variables:
            given.check(variables, fields)
        return given

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {"variable": self.variable, "centre": self.centre, "signs": list(self.signs)}

    def check(self, variables: Sequence[str], fields: Sequence[str]) -> None:
        """Raise unless it fits a network of these inputs and outputs."""
        if self.variable not in variables or len(self.signs) != len(fields):
            raise InputError(
                f"fold is about {self.variable} with {len(self.signs)} signs; it needs one of the variables "
                f"{', '.join(variables)} and a sign for each of {', '.join(fields)}"
            )

    def onto(self, points: Floats, variables: Sequence[str]) -> tuple[Floats, Bools]:
        """The points (n, d) on the near side, and which of them come from the far one."""
        axis = variables.index(self.variable)
        far = points[:, axis] < self.centre
        folded = np.array(points)
        folded[far, axis] = 2 * self.centre - folded[far, axis]
        return folded, far

    def parities(self, slots: Sequence[Slot], variables: Sequence[str], fields: Sequence[str]) -> Floats:
        """σ_i (−1)^{α_j} by slot."""
        axis = variables.index(self.variable)
        return np.array([self.signs[fields.index(s.field)] * (-1.0) ** s.index[axis] for s in slots])

    def __str__(self) -> str:
        return f"folded about {self.variable} = {self.centre:g}"
