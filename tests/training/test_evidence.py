"""Fresh residuals, the error estimate and the verdict, against known solutions and problems without one."""

from __future__ import annotations

import json

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.cli.app import run as cli
from ntk_theory.errors import InputError
from ntk_theory.model.points import draw_points
from ntk_theory.training import Until, train
from ntk_theory.training.evidence import Fresh
from ntk_theory.training.verdict import Ending, judge

#: The share of the true error by which an estimate may be off.
FACTOR = 10.0


@pytest.mark.parametrize(("name", "steps"), [("poisson", 25), ("euler-bernoulli", 40), ("poisson-2d", 4)])
def test_the_estimate_meets_the_true_error(name: str, steps: int) -> None:
    run = train(nt.zoo(name), points=60, until=Until(steps=steps), drift=False)
    assert run.estimate is not None
    assert run.error is not None
    assert run.error / FACTOR < run.estimate.error < run.error * FACTOR


def test_fresh_points_are_not_the_training_points() -> None:
    problem = nt.zoo("heat")
    network = nt.Network(problem.variables, problem.fields, width=8, depth=1)
    counts = {group.name: 16 for group in problem.groups}
    fresh = Fresh.of(problem, network, counts, seed=3)
    assert fresh is not None
    trained = np.concatenate(list(draw_points(problem, counts, 3).values()))
    distance = np.linalg.norm(fresh.residuals.rows.points[:, None] - trained, axis=-1)
    assert distance.min() > 0.0


def test_every_record_has_fresh_residuals() -> None:
    run = train(nt.zoo("heat"), points=8, until=Until(steps=10), drift=False)
    assert run.fresh_times.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 10]
    assert set(run.fresh_residuals) == set(run.points)
    assert all(np.isfinite(column).all() for column in run.fresh_residuals.values())


def test_few_points_are_overfitted_not_solved() -> None:
    run = train(nt.zoo("burgers"), points=8, until=Until(steps=60, loss=1e-12), drift=False, resample=False)
    assert run.loss < 1e-6
    assert run.error is not None
    assert run.error > 0.01
    assert judge(run).ending is Ending.OVERFITTED


def test_zero_as_a_solution_is_underdetermined() -> None:
    run = train("u_xx + u", points=8, until=Until(steps=3), drift=False)
    assert judge(run).ending is Ending.UNDERDETERMINED


@pytest.mark.parametrize("tolerance", [0.0, -1.0, 1e-17, float("nan")])
def test_a_tolerance_below_rounding_is_one_message(tolerance: float) -> None:
    run = train(nt.zoo("poisson"), points=8, until=Until(steps=1), drift=False)
    with pytest.raises(InputError, match="above 1e-14"):
        judge(run, tolerance)


def test_the_command_says_how_it_ended(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(["train", "poisson", "--steps", "2", "--points", "8", "--no-drift", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"]["ending"] in {"unfinished", "overfitted"}
    assert found["error_estimate"]["error"] > 1e-3
    assert set(found["fresh_residuals"]) == set(found["points"])
