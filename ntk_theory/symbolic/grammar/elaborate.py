"""Surface tree to core tree: names resolved, vector calculus written out in total derivatives.

A value is a scalar (one core node) or a vector (a tuple of core nodes over the spatial variables,
which are all variables but t). grad(a)_k = D_k a; div(a) = Σ_k D_k a_k; laplacian(a) = Σ_k D_k D_k a;
dot(a, b) = Σ_k a_k b_k; for a vector a, a^2 = dot(a, a) and |a| = sqrt(dot(a, a)). Here D_k is the
total derivative along x_k. No SymPy object is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ntk_theory.symbolic.grammar.outside import FRACTIONAL
from ntk_theory.symbolic.grammar.source_text import SourceText
from ntk_theory.symbolic.grammar.tree import (
    Apply,
    Call,
    Comparison,
    InPieces,
    Jet,
    Name,
    Node,
    Number,
    Position,
    Power,
    Product,
    Sum,
    Total,
    Vector,
)
from ntk_theory.symbolic.grammar.vocabulary import (
    FUNCTIONS,
    IN_PIECES,
    Vocabulary,
    piecewise_example,
    spelled,
)
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.limits import MAX_BRANCHES, MAX_ORDER

#: A scalar, or the components of a vector.
Value = Node | tuple[Node, ...]


@dataclass(frozen=True)
class Elaborator:
    """Turns surface nodes into core nodes (recursion is bounded by the tree's depth)."""

    source: SourceText
    vocabulary: Vocabulary

    def scalar(self, node: Node, where: str = "an equation") -> Node:
        """The core node of a scalar."""
        value = self._value(node)
        if isinstance(value, tuple):
            raise self.source.error(
                f"{where} needs a scalar and got a vector",
                node.at,
                expected="a scalar such as grad(u)^2, dot(a, b), div(a) or |a|",
            )
        return value

    def _value(self, node: Node) -> Value:
        match node:
            case Name():
                return self.vocabulary.resolve(self.source, node)
            case Sum(terms, at):
                return self._sum([self._value(term) for term in terms], at)
            case Product(factors, at):
                return self._product([self._value(factor) for factor in factors], at)
            case Power(base, exponent, at):
                return self._power(self._value(base), self.scalar(exponent, "an exponent"), at)
            case Vector(items, at):
                return self._vector(tuple(self.scalar(item, "a component") for item in items), at)
            case Call():
                return self._call(node)
            case Comparison(_, _, _, at):
                raise self.source.error(
                    "a comparison stands where a value is needed",
                    at,
                    expected="a value; comparisons are the tests of piecewise(value, test, otherwise)",
                )
            case _:
                return node

    def _sum(self, values: list[Value], at: Position) -> Value:
        vectors = [value for value in values if isinstance(value, tuple)]
        if not vectors:
            return Sum(tuple(_scalars(values)), at)
        if len(vectors) < len(values):
            raise self.source.error("a scalar and a vector are added", at, expected="terms of one kind")
        return tuple(Sum(parts, at) for parts in zip(*vectors, strict=True))

    def _product(self, values: list[Value], at: Position) -> Value:
        vectors = [value for value in values if isinstance(value, tuple)]
        scalars = _scalars(values)
        if not vectors:
            return Product(tuple(scalars), at)
        if len(vectors) > 1:
            raise self.source.error("two vectors are multiplied", at, suggestion="dot(a, b)")
        return tuple(Product((*scalars, part), at) for part in vectors[0])

    def _power(self, base: Value, exponent: Node, at: Position) -> Node:
        if not isinstance(base, tuple):
            return Power(base, exponent, at)
        if not isinstance(exponent, Number) or exponent.value not in (2, 4, 6, 8):
            raise self.source.error(
                "a vector has no such power", at, expected="an even power such as grad(u)^2, or |grad(u)|^p"
            )
        square = _dot(base, base, at)
        return square if exponent.value == 2 else Power(square, Number(exponent.value / 2, at), at)

    def _vector(self, items: tuple[Node, ...], at: Position) -> tuple[Node, ...]:
        spatial = self._spatial(at)
        if len(items) != len(spatial):
            raise self.source.error(
                f"a vector has {len(items)} components over the spatial variables {', '.join(spatial)}",
                at,
                expected=f"{len(spatial)} components",
            )
        return items

    def _spatial(self, at: Position) -> tuple[str, ...]:
        if not self.vocabulary.spatial:
            raise self.source.error(
                "there is no spatial variable", at, expected="a declaration such as variables=('x', 't')"
            )
        return self.vocabulary.spatial

    def _call(self, call: Call) -> Value:
        match call.name:
            case "diff" | "D":
                return self._diff(call)
            case "grad":
                return self._grad(self.scalar(self._only(call), "grad"), call.at)
            case "laplacian":
                return self._div(self._grad(self.scalar(self._only(call), "laplacian"), call.at), call.at)
            case "div":
                return self._divergence(call)
            case "dot":
                return self._inner(call)
            case "piecewise":
                return self._piecewise(call)
            case name if name in IN_PIECES:
                return self._in_pieces(call)
            case name if name in FUNCTIONS:
                return self._apply(name, self._value(self._only(call)), call.at)
            case _:
                raise self.vocabulary.unknown_function(self.source, call)

    def _in_pieces(self, call: Call) -> Node:
        """heaviside(a), max(a, b, …), min(a, b, …)."""
        arguments = tuple(self.scalar(argument, call.name) for argument in call.arguments)
        if call.name == "heaviside":
            self._only(call)
        elif len(arguments) > MAX_BRANCHES:
            raise self._too_many_branches(call)
        return InPieces(call.name, arguments, call.at)

    def _piecewise(self, call: Call) -> Node:
        """piecewise(a, t > 0, b, …, z): the first value whose test holds, else the last."""
        *pairs, otherwise = call.arguments
        if len(call.arguments) > 2 * MAX_BRANCHES:
            raise self._too_many_branches(call)
        result = self.scalar(otherwise, "piecewise")
        if not pairs or len(pairs) % 2:
            raise self._unpaired(call)
        for value, test in reversed(list(zip(pairs[::2], pairs[1::2], strict=True))):
            if not isinstance(test, Comparison):
                raise self._unpaired(call)
            result = self._branch(self.scalar(value, "piecewise"), test, result)
        return result

    def _unpaired(self, call: Call) -> Exception:
        return self.source.error(
            "piecewise needs values and tests in turn, and a last value",
            call.at,
            expected="piecewise(value, test, …, otherwise)",
            suggestion=piecewise_example("piecewise", self.vocabulary.variables),
        )

    def _too_many_branches(self, call: Call) -> Exception:
        return self.source.too_large(f"{call.name} has more than {MAX_BRANCHES} branches", call.at)

    def _branch(self, value: Node, test: Comparison, otherwise: Node) -> Node:
        """Every test becomes t > 0: a >= b is not b > a."""
        left, right = self.scalar(test.left, "a test"), self.scalar(test.right, "a test")
        if test.relation in ("LESS", "ATLEAST"):
            left, right = right, left
        if test.relation in ("ATMOST", "ATLEAST"):
            value, otherwise = otherwise, value
        return InPieces("piecewise", (_minus(left, right, test.at), value, otherwise), test.at)

    def _only(self, call: Call) -> Node:
        if len(call.arguments) != 1:
            raise self.source.error(
                f"{call.name} has {len(call.arguments)} arguments",
                call.at,
                expected=f"one, as in {call.name}(u)",
            )
        return call.arguments[0]

    def _apply(self, name: str, value: Value, at: Position) -> Node:
        if isinstance(value, tuple):
            if name != "abs":
                raise self.source.error(f"{name} of a vector", at, expected="a scalar such as |grad(u)|")
            return _root(_dot(value, value, at), at)
        return _root(value, at) if name == "sqrt" else Apply(name, value, at)

    def _grad(self, node: Node, at: Position) -> tuple[Node, ...]:
        return tuple(self._total(node, name, at) for name in self._spatial(at))

    def _div(self, parts: tuple[Node, ...], at: Position) -> Node:
        spatial = self._spatial(at)
        return Sum(tuple(self._total(part, name, at) for part, name in zip(parts, spatial, strict=True)), at)

    def _divergence(self, call: Call) -> Node:
        values = [self._value(argument) for argument in call.arguments]
        if len(values) == 1 and isinstance(values[0], tuple):
            return self._div(values[0], call.at)
        if any(isinstance(value, tuple) for value in values) or len(values) != len(self._spatial(call.at)):
            raise self.source.error(
                "div needs a vector",
                call.at,
                expected="div(a*grad(u)), or div([a, b]) with a component per spatial variable",
            )
        return self._div(tuple(_scalars(values)), call.at)

    def _inner(self, call: Call) -> Node:
        values = [self._value(argument) for argument in call.arguments]
        vectors = [value for value in values if isinstance(value, tuple)]
        if len(values) != 2 or len(vectors) != 2:
            raise self.source.error("dot needs two vectors", call.at, expected="dot(grad(u), grad(v))")
        return _dot(vectors[0], vectors[1], call.at)

    def _diff(self, call: Call) -> Node:
        """diff(a, x), diff(a, x, 2, t): an order may follow each variable."""
        if len(call.arguments) < 2:
            raise self.source.error(
                f"{call.name} names no variable",
                call.at,
                suggestion=f"{call.name}(u, {self.vocabulary.variables[0]})"
                if self.vocabulary.variables
                else None,
            )
        node = self.scalar(call.arguments[0], call.name)
        variable = None
        for argument in call.arguments[1:]:
            if isinstance(argument, Number) and variable is not None:
                # The first derivative is already taken.
                for _ in range(self._order(argument) - 1):
                    node = self._total(node, variable, argument.at)
                variable = None
            else:
                variable = self._variable(argument)
                node = self._total(node, variable, argument.at)
        return node

    def _variable(self, node: Node) -> str:
        names = ", ".join(self.vocabulary.variables)
        expected = f"a variable ({names})"
        if not isinstance(node, Name):
            raise self.source.error(
                "a derivative is taken along something that is no variable", node.at, expected=expected
            )
        if node.name in self.vocabulary.variables:
            return node.name
        if node.name in self.vocabulary.fields:
            raise self.source.error(
                f"{node.name!r} is a field; derivatives are taken along variables", node.at, expected=expected
            )
        parts = spelled(node.name, self.vocabulary.variables)
        raise self.source.error(
            f"{node.name!r} is not a variable",
            node.at,
            expected=expected,
            suggestion=", ".join(parts) if parts else None,
        )

    def _order(self, number: Number) -> int:
        if number.value.denominator != 1:
            raise self.source.error(
                f"the order of a derivative is {number.value}: {FRACTIONAL[0]}",
                number.at,
                expected=f"an integer from 1 on, or {FRACTIONAL[1]}",
            )
        if number.value < 1:
            raise self.source.error(
                f"the order of a derivative is {number.value}", number.at, expected="an integer from 1 on"
            )
        if number.value > MAX_ORDER:
            raise self.source.too_large(
                f"the order of a derivative is {number.value}", number.at, expected=f"at most {MAX_ORDER}"
            )
        return int(number.value)

    def _total(self, node: Node, variable: str, at: Position) -> Node:
        """D_variable of ``node``; a slot is raised at once, so no SymPy work is left for it."""
        if isinstance(node, Jet):
            at_variable = self.vocabulary.variables.index(variable)
            index = tuple(n + (k == at_variable) for k, n in enumerate(node.slot.index))
            return Jet(Slot(node.slot.field, index), node.at)
        return Total(node, variable, at)


def _minus(left: Node, right: Node, at: Position) -> Node:
    if isinstance(right, Number) and not right.value:
        return left
    return Sum((left, Product((Number(Fraction(-1), at), right), at)), at)


def _scalars(values: list[Value]) -> list[Node]:
    return [value for value in values if not isinstance(value, tuple)]


def _dot(left: tuple[Node, ...], right: tuple[Node, ...], at: Position) -> Node:
    return Sum(
        tuple(
            Power(a, Number(Fraction(2), at), at) if a is b else Product((a, b), at)
            for a, b in zip(left, right, strict=True)
        ),
        at,
    )


def _root(node: Node, at: Position) -> Node:
    return Power(node, Number(Fraction(1, 2), at), at)
