"""Networks folded about a mirror: jets, kernels and products on both sides of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.empirical.hessian import Curvature
from ntk_theory.empirical.jet_ntk import jet_ntk
from ntk_theory.empirical.jets import jets, scaled_jets
from ntk_theory.empirical.ntk import ntk
from ntk_theory.empirical.residuals import residuals
from ntk_theory.errors import InputError
from ntk_theory.limit.recursion import first_layer
from ntk_theory.model.fold import Fold
from ntk_theory.model.network import Network
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.loading import from_table
from ntk_theory.training.objective import Objective

#: One side: u odd and w even about x = 1.
SIDE = Network(
    ("x", "t"), ("u", "w"), width=(5, 4), input_map={"x": (1, 3), "t": (0, 2)}, output_bias="normal"
)
FOLDED = replace(SIDE, fold=Fold("x", 1.0, (-1, 1)))
THETA = FOLDED.init(3)
NEAR = np.array([[1.3, 0.5], [2.2, 1.1]])
FAR = NEAR * [-1, 1] + [2, 0]
SLOTS = [Slot("u", (0, 0)), Slot("u", (1, 0)), Slot("u", (0, 2)), Slot("w", (0, 0)), Slot("w", (1, 1))]
#: σ_i (−1)^{α_x}.
PARITIES = np.array([-1, 1, -1, 1, -1])

PROBLEM = from_table(
    {
        "fields": ["u", "w"],
        "variables": ["x", "t"],
        "equations": ["u_t + u*w_x - u_xx + x = 0", "w_t - u_x^2 + x*w = 0"],
        "domain": {"x": [-1, 3], "t": [0, 2]},
        "conditions": [
            {"name": "initial", "equation": "u = x", "on": [{"t": 0}]},
            {"name": "period", "equation": "w", "periodic": [{"x": -1}, {"x": 3}]},
        ],
    }
)
POINTS = {
    "initial": np.array([[-0.5, 0.0], [1.5, 0.0]]),
    "period": np.array([[[-1.0, 0.3], [3.0, 0.3]]]),
    "f1": FAR,
    "f2": np.concatenate([NEAR, FAR]),
}


def stacked(theta):
    return np.concatenate(list(residuals(PROBLEM, FOLDED, theta, POINTS).values()))


@pytest.fixture(scope="module")
def jacobian():
    """∂R/∂θ by central differences, whose own error is about 1e-9."""
    flat, h = THETA.flatten(), 1e-6
    steps = h * np.eye(flat.size)
    return np.array(
        [(stacked(THETA.replaced(flat + e)) - stacked(THETA.replaced(flat - e))) / (2 * h) for e in steps]
    ).T


def test_jets_are_reflected():
    near = jets(SIDE, THETA, NEAR, SLOTS)
    np.testing.assert_array_equal(jets(FOLDED, THETA, NEAR, SLOTS), near)
    np.testing.assert_allclose(jets(FOLDED, THETA, FAR, SLOTS), PARITIES[:, None] * near, rtol=1e-13)


def test_derivatives_beyond_the_mirror_are_those_of_the_function():
    h = 1e-5
    for k, index in ((0, (1, 0)), (3, (1, 1))):
        field = SLOTS[k].field
        lower = [Slot(field, (0, index[1]))]
        ends = [jets(FOLDED, THETA, FAR + np.array([s * h, 0.0]), lower)[0] for s in (1, -1)]
        found = jets(FOLDED, THETA, FAR, [Slot(field, index)])[0]
        np.testing.assert_allclose(found, (ends[0] - ends[1]) / (2 * h), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("path", ["jet", "contracted"])
def test_kernel_on_both_sides(jacobian, path):
    kernel = ntk(PROBLEM, FOLDED, THETA, POINTS, path=path).matrix
    np.testing.assert_allclose(kernel, jacobian @ jacobian.T, rtol=1e-6, atol=1e-7)


def test_products_and_kernels_of_training(jacobian):
    objective, theta = Objective.of(PROBLEM, FOLDED, THETA, POINTS), THETA.flatten()
    values = stacked(THETA)
    direction = np.cos(np.arange(theta.size))
    here = objective.at(theta)
    wanted = jacobian @ jacobian.T
    np.testing.assert_allclose(objective.jacobian(theta)[1], jacobian, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(objective.gradient(theta)[1], jacobian.T @ values, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(
        here.jvp(THETA.replaced(direction)), jacobian @ direction, rtol=1e-6, atol=1e-7
    )
    np.testing.assert_allclose(objective.kernel(theta).matrix, wanted, rtol=1e-6, atol=1e-7)
    _, gradient, kernel = objective.gradient_and_kernel(theta)
    np.testing.assert_allclose(gradient, jacobian.T @ values, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(kernel.matrix, wanted, rtol=1e-6, atol=1e-7)
    # F_α itself stays the derivative by the jets of the function: by w_x in f1 it is u.
    weights = here.linearisation.weights[here.residuals.rows.slots.index(Slot("w", (1, 0)))]
    at = slice(sum(len(POINTS[n]) for n in ("initial",)) + 2, None)
    u = jets(FOLDED, THETA, FAR, [Slot("u", (0, 0))])[0]
    np.testing.assert_allclose(weights[at][: len(FAR)], u, rtol=1e-13)


def test_a_file_keeps_the_fold(tmp_path):
    nt.save(tmp_path / "network.npz", FOLDED, THETA)
    network, parameters = nt.load(tmp_path / "network.npz")
    assert network == FOLDED
    np.testing.assert_array_equal(parameters.flatten(), THETA.flatten())


def test_what_knows_one_side_only_says_so():
    for refused in (
        lambda: jet_ntk(FOLDED, THETA, FAR, SLOTS),
        lambda: scaled_jets(FOLDED, THETA, FAR, SLOTS),
        lambda: Curvature.of(PROBLEM, FOLDED, THETA, POINTS),
    ):
        with pytest.raises(InputError, match="mirror of a network that is folded about x = 1"):
            refused()
    with pytest.raises(InputError, match="limit laws are those of plain networks"):
        first_layer(FOLDED)
    assert np.array_equal(scaled_jets(FOLDED, THETA, NEAR, SLOTS), scaled_jets(SIDE, THETA, NEAR, SLOTS))


@pytest.mark.parametrize(
    ("fold", "word"),
    [
        (Fold("y", 0.0, (1, 1)), "one of the variables x, t"),
        (Fold("x", 0.0, (1,)), "a sign for each of u, w"),
    ],
)
def test_a_fold_fits_its_network(fold, word):
    with pytest.raises(InputError, match=word):
        replace(SIDE, fold=fold)


@pytest.mark.parametrize(("centre", "signs"), [(float("nan"), (1,)), (0.0, (2,))])
def test_a_fold_has_a_place_and_signs(centre, signs):
    with pytest.raises(InputError, match="it needs a finite number, and 1 or -1"):
        Fold("x", centre, signs)
