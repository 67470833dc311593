"""The total derivative D_x = ∂/∂x + Σ_{i,α} u^i_{α+e_x} ∂/∂u^i_α, and the size of its result.

The size is computed before the result is built.
"""

from __future__ import annotations

import sympy as sp

from ntk_theory.symbolic.derivation import Derivation
from ntk_theory.symbolic.jets import JetSpace


def total_derivative(space: JetSpace | None, variable: str) -> Derivation:
    """D_variable on the expressions of ``space`` (``None``: expressions without fields).

    >>> space = JetSpace(("u",), ("x",))
    >>> u = space.symbol(space.value("u"))
    >>> total_derivative(space, "x")(u**2 / 2)
    u*u_x
    """

    def leaf(symbol: sp.Symbol) -> sp.Expr:
        slot = space.decode(symbol) if space is not None else None
        if slot is not None and space is not None:
            return space.symbol(space.raised(slot, variable))
        return sp.S.One if symbol.name == variable else sp.S.Zero

    return Derivation(leaf)


def predicted_operations(expression: sp.Expr) -> int:
    """An upper bound on the nodes of D of ``expression``, before like terms cancel.

    With s(e) the nodes of e and d(e) those of its derivative: a leaf has d = 1, a sum adds,
    d(f_1⋯f_n) = Σ_k (Σ_{j≠k} s(f_j) + d(f_k) + 1), and a function or power adds its own s.
    """
    memo: dict[sp.Basic, tuple[int, int]] = {}

    def sizes(node: sp.Basic) -> tuple[int, int]:
        if node not in memo:
            memo[node] = compute(node)
        return memo[node]

    def compute(node: sp.Basic) -> tuple[int, int]:
        if not node.args:
            return 1, 1
        parts = [sizes(child) for child in node.args]
        size = 1 + sum(s for s, _ in parts)
        if isinstance(node, sp.Mul):
            return size, 1 + sum(size - s + d for s, d in parts)
        if isinstance(node, sp.Add):
            return size, 1 + sum(d for _, d in parts)
        return size, 2 * size + 8 + sum(d for _, d in parts)

    return sizes(expression)[1]
