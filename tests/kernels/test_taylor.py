import math

import mpmath
import numpy as np
import pytest
from plain_network import plain_compose, plain_product, plain_taylor

from ntk_theory.errors import InputError, SmoothnessError
from ntk_theory.kernels import compose, dual_quadrature, gram, pair_conditional, pair_taylor, taylor
from ntk_theory.kernels.multiindex import closure, total_order
from ntk_theory.setting.activations import ACTIVATIONS, Activation, require_smooth

NAMES = [*ACTIVATIONS, "relu^3", "relu^5"]
#: The definitions, for an independent series by mpmath. Every line of the table must have one.
DEFINITIONS = {
    "tanh": mpmath.tanh,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "softplus": lambda z: mpmath.log(1 + mpmath.exp(z)),
    "sin": mpmath.sin,
    "erf": mpmath.erf,
    "gaussian": lambda z: mpmath.exp(-(z**2)),
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
    "gelu": lambda z: z * (1 + mpmath.erf(z / mpmath.sqrt(2))) / 2,
    "relu": lambda z: z if z > 0 else mpmath.mpf(0),
}


def fast_taylor(name, z, order):
    phi = Activation.of(name)
    out = np.empty((order + 1, z.size))
    taylor.taylor(phi.code, phi.power, z, order, out)
    return out


def test_every_activation_has_a_definition_here():
    assert set(DEFINITIONS) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_coefficients_are_those_of_the_definition(name):
    z = np.array([-2.7, -0.6, 0.3, 1.9])
    order = 9
    fast = fast_taylor(name, z, order)
    with mpmath.workdps(60):
        for k, x in enumerate(z.tolist()):
            want = [float(c) for c in mpmath.taylor(DEFINITIONS[name], mpmath.mpf(x), order)]
            np.testing.assert_allclose(fast[:, k], want, rtol=2e-12, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("order", [0, 1, 2, 3, 4, 5, 11])
def test_fast_equals_slow(name, order):
    z = np.random.default_rng(5).uniform(-6, 6, 700)  # several chunks and a remainder
    slow = plain_taylor(Activation.of(name), z, order)
    np.testing.assert_allclose(fast_taylor(name, z, order), slow, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_far_arguments_stay_finite(name):
    fast = fast_taylor(name, np.array([-800.0, -40.0, 40.0, 800.0]), 6)
    assert np.isfinite(fast).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("index_set", [closure([(3, 0), (0, 1)], 2), total_order(3, 3), total_order(8, 2)])
def test_layers_equal_plain_polynomials(name, index_set):
    phi = Activation.of(name)
    rng = np.random.default_rng(6)
    A, n, N = index_set.size, 2, 300
    raw, bias = 0.3 * rng.standard_normal((A, n, N)), rng.standard_normal(N)
    values, slopes = np.empty_like(raw), np.empty_like(raw)
    items = n * -(-N // taylor.CHUNK)
    compose.hidden_layer(
        0, items, phi.code, phi.power, 0.5, raw, bias, index_set.orders, index_set.powers, values, slopes
    )
    z = {index: 0.5 * raw[a] + (bias if a == 0 else 0.0) for a, index in enumerate(index_set)}
    want = plain_compose(phi, z, index_set)
    np.testing.assert_allclose(values, np.stack([want[i] for i in index_set]), rtol=1e-9, atol=1e-11)
    # [φ'(z)]_α by complex step: φ(z + ih) = φ(z) + ih φ'(z).
    shifted = plain_compose(phi, {i: v + (1e-100j if not any(i) else 0.0) for i, v in z.items()}, index_set)
    if phi.is_smooth or phi.power > index_set.order:
        slope = np.stack([np.imag(shifted[i]) / 1e-100 for i in index_set])
        np.testing.assert_allclose(slopes, slope, rtol=1e-8, atol=1e-10)


def test_backward_products_and_their_transpose():
    index_set = total_order(3, 2)
    rng = np.random.default_rng(7)
    shape = (index_set.size, 3, 290)
    slopes, g, v = (rng.standard_normal(shape) for _ in range(3))
    items = 3 * -(-290 // taylor.CHUNK)
    out, back = np.empty(shape), np.empty(shape)
    compose.multiply(0, items, 2.0, slopes, g, index_set.products, out)
    compose.adjoint(0, items, 2.0, slopes, v, index_set.products, back)
    keyed = [{i: a[k] for k, i in enumerate(index_set)} for a in (slopes, g)]
    want = plain_product(*keyed, index_set)
    np.testing.assert_allclose(out, 2.0 * np.stack([want[i] for i in index_set]), rtol=1e-12, atol=1e-12)
    assert math.isclose(np.sum(out * v), np.sum(back * g), rel_tol=1e-12)


KERNELS = [
    taylor.taylor,
    compose.first_layer,
    compose.hidden_layer,
    compose.multiply,
    compose.adjoint,
    gram.combine,
    gram.contract,
    dual_quadrature.pair_moments,
    pair_conditional.compose_pairs,
    pair_taylor.compose_pairs,
    pair_taylor.diagonal_pairs,
    pair_taylor.multiply_pairs,
]


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: f"{k.__module__.rpartition('.')[2]}.{k.__name__}")
def test_kernels_are_compiled_once_without_the_interpreter(kernel):
    made = kernel.dispatcher
    assert len(made.nopython_signatures) == len(made.signatures) == 1


@pytest.mark.parametrize("kernel", [compose.multiply, compose.adjoint], ids=["multiply", "adjoint"])
def test_hot_loops_vectorise_without_gathers(kernel):
    import numba  # noqa: PLC0415

    fresh = numba.njit(kernel.signature, error_model="numpy", fastmath={"contract"})(kernel.py_func)
    (text,) = fresh.inspect_llvm().values()
    assert "x double>" in text
    assert "masked.gather" not in text


@pytest.mark.parametrize(("name", "hint"), [("tahn", "tanh"), ("Sigmoid", "sigmoid"), ("gelo", "gelu")])
def test_unknown_activation_suggests_a_near_one(name, hint):
    with pytest.raises(InputError, match=f"did you mean '{hint}'"):
        Activation.of(name)


def test_relu_power_is_parsed_and_bounded():
    assert Activation.of("relu^2").power == Activation.of("relu2").power == 2
    assert Activation.of("relu1") is Activation.of("relu")
    with pytest.raises(InputError, match="it needs one of"):
        Activation.of("relu0")


def test_smoothness_names_the_smallest_power_that_serves():
    require_smooth(Activation.of("relu^4"), 3)
    require_smooth(Activation.of("tanh"), 99)
    require_smooth(Activation.of("relu"), 0)
    with pytest.raises(SmoothnessError, match=r"relu\^4"):
        require_smooth(Activation.of("relu^3"), 3)
