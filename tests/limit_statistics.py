"""Statistical tests with stated false-alarm rates, for comparing finite networks with the limit law."""

from __future__ import annotations

import numpy as np
from scipy import stats


def skewness_corrected_t(samples, expected):
    """Johnson's modified t statistic per column (JASA 73, 1978, 536-544), for skewed samples.

    t = ((m − μ) + μ₃/(6 s² n) + μ₃ (m − μ)²/(3 s⁴)) √n/s; compared with Student's t, n − 1 degrees.
    """
    n = len(samples)
    mean, s = samples.mean(axis=0), samples.std(axis=0, ddof=1)
    third = ((samples - mean) ** 3).mean(axis=0)
    gap = mean - expected
    return (gap + third / (6 * s**2 * n) + third * gap**2 / (3 * s**4)) * np.sqrt(n) / s


def mean_p_value(samples, expected):
    """Bonferroni-adjusted p-value that all columns have the expected means.

    Columns without any spread must agree with the expectation to rounding, else the p-value is 0.
    """
    spread = samples.std(axis=0)
    scale = np.maximum(np.abs(expected), np.abs(samples).max(axis=0))
    fixed = spread <= 1e-12 * scale
    if (np.abs(samples[:, fixed] - expected[fixed]) > 1e-9 * scale[fixed]).any():
        return 0.0
    if fixed.all():
        return 1.0
    t = skewness_corrected_t(samples[:, ~fixed], expected[~fixed])
    return min(1.0, float(2 * stats.t.sf(np.abs(t).max(), len(samples) - 1) * t.size))


def energy_p_value(first, second, seed, permutations=4999):
    """Permutation p-value of the energy distance between two samples of vectors (n, k), (m, k).

    Székely & Rizzo 2013. The level is exact for exchangeable samples, whatever their law. Columns are
    brought to comparable scale by asinh((x − median)/IQR) of the pooled sample, which keeps the level.
    """
    pooled = np.concatenate([first, second])
    low, middle, high = np.quantile(pooled, [0.25, 0.5, 0.75], axis=0)
    keep = high - low > 1e-12 * np.maximum(np.abs(middle), 1e-300)
    if not keep.any():
        return 1.0 if np.allclose(first.mean(axis=0), second.mean(axis=0), rtol=1e-9) else 0.0
    z = np.arcsinh((pooled[:, keep] - middle[keep]) / (high - low)[keep])
    square = (z * z).sum(axis=1)
    distance = np.sqrt(np.maximum(square[:, None] + square - 2 * z @ z.T, 0.0))
    n, m = len(first), len(second)
    labels = np.concatenate([np.full(n, 1 / n), np.full(m, -1 / m)])
    rng = np.random.default_rng(seed)
    shuffled = np.array([labels, *(rng.permutation(labels) for _ in range(permutations))])
    statistic = -np.einsum("pi,pi->p", shuffled @ distance, shuffled)
    return float(np.mean(statistic >= statistic[0] * (1 - 1e-12)))


def holm(p_values, level):
    """Which hypotheses Holm's procedure rejects at the family-wise level, by name."""
    rejected = set()
    for k, name in enumerate(sorted(p_values, key=p_values.get)):
        if p_values[name] > level / (len(p_values) - k):
            break
        rejected.add(name)
    return rejected
