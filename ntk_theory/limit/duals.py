"""Dual activations D^{ij}(p, q, r) = E[φ^(i)(U) φ^(j)(V)], (U, V) ~ N(0, [[p, q], [q, r]]).

Closed forms serve erf, sin, the Gaussian and ReLU^k; every other activation is integrated by the
trapezoid rule of ``kernels.dual_quadrature`` with node counts that are checked against a finer rule.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError, SmoothnessError
from ntk_theory.kernels.dual_quadrature import REACH, moments
from ntk_theory.kernels.dual_tables import ActivationTable, activation_table
from ntk_theory.kernels.multiindex import closure
from ntk_theory.limit.closed_forms import CLOSED
from ntk_theory.limit.pair_series import PairSeries
from ntk_theory.limit.resolution import MOST_NODES, REFINEMENT, node_counts
from ntk_theory.setting.activations import Activation

#: Attempts at a finer rule before giving up; each divides the aimed error by 10³.
ATTEMPTS = 6


@dataclass(frozen=True, eq=False)
class DualValues:
    """Values of a dual activation, with their accuracy.

    ``values`` has the broadcast shape of p, q, r. ``accuracy`` is the largest difference between two
    quadrature rules in units of √(D^{ii}(p,p,p) D^{jj}(r,r,r)), 0 for a closed form (rounding only).
    ``method`` is "closed form" or "quadrature".
    """

    values: Floats
    accuracy: float
    method: str


def dual(
    name: str,
    i: int,
    j: int,
    p: ArrayLike,
    q: ArrayLike,
    r: ArrayLike,
    *,
    rtol: float = 1e-8,
    method: str = "auto",
) -> DualValues:
    """D^{ij}(p, q, r) = E[φ^(i)(U) φ^(j)(V)] for centred Gaussians of covariance [[p, q], [q, r]].

    Parameters
    ----------
    name:
        An activation of :data:`ntk_theory.setting.activations.ACTIVATIONS`, or ``relu^k``.
    i, j:
        Orders of the derivatives.
    p, q, r:
        Covariances, broadcast together; p, r > 0 and q² ≤ pr.
    rtol:
        Accuracy in units of √(D^{ii}(p,p,p) D^{jj}(r,r,r)), the Cauchy–Schwarz bound of the value.
    method:
        "auto" (closed form where there is one), "closed form" or "quadrature".

    Raises
    ------
    InputError
        Arguments out of range, or ``rtol`` cannot be reached.
    SmoothnessError
        φ^(i) or φ^(j) of ReLU^k is a distribution.

    >>> round(float(dual("relu", 0, 0, 1.0, 0.0, 1.0).values), 12)  # E max(U,0) max(V,0) = 1/(2π)
    0.159154943092
    """
    phi = Activation.of(name)
    if min(i, j) < 0:
        raise InputError(f"the derivatives are i = {i}, j = {j}; they need to be at least 0")
    p, q, r, shape = _covariances(p, q, r)
    # By Price's theorem D^{00} has the D^{ij} with i + j even; the others vanish only where φ has a parity.
    closed = phi.closed_form != "" and (not phi.is_smooth or phi.parity != 0 or (i + j) % 2 == 0)
    if method not in ("auto", "closed form", "quadrature"):
        raise InputError(f"method is {method!r}; it needs 'auto', 'closed form' or 'quadrature'")
    if method == "closed form" and not closed:
        raise InputError(f"method is 'closed form', but {phi.name} has none here; use 'quadrature'")
    if method == "quadrature" and not phi.is_smooth:
        raise InputError(f"method is 'quadrature', but {phi.name} is not smooth; use 'closed form'")
    if phi.power:
        return DualValues(_relu(phi, i, j, p, q, r).reshape(shape), 0.0, "closed form")
    if closed and method != "quadrature":
        return DualValues(_closed(phi, i, j, p, q, r).reshape(shape), 0.0, "closed form")
    values, accuracy = _integrated(phi, i, j, p, q, r, rtol)
    return DualValues(values.reshape(shape), accuracy, "quadrature")


def _covariances(p: ArrayLike, q: ArrayLike, r: ArrayLike) -> tuple[Floats, Floats, Floats, tuple[int, ...]]:
    arrays = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (p, q, r)))
    shape = arrays[0].shape
    flat_p, flat_q, flat_r = (np.ascontiguousarray(a).reshape(-1) for a in arrays)
    if not all(np.isfinite(a).all() for a in arrays) or (flat_p <= 0).any() or (flat_r <= 0).any():
        raise InputError("p, q, r have a non-finite or non-positive variance; they need finite p, r > 0")
    if (flat_q**2 > flat_p * flat_r * (1 + 1e-12)).any():
        k = int(np.argmax(flat_q**2 - flat_p * flat_r))
        raise InputError(
            f"q = {flat_q[k]} is no covariance of variances {flat_p[k]} and {flat_r[k]}; it needs q² ≤ pr"
        )
    return flat_p, flat_q, flat_r, shape


def _closed(phi: Activation, i: int, j: int, p: Floats, q: Floats, r: Floats) -> Floats:
    """D^{ij} by Price's theorem: for j = i + 2k it is 2^k ∂_q^i ∂_r^k D^{00}.

    For an odd or even φ D^{ij} = 0 if i + j is odd.
    """
    if (i + j) % 2:
        return np.zeros_like(p)
    if i > j:
        i, j, p, r = j, i, r, p
    k = (j - i) // 2
    left, right = closure([(0, max(i, 1), k), (1, 0, max(k, 1))], 3), closure([(0,)], 1)
    arguments = []
    for axis, base in enumerate((p, q, r)):
        coefficients = np.zeros((len(base), left.size, 1))
        coefficients[:, 0, 0] = base
        coefficients[:, left.units[axis], 0] = 1.0
        arguments.append(PairSeries(coefficients, left, right))
    value, _ = CLOSED[phi.closed_form](phi.power)(*arguments)
    at = left.position[(0, i, k)]
    return np.asarray(value.coefficients[:, at, 0] * (2.0**k * math.factorial(i) * math.factorial(k)))


def _relu(phi: Activation, i: int, j: int, p: Floats, q: Floats, r: Floats) -> Floats:
    k = phi.power
    if max(i, j) > k:
        raise SmoothnessError(
            f"activation {phi.name} has no derivative of order {max(i, j)} that is a function; "
            f"choose relu^{max(i, j)} or a smooth activation such as tanh"
        )
    return math.perm(k, i) * math.perm(k, j) * quadrant_moment(k - i, k - j, p, q, r)


def quadrant_moment(a: int, b: int, p: Floats, q: Floats, r: Floats) -> Floats:
    """E[U^a V^b 1(U > 0, V > 0)], by Gaussian integration by parts from E[1 1] = (π − θ)/(2π).

    For a ≥ 1: E[U·U^{a−1}V^b 1 1] = p E[∂_U(…)] + q E[∂_V(…)], where the derivative of a step is a point
    mass: it contributes E[V^b₊ | U = 0]/√(2πp) if a = 1, and likewise with U and V exchanged if b = 0 [D].
    """
    gap = np.sqrt(np.maximum(p * r - q * q, 0.0))
    if a == b == 0:
        return np.asarray((np.pi - np.arctan2(gap, q)) / (2 * np.pi))
    if a == 0:
        return quadrant_moment(b, a, r, q, p)
    total = np.zeros_like(p)
    if a >= 2:
        total += p * (a - 1) * quadrant_moment(a - 2, b, p, q, r)
    else:
        total += p * _edge(b, p, gap)
    if b >= 1:
        total += q * b * quadrant_moment(a - 1, b - 1, p, q, r)
    else:
        total += q * _edge(a - 1, r, gap)
    return total


def _edge(power: int, variance: Floats, gap: Floats) -> Floats:
    """E[δ(U) V₊^b] = E[V₊^b | U = 0]/√(2πp), where V | U = 0 has standard deviation gap/√p."""
    half = math.gamma((power + 1) / 2) * 2 ** (power / 2 - 1) / math.sqrt(math.pi)
    return np.asarray(half * (gap / np.sqrt(variance)) ** power / np.sqrt(2 * np.pi * variance))


def _integrated(
    phi: Activation, i: int, j: int, p: Floats, q: Floats, r: Floats, rtol: float
) -> tuple[Floats, float]:
    table = activation_table(phi, max(i, j))
    aim = rtol
    for _ in range(ATTEMPTS):
        rules = [
            quadrature_moments(table, p, q, r, aim, factor)[:, i, j, 0, 0] for factor in (1.0, REFINEMENT)
        ]
        left = quadrature_moments(table, p, p, p, aim, REFINEMENT)[:, i, i, 0, 0]
        right = quadrature_moments(table, r, r, r, aim, REFINEMENT)[:, j, j, 0, 0]
        change = np.abs(rules[1] - rules[0])
        accuracy = float(np.max(change / np.sqrt(left * right), initial=0.0))
        if accuracy <= rtol:
            return rules[1].copy(), accuracy
        aim *= 1e-3
    raise InputError(
        f"rtol = {rtol} was not reached for {phi.name} (two rules differ by {accuracy:.1e}); "
        "ask for less, or scale the inputs so that p and r are smaller"
    )


def quadrature_moments(
    table: ActivationTable, p: Floats, q: Floats, r: Floats, tolerance: float, factor: float, degree: int = 0
) -> Floats:
    """All M[n, a, b, u, v] = E[φ^(a)(U) φ^(b)(V) z₁^u z₂^v], a, b ≤ the table's order K, u + v ≤ degree.

    z₁ = U/√p and z₂ is the rest of V, both standard (see ``kernels.dual_quadrature``); the shape is
    (P, K+1, K+1, degree+1, degree+1). ``tolerance`` chooses the node counts, which are multiplied by
    ``factor``.
    """
    order = table.linear.shape[0] - 1
    # |z|^degree e^{−z²/2} must have decayed at the cut, relative to E|z|^degree.
    reach = REACH + 0.15 * max(degree - 4, 0)
    conditional = np.sqrt(np.maximum(r - q * q / p, 0.0))
    stretch = factor * reach / REACH
    outer = node_counts(table, np.sqrt(np.maximum(p, q * q / p)), order, 2, tolerance, stretch)
    inner = node_counts(table, conditional, order, 1, tolerance, stretch)
    most = int(max(outer.max(initial=0), inner.max(initial=0)))
    if most > MOST_NODES:
        raise InputError(
            f"the points need {most} quadrature nodes per direction (at most {MOST_NODES}); "
            "their coordinates are large: give the network an input_map onto [-1, 1]"
        )
    return np.asarray(moments(p, q, r, outer, inner, degree, reach, *table))
