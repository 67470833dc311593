"""Products with residual Hessians against JAX on a covering subset; benchmarks/hessians.py has the zoo."""

from __future__ import annotations

import numpy as np
import pytest
from hessians import TOLERANCE, worst

import ntk_theory as nt
from ntk_theory.empirical.hessian import Curvature, LossHessian, hessian
from ntk_theory.empirical.jacobian import residuals_and_jacobian
from ntk_theory.empirical.residuals import Residuals
from ntk_theory.errors import InputError, SmoothnessError

pytestmark = pytest.mark.oracle

#: Orders 1 to 4, one and two variables, systems, value conditions with legs, every depth and bias.
SUBSET = [("kdv", 1), ("sine-gordon", 3), ("euler-bernoulli", 2), ("gray-scott", 1)]


@pytest.mark.parametrize(("name", "depth"), SUBSET)
def test_products_agree_with_jax(name: str, depth: int) -> None:
    assert worst(name, depth) < TOLERANCE


@pytest.mark.parametrize("activation", ["sin", "gelu", "gaussian"])
def test_activations_agree_with_jax(activation: str) -> None:
    assert worst("burgers", 2, activation) < TOLERANCE


def network_of(problem: nt.Problem, **options: object) -> nt.Network:
    return nt.Network(problem.variables, problem.outputs, **{"width": 5, "depth": 2, **options})


def test_a_product_is_the_derivative_of_the_gradient() -> None:
    """Central differences of Jᵀv: unknown coefficients, an ansatz and features are differentiated too."""
    cases = [
        ({"what": "u_t - k*u_xx + k^2*u", "unknowns": {"k": {"start": "1/3", "positive": True}}}, {}),
        ({"what": "u_t + u*u_x", "ansatz": "u = x + t*w"}, {}),
        ({"what": "u_t + u^2*u_x", "variables": ("x", "t")}, {"features": {"x": {"periodic": 2}}}),
    ]
    rng = np.random.default_rng(0)
    for asked, options in cases:
        problem = nt.problem(asked.pop("what"), **asked)
        network = network_of(problem, **options)
        theta = network.init(1)
        if problem.unknowns:
            theta = theta.with_unknowns(np.array([-0.3]))
        points = {"f": np.array([[0.3, 0.6], [0.8, 0.1]])}
        curvature = Curvature.of(problem, network, theta, points, "f")
        v, w, h = rng.standard_normal(theta.size), np.array([1.0, -2.0]), 1e-5
        ends = [
            nt.Residuals.of(problem, network, points, "f").at(theta.replaced(theta.flatten() + t * v)).vjp(w)
            for t in (h, -h)
        ]
        expected = (ends[0].flatten() - ends[1].flatten()) / (2 * h)
        found = curvature.product(w, theta.replaced(v)).flatten()
        assert np.abs(found - expected).max() < 1e-8 * np.abs(expected).max()


def test_the_hessian_of_the_loss_is_the_derivative_of_its_gradient() -> None:
    problem = nt.problem("u_t + u*u_x - u_xx")
    network = network_of(problem)
    theta, h = network.init(2), 1e-5
    points = {"f": np.array([[0.3, 0.6], [0.8, 0.1]])}
    curvature = Curvature.of(problem, network, theta, points, "f")
    weights = np.array([3.0, 0.5])
    v = np.random.default_rng(1).standard_normal(theta.size)
    at = nt.Residuals.of(problem, network, points, "f")
    ends = [at.at(theta.replaced(theta.flatten() + t * v)).loss_gradient(weights).flatten() for t in (h, -h)]
    expected = (ends[0] - ends[1]) / (2 * h)
    found = LossHessian(curvature, weights) @ v
    assert np.abs(found - expected).max() < 1e-8 * np.abs(expected).max()


def test_extremes_are_those_of_the_whole_matrix() -> None:
    problem = nt.problem("u^2*u_x + u_t")
    network = nt.Network(problem.variables, problem.fields, width=20)
    (found,) = hessian(problem, network, network.init(0), groups="f")["f"]
    values = np.linalg.eigvalsh(found @ np.eye(found.shape[0]))
    extremes = found.extremes()
    assert extremes.low == pytest.approx(values[0], rel=1e-9)
    assert extremes.high == pytest.approx(values[-1], rel=1e-9)
    assert extremes.norm == max(-extremes.low, extremes.high)


def test_extremes_of_nonlinear_residuals_are_those_of_m_times_j() -> None:
    """THEORY §10 at s = 1/2, N = 512, 20 seeds: within 2 % in the median where M·J has an eigenvalue."""
    from ntk_theory.studies.hessian.cells import first_part  # noqa: PLC0415  only here

    for text in ("u*u_x", "u^2*u_x", "u_x^2"):
        problem = nt.problem(text)
        network = nt.Network(problem.variables, problem.fields, width=512)
        errors = []
        for seed in range(20):
            (one,) = hessian(problem, network, network.init(seed), groups="f")["f"]
            found = one.extremes(accuracy=1e-7)
            (low, high), _ = first_part(one.curvature)
            pairs = [(found.low, low), (found.high, high)]
            errors.append(max(abs(a - b) for a, b in pairs if b) / found.norm)
        assert np.median(errors) < 0.02, text


def test_an_extreme_that_m_times_j_lacks_is_that_of_one_neuron() -> None:
    """u_x²: M·J has no negative eigenvalue; the lower extreme is that of the second sum (THEORY §10).

    Of one hidden layer ∇²u_α has one block per neuron, so that three products give them all. N = 512, 20
    seeds: within 2 % of the norm in the median, where M·J alone is off by more.
    """
    problem, slope = nt.problem("u_x^2"), nt.problem("u_x", variables=("x",))
    network = nt.Network(problem.variables, problem.fields, width=512)
    errors, without = [], []
    for seed in range(20):
        theta = network.init(seed)
        (one,) = hessian(problem, network, theta, groups="f")["f"]
        points = one.curvature.here.residuals.rows.points[:1]
        _, gradients = residuals_and_jacobian(
            Residuals.of(slope, network, dict.fromkeys("bf", points)), theta
        )
        along = gradients[-1]  # ∇u_x, the residual of the equation u_x
        places = theta.replaced(np.arange(theta.size, dtype=float))
        own = np.stack([places.readout[0], places.hidden[0][0][:, 0], places.hidden[0][1]], axis=1).astype(
            int
        )
        blocks = np.empty((512, 3, 3))
        for k in range(3):
            v = np.zeros(theta.size)
            v[own[:, k]] = 1.0
            blocks[:, :, k] = (one @ v - 2 * along * (along @ v))[own]
        found = one.extremes(accuracy=1e-7)
        lowest = np.linalg.eigvalsh((blocks + np.swapaxes(blocks, 1, 2)) / 2).min()
        errors.append(abs(found.low - lowest) / found.norm)
        without.append(abs(found.low) / found.norm)
    assert np.median(errors) < 0.02 < np.median(without)


def test_what_does_not_fit_is_named() -> None:
    problem = nt.problem("u*u_x")
    network = nt.Network(problem.variables, problem.fields, width=4)
    theta = network.init(0)
    curvature = Curvature.of(problem, network, theta, {"f": [[0.5]]}, "f")
    with pytest.raises(InputError, match=r"cotangent has shape \(2,\); it needs \(1,\)"):
        curvature.product([1.0, 2.0], theta)
    rough = nt.Network(problem.variables, problem.fields, width=4, activation="relu^2")
    with pytest.raises(SmoothnessError, match="relu"):
        hessian(problem, rough, rough.init(0), groups="f")
