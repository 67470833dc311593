"""``--features`` and ``--init``: the same network as from Python, in every command that builds one."""

from __future__ import annotations

import json
import shlex

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.cli.app import run
from ntk_theory.report.page.reproduce import verify_command
from ntk_theory.studies.initialisation.verify import judge
from ntk_theory.studies.question.study import Study

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


BOTH = ["--features", "x = { periodic = 2 }", "--init"]


@pytest.mark.parametrize("option", [BOTH[:2], ["--init", "he"]])
def test_the_claims_on_training_have_neither_and_say_so(capsys, option):
    assert run(["verify", "heat", "--training", "--quick", *option]) == 2
    err = " ".join(capsys.readouterr().err.split())
    assert "derived for networks of N(0, 1) weights on plain inputs" in err


def test_classify_and_recommend_take_both(capsys):
    assert run(["classify", "heat", *BOTH, "lecun", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["initialisation"], found["sharp"]["ff"]["threshold"]) == ("lecun", "1")
    assert found["features"] == {"x": {"periodic": "2"}}
    small = ["--points", "3", "--width", "64", "--depth", "1", "--json"]
    assert run(["recommend", "heat", *BOTH, "lecun", *small]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["s"], found["initialisation"]) == ("1/2", "lecun")
    rates = {o["s"]: o["rate_exponent"] for o in found["options"]}
    assert rates == {"1/4": "-3/2", "1/2": "-1", "3/4": "-1/2", "1": "0"}
    assert run(["recommend", "heat", *BOTH, "glorot-normal", *small]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "wide networks are linear at the start" in " ".join(found["because"])


def test_the_recommended_rate_is_the_users_own(capsys):
    """2/λ_max of the kernel with the library's rates, by networks: within their scatter of 1/√N."""
    base = ["recommend", "heat", "--init", "he", "--points", "4", "--width", "512", "--depth", "2", "--json"]
    assert run(base) == 0
    found = json.loads(capsys.readouterr().out)
    rate = next(o["rate"]["median"] for o in found["options"] if o["s"] == "1/2")
    problem = nt.zoo("heat")
    network = nt.training.default_network(problem, width=512, depth=2, initialisation="he")
    at = nt.draw_points(problem, 4, 0)
    root = np.concatenate([np.full(len(at[g.name]), len(at[g.name]) ** -0.5) for g in problem.groups])
    sharpest = [
        np.linalg.eigvalsh(root[:, None] * nt.ntk(problem, network, network.init(k), at).matrix * root)[-1]
        for k in range(8)
    ]
    assert rate == pytest.approx(2 / np.median(sharpest), rel=0.15)


def test_a_study_of_both_keeps_them_and_is_reproduced_by_its_command(capsys, tmp_path):
    store = tmp_path / "s.sqlite"
    small = ["--s", "1/2", "--widths", "16,32,64", "--seeds", "4", "--points", "3", "--workers", "1"]
    assert run(["verify", "heat", *small, *BOTH, "sigma_w = 2", "--store", str(store), "--json"]) == 0
    capsys.readouterr()
    found = judge(nt.Store.open(store))
    study = found.study
    assert study.features == {"x": {"periodic": "2"}}
    assert study.initialisation["sigma_w"] == [2.0]
    assert Study.from_dict(study.to_dict()) == study
    assert [str(v.outcome) for v in found.select("paper-ff")] == ["not applicable"]
    assert [str(v.outcome) for v in found.select("law-identity")] == ["supported"]
    assert "features x periodic 2, initialisation normal, sigma_w 2" in str(found)
    command = shlex.split(verify_command(study))[1:]
    assert command[command.index("--features") + 1] == '{ x = { periodic = "2" } }'
    again = tmp_path / "again.sqlite"
    assert run([*command, "--store", str(again), "--workers", "1", "--json"]) == 0
    assert nt.Store.open(again).study == study


def test_a_library_s_start_is_compared_with_the_law_of_every_width(capsys, tmp_path):
    """(b) and (c) at level 0.01, one fixed seed."""
    small = ["--s", "1/2", "--widths", "64,128,256", "--seeds", "32", "--points", "3", "--workers", "1"]
    store = tmp_path / "s.sqlite"
    assert run(["verify", "heat", *small, "--init", "glorot-uniform", "--store", str(store)]) == 0
    capsys.readouterr()
    outcomes = {v.claim: str(v.outcome) for v in judge(nt.Store.open(store))}
    assert outcomes["law-field"] == "supported"
    assert outcomes["law-jet-ntk"] in ("supported", "undecided")
    assert outcomes["law"] == outcomes["sharp-limit"] == "not applicable"


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
