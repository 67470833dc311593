"""Commands with unknown coefficients and measured data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ntk_theory.cli.app import run

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


@pytest.mark.parametrize("name", ["classify", "limit", "recommend", "verify"])
def test_other_commands_refuse_by_a_sentence(
    name: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([name, file]) == 2
    assert "unknown 'k'" in capsys.readouterr().err
