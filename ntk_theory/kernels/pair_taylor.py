"""Truncated Taylor arithmetic in (h, h') for many pairs of points at once.

A function f(x + h, x' + h') of two points is held, per pair, as the array of its normalised Taylor
coefficients ``f[a, b]``, the coefficient of h^α_a h'^β_b, where α_a and β_b run over two
downward-closed sets of multi-indices. Products are truncated to these sets, which is exact for
every coefficient kept because the sets are downward closed. Arrays are float64, C-ordered, with
shape (P, A, B): P pairs, A left and B right indices; the product tables are those of
:class:`ntk_theory.kernels.multiindex.IndexSet`.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from ntk_theory.arrays import Floats, Ints


@njit(cache=True)
def multiply_into(out: Floats, a: Floats, b: Floats, left: Ints, right: Ints) -> None:
    """Add a·b to ``out`` for one pair; the product of truncated series is a sum over both product tables."""
    for s in range(left.shape[0]):
        o, i, j = left[s, 0], left[s, 1], left[s, 2]
        for t in range(right.shape[0]):
            out[o, right[t, 0]] += a[i, right[t, 1]] * b[j, right[t, 2]]


@njit(cache=True, parallel=True)
def multiply(a: Floats, b: Floats, left: Ints, right: Ints) -> Floats:
    """The product series a·b, shape (P, A, B), of two series of that shape.

    ``left`` and ``right`` are the ``products`` tables of the two index sets.
    """
    out = np.zeros_like(a)
    for k in prange(a.shape[0]):
        multiply_into(out[k], a[k], b[k], left, right)
    return out


@njit(cache=True, parallel=True)
def compose_unary(coefficients: Floats, a: Floats, left: Ints, right: Ints) -> Floats:
    """f(a) for a scalar function f, by Horner's rule in the nilpotent part of ``a``.

    ``coefficients`` (P, K+1) holds f^(k)(a_00)/k!; K must be at least the largest total degree of
    the product of the two sets, beyond which powers of the nilpotent part vanish.
    """
    pairs, rows, columns = a.shape
    out = np.zeros_like(a)
    last = coefficients.shape[1] - 1
    for k in prange(pairs):
        step = a[k].copy()
        step[0, 0] = 0.0
        total = np.zeros((rows, columns))
        total[0, 0] = coefficients[k, last]
        for m in range(last - 1, -1, -1):
            fresh = np.zeros((rows, columns))
            multiply_into(fresh, step, total, left, right)
            fresh[0, 0] += coefficients[k, m]
            total = fresh
        out[k] = total
    return out


@njit(cache=True, parallel=True)
def on_diagonal(a: Floats, products: Ints) -> Floats:
    """The one-point series g(h) = f(h, h), shape (P, A), of a series with equal index sets."""
    out = np.zeros((a.shape[0], a.shape[1]))
    for k in prange(a.shape[0]):
        for t in range(products.shape[0]):
            out[k, products[t, 0]] += a[k, products[t, 1], products[t, 2]]
    return out
