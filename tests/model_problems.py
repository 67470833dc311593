"""Small problems made by hand, without the grammar, for the tests of model and empirical."""

from __future__ import annotations

import sympy as sp

from ntk_theory.symbolic.jets import JetSpace, Slot
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Group, GroupKind, Problem

SPACE = JetSpace(("u",), ("x", "t"))
X, T = SPACE.variable_symbols
DOMAIN = {"x": (sp.Integer(-1), sp.Integer(3)), "t": (sp.S.Zero, sp.Integer(2))}


def jet(space: JetSpace = SPACE, field: str = "u", **orders: int) -> sp.Symbol:
    return space.symbol(space.slot(field, **orders))


U, U_X, U_T, U_XX, U_XXX = jet(), jet(x=1), jet(t=1), jet(x=2), jet(x=3)


def equation(expression: sp.Expr, space: JetSpace = SPACE, name: str = "f") -> Group:
    return Group(name, GroupKind.EQUATION, (Operator(space, expression),))


def value(name: str = "b", space: JetSpace = SPACE, field: str = "u", **more: object) -> Group:
    return Group(name, GroupKind.VALUE, (Operator(space, jet(space, field)),), **more)


def kdv() -> Problem:
    """KdV with an initial value, both ends, a slope and a periodic pair of slopes."""
    faces = ({"x": sp.Integer(-1)}, {"x": sp.Integer(3)})
    slope = Group("slope", GroupKind.CONDITION, (Operator(SPACE, U_X),), faces=faces[1:])
    periodic = Group(
        "periodic", GroupKind.CONDITION, (Operator(SPACE, U * U_X), Operator(SPACE, -U - U_XX)), faces=faces
    )
    return Problem(
        SPACE,
        (equation(U_T + U * U_X + U_XXX),),
        (
            value("initial", target=sp.sin(X), faces=({"t": sp.S.Zero},)),
            value("ends", faces=faces),
            slope,
            periodic,
        ),
        domain=DOMAIN,
    )


def system() -> Problem:
    """Two coupled equations with value groups for both fields."""
    space = JetSpace(("u", "v"), ("x", "t"))
    u, v = jet(space, "u"), jet(space, "v")
    first = jet(space, "u", t=1) - jet(space, "u", x=2) + u * v**2
    second = jet(space, "v", t=1) + sp.sin(u) * jet(space, "v", x=1)
    return Problem(
        space,
        (equation(first, space, "f1"), equation(second, space, "f2")),
        (value("b1", space, "u"), value("b2", space, "v")),
        domain=DOMAIN,
    )


def jet_problem(space: JetSpace, slots: tuple[Slot, ...]) -> Problem:
    """One group per slot, F = u_α: its kernel is the jet NTK of the network itself."""
    groups = tuple(
        Group(f"j{k}", GroupKind.EQUATION, (Operator(space, space.symbol(slot)),))
        for k, slot in enumerate(slots)
    )
    return Problem(space, groups)
