"""Rows that are 0 for every network by its feature map: periodic features meet periodic pairs (THEORY §3)."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from ntk_theory.setting.features import Periodic
from ntk_theory.symbolic.zero import is_zero
from ntk_theory.theory.circles import same_place
from ntk_theory.theory.rows import ResidualRow


def is_met_by(row: ResidualRow, periodic: Mapping[str, Periodic]) -> bool:
    """Is a row 0 for every network whose first layer sees these variables periodically?

    So it is where all legs lie at the same γ, and F, summed over them with the same jets, is identically 0.
    """
    if len(row.faces) < 2 or not periodic or row.is_singular:
        return False
    if not all(same_place(row.faces[0], face, periodic) for face in row.faces[1:]):
        return False
    total = sum(
        (
            leg.expression.xreplace({leg.space.variable(v): value for v, value in face.items()})
            for leg, face in zip(row.group.legs, row.faces, strict=True)
        ),
        sp.S.Zero,
    )
    return bool(is_zero(total))
