"""The one call: train a network on a problem by any method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from os import PathLike

from numpy.typing import ArrayLike

from ntk_theory.errors import InputError
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.model.points import check_points
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import problem as as_problem
from ntk_theory.training.defaults import default_network, default_points
from ntk_theory.training.methods.descent import Adam, GradientDescent
from ntk_theory.training.methods.flow import Flow
from ntk_theory.training.methods.gauss_newton import GaussNewton
from ntk_theory.training.methods.method import Method
from ntk_theory.training.objective import Objective
from ntk_theory.training.run import Plan, Progress, Run
from ntk_theory.training.solution import TestGrid
from ntk_theory.training.stopping import Resample, Until
from ntk_theory.training.trajectory import Trajectory

#: The methods by name, with their default options.
METHODS: dict[str, Callable[[], Method]] = {
    "flow": Flow,
    "gradient-descent": GradientDescent,
    "adam": Adam,
    "gauss-newton": GaussNewton,
}
#: Steps where nothing else ends a run.
DEFAULT_STEPS = 500


def train(
    problem: Problem | Operator | str,
    network: Network | None = None,
    parameters: Parameters | None = None,
    points: Mapping[str, ArrayLike] | None = None,
    *,
    method: str | Method = "gauss-newton",
    until: float | Until | None = None,
    weights: str | Mapping[str, float] | None = None,
    seed: int = 0,
    drift: bool | int | None = None,
    error: bool = True,
    resample: Resample | None = None,
    reweigh: int | None = None,
    checkpoint: str | PathLike[str] | None = None,
    every: int = 100,
    progress: Progress | None = None,
) -> Trajectory:
    """Train a network on a problem: minimise L = ½ Σ_g λ_g Σ_x R_g(x)², sums over points.

    Parameters
    ----------
    problem:
        A problem, operator, zoo name or expression; its ``domain`` is needed where network or points are
        left out.
    network, parameters, points:
        Default: three layers of twenty neurons with inputs mapped onto [−1, 1]^d, initialised and points
        drawn with ``seed``.
    method:
        ``flow``, ``gradient-descent``, ``adam``, ``gauss-newton``, or one with options: ``Adam(rate=1e-3)``.
    until:
        For a flow its end time; else a number of steps; or rules (:class:`Until`).
    weights:
        ``sum`` (λ = 1), ``mean`` (1/n_g), ``trace`` (NTK trace ratios), or a number per group.
        Default: ``mean`` for Gauss–Newton, which wants balance, ``sum`` for the others, as in the theory.
    seed:
        For what is not given: parameters and points.
    drift:
        Record kernels along the way? Default: for flows only. A number: at about so many points in all,
        the first of every group.
    error:
        Record the relative L² error where the problem has a solution?
    resample:
        Draw new points along the way (not for flows: their kernel is that of fixed points).
    reweigh:
        With ``weights="trace"``: take new weights every so many steps (not for flows).
    checkpoint, every:
        A file that is written every ``every`` steps and at the end. If it exists and belongs to this
        run, the run goes on from there, bit-identically.
    progress:
        Called after every step.

    Returns
    -------
    Trajectory

    Raises
    ------
    InputError
        Arguments that do not fit together.
    TrainingError
        The run diverged or cannot meet its tolerance; with ``trajectory`` as far as it came.
    """
    problem = as_problem(problem)
    network = network if network is not None else default_network(problem)
    parameters = parameters if parameters is not None else network.init(seed)
    given = default_points(problem, seed) if points is None else check_points(problem, points)
    chosen, rules = _method(method, until)
    weighting = weights or ("mean" if chosen.name == "gauss-newton" else "sum")
    _check_dynamics(chosen, resample, reweigh, weighting, every)
    if drift is not None and drift < 0:
        raise InputError(f"drift is {drift}; it needs True, False, or a positive number of points")
    objective = Objective.of(problem, network, parameters, given, weighting)
    grid = TestGrid.of(problem) if error and problem.solution is not None else None
    kernels = chosen.name == "flow" if drift is None else bool(drift)
    few = None if drift is None or isinstance(drift, bool) else drift
    plan = Plan(problem, given, chosen, rules, weighting, kernels, resample, reweigh, seed, few)
    return Run(plan, objective, grid, progress, checkpoint, every).go()


def _method(method: str | Method, until: float | Until | None) -> tuple[Method, Until]:
    if isinstance(method, str):
        if method not in METHODS:
            raise InputError(f"method is {method!r}; it needs one of {', '.join(METHODS)}")
        method = METHODS[method]()
    if isinstance(until, Until):
        return method, until
    if isinstance(method, Flow):
        return (method if until is None else replace(method, end=float(until))), Until()
    if until is not None and (isinstance(until, bool) or int(until) != until):
        raise InputError(f"until is {until!r}; {method.name} needs a whole number of steps, or an Until")
    return method, Until(steps=DEFAULT_STEPS if until is None else int(until))


def _check_dynamics(
    method: Method,
    resample: Resample | None,
    reweigh: int | None,
    weights: str | Mapping[str, float],
    every: int,
) -> None:
    if isinstance(method, Flow) and (resample is not None or reweigh is not None):
        raise InputError("a flow keeps its points and weights; leave out resample and reweigh")
    if reweigh is not None and weights != "trace":
        raise InputError(f"reweigh takes new NTK trace ratios, but weights is {weights!r}; make it 'trace'")
    for name, value in (
        ("every", every),
        ("reweigh", reweigh),
        ("resample", resample.every if resample else None),
    ):
        if value is not None and (isinstance(value, bool) or value < 1):
            raise InputError(f"{name} is {value}; it needs a positive number of steps")
