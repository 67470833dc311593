"""Derivations of expressions by forward differentiation: one pass, D of a node from D of its children.

Sum, product, power and chain rule. ``sign`` has the derivative 0, which is true almost everywhere.
All quantities are real, which SymPy's own differentiation of |log u| does not take for granted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import sympy as sp

from ntk_theory.symbolic.pieces import Piece

_OUTER: dict[type[sp.Basic], Callable[[sp.Expr], sp.Expr]] = {
    sp.sin: sp.cos,
    sp.cos: lambda a: -sp.sin(a),
    sp.tan: lambda a: 1 + sp.tan(a) ** 2,
    sp.sinh: sp.cosh,
    sp.cosh: sp.sinh,
    sp.tanh: lambda a: 1 - sp.tanh(a) ** 2,
    sp.exp: sp.exp,
    sp.log: lambda a: 1 / a,
    sp.erf: lambda a: 2 * sp.exp(-(a**2)) / sp.sqrt(sp.pi),
    sp.atan: lambda a: 1 / (1 + a**2),
    sp.Abs: sp.sign,
}


@dataclass
class Derivation:
    """D on expressions, given by its values on symbols.

    ``used_sign`` tells afterwards whether sign' = 0 was needed.
    """

    leaf: Callable[[sp.Symbol], sp.Expr]
    used_sign: bool = False
    _memo: dict[sp.Expr, sp.Expr] = field(default_factory=dict)

    def __call__(self, expression: sp.Expr) -> sp.Expr:
        """D of ``expression``.

        >>> x = sp.Symbol("x", real=True)
        >>> Derivation(lambda symbol: sp.Integer(symbol == x))(abs(x) ** 3)
        3*x*Abs(x)
        """
        if expression not in self._memo:
            self._memo[expression] = _signs_merged(self._derive(expression))
        return self._memo[expression]

    def _derive(self, node: sp.Expr) -> sp.Expr:
        if isinstance(node, sp.Symbol):
            return self.leaf(node)
        if not node.args:
            return sp.S.Zero
        if isinstance(node, sp.Add):
            return sp.Add(*(self(term) for term in node.args))
        if isinstance(node, sp.Mul):
            return sp.Add(*self._product_terms(node.args))
        if isinstance(node, sp.Pow):
            return self._power(node)
        if isinstance(node, Piece):
            return node.derived([self(argument) for argument in node.args])
        inner = self(node.args[0])
        if inner is sp.S.Zero and len(node.args) == 1:
            return sp.S.Zero
        if isinstance(node, sp.sign):
            self.used_sign = True
            return sp.S.Zero
        if node.func in _OUTER:
            return _OUTER[node.func](node.args[0]) * inner
        # Outside the grammar's vocabulary: the partial derivatives that SymPy knows.
        return sp.Add(*(node.fdiff(k) * self(argument) for k, argument in enumerate(node.args, 1)))

    def _product_terms(self, factors: tuple[sp.Expr, ...]) -> list[sp.Expr]:
        terms = []
        for k, factor in enumerate(factors):
            derived = self(factor)
            if derived is not sp.S.Zero:
                terms.append(sp.Mul(*factors[:k], derived, *factors[k + 1 :]))
        return terms

    def _power(self, node: sp.Pow) -> sp.Expr:
        base, exponent = node.base, node.exp
        terms = []
        if (inner := self(base)) is not sp.S.Zero:
            terms.append(exponent * sp.Pow(base, exponent - 1) * inner)
        if (inner := self(exponent)) is not sp.S.Zero:
            terms.append(sp.log(base) * node * inner)
        return sp.Add(*terms)


def _signs_merged(node: sp.Expr) -> sp.Expr:
    """Write a·sign(a)·|a|^p as |a|^(p + 1) in every term, so that D(|a|^p a) is (p + 1)|a|^p D(a)."""
    if isinstance(node, sp.Add) and node.has(sp.sign):
        return sp.Add(*(_signs_merged(term) for term in node.args))
    if not isinstance(node, sp.Mul):
        return node
    exponents = dict(map(_base_exponent, node.args))
    for base, exponent in exponents.items():
        inner = base.args[0] if isinstance(base, sp.sign) else None
        if inner is None or exponent != 1 or not _is_positive_integer(exponents.get(inner)):
            continue
        size = sp.Abs(inner)
        merged = sp.Pow(size, exponents.pop(size, sp.S.Zero) + 1) * sp.Pow(inner, exponents.pop(inner) - 1)
        del exponents[base]
        return sp.Mul(merged, *(sp.Pow(other, power) for other, power in exponents.items()))
    return node


def _base_exponent(factor: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    return (factor.base, factor.exp) if isinstance(factor, sp.Pow) else (factor, sp.S.One)


def _is_positive_integer(exponent: sp.Expr | None) -> bool:
    return isinstance(exponent, sp.Integer) and exponent > 0
