"""Infinite-width covariance and jet NTK: oracles, symmetries, accuracy."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limit_oracles import depth_one_integral, price_series

from ntk_theory.errors import InputError, ResourceError, SmoothnessError
from ntk_theory.kernels.dual_tables import activation_table
from ntk_theory.kernels.multiindex import total_order
from ntk_theory.limit import infinite_jets
from ntk_theory.limit.duals import quadrature_moments
from ntk_theory.setting.activations import Activation

ORDER_THREE = total_order(3, 2).indices
CLOSED = ("erf", "sin", "gaussian")


def units(array):
    """√(diagonal × diagonal) of (A, n, A, n)."""
    size, n = array.shape[:2]
    scale = np.sqrt(array.reshape(size * n, size * n).diagonal()).reshape(size, n)
    return scale[:, :, None, None] * scale


def points(seed, n=4, d=2, box=1.0):
    """Random points, one of them repeated and one almost."""
    x = np.random.default_rng(seed).uniform(-box, box, size=(n, d))
    x[1] = x[0]
    x[2] = x[0] + 1e-4
    return x


@pytest.mark.oracle
def test_depth_one_tanh_equals_the_integral_over_weights():
    x = points(3, n=3)
    sigma, jet_ntk = depth_one_integral(x, ORDER_THREE)
    law = infinite_jets("tanh", 1, x, ORDER_THREE, rtol=1e-9)
    assert np.max(np.abs(law.covariance - sigma) / units(sigma)) < 1e-8
    assert np.max(np.abs(law.jet_ntk - jet_ntk) / units(jet_ntk)) < 1e-8


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_quadrature_equals_closed_form(name, depth):
    # Two implementations that share the recursion only: the dual as a formula in (p, q, r), and the
    # increments of the field conditioned on its values.
    x = points(4)
    closed = infinite_jets(name, depth, x, ORDER_THREE)
    integrated = infinite_jets(name, depth, x, ORDER_THREE, closed=False, rtol=1e-11)
    assert closed.accuracy == 0.0
    assert integrated.accuracy <= 1e-11
    for a, b in ((closed.jet_ntk, integrated.jet_ntk), (closed.covariance, integrated.covariance)):
        assert np.max(np.abs(a - b) / units(a)) < 1e-10


@pytest.mark.parametrize("order", [3, 5])
def test_nothing_cancels_far_from_the_origin(order):
    # Price's theorem, used directly, has no digit left here.
    x = points(5, box=10.0)
    indices = ((0, 0), (order, 0), (1, 1))
    closed = infinite_jets("erf", 2, x, indices)
    integrated = infinite_jets("erf", 2, x, indices, closed=False, rtol=1e-9)
    assert np.max(np.abs(closed.jet_ntk - integrated.jet_ntk) / units(closed.jet_ntk)) < 1e-9


@pytest.mark.parametrize("depth", [1, 2])
def test_one_dimension_equals_price_theorem(depth):
    # The slow twin: plain dictionaries, Price's theorem, duals of order up to 3n + 1.
    order, x, y = 2, 0.7, -0.3
    own = [{(0, 0): a * a + 1.0, (1, 0): a, (0, 1): a, (1, 1): 1.0} for a in (x, y)]
    pair = {(0, 0): x * y + 1.0, (1, 0): y, (0, 1): x, (1, 1): 1.0}
    series = {"xx": (own[0], dict(own[0])), "yy": (own[1], dict(own[1])), "xy": (pair, dict(pair))}
    for layer in range(depth):
        variance = {
            key: [
                sum(series[key][0].get((m, total - m), 0.0) for m in range(total + 1))
                for total in range(order + 1)
            ]
            for key in ("xx", "yy")
        }
        fresh = {}
        for key, (sigma, theta) in series.items():
            p, r = variance["yy" if key == "yy" else "xx"], variance["xx" if key == "xx" else "yy"]

            tanh = Activation.of("tanh")

            def composed(shift, p=p, q=sigma, r=r, tanh=tanh):
                base = (np.array([p[0]]), np.array([q[0, 0]]), np.array([r[0]]))
                table = quadrature_moments(activation_table(tanh, 3 * order + 1), *base, 1e-12, 1.2)

                def moment(i, j):
                    return table[0, i + shift, j + shift, 0, 0]

                return price_series(moment, p, q, r, order)

            value, slope = composed(0), composed(1)
            hidden = {}
            for (a, b), t in theta.items():
                for (c, e), v in slope.items():
                    if a + c <= order and b + e <= order:
                        hidden[a + c, b + e] = hidden.get((a + c, b + e), 0.0) + t * v
            final = layer == depth - 1
            value[0, 0] += 0.0 if final else 1.0
            fresh[key] = (value, {k: hidden.get(k, 0.0) + v for k, v in value.items()})
        series = fresh
    law = infinite_jets("tanh", depth, [[x], [y]], [(k,) for k in range(order + 1)], rtol=1e-11)
    for (first, second), key in (((0, 0), "xx"), ((0, 1), "xy")):
        for a in range(order + 1):
            for b in range(order + 1):
                factor = math.factorial(a) * math.factorial(b)
                slow = [factor * part.get((a, b), 0.0) for part in series[key]]
                fast = [law.covariance[a, first, b, second], law.jet_ntk[a, first, b, second]]
                assert fast == pytest.approx(slow, rel=1e-9, abs=1e-9)


@pytest.mark.oracle
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_erf_equals_jax_through_the_closed_form(depth):
    import jax  # noqa: PLC0415 - slow to import; missing, the test fails

    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy

    def both(x, y):
        def layer(p, q, r):
            value = 2 / jnp.pi * jnp.arcsin(2 * q / jnp.sqrt((1 + 2 * p) * (1 + 2 * r)))
            slope = 4 / jnp.pi / jnp.sqrt((1 + 2 * p) * (1 + 2 * r) - 4 * q * q)
            return value, slope

        p, q, r = x @ x + 1, x @ y + 1, y @ y + 1
        theta = q
        for number in range(depth):
            value, slope = layer(p, q, r)
            p, r = layer(p, p, p)[0] + 1, layer(r, r, r)[0] + 1
            q = value + 1
            theta = theta * slope + (value if number == depth - 1 else q)
        return jnp.stack([value, theta])

    def derivative(function, argument, axis):
        def inner(x, y):
            direction = jnp.zeros(2).at[axis].set(1.0)
            if argument == 0:
                return jax.jvp(lambda z: function(z, y), (x,), (direction,))[1]
            return jax.jvp(lambda z: function(x, z), (y,), (direction,))[1]

        return inner

    x = points(6, n=3)[[0, 2]] + [[0.0, 0.0], [0.4, -0.3]]
    indices = ((0, 0), (1, 0), (0, 2), (3, 0), (2, 1))
    law = infinite_jets("erf", depth, x, indices)
    # Pairs of slots with the points at which they are compared: two different ones, and one with itself.
    cases = [
        ((0, 0), (0, 0), ((0, 1), (0, 0))),
        ((1, 0), (0, 2), ((0, 1), (0, 0))),
        ((3, 0), (3, 0), ((0, 0),)),
        ((2, 1), (3, 0), ((0, 1),)),
    ]
    for alpha, beta, places in cases:
        function = both
        for argument, index in ((0, alpha), (1, beta)):
            for axis, count in enumerate(index):
                for _ in range(count):
                    function = derivative(function, argument, axis)
        a, b = indices.index(alpha), indices.index(beta)
        for m, n in places:
            truth = function(jnp.array(x[m]), jnp.array(x[n]))
            for value, array in zip(truth, (law.covariance, law.jet_ntk), strict=True):
                error = abs(array[a, m, b, n] - float(value)) / units(array)[a, m, b, n]
                assert error < 1e-11, (alpha, beta, m, n)


def gauss_hermite_kernels(function, slope, depth, x):
    """NNGP and NTK without derivatives, by 2-D Gauss–Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(160)
    weights = weights / weights.sum()
    sigma = x @ x.T + 1
    theta = sigma.copy()
    for layer in range(depth):
        value, hidden = np.empty_like(sigma), np.empty_like(sigma)
        for i in range(len(x)):
            for j in range(len(x)):
                root = math.sqrt(sigma[i, i])
                u = root * nodes[:, None]
                rest = math.sqrt(max(sigma[j, j] - (sigma[i, j] / root) ** 2, 0.0))
                v = sigma[i, j] / root * nodes[:, None] + rest * nodes
                mass = weights[:, None] * weights
                value[i, j] = np.sum(mass * function(u) * function(v))
                hidden[i, j] = np.sum(mass * slope(u) * slope(v))
        sigma = value + (layer < depth - 1)
        theta = theta * hidden + sigma
    return sigma, theta


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize(
    ("name", "function", "slope"),
    [
        ("tanh", np.tanh, lambda z: 1 / np.cosh(z) ** 2),
        ("sin", np.sin, np.cos),
        ("gaussian", lambda z: np.exp(-z * z), lambda z: -2 * z * np.exp(-z * z)),
        ("sigmoid", lambda z: 1 / (1 + np.exp(-z)), lambda z: 1 / (2 + 2 * np.cosh(z))),
        ("softplus", lambda z: np.logaddexp(0, z), lambda z: 1 / (1 + np.exp(-z))),
    ],
)
def test_order_zero_is_the_plain_recursion(name, function, slope, depth):
    x = points(7)
    sigma, theta = gauss_hermite_kernels(function, slope, depth, x)
    law = infinite_jets(name, depth, x, [(0, 0)], rtol=1e-10)
    np.testing.assert_allclose(law.covariance[0, :, 0], sigma, rtol=2e-7)
    np.testing.assert_allclose(law.jet_ntk[0, :, 0], theta, rtol=2e-7)


def test_order_zero_relu_is_cho_and_saul():
    # Cho & Saul 2009, eq. 6, with weights of variance 1: D = √(pr)(sin θ + (π − θ) cos θ)/(2π).
    x = points(8)
    gram = x @ x.T + 1
    norm = np.sqrt(np.outer(gram.diagonal(), gram.diagonal()))
    angle = np.arccos(np.minimum(gram / norm, 1.0))
    value = norm * (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi)
    theta = gram * (np.pi - angle) / (2 * np.pi) + value
    law = infinite_jets("relu", 1, x, [(0, 0)])
    np.testing.assert_allclose(law.covariance[0, :, 0], value, rtol=1e-7)
    np.testing.assert_allclose(law.jet_ntk[0, :, 0], theta, rtol=1e-7)


@pytest.mark.parametrize("k", [3, 4])
def test_relu_powers_equal_the_integral_over_weights(k):
    # Depth 1, one variable, (w, b) in polar coordinates: u = w x + b = ρ·(direction), radius exact.
    x = np.array([0.8, -0.5, 0.8003])
    order = k - 1
    nodes, weights = np.polynomial.legendre.leggauss(80)
    kinks = sorted({0.0, 2 * math.pi} | {a % (2 * math.pi) for t in x for a in _zeros(t)})
    sigma, jet_ntk = np.zeros((2, order + 1, 3, order + 1, 3))
    for low, high in itertools.pairwise(kinks):
        angle = (high - low) / 2 * nodes + (high + low) / 2
        w, b = np.cos(angle), np.sin(angle)
        mass = (high - low) / 2 * weights / (2 * math.pi)
        features = [[], [], []]
        for alpha in range(order + 1):
            for t in x:
                phi = [math.perm(k, m) * np.maximum(w * t + b, 0.0) ** (k - m) for m in range(order + 2)]
                phi = [v * (w * t + b > 0) for v in phi]
                # Degree in the radius: φ^(α) w^α has k, the hidden gradients k − 1.
                features[0].append(w**alpha * phi[alpha])
                lower = alpha * w ** max(alpha - 1, 0) * phi[alpha]
                features[1].append(t * w**alpha * phi[alpha + 1] + lower)
                features[2].append(w**alpha * phi[alpha + 1])
        grams = [np.array(f) * mass @ np.array(f).T for f in features]
        full = grams[0] * 2**k * math.gamma(k + 1)
        hidden = (grams[1] + grams[2]) * 2 ** (k - 1) * math.gamma(k)
        sigma += full.reshape(sigma.shape)
        jet_ntk += (full + hidden).reshape(sigma.shape)
    law = infinite_jets(f"relu^{k}", 1, x[:, None], [(m,) for m in range(order + 1)])
    assert np.max(np.abs(law.covariance - sigma) / units(sigma)) < 1e-10
    assert np.max(np.abs(law.jet_ntk - jet_ntk) / units(jet_ntk)) < 1e-10


def _zeros(t):
    """Angles where cos(a) t + sin(a) = 0."""
    angle = math.atan2(-t, 1.0)
    return angle, angle + math.pi


def test_relu_powers_refuse_what_their_smoothness_forbids():
    with pytest.raises(SmoothnessError, match=r"relu\^4"):
        infinite_jets("relu^3", 1, [[0.0, 0.0]], [(3, 0)])
    assert infinite_jets("relu^4", 2, [[0.3, 0.1], [0.3, 0.2]], [(3, 0)]).accuracy == 0.0


@pytest.mark.properties
@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**31),
    name=st.sampled_from(["tanh", "sigmoid", "softplus", "silu", "gelu", "sin", "erf", "gaussian", "relu^3"]),
    depth=st.integers(1, 3),
    box=st.sampled_from([0.1, 1.0, 4.0]),
)
def test_symmetric_and_positive_semidefinite(seed, name, depth, box):
    x = points(seed, box=box)
    indices = total_order(2, 2).indices
    law = infinite_jets(name, depth, x, indices, rtol=1e-7)
    size = len(indices) * len(x)
    for array in (law.covariance, law.jet_ntk):
        matrix = array.reshape(size, size)
        assert (matrix == matrix.T).all()
        scale = np.sqrt(matrix.diagonal())
        values = np.linalg.eigvalsh(matrix / scale[:, None] / scale)
        assert values[0] > -1e-7 * values[-1]
    difference = (law.jet_ntk - law.covariance).reshape(size, size)
    scale = np.sqrt(difference.diagonal())
    assert np.linalg.eigvalsh(difference / scale[:, None] / scale)[0] > -1e-6


def test_input_map_is_the_chain_rule():
    x, scale, shift = points(9), np.array([0.5, 2.0]), np.array([0.1, -0.3])
    mapped = infinite_jets("tanh", 2, x, ORDER_THREE, scale=scale, shift=shift, rtol=1e-10)
    plain = infinite_jets("tanh", 2, x * scale + shift, ORDER_THREE, rtol=1e-10)
    factor = np.array([np.prod(scale ** np.array(index)) for index in ORDER_THREE])
    expected = plain.jet_ntk * factor[:, None, None, None] * factor[:, None]
    assert np.max(np.abs(mapped.jet_ntk - expected) / units(expected)) < 1e-9


def test_values_do_not_depend_on_companions_or_order():
    x = points(10, n=5)
    full = infinite_jets("tanh", 2, x, ORDER_THREE, rtol=1e-10)
    turned = infinite_jets("tanh", 2, x[::-1], ORDER_THREE[::-1], rtol=1e-10)
    back = turned.jet_ntk[::-1, ::-1, ::-1, ::-1]
    assert np.max(np.abs(full.jet_ntk - back) / units(full.jet_ntk)) < 1e-9
    part = infinite_jets("tanh", 2, x[:2], [(3, 0)], rtol=1e-10)
    at = ORDER_THREE.index((3, 0))
    small = full.jet_ntk[at : at + 1, :2, at : at + 1, :2]
    assert np.max(np.abs(part.jet_ntk - small) / units(small)) < 1e-9


@pytest.mark.parametrize("rtol", [1e-3, 1e-6])
def test_reported_accuracy_is_kept(rtol):
    x = points(11)
    rough = infinite_jets("tanh", 3, x, ORDER_THREE, rtol=rtol)
    fine = infinite_jets("tanh", 3, x, ORDER_THREE, rtol=1e-11)
    assert rough.accuracy <= rtol
    error = np.max(np.abs(rough.jet_ntk - fine.jet_ntk) / units(fine.jet_ntk))
    assert error <= max(rough.accuracy, 1e-10)


def test_bad_arguments_are_refused():
    with pytest.raises(InputError, match="needs \\(n, d\\)"):
        infinite_jets("tanh", 1, [0.0, 1.0], [(0,)])
    with pytest.raises(InputError, match="finite"):
        infinite_jets("tanh", 1, [[np.nan]], [(0,)])
    with pytest.raises(InputError, match="depth is 0"):
        infinite_jets("tanh", 0, [[0.0]], [(0,)])
    with pytest.raises(InputError, match="indices is empty"):
        infinite_jets("tanh", 1, [[0.0]], [])
    with pytest.raises(InputError, match="scale and shift"):
        infinite_jets("tanh", 1, [[0.0]], [(0,)], scale=[1.0, 2.0])
    with pytest.raises(InputError, match="rtol = 1e-18 was not reached"):
        infinite_jets("tanh", 1, [[0.3], [0.1]], [(2,)], rtol=1e-18)
    with pytest.raises(ResourceError, match="memory_limit"):
        infinite_jets("tanh", 1, np.zeros((4000, 2)), ORDER_THREE)
    with pytest.raises(ResourceError, match="time_limit"):
        infinite_jets("tanh", 3, np.ones((300, 2)), ORDER_THREE, time_limit=1.0)
