"""Does a stated solution solve its problem? Asked before a run measures its error by it.

At :data:`POINTS` points of every group, with the exact derivatives u_α of the stated u, and ⟨·⟩ the mean over
points x of the group,

    relative residual of g = √⟨R_g²⟩ / ⟨Σ_α |F_α| (|u_α| + ū_α)⟩,

ū_α the mean of |u_α| over the points of all groups, where it is finite: a tail that a condition cuts off
(u ≈ 1e-7 where 0 is asked for) is small beside u, not beside itself. A group with a derivative that is not
finite, or has no values (that of a jump), is left out: nothing can be said there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError, NonFiniteError, ProblemError
from ntk_theory.model.assembly import linearise, residuals, stack_rows
from ntk_theory.model.lowering import LoweredProblem, lower_problem
from ntk_theory.model.points import Points, draw_points
from ntk_theory.model.program import compile_expressions
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.problem import Problem

#: Points per group.
POINTS = 8
#: A relative residual above this is no rounding of the digits in which a solution is written.
LIMIT = 1e-4


def check_solution(problem: Problem) -> None:
    """The stated solution meets every equation and condition (top of this module).

    Raises
    ------
    ProblemError
        A relative residual is above :data:`LIMIT`; the message names the group and the residual.
    """
    for name, found in solution_residuals(problem).items():
        if found > LIMIT:
            raise ProblemError(
                f"the solution of {problem.name or 'the problem'!r} leaves a relative residual of "
                f"{found:.1e} in the group {name!r}, above {LIMIT:g}; correct the solution or "
                "the group, or leave the solution out"
            )


def solution_residuals(problem: Problem) -> dict[str, float]:
    """Group → relative residual of the stated solution, of the groups where it has one.

    Under an ansatz the groups are those of the problem as it was stated, in its own fields.
    """
    if problem.solution is None:
        raise InputError(f"the problem {problem.name!r} has no known solution to check")
    stated = problem if problem.construction is None else problem.construction.stated
    points = draw_points(stated, POINTS, method="uniform", parameters=problem.parameters)
    lowered = lower_problem(stated, problem.parameters)
    every = np.concatenate([array.reshape(-1, len(stated.variables)) for array in points.values()])
    found = {}
    for group in lowered.groups:
        try:
            found[group.name] = _relative(problem, lowered.only(group.name), points, every)
        except (InputError, NonFiniteError):
            continue
    return found


def _relative(problem: Problem, group: LoweredProblem, points: Points, every: Floats) -> float:
    rows = stack_rows(group, points)
    here = _jets(problem, rows.slots, rows.points)
    terms = linearise(rows, here)
    around = np.abs(_jets(problem, rows.slots, every))
    finite = np.isfinite(around)
    usual = np.where(finite, around, 0.0).sum(axis=1) / np.maximum(finite.sum(axis=1), 1)
    size = (np.abs(terms.weights) * (np.abs(here) + usual[:, None])).sum(axis=0).mean()
    left = float(np.sqrt(np.mean(residuals(rows, terms.values) ** 2)))
    if left == 0.0:
        return 0.0
    return left / float(size) if size else np.inf


def _jets(problem: Problem, slots: Sequence[Slot], points: Floats) -> Floats:
    """u_α of the stated solution at points (n, d), exactly differentiated; (slots, n)."""
    program = compile_expressions([_derivative(problem, slot) for slot in slots], _variables(problem))
    with np.errstate(all="ignore"):  # where it is not finite, the group is left out
        rows = program.run(list(points.T))
    return np.array([np.broadcast_to(row, len(points)) for row in rows], dtype=np.float64)


def _variables(problem: Problem) -> tuple[sp.Symbol, ...]:
    return problem.solved.variable_symbols


def _derivative(problem: Problem, slot: Slot) -> sp.Expr:
    assert problem.solution is not None
    expression = bind(problem.solution[slot.field], problem.parameters)
    for variable, order in zip(_variables(problem), slot.index, strict=True):
        expression = expression.diff(variable, order) if order else expression
    return expression
