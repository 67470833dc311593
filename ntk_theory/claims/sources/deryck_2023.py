"""De Ryck et al.: an operator preconditioning perspective on training PINNs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.claims.common import REFUTED, SUPPORTED, linear_only, open_finding
from ntk_theory.claims.exhibit import Exhibit, eigenvalues
from ntk_theory.claims.nonlinear import is_linear, known_coefficients
from ntk_theory.claims.source import EXHIBIT, Measures, Reading, Source, SourceClaim
from ntk_theory.empirical.ntk import ntk
from ntk_theory.empirical.residuals import Residuals
from ntk_theory.errors import NonFiniteError
from ntk_theory.model.parameters import Parameters
from ntk_theory.model.points import draw_points
from ntk_theory.studies.judging.own_claims import Finding

FEW, WIDTH, STEPS = 3, 2048, 200
#: By how much of the bound on log ‖R‖ a run may miss it: the kernel of a finite network moves a little.
SLACK, MISSED = 0.1, 0.5
#: Of a nonlinear problem nothing is said where the bound on log ‖R_k‖ is above this: any descent meets it.
TELLING = -0.1


def measured(exhibit: Exhibit, share: float = 1.0, points: Mapping[str, Floats] | None = None) -> Measures:
    """Medians of log ‖R_k‖/‖R_0‖ for steps of rate ``share``/λ_max, and of k log(1 − 1/κ), k = STEPS."""
    points = draw_points(exhibit.problem, FEW, exhibit.seed) if points is None else points
    network = exhibit.network(WIDTH)
    residuals, logs, bounds = Residuals.of(exhibit.problem, network, points), [], []
    for k in range(exhibit.networks):
        theta = network.init(1000 * exhibit.seed + k)
        values = eigenvalues(ntk(exhibit.problem, network, theta, points).matrix)
        start = float(np.linalg.norm(residuals.at(theta).values))
        logs.append(_descent(residuals, theta, share / values[0], start))
        bounds.append(float(STEPS * np.log1p(-values[-1] / values[0])))
    found = {"log": float(np.median(logs)), "bound": float(np.median(bounds))}
    return found if is_linear(exhibit.problem) else {**found, "telling": TELLING}


def _descent(residuals: Residuals, theta: Parameters, rate: float, start: float) -> float:
    """Log ‖R_k‖/‖R_0‖, k = STEPS; ∞ where a nonlinear problem's residuals leave the floats on the way."""
    with np.errstate(over="ignore", invalid="ignore"):
        try:
            for _ in range(STEPS):
                slope = residuals.at(theta).loss_gradient().flatten()
                theta = theta.replaced(theta.flatten() - rate * slope)
            return float(np.log(np.linalg.norm(residuals.at(theta).values) / start))
        except NonFiniteError:
            return float("inf")


def judge_rate(numbers: Measures) -> Finding:
    """By log ‖R_k‖/‖R_0‖ against k log(1 − 1/κ)."""
    own, bound = numbers["log"], numbers["bound"]
    text = f"log ‖R_k‖/‖R_0‖ = {own:.3g} after {STEPS} steps of rate 1/λ_max; k log(1 − 1/κ) = {bound:.3g}"
    if own <= bound and bound > numbers.get("telling", 0.0):
        return open_finding(f"{text}: κ is so large that any descent meets the bound")
    if own <= (1 - SLACK) * bound:
        return Finding(SUPPORTED, text)
    return Finding(REFUTED, text) if own > (1 - MISSED) * bound else open_finding(text)


SOURCE = Source(
    "deryck-2023",
    "De Ryck, Bonnet, Mishra & de Bezenac, An operator preconditioning perspective on training in "
    "physics-informed "
    "machine learning, 2023",
    "https://arxiv.org/abs/2310.05801",
    (
        SourceClaim(
            "deryck-rate",
            "gradient descent contracts by (1 - c/κ)^k with κ the condition number of the kernel",
            Reading.OURS, "a linear problem, a wide network at s = 1/2, rate 1/λ_max, c = 1",
            "‖R_k‖ ≤ (1 − 1/κ)^k ‖R_0‖", "a residual that falls by less than half as many decades", EXHIBIT,
            applies=linear_only, measure=measured, judge=judge_rate, reaches=known_coefficients,
        ),
    ),
    ("poisson", "heat"),
)  # fmt: skip
