"""An operator on known functions of the variables: F[u] for a given u."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from ntk_theory.symbolic.grammar.calculus import total_derivative
from ntk_theory.symbolic.jets import JetSpace
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.pieces import Piece


def substitute(operator: Operator, solution: Mapping[str, sp.Expr]) -> sp.Expr:
    """F evaluated on known functions of the variables: every slot becomes its derivative."""
    space: JetSpace = operator.space
    values = {}
    for slot in operator.slots:
        orders = [(v, n) for v, n in zip(space.variable_symbols, slot.index, strict=True) if n]
        values[space.symbol(slot)] = _derivative(solution[slot.field], orders)
    return operator.expression.xreplace(values)


def _derivative(expression: sp.Expr, orders: Sequence[tuple[sp.Symbol, int]]) -> sp.Expr:
    """The mixed partial derivative; one that would contain a delta is refused."""
    if not expression.has(sp.sign, sp.Abs, Piece):
        return sp.diff(expression, *orders) if orders else expression
    for symbol, order in orders:
        along = total_derivative(None, symbol.name)
        for _ in range(order):
            expression = along(expression)
    return expression
