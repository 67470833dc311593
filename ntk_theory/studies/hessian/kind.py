"""The kind of study that looks at second derivatives: Hessians of residuals at initialisation."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ntk_theory.studies.hessian.cells import HessianContext, cell_cost, cell_kernels
from ntk_theory.studies.hessian.claims import HESSIAN_CLAIMS
from ntk_theory.studies.hessian.criterion import HessianCriterion
from ntk_theory.studies.hessian.evidence import HessianEvidence, hessian_evidence
from ntk_theory.studies.hessian.settings import HessianSettings
from ntk_theory.studies.judging.kind import Kind
from ntk_theory.studies.kinds import HESSIAN

#: The size of a quick study of Hessians.
QUICK: Mapping[str, Any] = {"widths": (64, 256, 1024), "seeds": 16, "points": 2}

KIND: Kind[HessianEvidence] = Kind(
    name=HESSIAN,
    title="a study of Hessians",
    settings=HessianSettings,
    context=HessianContext.of,
    law_context=None,
    cost=cell_cost,
    criterion=HessianCriterion,
    evidence=hessian_evidence,
    claims=HESSIAN_CLAIMS,
    usual={
        "s": tuple(map(Fraction, ("2/5", "1/2", "3/4", "1"))),
        "widths": (64, 128, 256, 512, 1024, 2048, 4096),
        "seeds": 32,
        "points": 2,
    },
    quick=QUICK,
    kernels=cell_kernels,
)
