"""Enclosures of expressions: at a rational point, and over all real values of the symbols.

Two questions are answered with proof:

* :func:`at_point`: an interval that contains the value of an expression at rational values of its
  symbols (mpmath's interval arithmetic, 40 digits). If it excludes 0 the expression is nonzero.
* :func:`over_reals`: bounds that hold for every real value of every symbol, such as
  ``2 + sin(u)`` in [1, 3]. They settle signs that no finite sample can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import mpmath
import sympy as sp

from ntk_theory.symbolic.pieces import CornerFlow, Piece, choose, heaviside, maximum, minimum

#: Working precision of point enclosures, in decimal digits.
DIGITS = 40
#: Larger arguments would only overflow the enclosure of exp and its relatives.
EXP_LIMIT = 2000


class Unenclosed(Exception):
    """The expression has no enclosure here (a pole, a logarithm of something not positive)."""


def at_point(expression: sp.Expr, values: dict[sp.Symbol, sp.Rational]) -> Any:
    """An mpmath interval that contains ``expression`` at ``values``.

    Raises :class:`Unenclosed` where the value is undefined or cannot be enclosed.
    """
    saved = mpmath.iv.dps
    mpmath.iv.dps = DIGITS
    try:
        return _Enclosure(values).of(expression)
    except (ZeroDivisionError, OverflowError, ValueError, mpmath.libmp.ComplexResult) as cause:
        raise Unenclosed(str(cause)) from None
    finally:
        mpmath.iv.dps = saved


def excludes_zero(interval: Any) -> bool:
    """Does the interval exclude 0?"""
    return bool(interval.a > 0 or interval.b < 0)


class _Enclosure:
    """Bottom-up interval evaluation with one memo per point."""

    def __init__(self, values: dict[sp.Symbol, sp.Rational]) -> None:
        self.values = values
        self.memo: dict[sp.Expr, Any] = {}

    def of(self, node: sp.Expr) -> Any:
        if node not in self.memo:
            self.memo[node] = self._compute(node)
        return self.memo[node]

    def _compute(self, node: sp.Expr) -> Any:
        iv = mpmath.iv
        if isinstance(node, sp.Symbol):
            value = self.values[node]
            return iv.mpf(int(value.p)) / iv.mpf(int(value.q))
        if isinstance(node, sp.Rational):
            return iv.mpf(int(node.p)) / iv.mpf(int(node.q))
        if node is sp.pi:
            return +iv.pi
        if node is sp.E:
            return iv.exp(iv.mpf(1))
        if isinstance(node, sp.Add):
            total = iv.mpf(0)
            for argument in node.args:
                total = total + self.of(argument)
            return total
        if isinstance(node, sp.Mul):
            product = iv.mpf(1)
            for argument in node.args:
                product = product * self.of(argument)
            return product
        if isinstance(node, sp.Pow):
            return self._power(self.of(node.base), node.exp)
        if isinstance(node, Piece):
            return self._piece(node)
        if isinstance(node, sp.Function | sp.Abs | sp.sign):
            return self._function(type(node), self.of(node.args[0]))
        raise Unenclosed(f"no enclosure rule for {type(node).__name__}")

    def _piece(self, node: Piece) -> Any:
        if isinstance(node, choose):
            # The branch that is not taken may be undefined here.
            test = self.of(node.args[0])
            if excludes_zero(test):
                return self.of(node.args[1] if test.a > 0 else node.args[2])
        return node.enclosed(mpmath.iv, [self.of(argument) for argument in node.args])

    def _power(self, base: Any, exponent: sp.Expr) -> Any:
        iv = mpmath.iv
        if isinstance(exponent, sp.Integer):
            n = int(exponent)
            if n < 0 and not excludes_zero(base):
                raise Unenclosed("division by an interval around 0")
            return base**n
        if not base.a > 0:
            raise Unenclosed("a real power of something not positive")
        return self._exp(self.of(exponent) * iv.log(base))

    @staticmethod
    def _exp(argument: Any) -> Any:
        if argument.b > EXP_LIMIT or argument.a < -EXP_LIMIT:
            raise Unenclosed("an exponential out of range")
        return mpmath.iv.exp(argument)

    def _function(self, kind: type, z: Any) -> Any:
        iv = mpmath.iv
        if kind is sp.sin:
            return iv.sin(z)
        if kind is sp.cos:
            return iv.cos(z)
        if kind is sp.tan:
            cosine = iv.cos(z)
            if not excludes_zero(cosine):
                raise Unenclosed("tan at a pole")
            return iv.sin(z) / cosine
        if kind is sp.exp:
            return self._exp(z)
        if kind is sp.log:
            if not z.a > 0:
                raise Unenclosed("log of something not positive")
            return iv.log(z)
        if kind in (sp.sinh, sp.cosh, sp.tanh):
            up, down = self._exp(z), self._exp(-z)
            if kind is sp.sinh:
                return (up - down) / 2
            if kind is sp.cosh:
                return (up + down) / 2
            return (up - down) / (up + down)
        if kind is sp.Abs:
            return abs(z)
        if kind is sp.sign:
            if not excludes_zero(z):
                raise Unenclosed("sign of an interval around 0")
            return iv.mpf(1 if z.a > 0 else -1)
        if kind in (sp.erf, sp.atan):
            # Both increase, and mpmath's value is good to its last digits; widen by far more.
            function = mpmath.erf if kind is sp.erf else mpmath.atan
            with mpmath.workdps(DIGITS + 10):
                low = function(mpmath.mpf(z.a)) - mpmath.mpf(10) ** (5 - DIGITS)
                high = function(mpmath.mpf(z.b)) + mpmath.mpf(10) ** (5 - DIGITS)
            return iv.mpf([low, high])
        raise Unenclosed(f"no enclosure rule for {kind.__name__}")


@dataclass(frozen=True)
class Range:
    """Bounds ``low <= value <= high`` in the extended reals; ``open_low``: the bound is not reached."""

    low: sp.Expr
    high: sp.Expr
    open_low: bool = False
    open_high: bool = False

    @property
    def is_positive(self) -> bool:
        """Is every value > 0?"""
        return bool(self.low > 0) or (self.low == 0 and self.open_low)

    @property
    def is_negative(self) -> bool:
        """Is every value < 0?"""
        return bool(self.high < 0) or (self.high == 0 and self.open_high)

    @property
    def is_nonnegative(self) -> bool:
        """Is every value >= 0?"""
        return bool(self.low >= 0)

    @property
    def is_nonpositive(self) -> bool:
        """Is every value <= 0?"""
        return bool(self.high <= 0)

    @property
    def is_nonzero(self) -> bool:
        """Is 0 excluded?"""
        return self.is_positive or self.is_negative

    @property
    def is_bounded(self) -> bool:
        """Are both bounds finite?"""
        return bool(self.low.is_finite and self.high.is_finite)


EVERYTHING = Range(-sp.oo, sp.oo)
#: Odd increasing functions: they have the sign of their argument.
_ODD_INCREASING = (sp.sinh, sp.tanh, sp.erf, sp.atan)
_UNIT = Range(sp.Integer(-1), sp.Integer(1))
_POSITIVE = Range(sp.S.Zero, sp.oo, open_low=True)
_RANGES = {
    sp.sin: _UNIT,
    sp.cos: _UNIT,
    sp.sign: _UNIT,
    sp.tanh: Range(sp.Integer(-1), sp.Integer(1), True, True),
    sp.erf: Range(sp.Integer(-1), sp.Integer(1), True, True),
    sp.atan: Range(-sp.pi / 2, sp.pi / 2, True, True),
    sp.cosh: Range(sp.Integer(1), sp.oo),
    sp.exp: _POSITIVE,
}


#: What is known of some symbols: each with an open interval, ±∞ allowed.
Intervals = tuple[tuple[sp.Symbol, sp.Expr, sp.Expr], ...]
Bounds = Mapping[sp.Symbol, Range]


def bounds_of(intervals: Intervals) -> dict[sp.Symbol, Range]:
    """The ranges of symbols that lie in open intervals.

    >>> x = sp.Symbol("x", real=True)
    >>> bounds_of(((x, sp.S.Zero, sp.oo),))[x].is_positive
    True
    """
    return {symbol: Range(low, high, open_low=True, open_high=True) for symbol, low, high in intervals}


def over_reals(node: sp.Expr, bounds: Bounds = MappingProxyType({})) -> Range:
    """Bounds of an expression over all real values of its symbols (where it is defined).

    ``bounds`` restricts some of the symbols: a coordinate to its interval, a parameter to what is
    known of it.

    >>> u = sp.Symbol("u", real=True)
    >>> over_reals(2 + sp.sin(u)).is_positive, over_reals(1 + u**2).low
    (True, 1)
    >>> over_reals(1 - u, {u: Range(sp.S.Zero, sp.S.One, True, True)}).is_positive
    True
    """
    if node.is_number and node.is_comparable:
        return Range(node, node)
    if isinstance(node, sp.Symbol):
        return bounds.get(node, _POSITIVE if node.is_positive else EVERYTHING)
    if isinstance(node, sp.Add):
        total = Range(sp.S.Zero, sp.S.Zero)
        for argument in node.args:
            total = _add(total, over_reals(argument, bounds))
        return total
    if isinstance(node, sp.Mul):
        product = Range(sp.S.One, sp.S.One)
        for argument in node.args:
            product = _multiply(product, over_reals(argument, bounds))
        return product
    if isinstance(node, sp.Pow):
        return _power(over_reals(node.base, bounds), node.exp)
    if isinstance(node, sp.Abs):
        inner = over_reals(node.args[0], bounds)
        return Range(sp.S.Zero, sp.Max(abs(inner.low), abs(inner.high)), open_low=inner.is_nonzero)
    if isinstance(node, sp.log):
        inner = over_reals(node.args[0], bounds)
        low = sp.log(inner.low) if inner.low > 0 else -sp.oo
        high = sp.log(inner.high) if inner.high > 0 else -sp.oo
        return Range(low, high, inner.open_low, inner.open_high)
    if isinstance(node, Piece):
        return _piece(node, bounds)
    if type(node) in _ODD_INCREASING:
        return _increasing(node, over_reals(node.args[0], bounds))
    return _RANGES.get(type(node), EVERYTHING)


def _increasing(node: sp.Expr, inner: Range) -> Range:
    """An increasing function that vanishes at 0 has the sign of its argument."""
    whole = _RANGES.get(type(node), EVERYTHING)
    low = sp.S.Zero if inner.is_nonnegative else whole.low
    high = sp.S.Zero if inner.is_nonpositive else whole.high
    return Range(
        low,
        high,
        inner.is_positive if inner.is_nonnegative else whole.open_low,
        inner.is_negative if inner.is_nonpositive else whole.open_high,
    )


def _piece(node: Piece, bounds: Bounds) -> Range:
    """Between the least and the greatest of the values; open only where every one of them is."""
    if isinstance(node, heaviside):
        return Range(sp.S.Zero, sp.S.One)
    if isinstance(node, CornerFlow):
        return EVERYTHING
    values = [
        over_reals(value, bounds) for value in (node.args[1:] if isinstance(node, choose) else node.args)
    ]
    extreme = {maximum: (sp.Max, sp.Max), minimum: (sp.Min, sp.Min)}.get(type(node), (sp.Min, sp.Max))
    low = extreme[0](*(value.low for value in values))
    high = extreme[1](*(value.high for value in values))
    open_low = all(value.open_low or value.low != low for value in values)
    open_high = all(value.open_high or value.high != high for value in values)
    return Range(low, high, open_low, open_high)


def _add(a: Range, b: Range) -> Range:
    return Range(a.low + b.low, a.high + b.high, a.open_low or b.open_low, a.open_high or b.open_high)


def _multiply(a: Range, b: Range) -> Range:
    corners = []
    for p, p_open in ((a.low, a.open_low), (a.high, a.open_high)):
        for q, q_open in ((b.low, b.open_low), (b.high, b.open_high)):
            reached_zero = (p == 0 and not p_open) or (q == 0 and not q_open)
            product = sp.S.Zero if p == 0 or q == 0 else p * q
            corners.append((product, (p_open or q_open) and not reached_zero))
    low, high = sp.Min(*(c for c, _ in corners)), sp.Max(*(c for c, _ in corners))
    # A bound is open if no corner reaches it; one at 0 may be reached inside, where a factor is 0.
    inside = not (a.is_nonzero and b.is_nonzero)
    return Range(
        low,
        high,
        all(is_open for c, is_open in corners if c == low) and not (low == 0 and inside),
        all(is_open for c, is_open in corners if c == high) and not (high == 0 and inside),
    )


def _power(base: Range, exponent: sp.Expr) -> Range:
    if not exponent.is_number or not exponent.is_comparable:
        return _POSITIVE if base.is_positive else EVERYTHING
    even = exponent.is_integer and exponent.is_even
    odd = exponent.is_integer and exponent.is_odd
    if odd and not base.is_nonnegative:
        return Range(base.low**exponent, base.high**exponent) if exponent > 0 else EVERYTHING
    # What is left is nonnegative: an even power, or a real power where it is defined.
    if even and not base.is_nonnegative:
        top = sp.Max(abs(base.low), abs(base.high))
        bottom = -base.high if base.high < 0 else sp.S.Zero
        base = Range(bottom, top, open_low=base.is_negative and bottom == 0)
    low, high = sp.Max(base.low, 0), sp.Max(base.high, 0)
    if exponent > 0:
        return Range(low**exponent, high**exponent, base.open_low, base.open_high)
    top = sp.oo if low == 0 else low**exponent
    bottom = sp.S.Zero if high is sp.oo else (sp.oo if high == 0 else high**exponent)
    return Range(bottom, top, open_low=True)
