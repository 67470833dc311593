"""Exhibited claims that speak of nonlinear problems: a true and a planted false variant of each there.

Beside ``planted_variants.py``, on problems of the kind that the exhibits were widened to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from planted_variants import Variant, World, judged, shown

from ntk_theory.claims.nonlinear import linear_part
from ntk_theory.claims.sources.xu_2024_gradient import lowest

PROBLEM = "sine-gordon"


def falling(world: World) -> Mapping[str, float]:
    """The inverse of the condition number."""
    found = world.measures("condition-grows", PROBLEM)
    return {"low": -found["high"], "high": -found["low"], "median": 1 / found["median"]}


def cross_twice(world: World) -> Mapping[str, Any]:
    """λ_min/λ_max of the linear part's kernel with its cross blocks added twice."""
    exhibit = world.exhibit(PROBLEM)
    matrix, rows = linear_part(exhibit, exhibit.points(4))
    doubled = 2 * matrix
    for part in rows.values():
        doubled[part, part] = matrix[part, part]
    return lowest(np.asarray(doubled))


def exchanged(code: str, one: str, other: str) -> tuple[Variant, Variant, str]:
    """A claim as it stands, and with two of its numbers exchanged."""
    return shown(code, PROBLEM), shown(code, PROBLEM, **{one: other, other: one}), "exchanged"


#: Claim → (true variant, planted false variant, what was planted), on a nonlinear problem.
NONLINEAR: Mapping[str, tuple[Variant, Variant, str]] = {
    "condition-grows": (
        judged("condition-grows", falling), shown("condition-grows", PROBLEM), "as stated; true: 1/κ grows"
    ),
    "gan-decay": exchanged("gan-decay", "operator", "values"),
    "wang-frequencies": exchanged("wang-frequencies", "low", "high"),
    "wang-disparity": (
        shown("wang-disparity", PROBLEM), shown("wang-disparity", "u + sin(u)/8"), "said of u + sin(u)/8"
    ),
    "xie-collapse": exchanged("xie-collapse", "plain", "hard"),
    "xu-definite": (
        shown("xu-definite", PROBLEM), judged("xu-definite", cross_twice), "cross blocks added twice"
    ),
}  # fmt: skip
