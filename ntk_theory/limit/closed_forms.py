"""Dual activations in closed form, as formulas in the three covariances p, q, r.

For (U, V) ~ N(0, [[p, q], [q, r]]) the dual of an activation is D(p, q, r) = E[φ(U) φ(V)]. Price's
theorem gives D_φ'φ' = ∂D/∂q, so each activation has one function that returns the pair (D, ∂_q D).
They accept :class:`~ntk_theory.limit.pair_series.PairSeries`, and so serve numbers, derivatives in p, q, r
and compositions with covariances alike.

Sources: erf, Williams 1997 (NIPS 9, eq. 11); ReLU^k, Cho & Saul 2009 (NIPS 22, eq. 1-4); the Gaussian is one
Gaussian integral, ∫ e^{−u²−v²} against the density [D]. sin follows from E e^{i(U±V)} = e^{−(p+r)/2 ∓ q} [D].
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ntk_theory.arrays import Bools, Floats
from ntk_theory.limit.pair_series import PairSeries
from ntk_theory.setting.activations import Activation

#: (p, q, r) ↦ (D, ∂_q D).
DualPair = Callable[[PairSeries, PairSeries, PairSeries], tuple[PairSeries, PairSeries]]

#: Relative pr − q² below which U and V count as one variable up to scale (rounding of p, q, r).
COINCIDENT = 1e-14


def erf_dual(p: PairSeries, q: PairSeries, r: PairSeries) -> tuple[PairSeries, PairSeries]:
    """φ = erf: D = (2/π) arcsin(2q/√((1+2p)(1+2r))), ∂_q D = (4/π)/√((1+2p)(1+2r) − 4q²)."""
    outer = (2.0 * p + 1.0) * (2.0 * r + 1.0)
    dual = (2.0 * q * outer.power(-0.5)).asin() * (2.0 / math.pi)
    return dual, _gaussian_gap(p, q, r).power(-0.5) * (4.0 / math.pi)


def sin_dual(p: PairSeries, q: PairSeries, r: PairSeries) -> tuple[PairSeries, PairSeries]:
    """φ = sin: D = e^{−(p+r)/2} sinh q, ∂_q D = e^{−(p+r)/2} cosh q, without overflow."""
    half = (p + r) * 0.5
    near, far = (q - half).exp(), (-q - half).exp()
    return (near - far) * 0.5, (near + far) * 0.5


def gaussian_dual(p: PairSeries, q: PairSeries, r: PairSeries) -> tuple[PairSeries, PairSeries]:
    """φ = e^{−z²}: D = g^{−1/2}, ∂_q D = 4q g^{−3/2} with g = (1+2p)(1+2r) − 4q²."""
    gap = _gaussian_gap(p, q, r)
    return gap.power(-0.5), 4.0 * q * gap.power(-1.5)


def _gaussian_gap(p: PairSeries, q: PairSeries, r: PairSeries) -> PairSeries:
    """(1+2p)(1+2r) − 4q², arranged so that nothing large cancels at p = q = r."""
    return (p * r - q * q) * 4.0 + (p + r) * 2.0 + 1.0


def relu_dual(k: int) -> DualPair:
    """φ = max(z, 0)^k, k ≥ 1: D from :func:`half_power_dual`, ∂_q D = k² times that of k − 1."""

    def dual(p: PairSeries, q: PairSeries, r: PairSeries) -> tuple[PairSeries, PairSeries]:
        return half_power_dual(k, p, q, r), half_power_dual(k - 1, p, q, r) * float(k * k)

    return dual


def half_power_dual(k: int, p: PairSeries, q: PairSeries, r: PairSeries) -> PairSeries:
    """I_k = E[U₊^k V₊^k] of Cho & Saul, without cancellation at small angles.

    With cos θ = q/√(pr), I_k = (pr)^{k/2} J_k(θ)/(2π), J_k(θ) = sin^{2k+1}θ H_k(−cos θ), where
    H_k(c) = k! ∫_0^{π/2} cos^kψ/(1 + c cos ψ)^{k+1} dψ. That is used for q < 0. For q ≥ 0 it would
    lose digits as θ → 0; there U and V nearly always have one sign, and [D]

        I_k = ½ E[U^k V^k] − (−1)^k (pr)^{k/2} sin^{2k+1}θ H_k(cos θ)/(2π).

    The second term is of order θ^{2k+1}: at θ = 0 its Taylor coefficients vanish up to total degree
    2k in (h, h'), and it is left out. The caller must ask for no more (THEORY §7.2: k ≥ n + 1).
    """
    product = p * r
    gap = product - q * q
    same_sign = q.base >= 0.0
    apart = gap.base > COINCIDENT * product.base
    out = np.zeros_like(q.coefficients)
    if same_sign.any():
        args = (p.select(same_sign), q.select(same_sign), r.select(same_sign))
        out[same_sign] = half_power_moment(k, *args).coefficients * 0.5
    if apart.any():
        tail = _tail(k, product.select(apart), q.select(apart), gap.select(apart), same_sign[apart])
        signs = np.where(same_sign[apart], -((-1.0) ** k), 1.0)
        out[apart] += signs[:, None, None] * tail.coefficients
    return PairSeries(out, q.left, q.right)


def half_power_moment(k: int, p: PairSeries, q: PairSeries, r: PairSeries) -> PairSeries:
    """E[U^k V^k] = Σ_j C(k,j)² j! ((k−j−1)!!)² q^j (pr)^{(k−j)/2} over k − j even (Isserlis)."""
    product = p * r
    total = p * 0.0
    for j in range(k, -1, -2):
        odd = math.prod(range(k - j - 1, 0, -2))
        weight = float(math.comb(k, j) ** 2 * math.factorial(j) * odd**2)
        total = total + q.integer_power(j) * product.integer_power((k - j) // 2) * weight
    return total


def _tail(k: int, product: PairSeries, q: PairSeries, gap: PairSeries, same_sign: Bools) -> PairSeries:
    """(pr)^{k/2} sin^{2k+1}θ H_k(|cos θ|)/(2π), always positive."""
    sign = PairSeries(q.coefficients * np.where(same_sign, 1.0, -1.0)[:, None, None], q.left, q.right)
    cosine = sign * product.power(-0.5)
    # (pr)^{k/2} sin^{2k+1}θ = gap^{k+1/2} (pr)^{−(k+1)/2}
    factor = gap.power(k + 0.5) * product.power(-0.5 * (k + 1))
    angular = cosine.apply(lambda base, order: _angular_taylor(k, base, order))
    return factor * angular * (0.5 / math.pi)


def _angular_taylor(k: int, c: Floats, order: int) -> Floats:
    """Taylor coefficients of H_k about c in [0, 1], shape (P, order + 1).

    H_0(c) = arccos(c)/√(1−c²) = Σ_n a_n y^n, y = (1−c)/2, a_n = 4^n (n!)²/(2n+1)!, and
    H_k = (−1)^k H_0^{(k)}. The series has positive terms and ratio y ≤ 1/2.
    """
    y = (1.0 - np.minimum(c, 1.0)) / 2.0
    count = 80 + 8 * (k + order)
    out = np.zeros((c.shape[0], order + 1))
    a = 1.0
    for n in range(count):
        for m in range(min(order, n - k) + 1):
            # d^{k+m} y^n / dy^{k+m} · (−1/2)^{k+m} (−1)^k / m!
            falling = math.perm(n, k + m) / math.factorial(m)
            out[:, m] += a * falling * y ** (n - k - m) * (-0.5) ** (k + m) * (-1.0) ** k
        a *= 2.0 * (n + 1) / (2 * n + 3)
    return out


#: The closed forms, by the name that an activation gives; each gets the activation's ``power``.
CLOSED: dict[str, Callable[[int], DualPair]] = {
    "erf": lambda power: erf_dual,
    "sin": lambda power: sin_dual,
    "gaussian": lambda power: gaussian_dual,
    "relu": relu_dual,
}


def closed_form(phi: Activation) -> DualPair | None:
    """The closed form of E φ(U)φ(V), if this activation names one.

    >>> closed_form(Activation.of("tanh")) is None
    True
    """
    return CLOSED[phi.closed_form](phi.power) if phi.closed_form else None
