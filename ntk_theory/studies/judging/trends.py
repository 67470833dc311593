"""How a robust statistic changes with the width: slopes, their intervals, and whether they have settled.

A slope over reachable widths is evidence on the asymptotic exponent only if it no longer moves (THEORY §3:
pre-asymptotics are large). Hence a trend is measured over all widths, over the lower and over the upper half.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

from ntk_theory.arrays import Floats, ShortInts
from ntk_theory.studies.judging.statistics import Interval

#: Resamples of every bootstrap.
RESAMPLES = 1000
#: A spread is the distance between these quantiles. On kernels of the zoo its slope has four fifths of the
#: standard error of the interquartile range's, and two thirds of its bias at small widths.
SPREAD_QUANTILES = (0.1, 0.9)
_NOTHING = Interval(math.nan, -math.inf, math.inf)


@dataclass(frozen=True)
class Trend:
    """Slope of a statistic against log N: over all widths, over the lower half, over the upper half.

    ``deviation`` is the bootstrap standard error of ``whole``, ``networks`` the sample size behind it.
    """

    whole: Interval
    early: Interval
    late: Interval
    deviation: float
    networks: int

    def p_value(self, slope: float) -> float:
        """p-value that the slope is ``slope``: Student's t with the bootstrap's standard error."""
        if not math.isfinite(self.deviation) or self.networks < 2:
            return 1.0
        if self.deviation == 0.0:
            return float(abs(self.whole.value - slope) <= 1e-9)
        return float(2 * stats.t.sf(abs(self.whole.value - slope) / self.deviation, self.networks - 1))

    def p_below(self, slope: float) -> float:
        """p-value of "the exponent is at least ``slope``": small where it is shown to lie below."""
        if not math.isfinite(self.deviation) or self.networks < 2:
            return 1.0
        if self.deviation == 0.0:
            return float(self.whole.value >= slope)
        return float(stats.t.cdf((self.whole.value - slope) / self.deviation, self.networks - 1))

    def p_above(self, slope: float) -> float:
        """p-value of "the exponent is at most ``slope``": small where it is shown to lie above."""
        if not math.isfinite(self.deviation) or self.networks < 2:
            return 1.0
        if self.deviation == 0.0:
            return float(self.whole.value <= slope)
        return float(stats.t.sf((self.whole.value - slope) / self.deviation, self.networks - 1))

    def approaches(self, slope: float) -> bool:
        """Does the slope still move towards ``slope``, by more than its noise?"""
        moved = self.late.value - self.early.value
        noise = math.hypot(self.late.half_width, self.early.half_width)
        nearer = abs(self.late.value - slope) < abs(self.early.value - slope)
        return nearer and abs(moved) > noise

    @property
    def onward(self) -> Interval:
        """The slope of wider networks, were it to move once more as from the lower to the upper half.

        A correction of order 1/√N or 1/N to a power moves by less there, if a half spans a factor of 4.
        """
        value = 2 * self.late.value - self.early.value
        noise = math.hypot(2 * self.late.half_width, self.early.half_width)
        return Interval(value, value - noise, value + noise)

    def excludes(self, slope: float, margin: float) -> bool:
        """Do the whole and the upper half miss ``slope``, without moving towards it?"""
        return self.whole.excludes(slope, margin) and self.late.excludes(slope) and not self.approaches(slope)


NO_TREND = Trend(_NOTHING, _NOTHING, _NOTHING, math.nan, 0)


def trend(log_widths: Floats, samples: Floats, statistic: str, level: float, seed: int) -> Trend:
    """Slope of a robust statistic against log N, with bootstrap intervals over the networks.

    Parameters
    ----------
    log_widths:
        log N, (W,), ascending.
    samples:
        (W, n) with one column per network, or (F, W, n) for F quantities of the same networks, whose
        statistics are averaged.
    statistic:
        ``median`` of the samples, or ``log_spread``, the logarithm of the distance between their
        :data:`SPREAD_QUANTILES`.
    level:
        1 − coverage of the percentile intervals.
    seed:
        Seed of the resampling, which draws the networks of each width anew, all F together.
    """
    stacked = np.sort(samples[None] if samples.ndim == 2 else samples, axis=-1)
    probabilities = {"median": (0.5,), "log_spread": SPREAD_QUANTILES}[statistic]
    _, count, networks = stacked.shape
    resampled, value = np.zeros((RESAMPLES, count)), np.zeros(count)
    for own in stacked:
        drawn = [_resampled_quantile(own, q, seed) for q in probabilities]
        whole = [np.quantile(own, q, axis=1) for q in probabilities]
        resampled += _statistic(drawn) / len(stacked)
        value += _statistic(whole) / len(stacked)
    if count < 2 or not (np.isfinite(resampled).all() and np.isfinite(value).all()):
        # One width; or so few networks that a resample is all one value, whose spread is 0.
        return NO_TREND
    half = max(2, (count + 1) // 2)
    all_slopes = resampled @ _weights(log_widths)

    def interval(at: slice) -> Interval:
        weights = _weights(log_widths[at])
        low, high = np.quantile(resampled[:, at] @ weights, [level / 2, 1 - level / 2])
        return Interval(float(value[at] @ weights), float(low), float(high))

    return Trend(
        interval(slice(None)),
        interval(slice(half)),
        interval(slice(count - half, None)),
        float(np.std(all_slopes)),
        networks,
    )


def _weights(log_widths: Floats) -> Floats:
    centred = log_widths - log_widths.mean()
    return np.asarray(centred / (centred @ centred))


def _statistic(quantiles: list[Floats]) -> Floats:
    if len(quantiles) == 1:
        return quantiles[0]
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(quantiles[1] - quantiles[0]))


def _resampled_quantile(ordered: Floats, q: float, seed: int) -> Floats:
    """The q-quantile of each resample of each row, (RESAMPLES, W), linear between order statistics.

    An order statistic of a resample is an order statistic of the sample, at a place that does not
    depend on the data: the places are drawn once for all blocks.
    """
    count, n = ordered.shape
    places = _resampled_places(count, n, seed)
    at = q * (n - 1)
    below = int(at)
    rows = np.arange(count)
    low = ordered[rows, places[:, :, below]]
    high = ordered[rows, places[:, :, min(below + 1, n - 1)]]
    return np.asarray(low + (at - below) * (high - low))


@lru_cache(maxsize=8)
def _resampled_places(count: int, n: int, seed: int) -> ShortInts:
    rng = np.random.default_rng(seed)
    return np.sort(rng.integers(0, n, (RESAMPLES, count, n), dtype=np.int32), axis=-1)
