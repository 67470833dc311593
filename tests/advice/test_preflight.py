"""What is told before training holds for networks that were not asked."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.advice.initial_residuals import Quantiles
from ntk_theory.advice.preflight import _because, few_points, preflight, sizes
from ntk_theory.cli.app import run
from ntk_theory.symbolic.loading import from_table
from ntk_theory.training.defaults import default_network
from ntk_theory.training.objective import Objective

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import preflight as benchmark


@pytest.mark.parametrize("name", ["heat", "nonlinear-schroedinger"])
def test_quantiles_hold_on_further_networks(name: str) -> None:
    """Beta-binomial, exact: a count is outside with probability 1e-6, 18 counts: below 2e-5 in all."""
    rows = benchmark.counted(name, 400, 101)
    assert {row["quantile"] for row in rows} == {0.05, 0.5, 0.95}
    assert min(row["p"] for row in rows) > benchmark.ALARM


def test_the_count_notices_networks_of_another_kind() -> None:
    """The control: with readouts three times as large the median residual of a condition is not that told."""
    problem = nt.zoo("heat")
    network = default_network(problem)
    told = preflight(problem, network)
    assert told is not None
    objective = Objective.of(problem, network, network.init(0), few_points(problem, network, 0), "mean")
    other = replace(network, initialisation={"sigma_a": 3})
    found = sizes(objective, other, range(200))
    # 200 networks, 100 expected below; the law of the count has a standard deviation of about 13.
    assert np.sum(found["ends"] < told.residuals["ends"].median) < 40


def test_the_stable_rate_is_that_of_a_kernel() -> None:
    """A rate told lies among those of networks; the blocks and the condition number are at least 1."""
    told = preflight(nt.zoo("poisson"), default_network(nt.zoo("poisson"), width=8))
    assert told is not None
    assert 0 < told.rate.low <= told.rate.median <= told.rate.high
    assert told.apart is not None
    assert told.condition is not None
    assert told.apart.low >= 1
    assert told.condition.low >= 1
    assert told.because == ()


def test_absurd_sizes_are_worth_a_sentence() -> None:
    steel = from_table({"equations": ["2*10^11*u_xx = 1"], "domain": {"x": [0, 1]}})
    told = preflight(steel, default_network(steel, width=8, depth=2))
    assert told is not None
    text = " ".join(told.because)
    assert "units" in text
    assert "--weights" in text
    assert "gauss-newton" in text
    one = Quantiles(1.0, 1.0, 1.0)
    assert list(_because({"f": one}, one, one)) == []


def test_undefined_residuals_say_nothing() -> None:
    problem = from_table({"equations": ["u_x = log(u)"], "domain": {"x": [0, 1]}})
    assert preflight(problem, default_network(problem, width=8, depth=2)) is None


def test_commands_tell_it(capsys) -> None:
    small = ["--width", "6", "--depth", "2"]
    assert run(["train", "poisson", *small, "--steps", "2"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("at the start, median (5 % to 95 %) over draws of this network: rms residual")
    assert run(["train", "poisson", *small, "--steps", "2", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)["preflight"]
    assert set(data["residuals"]) == set(data["points"])
    assert run(["recommend", "poisson", *small, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["preflight"]["by"] == "draws of this network"
