"""What a training method is: a start, a step, an end; and the state that a checkpoint holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ntk_theory.arrays import Floats
from ntk_theory.training.objective import Objective


@dataclass(frozen=True, eq=False)
class State:
    """Everything that decides the next step, as numbers and arrays.

    Attributes
    ----------
    vector:
        θ, (P,).
    values:
        R(θ), (n,).
    step:
        Steps tried so far.
    time:
        Training time of a flow; the number of steps of anything else.
    evaluations:
        Evaluations of R, ∇L, J or a product with J so far.
    memory:
        The method's own memory (damping, moments, step size), by name.
    """

    vector: Floats
    values: Floats
    step: int = 0
    time: float = 0.0
    evaluations: int = 0
    memory: Mapping[str, Floats] = field(default_factory=dict)


class Method(Protocol):
    """A training method: frozen options, no state of its own."""

    @property
    def name(self) -> str:
        """What reports call it."""

    def begin(self, objective: Objective, vector: Floats) -> State:
        """The state at the start."""

    def advance(self, objective: Objective, state: State) -> State:
        """One step."""

    def ended(self, state: State) -> str | None:
        """Why the method itself has nothing more to do (end time reached, stalled), or None."""
