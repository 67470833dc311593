"""The dual of an activation composed with covariances that are Taylor series in (h, h').

For p(h) = Σ(x+h, x+h), q(h, h') = Σ(x+h, x'+h') and r(h') = Σ(x'+h', x'+h') the recursion of THEORY §4
needs D_φφ(p, q, r) and D_φ'φ'(p, q, r) as series. A closed form is evaluated on the series; otherwise
the Taylor coefficients of D in (p, q, r) come from Price's theorem,

    ∂_p^i ∂_q^j ∂_r^k D_φφ = 2^{−(i+k)} E[φ^(j+2i)(U) φ^(j+2k)(V)],                                  [D]

with moments by quadrature. A term δp^i δq^j δr^k starts at total degree i in h and k in h' and adds j
between them, so that to order n in each only i, k ≤ n and j ≤ (n−i) + (n−k) matter: φ is needed up to
order 3n, and 3n + 1 for D_φ'φ'.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ntk_theory.kernels.activations import Activation, require_smooth
from ntk_theory.kernels.dual_tables import ActivationTable, activation_table
from ntk_theory.kernels.multiindex import IndexSet
from ntk_theory.kernels.pair_taylor import compose_dual
from ntk_theory.limit.closed_forms import CLOSED, DualPair, relu_dual
from ntk_theory.limit.duals import quadrature_moments
from ntk_theory.limit.series import Series, from_points

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Composer(Protocol):
    """(D_φφ, D_φ'φ') of pairs ``first``, ``second`` of points.

    ``variances`` (X, A) are the one-point series of p (and r), ``covariance`` the pair series of q.
    """

    def __call__(
        self, variances: Floats, first: Ints, second: Ints, covariance: Series
    ) -> tuple[Series, Series]: ...


@dataclass(frozen=True)
class ClosedComposer:
    """Evaluates a closed form on the series; exact up to rounding."""

    form: DualPair

    def __call__(
        self, variances: Floats, first: Ints, second: Ints, covariance: Series
    ) -> tuple[Series, Series]:
        """See :class:`Composer`."""
        indices = covariance.left
        p = from_points(variances[first], indices, indices, is_left=True)
        r = from_points(variances[second], indices, indices, is_left=False)
        return self.form(p, covariance, r)


@dataclass(frozen=True, eq=False)
class QuadratureComposer:
    """Price's theorem with moments by quadrature; node counts for ``tolerance``, times ``factor``."""

    table: ActivationTable
    tolerance: float
    factor: float

    def __call__(
        self, variances: Floats, first: Ints, second: Ints, covariance: Series
    ) -> tuple[Series, Series]:
        """See :class:`Composer`."""
        p = np.ascontiguousarray(variances[first, 0])
        r = np.ascontiguousarray(variances[second, 0])
        table = quadrature_moments(
            self.table, p, np.ascontiguousarray(covariance.base), r, self.tolerance, self.factor
        )
        order, products = covariance.left.order, covariance.left.products
        value, slope = (
            Series(
                compose_dual(
                    price_coefficients(table, order, shift),
                    variances,
                    np.ascontiguousarray(covariance.coefficients),
                    variances,
                    first,
                    second,
                    products,
                    products,
                ),
                covariance.left,
                covariance.right,
            )
            for shift in (0, 1)
        )
        return value, slope


def price_coefficients(table: Floats, order: int, shift: int) -> Floats:
    """∂_p^i∂_r^k∂_q^j D/(i! k! j!) from moments M[a, b], shape (P, n+1, n+1, 2n+1), axes (i, k, j).

    D = D_{φ^(shift) φ^(shift)}; entries with j > (n−i) + (n−k) are left 0.
    """
    out = np.zeros((table.shape[0], order + 1, order + 1, 2 * order + 1))
    for i in range(order + 1):
        for k in range(order + 1):
            for j in range(2 * order - i - k + 1):
                weight = 0.5 ** (i + k) / (math.factorial(i) * math.factorial(k) * math.factorial(j))
                out[:, i, k, j] = weight * table[:, shift + j + 2 * i, shift + j + 2 * k]
    return out


def highest_derivative(order: int) -> int:
    """The largest derivative of φ in the moments for operators of order n: 3n + 1."""
    return 3 * order + 1


def has_closed_form(phi: Activation) -> bool:
    """Is the dual of this activation known in closed form here?"""
    return phi.power > 0 or phi.name in CLOSED


def composer(
    phi: Activation, indices: IndexSet, tolerance: float, factor: float, *, closed: bool = True
) -> Composer:
    """The composer of an activation: closed form where there is one and ``closed`` allows it.

    Raises
    ------
    SmoothnessError
        ReLU^k with k smaller than the order of ``indices`` plus one.
    """
    require_smooth(phi, indices.order)
    if phi.power:
        return ClosedComposer(relu_dual(phi.power))
    if closed and phi.name in CLOSED:
        return ClosedComposer(CLOSED[phi.name])
    return QuadratureComposer(
        activation_table(phi.name, highest_derivative(indices.order)), tolerance, factor
    )
