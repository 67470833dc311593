"""Stores against damage and intent: single bits, other programs, old files, files that are only read."""

from __future__ import annotations

import hashlib
import random
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import study_cases
from store_damage import FINE, REFUSED, change, everything, finish, flipped, outcome

from ntk_theory.errors import StoreError
from ntk_theory.studies.engine import sqlite as files
from ntk_theory.studies.engine.run import run
from ntk_theory.studies.engine.schema import TABLES
from ntk_theory.studies.engine.store import Store, default_path
from ntk_theory.studies.engine.wellformed import misfit
from ntk_theory.studies.initialisation.criterion import Criterion
from ntk_theory.studies.judging.judge import verify_kind
from ntk_theory.studies.question.study import Study, canonical


@pytest.fixture(scope="module")
def study() -> Study:
    return study_cases.small()


@pytest.fixture(scope="module")
def full(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete store with a row in every table."""
    path = tmp_path_factory.mktemp("full") / "study.sqlite"
    finish(study, path)
    with Store.open(path) as store:
        store.add_verdicts([{"claim": "supported"}])
    return path


@pytest.fixture
def path(full: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(full, tmp_path / "s.sqlite"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE verdicts SET text = replace(text, 'supported', 'refuted!!')",
        "UPDATE verdicts SET created = '1999'",
        "UPDATE environment SET text = replace(text, 'cores', 'corps')",
        "UPDATE failures SET message = 'never mind'",
        "UPDATE failures SET seed = seed + 1",
        "UPDATE failures SET case_id = 7",
        "UPDATE cells SET seconds = seconds + 1",
        "UPDATE cells SET case_id = 7 WHERE case_id = 1",
        "UPDATE laws SET shape = '[1, 1, 1, 1]'",
        "UPDATE laws SET vals = '{}'",
        "UPDATE meta SET value = '1999' WHERE name = 'created'",
        "UPDATE meta SET value = 'x' WHERE name = 'samples_digest'",
    ],
)
def test_every_stored_text_is_under_a_checksum(path: Path, statement: str) -> None:
    change(path, statement)
    with pytest.raises(StoreError, match=r"damaged \("):
        everything(path)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON cells BEGIN DELETE FROM cells; END",
        "CREATE TRIGGER t AFTER INSERT ON verdicts BEGIN UPDATE meta SET value = 'x'; END",
        "CREATE VIEW v AS SELECT * FROM cells",
        "CREATE TABLE extra (x)",
        "CREATE VIRTUAL TABLE extra USING fts5(x)",
        "CREATE INDEX i ON cells (seconds)",
        "ALTER TABLE meta ADD COLUMN x",
        "ALTER TABLE cells RENAME COLUMN vals TO valves",
        "DROP TABLE failures",
        "ANALYZE",
    ],
)
def test_what_no_store_declares_is_refused(path: Path, statement: str) -> None:
    change(path, statement)
    with pytest.raises(StoreError, match="changed by another program"):
        Store.open(path)


def test_a_view_in_a_tables_place_never_runs(path: Path) -> None:
    """It would count for hours."""
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
    change(path, "DROP TABLE verdicts", f"CREATE VIEW verdicts AS {endless} SELECT x AS text FROM n")
    with pytest.raises(StoreError, match="another table verdicts"):
        Store.open(path)


def test_a_statement_without_end_is_ended(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "STATEMENT_SECONDS", 0.2)
    monkeypatch.setattr(files, "SECONDS_PER_BYTE", 0.0)
    with Store.open(path) as store, pytest.raises(StoreError, match="takes longer"):
        store._database.select(
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
        )


def test_reading_writes_nothing_and_cannot(path: Path) -> None:
    before = path.read_bytes()
    with Store.open(path) as store:
        assert store.data().is_complete
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            store._database._connection.execute("DELETE FROM cells")
        assert path.read_bytes() == before
        store.add_verdicts({"claim": "refuted"})
    assert path.read_bytes() != before


@pytest.mark.parametrize(
    "name", ["a b.sqlite", "50%.sqlite", "what?.sqlite", "#1.sqlite", "ε.sqlite", "a&mode=rw"]
)
def test_names_are_no_part_of_an_address(path: Path, name: str) -> None:
    Store.open(path.rename(path.with_name(name))).close()
    assert [found.name for found in path.parent.iterdir()] == [name]


def edited(path: Path, **entries: Any) -> None:
    """Another study, with its digest: made by somebody, not damaged."""
    with Store.open(path) as store:
        table = {**store.study.to_dict(), **entries}
    text = canonical({k: v for k, v in table.items() if v is not ...})
    for name, value in (("study", text), ("digest", hashlib.sha256(text.encode()).hexdigest())):
        change(path, "UPDATE meta SET value = ? WHERE name = ?", values=(value, name))


@pytest.mark.parametrize(
    ("entries", "place"),
    [
        ({"cases": {}}, ".cases"),
        ({"cases": [1]}, r".cases\[0\]"),
        ({"cases": [{}]}, r".cases\[0\].label"),
        ({"criterion": []}, ".criterion"),
        ({"criterion": {"level": [1]}}, ".criterion.level"),
        ({"widths": "64"}, ".widths"),
        ({"widths": [True]}, r".widths\[0\]"),
        ({"seeds": None}, ".seeds"),
        ({"seeds": ...}, ".seeds"),
        ({"s": [1]}, r".s\[0\]"),
    ],
)
def test_a_study_of_another_shape_is_refused_with_the_place(
    path: Path, entries: dict[str, Any], place: str
) -> None:
    edited(path, **entries)
    with pytest.raises(StoreError, match=f"another shape at '{place}'"):
        Store.open(path)


@pytest.mark.parametrize("entries", [{"training": 5}, {"s": ["x"]}, {"seeds": 0}, {"output_bias": "odd"}])
def test_a_study_that_says_nothing_sensible_is_a_sentence(path: Path, entries: dict[str, Any]) -> None:
    edited(path, **entries)
    with Store.open(path) as store, pytest.raises(StoreError, match="cannot be read"):
        _ = store.study


@pytest.mark.parametrize("text", ["", "nonsense", "[" * 100_000, "5", '"x"', "NaN"])
def test_texts_that_are_no_json_of_their_shape_are_refused(path: Path, text: str) -> None:
    change(path, "UPDATE verdicts SET guard = NULL, text = ?", values=(text,))
    change(path, "UPDATE environment SET guard = NULL, text = ?", values=(text,))
    with Store.open(path) as store:
        for read in (store.verdicts, store.environments):
            with pytest.raises(StoreError, match="damaged"):
                read()


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("meta", "name"),
        ("meta", "value"),
        ("cases", "label"),
        ("keys", "quantity"),
        ("keys", "pair"),
        ("cells", "activation"),
        ("failures", "message"),
        ("laws", "note"),
        ("laws", "shape"),
        ("verdicts", "text"),
        ("environment", "started"),
        ("laws", "vals"),
    ],
)
def test_bytes_in_a_texts_place_are_refused(path: Path, table: str, column: str) -> None:
    """What a bit in the header of a row does."""
    change(path, f"UPDATE {table} SET {column} = CAST({column} AS BLOB)")
    with pytest.raises(StoreError, match="damaged"):
        everything(path)


@pytest.mark.parametrize("column", ["ids", "vals"])
@pytest.mark.parametrize("value", ["text", b"odd", 5, b"\xff" * 64])
def test_blobs_of_another_form_are_refused(path: Path, column: str, value: object) -> None:
    change(path, f"UPDATE cells SET {column} = ?", values=(value,))
    with Store.open(path) as store, pytest.raises(StoreError, match="damaged"):
        store.data()


def test_shapes_name_the_place() -> None:
    shape = {"a": [{"b": {str: (int, float)}}]}
    assert misfit({"a": [{"b": {"x": 1.5}}], "more": None}, shape) is None
    assert misfit({"a": [{"b": {"x": "1"}}]}, shape) == ".a[0].b.x"
    assert misfit([], shape) == ""


def old(path: Path) -> None:
    """The file as the first schema had it: the same rows, no guards."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name in ("environment", "cells", "failures", "laws", "verdicts"):
            connection.execute(f"ALTER TABLE {name} DROP COLUMN guard")
        connection.execute("DELETE FROM meta WHERE name = 'checksum'")
        connection.execute("PRAGMA user_version = 1")


def test_a_store_of_the_first_schema_is_read_as_it_is_and_upgraded_when_written(path: Path) -> None:
    expected = everything(path)
    old(path)
    before = path.read_bytes()
    assert everything(path) == expected
    assert path.read_bytes() == before
    change(path, "DELETE FROM cells WHERE seed = 0", "DELETE FROM failures WHERE seed = 0")
    with Store.open(path) as store:
        study = store.study
    assert run(study, path, workers=1).computed == 4
    assert everything(path)[0] == expected[0]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        guarded = "SELECT seed, count(guard), count(*) FROM cells GROUP BY seed"
        assert connection.execute(guarded).fetchall() == [(0, 4, 4), (1, 0, 4), (2, 0, 4)]


def test_the_tables_of_the_first_schema_are_never_edited() -> None:
    """Files of it exist; what comes later is added."""
    words = " ".join(TABLES.split())
    assert hashlib.sha256(words.encode()).hexdigest()[:12] == "e7df9bd66d5c"


def test_single_bits_of_a_finished_store(full: Path, path: Path) -> None:
    """Each flip: refused, or missing cells are computed again, or all that is read equals the original's."""
    original, expected = full.read_bytes(), everything(full)
    rng, counts = random.Random(11), Counter[str]()
    for _ in range(60):
        at, bit = rng.randrange(len(original)), rng.randrange(8)
        path.write_bytes(flipped(original, at, bit))
        counts[what := outcome(path, expected)] += 1
        assert what in FINE, (at, bit, what)
    assert counts[REFUSED] >= 20


OLDER = {name: value for name, value in Criterion().to_dict().items() if name != "refutation"}


@pytest.mark.parametrize("by_default", [True, False])
def test_a_criterion_from_before_a_number_was_added_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_default: bool
) -> None:
    """By the frozen text, which lacks the number; the same rows, none of them again."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    size = {"points": 4, "widths": (16, 32), "seeds": 3, "activations": "erf", "s": ("1/2", "1")}
    asked = Study.from_problems("u_t + u*u_x", criterion=OLDER, **size)
    path = default_path(asked) if by_default else tmp_path / "s.sqlite"
    run(asked, path, workers=1)
    before = everything(path)[0]
    verify = {"workers": 1, "progress": False, "store": None if by_default else path, **size}
    result = verify_kind("initialisation", "u_t + u*u_x", **verify)
    assert result.path == path
    assert everything(path)[0] == before
    with Store.open(path) as store:
        assert store.criterion == OLDER
        assert len(store.verdicts()) == 1


@pytest.mark.parametrize("frozen", [{"refutation": 1e-3}, {"level": 0.02}])
def test_another_criterion_is_still_refused(tmp_path: Path, frozen: dict[str, float]) -> None:
    asked = Study.from_problems("u_t + u*u_x", seeds=1, widths=(16,), criterion={**OLDER, **frozen})
    Store.create(tmp_path / "s.sqlite", asked).close()
    with pytest.raises(StoreError, match="another criterion"):
        verify_kind(
            "initialisation", "u_t + u*u_x", seeds=1, widths=(16,), points=16, activations="tanh",
            s=asked.s, store=tmp_path / "s.sqlite",
        )  # fmt: skip
