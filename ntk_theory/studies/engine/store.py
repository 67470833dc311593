"""Stores: one SQLite file per study, written by one process, resumable after any kind of death.

Every cell is one row with two blobs, ``ids`` (int32) and ``vals`` (float64), little endian: value k belongs
to ``keys`` (case, id = ids[k]) = (pair, s, quantity). ``crc`` guards both and the cell's key. Each batch of
cells is one transaction with a rollback journal and synchronous=FULL, so that a process that is killed, or
a machine that loses power, leaves either all or nothing of it. Numbers and text only, no pickles.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ntk_theory.errors import InputError, MissingStoreError, StoreError
from ntk_theory.studies.engine.cell import CellResult, Failure, Key, LawResult
from ntk_theory.studies.engine.samples import Block, StudyData
from ntk_theory.studies.engine.sampling import sampling_of
from ntk_theory.studies.engine.schema import APPLICATION, SCHEMA, TABLES, check_version, layout_digest
from ntk_theory.studies.engine.sqlite import checksum, complaints, connect, damaged, is_blank
from ntk_theory.studies.question.study import Cell, Study, canonical


@contextmanager
def opened(store: Store | str | Path) -> Iterator[Store]:
    """A store while it is used: an open one stays open, a path is opened and closed again."""
    if isinstance(store, Store):
        yield store
        return
    with Store.open(store) as found:
        yield found


def default_path(study: Study) -> Path:
    """Where the store of a study lies unless told otherwise: under the user's data folder."""
    from platformdirs import user_data_dir  # noqa: PLC0415 - only where no path was given

    return Path(user_data_dir("ntk_theory", appauthor=False)) / "studies" / f"{study.digest[:12]}.sqlite"


class Store:
    """An open store; make it with :meth:`create`, :meth:`open` or :meth:`open_or_create`.

    Usable in a ``with`` statement, which closes it.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    @classmethod
    def create(cls, path: str | Path | None, study: Study) -> Store:
        """A new store: study and criterion are in it before the first cell.

        Raises
        ------
        StoreError
            The file exists already, or cannot be written.
        """
        check_version(study.version, "the study")
        path = default_path(study) if path is None else Path(path)
        if not is_blank(path):
            raise StoreError(f"the store {path} exists already; resume it, or name another file")
        with complaints(path, "create"):
            path.parent.mkdir(parents=True, exist_ok=True)
            store = cls(path, connect(path))
            try:
                store._fill(study)
            except BaseException:
                store.close()
                raise
        return store

    @classmethod
    def open(cls, path: str | Path, study: Study | None = None) -> Store:
        """An existing store, checked: a whole file of this schema and, if ``study`` is given, of that study.

        Raises
        ------
        StoreError
            There is no such file; it is damaged, not a store, of another schema, study or criterion; its
            quantities are of another version, and rows of two meanings must not meet in it.
        """
        path = Path(path)
        if not path.is_file():
            what = f"{path} is not a file" if path.exists() else f"there is no store {path}"
            raise MissingStoreError(f"{what}; check the path, or run the study to make it")
        if is_blank(path):
            raise StoreError(f"the store {path} is empty; delete it, or run the study into it")
        with complaints(path, "open"):
            connection = connect(path)
        store = cls(path, connection)
        try:
            with complaints(path, "read"):
                store._check()
                if study is not None:
                    store._check_study(study)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def open_or_create(cls, path: str | Path | None, study: Study) -> Store:
        """The study's store: resumed if it exists, else new."""
        path = default_path(study) if path is None else Path(path)
        return cls.create(path, study) if is_blank(path) else cls.open(path, study)

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        self._connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- what was asked ---------------------------------------------------------------------------

    @cached_property
    def study(self) -> Study:
        """The study, read back from the file."""
        try:
            return Study.from_dict(json.loads(self._meta("study")))
        except InputError as cause:
            raise StoreError(f"the store {self.path} cannot be read: {cause}") from None

    @property
    def digest(self) -> str:
        """The study's digest."""
        return self._meta("digest")

    @property
    def criterion(self) -> Mapping[str, Any]:
        """The criterion, as frozen before the first cell."""
        return dict(json.loads(self._meta("study"))["criterion"])

    @cached_property
    def layouts(self) -> Mapping[str, tuple[Key, ...]]:
        """Per case: the key of every id."""
        found: dict[str, list[Key]] = {label: [] for label in self._cases}
        by_number = {number: label for label, number in self._cases.items()}
        for case, *key in self._select("SELECT case_id, pair, s, quantity FROM keys ORDER BY case_id, id"):
            found[by_number[case]].append(Key(*key))
        layouts = {label: tuple(keys) for label, keys in found.items()}
        if layout_digest(layouts) != self._meta("layout"):
            raise StoreError(damaged(self.path, "the names of its numbers fail their checksum"))
        return layouts

    # --- what is there ----------------------------------------------------------------------------

    def done(self) -> set[Cell]:
        """The cells that are computed (some with failures)."""
        query = "SELECT label, activation, width, seed FROM cells JOIN cases ON id = case_id"
        return {Cell(*row) for row in self._select(query)}

    def missing(self) -> tuple[Cell, ...]:
        """The cells still to be computed, in the study's order."""
        done = self.done()
        return tuple(cell for cell in self.study.cells() if cell not in done)

    def results(self) -> Iterator[CellResult]:
        """All computed cells, sorted by key; failures are left to :meth:`failures`."""
        query = (
            "SELECT label, activation, width, seed, seconds, ids, vals, crc FROM cells "
            "JOIN cases ON id = case_id ORDER BY case_id, activation, width, seed"
        )
        for *key, seconds, ids, values, crc in self._select(query):
            cell = Cell(*key)
            if checksum(cell, ids, values) != crc:
                raise StoreError(damaged(self.path, f"the numbers of cell {tuple(cell)} fail their checksum"))
            yield CellResult(
                cell, np.frombuffer(ids, "<i4"), np.frombuffer(values, "<f8"), seconds=float(seconds)
            )

    def failures(self) -> tuple[Failure, ...]:
        """All failures, sorted by cell."""
        query = (
            "SELECT label, activation, width, seed, pair, s, message FROM failures "
            "JOIN cases ON id = case_id ORDER BY case_id, activation, width, seed, failures.rowid"
        )
        return tuple(Failure(Cell(*row[:4]), *row[4:]) for row in self._select(query))

    def laws(self) -> dict[tuple[str, str], LawResult]:
        """The infinite-width laws by (case, activation)."""
        query = (
            "SELECT label, activation, accuracy, note, shape, jet_ntk, vals, crc FROM laws "
            "JOIN cases ON id = case_id ORDER BY case_id, activation"
        )
        found = {}
        for label, activation, accuracy, note, shape, blob, values, crc in self._select(query):
            if checksum((label, activation, accuracy, note), blob, values.encode()) != crc:
                raise StoreError(damaged(self.path, f"the law of {label!r} fails its checksum"))
            array = np.frombuffer(blob, "<f8").reshape(json.loads(shape)) if note == "" else None
            found[label, activation] = LawResult(label, activation, array, accuracy, json.loads(values), note)
        return found

    def data(self) -> StudyData:
        """Everything as arrays."""
        study = self.study
        blocks = {
            (case.label, activation): Block.empty(len(self.layouts[case.label]), study)
            for case in study.cases
            for activation in study.activations
        }
        for result in self.results():
            blocks[result.cell[:2]].put(result, study)
        return StudyData(study, self.layouts, blocks, self.failures(), self.laws())

    def environments(self) -> list[dict[str, Any]]:
        """What each run was made with."""
        return [json.loads(text) for (text,) in self._select("SELECT text FROM environment ORDER BY run")]

    def verdicts(self) -> list[Any]:
        """The verdicts written so far, oldest first."""
        return [json.loads(text) for (text,) in self._select("SELECT text FROM verdicts ORDER BY id")]

    def fingerprint(self) -> str:
        """SHA-256 over study, cells, failures and laws, sorted by key; times and environments left out.

        Two stores of a study with the same fingerprint are equal row for row and bit for bit.
        """
        total = hashlib.sha256((self.digest + layout_digest(self.layouts)).encode())
        for result in self.results():
            total.update(repr(tuple(result.cell)).encode() + result.ids.tobytes() + result.values.tobytes())
        for failure in self.failures():
            total.update(repr(failure).encode())
        for (label, activation), law in self.laws().items():
            total.update(f"{label} {activation} {law.accuracy!r} {law.note}".encode())
            total.update(canonical(law.values).encode())
            total.update(b"" if law.jet_ntk is None else law.jet_ntk.tobytes())
        return total.hexdigest()

    # --- writing ----------------------------------------------------------------------------------

    def add(self, results: Iterable[CellResult]) -> None:
        """Store cells in one transaction; a cell that is there already stays as it is.

        Raises
        ------
        StoreError
            The write failed (disk full, no permission, file locked); nothing of these cells is stored then.
        """
        with self._transaction():
            for result in results:
                ids = np.ascontiguousarray(result.ids, dtype="<i4").tobytes()
                values = np.ascontiguousarray(result.values, dtype="<f8").tobytes()
                key = (self._cases[result.cell.case], *result.cell[1:])
                cursor = self._connection.execute(
                    "INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (*key, result.seconds, ids, values, checksum(result.cell, ids, values)),
                )
                if cursor.rowcount:
                    self._connection.executemany(
                        "INSERT INTO failures VALUES (?, ?, ?, ?, ?, ?, ?)",
                        [(*key, f.pair, f.s, f.message) for f in result.failures],
                    )

    def add_law(self, law: LawResult) -> None:
        """Store an infinite-width law; one that is there already stays as it is."""
        array = np.zeros(0) if law.jet_ntk is None else law.jet_ntk
        blob, values = np.ascontiguousarray(array, dtype="<f8").tobytes(), canonical(dict(law.values))
        with self._transaction():
            self._connection.execute(
                "INSERT INTO laws VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (
                    self._cases[law.case],
                    law.activation,
                    law.accuracy,
                    law.note,
                    json.dumps(list(array.shape)),
                    blob,
                    values,
                    checksum((law.case, law.activation, law.accuracy, law.note), blob, values.encode()),
                ),
            )

    def add_environment(self, environment: Mapping[str, Any]) -> None:
        """Record what a run is made with."""
        with self._transaction():
            self._connection.execute(
                "INSERT INTO environment (started, text) VALUES (?, ?)", (_now(), canonical(environment))
            )

    def add_verdicts(self, verdicts: Any) -> None:
        """Record verdicts (JSON-like data)."""
        with self._transaction():
            self._connection.execute(
                "INSERT INTO verdicts (created, text) VALUES (?, ?)", (_now(), canonical(verdicts))
            )

    # --- inside -----------------------------------------------------------------------------------

    @cached_property
    def _cases(self) -> dict[str, int]:
        return {label: int(number) for number, label in self._select("SELECT id, label FROM cases")}

    def _meta(self, name: str) -> str:
        rows = self._select("SELECT value FROM meta WHERE name = ?", (name,))
        if not rows:
            raise StoreError(damaged(self.path, f"it lacks its {name}"))
        return str(rows[0][0])

    def _select(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with complaints(self.path, "read"):
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with complaints(self.path, "write"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _fill(self, study: Study) -> None:
        execute = self._connection.execute
        context = sampling_of(study).context
        layouts = {c.label: context(study, c, study.activations[0]).keys for c in study.cases}
        meta = {
            "layout": layout_digest(layouts),
            "study": study.json,
            "digest": study.digest,
            "samples_digest": study.samples_digest,
            "created": _now(),
        }
        with self._transaction():
            for statement in TABLES.split(";\n"):
                if statement.strip():
                    execute(statement)
            execute(f"PRAGMA application_id = {APPLICATION}")
            execute(f"PRAGMA user_version = {SCHEMA}")
            self._connection.executemany("INSERT INTO meta VALUES (?, ?)", list(meta.items()))
            for number, (label, keys) in enumerate(layouts.items()):
                execute("INSERT INTO cases VALUES (?, ?)", (number, label))
                rows = [(number, k, *key) for k, key in enumerate(keys)]
                self._connection.executemany("INSERT INTO keys VALUES (?, ?, ?, ?, ?)", rows)

    def _check(self) -> None:
        (application,) = self._connection.execute("PRAGMA application_id").fetchone()
        if application != APPLICATION:
            raise StoreError(f"{self.path} is a database, but not a store of this package; name another file")
        (schema,) = self._connection.execute("PRAGMA user_version").fetchone()
        if schema != SCHEMA:
            raise StoreError(
                f"the store {self.path} has schema {schema}; this version reads {SCHEMA}: "
                "use the version that wrote it, or run the study into a new file"
            )
        (report,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if report != "ok":
            raise StoreError(damaged(self.path, report))
        if hashlib.sha256(self._meta("study").encode()).hexdigest() != self.digest:
            raise StoreError(damaged(self.path, "its study does not match its digest"))
        check_version(json.loads(self._meta("study")).get("version"), f"the store {self.path}")

    def _check_study(self, study: Study) -> None:
        if self.digest == study.digest:
            return
        if self._meta("samples_digest") == study.samples_digest:
            raise StoreError(
                f"the store {self.path} holds these samples under another criterion, frozen before they were "
                "drawn; judge by that one, or run into a new file with another root seed"
            )
        raise StoreError(
            f"the store {self.path} holds another study ({self.digest[:12]}, not {study.digest[:12]}); "
            "name another file, or repeat the arguments that it was made with"
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
