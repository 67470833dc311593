"""The table ``[network]`` of a problem file: the default of every command that makes a network."""

from __future__ import annotations

import json

import pytest

import ntk_theory as nt
from ntk_theory.cli.app import run
from ntk_theory.errors import ProblemError
from ntk_theory.symbolic.loading import from_table, from_toml
from ntk_theory.symbolic.network_table import READERS, checked
from ntk_theory.symbolic.writing import to_toml

PROBLEM = """
equations = ["u_t = u_xx/5"]
[domain]
x = [0, 1]
t = [0, 1]
"""
TABLE = """
[network]
width = {width}
s = "3/4"
activation = "mish"
output_bias = "normal"
"""
WHOLE = {
    "width": [12, 8],
    "s": "3/4",
    "activation": "sin",
    "output_bias": "none",
    "features": {"frequencies": [[1.0, 0.0], [0.0, 2.0]]},
    "initialisation": {"sigma_w": [1.0, 2.0], "sigma_b": [0.0], "sigma_a": 1.0, "law": ["uniform"]},
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(PROBLEM + TABLE.format(width="[12, 8]"), encoding="utf-8")
    return str(path)


@pytest.fixture
def square(tmp_path):
    path = tmp_path / "square.toml"
    path.write_text(PROBLEM + TABLE.format(width=8) + "depth = 2\n", encoding="utf-8")
    return str(path)


def answer(capsys, *arguments):
    code = run([*arguments, "--json"])
    out = capsys.readouterr()
    assert code in (0, 3, 4), out.err
    return json.loads(out.out)


def network_of(found):
    return {key: found["network"][key] for key in ("activation", "output_bias")}


def test_the_table_is_written_and_read_back():
    problem = from_table({"equations": ["u_t - u_xx"], "network": WHOLE})
    assert problem.network == WHOLE
    assert from_toml(to_toml(problem)).network == WHOLE
    assert checked(WHOLE, ("x", "t")) == WHOLE
    assert problem.bind().network == WHOLE
    assert nt.problem(problem, ansatz="u = t*v").network == WHOLE


def test_a_name_that_is_the_default_is_left_out():
    assert checked({"initialisation": "paper", "features": {}}, ("x",)) == {}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"widht": 3}, "unknown key 'widht'; it may have: width, depth, s, activation"),
        ({"init": "he"}, "unknown key 'init'"),
        ({"width": 0}, "width is 0"),
        ({"width": []}, "width is"),
        ({"depth": True}, "depth is True"),
        ({"width": [3, 3], "depth": 3}, "width has 2 layers"),
        ({"s": 0}, "above 0"),
        ({"s": "many"}, "exact number"),
        ({"activation": "tahn"}, "did you mean 'tanh'"),
        ({"output_bias": "one"}, "output_bias is 'one'"),
        ({"features": {"y": {"periodic": 1}}}, "features has 'y'"),
        ({"initialisation": "xavier"}, "initialisation is 'xavier'"),
        (3, "must be a table"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(table, message):
    with pytest.raises(ProblemError, match=message):
        from_table({"equations": ["u_t - u_xx"], "network": table})


def test_every_key_is_an_argument_of_a_network():
    network = nt.Network(("x", "t"), ("u",), **{k: tuple(v) if k == "width" else v for k, v in WHOLE.items()})
    assert set(READERS) - {"depth"} == set(WHOLE)
    assert network.widths == (12, 8)


def test_kernel_reads_the_table_and_given_options_win(capsys, file):
    found = answer(capsys, "kernel", file, "--points", "3")
    assert network_of(found) == {"activation": "mish", "output_bias": "normal"}
    assert found["network"]["width"] == [12, 8]
    assert found["network"]["s"] == "3/4"
    found = answer(capsys, "kernel", file, "--points", "3", "--activation", "tanh", "--width", "6,5,4")
    assert network_of(found) == {"activation": "tanh", "output_bias": "normal"}
    assert found["network"]["width"] == [6, 5, 4]
    assert answer(capsys, "kernel", file, "--points", "3", "--width", "512")["network"]["width"] == [512]
    assert answer(capsys, "kernel", file, "--points", "3", "--depth", "1")["network"]["width"] == [512]


def test_an_option_given_at_its_default_wins_too(capsys, square):
    found = answer(capsys, "kernel", square, "--points", "3", "--s", "1/2", "--output-bias", "zero")
    assert (found["network"]["s"], found["network"]["output_bias"]) == ("1/2", "zero")
    assert answer(capsys, "kernel", square, "--points", "3", "--width", "4,3,2")["network"]["width"] == [
        4,
        3,
        2,
    ]


def test_limit_train_and_classify_read_the_table(capsys, square, tmp_path):
    found = answer(capsys, "limit", square, "--points", "2", "--draws", "5")
    assert network_of(found) == {"activation": "mish", "output_bias": "normal"}
    assert found["network"]["depth"] == 2
    kept = tmp_path / "n.npz"
    assert run(["train", square, "--steps", "1", "--no-drift", "-o", str(kept)]) in (0, 3, 4)
    capsys.readouterr()
    network = nt.training.load_network(kept)[0]
    assert (network.widths, str(network.s)) == ((8, 8), "3/4")
    assert (network.activation, network.output_bias) == ("mish", "normal")
    found = answer(capsys, "classify", square)
    assert (found["activation"], found["output_bias"]) == ("mish", "normal")


def test_recommend_and_verify_read_the_table(capsys, square, file, tmp_path):
    found = answer(capsys, "recommend", square, "--points", "2")
    assert [found[key] for key in ("width", "depth", "activation", "output_bias")] == [8, 2, "mish", "normal"]
    assert run(["recommend", file]) == 2
    assert "layers of one width" in capsys.readouterr().err
    store = tmp_path / "s.sqlite"
    small = ["--s", "1/2", "--widths", "4,8", "--seeds", "2", "--points", "2", "--workers", "1"]
    answer(capsys, "verify", square, *small, "--store", str(store))
    study = nt.Store.open(store).study
    assert (study.depth, study.activations, study.output_bias) == (2, ("mish",), "normal")


def test_one_study_of_two_tables_is_refused(capsys, square):
    assert run(["verify", square, "heat", "--quick"]) == 2
    assert "different tables [network]" in capsys.readouterr().err
