"""Trained numbers outside the network's layers: output biases, unknown coefficients, fields (THEORY §9) [D].

Each adds the product of its own derivatives to the kernel, and T has no part in it:

    K^{gh} = ε² Σ F_{iα} F_{jβ}' T + Σ_i F_{i0} F_{i0}' (c trained) + Σ_k ∂R_g/∂π_k(x) ∂R_h/∂π_k(x')
             + Σ_{αβ} F_{a,α} F_{a,β}' Θ_{αβ}(x, x'),

π_k = p_k, or log p_k of a positive one; Θ of an unknown field a is a generic kernel, so that every product of
two of its derivatives counts by itself. A row's derivatives are called its columns, each by a label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self, TypeVar

import sympy as sp

from ntk_theory.symbolic.operator import partial
from ntk_theory.symbolic.problem import Face, Group
from ntk_theory.symbolic.unknown_functions import Functions
from ntk_theory.symbolic.unknown_slopes import slope
from ntk_theory.symbolic.unknowns import Unknown

T = TypeVar("T")


class UnknownColumn(str):
    """The label of a derivative by the unknown of this name; ``is_field``: by a jet of a field."""

    __slots__ = ("is_field", "unknown")
    unknown: str
    is_field: bool

    def __new__(cls, label: str, unknown: str, *, is_field: bool = False) -> Self:
        """The label itself is the text."""
        made = super().__new__(cls, label)
        made.unknown, made.is_field = unknown, is_field
        return made


def bias_label(field: str) -> str:
    """The name of a field's output bias among the columns."""
    return f"output bias of {field}"


def unknown_columns(
    group: Group,
    faces: Sequence[Face],
    renamed: Sequence[Mapping[sp.Expr, sp.Expr]],
    unknowns: Mapping[str, Unknown],
    functions: Functions,
) -> dict[str, sp.Expr]:
    """∂R/∂π of a group on its faces, by label; ``renamed`` are the symbols of its legs there.

    Coordinates are put in before anything is differentiated, as in a row's entries.
    """
    held = set(unknowns)
    placed = [
        leg.expression.xreplace({s: e for s, e in swap.items() if s.name not in held})
        for leg, swap in zip(group.legs, renamed, strict=True)
    ]
    space = group.legs[0].space
    target = sp.S(group.target).xreplace({space.variable(v): value for v, value in faces[0].items()})
    found: dict[str, sp.Expr] = {
        UnknownColumn(f"unknown {name}", name): slope([*placed, -target], name, unknowns) for name in unknowns
    }
    for symbol, jet in functions.items():
        label = UnknownColumn(f"unknown field {symbol.name}", jet.slot.field, is_field=True)
        known = leg_at_start(placed[jet.leg], renamed[jet.leg], held)
        found[label] = partial(known, symbol)
    return found


def leg_at_start(placed: sp.Expr, renamed: Mapping[sp.Expr, sp.Expr], unknowns: set[str]) -> sp.Expr:
    """A leg with its unknown coefficients where they start."""
    return placed.xreplace({s: e for s, e in renamed.items() if s.name in unknowns})


def sums_of(ours: Mapping[str, T], theirs: Mapping[str, T]) -> dict[object, dict[str, tuple[T, T]]]:
    """What meets in a block: one sum over biases and coefficients, each product of an unknown field's jets.

    >>> sorted(sums_of({"output bias of u": 1, "unknown k": 2}, {"unknown k": 3})["columns"])
    ['unknown k']
    """
    found: dict[object, dict[str, tuple[T, T]]] = {}
    for label, x in ours.items():
        for other, y in theirs.items():
            if _are_of_one_field(label, other):
                found[label, other] = {f"{label} and {other}" if label != other else label: (x, y)}
            elif label == other:
                found.setdefault("columns", {})[label] = (x, y)
    return found


def _are_of_one_field(label: str, other: str) -> bool:
    if not (isinstance(label, UnknownColumn) and isinstance(other, UnknownColumn)):
        return False
    return label.is_field and other.is_field and label.unknown == other.unknown
