"""The command line: answers, the JSON contract, exit codes, one message for every bad input."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import ntk_theory as nt
from ntk_theory import cli
from ntk_theory.cli.app import COMMANDS, run

BAD_INPUT = {
    "unknown name": "u_t + foo*u_x",
    "unbalanced": "u_t + (u*u_x",
    "closing": "u_t + u*u_x)",
    "empty": "",
    "blank": "   ",
    "two equals": "u_t = u_x = 0",
    "dangling": "u_",
    "field in exponent": "u^u",
    "large power": "(1+u+u_x)^60",
    "field as variable": "diff(x, u)",
    "no field": "x^2 + 1",
    "zero": "0 = 0",
    "import": "__import__('os')",
    "lambda": "lambda u: u",
    "attribute": "u.diff(x)",
    "long": "u_t + " * 170_000 + "u_x",
    "huge exponent": "u^(10^9)",
    "deep": "(" * 10_000 + "u_x" + ")" * 10_000,
    "order": "diff(u, x, 1000)",
    "subscript letters": "uₓₓ + u",
    "imaginary": "sqrt(-1)*u",
    "pole": "u_x/0",
}


@pytest.mark.parametrize("text", BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input_is_one_message_within_two_seconds(text, capsys):
    start = time.perf_counter()
    code = run(["classify", text])
    seconds = time.perf_counter() - start
    captured = capsys.readouterr()
    if code == 0:  # understood after all: then it must have been answered
        assert "K_ff" in captured.out
    else:
        assert code == 2
        assert captured.out == ""
        assert captured.err.startswith("ntk-theory: ")
        assert "Traceback" not in captured.err
    assert seconds < 2


def test_most_of_the_bad_inputs_are_refused():
    refused = [name for name, text in BAD_INPUT.items() if run(["classify", text]) == 2]
    # Only the large power and the Unicode subscripts may be understood.
    assert set(BAD_INPUT) - set(refused) <= {"large power", "subscript letters"}


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("u_t + u_xX", "u_xx"),
        ("sine(u) + u_t", "sin"),
        ("u_t + foo*u_x", "foo"),
        ("kvd", "kdv"),
        ("u_t + u*u_x)", "^"),
    ],
)
def test_messages_help(text, needle, capsys):
    assert run(["classify", text]) == 2
    assert needle in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        name
        for name, entry in COMMANDS.items()
        if "parameter" in inspect.signature(getattr(getattr(cli, entry.module), entry.function)).parameters
    ],
)
def test_a_mistyped_parameter_is_refused_by_every_command_that_takes_one(command, capsys, tmp_path):
    model = [str(tmp_path / "model.npz")] if command in ("audit", "diagnose") else []
    assert run([command, "u_t - nu*u_xx", *model, "-p", "nuu=3"]) == 2
    assert "parameters names 'nuu', which the equation lacks; it has: nu" in capsys.readouterr().err


def test_json_contract_of_kdv(capsys):
    # The worked example of the contract: every key and value that it promises.
    assert run(["classify", "u_t + u*u_x + u_xxx", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    promised = {
        "fields": ["u"],
        "variables": ["x", "t"],
        "order": 3,
        "linear": False,
        "gradient": {"u": "u_x", "u_t": "1", "u_x": "u", "u_xxx": "1"},
        "output_bias": "zero",
    }
    assert {key: data[key] for key in promised} == promised
    monomial = next(m for m in data["monomials"] if m["of"] == "u_x")
    assert (monomial["monomial"], monomial["degree"], monomial["homogeneous"]) == ("u", 1, False)
    paper = {
        key: data["paper"][key]
        for key in ("case", "degree", "s1", "s2", "s_bb", "s_ff", "s_bf", "s_training")
    }
    assert paper == {
        "case": "A", "degree": 1, "s1": None, "s2": None,
        "s_bb": "1/2", "s_ff": "1", "s_bf": "1", "s_training": "1/4",
    }  # fmt: skip
    assert "pairs" in data["paper"]
    ff = data["sharp"]["ff"]
    assert (ff["threshold"], ff["attained"]) == ("1/2", False)
    short = {side: (ff[side]["limit"], ff[side]["norm_exponent"]) for side in ("below", "at", "above")}
    assert short == {"below": ("diverges", "2 - 4*s"), "at": ("random", "0"), "above": ("zero", "1 - 2*s")}
    assert {"rule", "source", "because", "conclusion"} <= set(data["steps"][0])
    assert {h["name"]: h["holds"] for h in data["hypotheses"]} == {
        "smooth activation": True,
        "bounded derivatives": True,
        "continuous F": True,
    }


def test_json_contract_of_the_eikonal_equation(capsys):
    assert run(["classify", "u_x^2 + u_y^2 - 1", "--json"]) == 0
    paper = json.loads(capsys.readouterr().out)["paper"]
    assert {k: paper[k] for k in ("case", "degree", "s1", "s2", "s_ff", "s_bf")} == {
        "case": "homogeneous", "degree": 1, "s1": "3/4", "s2": "2/3", "s_ff": "3/4", "s_bf": "2/3",
    }  # fmt: skip


def test_a_system_has_equations_and_nulls_at_the_top(capsys):
    assert run(["classify", "nonlinear-schroedinger", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [e["name"] for e in data["equations"]] == ["f1", "f2"]
    assert data["operator"] is data["gradient"] is data["linear"] is None


def test_every_step_carries_its_source(capsys):
    assert run(["classify", "sine-gordon", "--output-bias", "normal", "--json"]) == 0
    steps = json.loads(capsys.readouterr().out)["steps"]
    assert all(step["source"][:3] in ("[ZY", "[R]", "[D]", "[C]") for step in steps)


def test_answers_at_exact_exponents(capsys):
    assert (
        run(["classify", "sine-gordon", "--output-bias", "normal", "--s", "1", "--s", "0.4", "--json"]) == 0
    )
    data = json.loads(capsys.readouterr().out)
    assert data["at_s"]["1"]["ff"] == "random"
    assert data["at_s"]["0.4"]["ff"] == "diverges"


@pytest.mark.parametrize(
    ("text", "case", "degree"),
    [
        ("u_t + u^2*u_x", "case A: F contains the field itself", "degree D = 2: the most factors"),
        ("u_t + sin(u_x)", "case A: F contains the field itself, or a derivative otherwise", None),
        ("u_x^2 - 1", "case homogeneous: F is made of powers of derivatives", "degree D = 1"),
    ],
)
def test_the_case_and_the_degree_are_said_in_words(text, case, degree, capsys):
    assert run(["classify", text]) == 0
    out = capsys.readouterr().out
    assert case in out
    assert degree in out if degree else "degree" not in out


def test_an_exponential_says_where_it_grows_and_where_it_vanishes():
    words = " ".join(str(nt.classify("u_xx + exp(u)", output_bias="normal")).split())
    assert "its exponent" not in words
    assert (
        "faster than any power of N in networks where the argument of the exponential is positive, to 0 in "
        "others" in words
    )


def test_the_table_the_derivation_and_latex(capsys):
    assert run(["classify", "eikonal", "--why"]) == 0
    out = capsys.readouterr().out
    assert "s1 = 3/4" in out
    assert "sufficient, not necessary" in out
    assert "[D] ε-calculus" in out
    assert run(["classify", "kdv", "--latex"]) == 0
    latex = capsys.readouterr().out
    assert r"\begin{align*}" in latex
    assert "u_{xxx}" in latex


@pytest.mark.parametrize(
    "arguments",
    [
        ["classify", "kdv", "--output-bias", "maybe"],
        ["classify", "kdv", "--activation", "tahn"],
        ["classify", "kdv", "--s", "one half"],
        ["classify", "kdv", "--s", "-1/2"],
        ["classify", "kdv", "--json", "--latex"],
        ["classify", "no-such-file.toml"],
        ["classify", "kdv", "--parameter", "nu"],
        ["classify", "kdv", "--parameter", "zeta=1"],
        ["classify"],
        ["classify", "kdv", "--jsn"],
        ["zoo", "kvd"],
        ["zoo", "--toml"],
        ["nonsense"],
    ],
    ids=" ".join,
)
def test_bad_arguments(arguments, capsys):
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.strip().splitlines()) <= 4


def test_an_expression_may_start_with_a_minus_sign(capsys):
    assert run(["classify", "-u_xx + u", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["paper"]["case"] == "A"


def test_zoo_listing_card_and_file(capsys, tmp_path):
    assert run(["zoo", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(nt.zoo_names()) >= 40
    assert run(["zoo", "kdv"]) == 0
    assert "Korteweg" in capsys.readouterr().out
    assert run(["zoo", "kdv", "--toml"]) == 0
    path = tmp_path / "mine.toml"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    assert nt.problem(str(path)).equations == nt.zoo("kdv").equations


def test_a_symbolic_question_never_imports_the_numerics():
    code = (
        "import sys; from ntk_theory.cli.app import run; run(['classify', 'kdv', '--json']); "
        "sys.exit(any(name in sys.modules for name in ('numba', 'numpy', 'scipy', 'matplotlib')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0


def test_a_long_unknown_option_is_not_repeated_in_full(capsys):
    assert run(["classify", "--" + "x" * 5000]) == 2
    error = capsys.readouterr().err
    assert error.startswith("ntk-theory: No such option")
    assert len(error) < 300


def test_the_list_of_commands_is_written_from_their_docstrings():
    """The table repeats each first line, so that the list needs none of the commands."""
    for entry in COMMANDS.values():
        text = inspect.getdoc(getattr(getattr(cli, entry.module), entry.function))
        assert text is not None
        assert text.split("\n\n")[0].replace("\n", " ") == entry.line


def test_every_command_is_in_the_list():
    """Each module with a ``command`` is a command, and the list has no other names."""
    folder = Path(cli.__file__).parent
    modules = {
        path.stem for path in folder.glob("*.py") if re.search(r"^def command\(", path.read_text(), re.M)
    }
    assert modules == {entry.module for entry in COMMANDS.values()}
    assert modules == {name for name, entry in COMMANDS.items() if entry.function == "command"}


def test_the_list_of_commands_loads_none_of_them(capsys):
    code = (
        "import sys; from ntk_theory.cli.app import run; run(['--help']); "
        "sys.exit(any(name in sys.modules for name in ('ntk_theory.cli.classify', 'sympy', 'rich', 'numpy')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize(
    "name", [name for name in COMMANDS if name != "train"]
)  # lists the methods there are
def test_the_help_of_a_command_loads_no_numerics(name):
    code = (
        f"import sys; from ntk_theory.cli.app import run; run([{name!r}, '--help']); "
        "print(*(m for m in ('numba', 'numpy', 'scipy', 'matplotlib') if m in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == ""
    assert "Options:" in done.stdout
