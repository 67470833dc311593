from __future__ import annotations

import csv
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import study_cases

from ntk_theory.errors import InputError, StoreError
from ntk_theory.studies.engine import export
from ntk_theory.studies.engine.cell import CellResult, Failure
from ntk_theory.studies.engine.run import run
from ntk_theory.studies.engine.schema import APPLICATION
from ntk_theory.studies.engine.store import Store, default_path
from ntk_theory.studies.initialisation.cells import CellContext, compute_cell, compute_law
from ntk_theory.studies.question.study import Study, canonical

FIRST, SECOND = study_cases.EXPRESSIONS


@pytest.fixture(scope="module")
def study() -> Study:
    return study_cases.small(criterion={"level": 0.05})


@pytest.fixture(scope="module")
def full(study: Study, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a complete store."""
    path = tmp_path_factory.mktemp("full") / "study.sqlite"
    run(study, path, workers=1)
    return path.read_bytes()


@pytest.fixture
def path(full: bytes, tmp_path: Path) -> Path:
    """A complete store of its own."""
    (tmp_path / "study.sqlite").write_bytes(full)
    return tmp_path / "study.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path) as opened:
        yield opened


def result(study: Study, seed: int = 0) -> CellResult:
    return compute_cell(CellContext.of(study, study.cases[0], "erf"), 16, seed)


def test_study_and_criterion_are_in_the_file_before_the_first_cell(study: Study, tmp_path: Path) -> None:
    with Store.create(tmp_path / "s.sqlite", study) as store:
        assert not store.done()
        assert store.criterion == {"level": 0.05}
        assert store.digest == study.digest
    with Store.open(tmp_path / "s.sqlite") as store:
        assert store.study == study
        assert store.missing() == study.cells()


def test_numbers_come_back_bit_for_bit(study: Study, tmp_path: Path) -> None:
    one, two = result(study), result(study, 1)
    with Store.create(tmp_path / "s.sqlite", study) as store:
        store.add([two, one])
        store.add([one])
        back = list(store.results())
        assert [r.cell for r in back] == [one.cell, two.cell]
        assert back[0].values.tobytes() == one.values.tobytes()
        assert back[0].ids.tolist() == one.ids.tolist()
        assert store.layouts[FIRST] == CellContext.of(study, study.cases[0], "erf").keys
        assert set(store.missing()) == set(study.cells()) - {one.cell, two.cell}


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda r: replace(r, values=np.where(r.ids == r.ids[0], np.inf, r.values)), "1 of them not finite"),
        (lambda r: replace(r, values=r.values[1:]), "names and"),
        (lambda r: replace(r, ids=r.ids + 10_000), "a name that is not one of the"),
        (lambda r: replace(r, values=np.full(r.values.shape, "x")), "could not"),
        (lambda r: replace(r, failures=(Failure(r.cell, "", "", "\ud800"),)), "surrogates not allowed"),
        (lambda r: replace(r, failures=(Failure(r.cell, "", "", None),)), "NOT NULL"),
    ],
)
def test_a_cell_that_cannot_be_stored_is_reported_with_its_reason(
    study: Study, tmp_path: Path, spoil: Callable[[CellResult], CellResult], reason: str
) -> None:
    good, bad = result(study, 0), spoil(result(study, 1))
    with Store.create(tmp_path / "s.sqlite", study) as store:
        store.add([bad, good])
        assert {good.cell, bad.cell} == set(store.done())
        (lost,) = store.failures()
        assert (lost.cell, lost.pair, lost.s) == (bad.cell, "", "")
        assert lost.message.startswith("its numbers could not be stored: ")
        assert reason in lost.message
        kept = {r.cell: r.values.size for r in store.results()}
    assert kept == {good.cell: good.values.size, bad.cell: 0}


def test_a_full_disk_is_told_with_the_cell(study: Study, tmp_path: Path) -> None:
    first, second = result(study, 0), result(study, 1)
    with Store.create(tmp_path / "s.sqlite", study) as store:
        store.add([first])
        connection = store._database._connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        many = replace(second, failures=(Failure(second.cell, "", "", "long " * 4000),))
        with pytest.raises(StoreError, match=r"full, at the cell .*, erf, width 16, seed 1\); make room"):
            store.add([many])
        assert store.done() == {first.cell}


def test_values_over_widths_and_seeds(store: Store, study: Study) -> None:
    data = store.data()
    assert data.is_complete
    assert data.computed == 12
    values = data.values(SECOND, "erf", "f,f", "1", "norm")
    assert values.shape == (2, 3)
    context = CellContext.of(study, study.cases[1], "erf", store.laws()[SECOND, "erf"].jet_ntk)
    cell = compute_cell(context, 32, 1)
    expected = {
        row.quantity: row.value for row in cell.rows(context.keys) if (row.pair, row.s) == ("f,f", "1")
    }
    assert values[1, 1] == expected["norm"]
    assert data.values(SECOND, "erf", "f,f", 1, "probe_limit:0")[1, 1] == expected["probe_limit:0"]
    assert data.pairs(FIRST) == ("b,b", "b,f", "f,f")
    assert set(data.quantities(FIRST, "b,f")) == {
        "norm", "probe:0", "probe:1", "norm_limit", "probe_limit:0", "probe_limit:1", "identity",
    }  # fmt: skip
    assert "field:u:0" in data.quantities(FIRST)
    identity = data.values(FIRST, "erf", "b,b", "1", "identity")
    assert np.isfinite(identity).tolist() == [[True, True, False]] * 2  # NaN where it is not measured


def test_a_partial_store_reads_as_missing(study: Study, tmp_path: Path) -> None:
    with Store.create(tmp_path / "s.sqlite", study) as store:
        store.add([result(study)])
        data = store.data()
    assert not data.is_complete
    assert np.isfinite(data.values(FIRST, "erf", "b,b", "1", "norm")).sum() == 1


@pytest.mark.parametrize(
    ("key", "match"),
    [
        (("heat", "erf", "f,f", "1", "norm"), "no case 'heat'"),
        ((FIRST, "tanh", "f,f", "1", "norm"), "'tanh'"),
        ((FIRST, "erf", "f,b", "1", "norm"), "pair is 'f,b'"),
        ((FIRST, "erf", "f,f", "3/4", "norm"), "s is '3/4'"),
        ((FIRST, "erf", "f,f", "1", "mean"), "'mean'"),
    ],
)
def test_an_unknown_value_is_refused(store: Store, key: tuple[str, str, str, str, str], match: str) -> None:
    with pytest.raises(InputError, match=match):
        store.data().values(*key)


def test_laws_and_verdicts_and_environments_come_back(store: Store, study: Study) -> None:
    law = compute_law(CellContext.of(study, study.cases[0], "erf"))
    back = store.laws()[FIRST, "erf"]
    assert law.jet_ntk is not None
    assert back.jet_ntk is not None
    assert back.jet_ntk.tobytes() == law.jet_ntk.tobytes()
    assert back.values == law.values
    store.add_verdicts({"claim": "supported"})
    assert store.verdicts() == [{"claim": "supported"}]
    (environment,) = store.environments()
    assert environment["threads_per_worker"] == 1
    assert environment["packages"]["numpy"] == np.__version__


def test_another_criterion_is_refused_with_the_reason(path: Path) -> None:
    with pytest.raises(StoreError, match="another criterion"):
        Store.open(path, study_cases.small(criterion={"level": 0.5}))


def test_another_study_is_refused(path: Path) -> None:
    before = path.read_bytes()
    had = Store.open(path).study.seeds
    with pytest.raises(
        StoreError, match=rf"another study \(it has seeds {had}, not 4; criterion\.level 0\.05, not none\)"
    ):
        run(study_cases.small(seeds=4), path, workers=1)
    assert path.read_bytes() == before


def test_an_existing_store_is_not_overwritten(path: Path, study: Study) -> None:
    with pytest.raises(StoreError, match="exists already"):
        Store.create(path, study)


def test_a_missing_file_and_a_foreign_one(tmp_path: Path, study: Study) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        Store.open(tmp_path / "none.sqlite")
    (tmp_path / "text").write_text("not a database, but long enough to have a header " * 40)
    with pytest.raises(StoreError, match="not a store"):
        Store.open_or_create(tmp_path / "text", study)
    connection = sqlite3.connect(tmp_path / "other.sqlite")
    connection.execute("CREATE TABLE t (x)")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="not a store of this package"):
        Store.open_or_create(tmp_path / "other.sqlite", study)
    with pytest.raises(StoreError, match="is not a file"):
        Store.open_or_create(tmp_path, study)


def test_another_schema_is_refused(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="schema 99"):
        Store.open(path)
    assert APPLICATION.to_bytes(4, "big") == b"NTKs"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_store_is_refused(path: Path, full: bytes, share: float) -> None:
    path.write_bytes(full[: int(share * len(full))])
    with pytest.raises(StoreError, match="damaged"):
        Store.open(path)


def test_a_flipped_bit_of_a_number_is_noticed(path: Path, full: bytes) -> None:
    with Store.open(path) as store:
        blob = next(store.results()).values.tobytes()
    at = full.index(blob) + len(blob) // 2
    path.write_bytes(full[:at] + bytes([full[at] ^ 1]) + full[at + 1 :])
    with Store.open(path) as store, pytest.raises(StoreError, match="checksum"):
        store.data()


def test_random_damage_is_never_read_as_numbers(path: Path, full: bytes) -> None:
    rng = np.random.default_rng(5)
    with Store.open(path) as store:
        expected = store.fingerprint()
    noticed = 0
    for _ in range(40):
        damaged = bytearray(full)
        for at in rng.integers(0, len(full), 64):
            damaged[at] ^= 0xFF
        path.write_bytes(damaged)
        try:
            with Store.open(path) as store:
                store.data()
                same = store.fingerprint() == expected
        except StoreError:
            noticed += 1
        else:
            assert same  # the damage hit free space or records of no consequence
    assert noticed >= 30


def test_an_edited_study_is_noticed(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("UPDATE meta SET value = replace(value, '0.05', '0.50') WHERE name = 'study'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="does not match its digest"):
        Store.open(path)


def test_an_empty_file_is_a_store_to_be(study: Study, tmp_path: Path) -> None:
    (tmp_path / "s.sqlite").touch()
    with pytest.raises(StoreError, match="is empty"):
        Store.open(tmp_path / "s.sqlite")
    with Store.open_or_create(tmp_path / "s.sqlite", study) as store:
        assert store.missing() == study.cells()


def test_the_default_path_is_named_by_the_digest(
    study: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    found = default_path(study)
    assert found.name == f"{study.digest[:12]}.sqlite"
    assert found.parent.name == "studies"
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert tmp_path in found.parents


def test_exports_hold_the_rows_bit_for_bit(store: Store, study: Study, tmp_path: Path) -> None:
    data = store.data()
    rows = list(data.rows())
    assert len(rows) == sum(len(r.ids) for r in store.results())

    export.to_csv(data, tmp_path / "rows.csv")
    with open(tmp_path / "rows.csv", encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    about = json.loads((tmp_path / "rows.codebook.json").read_text(encoding="utf-8"))
    assert list(about["columns"]) == header
    assert Study.from_dict(about["study"]) == study
    assert tuple(header) == export.COLUMNS
    read = [(c, a, int(w), int(k), p, s, q, float(v)) for c, a, w, k, p, s, q, v in lines]
    assert read == [tuple(row) for row in rows]

    export.to_json(data, tmp_path / "rows.json")
    table = json.loads((tmp_path / "rows.json").read_text())
    assert [tuple(row) for row in table["rows"]] == [tuple(row) for row in rows]
    assert table["digest"] == study.digest
    assert len(table["laws"]) == 2

    export.to_npz(data, tmp_path / "rows.npz")
    with np.load(tmp_path / "rows.npz", allow_pickle=False) as arrays:
        names = arrays["quantity_names"][arrays["quantity"]]
        assert names.tolist() == [row.quantity for row in rows]
        assert arrays["value"].tolist() == [row.value for row in rows]
        assert arrays["width"].tolist() == [row.width for row in rows]

    frame = export.to_pandas(data)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.itertuples(index=False, name=None)) == [tuple(row) for row in rows]
    assert frame.attrs["study"]["digest"] == study.digest


def test_an_export_that_fails_leaves_nothing(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot write"):
        export.to_csv(store.data(), tmp_path / "no" / "rows.csv")
    (tmp_path / "taken").mkdir()
    with pytest.raises(StoreError, match="cannot write"):
        export.to_json(store.data(), tmp_path / "taken")
    assert {p.name for p in tmp_path.iterdir()} == {"study.sqlite", "taken"}


@pytest.mark.parametrize("ending", export.WRITERS)
def test_the_ending_chooses_the_format(store: Store, tmp_path: Path, ending: str) -> None:
    data = store.data()
    export.export(data, tmp_path / f"chosen{ending}")
    export.WRITERS[ending](data, tmp_path / f"named{ending}")
    assert (tmp_path / f"chosen{ending}").stat().st_size == (tmp_path / f"named{ending}").stat().st_size


def test_another_ending_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"needs the ending \.csv, \.json, \.npz"):
        export.export(store.data(), tmp_path / "rows.xlsx")
    assert not (tmp_path / "rows.xlsx").exists()


@pytest.mark.parametrize("version", [99, 0, "1", None])
def test_quantities_of_another_version_are_refused(tmp_path: Path, version: object) -> None:
    """Rows of two meanings must not meet: neither a resumed run nor a verdict may take such a store."""
    path = tmp_path / "s.sqlite"
    study = study_cases.small()
    Store.create(path, study).close()
    text = canonical(study.to_dict() | {"version": version})
    with closing(sqlite3.connect(path)) as connection:
        for name, value in (("study", text), ("digest", hashlib.sha256(text.encode()).hexdigest())):
            connection.execute("UPDATE meta SET value = ? WHERE name = ?", (value, name))
        connection.commit()
    for opened in (lambda: Store.open(path), lambda: Store.open_or_create(path, study)):
        with pytest.raises(StoreError, match=r"has quantities of version .*this version of the package"):
            opened()


def test_a_study_of_another_version_gets_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="the study has quantities of version 99"):
        Store.create(tmp_path / "s.sqlite", study_cases.small(version=99))
    assert not (tmp_path / "s.sqlite").exists()


def test_a_store_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    study = study_cases.small()
    Store.create(path, study).close()
    text = canonical(study.to_dict() | {"alchemy": {}})
    with closing(sqlite3.connect(path)) as connection:
        for name, value in (("study", text), ("digest", hashlib.sha256(text.encode()).hexdigest())):
            connection.execute("UPDATE meta SET value = ? WHERE name = ?", (value, name))
        connection.commit()
    with (
        Store.open(path) as store,
        pytest.raises(StoreError, match=r"'alchemy', which this version.*use the"),
    ):
        _ = store.study
