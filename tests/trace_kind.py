"""A third kind of study, as a stranger would add it: tr T of the jet NTK at initialisation, which needs no s.

Everything of it is in this file; a table line in ``ntk_theory.studies.kinds.KINDS`` is all else it takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.empirical.jet_ntk import jet_ntk
from ntk_theory.model.assembly import stack_rows
from ntk_theory.model.lowering import lower_problem
from ntk_theory.studies.engine.cell import CellResult, Key, LawResult, init_seed
from ntk_theory.studies.engine.cost import CellCost, one_pass
from ntk_theory.studies.engine.samples import StudyData
from ntk_theory.studies.judging.claim import Claim
from ntk_theory.studies.judging.criterion import CriterionBase, number
from ntk_theory.studies.judging.kind import Kind
from ntk_theory.studies.judging.trends import Trend, trend
from ntk_theory.studies.judging.verdict import MORE_SEEDS, Outcome, Reason, Verdict
from ntk_theory.studies.question.case import Case
from ntk_theory.studies.question.study import Cell, Study

TRACE = Key("", "", "trace")


@dataclass(frozen=True)
class TraceSettings:
    kind: ClassVar[str] = "trace"

    def to_dict(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> TraceSettings:
        return cls(**table)


@dataclass(frozen=True)
class TraceCriterion(CriterionBase):
    level: float = number(0.01, "1 − coverage of the interval of the slope.")
    margin: float = number(0.5, "Largest slope of log tr T that counts as none.")
    seed: int = number(1, "Seed of the resampling.")


@dataclass(frozen=True, eq=False)
class TraceContext:
    study: Study
    case: Case
    activation: str
    keys: tuple[Key, ...] = (TRACE,)

    def compute(self, width: int, seed: int) -> CellResult:
        rows = stack_rows(lower_problem(self.case.problem), self.case.points)
        network = self.study.network(self.case, self.activation, width)
        T = jet_ntk(network, network.init(init_seed(self.study.seed, width, seed)), rows.points, rows.slots)
        trace = float(np.einsum("arar->", T))
        cell = Cell(self.case.label, self.activation, width, seed)
        return CellResult(cell, np.zeros(1, np.int32), np.array([trace]))


def context(study: Study, case: Case, activation: str, law: LawResult | None = None) -> TraceContext:
    return TraceContext(study, case, activation)


def cost(study: Study, case: Case, width: int) -> CellCost:
    one = one_pass(study, case, width)
    return CellCost(one.seconds, one.bytes)


@dataclass(frozen=True)
class TraceEvidence:
    slope: Trend
    criterion: TraceCriterion


def evidence(
    study: Study, data: StudyData, case: str, activation: str, criterion: TraceCriterion
) -> TraceEvidence:
    values: Floats = data.values(case, activation, *TRACE)
    log_widths = np.log(np.asarray(study.widths, dtype=np.float64))
    return TraceEvidence(
        trend(log_widths, np.log(values), "median", criterion.level, criterion.seed), criterion
    )


def keeps(claim: Claim[TraceEvidence], e: TraceEvidence) -> Iterator[Verdict]:
    whole = e.slope.whole
    text = f"tr T goes like N^x with x in [{whole.low:.2f}, {whole.high:.2f}]"
    if whole.within(0.0, e.criterion.margin):
        yield claim.verdict(Outcome.SUPPORTED, Reason(text, "slope"))
    elif whole.excludes(0.0, e.criterion.margin):
        yield claim.verdict(Outcome.REFUTED, Reason(text, "slope"))
    else:
        yield claim.verdict(Outcome.UNDECIDED, Reason(text, "slope", MORE_SEEDS))


KIND: Kind[TraceEvidence] = Kind(
    name=TraceSettings.kind,
    title="traces of the jet NTK",
    settings=TraceSettings,
    context=context,
    law_context=None,
    cost=cost,
    criterion=TraceCriterion,
    evidence=evidence,
    claims=(Claim("trace", "tr T keeps its size", "[D]", "a slope that excludes 0", keeps),),
)
