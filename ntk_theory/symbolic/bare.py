"""Bare problems: operators alone, with a value group for every field and the unit box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from ntk_theory.symbolic.jets import JetSpace
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Group, GroupKind, Problem


def bare_problem(
    operators: Sequence[Operator], *, name: str = "", parameters: Mapping[str, sp.Expr] | None = None
) -> Problem:
    """A problem from operators alone: one value group per field (``b``, or ``b1``, ``b2``, …)."""
    space = operators[0].space
    unit = dict.fromkeys(space.variables, (sp.S.Zero, sp.S.One))
    return Problem(
        space,
        numbered_equations(operators),
        value_groups(space),
        domain=unit,
        parameters=dict(parameters or {}),
        name=name,
    )


def value_groups(space: JetSpace) -> tuple[Group, ...]:
    """One value group per field, ``b``, or ``b1``, ``b2``, …"""
    fields = space.fields
    return tuple(
        Group(
            _numbered("b", k, len(fields)), GroupKind.VALUE, (Operator(space, space.symbol(space.value(f))),)
        )
        for k, f in enumerate(fields)
    )


def numbered_equations(operators: Sequence[Operator]) -> tuple[Group, ...]:
    """One equation per operator, ``f``, or ``f1``, ``f2``, …"""
    return tuple(
        Group(_numbered("f", k, len(operators)), GroupKind.EQUATION, (operator,))
        for k, operator in enumerate(operators)
    )


def _numbered(letter: str, index: int, count: int) -> str:
    return letter if count == 1 else f"{letter}{index + 1}"
