"""The answer of infinitely wide networks: against scikit-learn's Gaussian process, and against networks."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import solve
from scipy.stats import linregress
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Kernel as GPKernel

import ntk_theory as nt
from ntk_theory.advice.infinite_solution import default_shape
from ntk_theory.cli import main
from ntk_theory.empirical.jacobian import residuals_and_jacobian
from ntk_theory.empirical.residuals import Residuals
from ntk_theory.errors import InputError


class ErfTangentKernel(GPKernel):
    """Θ = Σ¹·Σ̇ + Σ² + 1 of one layer of erf (Williams 1997; Jacot et al. 2018), written by hand."""

    def __init__(self):
        """Without parameters; scikit-learn reads the signature."""

    def __call__(self, X, Y=None, eval_gradient=False):
        Y = X if Y is None else Y
        a, b, c = 1 + (X**2).sum(1), 1 + (Y**2).sum(1), 1 + X @ Y.T
        size = np.sqrt(np.outer(1 + 2 * a, 1 + 2 * b))
        second = 2 / np.pi * np.arcsin(2 * c / size)
        slope = 4 / np.pi / np.sqrt(size**2 - 4 * c**2)
        return c * slope + second + 1.0

    def diag(self, X):
        return np.diagonal(self(X)).copy()

    def is_stationary(self):
        return False


@pytest.fixture(scope="module")
def poisson():
    """Poisson's equation at few points, so that λ_min is far above N^{-1/2}; value and slope asked."""
    points = nt.draw_points("poisson", 4, 0)
    return nt.infinite_solution("poisson", points, at=np.linspace(0.1, 0.9, 5)[:, None], slots=["u", "u_x"])


def test_values_alone_are_a_gaussian_process_mean() -> None:
    data = replace(nt.problem("u - sin(3*x)", variables=("x",)), conditions=())
    network = nt.Network(("x",), ("u",), width=8, activation="erf")
    x, at = np.linspace(-0.9, 0.9, 7)[:, None], np.linspace(-1, 1, 11)[:, None]
    found = nt.infinite_solution(data, {"f": x}, network=network, at=at)
    model = GaussianProcessRegressor(ErfTangentKernel(), alpha=0.0, optimizer=None)
    model.fit(x, np.sin(3 * x[:, 0]))
    assert np.abs(found.mean[0] - model.predict(at)).max() < 1e-8
    # The covariance over networks by the same formula from Σ alone, solved densely.
    tangent, gaussian = (
        ErfTangentKernel(),
        lambda X, Y: (
            2
            / np.pi
            * np.arcsin(
                2
                * (1 + X @ Y.T)
                / np.sqrt(np.outer(1 + 2 * (1 + (X**2).sum(1)), 1 + 2 * (1 + (Y**2).sum(1))))
            )
        ),
    )
    A = solve(tangent(x), tangent(x, at))
    spread = gaussian(at, at) - gaussian(at, x) @ A - A.T @ gaussian(x, at) + A.T @ gaussian(x, x) @ A
    assert np.abs(found.deviation[0] - np.sqrt(np.maximum(np.diagonal(spread), 0))).max() < 1e-6


def test_it_meets_the_problem_where_it_was_asked_to(poisson) -> None:
    again = nt.infinite_solution("poisson", poisson.points, at=poisson.points["ends"])
    assert np.abs(again.mean).max() < 1e-9  # u = 0 at the ends, for every network
    assert again.deviation.max() < 1e-6


def test_derivatives_are_those_of_the_answer(poisson) -> None:
    h = 1e-4
    sides = [nt.infinite_solution("poisson", poisson.points, at=poisson.at + t).mean[0] for t in (h, -h)]
    assert np.abs((sides[0] - sides[1]) / (2 * h) - poisson.mean[1]).max() < 1e-5


def test_the_learning_curve_is_the_flow_of_the_kernel(poisson) -> None:
    K, R = poisson.kernel, poisson.start
    values, vectors = np.linalg.eigh(K)
    for t in (0.0, 0.01, 1.0):
        flow = vectors @ (np.exp(-values * t) * (vectors.T @ R))
        assert poisson.residual(t) == pytest.approx(np.linalg.norm(flow), rel=1e-10)


def test_networks_come_to_their_own_predictions_like_one_over_the_root_of_the_width(poisson) -> None:
    """Each with its own u_0, trained to its end by many damped steps along J⁺: N^{-1/2}, and not half of it.

    Medians of 12 networks (fixed seeds) at four widths; the slope's standard error is about 0.05, so that one
    of -1/4 is 5 of them away.
    """
    widths, gaps = (64, 256, 1024, 4096), []
    for width in widths:
        shape = replace(poisson.network, width=width)
        here, residuals, own = replace(poisson, network=shape), None, []
        residuals = Residuals.of(poisson.problem, shape, poisson.points)
        for seed in range(12):
            start = theta = shape.init(seed)
            for _ in range(40):
                R, J = residuals_and_jacobian(residuals, theta)
                theta = theta.replaced(theta.flatten() - 0.4 * J.T @ solve(J @ J.T, R))
            ended = nt.jets(shape, theta, poisson.at, poisson.slots)
            own.append(np.abs(ended[0] - here.of(start)[0]).max())
        gaps.append(np.median(own))
    slope = linregress(np.log(widths), np.log(gaps)).slope
    assert -0.75 < slope < -0.35


@pytest.mark.parametrize(
    ("what", "options", "message"),
    [
        ("burgers", {}, "is not linear"),
        (nt.problem("u_t - k*u_xx", unknowns={"k": 1}), {}, "unknown coefficients"),
        (nt.problem("u_t - u_xx", ansatz="u = x + t*w"), {}, "has an ansatz"),
        ("poisson", {"at": [[0.1, 0.2]]}, r"at has shape \(1, 2\); it needs \(m, 1\)"),
        ("poisson", {"slots": ["u + u_x"]}, "it needs names of values and derivatives"),
    ],
)
def test_what_it_cannot_solve_is_named(what, options, message) -> None:
    with pytest.raises(InputError, match=message):
        nt.infinite_solution(what, **options)


def test_the_command_prints_and_draws(tmp_path, capsys) -> None:
    with pytest.raises(SystemExit) as end:
        main(["infinite", "poisson", "--points", "6", "--json", "--plot", str(tmp_path / "p.png")])
    assert end.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert found["error"] < 0.1
    assert (tmp_path / "p.png").stat().st_size > 5000
    assert default_shape(nt.problem("poisson"), "tanh", 2).widths == (1024, 1024)
