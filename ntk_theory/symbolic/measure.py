"""Measuring a SymPy expression without changing it: shape, operations, constants, realness.

Everything here walks the nodes that the grammar can make and calls no SymPy algorithm; an
assumption query or ``evalf`` of an innocent-looking constant can take for ever.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import sympy as sp

from ntk_theory.symbolic.jets import JetSpace
from ntk_theory.symbolic.limits import MAX_CONSTANT
from ntk_theory.symbolic.pieces import Piece
from ntk_theory.symbolic.sizes import (
    LEAF,
    ExpandedSize,
    function_size,
    number_size,
    pieces_size,
    power_size,
    product_size,
    sum_size,
)

_FLOATS: dict[type[sp.Basic], Callable[[float], float]] = {
    sp.sin: math.sin,
    sp.cos: math.cos,
    sp.tan: math.tan,
    sp.sinh: math.sinh,
    sp.cosh: math.cosh,
    sp.tanh: math.tanh,
    sp.exp: math.exp,
    sp.log: math.log,
    sp.erf: math.erf,
    sp.atan: math.atan,
    sp.Abs: abs,
    sp.sign: lambda a: math.copysign(1.0, a) if a else 0.0,
}


def float_of(expression: sp.Expr) -> float:
    """The value of a constant in double precision; NaN when it has none (overflow, not real)."""
    try:
        return _float(expression)
    except (OverflowError, ValueError, ZeroDivisionError):
        return math.nan


def _float(expression: sp.Expr) -> float:
    if isinstance(expression, sp.Rational):
        return int(expression.p) / int(expression.q)
    if expression is sp.pi:
        return math.pi
    if expression is sp.E:
        return math.e
    if isinstance(expression, sp.Add):
        return math.fsum(_float(term) for term in expression.args)
    if isinstance(expression, sp.Mul):
        return math.prod(_float(factor) for factor in expression.args)
    if isinstance(expression, sp.Pow):
        return math.pow(_float(expression.base), _float(expression.exp))
    if isinstance(expression, Piece):
        return expression.value(*map(float_of, expression.args))
    function = _FLOATS.get(expression.func)
    return function(_float(expression.args[0])) if function else math.nan


def value_of(expression: sp.Expr) -> Fraction | float:
    """A constant's value: exact if it is rational, else as :func:`float_of` gives it."""
    if isinstance(expression, sp.Rational):
        return Fraction(int(expression.p), int(expression.q))
    return float_of(expression)


def is_moderate(value: float) -> bool:
    """Is a constant's size in the range that SymPy handles quickly?"""
    return value == 0 or 1 / MAX_CONSTANT <= abs(value) <= MAX_CONSTANT


def largest_constant_term(expression: sp.Expr) -> float:
    """The largest |term| among the constant terms of a sum (NaN if one has no value)."""
    sizes = [abs(float_of(term)) for term in sp.Add.make_args(expression) if not term.free_symbols]
    return math.nan if any(math.isnan(size) for size in sizes) else max(sizes, default=0.0)


def rational_part(expression: sp.Expr) -> Fraction:
    """The rational constant term of a sum.

    >>> rational_part(sp.Symbol("p") + 3)
    Fraction(3, 1)
    """
    terms = (term for term in sp.Add.make_args(expression) if isinstance(term, sp.Rational))
    return sum((Fraction(int(term.p), int(term.q)) for term in terms), Fraction(0))


def shape_of(expression: sp.Expr, space: JetSpace | None) -> ExpandedSize:
    """The shape (see :mod:`~ntk_theory.symbolic.sizes`) of a SymPy expression in the symbols of ``space``."""
    memo: dict[sp.Basic, ExpandedSize] = {}

    def shape(node: sp.Expr) -> ExpandedSize:
        if node not in memo:
            memo[node] = compute(node)
        return memo[node]

    def compute(node: sp.Expr) -> ExpandedSize:
        if isinstance(node, sp.Rational):
            return number_size(Fraction(int(node.p), int(node.q)))
        if isinstance(node, sp.Symbol):
            slot = space.decode(node) if space is not None else None
            return ExpandedSize(order=slot.order) if slot is not None else LEAF
        if isinstance(node, sp.Add):
            return sum_size([shape(term) for term in node.args])
        if isinstance(node, sp.Mul):
            return product_size([shape(factor) for factor in node.args])
        if isinstance(node, sp.Pow):
            return power_size(shape(node.base), shape(node.exp), rational_part(node.exp))
        if not node.args:
            return LEAF
        if isinstance(node, Piece):
            return pieces_size([shape(argument) for argument in node.args])
        return function_size(shape(node.args[0]), is_absolute=isinstance(node, sp.Abs))

    return shape(expression)


def largest_exponent(expression: sp.Expr) -> Fraction:
    """The largest |rational constant term| among all exponents."""
    powers = expression.atoms(sp.Pow)
    return max((abs(rational_part(power.exp)) for power in powers), default=Fraction(0))


def largest_number(expression: sp.Expr) -> int:
    """The largest numerator or denominator that occurs."""
    numbers = expression.atoms(sp.Rational)
    return max((max(abs(int(number.p)), int(number.q)) for number in numbers), default=0)


def operations(expression: sp.Expr) -> int:
    """The number of nodes of the expression as a tree."""
    memo: dict[sp.Basic, int] = {}

    def count(node: sp.Basic) -> int:
        if node not in memo:
            memo[node] = 1 + sum(count(child) for child in node.args)
        return memo[node]

    return count(expression)


#: The node classes of which every expression of the grammar consists.
_CLASSES = (sp.Symbol, sp.Rational, sp.Add, sp.Mul, sp.Pow, Piece, *_FLOATS)


def unfit(expression: sp.Expr) -> str | None:
    """Why an expression is no real expression of the grammar, or ``None``.

    SymPy evaluates as it builds, and may have met an infinity, the imaginary unit, a root or
    logarithm of a negative number, or have turned to functions outside of the grammar.
    """
    stack: list[sp.Basic] = [expression]
    while stack:
        node = stack.pop()
        if node in (sp.zoo, sp.nan, sp.oo, -sp.oo):
            return "is a division by zero, or infinite"
        if (
            node is sp.I
            or _is_complex_power(node)
            or (isinstance(node, sp.log) and _is_negative(node.args[0]))
        ):
            return "is not real"
        if not isinstance(node, _CLASSES) and node not in (sp.pi, sp.E):
            return f"leads to {type(node).__name__}, since it is not known to be real"
        stack.extend(node.args)
    return None


def _is_complex_power(node: sp.Basic) -> bool:
    return isinstance(node, sp.Pow) and not isinstance(node.exp, sp.Integer) and _is_negative(node.base)


def _is_negative(expression: sp.Expr) -> bool:
    return not expression.free_symbols and float_of(expression) < 0
