"""Lowering, points and targets together: a problem's own solution leaves no residual at drawn points."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import ntk_theory as nt
from ntk_theory.model.assembly import linearise, residuals, stack_rows
from ntk_theory.model.lowering import lower_problem
from ntk_theory.model.points import draw_points
from ntk_theory.model.program import compile_expressions
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.problem import Problem

NAMES = nt.zoo_names()


def derivatives(problem: Problem) -> list[sp.Expr]:
    """∂^α of the solution for every slot of the problem."""
    assert problem.solution is not None
    found = []
    for slot in lower_problem(problem).slots:
        expression = bind(problem.solution[slot.field], problem.parameters)
        for variable, order in zip(problem.space.variable_symbols, slot.index, strict=True):
            expression = expression.diff(variable, order) if order else expression
        found.append(expression)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_problem_of_the_zoo_has_points_on_its_faces(name: str) -> None:
    problem = nt.zoo(name)
    points = draw_points(problem, 5, seed=2)
    low, high = np.array([[float(end) for end in problem.domain[v]] for v in problem.variables]).T
    for group in problem.groups:
        array = points[group.name].reshape(-1, len(problem.variables))
        assert ((array >= low - 1e-12) & (array <= high + 1e-12)).all()
        for leg in range(len(group.legs) if len(group.legs) > 1 else 0):
            for variable, at in group.faces[leg].items():
                column = points[group.name][:, leg, problem.variables.index(variable)]
                assert (column == float(at)).all()


@pytest.mark.parametrize("name", [name for name in NAMES if nt.zoo(name).solution])
def test_the_solution_leaves_no_residual(name: str) -> None:
    problem = nt.zoo(name)
    rows = stack_rows(lower_problem(problem), draw_points(problem, 3, seed=5))
    program = compile_expressions(derivatives(problem), problem.space.variable_symbols)
    jets = np.array([np.broadcast_to(row, len(rows.points)) for row in program.run(list(rows.points.T))])
    terms = linearise(rows, jets)
    # Rounding is relative to the terms that cancel, Σ_α |F_α u_α|.
    size = max(1.0, np.abs(terms.weights * jets).sum(axis=0).max())
    assert np.abs(residuals(rows, terms.values)).max() <= 1e-11 * size
    # Negative control: a disturbed solution does leave one.
    moved = linearise(rows, jets + 0.01 * np.sin(1 + np.arange(jets.size)).reshape(jets.shape)).values
    assert np.abs(residuals(rows, moved)).max() >= 1e-4
