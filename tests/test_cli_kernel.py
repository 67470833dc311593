"""``kernel``: the table, JSON, the file, the picture, and faults."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.cli import kernel as command
from ntk_theory.cli.app import run
from ntk_theory.report.words import size_words, time_words

SMALL = ["--width", "16", "--points", "4"]


def small(*arguments):
    return ["kernel", *arguments, *SMALL]


def expected(name, **more):
    problem = nt.zoo(name)
    network = nt.Network(problem.variables, problem.fields, 16, **more)
    return nt.ntk(problem, network, network.init(3), nt.draw_points(problem, 4, 3))


def test_the_table_has_a_line_per_group_and_the_whole(capsys):
    assert run([*small("heat"), "--seed", "3"]) == 0
    out = capsys.readouterr().out
    assert "Heat equation  (16 tanh, s = 1/2, output bias zero)" in out
    reference = expected("heat")
    weights = reference.trace_ratio_weights()
    for group in (*reference.names, None):
        row = re.search(rf"^{group or 'all of K'} +(.*)$", out, flags=re.MULTILINE)[1].split()
        values = reference.eigenvalues(group)
        assert int(row[0]) == len(values)
        assert float(row[1]) == pytest.approx(values.sum(), rel=6e-3)
        assert float(row[2]) == pytest.approx(values[0], rel=6e-3)
        assert float(row[4]) == pytest.approx(reference.effective_rank(group), rel=6e-3)
        assert float(row[5]) == pytest.approx(2 / values[0], rel=6e-2)
        if group is not None:
            assert float(row[6]) == pytest.approx(weights[group], rel=6e-3)
    assert "weighted" in out


def test_json_is_alone_and_the_file_is_the_kernel(tmp_path, capsys):
    path = tmp_path / "K.npz"
    assert run([*small("heat"), "--seed", "3", "--s", "3/4", "-o", str(path), "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    data = json.loads(captured.out)
    stored, reference = nt.Kernel.from_npz(path), expected("heat", s="3/4")
    np.testing.assert_array_equal(stored.matrix, reference.matrix)
    assert data["network"]["s"] == "3/4"
    assert data["kernel"]["trace"] == pytest.approx(reference.trace(), rel=1e-12)
    assert set(data["groups"]) == set(reference.names) == {"initial", "ends", "f"}
    assert data["trace_ratio_weights"] == pytest.approx(reference.trace_ratio_weights(), rel=1e-12)
    # The file says at which points, and which parameters.
    problem = nt.zoo("heat")
    for name, points in nt.draw_points(problem, 4, 3).items():
        np.testing.assert_array_equal(stored.metadata["points"][name], points)
    network = nt.Network(problem.variables, problem.fields, 16, s="3/4")
    assert stored.metadata["parameters"] == network.digest(network.init(3))


def test_a_singular_kernel_is_null_in_json_and_a_word_in_the_table(capsys):
    arguments = ["kernel", "heat", "--width", "4", "--points", "16"]  # 48 rows, 17 parameters
    assert run([*arguments, "--json"]) == 0
    data = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert data["kernel"]["condition_number"] is None
    assert run(arguments) == 0
    assert re.search(r"^all of K .*singular", capsys.readouterr().out, flags=re.MULTILINE)


def test_the_path_does_not_matter_and_the_input_map_does(tmp_path):
    made = {}
    for name, more in (("jet", ["--path", "jet"]), ("contracted", ["--path", "contracted"]),
                       ("mapped", ["--map-inputs"])):  # fmt: skip
        path = tmp_path / f"{name}.npz"
        assert run([*small("kdv"), "--depth", "2", *more, "-o", str(path)]) == 0
        made[name] = nt.Kernel.from_npz(path)
    np.testing.assert_allclose(made["jet"].matrix, made["contracted"].matrix, rtol=1e-9, atol=1e-9)
    assert made["jet"].metadata["path"] == "jet"
    assert made["mapped"].metadata["network"]["input_map"] is not None
    assert not np.allclose(made["mapped"].matrix, made["jet"].matrix, rtol=0.1)


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_a_picture_is_written(suffix, tmp_path, capsys):
    path = tmp_path / f"K.{suffix}"
    assert run([*small("kdv"), "--plot", str(path)]) == 0
    assert path.stat().st_size > 10_000
    assert f"written: {path}" in capsys.readouterr().out


def test_a_long_run_says_first_what_it_takes(monkeypatch, capsys):
    monkeypatch.setattr(command, "PATIENCE", 0.0)
    assert run([*small("heat"), "--json"]) == 0
    captured = capsys.readouterr()
    # 16·(2 + 1) weights and biases, 16 output weights, one output bias.
    assert re.search(r"^about \S+ s and .* for 65 parameters$", captured.err, flags=re.MULTILINE)
    json.loads(captured.out)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["heat", "--points", "0"], "--points is 0"),
        (["heat", "--points", "12345678"], "--points is 12345678"),
        (["heat", "--width", "ten"], "--width is 'ten'"),
        (["heat", "--width", "0"], "width is 0"),
        (["heat", "--width", "4,4", "--depth", "3"], "leave --depth out"),
        (["heat", "--depth", "0"], "depth is 0"),
        (["heat", "--activation", "step"], "activation is 'step'"),
        (["heat", "--activation", "relu"], "relu^3"),
        (["heat", "--output-bias", "big"], "big"),
        (["heat", "--path", "fast"], "auto, jet or contracted"),
        (["heat", "--s", "nan"], "s is 'nan'"),
        (["heat", "--s", "1e999999999"], "it needs an exact number"),
        (["heat", "--s", "-300"], "beyond floating point"),
        (["heat", "--seed", "-1"], "--seed is -1"),
        (["heat", "--memory-limit", "nan"], "--memory-limit is nan"),
        (["u_t - nu*u_xx", "-p", "nu=nan"], "nu"),
        (["u_t - nu*u_xx"], "'nu' without a value; give a number: -p nu=1"),
        (["u_t = u_xx + sine(u)"], "did you mean sin?"),
        (["heat", "--plot", "picture.doc"], "--plot"),
        (["heat", "-o", "no/such/folder/K.npz"], "cannot be written"),
    ],
)
def test_bad_input_is_code_two_with_one_sentence(arguments, word, capsys):
    assert run(["kernel", *arguments]) == 2
    captured = capsys.readouterr()
    assert word in captured.err
    assert captured.out == ""
    assert len(captured.err.strip().splitlines()) <= 5


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        # The kernel alone would take 7 TB, the weights 800 TB.
        (["heat", "--points", "1000000"], "3000000 points"),
        (["heat", "--width", "9999999", "--depth", "2"], "parameters"),
        (["heat", "--memory-limit", "1e-5"], "raise the limit"),
    ],
)
def test_memory_beyond_the_limit_is_code_three_before_anything_is_computed(
    arguments, word, monkeypatch, capsys
):
    monkeypatch.setattr(nt.Network, "init", pytest.fail)
    assert run(["kernel", *arguments]) == 3
    captured = capsys.readouterr()
    assert word in captured.err
    assert "memory_limit is" in captured.err
    assert captured.out == ""


def test_overflow_is_code_three_with_group_and_point(tmp_path, capsys):
    path = tmp_path / "K.npz"
    assert run([*small("u_t - exp(u)*u_x"), "--s", "-3", "-o", str(path)]) == 3
    captured = capsys.readouterr()
    assert re.search(r"group 'f' at point \d+ \(x = .*, t = .*\)", captured.err)
    assert captured.out == ""
    assert not path.exists()


def test_sizes_and_times_are_words():
    assert [size_words(n) for n in (100, 2**11, 3 * 2**20, 5.5 * 2**30)] == [
        "100 bytes", "2 KiB", "3 MiB", "5.5 GiB",
    ]  # fmt: skip
    assert [time_words(t) for t in (0.12, 40, 600, 36000)] == ["0.12 s", "40 s", "10 min", "10 h"]
