"""Eigenvalues of K^∞ beyond doubles: against closed forms in mpmath, and against the law in doubles."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

import ntk_theory as nt
from ntk_theory.errors import InputError, ResourceError


def law_of(text: str, points: Any, activation: str = "tanh", **options: Any) -> nt.LimitLaw:
    problem = nt.problem(text, variables=("x",))
    network = nt.Network(("x",), ("u",), 64, activation=activation, **options)
    given = {g.name: points if g is problem.equations[0] else [[0.3]] for g in problem.groups}
    return nt.limit_law(problem, network, given)


def sine_kernel(order: int, points: list[float], value: float) -> Any:
    """K^∞ of ∂^k u at the points and of u at one more, φ = sin, by SymPy: no quadrature, no Taylor series."""
    x, y = sp.symbols("x y")
    p, q, r = x**2 + 1, x * y + 1, y**2 + 1
    damped = sp.exp(-(p + r) / 2)
    theta = damped * (q * sp.cosh(q) + sp.sinh(q))
    orders = [0] + [order] * len(points)
    places = [value, *points]
    table = {}
    for a in {0, order}:
        for b in {0, order}:
            table[a, b] = sp.lambdify((x, y), sp.diff(theta, x, a, y, b), modules="mpmath")
    rows = list(zip(orders, map(mp.mpf, places), strict=True))
    bias = 1  # its derivative of u is 1, of derivatives 0
    return mp.matrix([[table[a, b](s, t) + bias * (a == b == 0) for b, t in rows] for a, s in rows])


@pytest.mark.parametrize(("text", "order"), [("u", 0), ("u_x", 1)])
def test_eigenvalues_below_rounding_are_those_of_the_closed_form(text: str, order: int) -> None:
    points = [k / 256 for k in range(5)]
    found = nt.extended_spectrum(law_of(text, np.array(points)[:, None], "sin"), digits=32)
    with mp.workdps(60):
        expected = sorted(mp.eigsy(sine_kernel(order, points, 0.3), eigvals_only=True), reverse=True)
        assert expected[-1] < 1e-17 * expected[0]  # doubles see nothing of it
        for own, other in zip(found.eigenvalues, expected, strict=True):
            assert abs(own - other) < mp.mpf(10) ** -38 * expected[0]
    assert found.is_known
    assert found.smallest > 0


def test_the_matrix_is_that_of_the_law() -> None:
    """Variable coefficients, an input map and a φ without closed form or parity."""
    problem = nt.problem("u_xx + x*u_x + 2*u", variables=("x",))
    network = nt.Network(("x",), ("u",), 64, activation="softplus", input_map=nt.InputMap((2.0,), (-0.5,)))
    given = {g.name: [[0.1], [0.9]] if g is problem.equations[0] else [[0.4]] for g in problem.groups}
    law = nt.limit_law(problem, network, given)
    found = nt.extended_spectrum(law, digits=16)
    kernel = law.deterministic(1.0)
    assert np.abs(found.matrix - kernel).max() <= 1e-8 * np.abs(kernel).max()  # what the law is asked for
    assert found.is_known


def test_too_few_digits_are_told() -> None:
    """At points that nearly coincide λ_min is far below 10^−16 of λ_max."""
    points = np.array([[0.0], [1e-5], [2e-5], [3e-5]])
    few = nt.extended_spectrum(law_of("u", points, "sin"), digits=16)
    assert not few.is_known
    assert "ask for more" in str(few)


@pytest.mark.parametrize(
    ("text", "options", "digits", "message"),
    [
        ("u + u^2", {}, 40, "a problem that is not linear"),
        ("u_x", {"depth": 2}, 40, "a network of 2 hidden layers"),
        ("u", {"activation": "relu"}, 40, "the activation relu, which is not smooth"),
        ("u", {}, 4, "digits is 4; it needs a whole number from 16 to 100"),
    ],
)
def test_what_has_no_extended_spectrum_is_refused(
    text: str, options: dict[str, Any], digits: int, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        nt.extended_spectrum(law_of(text, [[0.1], [0.2]], **options), digits=digits)


def test_what_would_take_hours_is_refused() -> None:
    points = np.linspace(0, 1, 39)[:, None]
    with pytest.raises(ResourceError, match="use fewer points or digits"):
        nt.extended_spectrum(law_of("u", points), digits=100)
