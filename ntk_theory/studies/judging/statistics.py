"""The statistics that verdicts rest on: each has a stated level, and randomness only from a seed.

Kernels are judged in probability: medians and quantiles of log‖K‖, never bare means of norms, which
may be infinite or grow while K → 0 (THEORY §3).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from ntk_theory.arrays import Floats
from ntk_theory.studies.judging.verdict import MORE_SEEDS, Need, Remedy


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

    def remedy(self, margin: float) -> Remedy:
        """How many more networks bring the half-width down to a margin.

        >>> str(Interval(0.0, -0.4, 0.4).remedy(0.2)), str(Interval(0.0, -math.inf, math.inf).remedy(0.2))
        ('needs about 4× the seeds', 'needs more seeds')
        """
        factor = (self.half_width / margin) ** 2
        if not math.isfinite(factor):
            return MORE_SEEDS
        times = max(2, math.ceil(factor))
        return Remedy((Need.SEEDS,), f"needs about {times}× the seeds", times)

    def within(self, centre: float, margin: float) -> bool:
        """Does the whole interval lie within ``margin`` of ``centre``? (Equivalence.)"""
        return centre - margin <= self.low and self.high <= centre + margin

    def excludes(self, centre: float, margin: float = 0.0) -> bool:
        """Does the interval miss everything within ``margin`` of ``centre``?"""
        return self.high < centre - margin or self.low > centre + margin


def finite(values: Floats) -> Floats:
    """The finite ones, flattened."""
    return np.asarray(values[np.isfinite(values)])


#: Values that differ by less than this share of their size are the same but for rounding.
TIE = 1e-11


def law_ranks(samples: Sequence[Floats], law: Sequence[Floats], seed: int = 0) -> Floats:
    """Where samples stand among draws from their law, pooled over several widths: uniform if they fit.

    Each sample is mapped by the empirical distribution of its own width's draws. Among several draws that it
    equals, to rounding, its place is drawn at random: a law with atoms (a sign that flips rarely) has uniform
    ranks, too.
    """
    rng = np.random.default_rng(seed)
    ranks = []
    for x, y in zip(samples, law, strict=True):
        ordered, wide = np.sort(y), TIE * np.abs(x)
        below = np.searchsorted(ordered, x - wide, side="left")
        tied = np.searchsorted(ordered, x + wide, side="right") - below
        place = np.where(tied > 1, rng.random(len(x)), 0.5)
        ranks.append((below + place * tied) / len(y))
    return np.concatenate(ranks)


def stray_p_value(strays: int, samples: int, draws: int) -> float:
    """p-value of samples off a law all of whose draws are one number, the other values being rare.

    Under the law all are exchangeable, so that the chance that all strays are samples is C(samples, strays)
    / C(samples + draws, strays).

    >>> stray_p_value(0, 48, 600), round(stray_p_value(1, 48, 600), 3), stray_p_value(48, 48, 600) < 1e-50
    (1.0, 0.074, True)
    """
    logs = [math.log((samples - k) / (samples + draws - k)) for k in range(strays)]
    return math.exp(sum(logs))


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
