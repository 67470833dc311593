"""Xu et al.: implicit gradient descent for PINNs, whose limiting Gram matrices are positive definite."""

from __future__ import annotations

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.claims.common import REFUTED, SUPPORTED, linear_only, open_finding
from ntk_theory.claims.exhibit import Exhibit, eigenvalues
from ntk_theory.claims.nonlinear import LINEAR_PART, is_linear, linear_part, no_linear_part
from ntk_theory.claims.source import EXHIBIT, Measures, Reading, Source, SourceClaim
from ntk_theory.errors import InputError
from ntk_theory.model.points import draw_points
from ntk_theory.studies.judging.own_claims import Finding
from ntk_theory.symbolic.problem import Problem

#: Points per group: few, so that λ_min stays above rounding.
FEW = 4
#: λ_min/λ_max from which a positive one is seen, above the law's accuracy; below −1 times it is negative.
SEEN = 1e-11


def _measure(exhibit: Exhibit) -> Measures:
    points = draw_points(exhibit.problem, FEW, exhibit.seed)
    if is_linear(exhibit.problem):
        return lowest(exhibit.limit(points=points)[0])
    return {**lowest(linear_part(exhibit, points)[0]), "kernel": LINEAR_PART}


def lowest(matrix: Floats) -> Measures:
    """λ_min/λ_max of a kernel scaled to unit diagonal."""
    sizes = np.diagonal(matrix)
    if not np.all(sizes > 0):
        raise InputError("a residual's own kernel is 0 at one of the points")
    scale = 1 / np.sqrt(sizes)
    values = eigenvalues(matrix * scale[:, None] * scale)
    return {"lowest": float(values[-1] / values[0]), "points": len(values)}


def _has_limit(problem: Problem) -> str:
    return linear_only(problem) and no_linear_part(problem)


def judge_definite(numbers: Measures) -> Finding:
    """By λ_min/λ_max of the limit kernel with unit diagonal."""
    text = f"λ_min/λ_max = {numbers['lowest']:.2g} at {numbers['points']} points, of K^∞ with unit diagonal"
    if "kernel" in numbers:
        text += f" ({numbers['kernel']})"
    if numbers["lowest"] >= SEEN:
        return Finding(SUPPORTED, text + "; at these points only")
    return Finding(REFUTED, text) if numbers["lowest"] <= -SEEN else open_finding(text + ", below rounding")


SOURCE = Source(
    "xu-2024-gradient",
    "Xu et al., Convergence of implicit gradient descent for training two-layer PINNs, 2024",
    "https://arxiv.org/abs/2407.02827",
    (
        SourceClaim(
            "xu-definite", "the limiting Gram matrix of a smooth activation is positive definite",
            Reading.ABSTRACT,
            "a linear equation, distinct points, s = 1/2; or the linear part of another at u ≡ 0, whose "
            "kernel is the limit for s > 1/2 without output bias (ours)",
            "λ_min(K^∞) > 0",
            "a negative eigenvalue beyond the accuracy of K^∞", EXHIBIT,
            applies=_has_limit, measure=_measure, judge=judge_definite,
        ),
    ),
    ("heat", "poisson", "wave"),
)  # fmt: skip
