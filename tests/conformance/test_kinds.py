"""What every kind of study owes: the battery runs for each, and a failure has the kind's name.

A new kind is tested by its line in ``KINDS``; nothing here knows one by name, but for a third kind that lives
in the tests and shows that a folder and a table line are all it takes.
"""

from __future__ import annotations

import io
import json
import math
import pkgutil
import subprocess
import sys
from dataclasses import fields
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path

import pytest
from rich.console import Console

from ntk_theory import studies
from ntk_theory.errors import InputError, StoreError
from ntk_theory.report.kinds import PLAIN, REPORTS, report_of
from ntk_theory.report.page.provenance import Provenance
from ntk_theory.studies.engine.export import to_csv
from ntk_theory.studies.engine.run import compute_batch, make_batches, run
from ntk_theory.studies.engine.store import Store
from ntk_theory.studies.judging.judge import judge, record, verify_kind
from ntk_theory.studies.judging.kind import Kind, kind
from ntk_theory.studies.judging.verdict import Outcome, in_words
from ntk_theory.studies.kinds import DEFAULT, KINDS, TRAINING, load
from ntk_theory.studies.question.study import Study

TOY = "trace"
NAMES = (*KINDS, TOY)


@pytest.fixture(autouse=True)
def _third_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, TOY, "trace_kind")


@pytest.fixture(params=NAMES)
def own(request: pytest.FixtureRequest) -> Kind:
    return kind(request.param)


def tiny(own: Kind, **changes) -> Study:
    """2 widths × 4 networks at 2 + 2 points; settings and criterion are the kind's own."""
    size = {"points": 2, "widths": (8, 16), "seeds": 4, "activations": "erf", "s": ("1/2", "1")}
    settings = None if own.settings is None else own.settings.from_dict(own.trial)
    more = {"criterion": own.criterion().to_dict(), "settings": settings}
    return Study.from_problems("u_t - u_xx + u^2", **(size | more | changes))


@pytest.fixture
def store(own: Kind, tmp_path: Path):
    study = tiny(own)
    with Store.create(tmp_path / "whole.sqlite", study) as made:
        run(study, made, workers=1, progress=False)
        yield made


def test_it_is_found_under_its_own_name(own: Kind) -> None:
    assert own.name in KINDS
    assert own.title
    assert own.judged_by
    study = tiny(own)
    assert study.kind == own.name
    assert list(study.marks) == ([] if own.settings is None else [own.name])


def test_every_kind_of_the_package_is_registered() -> None:
    """By the module that holds it: a folder without its line would be no kind at all."""
    found = {
        module.name
        for module in pkgutil.walk_packages(studies.__path__, studies.__name__ + ".")
        if isinstance(getattr(import_module(module.name), "KIND", None), Kind)
    }
    left = found - set(KINDS.values())
    assert not left, f"add to KINDS in studies/kinds.py: {', '.join(sorted(left))}"


def test_the_kind_of_the_tests_hides_none() -> None:
    assert len(set(NAMES)) == len(NAMES), f"{TOY!r} is the name of the tests' own kind; take another"


def test_one_kind_only_has_no_mark() -> None:
    """The digests of studies without a mark are older than any other kind: no second one may go without."""
    assert [name for name in NAMES if load(name).settings is None] == [DEFAULT]


def test_cells_follow_the_layout_bit_for_bit(own: Kind) -> None:
    study = tiny(own)
    context = own.context(study, study.cases[0], "erf")
    law = None
    if own.law_context is not None:
        law = own.law_context(study, study.cases[0], "erf").law()
        context = own.context(study, study.cases[0], "erf", law)
    one, two = context.compute(8, 0), context.compute(8, 0)
    assert len(set(context.keys)) == len(context.keys)
    assert len(set(one.ids)) == len(one.ids)
    assert all(math.isfinite(value) for value in one.values)
    assert one.cell[2:] == (8, 0)
    assert (one.ids.tobytes(), one.values.tobytes()) == (two.ids.tobytes(), two.values.tobytes())
    filled = {context.keys[k][:2] for k in one.ids}
    assert filled == {key[:2] for key in context.keys}, "a pair or s of the layout is never computed"
    other = context.compute(8, 1)
    assert other.values.tobytes() != one.values.tobytes(), "two networks are the same"


def test_an_interrupted_study_resumes_to_the_same_rows(own: Kind, store: Store, tmp_path: Path) -> None:
    study = tiny(own)
    with Store.create(tmp_path / "part.sqlite", study) as part:
        first = make_batches(study, study.cells()[:3], part.laws())
        laws = own.law_context and own.law_context(study, study.cases[0], "erf").law()
        if laws:
            part.add_law(laws)
            first = make_batches(study, study.cells()[:3], part.laws())
        for batch in first:
            part.add(compute_batch(batch)[1])
    with Store.open(tmp_path / "part.sqlite", study) as again:
        assert run(study, again, workers=1, progress=False).present == 3
        assert again.fingerprint() == store.fingerprint()


def test_the_estimate_is_finite_and_grows(own: Kind) -> None:
    small, wide = (own.estimate(tiny(own, widths=(8, w))) for w in (16, 4096))
    assert small.cells == 8
    for number in (small.seconds, small.cell_bytes, small.worker_bytes):
        assert 0 < number < math.inf
    assert (wide.seconds, wide.cell_bytes) > (small.seconds, small.cell_bytes)
    assert tiny(own).estimate() == small


def test_every_claim_is_decided_with_reasons_and_remedies(own: Kind, store: Store) -> None:
    result = record(store)
    codes = [claim.code for claim in own.claims]
    assert len(set(codes)) == len(codes)
    assert {v.claim for v in result} <= set(codes)
    assert set(result.outcomes) <= set(Outcome)
    assert list(result)
    for v in result:
        assert v.reasons
        assert v.reason == in_words(v.reasons, v.s)
        if v.outcome is Outcome.UNDECIDED:
            assert all(r.remedy is not None for r in v.reasons), (v.claim, v.reason)
    assert record(store).outcomes == result.outcomes
    assert len(store.verdicts()) == 1


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_says_who_makes_it_and_what_would_refute_it(name: str) -> None:
    for claim in kind(name).claims:
        assert claim.refuted_by, claim.code
        assert claim.statement, claim.code
        assert claim.source.startswith(("[ZY]", "[R]", "[D]", "[C]")), claim.code


def test_the_criterion_is_frozen(own: Kind, store: Store) -> None:
    numbers = own.criterion().to_dict()
    assert numbers, f"the criterion of {own.name} has no number"
    name, value = next(iter(numbers.items()))
    assert dict(store.criterion) == numbers
    assert own.criterion.from_dict(numbers) == own.criterion()
    changed = tiny(own, criterion=numbers | {name: type(value)(2 * value or 1)})
    with pytest.raises(StoreError, match="another criterion, frozen before they were drawn"):
        Store.open(store.path, changed)
    with pytest.raises(InputError, match="does not know"):
        own.criterion.from_dict({"lucky": 1})
    for name in numbers:
        with pytest.raises(InputError, match=name):
            own.criterion.from_dict({name: "much"})


def test_every_number_of_the_criterion_has_a_meaning(own: Kind) -> None:
    meanings = own.criterion.meanings()
    assert list(meanings) == [f.name for f in fields(own.criterion)]
    assert all(meanings.values())


def test_a_study_reads_back(own: Kind) -> None:
    study = tiny(own)
    again = Study.from_dict(json.loads(study.json))
    assert again == study
    assert again.json == study.json
    assert again.settings == study.settings
    if own.settings is not None:
        with pytest.raises((InputError, TypeError), match="alchemy"):
            own.settings.from_dict({"alchemy": 1})


def test_a_store_of_another_kind_is_not_judged_as_this_one(own: Kind, store: Store) -> None:
    other = next(name for name in NAMES if name != own.name)
    with pytest.raises(InputError, match=f"holds {own.title}; judge it with"):
        judge(store, other)


def test_a_question_becomes_a_result(own: Kind, tmp_path: Path) -> None:
    settings = None if own.settings is None else own.settings.from_dict(own.trial)
    result = verify_kind(
        own.name, "u_t - u_xx + u^2", settings=settings, store=tmp_path / "s.sqlite", workers=1,
        progress=False, widths=(8, 16), seeds=2, points=2, s=("1/2",), activations="erf",
    )  # fmt: skip
    assert result.study.kind == own.name
    assert result.is_complete
    if settings is not None:
        with pytest.raises(InputError, match="needs its settings"):
            verify_kind(own.name, "u_t - u_xx", store=tmp_path / "t.sqlite")


class Checker(HTMLParser):
    """Do all elements close?"""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_it_is_shown_on_the_terminal_as_json_as_a_page_and_as_rows(
    own: Kind, store: Store, tmp_path: Path
) -> None:
    result, report = judge(store), report_of(store.study)
    console = Console(file=io.StringIO(), width=110, highlight=False)
    report.show([result], console)
    text = console.file.getvalue()
    table = json.loads(json.dumps(report.to_dict([result]), allow_nan=False))
    html = report.page(result, Provenance(store.environments(), store.fingerprint()))
    for code in {v.claim for v in result}:
        assert code in text
        assert code in html
    assert table["complete"] is True
    assert len(table["studies"][0]["verdicts"]) == len(list(result))
    assert all(v["reasons"] for v in table["studies"][0]["verdicts"])
    assert html.startswith("<!DOCTYPE html>")
    checker = Checker()
    checker.feed(html)
    assert checker.open == []
    to_csv(store.data(), tmp_path / "rows.csv")
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 1 + len(list(store.data().rows()))


def test_reports_name_kinds_only() -> None:
    assert set(REPORTS) <= set(KINDS)
    assert TOY not in REPORTS
    assert report_of(tiny(kind(TOY))) is PLAIN


def test_a_kind_without_a_part_is_named() -> None:
    with pytest.raises(TypeError, match="'evidence' and 'claims'"):
        Kind(  # type: ignore[call-arg]
            name="half", title="half", settings=None, context=None, law_context=None, cost=None,
            criterion=None,
        )  # fmt: skip
    with pytest.raises(InputError, match=r"'half', which this version does not know; it knows init"):
        kind("half")


def test_meanings_survive_without_docstrings() -> None:
    """``python -OO`` strips docstrings; what a criterion means is data, the same there as here."""
    code = (
        "import json\n"
        "from ntk_theory.report.page.initialisation import criterion_meanings\n"
        "from ntk_theory.studies import kinds\n"
        "print(kinds.__doc__, min(map(len, criterion_meanings().values())))\n"
        "for name in kinds.KINDS:\n"
        "    print(json.dumps(kinds.load(name).criterion.meanings()))\n"
    )
    done = subprocess.run([sys.executable, "-OO", "-c", code], capture_output=True, text=True, check=True)
    first, *meanings = done.stdout.splitlines()
    doc, shortest = first.split()
    assert doc == "None"
    assert int(shortest) > 20
    own = [name for name in KINDS if name != TOY]
    assert [json.loads(line) for line in meanings] == [load(name).criterion.meanings() for name in own]
    for name in (DEFAULT, TRAINING):
        assert "Family-wise error" in json.loads(meanings[own.index(name)])["level"]
