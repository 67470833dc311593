"""``--network FILE``: the network of a file in every command that takes one."""

from __future__ import annotations

import json

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.cli.app import run


@pytest.fixture
def files(tmp_path):
    network = nt.Network(("x", "t"), ("u",), width=(6, 6), input_map={"x": (0, 1), "t": (0, 1)})
    parameters = network.init(3)
    nt.save(tmp_path / "own.npz", network, parameters)
    rng = np.random.default_rng(0)
    arrays = {"a.weight": rng.normal(size=(6, 2)), "a.bias": rng.normal(size=6),
              "b.weight": rng.normal(size=(1, 6)), "b.bias": rng.normal(size=1)}  # fmt: skip
    np.savez(tmp_path / "weights.npz", **arrays)
    return tmp_path, network, parameters, arrays


def test_kernel(files, capsys):
    folder, network, parameters, arrays = files
    points = nt.draw_points(nt.zoo("heat"), 4, 0)
    assert run(["kernel", "heat", "--network", str(folder / "own.npz"), "--points", "4", "--json"]) == 0
    wanted = nt.ntk("heat", network, parameters, points)
    assert json.loads(capsys.readouterr().out)["kernel"]["trace"] == pytest.approx(wanted.trace(), rel=1e-12)
    command = ["kernel", "heat", "--network", str(folder / "weights.npz"), "--activation", "sin"]
    assert run([*command, "--points", "4", "--json"]) == 0
    wanted = nt.ntk("heat", *nt.from_weights(arrays, activation="sin"), points)
    assert json.loads(capsys.readouterr().out)["kernel"]["trace"] == pytest.approx(wanted.trace(), rel=1e-12)


def test_train_goes_on_from_the_file(files, capsys):
    folder, network, parameters, _ = files
    out = folder / "out.npz"
    command = ["train", "heat", "--network", str(folder / "own.npz"), "--method", "gradient-descent"]
    assert (
        run([*command, "--rate", "1e-12", "--steps", "1", "--points", "8", "-o", str(out), "--no-drift"]) == 0
    )
    again, moved = nt.load(out)
    assert again == network
    np.testing.assert_allclose(moved.flatten(), parameters.flatten(), atol=1e-8)


def test_limit_and_recommend_take_its_shape(files, capsys):
    folder, *_ = files
    file = ["--network", str(folder / "own.npz"), "--points", "3", "--json"]
    assert run(["limit", "heat", *file, "--draws", "10", "--s", "1/2"]) == 0
    assert json.loads(capsys.readouterr().out)["network"]["input_map"] is not None
    assert run(["recommend", "heat", *file]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["width"], found["depth"]) == (6, 2)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["kernel", "heat", "--width", "8"], "--width and --network"),
        (["train", "heat", "--s", "1"], "--s and --network"),
        (["kernel", "poisson"], "variables"),
    ],
)
def test_what_contradicts_is_refused(files, arguments, word, capsys):
    assert run([*arguments, "--network", str(files[0] / "own.npz")]) == 2
    assert word in capsys.readouterr().err


def test_a_missing_or_damaged_file(tmp_path, capsys):
    assert run(["kernel", "heat", "--network", str(tmp_path / "no.npz")]) == 2
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 nothing")
    assert run(["kernel", "heat", "--network", str(tmp_path / "bad.npz")]) == 2
    assert "cannot be read as weights" in capsys.readouterr().err
