"""The page is whole: verdicts, derivation, criterion, commands; nothing from outside; every text escaped."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.errors import InputError
from ntk_theory.report.page.initialisation import criterion_meanings, page
from ntk_theory.report.page.markup import details, document, join, pill, table, tag, void
from ntk_theory.report.page.plain import told
from ntk_theory.report.page.provenance import Provenance
from ntk_theory.report.page.reproduce import resume_command, verify_command
from ntk_theory.report.rows import answers
from ntk_theory.studies.engine.store import Store
from ntk_theory.studies.initialisation.claims import CLAIMS
from ntk_theory.studies.initialisation.criterion import Criterion
from ntk_theory.studies.question.study import Study
from ntk_theory.theory.text import block_label

VOID = {"meta", "img", "br"}
OWN = (files("ntk_theory.report.page") / "page.js").read_text(encoding="utf-8")


class Reader(HTMLParser):
    """Collects texts, elements and addresses, and checks that elements close in order."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.addresses, self.texts = [], [], [], []

    def handle_starttag(self, name, attributes):
        self.tags.append(name)
        self.addresses += [value for key, value in attributes if key in ("src", "href")]
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "script"):
            self.texts.append(data)


def read(html):
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def html(small_study, study_store):
    with Store.open(study_store) as store:
        return page(small_study, Provenance(store.environments(), store.fingerprint()))


@pytest.fixture(scope="module")
def words(html):
    return " ".join(read(html).texts)


def test_it_is_well_formed_and_needs_nothing_from_outside(html):
    reader = read(html)
    assert reader.tags.count("script") == 1  # its own, word by word
    assert html.count("<script>" + OWN + "</script>") == 1
    assert not re.search(
        r"fetch|XMLHttpRequest|import\(|https?://(?!www\.w3\.org/2000/svg)|innerHTML|eval", OWN
    )
    assert "link" not in reader.tags
    assert all(address.startswith(("data:image/svg+xml;base64,", "#")) for address in reader.addresses)
    assert not re.search(r"@import|url\(", html)


def test_the_chart_has_every_block_and_exponent(html, small_study):
    charts = [json.loads(unescape(text)) for text in re.findall(r'data-curves="([^"]*)"', html)]
    every = answers([small_study])
    assert len(charts) == len(every)
    for answer, curves in zip(every, charts, strict=True):
        expected = {(block_label(b), str(s)) for b in answer.blocks for s in small_study.study.s}
        assert {(c["block"], c["s"]) for c in curves} == expected
        for curve in curves:
            assert curve["widths"] == list(small_study.study.widths)
            low, middle, high = map(np.array, curve["norm"])
            assert np.all((low <= middle) & (middle <= high))


def test_it_has_a_map_and_two_figures_per_answer(html):
    assert read(html).tags.count("img") == 1 + 2 * 2


def test_every_claim_and_what_would_refute_it(words, small_study):
    assert {verdict.claim for verdict in small_study} == {claim.code for claim in CLAIMS}
    for verdict in small_study:
        assert verdict.statement in words
    for claim in CLAIMS:
        assert claim.refuted_by in words


def test_every_step_of_the_derivation(words, small_study):
    for answer in answers([small_study]):
        assert all(step.conclusion in words for step in answer.classification.steps)


def test_every_number_of_the_criterion_is_explained(words):
    meanings = criterion_meanings()
    assert set(Criterion().to_dict()) == set(meanings)
    assert all(name in words and meaning in words for name, meaning in meanings.items())


def test_headline_and_remedies(words, small_study):
    refuted = [c for a in answers([small_study]) for c in a.claims if c.outcome == "refuted"]
    assert refuted, "this study refutes the stated converse and the divergent case"
    assert all(claim.digest()[0].reason in words for claim in refuted)


def test_environment_and_commands(words, study_store, small_study):
    with Store.open(study_store) as store:
        assert store.fingerprint() in words
        assert store.environments()[0]["python"] in words
    assert resume_command(study_store) in words
    assert verify_command(small_study.study) in words


def test_what_a_user_wrote_is_escaped(small_study):
    case = small_study.study.cases[0]
    evil = "<script>alert(1)</script>"
    key = (case.label, "erf")
    evidence = small_study.evidence[key]
    problem = replace(evidence.classification.problem, title=evil, source=evil)
    classification = replace(evidence.classification, problem=problem)
    changed = {**small_study.evidence, key: replace(evidence, classification=classification)}
    verdicts = {
        **small_study.verdicts,
        key: tuple(replace(v, reason=evil) for v in small_study.verdicts[key]),
    }
    shown = page(
        replace(small_study, evidence=changed, verdicts=verdicts),
        Provenance([{"processor": evil}], "0"),
        only=[case.label],
    )
    assert read(shown).tags.count("script") == 1
    assert evil not in shown
    assert evil in " ".join(read(shown).texts)


def test_only_one_problem(small_study):
    label = small_study.study.cases[1].label
    shown = page(small_study, Provenance([], ""), only=[label])
    assert read(shown).tags.count("img") == 1 + 2


@pytest.mark.parametrize(
    ("problems", "settings"),
    [
        (["kdv", "heat"], {"points": 7, "s": ("1/3", "1"), "widths": (8, 16), "seed": 4}),
        (["-u_xx + u"], {"output_bias": "normal", "activations": ("sin", "erf"), "depth": 2}),
        (["u_t + u_x^2 + kappa*u*u_x"], {"sweep": ("kappa", ["0", "1/10"])}),
    ],
)
def test_the_command_makes_the_same_study(problems, settings):
    study = Study.from_problems(problems, **{"seeds": 2, "criterion": Criterion().to_dict()} | settings)
    command = verify_command(study)
    assert command is not None
    assert command.startswith("ntk-theory verify ")


def test_no_command_where_none_makes_the_same_study():
    by_hand = nt.zoo("burgers", parameters={"nu": "1/7"})
    study = Study.from_problems([by_hand], seeds=2, criterion=Criterion().to_dict())
    assert verify_command(study) is None


def test_cells_of_sentences_name_their_column_and_no_head_is_empty(html):
    told = table(["claim", "outcome"], [["it < 1", "supported"]], "told")
    assert '<td>it &lt; 1</td><td data-head="outcome">supported</td>' in told
    assert "data-head" not in table(["claim", "outcome"], [["x", "y"]])
    assert html.count('class="told"') >= 2
    assert '<th scope="col"></th>' not in html
    assert html.count("<main>") == 1


def test_markup_escapes_contents_and_attributes():
    assert tag("p", ["a < b ", tag("b", "&")], title='"') == '<p title="&quot;">a &lt; b <b>&amp;</b></p>'
    assert void("img", alt="<") == '<img alt="&lt;">'
    assert "<td>&lt;i&gt;</td>" in table(["h"], [["<i>"]])
    assert details("<", "&").startswith("<details><summary>&lt;</summary>&amp;")


def test_a_store_is_judged_completed_and_shown_from_python(tmp_path):
    """judge, resume and page take an open store or a path, and say the same."""
    path, written = tmp_path / "s.sqlite", tmp_path / "page.html"
    study = Study.from_problems("heat", widths=(16, 32), seeds=4, points=3, activations="erf", s="1/2")
    with nt.Store.create(path, study) as store:
        assert not nt.judge(store).is_complete
        assert nt.resume(store, workers=1, progress=False).is_complete
    judged = nt.judge(path)
    assert judged.is_complete
    assert judged.to_dict()["verdicts"] == nt.record(path).to_dict()["verdicts"]
    with nt.Store.open(path) as store:
        assert len(store.verdicts()) == 1  # the same verdicts once
    again = nt.resume(path, into=tmp_path / "again.sqlite", workers=1, progress=False)
    assert again.to_dict()["verdicts"] == judged.to_dict()["verdicts"]
    assert nt.page(path, written, only=["heat"]) == written
    assert "Heat equation" in written.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("only", "message"),
    [(["kdv"], "only is 'kdv'; the store has heat"), ("heat", r"needs a list .* \['heat'\]")],
)
def test_a_page_of_a_problem_that_is_not_there_is_refused(tmp_path, only, message):
    study = Study.from_problems("heat", widths=(16, 32), seeds=4, points=3, activations="erf", s="1/2")
    with nt.Store.create(tmp_path / "s.sqlite", study) as store, pytest.raises(InputError, match=message):
        nt.page(store, tmp_path / "page.html", only=only)
    assert not (tmp_path / "page.html").exists()


def test_a_page_never_replaces_its_store(tmp_path):
    path = tmp_path / "s.html"
    study = Study.from_problems("heat", widths=(16, 32), seeds=4, points=3, activations="erf", s="1/2")
    with nt.Store.create(path, study), pytest.raises(InputError, match="which this command reads"):
        nt.page(path, path, force=True)
    assert nt.judge(path).study == study


def test_a_number_of_powers_of_ten_is_one_word():
    assert join(["at 1.5e-05, x2e-3"]) == 'at <span class="number">1.5e-05</span>, x2e-3'
    assert "<title>1e-05 &lt;</title>" in document("1e-05 <", [])
    assert pill("not applicable") == '<span class="pill not-applicable">not applicable</span>'


def test_a_setting_is_told_without_quotes_and_braces():
    marks = {"methods": {"gauss-newton": 60, "adam": 1000}, "reference": 120}
    assert told(marks) == "methods gauss-newton 60, adam 1000; reference 120"
    assert told("zero") == "zero"
