"""Gradient flow: accuracy of the explicit integrator, order and economy of the exponential one."""

from __future__ import annotations

import math
from dataclasses import replace

import mpmath
import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.errors import InputError
from ntk_theory.model.network import Network
from ntk_theory.model.points import draw_points
from ntk_theory.training import Flow, train
from ntk_theory.training import objective as objective_module
from ntk_theory.training.limiting import linear_flow
from ntk_theory.training.methods.phi import phi
from ntk_theory.training.objective import Objective


def setup(name, width=64, s="1/2", n=6, **more):
    problem = nt.zoo(name)
    network = Network(problem.variables, problem.fields, width, 1, s=s, **more)
    return problem, network, network.init(0), draw_points(problem, n, 0)


def run(given, end, integrator="auto", tolerance=None, step=None, **more):
    method = Flow(end, integrator, tolerance, step, **more)
    return train(*given, method=method, drift=False, error=False, evidence=False)


def distance(one, other) -> float:
    """‖θ₁ − θ₂‖ over how far θ₂ moved."""
    end = other.parameters.flatten()
    moved = np.linalg.norm(end - other.initial.flatten())
    return float(np.linalg.norm(one.parameters.flatten() - end) / moved)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_phi_functions(k) -> None:
    z = np.concatenate([-np.logspace(-12, 3, 61), [0.0, 0.5]])
    with mpmath.workdps(60):
        want = [
            float(
                (mpmath.exp(x) - sum(mpmath.mpf(x) ** j / math.factorial(j) for j in range(k)))
                / mpmath.mpf(x) ** k
            )
            if x
            else 1 / math.factorial(k)
            for x in z
        ]
    np.testing.assert_allclose(phi(k, z), want, rtol=2e-14)


@pytest.mark.parametrize("name", ["heat", "sine-gordon", "kdv"])
def test_dop853_meets_a_tight_reference(name) -> None:
    given = setup(name, n=4)
    end = 30 / Objective.of(*given).largest_eigenvalue(given[2].flatten())
    reference = run(given, end, "dop853", 1e-13)
    default = distance(run(given, end, "dop853"), reference)
    assert default < 1e-6
    loose = distance(run(given, end, "dop853", 1e-2, records=1), reference)
    assert loose > 100 * default  # the tolerance is in use


@pytest.mark.parametrize("name", ["heat", "sine-gordon", "kdv"])
def test_etd2rk_has_order_two(name) -> None:
    given = setup(name, n=3)
    end = 1 / Objective.of(*given).largest_eigenvalue(given[2].flatten())
    reference = run(given, end, "dop853", 1e-12)
    errors = [distance(run(given, end, "etd2rk", None, end / m), reference) for m in (8, 16, 32)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert (np.abs(orders - 2) < 0.15).all(), orders


def test_etd2rk_is_exact_where_the_jacobian_is_constant() -> None:
    """A linear operator with only readout and output bias trained: one step of any size is exact."""
    problem, network, theta, points = setup("heat", n=5)
    theta = replace(theta, layer_rates=(0.0, 0.0, 1.0, 1.0))
    objective = Objective.of(problem, network, theta, points)
    kernel = objective.kernel(theta.flatten())
    end = 100 / kernel.eigenvalues()[0]
    flown = train(
        problem, network, theta, points, method=Flow(end, "etd2rk", step=end), error=False, evidence=False
    )
    want = linear_flow(kernel, objective.values(theta.flatten()), [end])[0]
    np.testing.assert_allclose(objective.values(flown.parameters.flatten()), want, rtol=1e-9, atol=1e-9)
    assert flown.drift is not None
    assert flown.drift.sup_relative() < 1e-12
    np.testing.assert_array_equal(flown.parameters.hidden[0][0], theta.hidden[0][0])


def test_etd2rk_needs_a_twentieth_of_rk45_where_it_is_stiff() -> None:
    """λ_max T = 10⁴ at s = 1/4, accuracy 1e-3 of the displacement; RK45 checks the reference."""
    given = setup("heat", width=32, s="1/4", n=3)
    end = 1e4 / Objective.of(*given).largest_eigenvalue(given[2].flatten())
    reference = run(given, end, "etd2rk", 1e-4)  # a tenth of the accuracy asked
    explicit = run(given, end, "rk45", 1e-3)
    exponential = run(given, end, tolerance=1e-3)  # "auto" takes it here
    assert distance(explicit, reference) < 1e-3
    assert distance(exponential, reference) < 1e-3
    assert 20 * exponential.evaluations <= explicit.evaluations


def test_kernel_clock_is_raw_time_by_epsilon_squared() -> None:
    given = setup("sine-gordon", s="3/4", n=3)
    epsilon = given[1].epsilon
    raw = run(given, 2.0, "dop853", 1e-11)
    kernel = run(given, 2.0 * epsilon**2, "dop853", 1e-11, clock="kernel")
    assert distance(kernel, raw) < 1e-12  # the same steps in another unit
    exponential = run(given, 2.0 * epsilon**2, "etd2rk", 1e-5, clock="kernel")
    assert distance(exponential, raw) < 1e-4


def test_losses_fall_along_a_flow_and_groups_add_up() -> None:
    flown = train(*setup("kdv", n=4), method=Flow(0.01))
    assert flown.times[-1] == 0.01
    assert (np.diff(flown.losses) < 0).all()
    np.testing.assert_allclose(sum(flown.group_losses.values()), flown.losses, rtol=1e-12)
    assert flown.drift is not None
    assert len(flown.drift.times) >= 16
    assert flown.drift.sup("f,f") > 0


@pytest.mark.parametrize("bad", [{"end": 0.0}, {"integrator": "euler"}, {"clock": "wall"}, {"records": 0}])
def test_bad_options(bad) -> None:
    with pytest.raises(InputError, match=next(iter(bad))):
        Flow(**bad)


@pytest.mark.parametrize("weights", ["sum", "scaled"])
def test_the_largest_eigenvalue_by_products_is_that_of_the_kernel(weights, monkeypatch) -> None:
    """With layers at rates of their own, and a system."""
    for name in ("kdv", "brusselator"):
        problem, network, theta, points = setup(name, n=6)
        rates = tuple(np.linspace(0.5, 2, len(theta.rates)))
        objective = Objective.of(problem, network, replace(theta, layer_rates=rates), points, weights)
        whole = objective.largest_eigenvalue(theta.flatten())
        monkeypatch.setattr(objective_module, "SMALL", 10)
        assert objective.largest_eigenvalue(theta.flatten()) == pytest.approx(whole, rel=1e-11)
        monkeypatch.undo()
