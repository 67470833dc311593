"""Points that follow residuals: the same loss by a better quadrature, bit-identical after a kill."""

from dataclasses import replace

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.errors import InputError
from ntk_theory.model.points import draw_points
from ntk_theory.training import GaussNewton, Resample, Until, default_network, train
from ntk_theory.training.adaptive import POOL, adapted_points, chances, systematic
from ntk_theory.training.objective import Objective

SHOCK = "u_t + u*u_x - u_xx/100"


@pytest.fixture(scope="module")
def begun():
    problem = nt.zoo("burgers-shock-100")
    network = default_network(problem)
    counts = {"initial": 40, "ends": 40, "f": 60}
    points = draw_points(problem, counts, 0)
    objective = Objective.of(problem, network, network.init(0), points, "scaled").begun
    method = GaussNewton()
    state = method.begin(objective, objective.template.flatten())
    for _ in range(30):  # 60 residuals, 609 parameters: it meets them and nothing between
        state = method.advance(objective, state)
    return problem, counts, objective, state


def test_points_are_taken_where_the_residual_is_large(begun):
    problem, counts, objective, state = begun
    found = adapted_points(objective, problem, state, counts, 7)
    assert found is not None
    points, emphasis = found
    assert {name: len(array) for name, array in points.items()} == counts
    assert len({tuple(row) for row in points["f"]}) == counts["f"]  # none twice
    pool = draw_points(problem, {**counts, "f": POOL * counts["f"]}, 7)["f"]
    assert {tuple(row) for row in points["f"]} <= {tuple(row) for row in pool}
    network, parameters = objective.network, objective.parameters(state.vector)
    size = {
        k: np.abs(nt.residuals(problem, network, parameters, {**points, "f": a})["f"])
        for k, a in (("taken", points["f"]), ("pool", pool))
    }
    assert size["taken"].mean() > 1.2 * size["pool"].mean()
    assert emphasis[-counts["f"] :].mean() == pytest.approx(1)
    assert np.all(emphasis[: -counts["f"]] == 1)


def test_the_loss_is_that_of_uniform_points(begun):
    """Mean R² over the pool, by 200 draws of 60 weighted points each: within four standard errors of it."""
    problem, counts, objective, state = begun
    parameters = objective.parameters(state.vector)
    ratios = []
    for seed in range(200):
        points, emphasis = adapted_points(objective, problem, state, counts, seed)
        pool = draw_points(problem, {**counts, "f": POOL * counts["f"]}, seed)
        taken = nt.residuals(problem, objective.network, parameters, points)["f"]
        every = nt.residuals(problem, objective.network, parameters, pool)["f"]
        ratios.append(np.mean(emphasis[-counts["f"] :] * taken**2) / np.mean(every**2))
    # A normalised share is biased by O(1/n): 2 % beside the standard error; false alarm below 1e-4.
    assert abs(np.mean(ratios) - 1) < 4 * np.std(ratios) / np.sqrt(len(ratios)) + 0.02


def test_nothing_moves_where_the_points_tell_all(begun):
    problem, counts, objective, _ = begun
    start = GaussNewton().begin(objective, objective.template.flatten())
    assert adapted_points(objective, problem, start, counts, 3) is None


def test_chances_and_the_systematic_draw():
    rng = np.random.default_rng(1)
    density = rng.exponential(size=500) ** 3
    chance = chances(density, 100)
    assert chance.sum() == pytest.approx(100)
    assert chance.max() <= 1
    free = chance < 1
    assert np.ptp(chance[free] / density[free]) < 1e-12 * (chance[free] / density[free]).max()
    counts = np.zeros(500)
    starts = (np.arange(400) + 0.5) / 400  # the draw's only chance is its start
    for start in starts:
        taken = systematic(chance, float(start))
        assert len(taken) == len(set(taken.tolist())) == 100
        counts[taken] += 1
    np.testing.assert_allclose(counts / 400, chance, atol=1 / 400 + 1e-9)


def test_a_run_goes_on_bit_identically(tmp_path):
    how = {"points": 60, "until": {"steps": 80}, "evidence": False}
    whole = train("burgers-shock-100", **how)
    moved = {name: array.copy() for name, array in whole.points.items()}
    fixed = draw_points(nt.zoo("burgers-shock-100"), {"initial": 60, "ends": 60, "f": 60}, 0)
    assert not np.array_equal(moved["f"], fixed["f"])  # it did adapt
    file = tmp_path / "run.npz"
    for steps in (40, 61, 80):
        part = train("burgers-shock-100", **how | {"until": {"steps": steps}}, checkpoint=file)
    assert np.array_equal(part.parameters.flatten(), whole.parameters.flatten())
    assert all(np.array_equal(part.points[name], moved[name]) for name in moved)
    assert np.array_equal(part.losses, whole.losses)


def test_points_stay_where_they_are_given_or_wanted():
    problem = nt.zoo("burgers-shock-100")
    points = draw_points(problem, 50, 0)
    for how in ({"points": points}, {"points": 50, "resample": False}):
        run = train(problem, until=12, evidence=False, mirror=False, **how)
        assert all(np.array_equal(run.points[name], points[name]) for name in points)


def test_who_gives_a_time_wants_it_used():
    run = train("poisson", until=Until(steps=3))
    assert len(run.times) == 4
    timed = train("u_x - u", points={"f": [[0.5], [0.7]], "b": [[0.0]]}, until={"cpu": 1e9, "loss": 1e-25})
    assert "steps" not in timed.reason


def test_a_wrong_growth_is_refused():
    with pytest.raises(InputError, match=r"growth is 0\.5"):
        Resample(3, growth=0.5)
    assert replace(Resample(3), growth=2.0).draws(9) == 2
