"""Trained numbers outside the network's layers: output biases and unknown coefficients (THEORY §9) [D].

Each adds the product of its own derivatives to the kernel, and T has no part in it:

    K^{gh} = ε² Σ F_{iα} F_{jβ}' T + Σ_i F_{i0} F_{i0}' (c trained) + Σ_k ∂R_g/∂π_k(x) ∂R_h/∂π_k(x'),

π_k = p_k, or log p_k of a positive one. A row's derivatives are called its columns, each by a label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from ntk_theory.symbolic.problem import Face, Group
from ntk_theory.symbolic.unknown_slopes import slope
from ntk_theory.symbolic.unknowns import Unknown


def bias_label(field: str) -> str:
    """The name of a field's output bias among the columns."""
    return f"output bias of {field}"


def unknown_label(name: str) -> str:
    """The name of an unknown among the columns."""
    return f"unknown {name}"


def unknown_columns(
    group: Group,
    faces: Sequence[Face],
    renamed: Sequence[Mapping[sp.Expr, sp.Expr]],
    unknowns: Mapping[str, Unknown],
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
    return {unknown_label(name): slope([*placed, -target], name, unknowns) for name in unknowns}
