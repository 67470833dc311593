"""Why a run stalls: modes against the singular values of the dense Jacobian, causes, the command."""

from __future__ import annotations

import json

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.advice.diagnosis import diagnose
from ntk_theory.cli.app import run
from ntk_theory.errors import InputError, NonFiniteError, TrainingError
from ntk_theory.model.points import draw_points
from ntk_theory.training import GradientDescent, default_network, train
from ntk_theory.training.methods.first_order import FirstOrder
from ntk_theory.training.objective import Objective


def setup(width=8, name="heat"):
    problem = nt.zoo(name)
    network = default_network(problem, width=width, depth=2)
    return problem, network, network.init(3)


def test_modes_are_the_singular_vectors_of_the_jacobian() -> None:
    problem, network, theta = setup()
    points, weights = draw_points(problem, 9, 1), {"f": 2.0, "ends": 30.0}
    found = diagnose(problem, network, theta, points, weights=weights)
    objective = Objective.of(problem, network, theta, points, weights)
    values, jacobian = objective.jacobian(theta.flatten())
    root = np.sqrt(objective.weights)
    left, sigma, _ = np.linalg.svd(root[:, None] * jacobian)
    shares = (left.T @ (root * values)) ** 2 / np.sum((root * values) ** 2)
    np.testing.assert_allclose(found.eigenvalues, sigma**2, rtol=1e-9, atol=1e-13 * sigma[0] ** 2)
    want = np.argsort(-shares)[: len(found.modes)]
    np.testing.assert_allclose([mode.loss for mode in found.modes], shares[want], rtol=1e-6)
    np.testing.assert_allclose([mode.rate for mode in found.modes], sigma[want] ** 2, rtol=1e-6)
    assert all(sum(mode.groups.values()) == pytest.approx(1) for mode in found.modes)
    assert found.loss == pytest.approx(objective.loss(values))
    assert found.largest_rate == pytest.approx(2 / sigma[0] ** 2)
    losses = objective.group_losses(values)
    at = 0
    for group in objective.residuals.rows.groups:
        block = (root[:, None] * jacobian)[at : at + group.size]
        state = found.groups[group.name]
        assert state.loss == pytest.approx(losses[group.name] / found.loss)
        assert state.rate == pytest.approx(np.sum(block**2) / group.size)
        assert state.fastest == pytest.approx(np.linalg.norm(block, 2) ** 2)
        at += group.size


def test_causes_name_the_option_that_cures() -> None:
    problem, network, theta = setup()

    def said(**more):
        return " ".join(diagnose(problem, network, theta, 9, **more).because)

    assert "--weights trace" in said(weights={"f": 1e8})
    assert "--weights" not in said(weights="trace")
    # One neuron a layer has seven parameters: of 300 residuals they move hardly any, and at the end of a
    # run those that are left over are orthogonal to all of them.
    made = train(*setup(width=1), points=100, until=40, drift=False, error=False, evidence=False)
    narrow = diagnose(problem, made.network, made.parameters, made.points)
    assert narrow.rank <= 10
    assert narrow.fixed > 0.5
    assert "--width" in narrow.because[0]
    with pytest.raises(InputError, match="points is 0"):
        diagnose(problem, network, theta, 0)


def test_the_command_says_what_the_call_says(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        run(["train", "heat", "--width", "6", "--steps", "2", "--no-drift", "-o", "net.npz", "--json"]) == 0
    )
    capsys.readouterr()
    assert run(["diagnose", "heat", "net.npz", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = diagnose("heat", *nt.load("net.npz"))
    assert told == json.loads(json.dumps({"problem": "heat", **found.to_dict()}))
    assert 200 <= sum(told["points"].values()) <= 310
    assert run(["diagnose", "heat", "net.npz", "--points", "5", "--weights", "f=1,b=100"]) == 0
    out = capsys.readouterr().out
    assert all(word in out for word in ("modes with most of the loss", "initial", "100", *found.groups))
    for wrong in (["heat", "none.npz"], ["poisson", "net.npz"], ["heat", "net.npz", "--weights", "much"]):
        assert run(["diagnose", *wrong]) == 2
        assert capsys.readouterr().err.startswith("ntk-theory: ")


def test_gradient_descent_of_its_own_rate_never_raises_the_loss(monkeypatch) -> None:
    problem, network, theta = setup(name="poisson")
    how = {"points": 16, "until": 60, "drift": False, "error": False, "evidence": False}
    made = train(problem, network, theta, method="gradient-descent", **how)
    assert (np.diff(made.losses) <= 0).all()
    # At the fixed rate that it starts with, the same run has steps that do.
    kept = GradientDescent().start(Objective.of(problem, network, theta, made.points), theta.flatten())
    fixed = train(problem, network, theta, method=GradientDescent(rate=float(kept["rate"])), **how)
    assert (np.diff(fixed.losses) > 0).any()

    def fails(self, objective, state):
        raise NonFiniteError("overflow") if state.step % 2 else TrainingError("blown up")

    monkeypatch.setattr(FirstOrder, "advance", fails)
    stopped = train(problem, network, theta, method="gradient-descent", **how | {"until": 2000})
    assert stopped.reason == "no step along the gradient decreases the loss any more"
    assert stopped.loss == stopped.losses[0]
