"""The loop: methods, checkpoints, files, faults, points and weights that change."""

from __future__ import annotations

import numpy as np
import pytest
from model_problems import kdv as periodic_kdv

import ntk_theory as nt
from ntk_theory.errors import InputError, Interrupted, TrainingError
from ntk_theory.model.network import Network
from ntk_theory.model.points import draw_points
from ntk_theory.training import (
    Adam,
    Flow,
    GaussNewton,
    GradientDescent,
    Resample,
    Until,
    field_errors,
    load_network,
    relative_error,
    save_network,
)
from ntk_theory.training import run as run_module
from ntk_theory.training import train as train_with_evidence
from ntk_theory.training.solution import TestGrid


def train(*given, **more):
    """Without the estimate of the error, which nothing here reads."""
    return train_with_evidence(*given, **{"evidence": False} | more)


def setup(width=8, depth=2, name=None):
    problem = periodic_kdv() if name is None else nt.zoo(name)
    network = Network(problem.variables, problem.fields, width, depth)
    return problem, network, network.init(1), draw_points(problem, 4, 2)


METHODS = {
    "gauss-newton": (GaussNewton(), {}),
    "adam": (Adam(), {}),
    "gradient-descent": (GradientDescent(), {}),
    "dop853": (Flow(0.05, "dop853", 1e-6, records=40), {}),
    "etd2rk": (Flow(0.05, "etd2rk", records=40), {}),
    "resampled": (Adam(), {"resample": Resample(3, seed=5)}),
    "reweighed": (Adam(), {"weights": "trace", "reweigh": 4}),
    "both": (GaussNewton(), {"weights": "trace", "reweigh": 4, "resample": Resample(5)}),
}


@pytest.mark.parametrize("name", METHODS)
def test_interrupted_run_ends_bit_identically(name, tmp_path) -> None:
    method, more = METHODS[name]
    more = {"method": method, "drift": True, "evidence": False, **more}
    whole = train(*setup(), until=Until(steps=20), **more)
    path = tmp_path / "run.npz"
    for steps in (3, 9, 10, 20):
        parts = train(*setup(), until=Until(steps=steps), checkpoint=path, every=1, **more)
    np.testing.assert_array_equal(parts.parameters.flatten(), whole.parameters.flatten())
    np.testing.assert_array_equal(parts.losses, whole.losses)
    assert parts.evaluations >= whole.evaluations - 2
    assert parts.group_weights == whole.group_weights
    for group, places in whole.points.items():
        np.testing.assert_array_equal(parts.points[group], places)


def test_a_checkpoint_of_another_run_is_refused(tmp_path) -> None:
    path = tmp_path / "run.npz"
    given = setup()
    train(*given, until=2, checkpoint=path)
    with pytest.raises(InputError, match="another run"):
        train(*given, method="adam", until=2, checkpoint=path)
    with pytest.raises(InputError, match="another run"):
        train(given[0], given[1], given[1].init(7), given[3], until=2, checkpoint=path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="not a checkpoint"):
        train(*given, until=2, checkpoint=path)


def test_changed_points_and_weights_are_used() -> None:
    given = setup()
    plain = train(*given, method="adam", until=7)
    other = train(*given, method="adam", until=7, resample=Resample(3))
    assert np.array_equal(plain.points["f"], given[3]["f"])
    assert not np.array_equal(other.points["f"], given[3]["f"])
    np.testing.assert_array_equal(plain.losses[:3], other.losses[:3])
    ratio = train(*given, method="adam", until=1, weights="trace")
    kernel = nt_kernel(given)
    want = {name: kernel.trace() / kernel.trace(f"{name},{name}") for name in kernel.names}
    assert ratio.group_weights == pytest.approx(want, rel=1e-12)


def nt_kernel(given):
    from ntk_theory.empirical.ntk import ntk  # noqa: PLC0415

    return ntk(*given)


@pytest.mark.parametrize("method", ["adam", "gradient-descent"])
def test_first_order_methods_reduce_the_loss(method) -> None:
    run = train(*setup(name="heat"), method=method, until=100)
    assert run.loss < 0.5 * run.losses[0]
    assert run.times[-1] == 100
    assert run.drift is None


def test_adam_s_first_step_is_its_rate_in_every_coordinate() -> None:
    given = setup()
    run = train(*given, method=Adam(rate=1e-3, small=0.0), until=1)
    moved = np.abs(run.parameters.flatten() - given[2].flatten())
    np.testing.assert_allclose(moved, 1e-3, rtol=1e-10)


def test_divergence_names_step_group_checkpoint_and_remedy(tmp_path) -> None:
    path = tmp_path / "run.npz"
    with pytest.raises(TrainingError, match=r"step \d+.*group '\w+'.*smaller rate") as caught:
        train(*setup(), method=GradientDescent(rate=1.0), until=200, checkpoint=path)
    assert str(path) in str(caught.value)
    run = caught.value.trajectory
    assert np.isfinite(run.parameters.flatten()).all()
    steps = len(run.times) - 1
    assert steps > 0
    resumed = train(*setup(), method=GradientDescent(rate=1.0), until=steps, checkpoint=path)
    np.testing.assert_array_equal(resumed.parameters.flatten(), run.parameters.flatten())


def test_trained_network_saves_and_evaluates_with_derivatives(tmp_path) -> None:
    problem = nt.zoo("heat")
    run = train(problem, until=3)
    run.save(tmp_path / "net.npz")
    network, parameters = load_network(tmp_path / "net.npz")
    assert network == run.network
    np.testing.assert_array_equal(parameters.flatten(), run.parameters.flatten())
    slots = [problem.space.slot("u"), problem.space.slot("u", x=2)]
    points = run.points["f"][:5]
    shifted = [points + h * np.array([1.0, 0.0]) for h in (-1e-4, 0.0, 1e-4)]
    below, here, above = (run.evaluate(x, slots[:1])[0] for x in shifted)
    np.testing.assert_allclose(run.evaluate(points, slots)[1], (above - 2 * here + below) / 1e-8, atol=1e-4)
    assert relative_error(problem, network, parameters) == pytest.approx(run.error)
    assert run.summary()["steps"] == 3


@pytest.mark.parametrize("bias", ["none", "normal"])
def test_network_file_keeps_everything(bias, tmp_path) -> None:
    network = Network(("x",), ("u", "v"), (3, 4), s="2/3", activation="sin", output_bias=bias)
    save_network(tmp_path / "net.npz", network, network.init(3))
    again, parameters = load_network(tmp_path / "net.npz")
    assert again == network
    assert network.digest(parameters) == network.digest(network.init(3))
    (tmp_path / "bad.npz").write_text("nothing", encoding="utf-8")
    with pytest.raises(InputError, match="not a network file"):
        load_network(tmp_path / "bad.npz")


def test_relative_error_of_a_zero_network_is_one() -> None:
    problem = nt.zoo("poisson")
    network = Network(problem.variables, problem.fields, 4, 1)
    zero = network.init(0).replaced(np.zeros(network.init(0).size))
    assert relative_error(problem, network, zero) == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        ({"method": "newton"}, "method"),
        ({"until": 1.5}, "until"),
        ({"weights": "equal"}, "weights"),
        ({"weights": {"f": -1.0}}, "weights"),
        ({"weights": {"nobody": 1.0}}, "nobody"),
        ({"reweigh": 3}, "reweigh"),
        ({"method": "flow", "resample": Resample(2)}, "resample"),
        ({"every": 0}, "every"),
    ],
)
def test_bad_arguments_are_named(bad, word) -> None:
    with pytest.raises(InputError, match=word):
        train(*setup(), **bad)


@pytest.mark.parametrize("name", ["gauss-newton", "adam", "etd2rk", "both"])
def test_an_interrupt_keeps_the_last_whole_step(name, tmp_path) -> None:
    """Ctrl-C in the middle of step 6, after it was noted; the same call then ends bit-identically."""
    method, more = METHODS[name]
    more = {"method": method, "drift": True, "until": Until(steps=12), **more}
    whole = train(*setup(), **more)
    path = tmp_path / "run.npz"

    def press(state, _):
        if state.step == 6:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=r"step 5.*goes on from"):
        train(*setup(), checkpoint=path, every=100, progress=press, **more)
    resumed = train(*setup(), checkpoint=path, **more)
    np.testing.assert_array_equal(resumed.parameters.flatten(), whole.parameters.flatten())
    np.testing.assert_array_equal(resumed.losses, whole.losses)
    np.testing.assert_array_equal(resumed.drift.times, np.unique(resumed.drift.times))
    with pytest.raises(Interrupted, match="no checkpoint"):
        train(*setup(), progress=press, **more)


def test_a_kernel_of_zero_is_a_fault_with_its_group() -> None:
    problem = nt.zoo("poisson")
    network = Network(problem.variables, problem.fields, 4, 2, output_bias="none")
    zero = network.init(0).replaced(np.zeros(network.init(0).size))
    with pytest.raises(TrainingError, match=r"before its first step.*singular.*group 'f'.*another seed"):
        train(problem, network, zero, until=3)


def test_a_loss_that_overflows_at_the_start_names_the_group() -> None:
    problem = nt.problem("u_t + exp(u)")
    network = Network(problem.variables, problem.fields, 64, 1, s="-2")
    with pytest.raises(TrainingError, match=r"before its first step.*group"):
        train(problem, network, network.init(0), draw_points(problem, 4, 0), until=3)


def test_errors_by_field_add_up() -> None:
    problem = nt.zoo("schroedinger")
    network = Network(problem.variables, problem.fields, 4, 1)
    theta = network.init(0)
    grid = TestGrid.of(problem)
    by_field = field_errors(problem, network, theta)
    norms = {name: float(np.sum(row**2)) for name, row in zip(problem.fields, grid.values, strict=True)}
    whole = sum(by_field[name] ** 2 * norms[name] for name in norms) / sum(norms.values())
    assert relative_error(problem, network, theta) == pytest.approx(np.sqrt(whole), rel=1e-12)
    zero = theta.replaced(np.zeros(theta.size))
    assert field_errors(problem, network, zero) == pytest.approx({"u": 1.0, "v": 1.0})


@pytest.mark.parametrize(("limit", "steps"), [(5, 1), (25, 2), (29, 2), (31, 3), (45, 4)])
def test_no_step_begins_that_would_end_after_the_time(limit, steps, monkeypatch) -> None:
    """Steps of ten seconds each, by a clock that moves with steps only; the first two are needed to know."""
    now, advance = [0.0], GaussNewton.advance

    def slow(self, objective, state):
        now[0] += 10
        return advance(self, objective, state)

    monkeypatch.setattr(GaussNewton, "advance", slow)
    monkeypatch.setattr(run_module.time, "perf_counter", lambda: now[0])
    run = train(*setup(), until=Until(seconds=limit), evidence=False, error=False)
    assert run.reason == f"{limit} seconds"
    assert len(run.losses) == steps + 1
    assert 10 * steps <= max(limit, 10)
