"""Problems with a mirror symmetry: one half is trained, and the whole is judged."""

from __future__ import annotations

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.empirical.jets import jets
from ntk_theory.errors import InputError
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.loading import from_table
from ntk_theory.training import laziness, train
from ntk_theory.training.verdict import Ending, judge


@pytest.fixture(scope="module")
def run():
    """Burgers' shock on its right half."""
    return train("burgers-shock-100", points=120, until=60, seed=1)


def test_one_half_is_trained_and_both_sides_have_values(run):
    assert str(run.mirror) == "u odd about x = 0"
    assert all(array[..., 0].min() >= 0 for array in run.points.values())
    assert list(run.group_losses) == ["initial", "ends", "mirror_u_0", "f"]
    assert "u odd about x = 0" in str(run.brief())
    assert run.summary()["mirror"] == "u odd about x = 0"
    x = np.array([[0.3, 0.4], [0.9, 1.0]])
    near, far = (jets(run.network, run.parameters, x * [s, 1], [Slot("u", (0, 0))]) for s in (1, -1))
    np.testing.assert_array_equal(far, -near)
    # The error is that on the reference's whole grid.
    grid = nt.training.solution.TestGrid.of(nt.zoo("burgers-shock-100"))
    assert grid.points[:, 0].min() == -1
    assert run.error == grid.error(nt.zoo("burgers-shock-100"), run.network, run.parameters)


def test_laziness_is_that_of_the_half(run):
    assert np.isfinite(laziness("burgers-shock-100", run).kernel_drift)


def test_when_the_whole_is_trained():
    for arguments in (
        {"mirror": False},
        {"method": "adam"},
        {"points": nt.draw_points("burgers-shock-100", 20)},
    ):
        assert train("burgers-shock-100", until=1, evidence=False, **arguments).mirror is None
    assert train("kdv-cosine", points=20, until=1, evidence=False).mirror is None
    own = {"initial": 1.0, "period": 1.0, "period_x": 1.0, "f": 1.0}
    assert train("allen-cahn-interfaces", points=20, until=1, evidence=False, weights=own).mirror is None


def test_a_half_that_is_asked_for_and_cannot_be():
    with pytest.raises(InputError, match="kdv-cosine has no mirror symmetry that could be proved"):
        train("kdv-cosine", mirror=True)
    with pytest.raises(InputError, match="adam is no least-squares method"):
        train("burgers-shock-100", method="adam", mirror=True)
    with pytest.raises(InputError, match="continuation is given"):
        train("burgers-shock-100", continuation={"nu": 0.1}, mirror=True)


def test_a_network_of_ones_own_is_one_half():
    problem = nt.zoo("burgers-shock-100")
    network = nt.Network(problem.variables, problem.fields, width=8, depth=2)
    assert train(problem, network, points=20, until=1, evidence=False).mirror is None
    folded = train(problem, network, points=20, until=1, evidence=False, mirror=True).network
    assert folded.widths == (8, 8)
    assert folded.fold is not None


def test_a_half_may_have_one_solution_where_its_whole_has_many():
    """u'' = cos πx with u' = 0 at both ends: up to a constant; the odd one is not *the* solution."""
    problem = from_table(
        {
            "variables": ["x"],
            "equations": ["u_xx = cos(pi*x)"],
            "domain": {"x": [0, 1]},
            "conditions": [{"name": "flux", "equation": "u_x = 0", "on": [{"x": 0}, {"x": 1}]}],
        }
    )
    found = train(problem, until={"cpu": 2.0})
    assert str(found.mirror) == "u odd about x = 1/2"
    assert judge(found).ending is Ending.UNDERDETERMINED


def test_a_checkpoint_goes_on(tmp_path):
    whole = train("burgers-shock-100", points=30, until=6, evidence=False)
    path = tmp_path / "run.npz"
    train("burgers-shock-100", points=30, until=3, evidence=False, checkpoint=path)
    again = train("burgers-shock-100", points=30, until=6, evidence=False, checkpoint=path)
    np.testing.assert_array_equal(again.parameters.flatten(), whole.parameters.flatten())
    assert again.mirror == whole.mirror
