"""Training at infinite width: what a finite network's flow is compared with (THEORY §5).

**s > 1/2**, fixed learning rate [D]. Only the output bias moves: u ≡ c(t),

    c_i' = −Σ_g λ_g Σ_x R_g(x; c) F^g_{i0}(x; c),        K(t) → Σ_i F_{i0}F_{i0}'  at c(t),

with jets (c, 0, …, 0). K stays constant iff F_0 at constants does not change along c(t). Without a trained
output bias K → 0 and nothing moves.

**s = 1/2**, operators affine in the jets [D]: K is the constant K^∞ and R' = −K^∞ΛR, whose solution is
R(t) = Λ^{−1/2} e^{−tK̃} Λ^{1/2}R(0), K̃ = Λ^{1/2}K^∞Λ^{1/2}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import solve_ivp

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError, NonFiniteError, TrainingError
from ntk_theory.limit.law import LimitLaw
from ntk_theory.model.assembly import (
    Linearisation,
    Rows,
    fold_kernel,
    fold_rows,
    linearise,
    network_jets,
    residuals,
    stack_rows,
)
from ntk_theory.model.blocks import Kernel
from ntk_theory.model.lowering import lower_problem
from ntk_theory.model.points import check_points
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training.drift import Drift, block_norms
from ntk_theory.training.weighting import Weights, group_weights, per_residual

#: Relative and absolute tolerance of the scalar equation.
TOLERANCE = 1e-10
#: Times at which the drift is taken.
TIMES = 257


@dataclass(frozen=True, eq=False)
class ConstantDynamics:
    """The limit for s > 1/2.

    Attributes
    ----------
    times:
        (k,) raw time.
    bias:
        c(t), (k, m).
    losses:
        L(t), (k,).
    drift:
        Of Σ_i F_{i0}F_{i0}' along c(t).
    """

    times: Floats
    bias: Floats
    losses: Floats
    drift: Drift


def constant_dynamics(
    problem: Problem,
    points: Mapping[str, ArrayLike],
    end: float,
    *,
    start: ArrayLike | None = None,
    weights: Weights = "sum",
) -> ConstantDynamics:
    """Solve the limiting equation of c for s > 1/2 up to raw time ``end``.

    Parameters
    ----------
    problem, points:
        As for training; the limit does not depend on the network, but it needs a trained output bias.
    end:
        T > 0. In kernel time the bias moves infinitely fast, hence raw time only.
    start:
        c(0), (m,); default 0.
    weights:
        ``sum``, ``mean`` or λ per group, as for training (trace ratios are those of a network).

    Raises
    ------
    NonFiniteError
        F or F_0 is undefined at constants (|u|^{1/2} at 0, log u): the limit is not of this form.
    """
    if not (np.isfinite(end) and end > 0):
        raise InputError(f"end is {end}; it needs a positive time")
    system = _Constants(stack_rows(lower_problem(problem), check_points(problem, points)), weights)
    fields = len(problem.fields)
    c0 = np.zeros(fields) if start is None else np.asarray(start, dtype=np.float64)
    if c0.shape != (fields,) or not np.isfinite(c0).all():
        raise InputError(f"start has shape {c0.shape}; it needs {fields} finite numbers, one per field")
    times = np.linspace(0.0, end, TIMES)
    solved = solve_ivp(
        lambda _, c: system.slope(c),
        (0.0, end),
        c0,
        method="LSODA",
        t_eval=times,
        rtol=TOLERANCE,
        atol=TOLERANCE,
    )
    if not solved.success:
        raise TrainingError(f"the limiting equation cannot be solved up to {end:g}: {solved.message}")
    bias = np.ascontiguousarray(solved.y.T)
    return ConstantDynamics(
        times, bias, np.array([system.loss(c) for c in bias]), kernel_drift(times, map(system.kernel, bias))
    )


class _Constants:
    """Residuals, loss and kernel at constant fields."""

    def __init__(self, rows: Rows, weights: Weights) -> None:
        self.rows = rows
        self.weights = per_residual(rows.groups, group_weights(rows.groups, weights))
        self.zero = np.zeros((len(rows.slots), len(rows.points)))

    def at(self, c: Floats) -> Linearisation:
        try:
            return linearise(self.rows, network_jets(self.rows, self.zero, 0.0, c))
        except NonFiniteError as error:
            raise NonFiniteError(
                f"at constant fields {c.tolist()} the limit for s > 1/2 is not defined: {error}"
            ) from error

    def folded(self, here: Linearisation) -> dict[int, Floats]:
        """F_{i0} per field that has a value slot, legs added, (n,)."""
        fields = self.rows.problem.space.fields
        found = {}
        for k in self.rows.value_slots:
            found[fields.index(self.rows.slots[k].field)] = fold_rows(self.rows, here.weights[k])
        return found

    def slope(self, c: Floats) -> Floats:
        here = self.at(c)
        pull = self.weights * residuals(self.rows, here.values)
        out = np.zeros_like(c)
        for i, gradient in self.folded(here).items():
            out[i] = -float(pull @ gradient)
        return out

    def loss(self, c: Floats) -> float:
        return 0.5 * float(np.sum(self.weights * residuals(self.rows, self.at(c).values) ** 2))

    def kernel(self, c: Floats) -> Kernel:
        here = self.at(c)
        n = len(self.rows.points)
        matrix = np.zeros((n, n))
        for k in self.rows.value_slots:
            matrix += np.outer(here.weights[k], here.weights[k])
        return Kernel(fold_kernel(self.rows, matrix), self.rows.groups)


def kernel_drift(times: Floats, kernels: object) -> Drift:
    """Drift of a sequence of kernels, one per time, against the first."""
    first: Kernel | None = None
    columns: dict[str, list[float]] = {}
    spectral: list[float] = []
    for kernel in kernels:  # type: ignore[attr-defined]
        first = kernel if first is None else first
        change = kernel.matrix - first.matrix
        for name, value in block_norms(Kernel(change, kernel.groups)).items():
            columns.setdefault(name, []).append(value)
        spectral.append(float(np.linalg.norm(change, 2)))
    if first is None:
        raise InputError("kernels is empty; it needs one kernel per time")
    curves = {name: np.array(column) for name, column in columns.items()}
    return Drift(times, block_norms(first), curves, np.array(spectral))


def linear_flow(kernel: Kernel, values: ArrayLike, times: ArrayLike, weights: ArrayLike = 1.0) -> Floats:
    """R(t) of R' = −KΛR for a constant kernel, (k, n).

    Parameters
    ----------
    kernel:
        K.
    values:
        R(0), (n,).
    times:
        (k,).
    weights:
        λ per residual, positive: a number or (n,).

    >>> from ntk_theory.model.blocks import KernelGroup
    >>> from ntk_theory.symbolic.problem import GroupKind
    >>> K = Kernel(np.array([[2.0]]), (KernelGroup("b", GroupKind.VALUE, 1),))
    >>> bool(np.allclose(linear_flow(K, [3.0], [0.0, 1.0]), [[3.0], [3.0 * np.exp(-2.0)]]))
    True
    """
    start = np.asarray(values, dtype=np.float64)
    root = np.sqrt(np.broadcast_to(np.asarray(weights, dtype=np.float64), start.shape))
    if start.shape != (len(kernel.matrix),) or not (root > 0).all():
        raise InputError(
            f"values has shape {start.shape}; it needs ({len(kernel.matrix)},), and weights positive numbers"
        )
    sigma, basis = np.linalg.eigh(root[:, None] * kernel.matrix * root)
    decay = np.exp(-np.outer(np.asarray(times, dtype=np.float64), np.maximum(sigma, 0.0)))
    return np.asarray((decay * (basis.T @ (root * start))) @ basis.T / root)


def linear_limit_flow(law: LimitLaw, values: ArrayLike, times: ArrayLike, weights: ArrayLike = 1.0) -> Floats:
    """R(t) at s = 1/2 and infinite width from R(0) (n,), (k, n); all groups must be affine in the jets."""
    kernel = Kernel(law.deterministic(1.0), law.rows.groups)
    return linear_flow(kernel, values, times, weights)
