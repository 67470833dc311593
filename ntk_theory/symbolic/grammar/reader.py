"""The doors of the grammar: a text, a SymPy expression, or a scalar such as ``2*pi``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from ntk_theory.errors import BudgetError, InputError, ParseError
from ntk_theory.symbolic.grammar.bounds import Bounds
from ntk_theory.symbolic.grammar.build import Builder, settled
from ntk_theory.symbolic.grammar.elaborate import Elaborator
from ntk_theory.symbolic.grammar.render import render
from ntk_theory.symbolic.grammar.source_text import SourceText
from ntk_theory.symbolic.grammar.sympy_input import surface
from ntk_theory.symbolic.grammar.syntax import read
from ntk_theory.symbolic.grammar.tree import Call, Equation, Name, Node, Number, Product, Sum
from ntk_theory.symbolic.grammar.vocabulary import (
    Value,
    Vocabulary,
    checked_names,
    checked_parameter,
    vocabulary_of,
    walk,
)
from ntk_theory.symbolic.jets import JetSpace
from ntk_theory.symbolic.limits import MAX_DEPTH, MAX_DIGITS, MAX_EXPONENT
from ntk_theory.symbolic.measure import largest_exponent, largest_number, shape_of, unfit

Names = Sequence[str] | str | None
Parameters = Mapping[str, Value | None] | Sequence[str] | str | None


@dataclass(frozen=True)
class Parsed:
    """What a text says.

    Attributes
    ----------
    text:
        The text as given (for a SymPy input: its rendering).
    space:
        The fields and variables, in order.
    equations:
        Left minus right side of every equation, in the symbols of ``space``.
    parameters:
        Names of the parameters that occur and have no value, sorted.
    notes:
        What was assumed on the way, such as sign' = 0 almost everywhere.
    given:
        Names of the declared parameters that occur, with a value or without, sorted.
    """

    text: str
    space: JetSpace
    equations: tuple[sp.Expr, ...]
    parameters: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    given: tuple[str, ...] = ()


def parse_text(
    text: str, *, fields: Names = None, variables: Names = None, parameters: Parameters = None
) -> Parsed:
    """Read the equations of an operator or system.

    Parameters
    ----------
    text:
        One equation or several, separated by ``;``. Without ``=`` the right side is 0.
    fields, variables:
        The names, in order. Default: those of u, v, w and of x, y, z, t that occur.
    parameters:
        Names, or a mapping from names to values (``None``: symbolic). A value is exact: a float is
        read as its decimal text, and ``"pi/2"`` or ``"3/4"`` are fine. A symbolic parameter is real
        and nonzero.

    Returns
    -------
    Parsed

    Raises
    ------
    ParseError
        The text is not in the grammar; the message has a caret and, for a near miss, a suggestion.
    BudgetError
        The text or its expansion is larger than the bounds in :mod:`.limits`.

    Examples
    --------
    >>> parse_text("u_t + diff(u^2/2, x) = nu*u_xx").equations
    (-nu*u_xx + u*u_x + u_t,)
    """
    source = _source(text)
    equations = read(source)
    vocabulary = vocabulary_of(
        equations,
        checked_names("fields", fields),
        checked_names("variables", variables),
        exact_values(parameters),
    )
    return _parsed(source, equations, vocabulary)


def from_sympy(
    expression: object, *, fields: Names = None, variables: Names = None, parameters: Parameters = None
) -> Parsed:
    """Read a SymPy expression, an ``Eq``, or a list of them, through a whitelist of node classes.

    Fields come as ``Function("u")(x, t)`` with ``Derivative``, or as symbols spelled as in the
    grammar (``u``, ``u_xx``). Every symbol is replaced by ours of the same name: real, and a
    parameter unless it is a field or variable. Same bounds and errors as :func:`parse_text`.

    Examples
    --------
    >>> x, t = sp.symbols("x t")
    >>> u = sp.Function("u")(x, t)
    >>> from_sympy(sp.Eq(u.diff(t), u.diff(x, 2))).equations
    (u_t - u_xx,)
    """
    source = SourceText(None)
    equations, found = surface(expression)
    declared = checked_names("fields", fields)
    if declared is None and found.fields:
        declared = checked_names("fields", found.fields)
    coordinates = checked_names("variables", variables)
    if coordinates is None and found.variables:
        coordinates = checked_names("variables", found.variables)
    vocabulary = vocabulary_of(equations, declared, coordinates, exact_values(parameters), lenient=True)
    return _parsed(source, equations, vocabulary)


def parse_scalar(text: str, *, variables: Names = (), parameters: Parameters = None) -> sp.Expr:
    """Read an expression without fields: a domain's end, a target, a solution.

    Examples
    --------
    >>> parse_scalar("2*pi")
    2*pi
    >>> parse_scalar("2*sech(x - 4*t)^2", variables=("x", "t"))
    2/cosh(4*t - x)**2
    """
    source = _source(text)
    equations = read(source)
    if len(equations) != 1 or equations[0].right is not None:
        raise source.error("an equation stands where one expression is needed", equations[0].at)
    vocabulary = vocabulary_of(
        equations, (), checked_names("variables", variables) or (), exact_values(parameters)
    )
    node = Elaborator(source, vocabulary).scalar(equations[0].left, "this expression")
    return built(source, Builder(source, vocabulary, None), Bounds(source, vocabulary), [node])[0]


def _source(text: object) -> SourceText:
    if not isinstance(text, str):
        raise InputError(f"text is a {type(text).__name__}; it needs to be a str")
    return SourceText(text)


def _parsed(source: SourceText, equations: tuple[Equation, ...], vocabulary: Vocabulary) -> Parsed:
    elaborator = Elaborator(source, vocabulary)
    nodes = [_difference(elaborator, equation) for equation in equations]
    if not vocabulary.fields:
        raise source.error(
            "there is no field",
            equations[0].at,
            expected="a field such as u, or the declaration of another name (fields=('h',))",
        )
    space = JetSpace(vocabulary.fields, vocabulary.variables)
    builder = Builder(source, vocabulary, space, list(vocabulary.notes))
    expressions = built(source, builder, Bounds(source, vocabulary), nodes)
    for equation, node, expression in zip(equations, nodes, expressions, strict=True):
        _check_equation(source, space, equation, node, expression)
    symbols = {
        symbol.name
        for expression in expressions
        for symbol in expression.free_symbols
        if _is_parameter(space, symbol)
    }
    text = source.text if source.text is not None else "; ".join(render(item, space) for item in expressions)
    # Of the text, not of the expressions: a parameter with a value is a number there.
    written = {node.name for node in walk(equations) if isinstance(node, Name | Call)}
    given = tuple(sorted(written & set(vocabulary.parameters)))
    return Parsed(text, space, tuple(expressions), tuple(sorted(symbols)), tuple(builder.notes), given)


def _is_parameter(space: JetSpace, symbol: sp.Symbol) -> bool:
    return symbol.name not in space.variables and space.decode(symbol) is None


def _difference(elaborator: Elaborator, equation: Equation) -> Node:
    left = elaborator.scalar(equation.left)
    if equation.right is None:
        return left
    right = elaborator.scalar(equation.right)
    return Sum((left, Product((Number(Fraction(-1), equation.at), right), equation.at)), equation.at)


def built(source: SourceText, builder: Builder, bounds: Bounds, nodes: Iterable[Node]) -> list[sp.Expr]:
    """Core nodes as SymPy: all bounds first, then the constructors."""
    nodes = list(nodes)
    for node in nodes:
        bounds.fact(node)
    try:
        expressions = [settled(builder.build(node)) for node in nodes]
    except RecursionError:
        raise source.too_large(f"the expression is nested more than {MAX_DEPTH} levels deep", None) from None
    for node, expression in zip(nodes, expressions, strict=True):
        # SymPy may have merged powers, as in exp(99*log(u)) or in a long product.
        if (excess := shape_of(expression, builder.space).excess()) is not None:
            raise source.too_large(f"the expression {excess}", node.at)
        if largest_exponent(expression) > MAX_EXPONENT:
            raise source.too_large(f"an exponent is larger than {MAX_EXPONENT} in size", node.at)
        if largest_number(expression) >= 10**MAX_DIGITS:
            raise source.too_large(f"a number has more than {MAX_DIGITS} digits", node.at)
        if (reason := unfit(expression)) is not None:
            raise source.error(f"the expression {reason}", node.at, expected="everything real and finite")
    return expressions


def _check_equation(
    source: SourceText, space: JetSpace, equation: Equation, node: Node, expression: sp.Expr
) -> None:
    """An equation must still contain a field once it is multiplied out."""
    if not space.slots_of(expression):
        what = (
            "the equation contains no field"
            if equation.right is not None
            else "the operator contains no field"
        )
        raise source.error(
            what, equation.at, expected=f"a field ({', '.join(space.fields)}) that does not cancel"
        )
    if shape_of(expression, space).terms == len(sp.Add.make_args(expression)):
        return  # already multiplied out
    flat = sp.expand(expression, power_base=False, power_exp=False, log=False)
    if not space.slots_of(flat):
        raise source.error(
            "the fields cancel",
            equation.at,
            expected=f"a field ({', '.join(space.fields)}) that does not cancel",
        )


def exact_values(parameters: Parameters) -> dict[str, sp.Expr | None]:
    """Declared parameters with exact values."""
    if parameters is None:
        return {}
    if isinstance(parameters, str):
        parameters = (parameters,)
    if not isinstance(parameters, Mapping):
        return {checked_parameter(name): None for name in parameters}
    return {checked_parameter(name): _value(name, value) for name, value in parameters.items()}


def _value(name: str, value: Value | None) -> sp.Expr | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float | Fraction | sp.Expr):
        raise InputError(
            f"parameters[{name!r}] is a {type(value).__name__}; it needs a number, or a text such as '3/4'"
        )
    try:
        number = parse_scalar(str(value))
    except ParseError as problem:
        kind = BudgetError if isinstance(problem, BudgetError) else InputError
        raise kind(
            f"parameters[{name!r}] = {str(value)[:60]!r} is not a real number such as '3/4' or 'pi/2'"
        ) from problem
    if number.free_symbols:
        raise InputError(
            f"parameters[{name!r}] = {value!r} is not a number; it needs one such as '3/4' or 'pi/2'"
        )
    return number
