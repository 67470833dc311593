"""Gradient flow θ' = −η ∘ ∇L: DOP853 where it is not stiff, ETD2RK in kernel space where it is.

**ETD2RK** [D]. With J, R, K at the step's start, A = Λ^{1/2}J, r = Λ^{1/2}R, K̃ = Λ^{1/2}KΛ^{1/2} and the
frozen linear part L₀ = −ηJᵀΛJ, Cox & Matthews' scheme (J. Comput. Phys. 176 (2002), 430) is

    a  = θ + ηAᵀy,                  y = −h φ₁(−hK̃) r,
    θ₁ = a + h φ₂(hL₀) g,           g = f(a) − f(θ) − L₀(a − θ) = f(a) + ηAᵀ(r + K̃y).

g does not lie in the range of ηAᵀ, but φ₂(z) = ½ + z φ₃(z) and L₀g = −ηAᵀG with

    G = A g = A f(a) + K̃(r + K̃y),      φ₂(hL₀) g = ½ g − h ηAᵀ φ₃(−hK̃) G,

so that every function of a matrix is one of K̃, of size n. A step costs one kernel with its eigenvectors, one
residual, two vjp, one jvp and one gradient at a. For constant J it is exact (g = 0). The embedded first-order
result is a; the difference e = hφ₂(hL₀)g is measured where it matters, in the residuals, Ae = hφ₂(−hK̃)G
relative to ‖r‖ at the start of the run, and in the parameters relative to how far they have moved.

The **kernel clock** τ = ε²t runs with the hidden part of the kernel taken as T instead of ε²T.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from scipy.integrate import DOP853, RK45

from ntk_theory.arrays import Floats
from ntk_theory.empirical.residuals import Linearised
from ntk_theory.errors import InputError, TrainingError
from ntk_theory.training.methods.first_order import require_positive
from ntk_theory.training.methods.method import Facts, Horizon, Method, State
from ntk_theory.training.methods.options import option
from ntk_theory.training.methods.phi import phi
from ntk_theory.training.objective import Objective
from ntk_theory.training.stopping import Until

#: The pass at a step's start, eigenvalues and eigenvectors of K̃ there.
Frozen = tuple[Linearised, Floats, Floats]
INTEGRATORS = ("auto", "dop853", "rk45", "etd2rk")
#: λ_max·T from which "auto" takes the exponential integrator.
STIFF = 1e3
#: Default relative tolerances.
TOLERANCE = {"dop853": 1e-9, "rk45": 1e-6, "etd2rk": 1e-4}
#: SciPy's bound.
SMALLEST_TOLERANCE = 100 * float(np.finfo(np.float64).eps)
#: Evaluations of R, ∇L or a product with J in one ETD2RK step.
ETD_EVALUATIONS = 5
#: A step below this part of the whole time means that the tolerance cannot be reached.
SMALLEST_STEP = 1e-12


@dataclass(frozen=True)
class Flow(Method):
    """Gradient flow up to ``end``.

    Parameters
    ----------
    end:
        T > 0, in ``clock``.
    integrator:
        ``dop853``, ``rk45`` (explicit, of SciPy), ``etd2rk``, or ``auto`` by λ_max·T at the start.
    tolerance:
        Relative; for the explicit ones that of SciPy on θ (with atol = tolerance/100), for ETD2RK per step on
        the residuals and on the parameters' displacement. Default by integrator: 1e-9, 1e-6, 1e-4.
    step:
        A fixed step of ETD2RK, without error control (to measure its order).
    clock:
        ``raw`` time t, or ``kernel`` time τ = ε²t.
    records:
        About how many record times a run gets: no step is longer than ``end``/``records`` (ETD2RK with a
        fixed step excepted).

    >>> Flow(end=2.0).horizon
    Horizon(end=2.0, records=16)
    """

    facts: ClassVar[Facts] = Facts(
        name="flow",
        aliases=("gradient-flow",),
        summary="Gradient flow θ' = −η∘∇L up to an end time, as in the theory.",
        until=Until(),
        smaller="a smaller tolerance",
        stalled="a longer time, or a method that sees curvature",
        needs_fixed_points=True,
        records_kernel=True,
        end_option="end",
    )
    end: float = option(1.0, "The end of the training time.")
    integrator: Literal["auto", "dop853", "rk45", "etd2rk"] = option(
        "auto", "dop853, rk45, etd2rk (for stiff problems), or auto."
    )
    tolerance: float | None = option(None, "Relative tolerance; none: what suits the integrator.")
    step: float | None = option(None, "A fixed step of etd2rk, without error control.")
    clock: Literal["raw", "kernel"] = option("raw", "raw time t, or kernel time ε²t.")
    records: int = option(16, "About so many records.")

    def __post_init__(self) -> None:
        for name in ("end", "tolerance", "step"):
            require_positive(name, getattr(self, name))
        if self.tolerance is not None and self.tolerance < SMALLEST_TOLERANCE:
            raise InputError(
                f"tolerance is {self.tolerance}; it needs at least {SMALLEST_TOLERANCE:.2g}, a hundred times "
                "the rounding of float64"
            )
        if self.integrator not in INTEGRATORS:
            raise InputError(f"integrator is {self.integrator!r}; it needs one of {', '.join(INTEGRATORS)}")
        if self.clock not in ("raw", "kernel"):
            raise InputError(f"clock is {self.clock!r}; it needs raw or kernel")
        if isinstance(self.records, bool) or self.records < 1:
            raise InputError(f"records is {self.records}; it needs a positive integer")

    @property
    def horizon(self) -> Horizon:
        """Up to ``end``."""
        return Horizon(self.end, self.records)

    def floats(self, points: int, parameters: int) -> float:
        """K, its weighted copy and its eigenvectors."""
        return 3.0 * points**2

    def begin(self, objective: Objective, vector: Floats) -> State:
        """Choose the integrator; the first step of ETD2RK is a thousandth of the time."""
        values = objective.values(vector)
        code = self.integrator
        if code == "auto":
            stiffness = self._speed(objective) * objective.largest_eigenvalue(vector) * self.end
            code = "etd2rk" if stiffness > STIFF else "dop853"
        root = np.sqrt(self._speed(objective) * objective.weights)
        memory = {
            "integrator": np.array(INTEGRATORS.index(code)),
            "h": np.array(self.step or 1e-3 * self.end if code == "etd2rk" else 0.0),
            "start": vector,
            "scale": np.array(np.linalg.norm(root * values)),
        }
        return State(vector, values, 0, 0.0, 1, memory)

    def advance(self, objective: Objective, state: State) -> State:
        """One step of the integrator (which may be a rejected one for ETD2RK)."""
        if INTEGRATORS[int(state.memory["integrator"])] == "etd2rk":
            return self._exponential(objective, state)
        return self._explicit(objective, state)

    def ended(self, state: State) -> str | None:
        """The end of the time."""
        return "the end of the time" if state.time >= self.end else None

    def _speed(self, objective: Objective) -> float:
        return 1.0 if self.clock == "raw" else objective.network.epsilon**-2

    def _tolerance(self, code: str) -> float:
        return TOLERANCE[code] if self.tolerance is None else self.tolerance

    # --- explicit Runge–Kutta ------------------------------------------------------------------

    def _explicit(self, objective: Objective, state: State) -> State:
        solver = self._solver(objective, state)
        before = solver.nfev
        message = solver.step()
        if solver.status == "failed":
            raise TrainingError(
                f"{type(solver).__name__} cannot meet the tolerance at t = {state.time:.6g} ({message}); "
                "ask for a larger tolerance, or take integrator='etd2rk'"
            )
        memory = {**state.memory, "h": np.array(solver.h_abs)}
        values = objective.values(solver.y)
        # The slope at the new θ is the last one that the solver asked for.
        return State(
            solver.y.copy(),
            values,
            state.step + 1,
            float(solver.t),
            state.evaluations + solver.nfev - before,
            memory,
            kept=(solver.f, solver.nfev),
        )

    def _solver(self, objective: Objective, state: State) -> Any:
        """A solver that stands at this state; its first slope is the last of the step before, where kept."""
        speed, here = self._speed(objective), [] if state.kept is None else [state.kept[0]]

        def slope(_: float, theta: Floats) -> Floats:
            if here:  # SciPy's constructor asks at the start
                return np.asarray(here.pop())
            return np.asarray(-speed * objective.rates * objective.gradient(theta)[1])

        code = INTEGRATORS[int(state.memory["integrator"])]
        tolerance = self._tolerance(code)
        make = DOP853 if code == "dop853" else RK45
        h = float(state.memory["h"])
        first = {"first_step": min(h, self.end - state.time)} if h else {}
        options = {"rtol": tolerance, "atol": tolerance / 100, "max_step": self.end / self.records}
        solver = make(slope, state.time, state.vector, self.end, **options, **first)
        if h:
            solver.h_abs = h  # the step that the solver of the step before would have tried
        if state.kept is not None:
            solver.nfev = state.kept[1]  # and its count goes on
        return solver

    # --- the exponential integrator --------------------------------------------------------------

    def _exponential(self, objective: Objective, state: State) -> State:
        h = min(float(state.memory["h"]), self.end - state.time)
        if self.step is None:
            h = min(h, self.end / self.records)
        last = h >= self.end - state.time
        frozen = self._frozen(objective, state) if state.kept is None else state.kept
        vector, errors = self._etd(objective, state, frozen, h)
        step, evaluations = state.step + 1, state.evaluations + ETD_EVALUATIONS
        error = max(errors) / self._tolerance("etd2rk")
        factor = min(4.0, max(0.2, 0.9 / np.sqrt(max(error, 1e-10))))
        proposed = self.step or max(h * factor, float(state.memory["h"]) if last and factor > 1 else 0.0)
        memory = {**state.memory, "h": np.array(proposed)}
        if error > 1 and self.step is None:
            if h < SMALLEST_STEP * self.end:
                raise TrainingError(
                    f"ETD2RK cannot meet the tolerance at t = {state.time:.6g}: the kernel changes too fast; "
                    "ask for a larger tolerance or a shorter time"
                )
            return replace(state, step=step, evaluations=evaluations, memory=memory, kept=frozen)
        time = self.end if last else state.time + h
        return State(vector, objective.values(vector), step, time, evaluations, memory)

    def _etd(
        self, objective: Objective, state: State, frozen: Frozen, h: float
    ) -> tuple[Floats, tuple[float, float]]:
        """θ₁ and the errors of its embedded first-order companion, as at the top of this module."""
        here, sigma, basis = frozen
        speed = self._speed(objective)
        root = np.sqrt(speed * objective.weights)

        def spread(w: Floats) -> Floats:
            return np.asarray(objective.rates * here.vjp(root * w).flatten())

        r = basis.T @ (root * state.values)
        y = -h * phi(1, -h * sigma) * r
        a = state.vector + spread(basis @ y)
        slope = -speed * objective.rates * objective.gradient(_finite(a, state))[1]
        rest = r + sigma * y
        G = basis.T @ (root * here.jvp(objective.parameters(slope))) + sigma * rest
        e = 0.5 * h * slope + spread(basis @ (0.5 * h * rest - h * h * phi(3, -h * sigma) * G))
        vector = _finite(a + e, state)
        in_values = float(np.linalg.norm(h * phi(2, -h * sigma) * G)) / float(state.memory["scale"] or 1.0)
        moved = float(np.linalg.norm(vector - state.memory["start"]))
        in_parameters = float(np.linalg.norm(e)) / moved if moved else 0.0
        return vector, (in_values, in_parameters)

    def _frozen(self, objective: Objective, state: State) -> Frozen:
        """The pass at θ, eigenvalues and eigenvectors of K̃; kept, since a rejected step asks again."""
        root = np.sqrt(self._speed(objective) * objective.weights)
        matrix = root[:, None] * objective.kernel(state.vector).matrix * root
        sigma, basis = np.linalg.eigh(matrix)
        return objective.at(state.vector), np.maximum(sigma, 0.0), basis


def _finite(vector: Floats, state: State) -> Floats:
    if not np.isfinite(vector).all():
        raise TrainingError(f"the parameters overflowed at t = {state.time:.6g}; ask for a smaller tolerance")
    return vector
