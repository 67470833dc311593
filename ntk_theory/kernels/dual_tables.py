"""Derivatives of activations as short tables, exact up to rounding of their integer coefficients.

The activations named here and all their derivatives have one form,

    φ^(k)(z) = a_k + a'_k y + z (b_k + b'_k y) + w (A_k(t) + z B_k(t)) + l_k log(2 cosh(z/2)),

with polynomials A_k, B_k and, per family, functions y, w, t of z:

    family 0   y = tanh(κz)      w = 1 − y²          t = y
    family 1   y = erf(√κ z)     w = exp(−κz²)       t = z
    family 2   y = sin z         w = cos z           t = 1

    family 3   any other activation: φ^(k) = k! φ_k by its Taylor recursion, without a table

The derivatives of w times a polynomial close on themselves, so the tables are made by exact integer
or rational recurrences; w is kept apart because it is computed without cancellation where φ^(k)
decays.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import pi, sqrt
from typing import NamedTuple

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import SmoothnessError
from ntk_theory.setting.activations import THOUSAND, Activation

Polynomial = list[Fraction]
BY_TANH, BY_ERF, BY_SINE, BY_TAYLOR = range(4)
#: A strip wider than this does not lessen the nodes that the Gaussian weight needs.
FAR = 2 * pi


class ActivationTable(NamedTuple):
    """The form above for k = 0..K: ``linear`` (K+1, 5) = (a, a', b, b', l), ``A``, ``B`` (K+1, D+1).

    ``code`` is the activation's, for :data:`BY_TAYLOR` only; ``kappa`` is there π/2 over its strip.
    """

    family: int
    kappa: float
    linear: Floats
    A: Floats
    B: Floats
    code: int = -1


def _derivative(poly: Polynomial) -> Polynomial:
    return [k * c for k, c in enumerate(poly)][1:] or [Fraction(0)]


def _plus(*polys: Polynomial) -> Polynomial:
    length = max(len(poly) for poly in polys)
    return [sum((poly[k] for poly in polys if k < len(poly)), Fraction(0)) for k in range(length)]


def _shift(poly: Polynomial, scale: Fraction, power: int) -> Polynomial:
    return [Fraction(0)] * power + [scale * c for c in poly]


def _bell_polynomials(kappa: Fraction, count: int) -> list[Polynomial]:
    """Q_m with d^m/dz^m (1 − y²) = (1 − y²) Q_m(y), y = tanh(κz): Q' = κ((1 − y²)Q' − 2yQ)."""
    out = [[Fraction(1)]]
    for _ in range(count - 1):
        q, dq = out[-1], _derivative(out[-1])
        out.append(_plus(_shift(dq, kappa, 0), _shift(dq, -kappa, 2), _shift(q, -2 * kappa, 1)))
    return out


def _gauss_polynomials(kappa: Fraction, count: int) -> list[Polynomial]:
    """Q_m with d^m/dz^m exp(−κz²) = exp(−κz²) Q_m(z): Q' − 2κzQ (Hermite polynomials)."""
    out = [[Fraction(1)]]
    for _ in range(count - 1):
        q = out[-1]
        out.append(_plus(_derivative(q), _shift(q, -2 * kappa, 1)))
    return out


def _assemble(
    family: int,
    kappa: float,
    linear: Mapping[int, tuple[float, ...]],
    a: list[Polynomial],
    b: list[Polynomial],
    scale: float,
) -> ActivationTable:
    count = len(a)
    degree = max(len(poly) for poly in [*a, *b])
    tables = np.zeros((2, count, degree))
    for table, polys in zip(tables, (a, b), strict=True):
        for k, poly in enumerate(polys):
            table[k, : len(poly)] = [float(c) * scale for c in poly]
    rows = np.zeros((count, 5))
    for k, row in linear.items():
        if k < count:
            rows[k] = row
    return ActivationTable(family, kappa, rows, tables[0], tables[1])


def _tanh(order: int) -> ActivationTable:
    bells = _bell_polynomials(Fraction(1), order + 1)
    zero = [[Fraction(0)]]
    return _assemble(BY_TANH, 1.0, {0: (0, 1, 0, 0, 0)}, zero + bells[:order], zero * (order + 1), 1.0)


def _sigmoid(order: int) -> ActivationTable:
    # σ = (1 + y)/2 with y = tanh(z/2), hence σ' = w/4.
    bells = _bell_polynomials(Fraction(1, 2), order + 1)
    zero = [[Fraction(0)]]
    return _assemble(BY_TANH, 0.5, {0: (0.5, 0.5, 0, 0, 0)}, zero + bells[:order], zero * (order + 1), 0.25)


def _softplus(order: int) -> ActivationTable:
    # log(1 + e^z) = z/2 + log(2 cosh(z/2)); its derivative is the sigmoid.
    bells = _bell_polynomials(Fraction(1, 2), order + 1)
    zero = [[Fraction(0)]]
    linear = {0: (0, 0, 0.5, 0, 1), 1: (0.5, 0.5, 0, 0, 0)}
    return _assemble(BY_TANH, 0.5, linear, (zero * 2 + bells)[: order + 1], zero * (order + 1), 0.25)


def _silu(order: int, beta: Fraction = Fraction(1)) -> ActivationTable:
    # φ = zσ(βz), φ^(k) = zσ^(k) + kσ^(k−1), σ' = βw/4.
    bells = _bell_polynomials(beta / 2, order + 1)
    zero = [[Fraction(0)]]
    sigma = zero + bells
    linear = {0: (0, 0, 0.5, 0.5, 0), 1: (0.5, 0.5, 0, 0, 0)}
    a = [[k * c for c in sigma[k - 1]] if k else zero[0] for k in range(order + 1)]
    return _assemble(BY_TANH, float(beta) / 2, linear, a, sigma[: order + 1], float(beta) / 4)


def _erf(order: int) -> ActivationTable:
    gauss = _gauss_polynomials(Fraction(1), order + 1)
    zero = [[Fraction(0)]]
    return _assemble(
        BY_ERF, 1.0, {0: (0, 1, 0, 0, 0)}, zero + gauss[:order], zero * (order + 1), 2 / sqrt(pi)
    )


def _gaussian(order: int) -> ActivationTable:
    gauss = _gauss_polynomials(Fraction(1), order + 1)
    return _assemble(BY_ERF, 1.0, {}, gauss, [[Fraction(0)]] * (order + 1), 1.0)


def _gelu(order: int) -> ActivationTable:
    # φ = z Φ(z), Φ = (1 + erf(z/√2))/2: φ^(k) = z Φ^(k) + k Φ^(k−1), Φ' = e^{−z²/2}/√(2π).
    gauss = _gauss_polynomials(Fraction(1, 2), order + 1)
    zero = [[Fraction(0)]]
    normal = zero + gauss
    linear = {0: (0, 0, 0.5, 0.5, 0), 1: (0.5, 0.5, 0, 0, 0)}
    a = [[k * c for c in normal[k - 1]] if k else zero[0] for k in range(order + 1)]
    return _assemble(BY_ERF, 0.5, linear, a, normal[: order + 1], 1 / sqrt(2 * pi))


def _sin(order: int) -> ActivationTable:
    linear = {k: (0.0, (1, 0, -1, 0)[k % 4], 0.0, 0.0, 0.0) for k in range(order + 1)}
    a = [[Fraction((0, 1, 0, -1)[k % 4])] for k in range(order + 1)]
    return _assemble(BY_SINE, 1.0, linear, a, [[Fraction(0)]] * (order + 1), 1.0)


_MAKERS = {
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "silu": _silu,
    "erf": _erf,
    "gaussian": _gaussian,
    "gelu": _gelu,
    "sin": _sin,
}


def activation_table(phi: Activation, order: int) -> ActivationTable:
    """The table of φ, φ', …, φ^(order) of a smooth activation.

    One without a maker here is left to its Taylor recursion. That loses relative accuracy where
    derivatives decay, but none on the scale of the moments.
    """
    if not phi.is_smooth:
        raise SmoothnessError(
            f"activation {phi.name} has a kink: its moments need a closed form in limit/closed_forms.py; "
            "choose a smooth activation such as tanh"
        )
    if phi.beta:
        return _silu(order, Fraction(phi.beta, THOUSAND))
    if phi.name in _MAKERS:
        return _MAKERS[phi.name](order)
    kappa = pi / (2 * min(phi.strip, FAR))
    nothing = np.zeros((order + 1, 1))
    return ActivationTable(BY_TAYLOR, kappa, np.zeros((order + 1, 5)), nothing, nothing, phi.code)
