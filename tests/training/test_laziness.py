"""How lazy a run was, against the definition with a dense Jacobian, and on runs whose answer is known."""

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.training import Adam, GradientDescent, laziness, train
from ntk_theory.training.objective import Objective

NETWORK = nt.Network(("x", "t"), ("u",), width=40, depth=1)


def test_against_the_definition():
    run = train("burgers", NETWORK, points=12, method=Adam(rate=0.02), until=30, evidence=False)
    found = laziness("burgers", run, points=10**6)
    objective = Objective.of(nt.zoo("burgers"), NETWORK, run.initial, run.points, dict(run.group_weights))
    start, end = run.initial.flatten(), run.parameters.flatten()
    first, jacobian = objective.jacobian(start)
    last, final = objective.jacobian(end)
    root = np.sqrt(objective.weights)
    bend = np.linalg.norm(root * (last - first - jacobian @ (end - start)))
    assert found.linearisation_error == pytest.approx(bend / np.linalg.norm(root * (last - first)), rel=1e-9)
    assert found.parameter_change == pytest.approx(np.linalg.norm(end - start) / np.linalg.norm(start))
    before, after = ((root[:, None] * j) @ (root[:, None] * j).T for j in (jacobian, final))
    assert found.kernel_drift == pytest.approx(
        np.linalg.norm(after - before) / np.linalg.norm(before), rel=1e-9
    )
    np.testing.assert_allclose(found.after.largest, np.linalg.eigvalsh(after)[-1], rtol=1e-9)


def test_short_steps_are_lazy_and_gauss_newton_on_a_narrow_network_is_not():
    slow = train("burgers", NETWORK, points=12, method=GradientDescent(rate=1e-9), until=5, evidence=False)
    lazy = laziness("burgers", slow)
    assert lazy.is_lazy
    assert lazy.linearisation_error < 1e-4
    assert lazy.kernel_drift < 1e-4
    far = laziness("burgers", train("burgers", until=40, evidence=False))
    assert not far.is_lazy
    assert "not lazy" in str(far)


def test_wider_networks_are_lazier():
    """At s = 1/2, to one fixed time of the flow, the error of linearisation falls like 1/√N."""
    bends = []
    for width in (64, 1024):
        network = nt.Network(("x",), ("u",), width=width, depth=1)
        run = train("poisson", network, points=6, method="flow", until=1e-3, evidence=False, seed=3)
        bends.append(laziness("poisson", run).linearisation_error)
    assert bends[1] < 0.6 * bends[0]


def test_what_stood_still_moved_by_nothing():
    run = train("burgers", NETWORK, points=5, method=Adam(rate=1e-300), until=1, evidence=False)
    found = laziness("burgers", run)
    assert (found.linearisation_error, found.kernel_drift, found.parameter_change) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("what", "is_zero"),
    [("u_t + u*u_x", True), ("u_t - u_xx + u^2", True), ("u_xx - 1", False), ("burgers", False)],
)
def test_a_run_to_zero_says_that_it_is_one(what, is_zero):
    """A bare equation has the conditions u = 0: a homogeneous one has nothing to learn."""
    problem = nt.problem(what)
    run = train(problem, points=6, until=2, evidence=False, error=False)
    found = laziness(problem, run)
    assert found.homogeneous == is_zero
    assert ("zero meets every equation" in str(found)) == is_zero
