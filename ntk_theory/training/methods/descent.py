"""First-order methods: gradient descent and Adam on the full loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError, TrainingError
from ntk_theory.training.methods.method import State
from ntk_theory.training.objective import Objective

#: A loss this many times the first one is divergence.
BLOW_UP = 1e8


@dataclass(frozen=True)
class GradientDescent:
    """θ ← θ − r η∘∇L.

    Parameters
    ----------
    rate:
        r; None takes 1/λ_max(Λ^{1/2}KΛ^{1/2}) at the start, half of what is stable for a constant kernel.
    """

    rate: float | None = None

    def __post_init__(self) -> None:
        _positive("rate", self.rate)

    @property
    def name(self) -> str:
        """The method's name."""
        return "gradient-descent"

    def begin(self, objective: Objective, vector: Floats) -> State:
        """Choose the rate."""
        rate = 1 / largest_eigenvalue(objective, vector) if self.rate is None else self.rate
        return _begin(objective, vector, {"rate": np.array(rate)})

    def advance(self, objective: Objective, state: State) -> State:
        """One step."""
        step = float(state.memory["rate"]) * objective.rates * state.memory["gradient"]
        return _moved(objective, state, state.vector - step, state.memory)

    def ended(self, state: State) -> str | None:
        """Never by itself."""
        return None


@dataclass(frozen=True)
class Adam:
    """Kingma & Ba 2015 (arXiv 1412.6980), on the full loss.

    Parameters
    ----------
    rate, beta1, beta2, small:
        α, β₁, β₂ and ε of the paper. The rate falls as 1/√(1 + step/``decay``) if ``decay`` is given.
    """

    rate: float = 1e-2
    beta1: float = 0.9
    beta2: float = 0.999
    small: float = 1e-8
    decay: float | None = None

    def __post_init__(self) -> None:
        _positive("rate", self.rate)
        _positive("decay", self.decay)
        for name, beta in (("beta1", self.beta1), ("beta2", self.beta2)):
            if not 0 <= beta < 1:
                raise InputError(f"{name} is {beta}; it needs a number in [0, 1)")

    @property
    def name(self) -> str:
        """The method's name."""
        return "adam"

    def begin(self, objective: Objective, vector: Floats) -> State:
        """Both moments start at zero."""
        zero = np.zeros_like(vector)
        return _begin(objective, vector, {"mean": zero, "square": zero})

    def advance(self, objective: Objective, state: State) -> State:
        """One step."""
        gradient, k = state.memory["gradient"], state.step + 1
        mean = self.beta1 * state.memory["mean"] + (1 - self.beta1) * gradient
        square = self.beta2 * state.memory["square"] + (1 - self.beta2) * gradient**2
        rate = self.rate if self.decay is None else self.rate / np.sqrt(1 + state.step / self.decay)
        step = (mean / (1 - self.beta1**k)) / (np.sqrt(square / (1 - self.beta2**k)) + self.small)
        memory = {**state.memory, "mean": mean, "square": square}
        return _moved(objective, state, state.vector - rate * objective.rates * step, memory)

    def ended(self, state: State) -> str | None:
        """Never by itself."""
        return None


def _begin(objective: Objective, vector: Floats, memory: dict[str, Floats]) -> State:
    values, gradient = objective.gradient(vector)
    first = np.array(objective.loss(values))
    return State(vector, values, 0, 0.0, 1, {**memory, "gradient": gradient, "first": first})


def _moved(objective: Objective, state: State, vector: Floats, memory: Mapping[str, Floats]) -> State:
    """The state at a new vector; raises where the loss has blown up."""
    if not np.isfinite(vector).all():
        raise TrainingError("the parameters overflowed; take a smaller rate")
    values, gradient = objective.gradient(vector)
    loss, first = objective.loss(values), float(state.memory["first"])
    if not loss <= BLOW_UP * max(first, np.finfo(np.float64).tiny):
        raise TrainingError(
            f"the loss grew from {first:.3g} to {loss:.3g}, "
            f"most of it in group {objective.worst_group(values)!r}; take a smaller rate"
        )
    memory = {**memory, "gradient": gradient}
    return State(vector, values, state.step + 1, state.time + 1.0, state.evaluations + 1, memory)


def largest_eigenvalue(objective: Objective, vector: Floats) -> float:
    """λ_max of Λ^{1/2} K Λ^{1/2}: the fastest rate of the flow R' = −KΛR."""
    root = np.sqrt(objective.weights)
    matrix = root[:, None] * objective.kernel(vector).matrix * root
    return float(max(np.linalg.eigvalsh(matrix)[-1], np.finfo(np.float64).tiny))


def _positive(name: str, value: float | None) -> None:
    if value is not None and not (np.isfinite(value) and value > 0):
        raise InputError(f"{name} is {value}; it needs a positive number")
