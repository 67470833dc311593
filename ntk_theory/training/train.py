"""The one call: train a network on a problem by any method."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import partial
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.errors import InputError, Interrupted, TrainingError
from ntk_theory.model.handed import check_network
from ntk_theory.model.lowering import start_values
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.model.points import check_points, draw_points
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import problem as as_problem
from ntk_theory.training.adaptive import LOOK
from ntk_theory.training.defaults import (
    check_memory,
    default_counts,
    default_network,
    measured_counts,
    usual_width,
)
from ntk_theory.training.identified import identified
from ntk_theory.training.identified_fields import identified_fields
from ntk_theory.training.methods.method import Method
from ntk_theory.training.methods.registry import DEFAULT
from ntk_theory.training.methods.registry import method as named
from ntk_theory.training.mirrored_run import half_of
from ntk_theory.training.objective import Objective
from ntk_theory.training.oscillations import own_features
from ntk_theory.training.run import Plan, Progress, Run
from ntk_theory.training.solution import TestGrid, has_known_solution
from ntk_theory.training.stated import check_solution
from ntk_theory.training.stopping import Resample, Until
from ntk_theory.training.trajectory import Trajectory
from ntk_theory.training.way import Way, asks_again, is_better
from ntk_theory.training.weighting import TRACE, Weights
from ntk_theory.training.window_count import AGAIN, usual_windows
from ntk_theory.training.windows import check_number

#: Who gives a time has so many times the method's patience.
LONG = 4
#: When a run ends: a number (the end time of a method that runs in time, else steps), some rules beside the
#: method's own, or exactly these rules.
End = float | Mapping[str, float] | Until


def train(
    problem: Problem | Operator | str,
    network: Network | None = None,
    parameters: Parameters | None = None,
    points: Mapping[str, ArrayLike] | int | None = None,
    *,
    method: str | Method = DEFAULT,
    until: End | None = None,
    weights: Weights | None = None,
    seed: int = 0,
    drift: bool | int | None = None,
    error: bool = True,
    evidence: bool = True,
    resample: Resample | bool | None = None,
    reweigh: int | None = None,
    checkpoint: str | PathLike[str] | None = None,
    every: int = 100,
    progress: Progress | None = None,
    windows: int | None = None,
    continuation: Mapping[str, float | str] | None = None,
    mirror: bool | None = None,
) -> Trajectory:
    """Train a network on a problem: minimise L = ½ Σ_g λ_g Σ_x R_g(x)², sums over points.

    Parameters
    ----------
    problem:
        A problem, operator, zoo name or expression; its ``domain`` is needed where network or points are
        left out.
    network, parameters, points:
        Default: three layers of sixteen neurons (of 24 where ``until`` gives 100 seconds or more, 200 for
        linear equations) with inputs mapped onto [−1, 1]^d, and waves of the equations' own frequencies
        (:func:`own_features`) where these are many, initialised and points drawn with ``seed``, three times
        as many residuals as parameters (but for methods that follow the kernel of all points); a number of
        points is that many in every group.
    method:
        A name of :data:`ntk_theory.training.methods.registry.METHODS`, or a method with options:
        ``method("adam", rate=1e-3)`` or ``Adam(rate=1e-3)`` of :mod:`ntk_theory.training`.
    until:
        For a flow its end time; else a number of steps; or some rules by name, ``{"loss": 1e-9}``. What is
        not said is the method's own. :class:`Until` gives all rules.
    weights:
        ``sum`` (λ = 1), ``mean`` (1/n_g), ``scaled`` (1/n_g over the squared size of the group's operator,
        and outputs in units of the solution's size, :mod:`ntk_theory.training.scaling`), ``trace`` (NTK
        trace ratios), or a number per group. Default: the method's, ``scaled`` for Gauss–Newton, which wants
        balance, ``sum`` for the others, as in the theory.
    seed:
        For what is not given: parameters and points.
    drift:
        Record kernels along the way? Default: for flows only. A number: at about so many points in all,
        the first of every group.
    error:
        Record the relative L² error where the problem has a solution? It is checked against the groups first.
    evidence:
        Record the residuals at fresh points, and estimate the error at the end?
    resample:
        Draw new points along the way (not for flows: their kernel is that of fixed points). Default, and
        ``True``: for Gauss–Newton, where ``points`` are not arrays, to where residuals are large, if these
        are larger than at the points in use (:mod:`ntk_theory.training.adaptive`); ``False``: never.
    reweigh:
        With ``weights="trace"``: take new weights every so many steps (not for flows).
    checkpoint, every:
        A file that is written every ``every`` steps and at the end. If it exists and belongs to this
        run, the run goes on from there, bit-identically.
    progress:
        Called after every step.
    windows:
        Windows of time that the problem is solved on one after the other before the whole;
        1: the whole interval at once. Default: several for nonlinear systems of ordinary equations that grow
        or turn many times (:mod:`ntk_theory.training.window_count`), by Gauss–Newton, where neither
        parameters, points, a number of steps nor a checkpoint are given; and where such a system does not end
        solved at once. Their steps are not counted by ``until``, their time is.
    continuation:
        Coefficients that begin at an easier value, ``{"nu": 0.1}``, and come to their own in a few stages
        (:mod:`ntk_theory.training.continuation`).
    mirror:
        Train one half of a problem with a mirror symmetry (:func:`~ntk_theory.symbolic.mirrors.halved`), by a
        network that is then folded, and has values on both sides? Default: by Gauss–Newton where network and
        parameters, points, windows and continuation are left to us. Groups and points are those of the half.

    Returns
    -------
    Trajectory

    Raises
    ------
    InputError
        Arguments that do not fit together.
    ProblemError
        The stated solution, by which the error is measured, does not solve the problem.
    ResourceError
        It does not fit into this machine's memory.
    TrainingError
        The run diverged or cannot meet its tolerance; with ``trajectory`` as far as it came.
    """
    whole = problem = as_problem(problem)
    chosen, rules = resolved(method, until)
    fixed = {"parameters": parameters is not None, "points": isinstance(points, Mapping)}
    fixed |= {"weights": isinstance(weights, Mapping)}  # they name the groups of the whole
    fixed |= {"windows": windows not in (None, 1), "continuation": bool(continuation)}
    half = half_of(problem, chosen, mirror, is_free=network is None, **fixed)
    problem = problem if half is None else half.problem
    if network is None:
        network = default_network(problem, width=usual_width(problem, rules), features=own_features(problem))
    network = network if half is None else half.folded(network)
    check_network(network, parameters)
    given = parameters is not None or checkpoint is not None or isinstance(points, Mapping)
    count = (1 if given else usual_windows(problem, chosen, rules)) if windows is None else windows
    check_number(count)
    trained = partial(
        _train,
        points=points,
        method=chosen,
        weights=weights,
        seed=seed,
        resample=resample,
        reweigh=reweigh,
        progress=progress,
    )
    shown = partial(trained, problem, network, drift=drift, error=error, evidence=evidence, whole=whole)
    way, first = Way(parameters, rules), None
    if count == 1 and not continuation:
        processor = time.process_time()
        first = shown(parameters, until=rules, checkpoint=checkpoint, every=every)
        first = first if half is None else replace(first, mirror=half.mirror)
        if given or windows is not None or not asks_again(problem, chosen, rules, first):
            return first
        way.ended("the whole at once", first, time.process_time() - processor)
        count = AGAIN
    _check_way(chosen, points, checkpoint)

    def solve(
        one: Problem,
        its: Network,
        begin: Parameters | None,
        until: Until,
        sizes: Mapping[str, float] | None,
        **own: Any,
    ) -> Trajectory:
        return trained(
            one, its, begin, until=until, drift=False, error=False, evidence=False, sizes=sizes, **own
        )

    # A window is met by its loss, which says so in the default method's own weights.
    of_windows = partial(solve, method=named(DEFAULT), weights=None, resample=None, reweigh=None)
    try:
        way.go(problem, network, count, continuation or {}, solve, of_windows)
    except Interrupted as stop:  # what a window's network knows is no solution
        raise Interrupted(f"{stop}; it was on the way to the problem itself", first) from stop
    except TrainingError:
        if first is None:
            raise
        return first
    run = shown(way.parameters, until=way.rules, sizes=way.sizes)
    spent = sum(end.seconds for end in way.ends) + run.seconds
    if first is not None and is_better(first, run):
        return replace(first, seconds=spent)
    return replace(run, stages=tuple(way.ends), seconds=spent)


def _check_way(
    method: Method, points: Mapping[str, ArrayLike] | int | None, checkpoint: str | PathLike[str] | None
) -> None:
    if checkpoint is not None:
        raise InputError(
            f"checkpoint is {str(checkpoint)!r}, which is of one run; leave out windows and continuation"
        )
    if method.horizon is not None:
        raise InputError(f"{method.name} runs in time; windows and continuation need a method with steps")
    if isinstance(points, Mapping):
        raise InputError("points are arrays; windows and continuation need a number of points, or none")


def _train(
    problem: Problem,
    network: Network,
    parameters: Parameters | None,
    *,
    points: Mapping[str, ArrayLike] | int | None,
    method: Method,
    until: Until,
    weights: Weights | None,
    seed: int,
    drift: bool | int | None,
    error: bool,
    evidence: bool,
    resample: Resample | bool | None,
    reweigh: int | None,
    checkpoint: str | PathLike[str] | None = None,
    every: int = 100,
    progress: Progress | None,
    sizes: Mapping[str, float] | None = None,
    whole: Problem | None = None,
) -> Trajectory:
    """One problem from where the parameters are; ``whole`` is the one whose solution is known."""
    chosen, rules = method, until
    weighting = weights or chosen.facts.weights
    arrays = points if isinstance(points, Mapping) else None
    drawing = _drawing(resample, chosen, seed, points)
    _check_dynamics(chosen, drawing, reweigh, weighting, every)
    followed = 0 if chosen.facts.records_kernel else network.parameter_count
    counts = _counts(problem, points, followed) if not isinstance(points, Mapping) else _lengths(points)
    check_memory(network, sum(counts.values()), chosen)
    drawn = _with_starts(problem, parameters if parameters is not None else network.init(seed))
    given = draw_points(problem, counts, seed) if arrays is None else check_points(problem, arrays)
    if drift is not None and drift < 0:
        raise InputError(f"drift is {drift}; it needs True, False, or a positive number of points")
    objective = Objective.of(problem, network, drawn, given, weighting, sizes=sizes)
    if parameters is None:
        objective = objective.begun
    known = problem if whole is None else whole
    grid = _measure(known) if error and has_known_solution(known) else None
    kernels = chosen.facts.records_kernel if drift is None else bool(drift)
    few = None if drift is None or isinstance(drift, bool) else drift
    more = None if whole is problem else whole
    plan = Plan(
        problem, given, chosen, rules, weighting, kernels, drawing, reweigh, seed, few, evidence, more
    )
    run = Run(plan, objective, grid, progress, checkpoint, every).go()
    if not problem.unknowns:
        return run
    return replace(
        run,
        identified=identified(problem, objective, run.parameters),
        identified_fields=identified_fields(problem, objective, run.parameters),
    )


def _drawing(
    resample: Resample | bool | None, method: Method, seed: int, points: Mapping[str, ArrayLike] | int | None
) -> Resample | None:
    """How points are drawn along the way; a number that was asked for stays that number."""
    if isinstance(resample, Resample):
        return resample
    wanted = method.facts.adapts and not isinstance(points, Mapping) if resample is None else resample
    return replace(LOOK, seed=seed, grows=points is None) if wanted else None


def _with_starts(problem: Problem, parameters: Parameters) -> Parameters:
    """Parameters with as many unknowns as the problem has, by default where they start."""
    if not problem.unknowns:
        return parameters.with_unknowns(None)
    if parameters.unknowns is None:
        return parameters.with_unknowns(start_values(problem.unknowns))
    return parameters


def resolved(method: str | Method, until: End | None) -> tuple[Method, Until]:
    """The method, and the rules that end its run: those asked for, beside its own.

    >>> resolved("adam", 5)[1] == Until(steps=5), resolved("flow", 0.5)[0].horizon.end
    (True, 0.5)
    >>> resolved("gauss-newton", {"loss": 1e-3})[1]
    Until(steps=400, seconds=None, cpu=None, loss=0.001, error=None, patience=50)
    """
    chosen = named(method) if isinstance(method, str) else method
    facts = chosen.facts
    if until is None or isinstance(until, Until):
        return chosen, facts.until if until is None else until
    if isinstance(until, Mapping):
        # Who gives a time wants it used: the method's own number of steps is for who gives nothing.
        timed = {"seconds", "cpu"} & set(until) and "steps" not in until
        own = facts.until
        if timed:
            own = replace(own, steps=None, patience=own.patience and LONG * own.patience)
        return chosen, _ruled(own, until)
    if facts.end_option is not None:
        end = {facts.end_option: float(until)}
        return replace(chosen, **end), facts.until  # type: ignore[type-var]  # a frozen dataclass
    if isinstance(until, bool) or int(until) != until:
        raise InputError(f"until is {until!r}; {facts.name} needs a whole number of steps, or an Until")
    return chosen, replace(facts.until, steps=int(until))


def _ruled(rules: Until, asked: Mapping[str, float]) -> Until:
    known = [rule.name for rule in fields(Until)]
    unknown = next((name for name in asked if name not in known), None)
    if unknown is not None:
        raise InputError(f"until has the rule {unknown!r}; it needs some of {', '.join(known)}")
    return replace(rules, **dict(asked))  # type: ignore[arg-type]  # Until checks the numbers


def _measure(problem: Problem) -> TestGrid:
    grid = TestGrid.of(problem)
    if problem.solution is not None and not problem.unknowns:  # their starts are no solution
        check_solution(problem)
    return grid


def _counts(problem: Problem, each: int | None, parameters: int) -> dict[str, int]:
    if each is None:
        return default_counts(problem, parameters)
    if isinstance(each, bool) or not isinstance(each, int) or each < 1:
        raise InputError(f"points is {each}; it needs a positive number, or an array for each group")
    return {group.name: each for group in problem.groups} | measured_counts(problem)


def _lengths(points: Mapping[str, ArrayLike]) -> dict[str, int]:
    return {name: np.shape(array)[0] if np.ndim(array) else 1 for name, array in points.items()}


def _check_dynamics(
    method: Method,
    resample: Resample | None,
    reweigh: int | None,
    weights: Weights,
    every: int,
) -> None:
    if method.facts.needs_fixed_points and (resample is not None or reweigh is not None):
        raise InputError(f"{method.name} keeps its points and weights; leave out resample and reweigh")
    if reweigh is not None and weights != TRACE:
        raise InputError(f"reweigh takes new NTK trace ratios, but weights is {weights!r}; make it {TRACE!r}")
    for name, value in (
        ("every", every),
        ("reweigh", reweigh),
        ("resample", resample.every if resample else None),
    ):
        if value is not None and (isinstance(value, bool) or value < 1):
            raise InputError(f"{name} is {value}; it needs a positive number of steps")
