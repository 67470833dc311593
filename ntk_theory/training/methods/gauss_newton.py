"""Gauss–Newton with Levenberg–Marquardt damping and geodesic acceleration.

With A = Λ^{1/2} J η^{1/2}, η the metric with every output in its own unit, and r = Λ^{1/2} R a step is δ =
v + a (in units of η^{1/2}), where

    (AᵀA + μC⁻²) v = −Aᵀr,   (AᵀA + μC⁻²) a = −½ Aᵀ r_vv,   r_vv = ∂²r along v,

C = I in early steps, later powers of A's column norms (:func:`~ntk_theory.training.methods.damped.balance`);
the second-order correction a being that of Transtrum & Sethna 2012 (arXiv 1201.5885): r_vv comes from one
more residual by the difference r_vv ≈ (2/h) [(r(θ + hv) − r(θ))/h − Av], the factorisation is reused. In
a residual network of this size a factorisation costs far more than a residual, and with the
correction far larger steps are accepted.
μ follows the ratio of actual to predicted decrease (Nielsen 1999, IMM-REP-1999-05).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.training.methods.damped import DampedSystem, TiledModel, local_model, power, require_slope
from ntk_theory.training.methods.method import Facts, Method, State
from ntk_theory.training.methods.options import option
from ntk_theory.training.objective import Objective
from ntk_theory.training.stopping import Until

#: h of the directional second difference.
PROBE = 0.1
#: The correction is used while ‖a‖ ≤ BEND·‖v‖ (Transtrum & Sethna recommend 2‖a‖/‖v‖ ≤ 0.75).
BEND = 0.375
#: A step is accepted from this ratio of actual to predicted decrease on.
ACCEPT = 1e-4
#: Rejections in a row double the factor on μ; beyond 2^STALL no step helps at this precision.
STALL = 30
SMALLEST = 1e-30


@dataclass(frozen=True)
class GaussNewton(Method):
    """Levenberg–Marquardt on the residuals of a small network (matrices of P², never the whole J).

    Parameters
    ----------
    damping:
        The first μ in units of the largest squared column norm of A.
    geodesic:
        Add the second-order correction?

    >>> GaussNewton().facts.needs_jacobian
    True
    """

    facts: ClassVar[Facts] = Facts(
        name="gauss-newton",
        aliases=("levenberg-marquardt", "lm", "gn"),
        summary="Levenberg–Marquardt with geodesic acceleration, for small networks.",
        # It reaches rounding: this loss, or no tenth less in so many steps, is enough.
        until=Until(steps=400, loss=1e-14, patience=50),
        smaller="a larger damping",
        stalled="more points, a wider network or another seed",
        weights="scaled",  # it wants balance between the groups
        needs_jacobian=True,
        adapts=True,  # it meets few points to rounding, whatever is between them
    )
    damping: float = option(1e-2, "The first μ, in units of the largest squared column norm.")
    geodesic: bool = option(True, "Add the second-order correction?")

    def __post_init__(self) -> None:
        if not (np.isfinite(self.damping) and self.damping > 0):
            raise InputError(f"damping is {self.damping}; it needs a positive number such as 1e-2")

    def begin(self, objective: Objective, vector: Floats) -> State:
        """R and A at the start give the scale of μ."""
        model = local_model(objective, vector)
        largest = require_slope(model, objective.worst_group(model.values))
        memory = _memory(max(self.damping * largest, SMALLEST), 2.0, False)
        return State(vector, model.values, 0, 0.0, 1, memory, kept=model)

    def advance(self, objective: Objective, state: State) -> State:
        """Try one step; a rejected one only raises μ."""
        model = local_model(objective, state.vector) if state.kept is None else state.kept
        values, r = model.values, model.r
        mu, factor = float(state.memory["mu"]), float(state.memory["factor"])
        exact = bool(state.memory.get("exact", False))
        system, v, exact = model.damped(mu, exact=exact, p=power(state.step))
        step, time, evaluations = state.step + 1, state.time + 1.0, state.evaluations + 2
        new, ratio = None, -np.inf
        if np.isfinite(v).all():
            along = model.times(v)
            predicted = 0.5 * float(r @ r - np.sum((r + along) ** 2))
            delta = v
            if self.geodesic:
                delta = v + _bend(objective, state.vector, system, (r, v, along))
                evaluations += 1
            vector = state.vector + np.sqrt(objective.metric) * delta
            new = _values(objective, vector)
            if new is not None and predicted > 0:
                ratio = (objective.loss(values) - objective.loss(new)) / predicted
        if new is not None and ratio > ACCEPT:
            mu *= 0.3 if ratio > 0.5 else 1.0 if ratio > 0.2 else 2.0
            return State(vector, new, step, time, evaluations, _memory(max(mu, SMALLEST), 2.0, exact))
        memory = _memory(mu * factor, min(2 * factor, 2.0**40), exact)
        return State(state.vector, values, step, time, evaluations, memory, model)

    def ended(self, state: State) -> str | None:
        """No damping gives a decrease any more."""
        if float(state.memory["factor"]) > 2.0**STALL:
            return "no step decreases the loss any more (rounding, or a local minimum)"
        return None

    def floats(self, points: int, parameters: int) -> float:
        """Matrices of the smaller size squared and, with fewer points than parameters, J itself."""
        if points >= parameters:
            return TiledModel.floats(parameters)
        return 2.0 * points * parameters + points**2


def _memory(mu: float, factor: float, exact: bool) -> dict[str, Floats]:
    """μ, its next factor, and whether μ has become too small for a Gram matrix."""
    return {"mu": np.array(mu), "factor": np.array(factor), "exact": np.array(float(exact))}


def _bend(
    objective: Objective,
    vector: Floats,
    system: DampedSystem,
    at: tuple[Floats, Floats, Floats],
) -> Floats:
    """The correction a, or 0 where it is too long to be trusted."""
    r, v, along = at
    probe = _values(objective, vector + PROBE * np.sqrt(objective.metric) * v)
    if probe is None:
        return np.zeros_like(v)
    second = 2 / PROBE * ((np.sqrt(objective.weights) * probe - r) / PROBE - along)
    if not np.isfinite(second).all():
        return np.zeros_like(v)
    a = 0.5 * system.solve(second)
    return a if np.linalg.norm(a) <= BEND * np.linalg.norm(v) else np.zeros_like(v)


def _values(objective: Objective, vector: Floats) -> Floats | None:
    """R, or None where it is undefined or overflows: such a step is rejected."""
    if not np.isfinite(vector).all():
        return None
    try:
        return objective.values(vector)
    except NonFiniteError:
        return None
