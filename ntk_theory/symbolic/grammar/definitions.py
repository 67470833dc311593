"""Definitions ``u = A + B*v``: fields of a problem in terms of names that are made up here, the outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from ntk_theory.errors import InputError
from ntk_theory.symbolic.grammar.bounds import Bounds
from ntk_theory.symbolic.grammar.build import Builder
from ntk_theory.symbolic.grammar.elaborate import Elaborator
from ntk_theory.symbolic.grammar.reader import built
from ntk_theory.symbolic.grammar.source_text import SourceText
from ntk_theory.symbolic.grammar.syntax import read
from ntk_theory.symbolic.grammar.tree import Equation, Name
from ntk_theory.symbolic.grammar.vocabulary import (
    FUNCTIONS,
    IN_PIECES,
    OPERATORS,
    Vocabulary,
    checked_names,
    walk,
)
from ntk_theory.symbolic.jets import FIELD, JetSpace, spelling


def read_definitions(
    text: str, space: JetSpace, parameters: Mapping[str, sp.Expr | None]
) -> tuple[JetSpace, dict[str, sp.Expr]]:
    """The outputs and Φ of every field, from ``u = …; v = …``.

    An output is a name on the right that is no field with a definition, no variable and no parameter. A field
    without a definition is an output itself.

    Raises
    ------
    ParseError
        The text is not in the grammar, the left side is no field, or a defined field stands on the right.

    >>> outputs, found = read_definitions("u = x*w", JetSpace(("u",), ("x", "t")), {})
    >>> outputs.fields, found
    (('w',), {'u': w*x})
    """
    if not isinstance(text, str):
        raise InputError(f"the ansatz is a {type(text).__name__}; it needs a text such as 'u = x*v'")
    source = SourceText(text)
    rights = _by_field(source, read(source), space)
    names: list[str] = []
    for name in space.fields:
        names += (
            [name] if name not in rights else _outputs_of(source, rights[name], rights, space, parameters)
        )
    outputs = checked_names("fields", tuple(dict.fromkeys(names))) or ()
    if not outputs:
        raise source.error("the ansatz has no output", 0, expected="a name for the network, as in u = x*v")
    made = JetSpace(outputs, space.variables)
    vocabulary = Vocabulary(outputs, space.variables, parameters)
    elaborator = Elaborator(source, vocabulary)
    nodes = [elaborator.scalar(rights[name].left, "an ansatz") for name in rights]
    expressions = built(source, Builder(source, vocabulary, made), Bounds(source, vocabulary), nodes)
    found = dict(zip(rights, expressions, strict=True))
    return made, {n: found[n] if n in found else made.symbol(made.value(n)) for n in space.fields}


def _by_field(source: SourceText, equations: Sequence[Equation], space: JetSpace) -> dict[str, Equation]:
    """Field → its right side, as an equation without one."""
    found: dict[str, Equation] = {}
    for equation in equations:
        left = equation.left
        if not isinstance(left, Name) or equation.right is None:
            raise source.error(
                "an ansatz is a field, =, and its expression",
                equation.at,
                expected=f"such as {space.fields[0]} = {space.variables[0]}*v",
            )
        if left.name not in space.fields:
            raise source.error(
                f"{left.name!r} is no field", left.at, expected=f"a field ({', '.join(space.fields)})"
            )
        if left.name in found:
            raise source.error(f"{left.name!r} is given twice", left.at, expected="one expression each")
        found[left.name] = Equation(equation.right, None, equation.right.at)
    return found


def _outputs_of(
    source: SourceText,
    right: Equation,
    defined: Mapping[str, Equation],
    space: JetSpace,
    parameters: Mapping[str, sp.Expr | None],
) -> list[str]:
    """The outputs in an expression, in the order in which they are written."""
    nodes = [node for node in walk([right]) if isinstance(node, Name)]
    found = []
    for node in sorted(nodes, key=lambda node: node.at or 0):
        name = node.name
        head = spelling(name)[0]
        if name in {*space.variables, *parameters, "pi", *FUNCTIONS, *IN_PIECES, *OPERATORS}:
            continue
        if head in defined:
            raise source.error(
                f"{head!r} is a field that the ansatz defines",
                node.at,
                expected="a name of its own for the network's output, as in u = x*v",
            )
        if head not in {*space.variables, *parameters} and FIELD.match(head):
            found.append(head)
    return found
