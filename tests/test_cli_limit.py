"""``limit``: the table, JSON, the file, the picture, refused means, and faults."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.cli import limit as command
from ntk_theory.cli.app import run

SMALL = ["--points", "3", "--draws", "60", "--activation", "erf"]


def small(*arguments):
    return ["limit", *arguments, *SMALL]


def reference(name):
    problem = nt.problem(name)
    network = nt.Network(problem.variables, problem.fields, 1, activation="erf")
    return problem, nt.limit_law(problem, network, nt.draw_points(problem, 3, 0))


def test_the_table_sets_the_law_beside_the_predicted_limit(capsys):
    assert run([*small("u_t + u*u_x"), "--width", "256"]) == 0
    out = capsys.readouterr().out
    assert "u_t + u*u_x  (limit law, depth 1 erf, output bias zero, at width 256)" in out
    _, law = reference("u_t + u*u_x")
    rows = [line.split() for line in out.splitlines() if re.search(r"\b\d/\d\b.*[a-z]$", line.strip())]
    assert [row[-1] for row in rows] == [
        "diverges", "deterministic", "deterministic",
        "diverges", "random", "zero",
        "diverges", "random", "zero",
    ]  # fmt: skip
    constant = rows[1]  # K_bb at s = 1/2
    assert constant[-2] == "deterministic"
    assert float(constant[-3]) == pytest.approx(np.linalg.norm(law.deterministic(1.0, "bb")), rel=1e-3)
    random = rows[7]  # K_ff at s = 1/2
    norms = np.linalg.norm(law.sample(1.0, 60, 0)["ff"], axis=(1, 2))
    assert [float(x) for x in random[2:5]] == pytest.approx(np.quantile(norms, [0.05, 0.5, 0.95]), rel=6e-3)
    assert float(random[5]) == pytest.approx(np.linalg.norm(law.mean(1.0)["ff"]), rel=6e-3)
    assert "closed form; 60 draws" in out


def test_json_is_alone_and_agrees_with_the_law(capsys):
    assert run([*small("u_t + u*u_x"), "--s", "1/2", "--s", "1,3/4", "--width", "16,64", "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    data = json.loads(captured.out)
    assert {(b["block"], b["s"], b["width"]) for b in data["blocks"]} == {
        (block, s, width) for block in ("bb", "bf", "ff") for s in ("1/2", "1", "3/4") for width in (16, 64)
    }
    _, law = reference("u_t + u*u_x")
    for block in data["blocks"]:
        s, width = {"1/2": 0.5, "1": 1.0, "3/4": 0.75}[block["s"]], block["width"]
        assert block["epsilon"] == pytest.approx(width ** (0.5 - s))
        assert block["deterministic"] == (block["block"] == "bb")
        predicted = nt.classify("u_t + u*u_x").regime(block["block"], block["s"])
        assert block["limit"] == str(predicted.limit)
        norms = np.linalg.norm(law.sample(block["epsilon"], 60, 0)[block["block"]], axis=(1, 2))
        assert block["quantiles"]["0.5"] == pytest.approx(np.median(norms), rel=1e-9)
    assert data["accuracy"] == 0
    assert data["slots"] == ["u", "u_x", "u_t"]


def test_the_file_holds_law_and_draws_without_pickles(tmp_path, capsys):
    path = tmp_path / "law.npz"
    assert run([*small("kdv"), "--s", "1/2", "--s", "1", "--width", "64", "-o", str(path)]) == 0
    assert str(path) in capsys.readouterr().out
    problem, law = reference("kdv")
    with np.load(path, allow_pickle=False) as data:
        np.testing.assert_array_equal(data["covariance"], law.covariance)
        np.testing.assert_array_equal(data["jet_ntk"], law.jet_ntk)
        assert data["slots"].tolist() == [problem.space.name(slot) for slot in law.slots]
        np.testing.assert_array_equal(data["points"], law.rows.points)
        assert data["row_groups"].tolist() == [g for g in ("initial", "ends", "slope", "f") for _ in range(3)]
        at = data["pairs"].tolist().index("slope,f")
        sample = law.sample(1 / 8, 60, 0)["slope,f"]
        assert data["s"].tolist() == ["1/2", "1"]
        assert data["epsilon"].tolist() == [[1.0], [1 / 8]]
        np.testing.assert_allclose(data["norms"][at, 1, 0], np.linalg.norm(sample, axis=(1, 2)), rtol=1e-12)
        assert data["constant"].shape == data["mean_norms"].shape == data["norms"].shape[:3]
        metadata = json.loads(str(data["metadata"]))
    assert metadata["network"]["activation"] == "erf"
    assert "s" not in metadata["network"]


def test_a_mean_that_does_not_exist_is_refused_with_the_reason(capsys):
    assert run([*small("u_t - u_x + sqrt(|u|)"), "--s", "1/2", "--json"]) == 0
    data = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    means = {block["block"]: block["mean_norm"] for block in data["blocks"]}
    assert means["ff"] is None
    assert means["bb"] > 0
    assert len(data["mean_refusals"]) == 1
    assert "sqrt(Abs(u))" in data["mean_refusals"][0]
    assert run([*small("u_t - u_x + sqrt(|u|)"), "--s", "1/2"]) == 0
    assert "no ‖E K‖: the mean of the kernel is not known to exist" in " ".join(
        capsys.readouterr().out.split()
    )


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_a_picture_is_written(suffix, tmp_path, capsys):
    path = tmp_path / f"law.{suffix}"
    assert run([*small("u_t + u*u_x"), "--plot", str(path)]) == 0
    assert path.stat().st_size > 10_000
    assert f"written: {path}" in capsys.readouterr().out


def test_undefined_draws_are_code_three_and_what_is_known_is_shown(capsys):
    assert run([*small("log(u)"), "--s", "1/2", "--json"]) == 3
    captured = capsys.readouterr()
    blocks = {
        block["block"]: block for block in json.loads(captured.out, parse_constant=pytest.fail)["blocks"]
    }
    assert blocks["bb"]["quantiles"] is not None
    assert blocks["ff"]["quantiles"] is None
    assert "group 'f' at point" in blocks["ff"]["failure"]
    assert blocks["ff"]["limit"] == "undefined"
    assert re.search(r"2 of 3 laws .* K_bf at s = 1/2, width 1024: group 'f' at point \d+", captured.err)


def test_overflow_is_code_three_with_group_and_point(tmp_path, capsys):
    path = tmp_path / "law.npz"
    arguments = [*small("u_t - exp(u)*u_x"), "--s", "1/100", "--width", "9999999", "-o", str(path)]
    assert run([*arguments, "--plot", str(tmp_path / "law.png")]) == 3
    captured = capsys.readouterr()
    assert re.search(r"group 'f' at point \d+ \(x = ", captured.err)
    assert "no finite draws" in captured.out
    with np.load(path, allow_pickle=False) as data:
        assert np.isfinite(data["norms"][data["pairs"] == "b,b"]).all()
        assert np.isnan(data["norms"][data["pairs"] == "f,f"]).all()


def test_a_long_run_says_first_what_it_takes(monkeypatch, capsys):
    monkeypatch.setattr(command, "PATIENCE", 0.0)
    assert run([*small("heat"), "--json"]) == 0
    captured = capsys.readouterr()
    # 9 points make 45 pairs.
    assert re.search(r"^about \S+ s and .* for 45 pairs of points;", captured.err)
    json.loads(captured.out)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["heat", "--points", "0"], "--points is 0"),
        (["heat", "--draws", "0"], "--draws is 0"),
        (["heat", "--width", "0"], "--width is 0"),
        (["heat", "--width", "many"], "--width is 'many'"),
        (["heat", "--depth", "0"], "depth is 0"),
        (["heat", "--s", "half"], "s is 'half'"),
        (["heat", "--s", "nan"], "s is 'nan'"),
        (["heat", "--s", "0"], "s = 0 is out of range"),
        (["heat", "--s", "1e999999999"], "exact number"),
        (["heat", "--s", "60", "--width", "9999999"], "epsilon is 0.0"),
        (["heat", "--rtol", "nan"], "--rtol is nan"),
        (["heat", "--memory-limit", "-1"], "--memory-limit is -1"),
        (["heat", "--seed", "-1"], "--seed is -1"),
        (["heat", "--activation", "step"], "activation is 'step'"),
        (["heat", "--activation", "relu"], "relu^3"),
        (["heat", "--output-bias", "big"], "big"),
        (["u_t - nu*u_xx"], "'nu' without a value; give a number: -p nu=1"),
        (["u_t - nu*u_xx", "-p", "nu=nan"], "nu"),
        (["heat", "--plot", "picture"], "--plot"),
        (["heat", "-o", "no/such/folder/law.npz"], "cannot be written"),
    ],
)
def test_bad_input_is_code_two_with_one_sentence(arguments, word, capsys):
    assert run(["limit", *arguments]) == 2
    captured = capsys.readouterr()
    assert word in captured.err
    assert captured.out == ""
    assert len(captured.err.strip().splitlines()) <= 5


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["heat", "--points", "100000"], "above memory_limit"),
        (["heat", "--draws", "1000000"], "1000000 draws of a kernel of 24 rows"),
        (["kdv", "--time-limit", "0.01"], "above time_limit"),
    ],
)
def test_work_beyond_the_limit_is_code_three(arguments, word, capsys):
    assert run(["limit", *arguments]) == 3
    captured = capsys.readouterr()
    assert word in captured.err
    assert captured.out == ""
