"""Which kind of cell a study has: kernels at initialisation, or flows."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ntk_theory.arrays import Floats
from ntk_theory.studies.initialisation.cells import CellContext
from ntk_theory.studies.question.case import Case
from ntk_theory.studies.question.study import Study

if TYPE_CHECKING:
    from ntk_theory.studies.flow.cells import FlowContext

    Context: TypeAlias = CellContext | FlowContext


def context_of(study: Study, case: Case, activation: str, limit: Floats | None = None) -> Context:
    """What the cells of a case and activation share; ``limit`` is T^∞ where it is known and needed."""
    if study.training is None:
        return CellContext.of(study, case, activation, limit)
    from ntk_theory.studies.flow.cells import FlowContext  # noqa: PLC0415  a study of kernels needs no training

    return FlowContext.of(study, case, activation)
