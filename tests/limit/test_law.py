"""The limit law: sampler against exact moments, deterministic and rescaled limits, bad input."""

import dataclasses
import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from limit_statistics import mean_p_value
from strategies import operators

import ntk_theory as nt
from ntk_theory.errors import InputError, NonFiniteError, ResourceError, SmoothnessError
from ntk_theory.limit import limit_law
from ntk_theory.limit.wick import terms_of
from ntk_theory.model.network import Network
from ntk_theory.symbolic.reading import problem

SAMPLES = 4000


def law_of(what, output_bias="zero", activation="erf", counts=2, depth=1, **options):
    case = problem(what)
    network = Network(case.variables, case.fields, 8, depth, activation=activation, output_bias=output_bias)
    rng = np.random.default_rng(5)
    points = {group.name: rng.uniform(-1, 1, (counts, len(case.variables))) for group in case.groups}
    return limit_law(case, network, points, **options)


def upper(matrices):
    rows, columns = np.triu_indices(matrices.shape[-1])
    return matrices[..., rows, columns]


@pytest.mark.statistics
@pytest.mark.parametrize("bias", ["zero", "normal", "none"])
@pytest.mark.parametrize(
    "text",
    [
        "u_t - u_xx",
        "u_t + u*u_x + u_xxx",
        "u_tt - u_xx + sin(u)",
        "u_x^2 + u_t^2 - 1",
        "u_t - u_xx + exp(u/2)",
        "u_t + x*u^2*u_x + cos(2*u + u_x)",
        "u_t - v_x*u; v_t - u_x*v + v^2",
    ],
)
def test_sampler_has_the_exact_mean(text, bias):
    # Isserlis against 4000 draws; under the law the test fails with probability 0.001.
    law = law_of(text, bias)
    for epsilon in (0.4, 1.0):
        sample = law.sample(epsilon, SAMPLES, seed=3)
        assert mean_p_value(upper(sample.matrix), upper(law.mean(epsilon).matrix)) > 0.001
        if not all(law.is_affine(g.name) for g in law.problem.groups):
            wrong = upper(law.mean(epsilon * 1.3).matrix)
            assert mean_p_value(upper(sample.matrix), wrong) < 1e-6


@pytest.mark.statistics
def test_sampled_fields_have_the_covariance():
    law = law_of("u_t - v_x*u; v_t - u_x*v")
    fields = np.moveaxis(law.sample_jets(SAMPLES, 1), 0, 1).reshape(SAMPLES, -1)
    size = fields.shape[1]
    rows, columns = np.triu_indices(size)
    products = fields[:, rows] * fields[:, columns]
    assert mean_p_value(products, law.covariance.reshape(size, size)[rows, columns]) > 0.001
    assert mean_p_value(products, 1.2 * law.covariance.reshape(size, size)[rows, columns]) < 1e-6


def test_mean_of_a_quadratic_by_hand():
    # F = u²/2 at one point: F_0 = u = εG, K = ε² E[u²] T + E[u²] = ε²Σ (ε² T + 1).
    law = law_of("u^2/2", counts=1)
    epsilon = 0.7
    place = 1  # the value group has row 0
    sigma, tangent = law.covariance[0, place, 0, place], law.jet_ntk[0, place, 0, place]
    by_hand = epsilon**2 * sigma * (epsilon**2 * tangent + 1)
    assert law.mean(epsilon)["f,f"].item() == pytest.approx(by_hand, rel=1e-13)
    # with a standard normal output bias, E u² = ε²Σ + 1; without any, no bias term
    normal = law_of("u^2/2", "normal", counts=1)
    by_hand = (epsilon**2 * sigma + 1) * (epsilon**2 * tangent + 1)
    assert normal.mean(epsilon)["f,f"].item() == pytest.approx(by_hand, rel=1e-13)
    none = law_of("u^2/2", "none", counts=1)
    by_hand = epsilon**4 * sigma * tangent
    assert none.mean(epsilon)["f,f"].item() == pytest.approx(by_hand, rel=1e-13)
    # conditional on c = 2: E u² = ε²Σ + 4
    by_hand = (epsilon**2 * sigma + 4) * (epsilon**2 * tangent + 1)
    assert normal.mean(epsilon, bias=[2.0])["f,f"].item() == pytest.approx(by_hand, rel=1e-13)


@pytest.mark.parametrize("text", ["cos(u)", "sin(2*u)", "exp(u)", "u^3*sin(u)", "u^5", "cosh(u)*u"])
def test_mean_at_one_point_by_gauss_hermite(text):
    law = law_of(text, counts=1)
    epsilon = 0.8
    place = 1
    variance = law.covariance[0, place, 0, place]
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    u = epsilon * math.sqrt(variance) * nodes
    (group,) = law.problem.equations
    symbol = law.problem.space.symbol(law.slots[0])
    slope = np.array([float(group.legs[0].gradient[law.slots[0]].subs(symbol, value)) for value in u])
    second = np.sum(weights * slope**2) / weights.sum()
    expected = second * (epsilon**2 * law.jet_ntk[0, place, 0, place] + 1)
    assert law.mean(epsilon)["f,f"].item() == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("text", ["|u|^(1/2)", "atan_like", "log(1 + u_x^2)", "1/(1 + u^2)", "tanh(u)"])
def test_means_that_may_not_exist_are_refused(text):
    if text == "atan_like":
        text = "sqrt(1 + u_x^2)"
    with pytest.raises(InputError, match="not known to exist"):
        law_of(f"u_t + {text}").mean(1.0)


def test_linear_problem_has_a_deterministic_kernel():
    law = law_of("u_t - u_xx + x*u", depth=2, activation="tanh")
    for epsilon in (0.2, 1.0):
        kernel = law.deterministic(epsilon)
        np.testing.assert_allclose(law.mean(epsilon).matrix, kernel, rtol=1e-12)
        np.testing.assert_allclose(law.sample(epsilon, 3, 0).matrix, kernel[None].repeat(3, 0), rtol=1e-12)
    at = law.at(4096, "3/4")
    assert at.epsilon == pytest.approx(4096**-0.25)
    np.testing.assert_array_equal(at.deterministic(), law.deterministic(at.epsilon))
    np.testing.assert_array_equal(at.sample(2, 1).matrix, law.sample(at.epsilon, 2, 1).matrix)
    np.testing.assert_array_equal(at.mean().matrix, law.mean(at.epsilon).matrix)


def test_deterministic_blocks_of_a_nonlinear_problem():
    law = law_of("u_t + u*u_x")
    assert law.deterministic(0.5, "b,b").shape == (2, 2)
    with pytest.raises(InputError, match="not affine"):
        law.deterministic(0.5, "b,f")


def test_rescaled_and_frozen_limits_are_approached():
    # K(ε) = ε² (rescaled + O(ε)) + frozen + O(ε): here F_0 = cos c and the derivative parts are linear.
    law = law_of("u_tt - u_xx + sin(u)", "normal", activation="tanh")
    c, epsilon = 0.9, 1e-4
    sample = law.sample(epsilon, 1, 0, bias=[c]).matrix[0]
    np.testing.assert_allclose(sample, law.frozen(bias=[c]).matrix, atol=1e-3)
    assert law.frozen(bias=[c])["f,f"] == pytest.approx(math.cos(c) ** 2)
    without = dataclasses.replace(law, network=dataclasses.replace(law.network, output_bias="none"))
    scaled = without.sample(epsilon, 1, 0).matrix[0] / epsilon**2
    np.testing.assert_allclose(scaled, without.rescaled().matrix, rtol=1e-3, atol=1e-3)
    assert not without.frozen().matrix.any()
    with pytest.raises(InputError, match="bias is missing"):
        law.rescaled()


def test_legs_and_repeated_points():
    # A periodic pair u(p1) − u(p2) whose legs coincide has the kernel 0 for every ε.
    space = nt.parse("u_x", variables=("x", "t")).space
    u = space.symbol(space.value("u"))
    case = problem("u_x + u_t")
    legs = (nt.Operator(space, u), nt.Operator(space, -u))
    kind = type(case.equations[0].kind)
    group = dataclasses.replace(case.equations[0], name="periodic", kind=kind.CONDITION, legs=legs)
    case = dataclasses.replace(case, conditions=(*case.conditions, group))
    x = np.random.default_rng(0).uniform(size=(2, 2))
    points = {g.name: x for g in case.groups}
    points["periodic"] = np.stack([x, x], axis=1)
    law = limit_law(case, Network(("x", "t"), ("u",), 8), points)
    assert len(law.jets.covariance[0]) == 2
    assert abs(law.sample(1.0, 2, 0)["periodic,f"]).max() < 1e-12


def test_samples_repeat_and_differ_by_seed():
    law = law_of("u_t + u*u_x", "normal")
    first, again, other = (law.sample(0.5, 40, seed).matrix for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
    three = law.sample(0.5, 3, 0)
    np.testing.assert_array_equal(three["f,b"], np.swapaxes(three["b,f"], 1, 2))
    assert len(three) == 3
    assert three.kernel(2)["f,f"].shape == (2, 2)


@pytest.mark.properties
@settings(max_examples=15)
@given(operators(max_terms=3), st.sampled_from(["zero", "normal", "none"]))
def test_every_sample_is_symmetric_and_positive_semidefinite(text, bias):
    try:
        case = problem(text, variables=("x", "t"), fields=("u",))
    except InputError:
        assume(False)  # terms that cancel to nothing are no operator
    matrices = law_of(case, bias).sample(0.5, 6, 0).matrix
    for matrix in matrices:
        scale = np.sqrt(np.maximum(matrix.diagonal(), 1e-300))
        assert np.allclose(matrix, matrix.T, rtol=1e-12, atol=0)
        assert np.linalg.eigvalsh(matrix / scale[:, None] / scale)[0] > -1e-9


def test_terms_are_read_exactly():
    operator = nt.parse("x*u^2*u_x + sin(u)*u_x", variables=("x", "t"))
    slots = operator.slots
    u, u_x = (operator.space.symbol(slot) for slot in slots)
    terms = terms_of(operator.expression, operator.space, slots)
    total = sum(
        term.coefficient
        * sp.Mul(*[(u, u_x)[k] for k in term.slots])
        * sp.exp(sum(sp.nsimplify(e) * (u, u_x)[k] for k, e in term.exponents))
        for term in terms
    )
    values = {u: 0.3, u_x: -1.2, operator.space.variable("x"): 0.7}
    assert complex(total.subs(values)) == pytest.approx(complex(operator.expression.subs(values)))


def test_bad_arguments_are_refused():
    law = law_of("u_t + u*u_x")
    with pytest.raises(InputError, match="epsilon is 0"):
        law.sample(0.0, 1, 0)
    with pytest.raises(InputError, match="epsilon is nan"):
        law.mean(float("nan"))
    with pytest.raises(InputError, match="size is 0"):
        law.sample(1.0, 0, 0)
    with pytest.raises(InputError, match="one finite number per field"):
        law.sample(1.0, 1, 0, bias=[1.0, 2.0])
    with pytest.raises(InputError, match="output_bias='none'"):
        law_of("u_t", "none").sample(1.0, 1, 0, bias=[1.0])
    with pytest.raises(InputError, match="width is 0"):
        law.at(0, "1/2")
    with pytest.raises(InputError, match="network has variables"):
        limit_law("u_t + u_x", Network(("t", "x"), ("u",), 8))
    with pytest.raises(SmoothnessError, match=r"relu\^3"):
        law_of("u_t - u_xx", activation="relu^2")
    with pytest.raises(ResourceError, match="memory_limit"):
        law_of("u_t - u_xx", counts=100, memory_limit=1e6)
    with pytest.raises(NonFiniteError, match="group 'f'"):
        law_of("u_t + log(u)").sample(1.0, 50, 0)
