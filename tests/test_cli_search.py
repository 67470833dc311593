"""``ntk-theory search``: the table, JSON, exit codes, a planted disagreement, an early end."""

from __future__ import annotations

import json
import shlex
from fractions import Fraction

import pytest

from ntk_theory.cli.app import run
from ntk_theory.search import search as hunting
from ntk_theory.search.bench import Disagreement, SearchResult
from ntk_theory.search.search import BATCH, hunt

PLANTED = Disagreement(
    "u*u_x", 1, "ff", Fraction(1, 2), "deterministic", "random", "K keeps its randomness", "random"
)


def planted(*, budget, seed, **_):
    """A search that finds the same wrong operator in every batch."""
    return SearchResult(budget, 12 * budget, 12 * budget - 1, 1, 0, (PLANTED,))


def test_a_short_search_agrees_and_says_so(capsys):
    assert run(["search", "--budget", "6", "--seed", "3", "--no-networks", "--strict"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("6 random operators (output bias zero, seed 3): ")
    assert "✓ no disagreement found" in captured.out
    assert captured.err == ""


def test_json_is_alone_and_complete(capsys):
    assert run(["search", "--budget", "3", "--seed", "4", "--no-networks", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["tried"] == data["budget"] == 3
    assert data["compared"] == data["agreed"] > 0
    assert (data["disagreements"], data["stopped"]) == ([], None)


def test_a_disagreement_is_shown_once_with_a_command_that_works(capsys, monkeypatch):
    monkeypatch.setattr(hunting, "search", planted)
    assert run(["search", "--budget", str(2 * BATCH)]) == 0
    out = capsys.readouterr().out
    assert out.count("✗ u*u_x = 0") == 1
    assert "K_ff at s = 1/2: predicted deterministic, observed random" in out
    (line,) = [line for line in out.splitlines() if "ntk-theory classify" in line]
    words = shlex.split(line.split("ntk-theory ", 1)[1])
    assert run(words) == 0
    assert "at s = 1/2: " in capsys.readouterr().out
    assert run(["search", "--budget", "1", "--strict"]) == 1


def test_the_same_seed_begins_in_the_same_way():
    seen = []

    def recording(**how):
        seen.append((how["seed"], how["budget"]))
        return SearchResult(how["budget"], 0, 0, 0, 0, ())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hunting, "search", recording)
        hunt(budget=2 * BATCH, seed=7)
        hunt(budget=3 * BATCH - 4, seed=7)
    assert seen[:2] == seen[2:4]
    assert seen[4][1] == BATCH - 4
    assert len({seed for seed, _ in seen[2:]}) == 3


def test_time_and_ctrl_c_keep_what_was_found(capsys, monkeypatch):
    monkeypatch.setattr(hunting, "search", planted)
    assert run(["search", "--budget", "1000", "--seconds", "1e-9"]) == 0
    assert "stopped after 0 of 1000 operators: the time is up" in capsys.readouterr().out

    calls = []

    def interrupted(**how):
        calls.append(how)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return planted(**how)

    monkeypatch.setattr(hunting, "search", interrupted)
    assert run(["search", "--budget", "1000"]) == 130
    out = capsys.readouterr().out
    assert f"stopped after {BATCH} of 1000 operators: interrupted" in out
    assert "✗ u*u_x = 0" in out


@pytest.mark.parametrize(
    "arguments",
    [["--budget", "0"], ["--seed", "-1"], ["--output-bias", "maybe"], ["--seconds", "0"], ["--budget", "x"]],
    ids=" ".join,
)
def test_bad_arguments(arguments, capsys):
    assert run(["search", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ntk-theory: ")
    assert len(captured.err.strip().splitlines()) == 1
