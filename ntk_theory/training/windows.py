"""Windows of time: the problem solved piece after piece, and one network for the whole that begins there.

A least squares loss over a long interval has minima that meet the equations late and the initial data not at
all: u = 0 solves most equations, and the residual counts all of the interval alike. Over a short one there
is nothing else to fit. So

1.  window k, [t_{k−1}, t_k], gets a network of its own, of at most :data:`WIDTH` neurons a layer and with the
    input map of the window; its initial data are those of the problem or, for k > 1, what the network before
    it says at t_{k−1}. One that ends with a loss above :data:`GOOD` (of weights ``scaled``: a relative
    residual of about its root) is halved and tried again; after one that is met at once the next is longer by
    :data:`LONGER`;
2.  the network itself is trained on the problem together with the values of all windows at random points;
3.  and then on the problem alone: nothing of its loss, verdict or estimate is changed by the way there.

The sizes of the outputs (:mod:`ntk_theory.training.scaling`) are those of the windows' values. How many
windows a problem gets by default: :mod:`ntk_theory.training.window_count`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.empirical.jets import jets
from ntk_theory.empirical.residuals import Residuals
from ntk_theory.errors import InputError, TrainingError
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.model.points import draw_points
from ntk_theory.symbolic.data import Data
from ntk_theory.symbolic.group import Group, GroupKind
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training.continuation import StageEnd
from ntk_theory.training.defaults import default_counts
from ntk_theory.training.oscillations import SEED, starting_variables
from ntk_theory.training.stopping import Until
from ntk_theory.training.trajectory import Trajectory

#: A window is met at this loss, and trained until the second.
GOOD, DEEP = 1e-7, 1e-10
#: Neurons per layer of a window's network at most: a window has little to say.
WIDTH = 10
#: Steps of a window, and how many of them may bring nothing.
STEPS, PATIENCE = 120, 25
#: After a window that is met the next is so many times as long; none is shorter than this share of the first.
LONGER, SHORTEST = sp.Rational(3, 2), sp.Rational(1, 32)
#: More windows than this are refused.
MOST_WINDOWS = 100
#: So many tries for each of the windows that were asked for, and no more.
TRIES = 4
#: Points at which the windows' values are taken.
VALUES = 600
#: What the groups of these values are called, before the field's number.
GROUP = "windows_"
#: The share of a run's time after which no further window is begun.
LATE = 0.6

#: Trains a network on a problem: the problem, the network, the rules.
Solve = Callable[[Problem, Network, Until], Trajectory]


@dataclass(frozen=True)
class Marched:
    """The problem together with the windows' values, the sizes of its outputs, and how the windows ended."""

    problem: Problem
    sizes: dict[str, float]
    ends: tuple[StageEnd, ...]


@dataclass(frozen=True)
class _Window:
    """A window of which the solution is known."""

    problem: Problem
    network: Network
    parameters: Parameters


def march(problem: Problem, network: Network, windows: int, solve: Solve, rules: Until) -> Marched:
    """Solve the problem window by window.

    Parameters
    ----------
    problem, network:
        What is asked for.
    windows:
        Into how many equal windows the interval is cut at first.
    solve:
        Trains one network on one problem, with residuals and outputs in their own units.
    rules:
        Of the whole run; after :data:`LATE` of its time no further window is begun, and the solution is
        known up to there.

    Raises
    ------
    InputError
        The problem has no variable like time, or parts that windows cannot cut.
    """
    name, low, high = checked(problem, windows)
    began, processor = time.perf_counter(), time.process_time()
    found: list[_Window] = []
    ends: list[StageEnd] = []
    first = step = (high - low) / windows
    start, before, refused = low, None, False
    for _ in range(TRIES * windows):
        late = _is_late(rules, time.perf_counter() - began, time.process_time() - processor)
        if start >= high or late:
            break
        end = high if start + 1.25 * step >= high else start + step
        stage = _on_window(problem, (name, start, end), before)
        own = replace(
            network,
            width=tuple(min(n, WIDTH) for n in network.widths),
            depth=None,
            input_map=stage_box(stage),
        )
        try:
            run = solve(stage, own, Until(steps=STEPS, loss=DEEP, patience=PATIENCE))
        except TrainingError:
            run = None
        if run is not None:
            told = f"{name} from {float(start):.4g} to {float(end):.4g}"
            ends.append(StageEnd(told, len(run.times) - 1, run.loss, run.seconds, run.reason))
        if run is None or run.loss > GOOD:
            step, refused = (end - start) / 2, True
            if step < SHORTEST * first:
                break
            continue
        before = _Window(stage, own, run.parameters)
        found.append(before)
        start, step, refused = end, (1 if refused else LONGER) * (end - start), False
    return _together(problem, found, tuple(ends))


def _is_late(rules: Until, seconds: float, cpu: float) -> bool:
    return (rules.seconds is not None and seconds > LATE * rules.seconds) or (
        rules.cpu is not None and cpu > LATE * rules.cpu
    )


def check_number(windows: int) -> None:
    """Is it a number of windows?"""
    if isinstance(windows, bool) or not isinstance(windows, int) or not 1 <= windows <= MOST_WINDOWS:
        raise InputError(f"windows is {windows!r}; it needs a number from 1 to {MOST_WINDOWS}")


def checked(problem: Problem, windows: int) -> tuple[str, sp.Expr, sp.Expr]:
    """The variable like time with the ends of its interval, of a problem that windows can cut."""
    if problem.construction is not None or problem.unknowns:
        what = "unknown coefficients" if problem.unknowns else "an ansatz"
        raise InputError(f"windows is {windows} beside {what}; leave out one of them")
    for group in problem.groups:
        if group.data is not None or group.where:
            what = "measured data" if group.data is not None else "equations on parts of the domain"
            raise InputError(f"windows is {windows} beside {what} ({group.name!r}); leave out one of them")
    if any(name not in problem.domain for name in problem.variables):
        raise InputError(f"windows is {windows}, and the problem has no interval for every variable")
    found = []
    for name in sorted(starting_variables(problem)):
        low, high = (bind(sp.S(end), problem.parameters) for end in problem.domain[name])
        if all(_starts(problem, group, name, low) for group in problem.conditions if _fixes(group, name)):
            found.append((name, low, high))
    if len(found) != 1:
        what = " and ".join(name for name, *_ in found) or "none"
        raise InputError(
            f"windows is {windows}; it needs one variable like time, whose conditions all lie at its lower "
            f"end and say F[u] = g there, and the problem has {what}: leave it out"
        )
    return found[0]


def _fixes(group: Group, name: str) -> bool:
    return any(name in face for face in group.faces)


def _starts(problem: Problem, group: Group, name: str, low: sp.Expr) -> bool:
    """Is it an initial condition: one operator, on the face at the lower end and no other?"""
    at = [bind(sp.S(face[name]), problem.parameters) for face in group.faces if name in face]
    return len(group.legs) == 1 and len(group.faces) == 1 and at == [low]


def stage_box(problem: Problem) -> dict[str, tuple[float, float]]:
    """The domain as numbers."""
    values = problem.parameters
    return {
        name: (float(bind(sp.S(low), values)), float(bind(sp.S(high), values)))
        for name, (low, high) in problem.domain.items()
    }


def _on_window(problem: Problem, at: tuple[str, sp.Expr, sp.Expr], before: _Window | None) -> Problem:
    """The problem on start < t < end; its initial data are those stated, or of the window before."""
    name, start, end = at
    cut = replace(problem, domain={**problem.domain, name: (start, end)}, conditions=(), solution=None)
    given = [group for group in problem.conditions if not _fixes(group, name)]
    own = [group for group in problem.conditions if _fixes(group, name)]
    if before is not None:
        own = [_handed(cut, group, name, start, before) for group in own]
    return replace(cut, conditions=(*own, *given))


def _handed(cut: Problem, group: Group, name: str, start: sp.Expr, before: _Window) -> Group:
    """F[u] at t = start as the network of the window before says it, as data."""
    moved = replace(group, faces=({**group.faces[0], name: start},), target=sp.S.Zero)
    alone = replace(cut, conditions=(moved,))
    points = draw_points(alone, default_counts(alone), SEED)
    residuals = Residuals.of(alone, before.network, points, [group.name])
    values = residuals.at(before.parameters).values
    places = tuple(map(tuple, points[group.name].tolist()))
    return replace(
        moved, faces=(), target=sp.S.Zero, data=Data(places, tuple(values.tolist()), source="windows")
    )


def _together(problem: Problem, found: list[_Window], ends: tuple[StageEnd, ...]) -> Marched:
    """The problem with the values of all windows, spread over them by their volume."""
    if not found:
        return Marched(problem, {}, ends)
    lengths = np.array([_length(window.problem) for window in found])
    counts = np.maximum(1, np.round(VALUES * lengths / lengths.sum())).astype(int)
    space = problem.space
    slots = [space.value(field) for field in problem.fields]
    places: list[Floats] = []
    values: list[Floats] = []
    for window, count in zip(found, counts, strict=True):
        wanted = {group.name: int(count) for group in window.problem.equations[:1]}
        drawn = draw_points(
            replace(window.problem, conditions=(), equations=window.problem.equations[:1]), wanted, SEED
        )
        places.append(next(iter(drawn.values())))
        values.append(jets(window.network, window.parameters, places[-1], slots))
    points, columns = np.concatenate(places), np.concatenate(values, axis=1)
    rows = tuple(map(tuple, points.tolist()))
    groups = []
    for number, (field, column) in enumerate(zip(problem.fields, columns, strict=True), 1):
        data = Data(rows, tuple(column.tolist()), source="windows")
        operator = Operator(space, space.symbol(space.value(field)))
        groups.append(Group(f"{GROUP}{number}", GroupKind.VALUE, (operator,), data=data))
    sizes = {
        field: float(np.sqrt(np.mean(column**2)))
        for field, column in zip(problem.fields, columns, strict=True)
    }
    return Marched(replace(problem, conditions=(*problem.conditions, *groups)), sizes, ends)


def _length(problem: Problem) -> float:
    return math.prod(high - low for low, high in stage_box(problem).values())
