"""What the engine needs of a kind of study; kinds are found by the name that the study bears."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ntk_theory.studies.engine.cell import Context, LawContext, LawResult
from ntk_theory.studies.engine.cost import CostOf, Estimate
from ntk_theory.studies.kinds import load
from ntk_theory.studies.question.case import Case
from ntk_theory.studies.question.study import Study


class ContextOf(Protocol):
    """How a kind of study makes what the cells of a case and activation share."""

    def __call__(self, study: Study, case: Case, activation: str, law: LawResult | None = None) -> Context:
        """``law`` is the infinite-width law where the kind asks for one and it is known."""


class LawContextOf(Protocol):
    """As :class:`ContextOf`, of a kind whose cells need the infinite-width law first."""

    def __call__(self, study: Study, case: Case, activation: str) -> LawContext:
        """Without the law, which comes of it."""


class KernelsOf(Protocol):
    """Which compiled kernels the cells of a study use."""

    def __call__(self, study: Study, /) -> Sequence[str]:
        """Module and function in the room ``kernels``, the slowest to compile first."""


class Sampling(Protocol):
    """How the networks of a kind are sampled."""

    @property
    def context(self) -> ContextOf:
        """What the cells of a case and activation share: their layout, and how one is computed."""

    @property
    def law_context(self) -> LawContextOf | None:
        """Gives the infinite-width law that cells need first; ``None`` where they need none."""

    @property
    def cost(self) -> CostOf:
        """Seconds and bytes of one cell."""

    @property
    def kernels(self) -> KernelsOf:
        """The compiled kernels that cells use; they are compiled side by side before the first cell."""

    def estimate(self, study: Study) -> Estimate:
        """What the whole study takes."""


def sampling_of(study: Study) -> Sampling:
    """How this study's networks are sampled.

    Raises
    ------
    InputError
        The study is of a kind that this version does not know.
    """
    found: Sampling = load(study.kind)
    return found
