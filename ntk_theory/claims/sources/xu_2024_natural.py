"""Xu et al.: natural gradient descent of PINNs converges at a rate that no eigenvalue bounds."""

from __future__ import annotations

import numpy as np

from ntk_theory.claims.common import REFUTED, SUPPORTED, open_finding
from ntk_theory.claims.exhibit import Exhibit
from ntk_theory.claims.source import EXHIBIT, Measures, Reading, Source, SourceClaim
from ntk_theory.empirical.jacobian import residuals_and_jacobian
from ntk_theory.empirical.residuals import Residuals
from ntk_theory.model.points import draw_points
from ntk_theory.studies.judging.own_claims import Finding
from ntk_theory.symbolic.problem import Problem

FEW, WIDTHS = 4, (64, 1024)
#: ‖R‖ after an undamped step over ‖R‖ before: contracted, and not.
CONTRACTED, NOT = 0.5, 0.9


def _known(problem: Problem) -> str:
    return "the problem has unknown coefficients" if problem.unknowns else ""


def _measure(exhibit: Exhibit) -> Measures:
    points = draw_points(exhibit.problem, FEW, exhibit.seed)
    found = {}
    for width in WIDTHS:
        network, ratios = exhibit.network(width), []
        residuals = Residuals.of(exhibit.problem, network, points)
        for k in range(exhibit.networks):
            theta = network.init(1000 * exhibit.seed + k)
            before, jacobian = residuals_and_jacobian(residuals, theta)
            step = np.linalg.lstsq(jacobian, before, rcond=1e-12)[0]
            after = residuals.at(theta.replaced(theta.flatten() - step)).values
            ratios.append(float(np.linalg.norm(after) / np.linalg.norm(before)))
        found[width] = float(np.median(ratios))
    return {"ratios": found}


def judge_contraction(numbers: Measures) -> Finding:
    """By the contraction at the largest width."""
    ratios = numbers["ratios"]
    at = ", ".join(f"{value:.2g} at width {width}" for width, value in ratios.items())
    text = f"an undamped Gauss-Newton step leaves {at} of ‖R‖ (medians)"
    last = ratios[max(ratios)]
    if last <= CONTRACTED:
        return Finding(SUPPORTED, text)
    return Finding(REFUTED, text) if last >= NOT else open_finding(text)


SOURCE = Source(
    "xu-2024-natural",
    "Xu et al., Convergence analysis of natural gradient descent for over-parameterized PINNs, 2024",
    "https://arxiv.org/abs/2408.00573",
    (
        SourceClaim(
            "xu-contraction",
            "wide networks: an undamped natural gradient step contracts the residual whatever λ_min",
            Reading.ABSTRACT, "few points, a wide network, s = 1/2", "‖R‖ falls at once",
            f"a step that leaves {NOT:g} of ‖R‖ or more", EXHIBIT,
            applies=_known, measure=_measure, judge=judge_contraction,
        ),
    ),
    ("heat", "burgers", "sine-gordon"),
)  # fmt: skip
