"""From the Hessians of many networks to evidence: how their norms change with the width."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.studies.engine.samples import StudyData
from ntk_theory.studies.hessian.criterion import HessianCriterion
from ntk_theory.studies.judging.statistics import holm
from ntk_theory.studies.judging.trends import NO_TREND, Trend, trend
from ntk_theory.studies.question.study import Study
from ntk_theory.theory import Classification, classify
from ntk_theory.theory.exponents import Regime

#: Networks below which nothing is said.
LEAST_NETWORKS = 4
#: Stands for a logarithm of 0.
TINY = 1e-300


@dataclass(frozen=True)
class HessianRow:
    """The norms of one equation at one s.

    Attributes
    ----------
    trend, bound:
        Of log ‖∇²R‖ over the widths, and of log |v·∇²R v|/|v|², which it is no less than.
    gaps:
        Medians by width of the distance from M·J, relative to the norm.
    networks:
        That have a norm at every width.
    """

    trend: Trend
    bound: Trend
    gaps: Floats
    networks: int


@dataclass(frozen=True, eq=False)
class HessianEvidence:
    """What is known of one problem with one activation.

    Attributes
    ----------
    rows:
        (equation, s) → its row.
    linear, orders:
        Which equations are linear in the jets; the largest order of a derivative in each.
    log_widths:
        log N, (W,).
    classification:
        Whose ``hessians`` are the predictions; ``None`` in examples that predict nothing.
    level:
        This problem's share of the study's family-wise error.
    """

    rows: Mapping[tuple[str, Fraction], HessianRow]
    linear: Mapping[str, bool]
    orders: Mapping[str, int]
    log_widths: Floats
    classification: Classification | None
    criterion: HessianCriterion
    level: float

    def regime(self, group: str, s: Fraction) -> Regime:
        """What the rules say of ‖∇²R‖."""
        assert self.classification is not None
        return self.classification.hessians.by_group[group].regime(s)

    def logarithms(self, group: str) -> float:
        """What (log N)^{(n+1)/2} is worth as a power of N over these widths (THEORY §10).

        The second part is the largest of N matrices, one for each neuron of the last layer, whose entries
        have n + 1 Gaussian factors: P(|Πg| > t) falls like exp(−(n+1)t^{2/(n+1)}/2).
        """
        slope = np.polyfit(self.log_widths, np.log(self.log_widths), 1)[0]
        return float(slope) * (self.orders[group] + 1) / 2

    @cached_property
    def predicted(self) -> Mapping[tuple[str, Fraction], float]:
        """The predicted exponents where there are any, with the second part's logarithms where it leads."""
        found = {}
        for group, s in self.rows:
            exponent = self.regime(group, s).norm_exponent_at(s)
            if exponent is not None:
                more = self.logarithms(group) if self.linear[group] else 0.0
                found[group, s] = float(exponent) + more
        return found

    @cached_property
    def rejected(self) -> Mapping[str, bool]:
        """Which predicted exponents Holm's procedure rejects, over all equations and s."""
        p_values = {f"{g}|{s}": self.rows[g, s].trend.p_value(x) for (g, s), x in self.predicted.items()}
        return holm(p_values, self.level)


def hessian_evidence(
    study: Study, data: StudyData, label: str, activation: str, criterion: HessianCriterion
) -> HessianEvidence:
    """Gather the evidence on one case with one activation."""
    case = study.case(label)
    log_widths = np.log(np.asarray(study.widths, dtype=np.float64))
    rows: dict[tuple[str, Fraction], HessianRow] = {}

    def over(samples: Floats) -> Trend:
        kept = samples[:, np.isfinite(samples).all(axis=0)]
        if kept.shape[1] < LEAST_NETWORKS:
            return NO_TREND
        return trend(log_widths, np.log(np.maximum(kept, TINY)), "median", criterion.level, criterion.seed)

    for group in case.problem.equations:
        for s in study.s:
            norm, gap, bound = (
                data.values(label, activation, f"{group.name},{group.name}", s, quantity)
                for quantity in ("norm", "gap", "quotient")
            )
            whole = np.isfinite(norm).all(axis=0)
            gaps = np.median(gap[:, whole], axis=1) if whole.any() else np.full(len(norm), np.nan)
            rows[group.name, s] = HessianRow(over(norm), over(bound), gaps, int(whole.sum()))
    linear = {g.name: all(leg.is_linear for leg in g.legs) for g in case.problem.equations}
    asked = classify(
        case.problem,
        activation=activation,
        output_bias=study.output_bias,
        features=study.features,
        initialisation=study.initialisation,
        depth=study.depth,
    )
    level = criterion.level / (len(study.cases) * len(study.activations))
    orders = {g.name: max(leg.order for leg in g.legs) for g in case.problem.equations}
    return HessianEvidence(rows, linear, orders, log_widths, asked, criterion, level)
