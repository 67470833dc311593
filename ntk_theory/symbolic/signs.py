"""The sign that an expression takes for generic values of its symbols. Decided with proof, or not at all.

The order of attack, each step bounded:

1. bounds over all values of the symbols (:func:`~ntk_theory.symbolic.intervals.over_reals`);
2. enclosures at random rational points: two that exclude 0 on different sides prove both signs;
3. parts of a sum without a common symbol, and factors: an even power cannot change the sign. A
   quadratic polynomial is of one sign iff its homogenised form is semidefinite, which exact elimination
   (inertia) decides; a polynomial in one symbol by Sturm's theorem;
4. otherwise undecided. An undecided sign is never taken for a sign.
"""

from __future__ import annotations

from enum import Enum

import sympy as sp

from ntk_theory.symbolic.effort import NODE_BOUNDED, NODE_FACTORED, counted, may_cancel, nodes_of, spend
from ntk_theory.symbolic.intervals import Intervals, Range, bounds_of, excludes_zero, over_reals
from ntk_theory.symbolic.pieces import Piece
from ntk_theory.symbolic.zero import is_zero, size, values_of

#: Real roots are counted up to this degree.
MAX_STURM_DEGREE = 16
#: Larger expressions are not factorised.
MAX_FACTOR = 80
#: Quadratic forms in more symbols than this are not eliminated.
MAX_FORM = 12


class Sign(Enum):
    """The sign of an expression for generic values of its symbols."""

    ZERO = "identically zero"
    POSITIVE = "positive"
    NEGATIVE = "negative"
    MIXED = "of both signs"
    UNDECIDED = "undecided"

    @property
    def is_definite(self) -> bool:
        """Is it one sign almost everywhere?"""
        return self in (Sign.POSITIVE, Sign.NEGATIVE)

    def times(self, other: Sign) -> Sign:
        """The sign of a product of two factors, for which neither is 0 almost everywhere."""
        if Sign.ZERO in (self, other):
            return Sign.ZERO
        if self.is_definite and other.is_definite:
            return Sign.POSITIVE if self is other else Sign.NEGATIVE
        return Sign.UNDECIDED


@counted
def sign_of(expression: sp.Expr, free: frozenset[sp.Symbol] | None = None, intervals: Intervals = ()) -> Sign:
    """The sign almost everywhere, for all real values of the symbols in ``free`` (default: all).

    The other symbols (coordinates, parameters) lie in their ``intervals``; those without one are
    positive.

    >>> u, v = sp.symbols("u v", real=True)
    >>> sign_of(1 + u**2), sign_of(u), sign_of(-(u**2) - 2 * u * v - v**2)
    (<Sign.POSITIVE: 'positive'>, <Sign.MIXED: 'of both signs'>, <Sign.NEGATIVE: 'negative'>)
    """
    held = expression.free_symbols - (expression.free_symbols if free is None else free)
    known = {s for s, _, _ in intervals}
    intervals = (*intervals, *((s, sp.S.Zero, sp.oo) for s in sorted(held - known, key=str)))
    bounds = bounds_of(intervals)
    spend(NODE_BOUNDED * nodes_of(expression))
    found = _bounded_sign(expression, bounds)
    if found is not Sign.UNDECIDED:
        return found
    zero = is_zero(expression)
    if zero:
        return Sign.ZERO
    if zero is False and _has_no_real_root(expression):
        # Continuous without a root: one enclosure anywhere tells the sign everywhere.
        value = next((v for v in values_of(expression) if excludes_zero(v)), None)
        if value is not None:
            return Sign.POSITIVE if value.a > 0 else Sign.NEGATIVE
    seen: set[bool] = set()
    for value in values_of(expression, held, intervals=intervals):
        if excludes_zero(value):
            seen.add(bool(value.a > 0))
        if len(seen) == 2:
            return Sign.MIXED
    found = _sum_sign(expression, free, intervals)
    return _factored_sign(expression, free, intervals) if found is Sign.UNDECIDED else found


def _sum_sign(expression: sp.Expr, free: frozenset[sp.Symbol] | None, intervals: Intervals) -> Sign:
    """The sign of a sum of parts without a common symbol, such as the two sides of a kernel: each its own."""
    parts: list[tuple[set[sp.Symbol], sp.Expr]] = []
    for term in sp.Add.make_args(expression):
        symbols, total = set(term.free_symbols), term
        apart = []
        for other, own in parts:
            if other & symbols:
                symbols, total = symbols | other, total + own
            else:
                apart.append((other, own))
        parts = [*apart, (symbols, total)]
    if len(parts) < 2:
        return Sign.UNDECIDED
    signs = {sign_of(part, free, intervals) for _, part in parts}
    only = signs.pop()
    return only if not signs and only.is_definite else Sign.UNDECIDED


def _bounded_sign(expression: sp.Expr, bounds: dict[sp.Symbol, Range]) -> Sign:
    """The sign that bounds prove; one that is not strict holds almost everywhere if F is analytic."""
    found = over_reals(expression, bounds)
    if found.is_positive:
        return Sign.POSITIVE
    if found.is_negative:
        return Sign.NEGATIVE
    # A nonnegative analytic expression that is not identically zero is positive almost everywhere;
    # with a sign in it (1 + sign(u)) it may vanish on a half-line.
    if not (found.is_nonnegative or found.is_nonpositive):
        return Sign.UNDECIDED
    if not _is_piecewise(expression):
        if is_zero(expression) is not False:
            return Sign.UNDECIDED
        return Sign.POSITIVE if found.is_nonnegative else Sign.NEGATIVE
    if isinstance(expression, sp.Add):  # a sum of terms that are each of one sign
        signs = {_bounded_sign(term, bounds) for term in expression.args}
        return signs.pop() if len(signs) == 1 else Sign.UNDECIDED
    return Sign.UNDECIDED


@counted
def factors_of(expression: sp.Expr) -> tuple[sp.Expr, list[tuple[sp.Expr, int]]]:
    """(rational constant, factors with multiplicities) of an expression, whose product it is.

    >>> u, v = sp.symbols("u v", real=True)
    >>> factors_of(2 * u**3 + 4 * u**2 * v + 2 * u * v**2)
    (2, [(u, 1), (u + v, 2)])
    """
    if size(expression) > MAX_FACTOR or not may_cancel(expression):
        return sp.S.One, [(expression, 1)]
    spend(NODE_FACTORED * nodes_of(expression))
    plain = {}  # factor_list would split |u|, sqrt(u) and exp(u + v) into what it thinks of as generators
    for node in sorted(expression.atoms(sp.Function, sp.Pow), key=sp.default_sort_key):
        if isinstance(node, sp.Pow) and node.exp.is_Integer:
            continue
        plain[node] = sp.Dummy("f", positive=True)
    hidden = expression.xreplace(plain)
    back = {dummy: node for node, dummy in plain.items()}
    try:
        numerator, denominator = sp.fraction(sp.together(hidden))
        constant, above = sp.factor_list(numerator)
        scale, below = sp.factor_list(denominator)
    except (sp.PolynomialError, NotImplementedError):
        return sp.S.One, [(expression, 1)]
    found = [(factor.xreplace(back), n) for factor, n in above] + [(f.xreplace(back), -n) for f, n in below]
    return constant / scale, found


def _factored_sign(expression: sp.Expr, free: frozenset[sp.Symbol] | None, intervals: Intervals) -> Sign:
    """The sign as a product over factors: even powers drop out, the rest must each be of one sign."""
    constant, factors = factors_of(expression)
    if not (constant.is_Rational and constant != 0):
        return Sign.UNDECIDED
    total = Sign.POSITIVE if constant > 0 else Sign.NEGATIVE
    for factor, power in factors:
        if power % 2 == 0 and not _is_piecewise(factor):
            continue
        if factor == expression or (len(factors) == 1 and power == 1):
            own = _form_sign(factor, free, intervals)
        else:
            own = sign_of(factor, free, intervals)
        total = total.times(own)
    return total


def _form_sign(expression: sp.Expr, free: frozenset[sp.Symbol] | None, intervals: Intervals) -> Sign:
    """The sign of a quadratic polynomial in the unbounded symbols: semidefinite or not, by elimination.

    Completing squares, q = Σ d_k (x_k + …)² + rest: of one sign iff all d_k and the rest are.
    """
    bounded = {s for s, _, _ in intervals}
    symbols = [s for s in sorted(expression.free_symbols - bounded, key=str) if not s.is_positive]
    if free is not None:
        symbols = [s for s in symbols if s in free]
    if not 0 < len(symbols) <= MAX_FORM or not expression.is_polynomial(*symbols):
        return Sign.UNDECIDED
    rest = sp.expand(expression)
    if sp.Poly(rest, *symbols).total_degree() != 2:
        return Sign.UNDECIDED
    signs: set[Sign] = set()
    for symbol in symbols:
        square, linear, constant = (sp.expand(rest).coeff(symbol, n) for n in (2, 1, 0))
        if is_zero(square):
            if not is_zero(linear):
                return Sign.UNDECIDED  # of both signs, or not to be eliminated in this order
            rest = constant
            continue
        signs.add(sign_of(square, frozenset(), intervals))
        rest = sp.cancel(constant - linear**2 / (4 * square))
    if not is_zero(rest):
        signs.add(sign_of(rest, frozenset(), intervals))
    return signs.pop() if len(signs) == 1 and signs <= {Sign.POSITIVE, Sign.NEGATIVE} else Sign.UNDECIDED


def _has_no_real_root(expression: sp.Expr) -> bool:
    """Is this a rational polynomial in one symbol without a real root (Sturm's theorem)?"""
    if len(expression.free_symbols) != 1:
        return False
    (symbol,) = expression.free_symbols
    if not expression.is_polynomial(symbol):
        return False
    polynomial = sp.Poly(expression, symbol)
    if polynomial.degree() > MAX_STURM_DEGREE or not (polynomial.domain.is_QQ or polynomial.domain.is_ZZ):
        return False
    return bool(polynomial.count_roots() == 0)


def _is_piecewise(expression: sp.Expr) -> bool:
    """May the expression vanish on a set of positive measure without being zero?"""
    return expression.has(sp.sign, Piece) or any(node.has(sp.Abs) for node in expression.atoms(sp.Add))
