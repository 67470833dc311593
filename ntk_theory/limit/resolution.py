"""How many quadrature nodes a Gaussian moment of activation derivatives needs.

The counts are a first guess from the error of the trapezoid rule; every result is checked afterwards
against a finer rule, so that a wrong guess costs time and not digits.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from ntk_theory.arrays import Floats, Ints
from ntk_theory.kernels.dual_quadrature import REACH
from ntk_theory.kernels.dual_tables import BY_ERF, BY_SINE, BY_TANH, BY_TAYLOR, ActivationTable

#: Spacing at which the rule resolves the Gaussian weight alone: its error 2exp(−2π²/h²) is 1e-28.
WIDEST = 0.55
#: More nodes per direction than this are refused.
MOST_NODES = 6001
#: The finer rule has this many times the nodes of the coarser one.
REFINEMENT = 1.2


def node_counts(
    table: ActivationTable, scale: Floats, order: int, factors: int, tolerance: float, factor: float
) -> Ints:
    """Nodes on |z| ≤ REACH for E of ``factors`` derivatives φ^(order)(scale·z), shape of ``scale``.

    tanh family, and whatever has no table: φ^(K)(sz) has poles of order K + 1 at distance d = π/(2κs) from
    the real line. With m the order of the integrand's pole (K + 1 per factor) the rule of spacing h errs by
    about

        exp(−2πd/h) (2π/(hκs))^{m−1}/(m−1)! · e^{d²/2},

    in units of the pole's coefficient K!; the moment itself is of size √((2K)!)/π^K per factor [D].
    Gaussian family: the integrand is entire, with a spectrum that ends near 2s√(2κ)√(log 1/tol + 2K).
    """
    scale = np.maximum(np.asarray(scale, dtype=np.float64), 1e-3)
    if table.family in (BY_TANH, BY_TAYLOR):
        step = _pole_spacing(table.kappa * scale, order, factors, tolerance)
    else:
        step = 2 * np.pi / (9.0 + _bandwidth(table, order, tolerance) * scale)
    count = np.ceil(2 * REACH / np.minimum(step, WIDEST) * factor).astype(np.int64) + 1
    return np.asarray(count, dtype=np.int64)


def _bandwidth(table: ActivationTable, order: int, tolerance: float) -> float:
    if table.family == BY_SINE:
        return 2.0
    if table.family == BY_ERF:
        return float(2.83 * np.sqrt(table.kappa * (12.0 - np.log(tolerance) + 2 * order)))
    raise AssertionError(f"the family {table.family} has no estimate of its nodes here")


def _pole_spacing(scale: Floats, order: int, factors: int, tolerance: float) -> Floats:
    poles = factors * (order + 1)
    # Logarithm of the factor by which the pole's coefficient exceeds the moment, per factor.
    excess = gammaln(order + 1) - 0.5 * gammaln(2 * order + 1) + order * np.log(np.pi)
    start = factors * excess - gammaln(poles)
    distance = np.pi / (2 * scale)
    low, high = np.full(scale.shape, 1e-4), np.full(scale.shape, 1.0)
    for _ in range(40):
        h = np.sqrt(low * high)
        # The contour is moved to the pole, or to 2π/h if that is nearer: there the Gaussian ends.
        moved = np.minimum(distance, 2 * np.pi / h)
        growth = start + (poles - 1) * np.log(np.maximum(2 * np.pi / (h * scale), 1.0))
        error = -2 * np.pi * moved / h + moved**2 / 2 + np.where(moved < distance, 0.0, growth)
        fine = error <= np.log(tolerance)
        low, high = np.where(fine, h, low), np.where(fine, high, h)
    return low
