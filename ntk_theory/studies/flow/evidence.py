"""From the flows of many networks to evidence: how drifts and bounds change with the width.

Everything is a robust statistic over networks (medians of logarithms) and its trend against log N. Nothing
here looks at a prediction but the limiting dynamics, which is measured against as a number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.studies.flow.criterion import FlowCriterion
from ntk_theory.studies.judging.statistics import Interval, holm
from ntk_theory.studies.judging.trends import NO_TREND, RESAMPLES, Trend, trend

#: Networks below which nothing is said.
LEAST_NETWORKS = 4
#: A drift this small relative to ‖K(0)‖ is rounding.
ROUNDING = 1e-12
#: Stands for a logarithm of 0.
TINY = 1e-300


class Movement(StrEnum):
    """What a drift does as the width grows."""

    ZERO = "goes to zero"
    STAYS = "stays"
    GROWS = "grows"
    OPEN = "undecided"


@dataclass(frozen=True)
class FlowRows:
    """The numbers of one problem at one s, each (widths, networks), NaN where a flow is missing or failed.

    ``gradient_start``, ``gradient_sup`` and ``gradient_time`` are by group. ``limit`` is the spectral drift
    of the limiting dynamics from each network's output bias; all NaN where it is not defined.
    """

    s: Fraction
    widths: Sequence[int]
    spectral: Floats
    relative: Floats
    size: Floats
    parameter_sup: Floats
    gradient_start: Mapping[str, Floats]
    gradient_sup: Mapping[str, Floats]
    gradient_time: Mapping[str, Floats]
    limit: Floats | None = None


@dataclass(frozen=True)
class Bound:
    """A quantity that an assumption bounds: its trend over the widths, its size, when it was reached.

    ``factor``: by how much it grew within the median run at the largest width.
    """

    name: str
    trend: Trend
    value: float
    factor: float = 1.0
    time: float = 0.0


@dataclass(frozen=True)
class FlowEvidence:
    """Everything that a verdict on one s may use.

    Attributes
    ----------
    networks:
        That have a drift at every width.
    spectral, relative:
        Medians by width of sup ‖K(t) − K(0)‖₂, and of the relative drift in the Frobenius norm.
    spectral_trend, relative_trend:
        Of their logarithms.
    late_trend, late_widths:
        The same for the spectral drift over the widths from the criterion's ``rate_width``.
    limit, ratio, gap_trend:
        Median drift of the limiting dynamics, median of measured/limiting at the largest width, trend of
        log |measured − limiting|; ``None`` where there is no such limit (the last two also where it is 0).
    vanishes:
        Is the drift at the largest width no more than rounding?
    parameters, gradients:
        Assumptions (i) and (ii).
    """

    s: Fraction
    networks: int
    spectral: Floats
    relative: Floats
    spectral_trend: Trend
    relative_trend: Trend
    late_trend: Trend
    late_widths: int
    limit: float | None
    ratio: Interval | None
    gap_trend: Trend | None
    vanishes: bool
    parameters: Bound
    gradients: tuple[Bound, ...]


def flow_evidence(rows: FlowRows, criterion: FlowCriterion) -> FlowEvidence:
    """Reduce the rows of one s to evidence."""
    whole = np.isfinite(rows.spectral).all(axis=0)
    spectral, relative, size = (a[:, whole] for a in (rows.spectral, rows.relative, rows.size))
    log_widths = np.log(np.asarray(rows.widths, dtype=np.float64))
    late = [k for k, width in enumerate(rows.widths) if width >= criterion.rate_width]
    enough = spectral.shape[1] >= LEAST_NETWORKS

    def over(samples: Floats, at: Sequence[int] | None = None) -> Trend:
        keep = slice(None) if at is None else list(at)
        if samples.shape[1] < LEAST_NETWORKS:
            return NO_TREND
        logs = np.log(np.maximum(samples[keep], TINY))
        return trend(log_widths[keep], logs, "median", criterion.level, criterion.seed)

    limit, ratio, gap = None, None, None
    if rows.limit is not None and enough and np.isfinite(rows.limit[:, whole]).all():
        limits = rows.limit[:, whole]
        limit = float(np.median(limits))
        if limit > 0:
            ratio = _median_interval(spectral[-1] / limits[-1], criterion)
            gap = over(np.abs(spectral - limits))
    return FlowEvidence(
        rows.s,
        spectral.shape[1],
        _medians(spectral),
        _medians(relative),
        over(spectral),
        over(relative),
        over(spectral, late) if len(late) > 1 else NO_TREND,
        len(late),
        limit,
        ratio,
        gap,
        enough and bool(np.median(spectral[-1]) <= ROUNDING * np.median(size[-1])),
        _bound("‖θ‖_∞/√(2 ln P)", rows.parameter_sup, log_widths, criterion),
        tuple(
            _bound(g, sup, log_widths, criterion, rows.gradient_start[g], rows.gradient_time[g])
            for g, sup in rows.gradient_sup.items()
        ),
    )


def _medians(samples: Floats) -> Floats:
    if samples.shape[1] == 0:
        return np.full(len(samples), np.nan)
    return np.asarray(np.median(samples, axis=1))


def _bound(
    name: str,
    sup: Floats,
    log_widths: Floats,
    criterion: FlowCriterion,
    start: Floats | None = None,
    when: Floats | None = None,
) -> Bound:
    known = np.isfinite(sup).all(axis=0)
    if known.sum() < LEAST_NETWORKS:
        return Bound(name, NO_TREND, math.nan)
    kept = sup[:, known]
    logs = np.log(np.maximum(kept, TINY))
    found = trend(log_widths, logs, "median", criterion.level, criterion.seed)
    if start is None or when is None:
        return Bound(name, found, float(np.median(kept[-1])))
    factor = float(np.median(kept[-1] / np.maximum(start[-1, known], 1.0)))
    return Bound(name, found, float(np.median(kept[-1])), factor, float(np.median(when[-1, known])))


def _median_interval(samples: Floats, criterion: FlowCriterion) -> Interval:
    """The median with a percentile bootstrap interval."""
    rng = np.random.default_rng(criterion.seed)
    drawn = np.median(rng.choice(samples, (RESAMPLES, len(samples))), axis=1)
    low, high = np.quantile(drawn, [criterion.level / 2, 1 - criterion.level / 2])
    return Interval(float(np.median(samples)), float(low), float(high))


def movements(trends: Mapping[Fraction, Trend], margin: float, level: float) -> dict[Fraction, Movement]:
    """What each drift does, all tested together (Holm over the s).

    The three answers exclude one another, and of a wrong one only that beyond the nearer margin has a
    chance worth the name: hence one test per s, that of the answer with the smallest p-value. An answer that
    the upper half of the widths contradicts is not given.
    """
    best = {}
    for s, t in trends.items():
        p_values = {
            Movement.ZERO: t.p_below(-margin),
            Movement.STAYS: max(t.p_below(margin), t.p_above(-margin)),
            Movement.GROWS: t.p_above(margin),
        }
        best[s] = min(p_values.items(), key=lambda item: item[1])
    shown = holm({str(s): p for s, (_, p) in best.items()}, level)
    found = {}
    for s, (answer, _) in best.items():
        late = trends[s].late
        settled = {
            Movement.ZERO: late.high < 0,
            Movement.STAYS: late.high >= -margin and late.low <= margin,
            Movement.GROWS: late.low > 0,
        }
        found[s] = answer if shown[str(s)] and settled[answer] else Movement.OPEN
    return found
