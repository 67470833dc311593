"""What a training method is: its facts, its options, its steps, and the state that a checkpoint holds.

Everything the rest of the package must know of a method stands on the method: :class:`Facts` in its class,
options in its fields. The command line, ``train``, checkpoints, trajectories and reports ask
these, never a name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from ntk_theory.arrays import Floats
from ntk_theory.training.objective import Objective
from ntk_theory.training.stopping import Until


@dataclass(frozen=True)
class Facts:
    """What other rooms need to know of a method.

    Attributes
    ----------
    name:
        What users write and reports call it.
    summary:
        One line for the help.
    until:
        The rules that end a run where the user gives none.
    smaller:
        What makes its steps smaller: the advice where residuals become undefined or overflow.
    stalled:
        What to try where the loss no longer falls and the target is not reached.
    aliases:
        Other names that users may write.
    weights:
        The word for λ that suits it (:mod:`ntk_theory.training.weighting`).
    needs_jacobian:
        Does it hold the Jacobian or its triangle, min(n, P)·P numbers?
    needs_fixed_points:
        Does it follow one loss, whose points and weights may not change on the way?
    adapts:
        Do its points move to where residuals are large (:mod:`ntk_theory.training.adaptive`), where the user
        does not say?
    records_kernel:
        Are kernels recorded on the way where the user does not say?
    end_option:
        The option that holds the end of its training time, for a method that runs in time; None for one
        that counts steps.
    """

    name: str
    summary: str
    until: Until
    smaller: str
    stalled: str
    aliases: tuple[str, ...] = ()
    weights: str = "sum"
    needs_jacobian: bool = False
    needs_fixed_points: bool = False
    adapts: bool = False
    records_kernel: bool = False
    end_option: str | None = None

    @property
    def clock(self) -> str:
        """What its clock counts, a word for axes and tables."""
        return "steps" if self.end_option is None else "time"


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
        Training time of a method that runs in time; the number of steps of anything else.
    evaluations:
        Evaluations of R, ∇L, J or a product with J so far.
    memory:
        The method's own memory (damping, moments, step size), by name.
    kept:
        What the next step would find again at this θ (a Jacobian, eigenvectors): it only saves work. A
        checkpoint leaves it out, and a run without it has the same bits.
    """

    vector: Floats
    values: Floats
    step: int = 0
    time: float = 0.0
    evaluations: int = 0
    memory: Mapping[str, Floats] = field(default_factory=dict)
    kept: Any = field(default=None, repr=False)


@dataclass(frozen=True)
class Horizon:
    """The training time of a run: where it ends, and about how many records it gets."""

    end: float
    records: int


class Method(ABC):
    """A training method: a frozen dataclass of options, with no state of its own.

    A method has :class:`Facts`, options made by :func:`ntk_theory.training.methods.options.option`, and
    :meth:`begin` and :meth:`advance`. The other members have answers that suit most and may be replaced.
    """

    facts: ClassVar[Facts]

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.facts.name

    @abstractmethod
    def begin(self, objective: Objective, vector: Floats) -> State:
        """The state at the start, R included."""

    @abstractmethod
    def advance(self, objective: Objective, state: State) -> State:
        """The state after one step; the old one is left as it is."""

    def ended(self, state: State) -> str | None:
        """Why the method itself has nothing more to do (end time reached, stalled), or None."""
        return None

    def renewed(self, objective: Objective, state: State) -> State:
        """The state for an objective with other points or weights; nothing that is kept holds for it."""
        return replace(state, values=objective.values(state.vector), kept=None)

    def floats(self, points: int, parameters: int) -> float:
        """Numbers held at once in matrices, for n ``points`` and P ``parameters``."""
        return 0.0

    @property
    def horizon(self) -> Horizon | None:
        """The training time, for a method that runs in time."""
        return None
