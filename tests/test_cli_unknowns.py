"""Commands with unknown coefficients and measured data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ntk_theory.cli.app import run
from ntk_theory.studies.engine.store import Store
from ntk_theory.symbolic.unknowns import read_unknowns

FILE = """
fields = ["u"]
variables = ["x"]
equations = ["u_x = k*u"]
domain = { x = [0, 1] }
[unknowns]
k = { start = 0.5, positive = true }
[[data]]
file = "probes.csv"
sigma = 0.01
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    """e^x at five points, without a condition."""
    (tmp_path / "probes.csv").write_text("x,u\n0,1\n0.25,1.284\n0.5,1.649\n0.75,2.117\n1,2.718\n")
    (tmp_path / "growth.toml").write_text(FILE)
    return str(tmp_path / "growth.toml")


def test_train_tells_unknowns_with_their_errors(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--width", "8", "--depth", "1", "--points", "20", "--steps", "60", "--no-drift")
    assert run(["train", file, *options, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["points"] == {"data": 5, "f": 20}
    found = record["unknowns"]["k"]
    assert found["start"] == 0.5
    assert found["identifiable"]
    # e^x to three digits: far closer than σ allows.
    assert abs(found["value"] - 1.0) < found["standard_error"] < 0.05
    assert run(["train", file, *options]) == 0
    assert "k = " in capsys.readouterr().out


def test_kernel_has_the_unknown_of_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    traces = []
    for given in ([], ["--unknown", "nu=1/10"], ["--unknown", "nu=1/10,positive"]):
        options = ["--width", "16", "--points", "4", "--json"]
        assert run(["kernel", "burgers", *options, *given]) == 0
        traces.append(json.loads(capsys.readouterr().out)["groups"]["f"]["trace"])
    # K_ff gains (∂R/∂ν)² = u_xx², and ν² times that for log ν.
    plain, free, positive = traces
    assert free > positive > plain
    assert (positive - plain) == pytest.approx((free - plain) / 100, rel=1e-6)


@pytest.mark.parametrize("given", ["nu", "nu=", "=1", "nu=1,negative", "nu=1,"])
def test_options_that_do_not_fit_are_refused(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["kernel", "burgers", "--unknown", given]) == 2
    assert "--unknown is" in capsys.readouterr().err


def test_classify_limit_and_recommend_have_them(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = {}
    for name, options in (("classify", []), ("limit", ["--points", "4"]), ("recommend", ["--width", "64"])):
        assert run([name, "u_t - k*u_xx", "--unknown", "k=1/2,positive", *options, "--json"]) == 0
        found[name] = json.loads(capsys.readouterr().out)
        assert run([name, file, *options]) == 0
        assert capsys.readouterr().out
    assert found["classify"]["unknowns"] == {"k": {"start": "1/2", "positive": True}}
    assert found["classify"]["sharp"]["ff"]["at"]["limit"] == "random"
    assert {b["block"]: b["deterministic"] for b in found["limit"]["blocks"]} == {
        "bb": True,
        "bf": True,
        "ff": False,
    }
    assert any("nonlinear in u and k together" in why for why in found["recommend"]["because"])


def test_verify_decides_what_an_unknown_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    size = ["--s", "1/2", "--widths", "64,256,1024", "--seeds", "24", "--points", "4", "--workers", "1"]
    wanted = {
        "u_t - k*u_xx": ("random", "makes K_ff random (deterministic if known)"),
        "u_t - u_xx - k*sin(x)": ("deterministic", "leaves K_ff deterministic"),
    }
    for text, (limit, statement) in wanted.items():
        store = str(tmp_path / f"{limit}.sqlite")
        assert run(["verify", text, "--unknown", "k=1", *size, "--store", store, "--json"]) == 0
        (study,) = json.loads(capsys.readouterr().out)["studies"]
        (found,) = [v for v in study["verdicts"] if v["claim"] == "unknown-term"]
        assert (found["outcome"], found["predicted"], found["block"]) == ("supported", limit, "ff")
        assert statement in found["statement"]
    # A store has the unknowns.
    with Store.open(store) as held:
        assert held.study.cases[0].problem.unknowns == read_unknowns({"k": 1})


def test_verify_says_where_it_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "u_t - k*u_xx", "--unknown", "k=1", "--training"]) == 2
    assert "unknown 'k'" in capsys.readouterr().err
    assert run(["verify", "--zoo", "--unknown", "k=1"]) == 2
    assert "--zoo cannot be combined with --unknown" in capsys.readouterr().err


def test_data_are_an_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    probes = tmp_path / "probes.csv"
    probes.write_text("x,u,e\n0,1,0.01\n0.5,1.649,0.01\n1,2.718,0.01\n")
    given = ["u_x - k*u", "--unknown", "k=1/2", "--data", f"{probes},sigma=e,name=probes"]
    assert run(["kernel", *given, "--width", "8", "--points", "4", "--json"]) == 0
    assert "probes" in json.loads(capsys.readouterr().out)["groups"]
    assert run(["classify", *given, "--json"]) == 0
    assert "probes,probes" in json.loads(capsys.readouterr().out)["sharp"]
    for item, words in (
        (f"{probes},colour=e", "--data is"),
        (f"{probes},sigma", "--data is"),
        ("no.csv", "no.csv"),
    ):
        assert run(["kernel", "u_x - u", "--data", item]) == 2
        assert words in capsys.readouterr().err
    # What a command reads, it never writes over.
    assert run(["train", *given, "--steps", "1", "-o", str(probes), "--force"]) == 2
    assert probes.read_text().startswith("x,u,e")


def test_diagnose_takes_what_train_took(tmp_path, capsys) -> None:
    rows = "\n".join(f"{x / 8},{t / 4},{x * (8 - x) / 64}" for x in range(1, 8) for t in range(1, 4))
    (tmp_path / "probes.csv").write_text(f"x,t,u\n{rows}\n")
    asked = ["u_t - diff(a*u_x, x)", "--fields", "u,a", "--variables", "x,t", "--unknown", "a(x)=1"]
    asked += ["--data", f"{tmp_path / 'probes.csv'},observe=u,sigma=0.01"]
    small = ["--width", "6", "--depth", "1", "--steps", "3", "--points", "8", "-o", str(tmp_path / "run.npz")]
    assert run(["train", *asked, *small]) in (0, 4)
    capsys.readouterr()
    assert run(["diagnose", asked[0], str(tmp_path / "run.npz"), *asked[1:], "--points", "8", "--json"]) == 0
    assert "data" in json.loads(capsys.readouterr().out)["groups"]
