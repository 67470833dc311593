"""Adam on the full loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.training.methods.first_order import FirstOrder, require_positive
from ntk_theory.training.methods.method import Facts, State
from ntk_theory.training.methods.options import option
from ntk_theory.training.objective import Objective
from ntk_theory.training.stopping import Until


@dataclass(frozen=True)
class Adam(FirstOrder):
    """Kingma & Ba 2015 (arXiv 1412.6980), on the full loss.

    Parameters
    ----------
    rate, beta1, beta2, small:
        α, β₁, β₂ and ε of the paper. The rate falls as 1/√(1 + step/``decay``) if ``decay`` is given.

    >>> Adam(decay=100.0)
    Adam(rate=0.01, beta1=0.9, beta2=0.999, small=1e-08, decay=100.0)
    """

    facts: ClassVar[Facts] = Facts(
        name="adam",
        summary="Kingma & Ba's Adam on the full loss.",
        until=Until(steps=2000),
        smaller="a smaller rate",
        stalled="more steps, or a rate that falls (decay)",
    )
    rate: float = option(1e-2, "Learning rate α.")
    beta1: float = option(0.9, "Memory of the mean of the gradient, β₁.")
    beta2: float = option(0.999, "Memory of the mean of its square, β₂.")
    small: float = option(1e-8, "What is added to the root of the square, ε.")
    decay: float | None = option(None, "The rate falls as 1/√(1 + step/decay).")

    def __post_init__(self) -> None:
        require_positive("rate", self.rate)
        require_positive("decay", self.decay)
        for name, beta in (("beta1", self.beta1), ("beta2", self.beta2)):
            if not 0 <= beta < 1:
                raise InputError(f"{name} is {beta}; it needs a number in [0, 1)")
        if not (np.isfinite(self.small) and self.small >= 0):
            raise InputError(f"small is {self.small}; it needs a number that is not negative, such as 1e-8")

    def start(self, objective: Objective, vector: Floats) -> Mapping[str, Floats]:
        """Both moments start at zero."""
        zero = np.zeros_like(vector)
        return {"mean": zero, "square": zero}

    def step(
        self, objective: Objective, state: State, gradient: Floats
    ) -> tuple[Floats, Mapping[str, Floats]]:
        """δ = α η∘m̂/(√v̂ + ε) with the moments m̂, v̂ freed from their bias."""
        k = state.step + 1
        mean = self.beta1 * state.memory["mean"] + (1 - self.beta1) * gradient
        square = self.beta2 * state.memory["square"] + (1 - self.beta2) * gradient**2
        rate = self.rate if self.decay is None else self.rate / np.sqrt(1 + state.step / self.decay)
        step = (mean / (1 - self.beta1**k)) / (np.sqrt(square / (1 - self.beta2**k)) + self.small)
        return rate * objective.rates * step, {"mean": mean, "square": square}
