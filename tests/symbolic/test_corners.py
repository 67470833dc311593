"""Conditions that contradict each other where their faces meet."""

from __future__ import annotations

import pytest

import ntk_theory as nt
from ntk_theory.symbolic.corners import contradictions
from ntk_theory.symbolic.loading import from_toml
from ntk_theory.training import Until, train
from ntk_theory.training.verdict import Ending, judge

HEAT = """
fields = ["u"]
variables = ["x", "t"]
equations = ["u_t = u_xx"]
[domain]
x = [0, 1]
t = [0, 1]
[[conditions]]
name = "initial"
equation = "u = {initial}"
on = [{{ t = 0 }}]
[[conditions]]
name = "left"
equation = "u = {left}"
on = [{{ x = 0 }}]
[[conditions]]
name = "right"
equation = "u = 0"
on = [{{ x = 1 }}]
"""


@pytest.mark.parametrize(
    ("initial", "left", "found"),
    [
        ("0", "1", ["'initial' asks for u = 0 at x = 0, t = 0, 'left' for 1"]),
        ("1 - x", "1", []),
        ("1 - x", "exp(-t)", []),
        ("cos(x)^2 + sin(x)^2 - x", "1", []),
        ("x", "t", ["'initial' asks for u = 1 at x = 1, t = 0, 'right' for 0"]),
        ("1/x", "1", ["'initial' asks for u = 1 at x = 1, t = 0, 'right' for 0"]),
    ],
)
def test_targets_are_compared_where_faces_meet(initial: str, left: str, found: list[str]) -> None:
    problem = from_toml(HEAT.format(initial=initial, left=left))
    assert [str(one) for one in contradictions(problem)] == found


def test_no_problem_of_the_zoo_with_a_solution_contradicts_itself() -> None:
    every = {name: nt.zoo(name) for name in nt.zoo_names()}
    assert [name for name, p in every.items() if p.solution is not None and contradictions(p)] == []


def test_a_run_of_contradicting_data_ends_inconsistent() -> None:
    run = train(from_toml(HEAT.format(initial="0", left="1")), points=8, until=Until(steps=2), drift=False)
    verdict = judge(run, asked=True)
    assert verdict.ending is Ending.INCONSISTENT
    assert "'left'" in verdict.reason
    assert run.summary()["contradictions"] == list(run.contradictions)
