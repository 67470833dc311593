"""The slow reference against SymPy's own differentiation, and the fast paths against it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from model_problems import SPACE, U_T, U_X, U_XX, U_XXX, T, U, X, equation, jet_problem, kdv, system, value

from ntk_theory.empirical.jet_ntk import jet_ntk
from ntk_theory.empirical.ntk import ntk
from ntk_theory.empirical.reference import reference_jacobian, reference_jets, reference_kernel
from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.model.assembly import assemble, linearise, stack_rows
from ntk_theory.model.lowering import lower_problem
from ntk_theory.model.network import Network
from ntk_theory.model.points import draw_points
from ntk_theory.setting.activations import ACTIVATIONS
from ntk_theory.setting.output_bias import OUTPUT_BIASES
from ntk_theory.symbolic.jets import JetSpace, Slot
from ntk_theory.symbolic.problem import Problem

POINTS = {"b": np.array([[0.5, 0.2]]), "f": np.array([[0.1, -0.7], [0.9, 0.3]])}


def relative(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def symbolic_jacobian(
    operator: sp.Expr, point: np.ndarray, network: Network, theta: np.ndarray
) -> list[float]:
    """∂F/∂θ with the network written out as one SymPy expression and differentiated by SymPy."""
    n = network.widths[0]
    w, b = sp.symbols(f"w:{2 * n}", real=True), sp.symbols(f"b:{n}", real=True)
    a, c = sp.symbols(f"a:{n}", real=True), sp.Symbol("c", real=True)
    s = sp.Rational(network.exponent.numerator, network.exponent.denominator)
    hidden = [sp.tanh(w[2 * k] * X + w[2 * k + 1] * T + b[k]) for k in range(n)]
    u = sum(sp.Integer(n) ** -s * a[k] * hidden[k] for k in range(n)) + c
    jets = {U_XXX: u.diff(X, 3), U_XX: u.diff(X, 2), U_X: u.diff(X), U_T: u.diff(T), U: u}
    residual = operator.xreplace(jets)
    numbers = dict(zip([*w, *b, *a, c], map(sp.Float, theta), strict=True)) | {
        X: sp.Float(point[0]),
        T: sp.Float(point[1]),
    }
    return [float(residual.diff(p).xreplace(numbers).evalf(30)) for p in [*w, *b, *a, c]]


def test_the_reference_is_what_sympy_differentiates() -> None:
    expression = U_T + U * U_X + U_XXX + X * sp.sin(U)
    problem = Problem(SPACE, (equation(expression),), (value(),))
    network = Network(SPACE.variables, SPACE.fields, 2, s="3/4")
    parameters = network.init(seed=1)
    found = reference_jacobian(problem, network, parameters, POINTS)
    theta = parameters.flatten()
    wanted = [symbolic_jacobian(U, POINTS["b"][0], network, theta)]
    wanted += [symbolic_jacobian(expression, point, network, theta) for point in POINTS["f"]]
    np.testing.assert_allclose(found, np.array(wanted), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(
        reference_kernel(problem, network, parameters, POINTS), found @ found.T, rtol=1e-13
    )


def test_the_identity_of_the_calculus_holds_exactly_at_finite_width() -> None:
    """K = ε² Σ F_α F_β T_αβ + Σ F_0 F_0' (THEORY §3), with T from the reference itself: assembly is exact."""
    for problem, counts in ((kdv(), 2), (system(), 2)):
        network = Network(
            problem.variables,
            problem.fields,
            (3, 2),
            s="2/5",
            output_bias="normal",
            input_map={"x": (-1, 3), "t": (0, 2)},
        )
        parameters = network.init(seed=3)
        points = draw_points(problem, counts, seed=1)
        rows = stack_rows(lower_problem(problem), points)
        single = jet_problem(problem.space, rows.slots)
        everywhere = {group.name: rows.points for group in single.groups}
        jacobian = reference_jacobian(single, network, parameters, everywhere)[:, : -len(problem.fields)]
        n = len(rows.points)
        scaled = (jacobian / network.epsilon).reshape(len(rows.slots), n, -1)
        t = np.einsum("arp,bsp->arbs", scaled, scaled)
        weights = linearise(rows, reference_jets(network, parameters, rows.points, rows.slots)).weights
        kernel = assemble(rows, weights, t, network.epsilon, 1.0)
        assert relative(kernel.matrix, reference_kernel(problem, network, parameters, points)) <= 1e-13
        fast = jet_ntk(network, parameters, rows.points, rows.slots)
        assert relative(fast, t) <= 1e-12


LEAVES = (U, U_X, U_T, U_XX, U_XXX, X)


@st.composite
def operators(draw: st.DrawFn) -> sp.Expr:
    """Sums of products of jets, smooth functions and powers; at least one jet."""
    total = draw(st.sampled_from(LEAVES[:-1]))
    for _ in range(draw(st.integers(0, 3))):
        term: sp.Expr = sp.Rational(draw(st.integers(-6, 6)), 3)
        for _ in range(draw(st.integers(1, 3))):
            leaf = draw(st.sampled_from(LEAVES))
            wrap = draw(st.sampled_from(["id", "sin", "tanh", "square", "root", "abs", "quotient"]))
            term *= {
                "id": leaf,
                "sin": sp.sin(leaf),
                "tanh": sp.tanh(leaf),
                "square": leaf**2,
                "root": sp.sqrt(1 + leaf**2),
                "abs": sp.Abs(leaf) ** sp.Rational(3, 2),
                "quotient": 1 / (2 + leaf**2),
            }[wrap]
        total += term
    return total if SPACE.slots_of(total) else total + U


@st.composite
def networks(draw: st.DrawFn) -> Network:
    widths = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    smooth = sorted(name for name, line in ACTIVATIONS.items() if line.is_smooth)
    return Network(
        SPACE.variables,
        SPACE.fields,
        widths,
        s=draw(st.sampled_from(["1/4", "1/2", "3/4", "1"])),
        activation=draw(st.sampled_from([*smooth, "relu^4", "relu^5"])),
        output_bias=draw(st.sampled_from(list(OUTPUT_BIASES))),
        input_map=draw(st.sampled_from([None, {"x": (-2, 1), "t": (0, 3)}])),
    )


@pytest.mark.properties
@settings(max_examples=60, deadline=None, derandomize=True)
@given(operators(), networks(), st.integers(0, 10_000))
def test_random_operators_networks_and_points(expression: sp.Expr, network: Network, seed: int) -> None:
    problem = Problem(SPACE, (equation(expression),), (value(),))
    rng = np.random.default_rng(seed)
    points = {"b": rng.normal(size=(1, 2)), "f": rng.normal(size=(2, 2))}
    parameters = network.init(seed)
    wanted = reference_kernel(problem, network, parameters, points)
    scale = max(np.linalg.norm(wanted), 1e-12)
    for path in ("jet", "contracted"):
        found = ntk(problem, network, parameters, points, path=path).matrix
        assert np.linalg.norm(found - wanted) <= 1e-10 * scale
        assert np.abs(found - found.T).max() <= 1e-12 * np.abs(found).max()
        eigenvalues = np.linalg.eigvalsh(found)
        assert eigenvalues[0] >= -1e-10 * eigenvalues[-1]


def test_many_variables_and_high_mixed_orders() -> None:
    space = JetSpace(("u",), ("x", "y", "z", "t"))
    slots = (Slot("u", (2, 2, 2, 2)), Slot("u", (8, 0, 0, 0)), Slot("u", (1, 0, 3, 1)))
    network = Network(space.variables, space.fields, (2, 2), activation="sin")
    parameters = network.init(seed=2)
    points = np.array([[0.1, 0.2, -0.3, 0.4]])
    wanted: Any = reference_kernel(
        jet_problem(space, slots), network, parameters, {f"j{k}": points for k in range(3)}
    )
    found = network.epsilon**2 * jet_ntk(network, parameters, points, slots).reshape(3, 3)
    np.testing.assert_allclose(found, wanted, rtol=1e-10)


def test_what_the_reference_cannot_evaluate_is_an_error() -> None:
    network = Network(SPACE.variables, SPACE.fields, 2)
    parameters = network.init(seed=0)
    nu = sp.Symbol("nu", real=True)
    problem = Problem(SPACE, (equation(U_T - nu * U_XX),))
    with pytest.raises(InputError, match="'nu' has no value"):
        reference_jacobian(problem, network, parameters, POINTS)
    given_nu = reference_jacobian(problem, network, parameters, POINTS, {"nu": 2})
    by_hand = reference_jacobian(Problem(SPACE, (equation(U_T - 2 * U_XX),)), network, parameters, POINTS)
    np.testing.assert_array_equal(given_nu, by_hand)
    with pytest.raises(NonFiniteError, match="residual"):
        reference_jacobian(Problem(SPACE, (equation(sp.log(-sp.Abs(U))),)), network, parameters, POINTS)
