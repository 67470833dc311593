"""Keras models, made by Keras itself with JAX under it: their own kernels, by JAX; what is refused."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "jax"  # with torch its products are of single precision

import jax
import keras
import numpy as np
import pytest
from keras import layers

import ntk_theory as nt
from ntk_theory.exchange.checking import values_of
from ntk_theory.exchange.read import as_model

jax.config.update("jax_enable_x64", True)
pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # Keras' own
]
EQUATION = "u_t + u*u_x - u_xx/10"
POINTS = {"b": (3, 2), "f": (4, 2)}


@pytest.fixture(autouse=True)
def double():
    """Double precision while a test runs."""
    keras.utils.set_random_seed(7)
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx(before)
    keras.config.set_dtype_policy(before)


@keras.saving.register_keras_serializable()
def tanh(x):
    """Keras' own computes in single precision, whatever its arrays are."""
    return jax.numpy.tanh(x)


def stack(*first, phi="silu", bias=True):
    hidden = [layers.Dense(6, activation=phi), layers.Dense(1, use_bias=bias)]
    return keras.Sequential([layers.Input((2,)), *first, *hidden])


def deep():
    model = keras.Sequential(
        [layers.Input((2,)), layers.Rescaling(2.0, offset=-1.0)]
        + [layers.Dense(n, activation="silu") for n in (6, 7)]
        + [layers.Dense(1)]
    )
    model.layers[2].trainable = False
    return model


def two_inputs():
    x, t = keras.Input((1,)), keras.Input((1,))
    h = layers.Dense(8, activation="softplus")(layers.Concatenate()([x, t]))
    return keras.Model([x, t], layers.Dense(1)(h))


def separate():
    return keras.Sequential(
        [layers.Input((2,)), layers.Dense(5), layers.Activation("sigmoid"), layers.Dense(1)]
    )


MODELS = {
    "two hidden layers, rescaled, one frozen": deep,
    "normalised, without output bias": lambda: stack(
        layers.Normalization(mean=[0.5, 0.2], variance=[0.1, 0.3]), phi=tanh, bias=False
    ),
    "two inputs": two_inputs,
    "activation as a layer": separate,
}


def kernel_by_jax(model, points):
    trained = [v.value for v in model.trainable_variables]
    fixed = [v.value for v in model.non_trainable_variables]

    def u(theta, y):
        given = y[None] if len(model.inputs) == 1 else [y[None, :1], y[None, 1:]]
        return model.stateless_call(theta, fixed, given)[0][0, 0]

    def f(theta, y):
        gradient = jax.grad(u, 1)
        first = gradient(theta, y)
        _, second = jax.jvp(lambda z: gradient(theta, z), (y,), (jax.numpy.array([1.0, 0.0]),))
        return first[1] + u(theta, y) * first[0] - second[0] / 10

    rows = []
    for name, residual in (("b", u), ("f", f)):
        found = jax.jit(jax.vmap(jax.grad(residual), (None, 0)))(trained, jax.numpy.asarray(points[name]))
        rows.append(np.concatenate([np.asarray(g).reshape(len(points[name]), -1) for g in found], axis=1))
    J = np.concatenate(rows)
    return J @ J.T


@pytest.mark.parametrize("name", MODELS)
def test_the_kernel_is_that_of_the_model_s_own_arrays(name):
    model = MODELS[name]()
    rng = np.random.default_rng(3)
    points = {key: rng.uniform(0.1, 0.9, shape) for key, shape in POINTS.items()}
    problem = nt.problem(EQUATION, variables=["x", "t"])
    found = nt.audit(model, problem, points, kernel_by_jax(model, points), rtol=1e-10)
    assert found.comparison.agrees, found.comparison.sentence


def adapted(invert=False):
    first = layers.Normalization(invert=invert)
    first.adapt(np.random.default_rng(2).normal(0.4, 2.0, (9, 2)))
    return stack(first)


#: Whose values, and those of a copy with other numbers, are the network's.
MORE = {
    "adapted": adapted,
    "adapted, inverse": lambda: adapted(invert=True),
    "a Sequential inside": lambda: keras.Sequential(
        [layers.Input((2,)), keras.Sequential([layers.Dense(6, "silu")]), layers.Dense(1)]
    ),
    "ReLU": lambda: keras.Sequential([layers.Input((2,)), layers.Dense(6), layers.ReLU(), layers.Dense(1)]),
}


@pytest.mark.parametrize("name", MORE)
def test_the_values_are_the_network_s_at_other_numbers_too(name):
    drawn = as_model(MORE[name]()).drawn(5)
    at = np.random.default_rng(1).uniform(size=(6, 2))
    np.testing.assert_allclose(values_of(drawn, at), np.asarray(drawn.made()(at)), rtol=1e-12)


def test_get_weights_is_the_same_network():
    model = stack()
    _, parameters = nt.from_weights(model.get_weights(), activation="silu", variables=("x", "t"))
    for mine, theirs in zip(parameters.blocks(), as_model(model).parameters.blocks(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_model_is_made_again_with_other_numbers():
    drawn = as_model(stack()).drawn(1)
    again = as_model(drawn.made())
    for mine, theirs in zip(drawn.parameters.blocks(), again.parameters.blocks(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-14)


def shared():
    x, twice = keras.Input((2,)), layers.Dense(8, activation="silu")
    h = layers.Dense(8, activation="silu")(x)
    return keras.Model(x, layers.Dense(1)(twice(twice(h))))


def constrained():
    x = keras.Input((2,))
    return keras.Model(x, layers.Dense(1)(layers.Dense(8, activation="silu")(x)) * x[:, :1])


def skipping():
    x = keras.Input((2,))
    h = layers.Add()([layers.Dense(8, activation="silu")(x), layers.Dense(8)(x)])
    return keras.Model(x, layers.Dense(1)(h))


@pytest.mark.parametrize(
    ("build", "word"),
    [
        (shared, "no layer used twice"),
        (constrained, "arithmetic on outputs"),
        (lambda: keras.Sequential([*stack().layers, layers.Activation("silu")]), "without activation"),
        (skipping, "Add, which is not read"),
        (lambda: keras.Sequential([layers.Dense(8, activation="silu"), layers.Dense(1)]), "no arrays yet"),
        (lambda: stack(layers.Dense(3), layers.Rescaling(2.0)), "Activation, ReLU, and Rescaling"),
    ],
)
def test_what_is_no_plain_stack_is_refused(build, word):
    with pytest.raises(nt.errors.InputError, match=word):
        as_model(build())


def test_single_precision_is_seen():
    assert not as_model(stack()).is_single
    keras.config.set_dtype_policy("float32")
    assert as_model(stack()).is_single
