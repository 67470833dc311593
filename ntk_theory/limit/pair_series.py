"""Truncated Taylor series in (h, h') of many pairs of points, as values one can calculate with.

A :class:`PairSeries` wraps the arrays of ``kernels.pair_taylor``: sums, products and analytic functions
of series are series, truncated to a product of two downward-closed index sets. The formulas of
``limit.closed_forms`` are written once, for these values.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ntk_theory.arrays import Bools, Floats
from ntk_theory.kernels.multiindex import IndexSet
from ntk_theory.kernels.pair_taylor import compose_unary, multiply


@dataclass(frozen=True, eq=False)
class PairSeries:
    """Normalised Taylor coefficients ``coefficients`` (P, A, B) over index sets ``left``, ``right``."""

    coefficients: Floats
    left: IndexSet
    right: IndexSet

    @property
    def base(self) -> Floats:
        """The constant terms, shape (P,)."""
        return self.coefficients[:, 0, 0]

    @property
    def degree(self) -> int:
        """The largest total degree kept."""
        return self.left.order + self.right.order

    def _with(self, coefficients: Floats) -> PairSeries:
        return PairSeries(coefficients, self.left, self.right)

    def __add__(self, other: PairSeries | float) -> PairSeries:
        if isinstance(other, PairSeries):
            return self._with(self.coefficients + other.coefficients)
        shifted = self.coefficients.copy()
        shifted[:, 0, 0] += other
        return self._with(shifted)

    def __neg__(self) -> PairSeries:
        return self._with(-self.coefficients)

    def __sub__(self, other: PairSeries | float) -> PairSeries:
        return self + (-other)

    def __mul__(self, other: PairSeries | float) -> PairSeries:
        if isinstance(other, PairSeries):
            return self._with(
                multiply(self.coefficients, other.coefficients, self.left.products, self.right.products)
            )
        return self._with(self.coefficients * other)

    __radd__ = __add__
    __rmul__ = __mul__

    def select(self, rows: Bools) -> PairSeries:
        """The pairs where ``rows`` (P,) holds."""
        return self._with(np.ascontiguousarray(self.coefficients[rows]))

    def apply(self, taylor: Callable[[Floats, int], Floats]) -> PairSeries:
        """f(self), where ``taylor(base, K)`` gives f^(k)(base)/k!, k = 0..K, as an array (P, K+1)."""
        return self._with(
            compose_unary(
                np.ascontiguousarray(taylor(self.base, self.degree)),
                np.ascontiguousarray(self.coefficients),
                self.left.products,
                self.right.products,
            )
        )

    def power(self, exponent: float) -> PairSeries:
        """self^exponent, for a positive constant term."""
        return self.apply(lambda base, order: _power_taylor(base, exponent, order))

    def integer_power(self, exponent: int) -> PairSeries:
        """self^exponent for exponent ≥ 0, by multiplication: no sign is required."""
        out = self._with(np.zeros_like(self.coefficients)) + 1.0
        for _ in range(exponent):
            out = out * self
        return out

    def exp(self) -> PairSeries:
        """e^self."""
        return self.apply(_exp_taylor)

    def asin(self) -> PairSeries:
        """arcsin(self), for a constant term in (−1, 1)."""
        return self.apply(_asin_taylor)


def _power_taylor(base: Floats, exponent: float, order: int) -> Floats:
    out = np.empty((base.shape[0], order + 1))
    out[:, 0] = base**exponent
    for k in range(1, order + 1):
        out[:, k] = out[:, k - 1] * (exponent - k + 1) / (k * base)
    return out


def _exp_taylor(base: Floats, order: int) -> Floats:
    factorials = np.array([math.factorial(k) for k in range(order + 1)], dtype=float)
    return np.asarray(np.exp(base)[:, None] / factorials)


def _asin_taylor(base: Floats, order: int) -> Floats:
    # With y = arcsin: (1 − x²) y'' = x y'. For the coefficients c_k of y' about x,
    # (1 − x²)(k+1) c_{k+1} = (2k+1) x c_k + k c_{k−1}.
    out = np.zeros((base.shape[0], order + 1))
    out[:, 0] = np.arcsin(base)
    gap = (1.0 - base) * (1.0 + base)
    slope = [gap**-0.5]
    for k in range(order - 1):
        before = slope[k - 1] if k else 0.0
        slope.append(((2 * k + 1) * base * slope[k] + k * before) / (gap * (k + 1)))
    for k in range(1, order + 1):
        out[:, k] = slope[k - 1] / k
    return out


def from_points(coefficients: Floats, partner: IndexSet, own: IndexSet, *, is_left: bool) -> PairSeries:
    """The series of a function of one of the two points: ``coefficients`` (P, A) of ``own``.

    ``is_left`` says whether it is a function of x + h (its index set left) or of x' + h'.
    """
    pairs, count = coefficients.shape
    if is_left:
        out = np.zeros((pairs, count, partner.size))
        out[:, :, 0] = coefficients
        return PairSeries(out, own, partner)
    out = np.zeros((pairs, partner.size, count))
    out[:, 0, :] = coefficients
    return PairSeries(out, partner, own)
