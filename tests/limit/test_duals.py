"""Dual activations: closed forms, quadrature, and 40-digit arithmetic."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from limit_oracles import FUNCTIONS, mehler_dual

from ntk_theory.errors import InputError, SmoothnessError
from ntk_theory.limit import dual
from ntk_theory.setting.activations import ACTIVATIONS

CLOSED = ("erf", "sin", "gaussian")
ORDERS = ((0, 0), (1, 1), (0, 2), (3, 1), (4, 4), (5, 3), (7, 7))


def covariances(seed, count, scale=1.0):
    """p, q, r of random pairs, with a coincident and a nearly coincident one."""
    points = np.random.default_rng(seed).normal(size=(count, 2, 3)) * scale
    points[0, 1] = points[0, 0]
    points[1, 1] = points[1, 0] * (1 + 1e-5)
    gram = np.einsum("kia,kja->kij", points, points) + 0.3
    p, q, r = gram[:, 0, 0], gram[:, 0, 1], gram[:, 1, 1]
    r[0] = q[0] = p[0]
    return p, q, r


def bound(name, i, j, p, r):
    return np.sqrt(dual(name, i, i, p, p, p).values * dual(name, j, j, r, r, r).values)


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize(("i", "j"), ORDERS)
@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
def test_quadrature_equals_closed_form(name, i, j, scale):
    p, q, r = covariances(1, 8, scale)
    closed = dual(name, i, j, p, q, r)
    integrated = dual(name, i, j, p, q, r, method="quadrature", rtol=1e-11)
    assert closed.method == "closed form"
    assert integrated.accuracy <= 1e-11
    error = np.abs(closed.values - integrated.values) / bound(name, i, j, p, r)
    assert error.max() < 1e-10


@pytest.mark.oracle
@pytest.mark.parametrize("name", sorted(FUNCTIONS))
@pytest.mark.parametrize(("i", "j"), [(0, 0), (1, 1), (2, 4), (3, 0)])
def test_duals_agree_with_forty_digits(name, i, j):
    p, q, r = 0.75, -0.35, 0.6
    truth = mehler_dual(name, i, j, p, q, r)
    got = dual(name, i, j, p, q, r, rtol=1e-12)
    assert abs(float(got.values) - float(truth)) < 1e-12 * float(bound(name, i, j, p, r))


def test_every_smooth_activation_has_an_oracle_and_a_dual():
    smooth = {name for name, line in ACTIVATIONS.items() if line.is_smooth}
    assert smooth == set(FUNCTIONS)
    for name in smooth:
        assert np.isfinite(dual(name, 2, 2, 1.0, 0.5, 1.0).values)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "silu", "gelu"])
def test_the_reported_accuracy_holds(name):
    p, q, r = covariances(2, 6, 2.0)
    for i, j in ORDERS:
        rough, fine = (dual(name, i, j, p, q, r, rtol=rtol) for rtol in (1e-4, 1e-11))
        assert rough.accuracy <= 1e-4
        error = np.max(np.abs(rough.values - fine.values) / bound(name, i, j, p, r))
        assert error <= max(rough.accuracy, 1e-11)


def test_price_theorem_by_differences():
    # ∂_q D = E φ'φ', ∂_p D = E φ''φ/2, with an independent numerical derivative.
    p, q, r, h = 1.3, 0.4, 0.8, 1e-4

    def value(dp=0.0, dq=0.0):
        return float(dual("tanh", 0, 0, p + dp, q + dq, r, rtol=1e-13).values)

    slope_q = (value(dq=h) - value(dq=-h)) / (2 * h)
    slope_p = (value(dp=h) - value(dp=-h)) / (2 * h)
    assert slope_q == pytest.approx(float(dual("tanh", 1, 1, p, q, r).values), abs=2e-8)
    assert slope_p == pytest.approx(float(dual("tanh", 2, 0, p, q, r).values) / 2, abs=2e-8)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_relu_powers_agree_with_polar_integration(k):
    # E φ^(i)(U)φ^(j)(V) over the quadrant where both are positive, in polar coordinates: the radius
    # integrates to a Gamma function and the angle runs over an interval, by Gauss–Legendre.
    p, q, r = 1.4, 0.5, 0.9
    sigma = math.sqrt(r - q * q / p)
    angles = (-math.atan2(q / math.sqrt(p), sigma), math.pi / 2)
    nodes, weights = np.polynomial.legendre.leggauss(60)
    angle = (angles[1] - angles[0]) / 2 * nodes + sum(angles) / 2
    u = math.sqrt(p) * np.cos(angle)
    v = q / math.sqrt(p) * np.cos(angle) + sigma * np.sin(angle)
    for i in range(k + 1):
        for j in range(k + 1):
            a, b = k - i, k - j
            radial = 2 ** ((a + b) / 2) * math.gamma((a + b) / 2 + 1) / (2 * math.pi)
            plain = radial * np.sum(weights * u**a * v**b) * (angles[1] - angles[0]) / 2
            value = dual(f"relu^{k}", i, j, p, q, r).values
            assert value == pytest.approx(math.perm(k, i) * math.perm(k, j) * plain, rel=1e-12)


@pytest.mark.properties
@given(
    st.sampled_from(sorted(name for name, line in ACTIVATIONS.items() if line.is_smooth or line.closed_form)),
    st.floats(0.05, 9.0),
    st.floats(0.05, 9.0),
    st.floats(-1.0, 1.0),
)
def test_duals_obey_cauchy_schwarz_and_exchange(name, p, r, rho):
    q = rho * math.sqrt(p * r)
    i, j = (0, 1) if name == "relu" else (2, 1)
    value = float(dual(name, i, j, p, q, r).values)
    exchanged = float(dual(name, j, i, r, q, p).values)
    limit = float(bound(name, i, j, p, r))
    assert abs(value) <= limit * (1 + 1e-7)
    assert abs(value - exchanged) <= 3e-8 * limit


def test_bad_arguments_are_refused():
    with pytest.raises(InputError, match="q² ≤ pr"):
        dual("tanh", 0, 0, 1.0, 2.0, 1.0)
    with pytest.raises(InputError, match="p, r > 0"):
        dual("tanh", 0, 0, 0.0, 0.0, 1.0)
    with pytest.raises(InputError, match="at least 0"):
        dual("tanh", -1, 0, 1.0, 0.0, 1.0)
    with pytest.raises(InputError, match="has none here"):
        dual("tanh", 0, 0, 1.0, 0.0, 1.0, method="closed form")
    with pytest.raises(InputError, match="not smooth"):
        dual("relu^2", 0, 0, 1.0, 0.0, 1.0, method="quadrature")
    with pytest.raises(InputError, match="quadrature nodes"):
        dual("tanh", 0, 0, 1e6, 0.0, 1e6)
    with pytest.raises(SmoothnessError, match=r"relu\^3"):
        dual("relu^2", 3, 0, 1.0, 0.0, 1.0)
