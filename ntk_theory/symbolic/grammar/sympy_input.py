"""SymPy expressions to the surface tree, through a whitelist of node classes.

Sizes are checked while walking, iteratively: a 900-deep expression never meets recursive code.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import sympy as sp
from sympy.core.function import AppliedUndef

from ntk_theory.errors import BudgetError, InputError, ParseError
from ntk_theory.symbolic.grammar.outside import DELAY, INTEGRAL
from ntk_theory.symbolic.grammar.tree import (
    Call,
    Comparison,
    Equation,
    Name,
    Node,
    Number,
    Power,
    Product,
    Sum,
)
from ntk_theory.symbolic.jets import VARIABLE_ORDER
from ntk_theory.symbolic.limits import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_EQUATIONS,
    MAX_NAME,
    MAX_ORDER,
    MAX_SYMPY_NODES,
)
from ntk_theory.symbolic.pieces import PIECES, choose

_FUNCTIONS: dict[type[sp.Basic], str] = {
    sp.sin: "sin",
    sp.cos: "cos",
    sp.tan: "tan",
    sp.sinh: "sinh",
    sp.cosh: "cosh",
    sp.tanh: "tanh",
    sp.sech: "sech",
    sp.exp: "exp",
    sp.log: "log",
    sp.Abs: "abs",
    sp.sign: "sign",
    sp.erf: "erf",
    sp.atan: "atan",
}


_IN_PIECES: dict[type[sp.Basic], str] = {
    sp.Heaviside: "heaviside",
    sp.Max: "max",
    sp.Min: "min",
    **{kind: name for name, kind in PIECES.items()},
}

_CLASSES = (
    sp.Symbol,
    sp.Rational,
    sp.Float,
    AppliedUndef,
    sp.Derivative,
    sp.Add,
    sp.Mul,
    sp.Pow,
    sp.Piecewise,
    *_FUNCTIONS,
    *_IN_PIECES,
)
_RELATIONS: dict[type[sp.Basic], str] = {
    sp.StrictGreaterThan: "MORE",
    sp.StrictLessThan: "LESS",
    sp.GreaterThan: "ATLEAST",
    sp.LessThan: "ATMOST",
}


@dataclass(frozen=True)
class NamesFound:
    """Fields and variables that functions u(x, t) declare by their form."""

    fields: tuple[str, ...]
    variables: tuple[str, ...]


def surface(expression: object) -> tuple[tuple[Equation, ...], NamesFound]:
    """The equations as surface trees, and the names that applied functions introduce."""
    items = list(expression) if isinstance(expression, list | tuple | sp.Tuple) else [expression]
    if not items:
        raise InputError("expression is an empty list; it needs at least one equation")
    if len(items) > MAX_EQUATIONS:
        raise BudgetError(f"expression has {len(items)} equations; at most {MAX_EQUATIONS} are read")
    walker = _Walker()
    equations = tuple(walker.equation(item) for item in items)
    return equations, walker.names()


class _Walker:
    def __init__(self) -> None:
        self._functions: dict[str, tuple[str, ...]] = {}
        self._nodes = 0

    def equation(self, item: object) -> Equation:
        if isinstance(item, sp.logic.boolalg.BooleanAtom):
            raise InputError(
                f"an equation is identically {bool(item)}; it needs a field that does not cancel"
            )
        if isinstance(item, sp.Eq):
            return Equation(self._tree(item.lhs), self._tree(item.rhs), None)
        if isinstance(item, int | Fraction | float) and not isinstance(item, bool):
            item = sp.sympify(item) if not isinstance(item, float) else sp.Float(item)
        if not isinstance(item, sp.Expr):
            raise InputError(
                f"expression is a {type(item).__name__}; it needs a SymPy expression, an Eq, or a list"
            )
        return Equation(self._tree(item), None, None)

    def names(self) -> NamesFound:
        """Fields in order of their name; variables x, y, z, t, then alphabetical."""
        variables = {name for arguments in self._functions.values() for name in arguments}
        ranked = sorted(
            variables,
            key=lambda name: (
                VARIABLE_ORDER.index(name) if name in VARIABLE_ORDER else len(VARIABLE_ORDER),
                name,
            ),
        )
        for field, arguments in self._functions.items():
            if set(arguments) != variables:
                raise InputError(
                    f"the field {field}({', '.join(arguments)}) does not depend on all of "
                    f"{', '.join(ranked)}; every field needs the same variables"
                )
        return NamesFound(tuple(sorted(self._functions)), tuple(ranked))

    def _tree(self, expression: sp.Basic) -> Node:
        """Post-order, with an explicit stack: children first, then :meth:`_node`."""
        results: list[Node] = []
        stack: list[tuple[sp.Basic, int, bool]] = [(expression, 1, False)]
        while stack:
            node, depth, expanded = stack.pop()
            below = self._below(node)
            if expanded:
                parts = results[len(results) - len(below) :] if below else []
                del results[len(results) - len(below) :]
                results.append(self._node(node, parts))
                continue
            self._nodes += 1
            if depth > MAX_DEPTH:
                raise BudgetError(f"the SymPy expression is nested more than {MAX_DEPTH} levels deep")
            if self._nodes > MAX_SYMPY_NODES:
                raise BudgetError(f"the SymPy expression has more than {MAX_SYMPY_NODES} nodes")
            if not isinstance(node, _CLASSES) and node not in (sp.pi, sp.E):
                raise _refused(node)
            stack.append((node, depth, True))
            stack.extend((child, depth + 1, False) for child in reversed(below))
        return results[0]

    def _below(self, node: sp.Basic) -> tuple[sp.Basic, ...]:
        """The children to visit; a field's arguments and a derivative's variables are read whole."""
        if isinstance(node, AppliedUndef):
            return ()
        if isinstance(node, sp.Derivative):
            return (node.expr,)
        if isinstance(node, sp.Piecewise):
            return tuple(part for value, test in node.args for part in (value, *_sides(test)))
        if isinstance(node, sp.Heaviside):
            return (node.args[0],)
        return tuple(node.args)

    def _node(self, node: sp.Basic, parts: list[Node]) -> Node:
        if isinstance(node, sp.Symbol):
            return Name(_short(node.name), None)
        if isinstance(node, sp.Rational):
            return _rational(int(node.p), int(node.q))
        if isinstance(node, sp.Float):
            return _float(node)
        if isinstance(node, AppliedUndef):
            return self._field(node)
        if isinstance(node, sp.Derivative):
            return self._derivative(node, parts[0])
        if isinstance(node, sp.Add):
            return Sum(tuple(parts), None)
        if isinstance(node, sp.Mul):
            return Product(tuple(parts), None)
        if isinstance(node, sp.Pow):
            return Power(parts[0], parts[1], None)
        if node is sp.pi:
            return Name("pi", None)
        if node is sp.E:
            return Call("exp", (Number(Fraction(1), None),), None)
        if isinstance(node, sp.Piecewise):
            return _piecewise(node, parts)
        if isinstance(node, sp.Heaviside) and node.args[1] != sp.S.Half:
            raise ParseError(
                f"the SymPy expression has Heaviside with the value {node.args[1]} at 0; here it is 1/2",
                expected="sp.Heaviside(x), or sp.Piecewise for another value at the jump",
            )
        if isinstance(node, choose):
            test, above, below = parts
            return Call("piecewise", (above, Comparison(test, "MORE", _ZERO, None), below), None)
        if node.func in _IN_PIECES:
            return Call(_IN_PIECES[node.func], tuple(parts), None)
        return Call(_FUNCTIONS[node.func], tuple(parts), None)

    def _field(self, node: AppliedUndef) -> Node:
        name = _short(node.func.__name__)
        if not all(isinstance(argument, sp.Symbol) for argument in node.args):
            raise ParseError(
                f"the field {name} is taken at other arguments than its variables (write {name}(x, t)): "
                + DELAY[0],
                expected=DELAY[1],
            )
        arguments = tuple(_short(argument.name) for argument in node.args)
        if self._functions.setdefault(name, arguments) != arguments:
            raise ParseError(
                f"the field {name} occurs with different arguments; it needs one order of its variables"
            )
        return Name(name, None)

    def _derivative(self, node: sp.Derivative, operand: Node) -> Node:
        arguments: list[Node] = [operand]
        for variable, count in node.variable_count:
            if not isinstance(variable, sp.Symbol):
                raise ParseError("a derivative is taken along a field; derivatives are taken along variables")
            if not isinstance(count, sp.Integer):
                raise ParseError("the order of a derivative is not a number; it needs an integer from 1 on")
            if count > MAX_ORDER:
                raise BudgetError(f"the order of a derivative is more than {MAX_ORDER}")
            arguments += [Name(_short(variable.name), None), Number(Fraction(int(count)), None)]
        return Call("diff", tuple(arguments), None)


_ZERO = Number(Fraction(0), None)


def _tests(condition: sp.Basic) -> tuple[sp.Basic, ...]:
    """The comparisons that must hold together; none for True."""
    parts = condition.args if isinstance(condition, sp.And) else (condition,)
    if condition == sp.true:
        return ()
    for part in parts:
        if type(part) not in _RELATIONS:
            raise ParseError(
                f"a Piecewise has the condition {str(condition)[:60]}, which is outside of the grammar",
                expected="comparisons with <, <=, >, >=, joined by And; True for the last value",
            )
    return tuple(parts)


def _sides(condition: sp.Basic) -> tuple[sp.Basic, ...]:
    return tuple(side for test in _tests(condition) for side in (test.lhs, test.rhs))


def _piecewise(node: sp.Piecewise, parts: list[Node]) -> Node:
    """Nested calls, from the last value backwards."""
    rest = iter(parts)
    branches = []
    for _, condition in node.args:
        value = next(rest)
        tests = [Comparison(next(rest), _RELATIONS[type(t)], next(rest), None) for t in _tests(condition)]
        branches.append((value, tests))
    if branches[-1][1]:
        raise ParseError(
            "a Piecewise has no value where none of its conditions holds; add (value, True) at its end"
        )
    result = branches.pop()[0]
    for value, tests in reversed(branches):
        otherwise, result = result, value
        for test in reversed(tests):
            result = Call("piecewise", (result, test, otherwise), None)
    return result


def _short(name: str) -> str:
    if len(name) > MAX_NAME:
        raise BudgetError(f"the name {name[:20]!r}… has more than {MAX_NAME} letters")
    return name


def _rational(numerator: int, denominator: int) -> Number:
    bits = max(numerator.bit_length(), denominator.bit_length())
    if bits > 3.33 * MAX_DIGITS:
        raise BudgetError(f"a number has more than {MAX_DIGITS} digits")
    return Number(Fraction(numerator, denominator), None)


def _float(number: sp.Float) -> Number:
    """A decimal is exact: the shortest text of a double, else the number's own digits."""
    text = repr(float(number)) if number._prec <= 53 else str(number)
    mantissa, _, exponent = text.partition("e")
    if (
        not mantissa.replace(".", "").lstrip("+-").isdigit()
        or abs(int(exponent or 0)) + len(mantissa) > MAX_DIGITS
    ):
        raise BudgetError(f"a number is infinite or has more than {MAX_DIGITS} digits")
    return Number(Fraction(text), None)


def _refused(node: sp.Basic) -> ParseError:
    if node is sp.I:
        return ParseError(
            "the expression contains the imaginary unit, and everything here is real",
            expected="the real and the imaginary part as two fields, in two equations",
        )
    if isinstance(node, sp.Integral):
        return ParseError(f"the SymPy expression contains Integral: {INTEGRAL[0]}", expected=INTEGRAL[1])
    return ParseError(
        f"the SymPy expression contains {type(node).__name__}, which is outside of the grammar",
        expected="sums, products, powers, derivatives, fields u(x, t), symbols, numbers and "
        + ", ".join([*_FUNCTIONS.values(), *PIECES]),
    )
