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

from ntk_theory.arrays import Floats, Ints
from ntk_theory.kernels.jit import helper, kernel
from ntk_theory.kernels.threads import share


@helper(())
def clear(out: Floats) -> None:
    """Set the series of one pair to 0."""
    for a in range(out.shape[0]):
        for b in range(out.shape[1]):
            out[a, b] = 0.0


@helper(())
def copy_into(out: Floats, series: Floats) -> None:
    """Copy the series of one pair."""
    for a in range(out.shape[0]):
        for b in range(out.shape[1]):
            out[a, b] = series[a, b]


@helper(())
def multiply_into(out: Floats, a: Floats, b: Floats, left: Ints, right: Ints) -> None:
    """Add a·b to ``out`` for one pair; the product of truncated series is a sum over both product tables."""
    for s in range(left.shape[0]):
        o, i, j = left[s, 0], left[s, 1], left[s, 2]
        for t in range(right.shape[0]):
            out[o, right[t, 0]] += a[i, right[t, 1]] * b[j, right[t, 2]]


@kernel(
    "void(int64, int64, float64[:, :, ::1], float64[:, :, ::1], int64[:, ::1], int64[:, ::1],"
    "float64[:, :, ::1])",
    (),
)
def multiply_pairs(start: int, stop: int, a: Floats, b: Floats, left: Ints, right: Ints, out: Floats) -> None:
    """Add a·b to ``out`` for the pairs ``start`` to ``stop``."""
    for k in range(start, stop):
        multiply_into(out[k], a[k], b[k], left, right)


def multiply(a: Floats, b: Floats, left: Ints, right: Ints) -> Floats:
    """The product series a·b, shape (P, A, B), of two series of that shape.

    ``left`` and ``right`` are the ``products`` tables of the two index sets.
    """
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    out = np.zeros_like(a)
    share(lambda start, stop: multiply_pairs(start, stop, a, b, left, right, out), a.shape[0])
    return out


@kernel(
    "void(int64, int64, float64[:, ::1], float64[:, :, ::1], int64[:, ::1], int64[:, ::1],"
    "float64[:, :, ::1])",
    (),
)
def compose_pairs(
    start: int, stop: int, coefficients: Floats, a: Floats, left: Ints, right: Ints, out: Floats
) -> None:
    """:func:`compose_unary` of the pairs ``start`` to ``stop``; ``out`` starts at 0."""
    rows, columns = a.shape[1], a.shape[2]
    last = coefficients.shape[1] - 1
    step, total = np.empty((rows, columns)), np.empty((rows, columns))
    for k in range(start, stop):
        copy_into(step, a[k])
        step[0, 0] = 0.0
        out[k, 0, 0] = coefficients[k, last]
        for m in range(last - 1, -1, -1):
            copy_into(total, out[k])
            clear(out[k])
            multiply_into(out[k], step, total, left, right)
            out[k, 0, 0] += coefficients[k, m]


def compose_unary(coefficients: Floats, a: Floats, left: Ints, right: Ints) -> Floats:
    """f(a) for a scalar function f, by Horner's rule in the nilpotent part of ``a``.

    ``coefficients`` (P, K+1) holds f^(k)(a_00)/k!; K must be at least the largest total degree of
    the product of the two sets, beyond which powers of the nilpotent part vanish.
    """
    out = np.zeros_like(a)
    share(lambda start, stop: compose_pairs(start, stop, coefficients, a, left, right, out), a.shape[0])
    return out


@kernel("void(int64, int64, float64[:, :, ::1], int64[:, ::1], float64[:, ::1])", ())
def diagonal_pairs(start: int, stop: int, a: Floats, products: Ints, out: Floats) -> None:
    """Add :func:`on_diagonal` of the pairs ``start`` to ``stop`` to ``out``."""
    for k in range(start, stop):
        for t in range(products.shape[0]):
            out[k, products[t, 0]] += a[k, products[t, 1], products[t, 2]]


def on_diagonal(a: Floats, products: Ints) -> Floats:
    """The one-point series g(h) = f(h, h), shape (P, A), of a series with equal index sets."""
    a = np.ascontiguousarray(a)
    out = np.zeros((a.shape[0], a.shape[1]))
    share(lambda start, stop: diagonal_pairs(start, stop, a, products, out), a.shape[0])
    return out
