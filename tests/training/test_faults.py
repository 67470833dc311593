"""Faults of a run: each stops with the step, the group, the last good state and what to change."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from scipy.integrate import DOP853

import ntk_theory as nt
from ntk_theory.errors import InputError, TrainingError
from ntk_theory.model.network import Network
from ntk_theory.training import Adam, Flow, GaussNewton, GradientDescent, load_network, save_network, train


def logarithm():
    """log u + 10 wants u = e^{−10} from above: a long step makes u negative, where F is undefined."""
    problem = nt.problem("log(u) + 10", variables=("x",))
    network = Network(problem.variables, problem.fields, 8, 1, s=1)
    theta = network.init(0)
    theta = theta.replaced(np.concatenate([theta.flatten()[:-1], [3.0]]))
    return problem, network, theta, nt.draw_points(problem, 4, 0)


def heat(s="1/2"):
    problem = nt.zoo("heat")
    network = Network(problem.variables, problem.fields, 16, 1, s=s)
    return problem, network, network.init(0), nt.draw_points(problem, 4, 0)


def stopped(given, method, path, until=40):
    """The message, the trajectory up to the fault, and the run that goes on from the kept state."""
    with pytest.raises(TrainingError) as caught:
        train(*given, method=method, until=until, checkpoint=path, error=False, drift=False)
    run = caught.value.trajectory
    assert np.isfinite(run.parameters.flatten()).all()
    assert np.isfinite(run.losses).all()
    return str(caught.value), run


@pytest.mark.parametrize("method", [Adam(rate=0.5), GradientDescent(rate=0.03)])
def test_a_residual_that_becomes_undefined(method, tmp_path) -> None:
    path = tmp_path / "run.npz"
    message, run = stopped(logarithm(), method, path)
    step = len(run.times) - 1
    assert step > 0
    for word in (
        f"{method.name} stopped at step {step}",
        "group 'f'",
        "u = -",
        "smaller rate",
        f"the last good state is in {path}",
    ):
        assert word in message
    kept = train(*logarithm(), method=method, until=step, checkpoint=path, error=False, drift=False)
    np.testing.assert_array_equal(kept.parameters.flatten(), run.parameters.flatten())


def test_gauss_newton_rejects_steps_to_where_f_is_undefined() -> None:
    """From u = 3 the first undamped step goes to 3 − 3(log 3 + 10) < 0."""
    run = train(*logarithm(), method=GaussNewton(damping=1e-12, geodesic=False), until=40)
    assert (np.diff(run.losses[:4]) == 0).any()
    assert run.loss < 0.5 * run.losses[0]


@pytest.mark.parametrize("method", [GradientDescent(rate=10.0), Adam(rate=1e6)])
def test_divergence(method, tmp_path) -> None:
    path = tmp_path / "run.npz"
    given = heat()
    message, run = stopped(given, method, path, until=200)
    assert f"{method.name} stopped at step {len(run.times) - 1}: the loss grew from" in message
    assert "group '" in message
    assert "take a smaller rate" in message
    assert str(path) in message


def test_a_tolerance_that_the_exponential_integrator_cannot_reach(tmp_path) -> None:
    """1e-13 per step is below the rounding of its error estimate."""
    path = tmp_path / "run.npz"
    message, _ = stopped(heat("1/4"), Flow(1.0, "etd2rk", 3e-14), path, until=None)
    for word in ("flow stopped at step", "ETD2RK cannot meet the tolerance at t = ", "group '", str(path)):
        assert word in message
    assert "ask for a larger tolerance or a shorter time" in message


def test_a_tolerance_that_the_explicit_integrator_cannot_reach(tmp_path, monkeypatch) -> None:
    """SciPy gives up where a step is below the spacing of numbers; after three good steps here."""
    good = DOP853.step

    def step(self):
        if self.nfev < 50:
            return good(self)
        self.status = "failed"
        return self.TOO_SMALL_STEP

    monkeypatch.setattr(DOP853, "step", step)
    message, run = stopped(heat(), Flow(1.0, "dop853"), tmp_path / "run.npz", until=None)
    assert len(run.times) > 2
    for word in (
        f"at step {len(run.times) - 1}",
        "DOP853 cannot meet",
        f"t = {run.times[-1]:.6g}",
        "group '",
    ):
        assert word in message
    assert "larger tolerance, or take integrator='etd2rk'" in message


def test_a_tolerance_below_rounding_is_refused() -> None:
    with pytest.raises(InputError, match=r"tolerance is 1e-20; it needs at least 2.2e-14"):
        Flow(1.0, "dop853", 1e-20)


def network_file(tmp_path):
    network = Network(("x",), ("u",), (3, 4))
    path = tmp_path / "net.npz"
    save_network(path, network, network.init(3))
    return path


def test_a_network_file_holds_plain_arrays(tmp_path) -> None:
    path = network_file(tmp_path)
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            array = np.lib.format.read_array(io.BytesIO(archive.read(name)), allow_pickle=False)
            assert array.dtype.kind in "fU"


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "pickled", "lacking", "misshapen", "foreign"])
def test_a_damaged_network_file_is_refused(damage, tmp_path) -> None:
    path = network_file(tmp_path)
    whole = path.read_bytes()
    with np.load(path) as data:
        arrays = dict(data)
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "flipped":
        at = whole.index(arrays["block0"].tobytes()[:8])
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "pickled":
        arrays["block0"] = np.array([{"a": 1}], dtype=object)
    elif damage == "lacking":
        del arrays["block1"]
    elif damage == "misshapen":
        arrays["block1"] = arrays["block1"][:-1]
    else:
        arrays["format"] = np.array("another program 7")
    if damage in ("pickled", "lacking", "misshapen", "foreign"):
        np.savez(path, **arrays)
    with pytest.raises(InputError, match=r"net\.npz"):
        load_network(path)
    with pytest.raises(FileNotFoundError):
        load_network(tmp_path / "nowhere.npz")
