"""E[φ(z) φ(z')] and E[φ'(z) φ'(z')] of a Gaussian field whose covariance is a Taylor series in (h, h').

These are the duals D_φφ and D_φ'φ' of THEORY §4 at p(h) = Σ(x+h, x+h), q(h, h') = Σ(x+h, x'+h'),
r(h') = Σ(x'+h', x'+h'). A closed form is evaluated on the series. Otherwise the increments of the field
are conditioned on its two values (``kernels.pair_conditional``), which leaves integrals in two dimensions
of φ^(a) φ^(b) times powers, a, b ≤ n + 1, for quadrature. (Price's theorem, which THEORY suggests, needs
derivatives up to 3n + 1 and loses all digits for third order at |x| ≈ 10; the tests keep it as the
oracle near the origin.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ntk_theory.arrays import Floats, Ints
from ntk_theory.kernels.dual_tables import ActivationTable, activation_table
from ntk_theory.kernels.multiindex import IndexSet
from ntk_theory.kernels.pair_conditional import compose_conditioned, monomials
from ntk_theory.kernels.pair_taylor import on_diagonal
from ntk_theory.limit.closed_forms import DualPair, closed_form
from ntk_theory.limit.duals import quadrature_moments
from ntk_theory.limit.pair_series import PairSeries, from_points
from ntk_theory.setting.activations import Activation, require_smooth


class Composer(Protocol):
    """(D_φφ, D_φ'φ') of pairs ``first``, ``second`` of points.

    ``own`` (X, A, A) are the series of each point with itself, ``covariance`` those of the pairs.
    """

    def __call__(
        self, own: Floats, first: Ints, second: Ints, covariance: PairSeries
    ) -> tuple[PairSeries, PairSeries]:
        """Both duals, as series of the pairs."""
        ...


@dataclass(frozen=True)
class ClosedComposer:
    """Evaluates a closed form on the series; exact up to rounding."""

    form: DualPair

    def __call__(
        self, own: Floats, first: Ints, second: Ints, covariance: PairSeries
    ) -> tuple[PairSeries, PairSeries]:
        """See :class:`Composer`."""
        indices = covariance.left
        variances = on_diagonal(own, indices.products)
        p = from_points(variances[first], indices, indices, is_left=True)
        r = from_points(variances[second], indices, indices, is_left=False)
        return self.form(p, covariance, r)


@dataclass(frozen=True, eq=False)
class QuadratureComposer:
    """Conditions on the two values; node counts for ``tolerance``, times ``factor``."""

    table: ActivationTable
    tolerance: float
    factor: float

    def __call__(
        self, own: Floats, first: Ints, second: Ints, covariance: PairSeries
    ) -> tuple[PairSeries, PairSeries]:
        """See :class:`Composer`."""
        indices, order = covariance.left, covariance.left.order
        p, r = (np.ascontiguousarray(own[points, 0, 0]) for points in (first, second))
        q = np.ascontiguousarray(covariance.base)
        moments = quadrature_moments(self.table, p, q, r, self.tolerance, self.factor, 2 * order)
        value, slope = compose_conditioned(
            moments,
            own,
            first,
            second,
            np.ascontiguousarray(covariance.coefficients),
            monomials(order),
            order,
            indices.products,
        )
        return PairSeries(value, indices, indices), PairSeries(slope, indices, indices)


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
    form = closed_form(phi)
    if form is not None and (closed or not phi.is_smooth):
        return ClosedComposer(form)
    return QuadratureComposer(activation_table(phi, indices.order + 1), tolerance, factor)
