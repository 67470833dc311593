"""What first-order methods share: one gradient a step, and the fault where the loss blows up.

θ ← θ − δ, where the method says what δ is, from the gradient and its own memory.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError, TrainingError
from ntk_theory.training.methods.method import Method, State
from ntk_theory.training.objective import Objective

#: A loss this many times the first one is divergence.
BLOW_UP = 1e8
#: ∇L at the state's θ, and the first loss, in the memory beside the method's own.
GRADIENT, FIRST = "gradient", "first"


class FirstOrder(Method):
    """A method that asks for ∇L alone; it is told by :meth:`start` and :meth:`step`."""

    @abstractmethod
    def start(self, objective: Objective, vector: Floats) -> Mapping[str, Floats]:
        """The method's own memory at the start, by name."""

    @abstractmethod
    def step(
        self, objective: Objective, state: State, gradient: Floats
    ) -> tuple[Floats, Mapping[str, Floats]]:
        """δ, (P,), and the method's own memory after the step."""

    def begin(self, objective: Objective, vector: Floats) -> State:
        """R and ∇L at the start."""
        values, gradient = objective.gradient(vector)
        first = np.array(objective.loss(values))
        memory = {**self.start(objective, vector), GRADIENT: gradient, FIRST: first}
        return State(vector, values, 0, 0.0, 1, memory)

    def advance(self, objective: Objective, state: State) -> State:
        """One step; raises where the loss has blown up."""
        delta, memory = self.step(objective, state, state.memory[GRADIENT])
        vector = state.vector - delta
        if not np.isfinite(vector).all():
            raise TrainingError(f"the parameters overflowed; take {self.facts.smaller}")
        values, gradient = objective.gradient(vector)
        loss, first = objective.loss(values), float(state.memory[FIRST])
        if not loss <= BLOW_UP * max(first, np.finfo(np.float64).tiny):
            raise TrainingError(
                f"the loss grew from {first:.3g} to {loss:.3g}, "
                f"most of it in group {objective.worst_group(values)!r}; take {self.facts.smaller}"
            )
        memory = {**state.memory, **memory, GRADIENT: gradient}
        return State(vector, values, state.step + 1, state.time + 1.0, state.evaluations + 1, memory)

    def renewed(self, objective: Objective, state: State) -> State:
        """R and ∇L of the new objective; the method's own memory stays."""
        values, gradient = objective.gradient(state.vector)
        return replace(state, values=values, memory={**state.memory, GRADIENT: gradient}, kept=None)


def require_positive(name: str, value: float | None) -> None:
    """Refuse an option that is given and not a positive number."""
    if value is not None and not (np.isfinite(value) and value > 0):
        raise InputError(f"{name} is {value}; it needs a positive number")
