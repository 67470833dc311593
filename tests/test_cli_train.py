"""``train``: tables, JSON, files, targets, checkpoints and faults."""

from __future__ import annotations

import json
import re
import sys

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.cli import progress, train
from ntk_theory.cli.app import run
from ntk_theory.training import field_errors, load_network
from ntk_theory.training.methods.registry import METHODS

SMALL = ["--width", "6", "--depth", "2", "--points", "8"]


def small(*arguments):
    return ["train", *arguments, *SMALL]


def test_the_table_shows_losses_errors_and_drift(capsys):
    assert run(["train", "poisson", "--steps", "60"]) == 0
    captured = capsys.readouterr()
    for word in (
        "Poisson",
        "gauss-newton, 16-16-16 tanh, s = 1/2",
        "rms residual",
        "K_ff",
        "relative L² error",
    ):
        assert word in captured.out
    assert "stopped after 60 steps" in captured.out
    assert "ends after 60 steps at the latest; --time-limit SECONDS bounds the time" in captured.out
    assert "estimate of the error" not in captured.out
    error = float(re.search(r"^u +([\d.e+-]+)", captured.out, flags=re.MULTILINE)[1])
    assert error < 1e-5
    # Not a terminal: a line at every power of two, on standard error.
    assert re.findall(r"^step (\d+)", captured.err, flags=re.MULTILINE) == ["1", "2", "4", "8", "16", "32"]


@pytest.mark.parametrize(
    ("name", "limit", "width"),
    [
        ("advection", None, 16),
        ("advection", 199, 16),
        ("advection", 200, 24),
        ("fisher-kpp", 99, 16),
        ("fisher-kpp", 100, 24),
    ],
)
def test_who_gives_minutes_gets_wider_layers(name, limit, width, capsys):
    """Earlier for nonlinear equations; in Python as on the command line; a width that is given stays."""
    given = [] if limit is None else ["--time-limit", str(limit)]
    assert run(["train", name, "--steps", "1", "--no-drift", "--json", *given]) == 0
    found = json.loads(capsys.readouterr().out)["network"]["width"]
    assert found == [width] * 3
    own = {"steps": 1} if limit is None else {"steps": 1, "seconds": limit}
    same = nt.train(name, until=own, evidence=False, error=False)
    assert list(same.network.widths) == found
    assert run(["train", name, "--steps", "1", "--width", "5", "--no-drift", "--json", *given]) == 0
    assert json.loads(capsys.readouterr().out)["network"]["width"] == [5] * 3


def test_json_is_alone_and_says_what_was_trained(capsys):
    assert run([*small("schroedinger"), "--steps", "3", "--s", "3/4", "--output-bias", "none", "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    data = json.loads(captured.out)
    assert data["network"]["s"] == "3/4"
    assert data["network"]["width"] == [6, 6]
    assert data["network"]["output_bias"] == "none"
    assert data["steps"] == 3
    assert set(data["field_errors"]) == {"u", "v"}
    assert set(data["points"].values()) == {8}
    assert data["loss"] == pytest.approx(sum(data["group_losses"].values()))
    assert data["drift"]["all"]["relative"] > 0


def test_the_written_network_is_the_one_that_was_reported(tmp_path, capsys):
    path = tmp_path / "net.npz"
    assert run([*small("heat"), "--steps", "5", "--seed", "3", "-o", str(path), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    network, parameters = load_network(path)
    assert field_errors(nt.zoo("heat"), network, parameters) == data["field_errors"]
    u_xx = nt.jets(network, parameters, [[0.3, 0.2]], [nt.zoo("heat").space.slot("u", x=2)])
    assert np.isfinite(u_xx).all()


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("adam", ["--steps", "4", "--rate", "1e-3"]),
        ("gradient-descent", ["--steps", "4"]),
        ("flow", ["--until", "0.01"]),
        ("adam", ["--steps", "4", "--weights", "trace", "--reweigh", "2", "--resample", "3"]),
        ("gauss-newton", ["--steps", "4", "--weights", "f=1,b=100", "--no-drift"]),
    ],
)
def test_every_method_runs(method, more, capsys):
    assert run([*small("heat", "--method", method), *more, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["method"] == method
    assert data["loss"] < data["first_loss"] * (1 if "--resample" not in more else 2)
    assert (data["drift"] is None) == ("--no-drift" in more)
    if "f=1,b=100" in more:
        assert data["group_weights"] == {"initial": 100.0, "ends": 100.0, "f": 1.0}


def test_a_missed_target_is_code_three_and_says_what_to_change(tmp_path, capsys):
    arguments = [*small("poisson"), "--steps", "3", "--checkpoint", str(tmp_path / "c.npz")]
    assert run([*arguments, "--tolerance", "1e-13"]) == 3
    captured = capsys.readouterr()
    for word in ("relative error is", "not 1e-13", "after 3 steps", "group 'f'", "raise --steps", "c.npz"):
        assert word in captured.err
    assert "rms residual" in captured.out
    assert run([*small("poisson"), "--steps", "3", "--tolerance", "1e3", "--loss", "1e9"]) == 0


def test_a_target_ends_the_run_early(capsys):
    assert run(["train", "poisson", "--tolerance", "1e-3", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["error"] <= 1e-3
    assert data["steps"] < 60
    assert "relative error" in data["reason"]


def test_resume_goes_on_bit_identically(tmp_path, capsys):
    path, first, again = tmp_path / "c.npz", tmp_path / "first.npz", tmp_path / "again.npz"
    arguments = small("heat", "--method", "adam", "--no-drift")
    assert run([*arguments, "--steps", "9", "-o", str(first)]) == 0
    assert run([*arguments, "--steps", "4", "--checkpoint", str(path)]) == 0
    assert run([*arguments, "--steps", "9", "--resume", str(path), "-o", str(again)]) == 0
    theta, other = load_network(first)[1], load_network(again)[1]
    np.testing.assert_array_equal(theta.flatten(), other.flatten())
    capsys.readouterr()
    assert run([*arguments, "--seed", "1", "--resume", str(path)]) == 2
    assert "another run" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["pictures", "sheet.png", "sheet.svg"])
def test_pictures_are_a_folder_or_a_file(name, tmp_path):
    path = tmp_path / name
    assert run([*small("heat"), "--steps", "2", "--plot", str(path)]) == 0
    if path.is_dir():
        assert {p.name for p in path.iterdir()} == {"solution.png", "losses.png", "kernel.png"}
    else:
        assert path.stat().st_size > 10_000


def test_divergence_is_code_three_with_step_group_and_remedy(capsys):
    assert run([*small("heat", "--method", "gradient-descent"), "--rate", "1e6", "--steps", "20"]) == 3
    err = capsys.readouterr().err
    assert re.search(r"gradient-descent stopped at step \d+: .*group '\w+'.*smaller rate", err)
    assert "no checkpoint was asked for" in err


def test_an_interrupt_is_code_130_and_keeps_the_state(tmp_path, monkeypatch, capsys):
    def press(state, losses):
        if state.step == 4:
            raise KeyboardInterrupt

    path = tmp_path / "c.npz"
    monkeypatch.setattr(progress, "_line", press)
    assert run([*small("heat"), "--steps", "9", "--checkpoint", str(path)]) == 130
    assert f"interrupted at step 3; the same call goes on from {path}" in capsys.readouterr().err
    monkeypatch.undo()
    assert run([*small("heat"), "--steps", "9", "--checkpoint", str(path)]) == 0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["heat", "--method", "newton"], "gauss-newton, adam"),
        (["heat", "--width", "ten"], "--width is 'ten'"),
        (["heat", "--width", "4,4", "--depth", "3"], "leave --depth out"),
        (["heat", "--rate", "0.1"], "--rate"),
        (["heat", "--method", "adam", "--rate", "-1"], "rate is -1"),
        (["heat", "--until", "1"], "use --steps"),
        (["heat", "--steps", "0"], "--steps is 0"),
        (["heat", "--points", "0"], "--points is 0"),
        (["heat", "--weights", "f=many"], "NAME=VALUE"),
        (["heat", "--weights", "nobody=1"], "nobody"),
        (["heat", "--weights", "equal"], "sum, mean, scaled, trace"),
        (["heat", "--resample", "0"], "resample is 0"),
        (["heat", "--s", "half"], "half"),
        (["heat", "--activation", "step"], "step"),
        (["heat", "--output-bias", "big"], "big"),
        (["u_t + u*u_x", "--tolerance", "1e-3"], "no known solution"),
        (["heat", "--resume", "nowhere.npz"], "does not exist"),
        (["heat", "--plot", "picture.doc"], "--plot"),
        (["heat", "-o", "no/such/folder/net.npz"], "cannot be written"),
        (["heat", "--time-limit", "-3"], "seconds = -3"),
    ],
)
def test_bad_input_is_code_two_with_one_sentence(arguments, word, capsys):
    assert run(["train", *SMALL, *arguments]) == 2
    captured = capsys.readouterr()
    assert word in captured.err
    assert captured.out == ""
    assert len(captured.err.strip().splitlines()) <= 4


def test_the_options_name_every_method():
    for name in METHODS:
        assert train._method(name, None, None, None).name == name


def test_a_bar_is_drawn_in_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert run([*small("heat"), "--steps", "3"]) == 0
    err = capsys.readouterr().err
    assert "[" + 30 * "=" + "] gauss-newton  step 3  loss" in err
    assert err.endswith("\r\x1b[K")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--points", "1000000000", "--no-mirror"], "3000000000 points"),
        (["--width", "9999999"], "200000019999997 parameters"),
        (["--width", "9999999", "--depth", "1", "--points", "1000000", "--method", "adam"], "3000000 points"),
    ],
)
def test_what_cannot_fit_is_refused_before_anything_is_drawn(arguments, word, capsys):
    assert run(["train", "heat", *arguments]) == 3
    captured = capsys.readouterr()
    assert word in captured.err
    assert "GiB" in captured.err
    assert "smaller width or fewer points" in captured.err
    assert len(captured.err.strip().splitlines()) == 1
