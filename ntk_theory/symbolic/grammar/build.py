"""Core tree to SymPy, bottom-up; every constructor is called on parts whose size is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sympy as sp

from ntk_theory.symbolic.grammar.bounds import Bounds, Fact
from ntk_theory.symbolic.grammar.calculus import WAY_OUT, Jump, predicted_operations, total_derivative
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
from ntk_theory.symbolic.limits import MAX_CONSTANT, MAX_EXPONENT, MAX_OPERATIONS, MAX_WORK
from ntk_theory.symbolic.measure import largest_constant_term, operations, unfit
from ntk_theory.symbolic.pieces import PIECES, CornerFlow


def _tangent(argument: sp.Expr) -> sp.Expr:
    """tan; SymPy turns tan(a + pi/2) into -cot(a), which the grammar writes as -1/tan(a)."""
    return sp.tan(argument).replace(sp.cot, lambda a: 1 / sp.tan(a))


_FUNCTIONS: Mapping[str, Callable[[sp.Expr], sp.Expr]] = {
    "sin": sp.sin,
    "cos": sp.cos,
    "tan": _tangent,
    "sinh": sp.sinh,
    "cosh": sp.cosh,
    "tanh": sp.tanh,
    "sech": lambda a: 1 / sp.cosh(a),
    "exp": sp.exp,
    "log": sp.log,
    "abs": sp.Abs,
    "sign": sp.sign,
    "erf": sp.erf,
    "atan": sp.atan,
}
_INFINITE = (sp.zoo, sp.nan, sp.oo, -sp.oo)
#: The logarithm of MAX_CONSTANT: what may stand in exp.
_MAX_LOGARITHM = 230.0
SIGN_NOTE = "sign' = 0 almost everywhere was used"


@dataclass
class Builder:
    """Builds SymPy expressions; ``notes`` collects what was assumed on the way."""

    source: SourceText
    vocabulary: Vocabulary
    space: JetSpace | None
    notes: list[str] = field(default_factory=list)
    _work: int = 0
    _built: dict[int, sp.Expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._bounds = Bounds(self.source, self.vocabulary)

    def build(self, node: Node) -> sp.Expr:
        """The SymPy expression of a core node, each shared node once."""
        done = self._built.get(id(node))
        if done is None:
            done = self._checked(node, self._make(node))
            self._bounds.measure(node, done, self.space)
            self._built[id(node)] = done
        return done

    def _make(self, node: Node) -> sp.Expr:
        match node:
            case Number(value):
                return sp.Rational(value.numerator, value.denominator)
            case Jet(slot):
                assert self.space is not None  # a vocabulary without fields resolves no jet
                return self.space.symbol(slot)
            case Coordinate(name):
                return sp.Symbol(name, real=True)
            case Parameter(name):
                return self._parameter(name)
            case Sum(terms):
                parts = [self.build(term) for term in terms]
                return self._sum(parts, self._bounds.fact(node), node.at)
            case Product(factors):
                parts = [self.build(factor) for factor in factors]
                self._bounds.fact(node)
                return sp.Mul(*parts)
            case Power():
                return self._power(node)
            case Apply():
                return self._apply(node)
            case InPieces(function, arguments):
                parts = [self.build(argument) for argument in arguments]
                self._bounds.fact(node)
                kind = PIECES[function]
                if issubclass(kind, CornerFlow) and (wrong := kind.complaint(parts)) is not None:
                    raise self.source.error(wrong, node.at, expected=f"as in {function}(100, 0, 1, x, 1 - y)")
                return kind(*parts)
            case Total():
                return self._total(node)
        raise AssertionError(f"{type(node).__name__} is not a core node")

    def _parameter(self, name: str) -> sp.Expr:
        if name == "pi":
            return sp.pi
        value = self.vocabulary.parameters.get(name)
        return sp.Symbol(name, real=True, nonzero=True) if value is None else value

    def _sum(self, parts: list[sp.Expr], fact: Fact, at: Position) -> sp.Expr:
        result = sp.Add(*parts)
        if fact.constant == 0 and not isinstance(result, sp.Rational):
            raise self.source.error(
                "a constant cannot be told apart from zero", at, expected="the constant in its simplest form"
            )
        return result

    def _power(self, node: Power) -> sp.Expr:
        base, exponent = self.build(node.base), self.build(node.exponent)
        self._bounds.fact(node)
        if not largest_constant_term(exponent) <= MAX_EXPONENT:
            raise self.source.too_large(f"an exponent is larger than {MAX_EXPONENT} in size", node.at)
        return sp.Pow(base, exponent)

    def _apply(self, node: Apply) -> sp.Expr:
        argument = self.build(node.argument)
        self._bounds.fact(node)
        if node.function == "exp" and not largest_constant_term(argument) <= _MAX_LOGARITHM:
            # exp(x + n*log(2)) becomes 2^n*exp(x) at once.
            raise self.source.too_large(f"a constant is larger than {MAX_CONSTANT:.0e} in size", node.at)
        return _FUNCTIONS[node.function](argument)

    def _total(self, node: Total) -> sp.Expr:
        operand = self.build(node.operand)
        predicted = predicted_operations(operand)
        self._work += predicted
        if predicted > 4 * MAX_OPERATIONS:
            raise self._too_many(predicted, node.at)
        if self._work > MAX_WORK:
            raise self.source.too_large(
                f"the total derivatives together handle more than {MAX_WORK} operations", node.at
            )
        derivative = total_derivative(self.space, node.variable)
        try:
            result = derivative(operand)
        except Jump as found:
            raise self.source.error(found.sentence, node.at, expected=WAY_OUT) from None
        if (made := operations(result)) > MAX_OPERATIONS:
            raise self._too_many(made, node.at)
        if derivative.used_sign and SIGN_NOTE not in self.notes:
            self.notes.append(SIGN_NOTE)
        return result

    def _too_many(self, count: int, at: Position) -> Exception:
        return self.source.too_large(
            f"a total derivative has about {count} operations; at most {MAX_OPERATIONS} are allowed", at
        )

    def _checked(self, node: Node, result: sp.Expr) -> sp.Expr:
        if isinstance(node, Power | Apply | InPieces | Total) or result in _INFINITE:
            reason = unfit(result)
            if reason is not None:
                raise self.source.error(
                    f"the expression {reason}",
                    node.at,
                    expected="everything real and finite; |a| makes a sign positive",
                )
        return result


def settled(expression: sp.Expr) -> sp.Expr:
    """``expression`` made again from its parts until SymPy's evaluation changes nothing.

    SymPy leaves a few results that it would not make from their own parts (a product in a product);
    an expression that is read back from its text must be the same.
    """
    for _ in range(3):
        again = _again(expression, {})
        if again == expression:
            break
        expression = again
    return expression


def _again(node: sp.Expr, memo: dict[sp.Expr, sp.Expr]) -> sp.Expr:
    if not node.args:
        return node
    if node not in memo:
        memo[node] = node.func(*(_again(part, memo) for part in node.args))
    return memo[node]
