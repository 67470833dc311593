"""Residual expressions for the peers: a SymPy tree evaluated with a library's own functions.

The peers share nothing with the package but the parser: not its array programs, not its gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from ntk_theory.symbolic.operator import Operator

#: SymPy function -> name under which a library's table has it.
NAMES: dict[type[sp.Function], str] = {
    sp.sin: "sin",
    sp.cos: "cos",
    sp.tan: "tan",
    sp.sinh: "sinh",
    sp.cosh: "cosh",
    sp.tanh: "tanh",
    sp.exp: "exp",
    sp.log: "log",
    sp.Abs: "abs",
    sp.sign: "sign",
    sp.erf: "erf",
    sp.atan: "atan",
}


def evaluate(
    node: sp.Expr, values: Mapping[sp.Symbol, Any], functions: Mapping[str, Callable[..., Any]]
) -> Any:
    """The value of ``node`` where ``values`` gives every symbol a (traced) scalar."""
    if node in values:
        return values[node]
    if node.is_number:
        return float(node)
    arguments = [evaluate(child, values, functions) for child in node.args]
    if node.is_Add:
        return sum(arguments[1:], arguments[0])
    if node.is_Mul:
        result = arguments[0]
        for factor in arguments[1:]:
            result = result * factor
        return result
    if node.is_Pow:
        exponent = node.exp
        if exponent.is_Integer:
            return arguments[0] ** int(exponent)
        if exponent == sp.Rational(1, 2):
            return functions["sqrt"](arguments[0])
        return arguments[0] ** arguments[1]
    if isinstance(node, sp.sech):
        return 1 / functions["cosh"](arguments[0])
    return functions[NAMES[type(node)]](arguments[0])


def bound(operator: Operator, numbers: Mapping[str, Any]) -> sp.Expr:
    """The operator's expression with numbers put in for its named parameters."""
    return operator.expression.subs({symbol: numbers[symbol.name] for symbol in operator.parameters})
