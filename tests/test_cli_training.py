"""``verify --training``, with ``resume`` and ``report`` of its stores."""

from __future__ import annotations

import json

import pytest

from ntk_theory.cli.app import run
from ntk_theory.studies.engine.store import Store

SMALL = [
    "--training", "--widths", "16,64,256", "--seeds", "6", "--points", "3", "--s", "1/2,1",
    "--activation", "sin", "--workers", "1",
]  # fmt: skip
PDE = "u_t - u_xx + sin(u)"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("training") / "s.sqlite"
    assert run(["verify", PDE, *SMALL, "--store", str(path)]) == 0
    return path


def test_the_table_has_drifts_claims_and_the_store(store, capsys):
    assert run(["resume", str(store)]) == 0
    out = capsys.readouterr().out
    for word in ("N=256", "exponent", "theorem-2.3", "[ZY] Theorem 2.3", "limiting-drift", "[C]", str(store)):
        assert word in out
    with Store.open(store) as opened:
        assert len(opened.done()) == 3 * 6


def test_json_has_verdicts_and_measured_drifts(store, capsys):
    assert run(["resume", str(store), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    (study,) = data["studies"]
    assert study["training"] == {"until": 0.1, "clock": "raw", "records": 8}
    assert {v["claim"] for v in study["verdicts"]} >= {"theorem-2.3", "limiting-drift", "nonlinear-drift"}
    at = study["measured"][0]["at"]["1"]
    assert len(at["drift"]) == 3
    assert at["limiting_drift"] >= 0
    assert data["refuted"] == sum(v["outcome"] == "refuted" for v in study["verdicts"])


def test_strict_tells_a_refutation(store, capsys):
    assert run(["resume", str(store), "--json", "--strict"]) == int(
        json.loads(capsys.readouterr().out)["refuted"] > 0
    )


def test_computed_again_the_rows_are_the_same(store, tmp_path):
    again = tmp_path / "again.sqlite"
    assert run(["resume", str(store), "--into", str(again), "--workers", "2"]) == 0
    with Store.open(store) as a, Store.open(again) as b:
        assert a.fingerprint() == b.fingerprint()


def test_the_page_shows_tables_and_figure(store, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert run(["report", str(store), "-o", str(page)]) == 0
    assert capsys.readouterr().out.strip() == str(page)
    html = page.read_text(encoding="utf-8")
    words = (
        "data:image/svg+xml",
        "theorem-2.3",
        "Would refute it",
        "--into again.sqlite",
        "[ZY] Theorem 2.2",
    )
    for word in words:
        assert word in html
    assert "<script" not in html


def test_options_of_training_need_training(capsys):
    assert run(["verify", "heat", "--until", "0.2"]) == 2
    assert "--until needs --training" in capsys.readouterr().err
    assert run(["verify", "heat", "--training", "--clock", "wall"]) == 2
    assert "raw or kernel" in capsys.readouterr().err
