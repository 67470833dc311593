"""Gradient descent on the full loss, θ ← θ − r η∘∇L.

The largest stable rate is 2/λ_max(Λ^{1/2}KΛ^{1/2}) for a constant kernel; that of a network moves. A rate
of the method's own choice starts at half of it and is halved where a step does not lower the loss, which
that step then leaves as it is: such a run never diverges. A rate that the user gives is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import NonFiniteError, TrainingError
from ntk_theory.training.methods.first_order import FirstOrder, require_positive
from ntk_theory.training.methods.method import Facts, State
from ntk_theory.training.methods.options import option
from ntk_theory.training.objective import SMALL, Objective
from ntk_theory.training.stopping import Until

#: A rate this small moves nothing.
SMALLEST = 1e-250


@dataclass(frozen=True)
class GradientDescent(FirstOrder):
    """θ ← θ − r η∘∇L.

    Parameters
    ----------
    rate:
        r; None takes 1/λ_max(Λ^{1/2}KΛ^{1/2}) at the start, half of what is stable for a constant kernel,
        and halves it where a step raises the loss.

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
    rate: float | None = option(
        None, "Learning rate; none: 1/λ_max of the kernel at the start, halved where the loss would grow."
    )

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

    def advance(self, objective: Objective, state: State) -> State:
        """One step; a rate of its own choice is halved instead where the loss would not fall."""
        if self.rate is not None:
            return super().advance(objective, state)
        try:
            new = super().advance(objective, state)
        except (TrainingError, NonFiniteError):
            new = None
        if new is not None and objective.loss(new.values) <= objective.loss(state.values):
            return new
        memory = {**state.memory, "rate": 0.5 * state.memory["rate"]}
        step, time, evaluations = state.step + 1, state.time + 1.0, state.evaluations + 1
        return replace(state, step=step, time=time, evaluations=evaluations, memory=memory)

    def ended(self, state: State) -> str | None:
        """The rate has been halved until a step moves nothing."""
        if self.rate is None and not float(state.memory["rate"]) > SMALLEST:
            return "no step along the gradient decreases the loss any more"
        return None

    def floats(self, points: int, parameters: int) -> float:
        """What the largest eigenvalue is found in, where it chooses the rate: K thrice, or vectors."""
        return 0.0 if self.rate is not None else 3.0 * min(points, SMALL) ** 2 + 20.0 * points
