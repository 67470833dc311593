"""T^∞ of one hidden layer of tanh by brute force: the mean of products of one neuron's gradients.

The network S = N^{-1/2} Σ_k a_k φ(w_k·y + b_k) has, as N → ∞, T_{αβ}(y, y') = E Σ_θ ∂_θ∂^α s(y) ∂_θ∂^β s(y')
with s = a φ(w·y + b), θ ∈ {a, w, b} and E a² = 1. The expectation over (w, b) ~ N(0, 1) is a sum over a grid:
the trapezoidal rule in the plane of (y, 1) and (y', 1), where the integrand is analytic (the error falls like
exp(−2π·distance of the poles/step)), and Gauss–Hermite in the orthogonal rest, where it is a polynomial.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

Index = tuple[int, ...]
STEP, REACH = 0.16, 7.0
#: Exact for polynomials to degree 2·9 − 1 in the direction that neither point sees.
NODES = 9
ORDERS = 8


@cache
def _tanh_polynomials() -> tuple[np.ndarray, ...]:
    """φ^{(n)} as polynomials in τ = tanh: P_{n+1} = P_n'(τ)(1 − τ²)."""
    found = [np.polynomial.Polynomial([0, 1])]
    for _ in range(ORDERS):
        found.append(found[-1].deriv() * np.polynomial.Polynomial([1, 0, -1]))
    return tuple(p.coef for p in found)


def _derivatives(z: np.ndarray, highest: int) -> list[np.ndarray]:
    tau = np.tanh(z)
    return [np.polynomial.polynomial.polyval(tau, c) for c in _tanh_polynomials()[: highest + 1]]


def _grid(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes θ (count, d + 1) and weights for E over N(0, 1) parameters (w, b)."""
    dimension = len(first)
    frame, _ = np.linalg.qr(np.column_stack([first, second, np.eye(dimension)]))
    line = np.arange(-REACH, REACH + STEP / 2, STEP)
    weight = STEP * np.exp(-(line**2) / 2) / np.sqrt(2 * np.pi)
    rest, rest_weight = np.polynomial.hermite_e.hermegauss(NODES)
    rest_weight = rest_weight / rest_weight.sum()
    axes = [line, line] + [rest] * (dimension - 2)
    weights = [weight, weight] + [rest_weight] * (dimension - 2)
    nodes = np.stack([g.ravel() for g in np.meshgrid(*axes, indexing="ij")], axis=1)
    total = weights[0]
    for w in weights[1:]:
        total = np.multiply.outer(total, w)
    return nodes @ frame.T, total.ravel()


def _gradients(theta: np.ndarray, lifted: np.ndarray, slots: Sequence[Index]) -> np.ndarray:
    """∂^α of (φ, φ'·y_1, …, φ'·y_d, φ'·1) at one point, by Leibniz: (parameters, slots, nodes)."""
    size = len(lifted)
    highest = max((sum(a) for a in slots), default=0)
    phi = _derivatives(theta @ lifted, highest + 1)
    out = np.empty((size + 1, len(slots), len(theta)))

    powers = [[np.ones(len(theta))] for _ in range(size)]
    for k, column in enumerate(powers):
        for _ in range(highest):
            column.append(column[-1] * theta[:, k])

    def monomial(alpha: Index) -> np.ndarray:
        value = powers[0][alpha[0]]
        for k, n in enumerate(alpha[1:], 1):
            value = value * powers[k][n] if n else value
        return value

    for j, alpha in enumerate(slots):
        order, w = sum(alpha), monomial(alpha)
        out[0, j] = w * phi[order]
        for k in range(size):
            out[k + 1, j] = lifted[k] * w * phi[order + 1]
            if k < len(alpha) and alpha[k]:
                lower = tuple(n - (i == k) for i, n in enumerate(alpha))
                out[k + 1, j] += alpha[k] * monomial(lower) * phi[order]
    return out


def jet_ntk(y: Sequence[float], other: Sequence[float], slots: Sequence[Index]) -> np.ndarray:
    """T^∞_{αβ}(y, y') for all pairs of slots of one field."""
    first, second = np.array([*y, 1.0]), np.array([*other, 1.0])
    theta, weight = _grid(first, second)
    left, right = _gradients(theta, first, slots), _gradients(theta, second, slots)
    flat = left.transpose(1, 0, 2).reshape(len(slots), -1)
    other_flat = (right * weight).transpose(1, 0, 2).reshape(len(slots), -1)
    return flat @ other_flat.T
