"""Gradient descent on the full loss, θ ← θ − r η∘∇L."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.training.methods.first_order import FirstOrder, require_positive
from ntk_theory.training.methods.method import Facts, State
from ntk_theory.training.methods.options import option
from ntk_theory.training.objective import Objective
from ntk_theory.training.stopping import Until


@dataclass(frozen=True)
class GradientDescent(FirstOrder):
    """θ ← θ − r η∘∇L.

    Parameters
    ----------
    rate:
        r; None takes 1/λ_max(Λ^{1/2}KΛ^{1/2}) at the start, half of what is stable for a constant kernel.

    >>> GradientDescent(rate=1e-3).name
    'gradient-descent'
    """

    facts: ClassVar[Facts] = Facts(
        name="gradient-descent",
        aliases=("gd",),
        summary="Fixed steps along the gradient of the full loss.",
        until=Until(steps=2000),
        smaller="a smaller rate",
        stalled="more steps, or a method that sees curvature",
    )
    rate: float | None = option(None, "Learning rate; none: 1/λ_max of the kernel at the start.")

    def __post_init__(self) -> None:
        require_positive("rate", self.rate)

    def start(self, objective: Objective, vector: Floats) -> Mapping[str, Floats]:
        """The rate, chosen once."""
        rate = 1 / objective.largest_eigenvalue(vector) if self.rate is None else self.rate
        return {"rate": np.array(rate)}

    def step(
        self, objective: Objective, state: State, gradient: Floats
    ) -> tuple[Floats, Mapping[str, Floats]]:
        """δ = r η∘∇L."""
        return float(state.memory["rate"]) * objective.rates * gradient, {}

    def floats(self, points: int, parameters: int) -> float:
        """K, its weighted copy and what its eigenvalues are found in, where they choose the rate."""
        return 3.0 * points**2 if self.rate is None else 0.0
