"""From errors of trained networks to evidence: exponents of N, of the whole error and of its three parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.studies.engine.samples import StudyData
from ntk_theory.studies.judging.trends import NO_TREND, Trend, trend
from ntk_theory.studies.question.study import Study
from ntk_theory.studies.width.cells import WidthContext
from ntk_theory.studies.width.criterion import WidthCriterion
from ntk_theory.studies.width.settings import LONGER, OVERSAMPLED, WidthSettings

#: Networks below which nothing is said.
LEAST_NETWORKS = 4
#: Stands for a logarithm of 0.
TINY = 1e-300


class Tendency(StrEnum):
    """What a size does as the width grows."""

    FALLS = "falls"
    STAYS = "does not fall"
    CHANGES = "its exponent changes with the width"
    OPEN = "open"
    ROUNDING = "rounding"
    FEW = "too few networks"


@dataclass(frozen=True)
class Size:
    """A positive quantity of every network: medians by width (W,), and the exponent of N."""

    medians: Floats
    trend: Trend
    tendency: Tendency

    @property
    def words(self) -> str:
        """``goes like N^x with x in [-1.20, -0.80]``."""
        whole = self.trend.whole
        if not np.isfinite(whole.half_width):
            return "is known of too few networks"
        return f"goes like N^x with x in [{whole.low:.2f}, {whole.high:.2f}]"


@dataclass(frozen=True)
class WidthRow:
    """One method at one s.

    Attributes
    ----------
    error, fresh:
        The error against the stated solution (no medians where none is), and the fresh residual.
    residual:
        Medians of the residual at the points trained on, (W,).
    sampling, optimisation:
        Exponents of e_longer/e_oversampled and of e/e_longer, e the error or else the fresh residual.
    contrast:
        Of the second over the first: above 0 where optimisation grows faster.
    networks:
        That were trained at every width.
    """

    error: Size
    fresh: Size
    residual: Floats
    sampling: Trend
    optimisation: Trend
    contrast: Trend
    networks: int


@dataclass(frozen=True)
class WidthEvidence:
    """What is known of one problem with one activation.

    Attributes
    ----------
    rows:
        (method, s) → its row.
    approximation:
        s → e_oversampled, the best that Gauss–Newton found.
    has_solution:
        Is a solution stated? Else e is the fresh residual.
    residuals, parameters:
        Of the oversampled reference, and of the networks by width.
    """

    rows: Mapping[tuple[str, Fraction], WidthRow]
    approximation: Mapping[Fraction, Size]
    widths: tuple[int, ...]
    has_solution: bool
    criterion: WidthCriterion
    residuals: int
    parameters: tuple[int, ...]

    @property
    def starved(self) -> str:
        """Where the reference has fewer residuals than parameters, in words: it is no oversampled one."""
        for width, size in zip(self.widths, self.parameters, strict=True):
            if self.residuals < size:
                return f"the reference has {self.residuals} residuals for {size} parameters at width {width}"
        return ""

    @property
    def measure(self) -> str:
        """What e is."""
        return "error" if self.has_solution else "fresh residual"

    def size(self, method: str, s: Fraction) -> Size:
        """E of a method."""
        row = self.rows[method, s]
        return row.error if self.has_solution else row.fresh


def tendency(found: Trend, medians: Floats, criterion: WidthCriterion) -> Tendency:
    """What the exponent says, by the criterion."""
    if not np.isfinite(found.whole.half_width):
        return Tendency.FEW
    if medians.min() < criterion.floor:
        return Tendency.ROUNDING
    whole, late = found.whole, found.late.value
    if whole.high < 0:
        return Tendency.FALLS if late < 0 else Tendency.CHANGES
    if whole.low > -criterion.margin:
        return Tendency.STAYS if late > -criterion.margin else Tendency.CHANGES
    return Tendency.OPEN


def width_evidence(
    study: Study, data: StudyData, label: str, activation: str, criterion: WidthCriterion
) -> WidthEvidence:
    """Gather the evidence on one case with one activation."""
    assert isinstance(study.settings, WidthSettings)
    methods = tuple(study.settings.methods)
    log_widths = np.log(np.asarray(study.widths, dtype=np.float64))
    tests = len(study.cases) * len(study.activations) * len(methods) * len(study.s)
    level = criterion.level / tests
    has_solution = study.case(label).problem.solution is not None
    measure = "error" if has_solution else "fresh"

    def values(row: str, s: Fraction, quantity: str) -> Floats:
        found = data.values(label, activation, row, s, quantity)
        return np.asarray(np.where(np.isfinite(found), np.maximum(found, TINY), np.nan))

    def over(logs: Floats) -> Trend:
        kept = logs[:, np.isfinite(logs).all(axis=0)]
        if kept.shape[1] < LEAST_NETWORKS:
            return NO_TREND
        return trend(log_widths, kept, "median", level, criterion.seed)

    def size(found: Floats) -> Size:
        own, medians = over(np.log(found)), _medians(found)
        return Size(medians, own, tendency(own, medians, criterion))

    rows = {}
    for s in study.s:
        longer, more = (np.log(values(row, s, measure)) for row in (LONGER, OVERSAMPLED))
        for method in methods:
            error, fresh = values(method, s, "error"), values(method, s, "fresh")
            own = np.log(error if has_solution else fresh)
            rows[method, s] = WidthRow(
                size(error),
                size(fresh),
                _medians(values(method, s, "residual")),
                over(longer - more),
                over(own - longer),
                over(own - 2 * longer + more),
                int(np.isfinite(own).all(axis=0).sum()),
            )
    best = {s: size(values(OVERSAMPLED, s, measure)) for s in study.s}
    context = WidthContext(study, study.case(label), activation)
    parameters = tuple(context.network(width, study.s[0]).parameter_count for width in study.widths)
    residuals = sum(map(len, context.more_points.values()))
    return WidthEvidence(rows, best, study.widths, has_solution, criterion, residuals, parameters)


def _medians(found: Floats) -> Floats:
    """By width, of the networks that were trained; NaN where there are none."""
    rows = [row[np.isfinite(row)] for row in found]
    return np.array([np.median(row) if len(row) else np.nan for row in rows])
