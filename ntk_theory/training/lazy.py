"""How lazy a run was: whether the linear theory of the start describes its end.

NTK theory follows R' = −K_0 Λ R: the residuals move as if J were that of the start. With Δθ = θ_T − θ_0 and
weights Λ of the run,

    linearisation_error   ‖Λ^{1/2}(R_T − R_0 − J_0 Δθ)‖ / ‖Λ^{1/2}(R_T − R_0)‖
    kernel_drift          ‖K_T − K_0‖_F / ‖K_0‖_F, of the weighted kernels
    parameter_change      ‖Δθ‖ / ‖θ_0‖

The first is 0 for a run that is linear in θ; at most ½ says that more of the residual's way is the linear
theory's than not. The second bounds nothing by itself but is what theorems speak of. The word is that of lazy
training (Chizat, Oyallon & Bach 2019, arXiv 1812.07956, known by its definition); the bound ½ is ours [D].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.empirical.spectra import Spectrum, spectra, weighted
from ntk_theory.errors import InputError
from ntk_theory.model.handed import CONVERT
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import problem as as_problem
from ntk_theory.training.defaults import thinned
from ntk_theory.training.evidence import met_by_zero
from ntk_theory.training.objective import Objective
from ntk_theory.training.trajectory import Trajectory

#: At about so many of the run's points.
POINTS = 300
#: Up to here a run is called lazy.
LAZY = 0.5
#: Said where it is so: such a run tells little of the problem that was meant.
ZERO = (
    "but zero meets every equation and condition, and nothing asks for another solution: state the source or "
    "the data of the problem that is meant"
)


@dataclass(frozen=True)
class Laziness:
    """How far a run was from the linear theory of its start.

    Attributes
    ----------
    linearisation_error:
        ‖Λ^{1/2}(R_T − R_0 − J_0 Δθ)‖ / ‖Λ^{1/2}(R_T − R_0)‖ with residuals R, their Jacobian J, weights Λ
        of the run and Δθ = θ_T − θ_0: 0 for a run that is linear in θ.
    kernel_drift:
        ‖K_T − K_0‖_F / ‖K_0‖_F of the weighted kernels.
    parameter_change:
        ‖Δθ‖ / ‖θ_0‖.
    before, after:
        The spectrum of Λ^{1/2} K Λ^{1/2} at θ_0 and at θ_T.
    homogeneous:
        Does zero meet every equation and condition? Then nothing asks for another solution.
    """

    linearisation_error: float
    kernel_drift: float
    parameter_change: float
    before: Spectrum
    after: Spectrum
    homogeneous: bool = False

    @property
    def is_lazy(self) -> bool:
        """Did the linear theory of the start describe most of the run, and the kernel keep its size?"""
        return self.linearisation_error <= LAZY and self.kernel_drift <= 1

    def __str__(self) -> str:
        word = "lazy" if self.is_lazy else "not lazy"
        return (
            f"{word}: the linear theory of the start misses {self.linearisation_error:.2g} of the residual's "
            f"way; the kernel moved by {self.kernel_drift:.2g} of itself, "
            f"the parameters by {self.parameter_change:.2g}" + (f"; {ZERO}" if self.homogeneous else "")
        )


def laziness(problem: Problem | Operator | str, run: Trajectory, points: int = POINTS) -> Laziness:
    """How far a run was from the linear theory of its start.

    Parameters
    ----------
    problem, run:
        The problem, and what :func:`~ntk_theory.training.train.train` gave for it.
    points:
        At about so many of the points of its last step, the first of every group.

    Returns
    -------
    Laziness
        0 for everything that did not move at all.
    """
    if not isinstance(run, Trajectory):
        raise InputError(
            f"run is a {type(run).__name__}; it needs the Trajectory that nt.train(problem, network, "
            f"parameters) gave, which knows the start, too; {CONVERT}"
        )
    where = thinned(run.points, points)
    asked = run.trained(as_problem(problem))
    objective = Objective.of(asked, run.network, run.initial, where, dict(run.group_weights))
    start, end = run.initial.flatten(), run.parameters.flatten()
    here, root = objective.at(start), np.sqrt(objective.weights)
    way = root * (objective.values(end) - here.values)
    rest = way - root * here.jvp(objective.parameters(end - start))
    first, last = (weighted(objective.kernel(at), run.group_weights) for at in (start, end))
    return Laziness(
        linearisation_error=_share(rest, way),
        kernel_drift=_share(last.matrix - first.matrix, first.matrix),
        parameter_change=_share(end - start, start),
        before=spectra(first)[0],
        after=spectra(last)[0],
        homogeneous=met_by_zero(objective.residuals),
    )


def _share(part: Floats, whole: Floats) -> float:
    size = float(np.linalg.norm(whole))
    return float(np.linalg.norm(part)) / size if size > 0 else 0.0
