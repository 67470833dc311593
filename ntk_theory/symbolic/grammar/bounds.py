"""Facts about a core tree, found and checked before any SymPy constructor is called.

Each node gets its shape (how large it expands), its value if it is a constant, and whether it
depends on a field or on a variable. Numbers that SymPy would evaluate eagerly (``10^(10^9)``,
``exp(exp(exp(99)))``) are refused from these values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import sympy as sp

from ntk_theory.symbolic.grammar.source_text import SourceText
from ntk_theory.symbolic.grammar.tree import (
    Apply,
    Coordinate,
    InPieces,
    Jet,
    Node,
    Number,
    Parameter,
    Position,
    Power,
    Product,
    Sum,
    Total,
)
from ntk_theory.symbolic.grammar.vocabulary import Vocabulary
from ntk_theory.symbolic.jets import JetSpace
from ntk_theory.symbolic.limits import MAX_CONSTANT, MAX_DIGITS
from ntk_theory.symbolic.measure import is_moderate, shape_of, value_of
from ntk_theory.symbolic.pieces import PIECES, CornerFlow
from ntk_theory.symbolic.sizes import (
    LEAF,
    ExpandedSize,
    exponent_excess,
    function_size,
    number_size,
    pieces_size,
    power_size,
    product_size,
    sum_size,
)

_FLOATS: dict[str, Callable[[float], float]] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "sech": lambda a: 1 / math.cosh(a),
    "exp": math.exp,
    "log": math.log,
    "erf": math.erf,
    "atan": math.atan,
    "abs": abs,
    "sign": lambda a: math.copysign(1.0, a) if a else 0.0,
}

Constant = Fraction | float | None


@dataclass(frozen=True, slots=True)
class Fact:
    """``constant`` is the value of a constant (exact if rational), ``None`` for anything else."""

    shape: ExpandedSize
    constant: Constant = None
    has_field: bool = False
    has_variable: bool = False


@dataclass
class Bounds:
    """Computes and checks facts, once per node.

    While SymPy expressions are built, :meth:`measure` replaces predictions by what came out.
    """

    source: SourceText
    vocabulary: Vocabulary
    _facts: dict[int, Fact] = field(default_factory=dict)

    def fact(self, node: Node) -> Fact:
        """The facts of ``node``; raises :class:`BudgetError` where it is too large."""
        known = self._facts.get(id(node))
        if known is None:
            known = self._compute(node)
            self._keep(node, known)
        return known

    def measure(self, node: Node, result: sp.Expr, space: JetSpace | None) -> None:
        """Take the facts of a total derivative, and of what turned out a constant, from ``result``."""
        fact = self.fact(node)
        is_constant = fact.constant is None and not result.free_symbols
        if not is_constant and not isinstance(node, Total):
            return
        constant = self._constant(value_of(result), node.at) if is_constant else None
        self._keep(node, Fact(shape_of(result, space), constant, fact.has_field, fact.has_variable))

    def _keep(self, node: Node, fact: Fact) -> None:
        if (excess := fact.shape.excess()) is not None:
            raise self.source.too_large(f"the expression {excess}", node.at)
        self._facts[id(node)] = fact

    def _compute(self, node: Node) -> Fact:
        match node:
            case Number(value, at):
                return Fact(number_size(value), self._constant(value, at))
            case Jet(slot):
                return Fact(ExpandedSize(order=slot.order), has_field=True)
            case Coordinate():
                return Fact(LEAF, has_variable=True)
            case Parameter(name, at):
                return self._parameter(name, at)
            case Sum(terms, at):
                return self._sum([self.fact(term) for term in terms], at)
            case Product(factors, at):
                return self._product([self.fact(factor) for factor in factors], at)
            case Power(base, exponent, at):
                return self._power(node, self.fact(base), self.fact(exponent), at)
            case Apply(function, argument, at):
                return self._apply(function, self.fact(argument), at)
            case InPieces():
                return self._in_pieces(node, [self.fact(argument) for argument in node.arguments])
            case Total(operand):
                return self._total(self.fact(operand))
        raise AssertionError(f"{type(node).__name__} is not a core node")

    def _constant(self, value: Constant, at: Position) -> Constant:
        """``value`` again, if SymPy can handle it quickly."""
        if value is None:
            return None
        if isinstance(value, Fraction):
            if max(abs(value.numerator), value.denominator) >= 10**MAX_DIGITS:
                raise self.source.too_large(f"a number has more than {MAX_DIGITS} digits", at)
        elif not is_moderate(value):
            raise self.source.too_large(
                f"a constant's size is outside of {1 / MAX_CONSTANT:.0e} … {MAX_CONSTANT:.0e}",
                at,
            )
        return value

    def _parameter(self, name: str, at: Position) -> Fact:
        value = sp.pi if name == "pi" else self.vocabulary.parameters.get(name)
        if value is None:
            return Fact(LEAF)
        constant = self._constant(value_of(value), at)
        return Fact(number_size(constant) if isinstance(constant, Fraction) else LEAF, constant)

    def _merge(self, parts: Sequence[Fact], shape: ExpandedSize, constant: Constant, at: Position) -> Fact:
        return Fact(
            number_size(constant) if isinstance(constant, Fraction) else shape,
            self._constant(constant, at),
            any(part.has_field for part in parts),
            any(part.has_variable for part in parts),
        )

    def _sum(self, parts: list[Fact], at: Position) -> Fact:
        values = [part.constant for part in parts if part.constant is not None]
        constant = self._constant_sum(values) if len(values) == len(parts) else None
        return self._merge(parts, sum_size([part.shape for part in parts]), constant, at)

    def _constant_sum(self, values: list[Fraction | float]) -> Constant:
        exact = [value for value in values if isinstance(value, Fraction)]
        if len(exact) == len(values):
            return sum(exact, Fraction(0))
        floats = [float(value) for value in values]
        total = math.fsum(floats)
        # A sum that cancels to rounding is settled exactly when it is built.
        return 0.0 if abs(total) < 1e-12 * max(abs(value) for value in floats) else total

    def _product(self, parts: list[Fact], at: Position) -> Fact:
        constant: Constant = Fraction(1)
        for part in parts:
            if part.constant is None or constant is None:
                constant = None
                break
            constant = self._constant(_times(constant, part.constant), at)
        return self._merge(parts, product_size([part.shape for part in parts]), constant, at)

    def _power(self, node: Power, base: Fact, exponent: Fact, at: Position) -> Fact:
        self._check_exponent(node, base, exponent)
        rational = (
            exponent.constant
            if isinstance(exponent.constant, Fraction)
            else self._rational_part(node.exponent)
        )
        shape = power_size(base.shape, exponent.shape, rational)
        constant = None
        if base.constant is not None and exponent.constant is not None:
            constant = self._constant_power(base.constant, exponent.constant, at)
        return self._merge((base, exponent), shape, constant, at)

    def _check_exponent(self, node: Power, base: Fact, exponent: Fact) -> None:
        at = node.exponent.at if node.exponent.at is not None else node.at
        if exponent.has_field:
            raise self.source.error(
                "an exponent contains a field",
                at,
                expected="an exponent of numbers and parameters (for a > 0, a^b is exp(b*log(a)))",
            )
        if base.has_field and exponent.has_variable:
            raise self.source.error(
                "the exponent of a field depends on a variable",
                at,
                expected="an exponent of numbers and parameters",
            )
        if isinstance(exponent.constant, Fraction):
            excess = exponent_excess(exponent.constant)
        else:
            excess = exponent_excess(Fraction(exponent.constant or 0).limit_denominator(1))
        if excess is not None:
            raise self.source.too_large(excess, at)
        if base.constant == 0 and exponent.constant is None:
            raise self.source.error("0 is raised to a power that is not known", node.at)

    def _rational_part(self, node: Node) -> Fraction:
        terms = node.terms if isinstance(node, Sum) else (node,)
        values = [self.fact(term).constant for term in terms]
        return sum((value for value in values if isinstance(value, Fraction)), Fraction(0))

    def _constant_power(self, base: Fraction | float, exponent: Fraction | float, at: Position) -> Constant:
        if base == 0 and exponent <= 0:
            if isinstance(base, float):
                return None  # zero to rounding only; settled when it is built
            raise self.source.error("division by zero" if exponent < 0 else "0^0 has no value", at)
        if isinstance(exponent, Fraction) and exponent.denominator == 1:
            if isinstance(base, Fraction):
                bits = max(base.numerator.bit_length(), base.denominator.bit_length())
                if abs(exponent) * bits <= 12 * MAX_DIGITS:
                    return base ** int(exponent)
            return self._float_power(base, exponent)
        if base < 0:
            raise self.source.error(
                "a root or power of a negative number is not real",
                at,
                expected="everything real; |a| makes a sign positive",
            )
        return self._float_power(base, exponent)

    def _float_power(self, base: Fraction | float, exponent: Fraction | float) -> float:
        try:
            return float(math.pow(base, exponent))
        except (OverflowError, ValueError, ZeroDivisionError):
            return math.inf

    def _apply(self, function: str, argument: Fact, at: Position) -> Fact:
        constant: Constant = None
        if argument.constant is not None:
            constant = self._float_value(function, argument.constant, at)
        return self._merge(
            (argument,), function_size(argument.shape, is_absolute=function == "abs"), constant, at
        )

    def _float_value(self, function: str, argument: Fraction | float, at: Position) -> Constant:
        if function == "log" and argument <= 0:
            if argument == 0 and isinstance(argument, float):
                return None  # zero to rounding only; settled when it is built
            raise self.source.error("the logarithm of a number that is not positive is not real", at)
        if isinstance(argument, Fraction) and function == "abs":
            return abs(argument)
        try:
            value = float(_FLOATS[function](float(argument)))
        except (OverflowError, ValueError, ZeroDivisionError):
            return math.inf
        # Rounding, as in sin(pi): zero or not is settled exactly when it is built.
        return 0.0 if function in ("sin", "cos", "tan", "log") and abs(value) < 1e-15 else value

    def _in_pieces(self, node: InPieces, arguments: list[Fact]) -> Fact:
        for part, fact in zip(node.arguments, arguments, strict=True):
            if fact.has_field:
                raise self.source.error(
                    f"{node.function} contains a field",
                    part.at if part.at is not None else node.at,
                    expected="variables and parameters only; of a field, max(u, 0) is (u + |u|)/2, "
                    "heaviside(u) is (1 + sign(u))/2, and heaviside(x)*u stands for u where x > 0",
                )
        values = [fact.constant for fact in arguments]
        constant = None
        is_rational = not issubclass(PIECES[node.function], CornerFlow)
        if is_rational and all(isinstance(value, Fraction) for value in values):
            # Numbers that are not rational are settled when they are built.
            constant = Fraction(PIECES[node.function].value(*values))  # type: ignore[arg-type]
        return self._merge(arguments, pieces_size([fact.shape for fact in arguments]), constant, node.at)

    def _total(self, operand: Fact) -> Fact:
        # Optimistic: :meth:`measure` tells the true shape once the derivative exists.
        shape = ExpandedSize(order=operand.shape.order + operand.has_field)
        return Fact(shape, None, operand.has_field, operand.has_variable)


def _times(left: Fraction | float, right: Fraction | float) -> Fraction | float:
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left * right
    return float(left) * float(right)
