"""The kind of study that trains every network: drifts of kernels along gradient flow."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ntk_theory.studies.flow.cells import FlowContext, cell_cost, cell_kernels
from ntk_theory.studies.flow.claims import TRAINING_CLAIMS, TrainingEvidence
from ntk_theory.studies.flow.collect import training_evidence
from ntk_theory.studies.flow.criterion import FlowCriterion
from ntk_theory.studies.flow.settings import FlowSettings
from ntk_theory.studies.judging.kind import Kind
from ntk_theory.studies.kinds import TRAINING

DEFAULT_TRAINING_S = tuple(map(Fraction, ("1/5", "3/10", "2/5", "1/2", "3/4", "1")))
DEFAULT_TRAINING_WIDTHS = (64, 256, 1024, 4096)
#: The size of a quick study of training.
QUICK_TRAINING: Mapping[str, Any] = {"widths": (64, 256, 1024), "seeds": 8, "points": 4}

KIND: Kind[TrainingEvidence] = Kind(
    name=TRAINING,
    title="a study of training",
    settings=FlowSettings,
    context=FlowContext.of,
    law_context=None,
    cost=cell_cost,
    criterion=FlowCriterion,
    evidence=training_evidence,
    claims=TRAINING_CLAIMS,
    usual={"s": DEFAULT_TRAINING_S, "widths": DEFAULT_TRAINING_WIDTHS, "seeds": 16, "points": 6},
    quick=QUICK_TRAINING,
    kernels=cell_kernels,
    judged_by="judge_training",
)
