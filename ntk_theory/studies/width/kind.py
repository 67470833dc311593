"""The kind of study that asks what width buys: errors after training, and the parts they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ntk_theory.studies.judging.kind import Kind
from ntk_theory.studies.kinds import WIDTH
from ntk_theory.studies.width.cells import WidthContext, cell_cost, cell_kernels
from ntk_theory.studies.width.claims import WIDTH_CLAIMS
from ntk_theory.studies.width.criterion import WidthCriterion
from ntk_theory.studies.width.evidence import WidthEvidence, width_evidence
from ntk_theory.studies.width.settings import WidthSettings

#: The size of a quick study of width.
QUICK: Mapping[str, Any] = {"widths": (8, 16, 64), "seeds": 8, "points": 32}

KIND: Kind[WidthEvidence] = Kind(
    name=WIDTH,
    title="a study of width",
    settings=WidthSettings,
    context=WidthContext.of,
    law_context=None,
    cost=cell_cost,
    criterion=WidthCriterion,
    evidence=width_evidence,
    claims=WIDTH_CLAIMS,
    usual={"s": (Fraction(1, 2),), "widths": (8, 16, 64, 256), "seeds": 16, "points": 64},
    quick=QUICK,
    kernels=cell_kernels,
    trial={"methods": {"gauss-newton": 4, "adam": 12}, "reference": 6, "oversampling": 2},
)
