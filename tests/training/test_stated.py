"""A stated solution is checked before an error is measured by it: the zoo's pass, wrong ones are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy as sp

import ntk_theory as nt
from ntk_theory.errors import ProblemError
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training import Until, train
from ntk_theory.training.stated import check_solution, solution_residuals

#: Rounding, relative to the terms that cancel.
ROUNDING = 1e-10
SOLVED = [name for name in nt.zoo_names() if nt.zoo(name).solution]


def changed(name: str, change: sp.Expr, *, times: bool = False) -> Problem:
    """A problem of the zoo whose first field's solution is moved by ``change``, or multiplied by it."""
    problem = nt.zoo(name)
    assert problem.solution is not None
    first = problem.fields[0]
    old = problem.solution[first]
    return replace(problem, solution={**problem.solution, first: old * change if times else old + change})


@pytest.mark.parametrize("name", SOLVED)
def test_the_zoo_states_true_solutions(name: str) -> None:
    problem = nt.zoo(name)
    found = solution_residuals(problem)
    assert set(found) == {group.name for group in problem.groups}
    assert max(found.values()) < ROUNDING


@pytest.mark.parametrize("name", SOLVED)
def test_a_moved_solution_is_refused(name: str) -> None:
    variables = nt.zoo(name).space.variable_symbols
    moved = sp.Rational(1, 10) * sp.sin(1 + sp.Add(*(k * v for k, v in enumerate(variables, 2))))
    with pytest.raises(ProblemError, match=r"leaves a relative residual of .* in the group '\w+'"):
        check_solution(changed(name, moved))


@pytest.mark.parametrize("name", ["poisson", "burgers", "kdv", "heat-2d"])
def test_train_refuses_a_solution_that_is_none(name: str) -> None:
    wrong = changed(name, sp.Rational(101, 100), times=True)
    with pytest.raises(ProblemError, match="the group"):
        train(wrong, points=4, until=Until(steps=1))


def test_a_wrong_solution_does_not_matter_where_nothing_is_measured_by_it() -> None:
    wrong = changed("poisson", sp.Rational(101, 100), times=True)
    assert train(wrong, points=4, until=Until(steps=1), error=False).error is None


def on_a_line(equation: str, half: int, solution: str) -> Problem:
    """An equation in u(x) on [−half, half] with u = 0 at both ends."""
    return nt.from_toml(f"""
        fields = ["u"]
        variables = ["x"]
        equations = ["{equation}"]
        [domain]
        x = [-{half}, {half}]
        [solution]
        u = "{solution}"
        [[conditions]]
        name = "ends"
        equation = "u = 0"
        on = [{{ x = -{half} }}, {{ x = {half} }}]
    """)


def test_the_group_at_fault_is_named() -> None:
    """sin(πx) + 1/10 solves u_xx = −π² sin(πx), but is not 0 at the ends."""
    problem = on_a_line("u_xx = -pi^2*sin(pi*x)", 1, "sin(pi*x) + 1/10")
    assert solution_residuals(problem)["f"] < ROUNDING
    with pytest.raises(ProblemError, match="in the group 'ends', above"):
        check_solution(problem)


def test_a_tail_that_a_condition_cuts_off_is_no_fault() -> None:
    """exp(−x²) is 1e-7 at ±4, where u = 0 is asked for: all of the condition's terms, and small beside u."""
    problem = on_a_line("u_xx = (4*x^2 - 2)*exp(-x^2)", 4, "exp(-x^2)")
    assert 1e-8 < solution_residuals(problem)["ends"] < 1e-5
    check_solution(problem)


def test_zero_is_no_solution_of_an_equation_with_a_source() -> None:
    with pytest.raises(ProblemError, match="in the group 'f'"):
        check_solution(on_a_line("u_xx = 1", 1, "0"))


@pytest.mark.parametrize("name", ["poisson", "heat", "burgers"])
def test_an_ansatz_is_checked_in_the_fields_of_the_problem(name: str) -> None:
    assert set(solution_residuals(nt.problem(name, hard=True))) == {g.name for g in nt.zoo(name).groups}
    with pytest.raises(ProblemError, match="in the group"):
        check_solution(nt.problem(changed(name, sp.Rational(9, 10), times=True), hard=True))
