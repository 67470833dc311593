"""The total derivative D_x = ∂/∂x + Σ_{i,α} u^i_{α+e_x} ∂/∂u^i_α, and the size of its result.

The size is computed before the result is built.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from ntk_theory.errors import ProblemError
from ntk_theory.symbolic.derivation import Derivation
from ntk_theory.symbolic.jets import JetSpace
from ntk_theory.symbolic.jumps import jump

#: What to do instead of differentiating a jump.
WAY_OUT = (
    "a part of the domain on either side, [[equations]] with where = { … }, and [[conditions]] with "
    "interface = { … } for the value and the flux; or the derivative written out where it is regular"
)


class Jump(ProblemError):
    """A total derivative of something that jumps in the variables: ``place`` is where, as g = 0."""

    def __init__(self, place: sp.Expr, variable: str) -> None:
        self.place = place
        self.variable = variable
        super().__init__(f"{self.sentence}; {WAY_OUT}")

    @property
    def sentence(self) -> str:
        """What is wrong, in a sentence."""
        return (
            f"the derivative along {self.variable} acts on something that is not proved continuous where "
            f"{self.place} = 0: a jump there would add a delta"
        )


@dataclass(frozen=True)
class TotalDerivative:
    """D_variable on whole expressions: the derivation, after the question whether its operand jumps."""

    derivation: Derivation
    space: JetSpace | None
    variable: str

    def __call__(self, expression: sp.Expr) -> sp.Expr:
        """D of ``expression``; raises :class:`Jump` where it would contain a delta."""
        place = jump(expression, self.variable, self.space)
        if place is not None:
            raise Jump(place, self.variable)
        return self.derivation(expression)

    @property
    def used_sign(self) -> bool:
        """Was sign' = 0 needed?"""
        return self.derivation.used_sign


def total_derivative(space: JetSpace | None, variable: str) -> TotalDerivative:
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

    return TotalDerivative(Derivation(leaf), space, variable)


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
