"""``verify``, ``resume`` and ``report``: tables, JSON, stores, exit codes."""

from __future__ import annotations

import json
import re

import pytest

import ntk_theory as nt
from ntk_theory.cli.app import run
from ntk_theory.errors import Interrupted
from ntk_theory.studies.engine.database import Database
from ntk_theory.studies.engine.store import Store
from ntk_theory.studies.question.study import Study
from ntk_theory.studies.zoo import MAX_ORDER, decided_zoo, is_decided, order_of

SMALL = [
    "--widths", "32,64,128", "--seeds", "24", "--points", "3", "--activation", "erf", "--workers", "1",
]  # fmt: skip


def small(*arguments, store, s="1/2,1"):
    return ["verify", *arguments, *SMALL, "--s", s, "--store", str(store)]


def stored_cells(path):
    with Store.open(path) as store:
        return len(store.done()), len(store.study.cells())


def test_the_table_names_every_claim_and_the_store(tmp_path, capsys):
    path = tmp_path / "s.sqlite"
    assert run(small("u_t + u*u_x", store=path)) == 0
    out = capsys.readouterr().out
    for word in ("K_ff", "s = 1/2", "sharp-limit", "converse-ff", "[ZY]", "agree with the prediction"):
        assert word in out
    assert str(path) in out
    done, all_cells = stored_cells(path)
    assert done == all_cells == 3 * 24


def test_json_is_alone_on_stdout(tmp_path, capsys):
    assert run([*small("u_t + u*u_x", "heat", store=tmp_path / "s.sqlite"), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    (study,) = data["studies"]
    assert study["cases"] == ["u_t + u*u_x", "heat"]
    assert study["s"] == ["1/2", "1"]
    assert data["complete"] is True
    assert data["refuted"] == sum(v["outcome"] == "refuted" for v in study["verdicts"])
    assert data["agreement"]["predicted"] == 2 * 3 * 2


def test_strict_makes_a_refutation_count(tmp_path):
    # At s = 3/4 the kernel of Burgers goes to zero, which refutes the stated converse (s < 1 fails).
    arguments = small("u_t + u*u_x", store=tmp_path / "s.sqlite", s="3/4,1")
    assert run(arguments) == 0
    with Store.open(tmp_path / "s.sqlite") as store:
        refuted = [v["claim"] for v in store.verdicts()[-1] if v["outcome"] == "refuted"]
    assert "converse-ff" in refuted
    assert run([*arguments, "--strict"]) == 1


def test_the_same_command_resumes_and_adds_no_cell(tmp_path):
    path = tmp_path / "s.sqlite"
    arguments = small("heat", store=path)
    assert run(arguments) == 0
    with Store.open(path) as store:
        before, runs = store.fingerprint(), len(store.environments())
    assert run(arguments) == 0
    with Store.open(path) as store:
        assert (store.fingerprint(), len(store.environments())) == (before, runs)


def test_resume_computes_what_a_store_lacks(tmp_path):
    path = tmp_path / "s.sqlite"
    study = Study.from_problems("heat", widths=(16, 32), seeds=4, points=3, activations="erf", s="1/2")
    Store.create(path, study).close()
    # This study was frozen without a criterion; then the default one judges.
    assert run(["resume", str(path), "--workers", "1"]) == 0
    assert stored_cells(path) == (8, 8)


def test_resume_into_a_new_store_reproduces_bit_for_bit(tmp_path):
    first, again = tmp_path / "first.sqlite", tmp_path / "again.sqlite"
    assert run(small("u_t + u*u_x", store=first)) == 0
    assert run(["resume", str(first), "--into", str(again), "--workers", "1"]) == 0
    with Store.open(first) as one, Store.open(again) as other:
        assert one.fingerprint() == other.fingerprint()


def test_several_settings_are_one_table(tmp_path, capsys):
    arguments = small(
        "u_t + u_x^2 + kappa*u*u_x", "--sweep", "kappa=0,1", "--depth", "1,2", store=tmp_path / "s.sqlite"
    )
    assert run(arguments) == 0
    out = capsys.readouterr().out
    assert len(re.findall(r"^claim ", out, flags=re.MULTILINE)) == 1
    for column in ("kappa = 0, depth 1", "kappa = 1, depth 2"):
        assert all(word in out for word in column.split(", "))
    assert {path.name for path in tmp_path.iterdir()} == {"s-depth1.sqlite", "s-depth2.sqlite"}


def test_many_problems_get_a_line_each(tmp_path, capsys):
    names = ["heat", "wave", "poisson", "laplace", "advection", "burgers", "helmholtz"]
    assert run([*small(*names, store=tmp_path / "s.sqlite"), "--seeds", "4", "--widths", "8,16,32"]) == 0
    out = capsys.readouterr().out
    assert all(re.search(rf"^{name} +\d+/\d+", out, flags=re.MULTILINE) for name in names)


def test_failed_cells_are_code_three_with_a_message(tmp_path, capsys):
    arguments = small("u_t + exp(exp(u))", store=tmp_path / "s.sqlite", s="1/10,1")
    assert run([*arguments, "--widths", "64,4096", "--seeds", "6"]) == 3
    captured = capsys.readouterr()
    assert "could not be computed" in captured.err
    assert "s = 1/10" in captured.err
    assert "K_ff" in captured.out, "what was computed is still shown"


def test_an_interruption_is_code_130_and_says_how_to_resume(tmp_path, capsys, monkeypatch):
    def stopped(*_, **__):
        raise Interrupted("interrupted with 3 of 9 cells computed; run the same study into that store")

    monkeypatch.setattr("ntk_theory.studies.judging.judge.run", stopped)
    assert run(small("heat", store=tmp_path / "s.sqlite")) == 130
    assert "run the same study" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify"],
        ["verify", "kvd"],
        ["verify", "kdv", "--zoo"],
        ["verify", "kdv", "--s", "half"],
        ["verify", "kdv", "--s", "1/2,,1"],
        ["verify", "kdv", "--widths", "64,many"],
        ["verify", "kdv", "--widths", "-64"],
        ["verify", "kdv", "--seeds", "0"],
        ["verify", "kdv", "--depth", "0"],
        ["verify", "kdv", "--activation", "tahn"],
        ["verify", "kdv", "--output-bias", "maybe"],
        ["verify", "kdv", "--sweep", "kappa"],
        ["verify", "kdv", "--sweep", "kappa=0,1"],
        ["verify", "burgers", "--sweep", "nu=0,1", "--parameter", "nu=1"],
    ],
    ids=" ".join,
)
def test_bad_arguments(arguments, capsys, tmp_path):
    assert run([*arguments, *(["--store", str(tmp_path / "s.sqlite")] if arguments[1:] else [])]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ntk-theory: ")
    assert len(captured.err.strip().splitlines()) <= 4


@pytest.mark.parametrize("command", ["resume", "report"])
def test_a_store_that_is_none(command, tmp_path, capsys):
    assert run([command, str(tmp_path / "none.sqlite")]) == 2  # bad input
    assert "there is no store" in capsys.readouterr().err
    text = tmp_path / "text.sqlite"
    text.write_text("this is not a store, whatever its name says", encoding="utf-8")
    assert run([command, str(text)]) == 3


def test_report_writes_one_page(tmp_path, capsys):
    path, page = tmp_path / "s.sqlite", tmp_path / "page.html"
    assert run(small("u_t + u*u_x", "heat", store=path)) == 0
    capsys.readouterr()
    assert run(["report", str(path), "-o", str(page)]) == 0
    assert capsys.readouterr().out.strip() == str(page)
    html = page.read_text(encoding="utf-8")
    assert html.startswith("<!DOCTYPE html>")
    assert "Heat equation" in html
    assert run(["report", str(path), "-o", str(page), "--only", "heat"]) == 0
    assert "u*u_x" not in page.read_text(encoding="utf-8").split("How to reproduce")[0]


def test_report_into_a_table_writes_the_rows(tmp_path, capsys):
    path, table = tmp_path / "s.sqlite", tmp_path / "rows.csv"
    assert run(small("heat", store=path)) == 0
    capsys.readouterr()
    assert run(["report", str(path), "-o", str(table)]) == 0
    assert capsys.readouterr().out.strip() == str(table)
    header, first = table.read_text(encoding="utf-8").splitlines()[:2]
    assert header == "case,activation,width,seed,pair,s,quantity,value"
    assert first.startswith("heat,")
    assert run(["report", str(path), "-o", str(table), "--only", "heat"]) == 2
    assert "holds all rows" in capsys.readouterr().err


def test_report_of_a_problem_that_is_not_there_or_into_a_folder_that_is_not(tmp_path, capsys):
    path = tmp_path / "s.sqlite"
    assert run(small("heat", store=path)) == 0
    assert run(["report", str(path), "--only", "kdv"]) == 2
    assert "the store has heat" in capsys.readouterr().err
    assert run(["report", str(path), "-o", str(tmp_path / "none" / "page.html")]) == 2
    assert "its folder cannot be written to" in capsys.readouterr().err


def test_report_of_an_unfinished_study_says_so(tmp_path):
    path, page = tmp_path / "s.sqlite", tmp_path / "page.html"
    study = Study.from_problems("heat", widths=(16, 32), seeds=4, points=3, activations="erf", s="1/2")
    Store.create(path, study).close()
    assert run(["report", str(path), "-o", str(page)]) == 0
    assert "8 networks are not computed" in page.read_text(encoding="utf-8")


def test_reports_add_nothing_to_a_store_and_need_no_right_to_write(tmp_path, monkeypatch):
    path = tmp_path / "s.sqlite"
    assert run(small("heat", store=path)) == 0
    with Store.open(path) as store:
        assert len(store.verdicts()) == 1
    before = path.read_bytes()

    def never(*_, **__):
        raise AssertionError("a report wrote to its store")

    monkeypatch.setattr(Database, "transaction", never)
    for _ in range(2):
        assert run(["report", str(path), "-o", str(tmp_path / "page.html")]) == 0
        assert run(["resume", str(path), "--workers", "1"]) == 0
    assert path.read_bytes() == before


def test_a_criterion_of_another_version_is_a_sentence(tmp_path, capsys):
    path = tmp_path / "s.sqlite"
    study = Study.from_problems(
        "heat", widths=(16, 32), seeds=4, points=3, activations="erf", s="1/2", criterion={"sigma": 3.0}
    )
    Store.create(path, study).close()
    assert run(["report", str(path), "-o", str(tmp_path / "page.html")]) == 3
    error = capsys.readouterr().err
    assert "'sigma', which this version does not know" in error
    assert str(path) in error
    assert len(error.strip().splitlines()) == 1


def test_the_decided_zoo():
    names = decided_zoo()
    assert set(names) <= set(nt.zoo_names())
    assert len(names) >= 45
    assert {"kdv", "sine-gordon", "fractional-reaction", "poisson"} <= set(names)
    assert all(order_of(nt.zoo(name)) <= MAX_ORDER for name in names)
    left_out = set(nt.zoo_names()) - set(names)
    assert all(order_of(nt.zoo(name)) > MAX_ORDER or not is_decided(name) for name in left_out)
