"""A differential operator F(x, {u_α}): its slots, gradient, order and linearity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from ntk_theory.symbolic.jets import JetSpace, Slot


@dataclass(frozen=True)
class Operator:
    """F(x, {u_α}) on a jet space.

    ``expression`` is a SymPy expression in the symbols of ``space`` (``space.symbol(slot)``,
    ``space.variable(name)``) and in parameter symbols; functions allowed in it are sin, cos, tan,
    sinh, cosh, tanh, exp, log, Abs, sign, erf, and powers (sech is 1/cosh, sqrt a power).
    """

    space: JetSpace
    expression: sp.Expr

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """The slots on which F depends, in canonical order."""
        return self.space.slots_of(self.expression)

    @cached_property
    def gradient(self) -> Mapping[Slot, sp.Expr]:
        """F_α = ∂F/∂u_α for every slot that occurs (sign' = 0 almost everywhere)."""
        return {slot: partial(self.expression, self.space.symbol(slot)) for slot in self.slots}

    @cached_property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """Named parameters that have no value yet."""
        known = {self.space.symbol(slot) for slot in self.slots} | set(self.space.variable_symbols)
        return tuple(sorted(self.expression.free_symbols - known, key=lambda s: s.name))


def partial(expression: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """∂expression/∂symbol, with the derivative of sign taken as 0 (true almost everywhere)."""
    signs = {node: sp.Dummy("sign", real=True) for node in expression.atoms(sp.sign)}
    derivative = expression.xreplace(signs).diff(symbol)
    back = {dummy: node for node, dummy in signs.items()}
    return derivative.xreplace(back)
