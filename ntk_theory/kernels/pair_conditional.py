"""E[φ(z(x+h)) φ(z(x'+h'))] of a Gaussian field z as a Taylor series, conditioned on the values.

Put U = z(x), V = z(x') and the increments δU(h) = z(x+h) − U, δV(h') = z(x'+h') − V. With
U = √p z₁, V = μ z₁ + σ z₂ (μ = q/√p, σ² = r − μ²) project the increments on z₁ and z₂:

    δU = a₁(h) z₁ + a₂(h) z₂ + G(h),    a₁ = (Σ(x+h, x) − p)/√p,       a₂ = (Σ(x+h, x') − q − μ a₁)/σ,
    δV = b₁(h') z₁ + b₂(h') z₂ + G'(h'),   b₁ = (Σ(x, x'+h') − q)/√p,   b₂ = (Σ(x'+h', x') − r − μ b₁)/σ.

G and G' are Gaussian and independent of z₁, z₂, with variances s(h) = Var δU − a₁² − a₂², s'(h') and
covariance c(h, h') = Cov(δU, δV) − a₁b₁ − a₂b₂. Averaging φ(U + a₁z₁ + a₂z₂ + G) over G, and the
product over the pair (G, G'), as power series,

    E[φ(z(x+h)) φ(z(x'+h'))] = Σ_j c^j/j! E[F_j(h) F'_j(h')],
    F_j(h) = Σ_{u,v,i} φ^(j+u+v+2i)(U) z₁^u z₂^v a₁^u/u! a₂^v/v! (s/2)^i/i!,                       [D]

and likewise F'_j with V, b₁, b₂, s'. Since a₁, a₂, G start at degree 1, terms of degree n in h need
u + v + 2i ≤ n − j: φ up to order n only (n + 1 for φ'), where expanding in p, q, r by Price's theorem
needs 3n + 1. All the factors are bounded by standard deviations, so that nothing cancels for points
far from the origin, and an error of σ changes only the variance of V, by as much as rounding does.
"""

from __future__ import annotations

import math

import numpy as np

from ntk_theory.arrays import Floats, Ints
from ntk_theory.kernels.dual_quadrature import DEGENERATE
from ntk_theory.kernels.jit import helper, kernel
from ntk_theory.kernels.pair_taylor import clear, copy_into, multiply_into
from ntk_theory.kernels.threads import share


def monomials(order: int) -> Ints:
    """Rows (u, v, i, u + v + 2i) of all terms of F_0 up to degree ``order``, shape (T, 4)."""
    rows = [
        (u, v, i, u + v + 2 * i)
        for u in range(order + 1)
        for v in range(order + 1 - u)
        for i in range((order - u - v) // 2 + 1)
    ]
    return np.array(rows, dtype=np.int64)


@helper(())
def _scaled_powers(series: Floats, count: int, products: Ints) -> Floats:
    """series^m/m! for m = 0..count of a one-point series (A,) without constant term."""
    out = np.zeros((count + 1, series.shape[0]))
    out[0, 0] = 1.0
    for m in range(1, count + 1):
        for t in range(products.shape[0]):
            out[m, products[t, 0]] += out[m - 1, products[t, 1]] * series[products[t, 2]] / m
    return out


@helper(())
def _increment_variance(own: Floats, products: Ints) -> Floats:
    """Var(z(x+h) − z(x)), from the series ``own`` (A, A) of Σ(x+h, x+h')."""
    out = np.zeros(own.shape[0])
    for t in range(products.shape[0]):
        if products[t, 1] > 0 and products[t, 2] > 0:
            out[products[t, 0]] += own[products[t, 1], products[t, 2]]
    return out


@helper(())
def _subtract_square(series: Floats, root: Floats, products: Ints) -> None:
    for t in range(products.shape[0]):
        series[products[t, 0]] -= root[products[t, 1]] * root[products[t, 2]]


@helper(())
def _terms(one: Floats, two: Floats, half: Floats, table: Ints, order: int, products: Ints) -> Floats:
    """a₁^u/u! a₂^v/v! (s/2)^i/i! for every row of ``table``, shape (T, A)."""
    first = _scaled_powers(one, order, products)
    second = _scaled_powers(two, order, products)
    third = _scaled_powers(half, order // 2, products)
    out = np.zeros((table.shape[0], one.shape[0]))
    for k in range(table.shape[0]):
        partial = np.zeros(one.shape[0])
        for t in range(products.shape[0]):
            partial[products[t, 0]] += (
                first[table[k, 0], products[t, 1]] * second[table[k, 1], products[t, 2]]
            )
        for t in range(products.shape[0]):
            out[k, products[t, 0]] += partial[products[t, 1]] * third[table[k, 2], products[t, 2]]
    return out


@helper(())
def _expectation(
    moments: Floats,
    shift: int,
    left: Floats,
    right: Floats,
    table: Ints,
    rest: Floats,
    order: int,
    products: Ints,
    out: Floats,
) -> None:
    """Write Σ_j c^j/j! Σ_{t,t'} left[t] ⊗ right[t'] E[φ^(…) φ^(…) z₁^… z₂^…] to ``out`` (Horner in c)."""
    rows = out.shape[0]
    total, column = np.empty((rows, rows)), np.empty(rows)
    clear(out)
    for j in range(order, -1, -1):
        if j < order:
            copy_into(total, out)
            clear(out)
            multiply_into(out, rest, total, products, products)
            for a in range(rows):
                for b in range(rows):
                    out[a, b] /= j + 1
        for t in range(table.shape[0]):
            if table[t, 3] + j > order:
                continue
            for b in range(rows):
                column[b] = 0.0
            for m in range(table.shape[0]):
                if table[m, 3] + j <= order:
                    weight = moments[
                        shift + j + table[t, 3],
                        shift + j + table[m, 3],
                        table[t, 0] + table[m, 0],
                        table[t, 1] + table[m, 1],
                    ]
                    for b in range(rows):
                        column[b] += weight * right[m, b]
            for a in range(rows):
                for b in range(rows):
                    out[a, b] += left[t, a] * column[b]


@kernel(
    "void(int64, int64, float64[:, :, :, :, ::1], float64[:, :, ::1], int64[::1], int64[::1],"
    "float64[:, :, ::1], int64[:, ::1], int64, int64[:, ::1], float64[:, :, :, ::1])",
    (),
)
def compose_pairs(
    start: int,
    stop: int,
    moments: Floats,
    own: Floats,
    first: Ints,
    second: Ints,
    covariance: Floats,
    table: Ints,
    order: int,
    products: Ints,
    out: Floats,
) -> None:
    """:func:`compose_conditioned` of the pairs ``start`` to ``stop``, written to ``out``."""
    size = covariance.shape[1]
    a1, a2, b1, b2 = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    rest = np.empty((size, size))
    for n in range(start, stop):
        x, y, q = own[first[n]], own[second[n]], covariance[n]
        root = math.sqrt(x[0, 0])
        mean = q[0, 0] / root
        gap = y[0, 0] - mean * mean
        a1[0] = a2[0] = b1[0] = b2[0] = 0.0
        for k in range(1, size):
            a1[k], b1[k] = x[k, 0] / root, q[0, k] / root
            a2[k] = b2[k] = 0.0
        if gap > DEGENERATE * y[0, 0]:
            for k in range(1, size):
                a2[k] = (q[k, 0] - mean * a1[k]) / math.sqrt(gap)
                b2[k] = (y[k, 0] - mean * b1[k]) / math.sqrt(gap)
        s, s_prime = _increment_variance(x, products), _increment_variance(y, products)
        _subtract_square(s, a1, products)
        _subtract_square(s, a2, products)
        _subtract_square(s_prime, b1, products)
        _subtract_square(s_prime, b2, products)
        clear(rest)
        for a in range(1, size):
            s[a] *= 0.5
            s_prime[a] *= 0.5
            for b in range(1, size):
                rest[a, b] = q[a, b] - a1[a] * b1[b] - a2[a] * b2[b]
        left = _terms(a1, a2, s, table, order, products)
        right = _terms(b1, b2, s_prime, table, order, products)
        for shift in range(2):
            _expectation(moments[n], shift, left, right, table, rest, order, products, out[shift, n])


def compose_conditioned(
    moments: Floats,
    own: Floats,
    first: Ints,
    second: Ints,
    covariance: Floats,
    table: Ints,
    order: int,
    products: Ints,
) -> Floats:
    """The series of E[φφ] and E[φ'φ'] for pairs of points, shape (2, P, A, A).

    ``moments`` (P, n+2, n+2, 2n+1, 2n+1) are those of ``dual_quadrature.moments`` at (p, q, r);
    ``own`` (X, A, A) are the series of Σ(x+h, x+h') of each point with itself, ``covariance`` (P, A, A)
    those of the pairs, whose points are ``first`` and ``second``; ``table`` is ``monomials(order)``.
    """
    pairs, size = covariance.shape[0], covariance.shape[1]
    out = np.empty((2, pairs, size, size))
    own, covariance = np.ascontiguousarray(own), np.ascontiguousarray(covariance)
    share(
        lambda start, stop: compose_pairs(
            start, stop, moments, own, first, second, covariance, table, order, products, out
        ),
        pairs,
    )
    return out
