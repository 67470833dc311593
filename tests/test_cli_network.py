"""``--features`` and ``--init``: the same network as from Python, in every command that builds one."""

from __future__ import annotations

import json

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.cli.app import run

FEATURES = {"x": {"periodic": 2}}


def test_the_kernel_is_that_of_python_s_network(capsys):
    arguments = ["--features", "x = { periodic = 2 }", "--init", "pytorch", "--width", "16", "--points", "4"]
    assert run(["kernel", "heat", *arguments, "--seed", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["network"]["features"] == {"x": {"periodic": "2"}}
    assert found["network"]["initialisation"] == "pytorch"
    problem = nt.zoo("heat")
    network = nt.Network(problem.variables, problem.fields, 16, features=FEATURES, initialisation="pytorch")
    assert found["parameters"] == network.digest(network.init(3))
    kernel = nt.ntk(problem, network, network.init(3), nt.draw_points(problem, 4, 3))
    assert found["kernel"]["trace"] == pytest.approx(np.trace(kernel.matrix), rel=1e-12)


def test_the_heading_names_features_and_initialisation(capsys):
    arguments = ["--features", "{ fourier = 6, sigma = 1 }", "--init", "sigma_w = 2, law = 'uniform'"]
    assert run(["kernel", "heat", *arguments, "--width", "8", "--points", "3"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "features fourier 6" in out
    assert "initialisation uniform, sigma_w 2" in out


def test_the_law_of_a_library_s_start_is_taken_at_one_width(capsys):
    base = ["limit", "heat", "--init", "glorot-uniform", "--points", "3", "--draws", "20"]
    assert run([*base, "--width", "256"]) == 0
    assert "N = 256" in " ".join(capsys.readouterr().out.split())
    assert run([*base, "--width", "64,256"]) == 2
    assert "depends" in capsys.readouterr().err
    assert run([*base, "--width", "64", "--plot", "law.png"]) == 2
    assert "many widths" in capsys.readouterr().err


def test_training_takes_both(capsys, tmp_path):
    path = tmp_path / "n.npz"
    arguments = [
        "--features",
        "x = { periodic = '2' }",
        "--init",
        "glorot-normal",
        "--width",
        "6",
        "--depth",
        "2",
    ]
    assert run(["train", "heat", *arguments, "--steps", "2", "--no-drift", "-o", str(path)]) in (0, 3)
    capsys.readouterr()
    network, parameters = nt.training.load_network(path)[:2] if path.exists() else (None, None)
    assert network.features.to_dict() == {"x": {"periodic": "2"}}
    assert network.initialisation.name == "glorot-normal"
    assert parameters.layer_rates[2] == 6.0


@pytest.mark.parametrize(
    ("command", "option"),
    [(c, o) for c in ("verify", "recommend") for o in ("--features", "--init")] + [("classify", "--init")],
)
def test_where_a_command_has_neither_it_says_so(capsys, command, option):
    text = "pytorch" if option == "--init" else "x = { periodic = 2 }"
    assert run([command, "heat", option, text]) == 2
    assert "take kernel, limit or train" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--features", "x = { periodic = "),
        ("--features", "x = { period = 2 }"),
        ("--features", "y = { periodic = 2 } }\nz = 1"),
        ("--features", "x = { periodic = 2 }, " * 2000),
        ("--init", "glorot"),
        ("--init", "sigma_w = -1"),
    ],
)
def test_what_does_not_fit_ends_with_a_sentence(capsys, option, text):
    assert run(["kernel", "heat", option, text]) == 2
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert err.startswith("ntk-theory: ")
