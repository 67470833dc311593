"""Dense Jacobian, damped systems, Gauss–Newton."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from model_problems import kdv as periodic_kdv

import ntk_theory as nt
from ntk_theory.empirical import cost, jacobian, normal
from ntk_theory.empirical.cost import Sizes, choose
from ntk_theory.empirical.ntk import ntk
from ntk_theory.errors import InputError
from ntk_theory.model.network import Network
from ntk_theory.model.points import draw_points
from ntk_theory.resources import thread_limit
from ntk_theory.training import GaussNewton, Until, train
from ntk_theory.training.methods.damped import (
    EARLY,
    FAINT,
    GRAM_SAFE,
    SHARE,
    DampedSystem,
    DenseModel,
    TiledModel,
    balance,
    local_model,
    power,
)
from ntk_theory.training.objective import Objective


def small(output_bias="zero", depth=2):
    problem = periodic_kdv()
    network = Network(problem.variables, problem.fields, 6, depth, output_bias=output_bias)
    theta = network.init(1)
    return problem, network, theta, draw_points(problem, 4, 2)


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("output_bias", ["zero", "normal", "none"])
def test_jacobian_rows_are_vector_products(output_bias, depth) -> None:
    problem, network, theta, points = small(output_bias, depth)
    objective = Objective.of(problem, network, theta, points)
    values, jacobian = objective.jacobian(theta.flatten())
    here = objective.at(theta.flatten())
    rows = np.array([here.vjp(row).flatten() for row in np.eye(objective.size)])
    np.testing.assert_allclose(jacobian, rows, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(values, here.values, rtol=1e-14, atol=1e-14)


def test_kernel_is_the_jacobian_s_gram_in_the_metric_of_the_rates() -> None:
    problem, network, theta, points = small()
    theta = replace(theta, layer_rates=(0.5, 2.0, 0.0, 3.0, 1.5, 0.25))
    objective = Objective.of(problem, network, theta, points)
    _, jacobian = objective.jacobian(theta.flatten())
    want = jacobian * objective.rates @ jacobian.T
    np.testing.assert_allclose(objective.kernel(theta.flatten()).matrix, want, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(ntk(problem, network, theta, points).matrix, want, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_gradient_and_kernel_together_are_those_apart(depth, threads, monkeypatch) -> None:
    """Several tiles of points, legs, rates; and the contracted path is the one that is taken."""
    problem, network, theta, _ = small("zero", depth)
    theta = replace(theta, layer_rates=tuple(0.5 + k for k in range(2 * depth + 2)))
    points = draw_points(problem, 40, 2)
    objective = Objective.of(problem, network, theta, points, {"f": 3.0})
    vector = theta.flatten()
    want_values, want_gradient = objective.gradient(vector)
    monkeypatch.setattr(cost, "WORTH_SHARING", 0.0)  # two threads have a tile each
    with thread_limit(threads):
        ask = objective.at(vector).ask
        way = choose(Sizes.of(ask), "auto", None)
        assert depth == 1 or way.contracted
        assert (way.point_tile < len(ask.points)) == (threads > 1)
        values, gradient, kernel = objective.gradient_and_kernel(vector)
    np.testing.assert_allclose(values, want_values, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(gradient, want_gradient, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(kernel.matrix, objective.kernel(vector).matrix, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("rates", [None, (0.5, 2.0, 0.25, 3.0, 1.5, 0.75)])
def test_tiles_give_what_the_whole_jacobian_gives(rates, threads, monkeypatch) -> None:
    """Tiles and pieces that end inside groups, of which one is a periodic pair; several blocks of AᵀA."""
    problem, network, theta, _ = small()
    theta = replace(theta, layer_rates=rates)
    objective = Objective.of(
        problem, network, theta, draw_points(problem, 31, 2), {"f": 3.0, "periodic": 7.0}
    )
    vector = theta.flatten()
    _, whole = objective.jacobian(vector)
    a = np.sqrt(objective.weights)[:, None] * whole * np.sqrt(objective.rates)
    monkeypatch.setattr(jacobian, "PIECE", 5)
    monkeypatch.setattr(normal, "TILE", 13)
    monkeypatch.setattr(normal, "BLOCK", 20)
    with thread_limit(threads):
        model = local_model(objective, vector)
        assert isinstance(model, TiledModel)
        gram, pulled = model.normal
        upper = model.upper
    scale = np.linalg.norm(a) ** 2
    np.testing.assert_allclose(np.tril(gram), np.tril(a.T @ a), rtol=0, atol=1e-14 * scale)
    np.testing.assert_allclose(upper.T @ upper, a.T @ a, rtol=0, atol=1e-14 * scale)
    assert not np.tril(upper, -1).any()
    w, v = np.cos(np.arange(len(a))), np.sin(np.arange(len(vector)))
    for found, want in ((pulled, a.T @ model.r), (model.pull(w), a.T @ w), (model.times(v), a @ v)):
        np.testing.assert_allclose(found, want, rtol=0, atol=1e-13 * np.linalg.norm(want))
    np.testing.assert_allclose(model.squares, np.sum(a**2, axis=0), rtol=1e-11)


@pytest.mark.parametrize("p", [0.0, SHARE])
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("factor", [1e8, 0.1])
def test_tiled_and_dense_models_take_the_same_step(factor, exact, p) -> None:
    """Above and below the damping where a Gram matrix is no longer enough, in two metrics."""
    problem, network, theta, _ = small()
    objective = Objective.of(problem, network, theta, draw_points(problem, 31, 2))
    tiled = local_model(objective, theta.flatten())
    _, matrix = objective.jacobian(theta.flatten())
    c = balance(np.sum(matrix**2, axis=0), p)
    c = np.ones(matrix.shape[1]) if c is None else c
    mu = factor * GRAM_SAFE * float(np.sum((matrix * c) ** 2))
    system, step, small_mu = tiled.damped(mu, exact=exact, p=p)
    _, want, want_small = DenseModel(tiled.values, tiled.r, matrix).damped(mu, exact=exact, p=p)
    assert small_mu == want_small == (factor < 1)
    assert system.by_qr == (small_mu or exact)
    augmented = np.vstack([matrix, np.sqrt(mu) * np.diag(1 / c)])
    least = np.linalg.lstsq(augmented, np.concatenate([-tiled.r, np.zeros(len(step))]), rcond=None)[0]
    np.testing.assert_allclose(step, least, rtol=0, atol=1e-7 * np.linalg.norm(least))
    np.testing.assert_allclose(step, want, rtol=0, atol=1e-7 * np.linalg.norm(want))


def test_triangle_keeps_singular_values_that_a_gram_matrix_loses() -> None:
    rng = np.random.default_rng(7)
    left = np.linalg.qr(rng.standard_normal((60, 20)))[0]
    right = np.linalg.qr(rng.standard_normal((20, 20)))[0]
    sigma = np.logspace(0, -12, 20)
    matrix, upper = (left * sigma) @ right.T, np.zeros((20, 20), order="F")
    for start in range(0, 60, 15):
        upper = normal.stacked(upper, matrix[start : start + 15])
    np.testing.assert_allclose(np.linalg.svd(upper, compute_uv=False), sigma, rtol=1e-3)
    damped = normal.damped_triangle(upper, 1e-20)
    want = np.sqrt(sigma**2 + 1e-20)
    np.testing.assert_allclose(np.linalg.svd(damped, compute_uv=False), want, rtol=1e-3)
    by_gram = np.sqrt(np.abs(np.linalg.eigvalsh(matrix.T @ matrix)))
    assert np.abs(np.sort(by_gram)[::-1] / sigma - 1).max() > 1


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("shape", [(40, 12), (12, 40), (15, 15)])
@pytest.mark.parametrize("damping", [1e-1, 1e-6, 1e-14])
def test_damped_step_is_the_augmented_least_squares_solution(shape, damping, balanced) -> None:
    """The least ‖Aδ + r‖² + μ‖C⁻¹δ‖², for C = I and another."""
    rng = np.random.default_rng(5)
    matrix, r = rng.standard_normal(shape), rng.standard_normal(shape[0])
    c = np.exp(rng.standard_normal(shape[1])) if balanced else np.ones(shape[1])
    augmented = np.vstack([matrix, np.sqrt(damping) * np.diag(1 / c)])
    want = np.linalg.lstsq(augmented, np.concatenate([-r, np.zeros(shape[1])]), rcond=None)[0]
    system = DampedSystem.of(matrix, damping, c if balanced else None)
    assert system.by_qr == (damping < GRAM_SAFE * np.sum((matrix * c) ** 2))
    np.testing.assert_allclose(system.solve(r), want, rtol=1e-8, atol=1e-8)


def test_balance_lies_between_the_metrics_of_levenberg_and_marquardt() -> None:
    """‖C⁻¹δ‖² is Σ_j (m_j/g)^{2p} δ_j²; a column of zeros is scaled like a faint one, outside the mean."""
    squares = np.array([4.0, 1.0, 0.25, 1e-30, 0.0])
    m = np.array([2.0, 1.0, 0.5, 2 * FAINT, 2 * FAINT])
    geometric = np.exp(np.mean(np.log(m[:4])))
    for p in (SHARE, 1.0):
        np.testing.assert_allclose(balance(squares, p), (geometric / m) ** p, rtol=1e-12)
    assert balance(squares, 0.0) is None
    assert balance(np.zeros(3), SHARE) is None


def test_early_steps_are_levenberg_s() -> None:
    assert power(0) == power(EARLY) == 0
    assert 0 < power(EARLY + 1) < power(2 * EARLY) == power(10**6) == SHARE


@pytest.mark.parametrize("shape", [(30, 20), (20, 30)])
def test_qr_keeps_what_a_gram_matrix_loses(shape) -> None:
    """Singular values 1 … 1e-9: the Gram matrix has them as 1e-18, below rounding."""
    rng = np.random.default_rng(7)
    left = np.linalg.qr(rng.standard_normal((shape[0], 20)))[0]
    right = np.linalg.qr(rng.standard_normal((shape[1], 20)))[0]
    sigma = np.logspace(0, -9, 20)
    matrix, r, damping = (left * sigma) @ right.T, left @ np.ones(20), 1e-20
    want = -right @ (sigma / (sigma**2 + damping))
    found = DampedSystem.of(matrix, damping)
    assert found.by_qr
    assert np.linalg.norm(found.solve(r) - want) < 1e-5 * np.linalg.norm(want)
    gram = matrix.T @ matrix + damping * np.eye(shape[1])
    by_gram = -np.linalg.lstsq(gram, matrix.T @ r, rcond=None)[0]
    assert np.linalg.norm(by_gram - want) > 0.1 * np.linalg.norm(want)


@pytest.mark.parametrize("shape", [(60, 40), (40, 60)])
def test_a_gram_matrix_is_used_as_long_as_its_rounding_is_a_small_change_of_damping(shape) -> None:
    """At the smallest damping for it the step is that of a damping between 0.9 μ and 1.1 μ.

    Singular values 1 … 1e-9, so that most of them are below √μ and a third below rounding of AᵀA.
    """
    rng = np.random.default_rng(11)
    left = np.linalg.qr(rng.standard_normal((shape[0], 40)))[0]
    right = np.linalg.qr(rng.standard_normal((shape[1], 40)))[0]
    sigma = np.logspace(0, -9, 40)
    matrix, r = (left * sigma) @ right.T, left @ rng.standard_normal(40)
    mu = 1.01 * GRAM_SAFE * float(np.sum(matrix**2))
    system = DampedSystem.of(matrix, mu)
    assert not system.by_qr

    def step(damping):
        return -right @ (sigma / (sigma**2 + damping) * (left.T @ r))

    def left_over(v):
        return float(np.sum((r + matrix @ v) ** 2))

    found, want = system.solve(r), step(mu)
    assert np.linalg.norm(found - want) < np.linalg.norm(step(0.9 * mu) - want)
    assert left_over(step(0.9 * mu)) < left_over(found) < left_over(step(1.1 * mu))


@pytest.mark.parametrize(("name", "steps", "bound"), [("poisson", 80, 1e-5), ("sine-gordon", 16, 1e-3)])
def test_gauss_newton_solves(name, steps, bound) -> None:
    run = train(nt.zoo(name), until=Until(steps=steps, loss=1e-11))
    assert run.error is not None
    assert run.error < bound
    assert run.losses[-1] < 1e-5 * run.losses[0]
    assert (np.diff(run.losses) <= 1e-10 * run.losses[:-1]).all()  # but for rounding


def test_loss_target_and_stall_end_a_run() -> None:
    problem, network, theta, points = small()
    reached = train(problem, network, theta, points, until=Until(steps=200, loss=1e-3))
    assert reached.loss <= 1e-3
    assert "loss" in reached.reason
    with pytest.raises(InputError, match="positive"):
        Until(steps=0)
    with pytest.raises(InputError, match="damping"):
        GaussNewton(damping=0.0)


def test_geodesic_correction_needs_fewer_steps() -> None:
    problem = nt.zoo("poisson")
    with_it = train(problem, until=Until(steps=30), method=GaussNewton(geodesic=True))
    without = train(problem, until=Until(steps=30), method=GaussNewton(geodesic=False))
    assert with_it.loss < without.loss


@pytest.mark.parametrize("points", [3, 40])
def test_kernel_form_and_qr_form_take_the_same_steps(points, monkeypatch) -> None:
    """Fewer residuals than parameters (K + μI) and more (AᵀA + μI): Cholesky of the Gram against QR."""
    problem, network, theta, _ = small()
    given = (problem, network, theta, draw_points(problem, points, 2))
    ends = []
    for safe in (0.0, np.inf):
        monkeypatch.setattr("ntk_theory.training.methods.damped.GRAM_SAFE", safe)
        ends.append(train(*given, until=6, drift=False, error=False).parameters.flatten())
    assert 0 < np.linalg.norm(ends[0] - ends[1]) < 1e-8 * np.linalg.norm(ends[0] - theta.flatten())
    count = sum(len(array) for array in given[3].values())
    assert (count < theta.size) == (points == 3)
