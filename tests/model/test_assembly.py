"""Assembly against dense linear algebra: random Jacobians stand in for any network."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from model_problems import SPACE, U_X, U, equation, kdv, system, value

from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.model.assembly import (
    Rows,
    assemble,
    assemble_contracted,
    fold_kernel,
    linearise,
    network_jets,
    residuals,
    row_kernel,
    stack_rows,
)
from ntk_theory.model.lowering import lower_problem
from ntk_theory.model.points import draw_points
from ntk_theory.symbolic.problem import Problem

PROBLEMS = {"kdv": kdv(), "system": system()}
COUNTS = {
    "kdv": {"initial": 2, "ends": 3, "slope": 1, "periodic": 2, "f": 4},
    "system": {"b1": 2, "b2": 3, "f1": 2, "f2": 4},
}


def rows_of(name: str) -> Rows:
    return stack_rows(lower_problem(PROBLEMS[name]), draw_points(PROBLEMS[name], COUNTS[name], seed=3))


def dense(rows: Rows, weights: np.ndarray, jacobian: np.ndarray, epsilon: float, rate: float) -> np.ndarray:
    """K = J Jᵀ, J_r = Σ_α w_αr ε ∂S_αr/∂θ, with one more column √η_c w_{i0} per field; legs added."""
    hidden = epsilon * np.einsum("ar,arp->rp", weights, jacobian)
    fields = rows.problem.space.fields
    bias = np.zeros((len(rows.points), len(fields)))
    for k in rows.value_slots:
        bias[:, fields.index(rows.slots[k].field)] += np.sqrt(rate) * weights[k]
    full = np.concatenate([hidden, bias], axis=1)
    summed = [
        sum(full[leg.rows] for leg in rows.legs if leg.group == number)
        for number in range(len(rows.problem.groups))
    ]
    stacked = np.concatenate(summed)
    return stacked @ stacked.T


@pytest.mark.parametrize("rate", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("name", PROBLEMS)
def test_blocks_are_those_of_the_jacobian(name: str, rate: float) -> None:
    rows, rng = rows_of(name), np.random.default_rng(1)
    a, r = len(rows.slots), len(rows.points)
    jacobian = rng.normal(size=(a, r, 40))
    jet_ntk = np.einsum("arp,bsp->arbs", jacobian, jacobian)
    weights = linearise(rows, rng.normal(size=(a, r))).weights
    kernel = assemble(rows, weights, jet_ntk, 0.3, rate, metadata={"seed": 1})
    wanted = dense(rows, weights, jacobian, 0.3, rate)
    np.testing.assert_allclose(kernel.matrix, wanted, rtol=0, atol=1e-13 * np.abs(wanted).max())
    assert [group.size for group in kernel.groups] == list(COUNTS[name].values())
    assert kernel.metadata == {"seed": 1}
    contracted = np.einsum("ar,arbs,bs->rs", weights, jet_ntk, weights)
    second = assemble_contracted(rows, weights, contracted, 0.3, rate)
    np.testing.assert_allclose(second.matrix, wanted, rtol=0, atol=1e-13 * np.abs(wanted).max())


def test_every_wrong_ingredient_shows() -> None:
    """Negative control: the comparison above fails for a wrong ε, a wrong rate and a wrong weight."""
    rows, rng = rows_of("kdv"), np.random.default_rng(1)
    a, r = len(rows.slots), len(rows.points)
    jacobian = rng.normal(size=(a, r, 40))
    jet_ntk = np.einsum("arp,bsp->arbs", jacobian, jacobian)
    weights = linearise(rows, rng.normal(size=(a, r))).weights
    wanted = dense(rows, weights, jacobian, 0.3, 1.0)
    for epsilon, rate, wrong in ((0.31, 1.0, weights), (0.3, 0.0, weights), (0.3, 1.0, 1.01 * weights)):
        found = assemble(rows, wrong, jet_ntk, epsilon, rate).matrix
        assert np.linalg.norm(found - wanted) > 1e-3 * np.linalg.norm(wanted)


def test_a_batch_of_weights_gives_the_same_as_each_alone() -> None:
    rows, rng = rows_of("kdv"), np.random.default_rng(2)
    a, r = len(rows.slots), len(rows.points)
    factor = rng.normal(size=(a * r, a * r))
    jet_ntk = (factor @ factor.T).reshape(a, r, a, r)
    weights = linearise(rows, rng.normal(size=(a, 3, r))).weights
    batch = fold_kernel(rows, row_kernel(rows, weights, jet_ntk, 0.7))
    assert batch.shape == (3, 12, 12)
    for k in range(3):
        np.testing.assert_array_equal(batch[k], assemble(rows, weights[:, k], jet_ntk, 0.7).matrix)


def test_weights_are_zero_for_slots_that_a_leg_lacks() -> None:
    rows = rows_of("kdv")
    weights = linearise(rows, np.full((5, len(rows.points)), 2.0)).weights
    assert [leg.stop - leg.start for leg in rows.legs] == [2, 3, 1, 2, 2, 4]
    names = [SPACE.name(slot) for slot in rows.slots]
    first, *_, left, right, f = (dict(zip(names, weights[:, leg.start], strict=True)) for leg in rows.legs)
    assert first == {"u": 1, "u_x": 0, "u_t": 0, "u_xx": 0, "u_xxx": 0}
    assert left == {"u": 2, "u_x": 2, "u_t": 0, "u_xx": 0, "u_xxx": 0}
    assert right == {"u": -1, "u_x": 0, "u_t": 0, "u_xx": -1, "u_xxx": 0}
    assert f == {"u": 2, "u_x": 2, "u_t": 1, "u_xx": 0, "u_xxx": 1}


def test_the_output_bias_of_a_periodic_pair_cancels() -> None:
    """F_0 is summed over the legs: u(p_1) − u(p_2) does not see the output bias."""
    kdv_problem = kdv()
    pair = kdv_problem.conditions[3]
    legs = tuple(type(leg)(SPACE, sign * U) for leg, sign in zip(pair.legs, (1, -1), strict=True))
    periodic = type(pair)("periodic", pair.kind, legs, faces=pair.faces)
    problem = Problem(SPACE, (equation(U),), (periodic,), kdv_problem.domain)
    rows = stack_rows(lower_problem(problem), draw_points(problem, 3))
    weights = linearise(rows, np.zeros((1, 9))).weights
    kernel = assemble(rows, weights, np.zeros((1, 9, 1, 9)), 1.0, 1.0)
    assert not kernel.matrix[:3].any()
    assert kernel.matrix[3:, 3:].all()
    assert row_kernel(rows, weights, np.zeros((1, 9, 1, 9)), 1.0, 1.0)[:6, :6].any()


def test_network_jets_add_the_output_bias_to_values_only() -> None:
    rows = rows_of("system")
    scaled = np.ones((6, len(rows.points)))
    jets = network_jets(rows, scaled, 0.25, np.array([10.0, 20.0]))
    by_name = {rows.problem.space.name(s): jets[k, 0] for k, s in enumerate(rows.slots)}
    assert by_name == {"u": 10.25, "u_t": 0.25, "u_xx": 0.25, "v": 20.25, "v_x": 0.25, "v_t": 0.25}
    np.testing.assert_array_equal(network_jets(rows, scaled, 0.25, None), 0.25 * scaled)
    batch = network_jets(rows, np.ones((6, 2, len(rows.points))), 1.0, np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert batch[0, :, 0].tolist() == [2, 3]  # u of the two samples
    assert not scaled[0, 0] - 1  # the argument is left alone


def test_residuals_subtract_the_targets() -> None:
    rows = rows_of("kdv")
    values = linearise(rows, np.full((5, len(rows.points)), 2.0)).values
    found = residuals(rows, values)
    assert found[:2] == pytest.approx(2 - np.sin(rows.points[:2, 0]))
    assert found[2:].tolist() == [2, 2, 2, 2, 4 - 4, 4 - 4, 8, 8, 8, 8]


def test_bad_shapes_and_values_are_refused() -> None:
    rows = rows_of("kdv")
    jets = np.zeros((5, len(rows.points)))
    with pytest.raises(InputError, match=r"jets has shape \(4, "):
        linearise(rows, jets[:4])
    with pytest.raises(InputError, match="jet_ntk has shape"):
        row_kernel(rows, jets, np.zeros((5, 2, 5, 2)), 1.0)
    with pytest.raises(InputError, match="contracted has shape"):
        assemble_contracted(rows, jets, np.zeros((2, 2)), 1.0)
    jets[3, 9] = np.nan
    with pytest.raises(NonFiniteError, match="slot u_xx, group 'periodic', point 1"):
        linearise(rows, jets)
    with pytest.raises(InputError, match="lacks the group 'ends'"):
        stack_rows(rows.problem, {"initial": np.zeros((1, 2))})


def test_overflow_in_a_kernel_is_reported_not_returned() -> None:
    problem = Problem(SPACE, (equation(sp.exp(U) * U_X),), (value(),))
    rows = stack_rows(lower_problem(problem), {"b": np.zeros((1, 2)), "f": np.zeros((1, 2))})
    jets = np.array([[0.0, 709.0], [1.0, 0.5]])
    weights = linearise(rows, jets).weights  # finite, but their squares are not
    with pytest.raises(NonFiniteError, match="block f,f is inf at points 0 and 0"):
        assemble(rows, weights, np.ones((2, 2, 2, 2)), 1.0)
    with pytest.raises(NonFiniteError, match="group 'f' at point 0"):
        linearise(rows, np.array([[0.0, 720.0], [1.0, 0.5]]))
