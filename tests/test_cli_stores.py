"""``ntk-theory stores``: lists, verifies, measures and deletes stores, and nothing else."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import study_cases

from ntk_theory.cli.app import run
from ntk_theory.studies.engine import run as runner
from ntk_theory.studies.engine.store import Store, default_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("finished") / "s.sqlite"
    runner.run(study_cases.small(), path, workers=1)
    return path.read_bytes()


@pytest.fixture
def folder(finished: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished store, one without cells, a damaged one, and files of others; no user's data."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    place = tmp_path / "stores"
    place.mkdir()
    (place / "done.sqlite").write_bytes(finished)
    Store.create(place / "begun.sqlite", study_cases.small()).close()
    (place / "hurt.sqlite").write_bytes(finished[: len(finished) // 2])
    (place / "notes.txt").write_text("mine")
    with closing(sqlite3.connect(place / "other.sqlite")) as connection:
        connection.execute("CREATE TABLE t (x)")
    (place / "link.sqlite").symlink_to("done.sqlite")
    return place


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_lists_its_stores_and_no_other_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(folder)
    assert run(["stores", str(folder)]) == 3  # one is damaged
    out = capsys.readouterr().out
    assert all(f"{name}.sqlite" in out for name in ("done", "begun", "hurt"))
    assert not any(name in out for name in ("other.sqlite", "notes.txt", "link.sqlite"))
    assert "12 of 12 cells" in out
    assert " 0 of 12 cells" in out
    assert "is damaged" in out
    assert "3 stores, " in out
    assert contents(folder) == before


def test_json_has_the_measures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "done.sqlite"
    assert run(["stores", str(path), "--verify", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    with Store.open(path) as store:
        assert entry["fingerprint"] == store.fingerprint()
    assert entry["size"] == path.stat().st_size
    assert (entry["computed"], entry["cells"], entry["fault"]) == (12, 12, "")
    assert entry["problems"] == list(study_cases.EXPRESSIONS)


def test_verify_finds_what_opening_does_not(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "done.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE cells SET seconds = seconds + 1")
        connection.commit()
    assert run(["stores", str(path)]) == 0
    assert run(["stores", str(path), "--verify"]) == 3
    assert "fails its checksum" in capsys.readouterr().out


def test_without_a_name_the_users_stores_are_listed(
    folder: Path, finished: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["stores"]) == 0
    assert capsys.readouterr().out == "no stores\n"
    path = default_path(study_cases.small())
    path.parent.mkdir(parents=True)
    path.write_bytes(finished)
    assert run(["stores"]) == 0
    assert path.name in capsys.readouterr().out


def test_a_store_is_deleted_with_its_journal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(folder)
    (folder / "done.sqlite-journal").write_bytes(b"")
    assert run(["stores", str(folder / "done.sqlite"), str(folder / "hurt.sqlite"), "--delete"]) == 0
    assert capsys.readouterr().out.count("deleted ") == 2
    (folder / "link.sqlite").unlink()
    kept = {
        name: data for name, data in before.items() if name in ("begun.sqlite", "notes.txt", "other.sqlite")
    }
    assert contents(folder) == kept


@pytest.mark.parametrize(
    "names",
    [[], ["."], ["notes.txt"], ["other.sqlite"], ["link.sqlite"], ["none"], ["done.sqlite", "notes.txt"]],
)
def test_nothing_else_is_deleted(
    folder: Path, names: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    before = contents(folder)
    assert run(["stores", *names, "--delete"]) == 2
    assert capsys.readouterr().err.startswith("ntk-theory: ")
    assert contents(folder) == before


@pytest.mark.parametrize("option", ["--verify", "--json"])
def test_delete_stands_alone(folder: Path, option: str) -> None:
    assert run(["stores", str(folder / "done.sqlite"), "--delete", option]) == 2
    assert (folder / "done.sqlite").exists()


def test_a_store_in_use_is_not_deleted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "done.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert run(["stores", str(path), "--delete"]) == 3
    assert "another process is writing" in capsys.readouterr().err
    assert path.exists()


def test_pipes_and_missing_files_are_sentences(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(folder / "pipe")
    assert run(["stores", str(folder / "pipe")]) == 3
    assert run(["stores", str(folder / "none")]) == 2
    assert run(["stores", str(folder / "notes.txt")]) == 3
    assert "Traceback" not in capsys.readouterr().err
