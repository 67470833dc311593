"""Unknown coefficients at the end of a run: values, standard errors, and whether anything determines them.

At the trained θ = (network, π) the residuals are linearised, R ≈ R₀ + J_θ δθ + J_π δπ. Row x counts with
1/σ_x² if it was measured, any other with its weight in the loss relative to the data's, and the network's own
parameters with the prior N(0, U²), U the unit of a scaled output for those of the readout, else 1. With
A = W^{1/2} J U the Schur complement of the network's parameters in the normal matrix is, by Woodbury's
identity [D],

    S = A_πᵀ (I + A_θ A_θᵀ)^{−1} A_π,     (K, K)

whose inner matrix has one row per residual. What the noise of the data alone makes of the estimate is

    cov π = S^{−1} (G_dᵀ G_d) S^{−1},    G = (I + A_θ A_θᵀ)^{−1} A_π,    d the rows of data.

Where the data are missed by far more than σ, the mean of (R/σ)² above :data:`MISSED` (a model that is wrong,
or a run cut short), errors are multiplied by the root of that mean. Where σ is not known, it is the data's
root mean square residual. A positive p = e^π has the standard error p·sd π.

An unknown is not identifiable where S is singular along it: a direction whose eigenvalue in the scaled matrix
S_kl/√(S_kk S_ll) is below :data:`SINGULAR`, or a standard error above :data:`LOOSE` times the larger of the
value and the start. Limits: one linearisation at one solution; it speaks of a converged network only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.model.parameters import Parameters
from ntk_theory.symbolic.problem import GroupKind, Problem
from ntk_theory.training.objective import Objective

#: Eigenvalues of the scaled Schur complement below this are 0: two unknowns act as one.
SINGULAR = 1e-6
#: Standard errors above so many times the unknown's size say nothing of it.
LOOSE = 1.0
#: The prior deviation of a field's numbers, in units of their size: a field may be scaled as a whole.
BROAD = 100.0
#: Sizes below this are 0; their products and quotients stay in range.
LEAST_SIZE = 1e-140
#: A mean of (R/σ)² that noise does not reach: of fifty values it does in fewer than one of 10⁴ draws.
MISSED = 2.0


@dataclass(frozen=True)
class Identified:
    """An unknown at the end of a run.

    Attributes
    ----------
    name, start, value:
        Where it started and what it came to.
    error:
        Its standard error; ``None`` where it is not identifiable.
    reason:
        Why it is not; empty where it is.
    """

    name: str
    start: float
    value: float
    error: float | None
    reason: str = ""

    def __str__(self) -> str:
        if self.error is None:
            return f"{self.name} is not identifiable: {self.reason}"
        return f"{self.name} = {self.value:.6g} ± {self.error:.2g} (started at {self.start:g})"

    def record(self) -> dict[str, Any]:
        """JSON-like data."""
        return {
            "start": self.start,
            "value": self.value,
            "standard_error": self.error,
            "identifiable": self.error is not None,
            "reason": self.reason,
        }


def identified(problem: Problem, objective: Objective, parameters: Parameters) -> tuple[Identified, ...]:
    """Every unknown of a problem at trained parameters (top of this module).

    Parameters
    ----------
    problem:
        With unknowns.
    objective:
        Its points and weights.
    parameters:
        The trained ones.
    """
    assert parameters.unknowns is not None
    values, jacobian = objective.jacobian(parameters.flatten())
    weights, measured = data_weights(problem, objective, values)
    root = np.sqrt(weights)[:, None]
    # The numbers of an unknown field are a network's; their prior shall not tell the coefficients beside it.
    members = {member for one in problem.unknown_fields.values() for member in one.members}
    asked = {name: unknown for name, unknown in problem.unknowns.items() if name not in members}
    at = [list(problem.unknowns).index(name) for name in asked]
    columns = np.array(at, dtype=np.intp) + jacobian.shape[1] - len(problem.unknowns)
    count = len(asked)
    if not count:
        return ()
    prior = objective.prior.copy()
    ending = prior[len(prior) - len(problem.unknowns) :]
    is_member = np.array([name in members for name in problem.unknowns])
    ending[is_member] = BROAD * np.maximum(np.abs(parameters.unknowns[is_member]), 1.0)
    own = root * np.delete(jacobian * prior, columns, axis=1)
    by = root * jacobian[:, columns]
    pulled, root_schur = _without(own, by, is_broad=bool(members))
    schur = root_schur.T @ root_schur  # A_πᵀ·pulled loses what is small beside |A_π|² to rounding
    noise = pulled[measured].T @ pulled[measured]
    size = np.maximum(np.sqrt(np.maximum(np.diag(schur), 0.0)), LEAST_SIZE)
    eigenvalues, directions = np.linalg.eigh(schur / np.outer(size, size))
    bad = directions[:, eigenvalues < SINGULAR]
    together = [k for k in range(count) if np.abs(bad[k]).max(initial=0.0) > 0.1]
    spread = directions / np.maximum(eigenvalues, SINGULAR) @ directions.T  # in units of 1/size
    missed = float(np.mean(weights[measured] * values[measured] ** 2)) if measured.any() else 0.0
    stretch = math.sqrt(missed) if missed > MISSED else 1.0
    scaled = spread @ (noise / size[:, None] / size) @ spread  # the sizes' fourth powers would overflow
    deviations = stretch * np.sqrt(np.maximum(np.diag(scaled), 0.0)) / size
    names = list(asked)
    found = []
    for k, (name, unknown) in enumerate(asked.items()):
        trained, start = float(parameters.unknowns[at[k]]), float(unknown.start)
        value = math.exp(trained) if unknown.positive else trained
        error = float(deviations[k]) * (value if unknown.positive else 1.0)
        alone = 1.0 / float(size[k]) * (value if unknown.positive else 1.0)
        reason = ""
        if k in together:
            others = [names[j] for j in together if j != k]
            beside = f" beside others of {', '.join(others)}" if others else ""
            reason = f"other values{beside} leave every residual as it is"
        elif not max(error, alone) <= LOOSE * max(abs(value), abs(start)):
            reason = f"no residual depends on it beyond the noise (standard error {max(error, alone):.2g})"
        found.append(Identified(name, start, value, None if reason else error, reason))
    return tuple(found)


def _without(own: Floats, by: Floats, *, is_broad: bool) -> tuple[Floats, Floats]:
    """(I + A Aᵀ)^{−1} A_π and an M with Mᵀ M = A_πᵀ (I + A Aᵀ)^{−1} A_π, for A = ``own`` and A_π = ``by``."""
    if is_broad:  # squares of a broad prior would lose what the data say beside it
        axes, singular, _ = np.linalg.svd(own, full_matrices=False)
        inside, shrunk = axes.T @ by, 1.0 / (1.0 + singular[:, None] ** 2)
        outside = by - axes @ inside
        return outside + axes @ (shrunk * inside), np.concatenate([outside, np.sqrt(shrunk) * inside])
    sizes, axes = np.linalg.eigh(own @ own.T)  # no factorisation: exact data weigh 1e16 times the prior
    inside, shrunk = axes.T @ by, 1.0 / (1.0 + np.maximum(sizes, 0.0))[:, None]
    return axes @ (shrunk * inside), np.sqrt(shrunk) * inside


def data_weights(problem: Problem, objective: Objective, values: Floats) -> tuple[Floats, Floats]:
    """W per residual, and which residuals are measured ones: data, or all values where there are no data."""
    groups = {group.name: group for group in problem.groups}
    rows = objective.residuals.rows
    has_data = any(group.data is not None for group in problem.groups)
    weights, measured, scales = objective.weights.copy(), [], []
    at = 0
    for row in rows.groups:
        group, span = groups[row.name], slice(at, at + row.size)
        at += row.size
        is_measured = group.data is not None if has_data else group.kind is GroupKind.VALUE
        measured.append(np.full(row.size, is_measured))
        if is_measured:
            variance = _variance(group.data.sigma if group.data else None, values[span], rows.precision[span])
            # λ w becomes 1/σ²: w is 1/σ² in units of its mean.
            scales.append(objective.group_weights[row.name] * variance)
            weights[span] = rows.precision[span] / variance
        # Rows that are not measured keep their weight in the loss relative to the data's.
    chosen = np.concatenate(measured)
    if scales:
        weights[~chosen] /= float(np.mean(scales))
    return weights, chosen


def _variance(sigma: tuple[float, ...] | None, values: Floats, precision: Floats) -> float:
    """The harmonic mean of σ², or the mean square residual where σ is not known."""
    if sigma is not None:
        return 1.0 / float(np.mean(np.array(sigma) ** -2.0))
    return max(float(np.mean(precision * values**2)), float(np.finfo(np.float64).tiny))
