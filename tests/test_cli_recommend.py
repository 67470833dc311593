"""``recommend``: the choice with its reasons, one column for each s, JSON, bad input."""

from __future__ import annotations

import json
import re

import pytest

import ntk_theory as nt
from ntk_theory.cli.app import run

SMALL = ["--width", "64", "--depth", "1", "--points", "4"]


def asked(*arguments):
    return ["recommend", *arguments, *SMALL]


def test_a_linear_problem(capsys):
    assert run(asked("heat")) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    for word in (
        "Heat equation",
        "recommended: s = 1/2",
        "all equations and conditions are linear",
        "s = 1/2 ✓",
        "N^(-1/2)",
        "rms residual initial",
        "N^(1) = 64",
        "K_bb, K_bf, K_ff diverge for s < 1/2 [D]",
        "cost: 257 parameters",
    ):
        assert word in captured.out


@pytest.mark.parametrize("what", ["sine-gordon", "bratu", "nonlinear-schroedinger"])
def test_no_constant_kernel_is_said_with_the_reason_and_the_paper_s_claim(what, capsys):
    assert run(asked(what, "--goal", "constant-kernel")) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "recommended: no s" in out
    assert "✓" not in out
    assert "nonzero limit where c moves [D]" in out
    assert "with output bias none there is such an s, 3/4" in out
    assert ("[ZY] has the kernel constant" in out) == (what != "nonlinear-schroedinger")


def test_divergence_above_one_half_is_said(capsys):
    assert run(asked("fractional-reaction")) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "recommended: s = 1/2" in out
    assert "do not go above: K_bf, K_ff diverge for s > 1/2 [D]" in out


def test_an_undefined_operator_gets_a_reason_and_no_number(capsys):
    assert run(asked("log(u)")) == 0
    out = capsys.readouterr().out
    assert "recommended: no s" in out
    assert "log(u) where u is negative" in out
    assert "undefined" in out
    assert "nan" not in out


def test_json_is_alone_and_complete(capsys):
    more = ["--s", "2/5", "--s", "3/4", "--output-bias", "none", "--seed", "2", "-p", "nu=1/10"]
    assert run([*asked("u_t - nu*u_xx + u^3"), *more, "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    data = json.loads(captured.out)
    assert data["s"] == "1/2"
    assert data["problem"] is None
    assert data["output_bias"] == "none"
    assert [option["s"] for option in data["options"]] == ["2/5", "1/2", "3/4"]
    assert data["points"] == {"b": 4, "f": 4}
    for option in data["options"]:
        assert set(option["residuals"]) == {"b", "f"}
        assert 0 < option["rate"]["low"] <= option["rate"]["median"] <= option["rate"]["high"]
        assert re.search(r"\[(ZY|R|D|C)\]|Bonfanti", option["drift"])
    diverging = {option["s"]: bool(option["faults"]) for option in data["options"]}
    assert diverging == {"2/5": True, "1/2": False, "3/4": False}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["heet"], "did you mean heat"),
        (["heat", "--goal", "speed"], "accuracy or constant-kernel"),
        (["heat", "--width", "0"], "--width is 0"),
        (["heat", "--depth", "0"], "--depth is 0"),
        (["heat", "--points", "0"], "--points is 0"),
        (["heat", "--seed", "-1"], "--seed is -1"),
        (["heat", "--s", "half"], "half"),
        (["heat", "--s", "-1/2"], "above 0"),
        (["heat", "--s", "1000"], "out of range"),
        (["heat", "--activation", "step"], "step"),
        (["heat", "--activation", "relu"], "relu"),
        (["heat", "--output-bias", "big"], "big"),
        (["u_t + sine(u)"], "did you mean sin"),
    ],
)
def test_bad_input_is_code_two_with_one_sentence(arguments, word, capsys):
    assert run(["recommend", *SMALL, *arguments]) == 2
    captured = capsys.readouterr()
    assert word in captured.err
    assert captured.out == ""
    assert len(captured.err.strip().splitlines()) <= 6


def test_a_network_file_without_a_start_says_what_is_answered(capsys, tmp_path):
    """A module from elsewhere: its start is asked for, and --init answers it."""
    problem = nt.zoo("heat")
    path = str(tmp_path / "m.npz")
    network = nt.Network(problem.variables, problem.fields, width=8, depth=1)
    nt.save(path, network, network.init(0))
    base = ["recommend", "heat", "--network", path, "--points", "3"]
    assert run(base) == 0
    assert "names no start" in " ".join(capsys.readouterr().out.split())
    assert run([*base, "--init", "pytorch"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "names no start" not in out
    assert "the network is the one that pytorch starts" in out
    started = nt.Network(problem.variables, problem.fields, width=8, depth=1, initialisation="pytorch")
    other = str(tmp_path / "n.npz")
    nt.save(other, started, started.init(0))
    assert run(["recommend", "heat", "--network", other, "--init", "he"]) == 2
    assert "leave it out" in capsys.readouterr().err
