"""How many windows of time a problem gets where its user does not say, by the rates at its initial data.

Of a nonlinear system of ordinary equations F(u', u, t) = 0 the linearisation at the initial data, and at 0,
has the rates z, det(F_{u'} z + F_u) = 0. It amplifies or turns at the rate ρ = max(Re z, |Im z|), so
ρ (T − t₀) times over the interval, and gets a window for every :data:`TURN` [C]. Linear equations need none:
they have waves of their own frequencies (:mod:`ntk_theory.training.oscillations`). Rates elsewhere, of a
limit cycle say, are not known before: a system that does not end solved at once is tried again in
:data:`AGAIN` windows. Partial differential equations get windows where they are asked for.
"""

from __future__ import annotations

import math

import numpy as np
import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.errors import NTKTheoryError
from ntk_theory.model.assembly import linearise, stack_rows
from ntk_theory.model.lowering import lower_problem
from ntk_theory.model.points import draw_points
from ntk_theory.symbolic.group import Group
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training.methods.method import Method
from ntk_theory.training.oscillations import POINTS, SEED, VARIES, symbol_roots
from ntk_theory.training.stopping import Until
from ntk_theory.training.windows import checked

#: A window for so many units of rate times time, and so many windows at most.
TURN, MOST_OWN = 4.0, 24
#: Windows of a second try.
AGAIN = 8


def own_windows(problem: Problem) -> int:
    """⌈ρ (T − t₀)/4⌉ windows, at most 24, for a nonlinear system of ODEs on t₀ < t < T; 1 for all others.

    ρ is the largest rate at which its linearisation grows or turns, at the initial data or at 0 [C].

    >>> from ntk_theory import problem
    >>> own_windows(problem("u_t - 16*u*(1 - u)")), own_windows(problem("u_t - 16*u"))
    (4, 1)
    """
    if len(problem.variables) != 1:
        return 1
    try:
        _, low, high = checked(problem, 1)
        turns = _fastest(problem, low) * float(high - low)
    except (NTKTheoryError, TypeError, ValueError, np.linalg.LinAlgError):  # no values, no rate, no windows
        return 1
    return min(max(1, math.ceil(turns / TURN)), MOST_OWN) if math.isfinite(turns) else 1


def usual_windows(problem: Problem, method: Method, rules: Until) -> int:
    """:func:`own_windows` for a method that wants them; who gives a number of steps wants no others."""
    return own_windows(problem) if leaves_free(method, rules) else 1


def leaves_free(method: Method, rules: Until) -> bool:
    """Is it a method that wants windows, and are its steps not counted by the user?"""
    return method.facts.adapts and rules.steps in (None, method.facts.until.steps)


def has_windows(problem: Problem) -> bool:
    """Is it a system of ordinary equations with initial data, which windows can cut?"""
    try:
        checked(problem, 1)
    except NTKTheoryError:
        return False
    return len(problem.variables) == 1


def told_windows(windows: int) -> str | None:
    """The sentence that is said before the first step."""
    if windows == 1:
        return None
    return (
        "the solution may grow or turn many times over the interval: it is first solved in windows of time, "
        f"{windows} or more of them (--windows 1 leaves them out)"
    )


def _fastest(problem: Problem, low: sp.Expr) -> float:
    """ρ of a nonlinear system of ordinary equations, at its initial data and at 0; 0 for a linear one.

    Whether it is linear is asked beside the initial data, too: these may be 0.
    """
    lowered = lower_problem(problem).only(group.name for group in problem.equations)
    rows = stack_rows(lowered, draw_points(problem, POINTS, SEED))
    starts = _initial_jets(problem, low)
    found = 0.0
    weights: list[Floats] = []
    beside = np.random.default_rng(SEED).uniform(0.5, 1.5, len(rows.slots))
    for size, more in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)):
        jets = np.array([size * starts.get((slot.field, slot.index), 0.0) for slot in rows.slots])
        jets = jets + more * beside
        here = linearise(rows, np.repeat(jets[:, None], len(rows.points), axis=1)).weights
        weights.append(here)
        if not more:
            roots = symbol_roots(problem, rows, here, 0, [1.0])
            found = max([found, *(max(float(z.real), abs(float(z.imag))) for z in roots)])
    linear = max(np.abs(one - weights[0]).max() for one in weights) <= VARIES * np.abs(weights[-1]).max()
    return 0.0 if linear else found


def _initial_jets(problem: Problem, low: sp.Expr) -> dict[tuple[str, tuple[int, ...]], float]:
    """The numbers that conditions of the kind u = c, u_t = c give."""
    found = {}
    for group in problem.conditions:
        slot = _single(problem, group)
        if slot is not None:
            at = {problem.variables[0]: low}
            found[slot] = float(bind(sp.S(group.target), {**problem.parameters, **at}))
    return found


def _single(problem: Problem, group: Group) -> tuple[str, tuple[int, ...]] | None:
    leg = group.legs[0].expression
    slot = problem.space.decode(leg) if len(group.legs) == 1 and leg.is_Symbol else None
    return None if slot is None else (slot.field, slot.index)
