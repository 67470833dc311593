"""The answer of infinitely wide networks: against scikit-learn's Gaussian process, and against networks."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from scipy.linalg import solve
from scipy.stats import linregress
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Kernel as GPKernel

import ntk_theory as nt
from ntk_theory.advice.infinite_solution import default_shape
from ntk_theory.cli import main
from ntk_theory.empirical.jacobian import residuals_and_jacobian
from ntk_theory.empirical.residuals import Residuals
from ntk_theory.errors import InputError, TrainingError
from ntk_theory.limit import function_space
from ntk_theory.limit.function_space import at_rest
from ntk_theory.limit.law import limit_law
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Group, GroupKind


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
        (nt.problem("u_t - k*u_xx", unknowns={"k": 1}), {}, "unknown coefficients"),
        (nt.problem("u_t - u_xx", ansatz="u = x + t*w"), {}, "has an ansatz"),
        ("poisson", {"at": [[0.1, 0.2]]}, r"at has shape \(1, 2\); it needs \(m, 1\)"),
        ("poisson", {"slots": ["u + u_x"]}, "it needs names of values and derivatives"),
    ],
)
def test_what_it_cannot_solve_is_named(what, options, message) -> None:
    with pytest.raises(InputError, match=message):
        nt.infinite_solution(what, **options)


def test_a_linear_problem_is_one_step_of_gauss_newton(poisson) -> None:
    """The jets where Gauss–Newton rests are the kernel interpolant's, at X and elsewhere."""
    groups = {**poisson.points, "asked0": poisson.at}
    space = poisson.problem.space
    asked = Group("asked0", GroupKind.EQUATION, (Operator(space, space.symbol(space.value("u"))),))
    whole = replace(poisson.problem, equations=(*poisson.problem.equations, asked), solution=None)
    law = limit_law(whole, poisson.network, groups)
    names = np.repeat([g.name for g in law.rows.groups], [g.size for g in law.rows.groups])
    jets, steps, left = at_rest(law, names != "asked0", 1e-12)
    value = next(k for k, slot in enumerate(law.slots) if slot.is_value)
    assert np.allclose(jets[value][names == "asked0"], poisson.mean[0], atol=1e-6)
    assert steps <= 3
    assert left < 1e-3


def test_a_nonlinear_answer_meets_its_equation() -> None:
    """Bratu's u_xx + λ e^u = 0 with λ = 1 at the very points, from the mean and its second derivative."""
    points = nt.draw_points("bratu", 16, 0)
    problem = nt.zoo("bratu")
    found = nt.infinite_solution("bratu", points, at=points[problem.equations[0].name], slots=["u", "u_xx"])
    u, u_xx = found.mean
    operator = problem.equations[0].legs[0]
    space = problem.space
    inputs = [space.symbol(space.value("u")), space.symbol(space.slot("u", x=2))]
    residual = sp.lambdify(inputs, operator.expression.subs(problem.parameters), "numpy")(u, u_xx)
    assert found.steps > 0
    assert np.abs(residual).max() < 1e-3 * np.abs(u_xx).max()
    assert np.abs(found.deviation[0]).max() < 0.1


@pytest.mark.parametrize("name", ["fisher-kpp", "allen-cahn"])
def test_more_points_give_a_better_nonlinear_answer(name) -> None:
    few, many = (nt.infinite_solution(name, nt.draw_points(name, n, 0)) for n in (8, 40))
    assert many.error < 0.2 * few.error
    assert many.error < 5e-3


def test_gauss_newton_that_does_not_rest_is_named(monkeypatch) -> None:
    monkeypatch.setattr(function_space, "STEPS", 1)
    with pytest.raises(TrainingError, match="ends after 1 steps with residuals of"):
        nt.infinite_solution("burgers", nt.draw_points("burgers", 16, 0))


def test_one_network_of_a_nonlinear_problem_is_not_predicted() -> None:
    found = nt.infinite_solution("bratu", nt.draw_points("bratu", 6, 0))
    with pytest.raises(InputError, match="its kernel moves in training"):
        found.of(found.network.init(0))
    assert found.to_dict()["steps"] == found.steps > 0
    assert "steps of Gauss-Newton leave" in str(found)


def test_the_command_prints_and_draws(tmp_path, capsys) -> None:
    with pytest.raises(SystemExit) as end:
        main(["infinite", "poisson", "--points", "6", "--json", "--plot", str(tmp_path / "p.png")])
    assert end.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert found["error"] < 0.1
    assert (tmp_path / "p.png").stat().st_size > 5000
    assert default_shape(nt.problem("poisson"), "tanh", 2).widths == (1024, 1024)
