"""The points that training takes where the user gives none."""

from __future__ import annotations

import pytest

import ntk_theory as nt
from ntk_theory.training.defaults import (
    CONDITION_POINTS,
    EQUATION_POINTS,
    MOST_POINTS,
    RESIDUALS_PER_PARAMETER,
    default_counts,
    default_network,
)


@pytest.mark.parametrize("name", ["heat", "navier-stokes-2d", "schroedinger", "kadomtsev-petviashvili"])
def test_points_follow_the_parameters(name):
    problem = nt.zoo(name)
    for width in (16, 24):
        size = default_network(problem, width=width).parameter_count
        total = sum(default_counts(problem, size).values())
        # Numbers per group are rounded up.
        assert 0 <= total - RESIDUALS_PER_PARAMETER * size <= len(problem.groups)


def test_there_are_never_fewer_than_the_floor_nor_more_than_the_most():
    problem = nt.zoo("heat")
    counts = default_counts(problem, 10)
    assert {counts[group.name] for group in problem.equations} == {EQUATION_POINTS[1]}
    of_conditions = sum(counts[group.name] for group in problem.conditions)
    assert 0 <= of_conditions - CONDITION_POINTS[1] <= len(problem.conditions)
    plain = default_counts(problem)
    assert {plain[group.name] for group in problem.conditions} == {CONDITION_POINTS[1]}
    assert sum(default_counts(problem, 10**9).values()) <= MOST_POINTS + len(problem.groups)


def test_a_method_that_follows_the_kernel_keeps_its_numbers():
    problem = nt.zoo("poisson")
    flow = nt.train(problem, method="flow", until=1e-9, drift=2, evidence=False, error=False)
    newton = nt.train(problem, until=1, drift=False, evidence=False, error=False)
    assert {name: len(array) for name, array in flow.points.items()}["f"] == EQUATION_POINTS[0]
    assert len(newton.points["f"]) > 1000
