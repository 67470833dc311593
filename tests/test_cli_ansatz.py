"""The commands under ``--ansatz`` and ``--hard``."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from ntk_theory.cli.app import run

HEAT = "u = sin(pi*x) + t*x*(1 - x)*w"


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(list(arguments)) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("way", [("--ansatz", HEAT), ("--hard",)])
def test_classify_tells_outputs_and_what_is_met(
    way: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    record = json.loads(command(capsys, "classify", "heat", *way, "--json"))
    assert record["met_by_construction"] == ["initial", "ends"]
    assert record["fields"] == ["u"]
    assert len(record["outputs"]) == 1
    assert "met by construction: initial, ends" in command(capsys, "classify", "heat", *way)


def test_kernel_and_limit_have_the_remaining_groups(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("kernel", "limit"):
        text = command(capsys, name, "heat", "--hard", "--points", "3", "--json")
        assert "initial" not in text
        json.loads(text)


def test_train_reports_errors_of_the_field(capsys: pytest.CaptureFixture[str]) -> None:
    record = json.loads(
        command(
            capsys,
            "train",
            "heat",
            "--ansatz",
            HEAT,
            "--steps",
            "30",
            "--points",
            "100",
            "--no-drift",
            "--json",
        )
    )
    assert record["error"] < 1e-2


def test_recommend_takes_an_ansatz(capsys: pytest.CaptureFixture[str]) -> None:
    record = json.loads(command(capsys, "recommend", "heat", "--hard", "--points", "3", "--json"))
    assert record["s"] == "1/2"


def test_a_bad_ansatz_has_a_caret_and_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["classify", "heat", "--ansatz", "u = x*u"]) == 2
    assert "    u = x*u\n          ^" in capsys.readouterr().err
    assert run(["verify", "heat", "--ansatz", HEAT, "--sweep", "nu=1,2"]) == 2
