"""The kind of study that looks at kernels at initialisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ntk_theory.studies.initialisation.cells import cell_context, cell_cost, cell_kernels
from ntk_theory.studies.initialisation.claims import CLAIMS, ProblemEvidence
from ntk_theory.studies.initialisation.collect import problem_evidence
from ntk_theory.studies.initialisation.criterion import Criterion
from ntk_theory.studies.judging.kind import Kind
from ntk_theory.studies.kinds import DEFAULT
from ntk_theory.studies.question.study import DEFAULT_S, DEFAULT_WIDTHS

#: The size of a quick study: fewer widths, networks and points. With 48 networks a spread's slope is known
#: to ±0.11, within the criterion's margin of 0.2.
QUICK: Mapping[str, Any] = {"widths": tuple(2**k for k in range(6, 12)), "seeds": 48, "points": 6}

KIND: Kind[ProblemEvidence] = Kind(
    name=DEFAULT,
    title="kernels at initialisation",
    settings=None,
    context=cell_context,
    law_context=cell_context,
    cost=cell_cost,
    criterion=Criterion,
    evidence=problem_evidence,
    claims=CLAIMS,
    usual={"s": DEFAULT_S, "widths": DEFAULT_WIDTHS, "seeds": 64, "points": 16},
    quick=QUICK,
    kernels=cell_kernels,
    judged_by="judge",
)
