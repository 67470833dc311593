"""The statistics that verdicts rest on: each has a stated level, and randomness only from a seed.

Kernels are judged in probability: medians and quantiles of log‖K‖, never bare means of norms, which
may be infinite or grow while K → 0 (THEORY §3).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Floats = NDArray[np.float64]

#: Resamples of every bootstrap.
RESAMPLES = 1000
#: The interquartile range of a standard normal variable.
NORMAL_IQR = 2 * 0.6744897501960817


def holm(p_values: Mapping[str, float], level: float) -> dict[str, bool]:
    """Which hypotheses Holm's step-down procedure rejects at the family-wise error ``level``.

    The k-th smallest of n p-values (k = 0, 1, …) is compared with level/(n − k); the first that is
    larger stops the procedure. Valid under any dependence (Holm 1979, Scand. J. Statist. 6, 65-70).

    >>> holm({"a": 0.001, "b": 0.04, "c": 0.5}, 0.05)
    {'a': True, 'b': False, 'c': False}
    """
    rejected = dict.fromkeys(p_values, False)
    ordered = sorted(p_values.items(), key=lambda item: item[1])
    for k, (name, p) in enumerate(ordered):
        if not p <= level / (len(ordered) - k):
            break
        rejected[name] = True
    return rejected


@dataclass(frozen=True)
class Interval:
    """An estimate with a confidence interval."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the length of the interval."""
        return (self.high - self.low) / 2

    def remedy(self, margin: float) -> str:
        """How many more networks bring the half-width down to a margin, in words.

        >>> Interval(0.0, -0.4, 0.4).remedy(0.2), Interval(0.0, -math.inf, math.inf).remedy(0.2)
        ('needs about 4× the seeds', 'needs more seeds')
        """
        factor = (self.half_width / margin) ** 2
        return (
            f"needs about {max(2, math.ceil(factor))}× the seeds"
            if math.isfinite(factor)
            else "needs more seeds"
        )

    def within(self, centre: float, margin: float) -> bool:
        """Does the whole interval lie within ``margin`` of ``centre``? (Equivalence.)"""
        return centre - margin <= self.low and self.high <= centre + margin

    def excludes(self, centre: float, margin: float = 0.0) -> bool:
        """Does the interval miss everything within ``margin`` of ``centre``?"""
        return self.high < centre - margin or self.low > centre + margin


def slope(log_widths: Floats, samples: Floats, statistic: str, level: float, seed: int) -> Interval:
    """Slope of a robust statistic against log N, with a bootstrap interval over the networks.

    Parameters
    ----------
    log_widths:
        log N, (W,).
    samples:
        (W, n) with one column per network, or (F, W, n) for F quantities of the same networks, whose
        statistics are averaged.
    statistic:
        ``median`` of the samples, or ``log_iqr``, the logarithm of their interquartile range.
    level:
        1 − coverage of the percentile interval.
    seed:
        Seed of the resampling, which draws the networks of each width anew, all F together.
    """
    stacked = np.sort(samples[None] if samples.ndim == 2 else samples, axis=-1)
    probabilities = {"median": (0.5,), "log_iqr": (0.25, 0.75)}[statistic]
    _, count, _ = stacked.shape
    centred = log_widths - log_widths.mean()
    weights = centred / (centred @ centred)
    resampled = np.zeros((RESAMPLES, count))
    value = np.zeros(count)
    for own in stacked:
        drawn = [_resampled_quantile(own, q, seed) for q in probabilities]
        whole = [np.quantile(own, q, axis=1) for q in probabilities]
        resampled += _statistic(drawn) / len(stacked)
        value += _statistic(whole) / len(stacked)
    if not (np.isfinite(resampled).all() and np.isfinite(value).all()):
        # So few networks that a resample is all one value: its spread is 0, and nothing can be said.
        return Interval(math.nan, -math.inf, math.inf)
    low, high = np.quantile(resampled @ weights, [level / 2, 1 - level / 2])
    return Interval(float(value @ weights), float(low), float(high))


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
def _resampled_places(count: int, n: int, seed: int) -> NDArray[np.int32]:
    rng = np.random.default_rng(seed)
    return np.sort(rng.integers(0, n, (RESAMPLES, count, n), dtype=np.int32), axis=-1)


def law_ranks(samples: Sequence[Floats], law: Sequence[Floats]) -> Floats:
    """Where samples stand among draws from their law, pooled over several widths: uniform if they fit.

    Each sample is mapped by the empirical distribution of its own width's draws. Half of the ties
    count as below, so that rounding does not make a constant law look wrong.
    """
    ranks = []
    for x, y in zip(samples, law, strict=True):
        ordered = np.sort(y)
        below = np.searchsorted(ordered, x, side="left")
        upto = np.searchsorted(ordered, x, side="right")
        ranks.append((below + upto) / (2 * len(y)))
    return np.concatenate(ranks)


def against_law(ranks: Floats, draws: int) -> float:
    """p-value that ranks come from the law: Kolmogorov–Smirnov against uniform.

    The law is itself a sample of ``draws``, so that the two-sample size n·m/(n + m) enters
    Kolmogorov's asymptotic distribution. A constant law gives only ties at 1/2 when it is met.
    """
    if np.all(ranks == 0.5):
        return 1.0
    n = len(ranks)
    distance = stats.kstest(ranks, "uniform").statistic
    size = math.sqrt(n * draws / (n + draws))
    return float(special.kolmogorov((size + 0.12 + 0.11 / size) * distance))


def mean_rank(ranks: Floats, level: float) -> Interval:
    """The mean rank, 1/2 for samples from the law, with a normal interval.

    A shift by δ standard deviations of a normal law moves it to Φ(δ/√2).
    """
    mean = float(np.mean(ranks))
    half = float(stats.norm.isf(level / 2) * np.std(ranks, ddof=1) / math.sqrt(len(ranks)))
    return Interval(mean, mean - half, mean + half)


def against_normal(samples: Floats, deviation: float) -> float:
    """p-value that samples come from N(0, deviation²), by the Kolmogorov–Smirnov distance."""
    if deviation == 0.0:
        return float(np.all(np.abs(samples) <= 1e-12))
    return float(stats.kstest(samples / deviation, "norm").pvalue)


def mean_against(samples: Floats, expected: float) -> float:
    """p-value that the mean of skewed samples is ``expected``.

    Student's t with Johnson's correction for skewness (Johnson 1978, J. Amer. Statist. Assoc. 73,
    536-544): entries of T average heavy-tailed products, for which the plain t rejects too often.
    """
    n = len(samples)
    mean, variance = float(np.mean(samples)), float(np.var(samples, ddof=1))
    gap = mean - expected
    if variance <= (1e-12 * abs(expected)) ** 2:
        return float(abs(gap) <= 1e-9 * max(abs(expected), 1e-300))
    third = float(np.mean((samples - mean) ** 3))
    corrected = gap + third / (6 * variance * n) + third * gap**2 / (3 * variance**2)
    return float(2 * stats.t.sf(abs(corrected) / math.sqrt(variance / n), n - 1))


def relative_range(samples: Floats) -> float:
    """(max − min)/median of |samples|: 0 for a constant, and seen even where a jump is rare.

    The sign of u at two near points differs in a few draws only; quantiles would call it constant.
    """
    size = float(np.median(np.abs(samples)))
    return float(np.ptp(samples)) / size if size > 0 else 0.0
