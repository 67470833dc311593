"""Stores: one SQLite file per study, written by one process, resumable after any kind of death.

Every cell is one row with two blobs, ``ids`` (int32) and ``vals`` (float64), little endian: value k belongs
to ``keys`` (case, id = ids[k]) = (pair, s, quantity). ``crc`` guards both and the cell's key. Each batch of
cells is one transaction with a rollback journal and synchronous=FULL, so that a process that is killed, or
a machine that loses power, leaves either all or nothing of it. Numbers and text only, no pickles.

A store is opened to be read; the first write opens it to be written. Every text has a checksum, too; a store
of the first schema, which had fewer, gets them at its first write, of its texts as they are then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ntk_theory.errors import InputError, MissingStoreError, StoreError
from ntk_theory.studies.engine.cell import CellResult, Failure, Key, LawResult
from ntk_theory.studies.engine.database import Database, now
from ntk_theory.studies.engine.samples import Block, StudyData
from ntk_theory.studies.engine.sampling import sampling_of
from ntk_theory.studies.engine.schema import SUM, check_version, layout_digest, make, meta_checksum
from ntk_theory.studies.engine.sqlite import checksum, complaints, damaged, is_blank
from ntk_theory.studies.engine.wellformed import (
    ENVIRONMENT,
    STUDY,
    VERDICTS,
    cell_result,
    law_result,
    read_json,
)
from ntk_theory.studies.engine.writing import write_cell
from ntk_theory.studies.question.difference import difference
from ntk_theory.studies.question.study import Cell, Study, canonical


@contextmanager
def opened(store: Store | str | Path) -> Iterator[Store]:
    """A store while it is used: an open one stays open, a path is opened and closed again."""
    if isinstance(store, Store):
        yield store
        return
    with Store.open(store) as found:
        yield found


def stores_folder() -> Path:
    """Where stores lie unless told otherwise: under the user's data folder."""
    from platformdirs import user_data_dir  # noqa: PLC0415 - only where no path was given

    return Path(user_data_dir("ntk_theory", appauthor=False)) / "studies"


def default_path(study: Study) -> Path:
    """Where the store of a study lies unless told otherwise."""
    return stores_folder() / f"{study.digest[:12]}.sqlite"


class Store:
    """An open store; make it with :meth:`create`, :meth:`open` or :meth:`open_or_create`.

    Usable in a ``with`` statement, which closes it.
    """

    def __init__(self, database: Database) -> None:
        self.path = database.path
        self._database = database

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
            store = cls(Database(path, write=True))
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
            store = cls(Database(path))
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
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- what was asked ---------------------------------------------------------------------------

    @cached_property
    def study(self) -> Study:
        """The study, read back from the file."""
        try:
            return Study.from_dict(self._question)
        except (InputError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as cause:
            raise StoreError(f"the store {self.path} cannot be read: {cause}") from None

    @property
    def digest(self) -> str:
        """The study's digest."""
        return self._database.meta("digest")

    @property
    def created(self) -> str:
        """When the store was made, in UTC."""
        return self._database.meta("created")

    @property
    def criterion(self) -> Mapping[str, Any]:
        """The criterion, as frozen before the first cell."""
        return dict(self._question["criterion"])

    @cached_property
    def layouts(self) -> Mapping[str, tuple[Key, ...]]:
        """Per case: the key of every id."""
        found: dict[str, list[Key]] = {label: [] for label in self._cases}
        query = (
            "SELECT label, pair, s, quantity FROM keys LEFT JOIN cases ON cases.id = case_id "
            "ORDER BY case_id, keys.id"
        )
        for label, *key in self._database.plain(query):
            found.setdefault(label, []).append(Key(*key))
        layouts = {label: tuple(keys) for label, keys in found.items()}
        if layout_digest(layouts) != self._database.meta("layout"):
            raise StoreError(damaged(self.path, "the names of its numbers fail their checksum"))
        return layouts

    # --- what is there ----------------------------------------------------------------------------

    def done(self) -> set[Cell]:
        """The cells that are computed (some with failures)."""
        query = "SELECT label, activation, width, seed FROM cells LEFT JOIN cases ON id = case_id"
        return {self._known(Cell(*row)) for row in self._database.plain(query)}

    def missing(self) -> tuple[Cell, ...]:
        """The cells still to be computed, in the study's order."""
        done = self.done()
        return tuple(cell for cell in self.study.cells() if cell not in done)

    def results(self) -> Iterator[CellResult]:
        """All computed cells, sorted by key; failures are left to :meth:`failures`."""
        query = (
            "SELECT label, activation, width, seed, seconds, ids, vals, crc, "
            f"{self._database.guard} FROM cells LEFT JOIN cases ON id = case_id "
            "ORDER BY case_id, activation, width, seed"
        )
        for *key, seconds, ids, values, crc, guard in self._database.select(query):
            cell = self._known(Cell(*key))
            result = cell_result(cell, seconds, ids, values, len(self.layouts[cell.case]), self.path)
            what = f"the numbers of cell {tuple(cell)}"
            self._database.compare(checksum(cell, ids, values), crc, what)
            self._database.compare(checksum((*cell, seconds)), guard, what)
            yield result

    def failures(self) -> tuple[Failure, ...]:
        """All failures, sorted by cell."""
        query = (
            f"SELECT label, activation, width, seed, pair, s, message, {self._database.guard} FROM failures "
            "LEFT JOIN cases ON id = case_id ORDER BY case_id, activation, width, seed, failures.rowid"
        )
        found = []
        for *row, guard in self._database.plain(query):
            cell = self._known(Cell(*row[:4]))
            self._database.compare(checksum(row), guard, f"a failure of cell {tuple(cell)}")
            found.append(Failure(cell, *row[4:]))
        return tuple(found)

    def laws(self) -> dict[tuple[str, str], LawResult]:
        """The infinite-width laws by (case, activation)."""
        query = (
            "SELECT label, activation, accuracy, note, shape, jet_ntk, vals, crc, "
            f"{self._database.guard} FROM laws LEFT JOIN cases ON id = case_id ORDER BY case_id, activation"
        )
        found = {}
        for *key, shape, blob, values, crc, guard in self._database.select(query):
            what = f"the law of {key[0]!r}"
            law = law_result(key, shape, blob, values, self.path)
            self._database.compare(checksum(key, blob, str(values).encode()), crc, what)
            self._database.compare(checksum((*key[:2], shape)), guard, what)
            found[law.case, law.activation] = law
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
        return self._database.texts("environment", "run, started", ENVIRONMENT)

    def verdicts(self) -> list[Any]:
        """The verdicts written so far, oldest first."""
        return self._database.texts("verdicts", "id, created", VERDICTS)

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

    def verify(self) -> str:
        """Reads everything there is, so that every checksum is compared; returns the fingerprint.

        Raises
        ------
        StoreError
            Something is damaged.
        """
        self.environments()
        self.verdicts()
        return self.fingerprint()

    # --- writing ----------------------------------------------------------------------------------

    def add(self, results: Iterable[CellResult]) -> None:
        """Store cells in one transaction; a cell that is there already stays as it is.

        Of a cell that cannot be stored (a value that is not finite, a text that is none) the reason is.

        Raises
        ------
        StoreError
            The write failed (disk full, no permission, file locked); nothing of these cells is stored then.
        """
        with self._database.transaction() as connection:
            for result in results:
                label = result.cell.case
                write_cell(connection, self._cases[label], self.layouts[label], result)

    def add_law(self, law: LawResult) -> None:
        """Store an infinite-width law; one that is there already stays as it is."""
        array = np.zeros(0) if law.jet_ntk is None else law.jet_ntk
        shape = json.dumps(list(array.shape))
        blob, values = np.ascontiguousarray(array, dtype="<f8").tobytes(), canonical(dict(law.values))
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO laws VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (
                    self._cases[law.case],
                    law.activation,
                    law.accuracy,
                    law.note,
                    shape,
                    blob,
                    values,
                    checksum((law.case, law.activation, law.accuracy, law.note), blob, values.encode()),
                    checksum((law.case, law.activation, shape)),
                ),
            )

    def add_environment(self, environment: Mapping[str, Any]) -> None:
        """Record what a run is made with."""
        self._database.add_text("environment", "run, started", environment)

    def add_verdicts(self, verdicts: Any) -> None:
        """Record verdicts (JSON-like data)."""
        self._database.add_text("verdicts", "id, created", verdicts)

    # --- inside -----------------------------------------------------------------------------------

    @cached_property
    def _question(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = read_json(self._database.meta("study"), STUDY, self.path, "study")
        return found

    @cached_property
    def _cases(self) -> dict[str, int]:
        return {label: int(number) for number, label in self._database.plain("SELECT id, label FROM cases")}

    def _known(self, cell: Cell) -> Cell:
        """The cell, of a case that the store names."""
        if cell.case not in self._cases:
            raise StoreError(damaged(self.path, "it has numbers of no case"))
        return cell

    def _fill(self, study: Study) -> None:
        context = sampling_of(study).context
        layouts = {c.label: context(study, c, study.activations[0]).keys for c in study.cases}
        meta = {
            "layout": layout_digest(layouts),
            "study": study.json,
            "digest": study.digest,
            "samples_digest": study.samples_digest,
            "created": now(),
        }
        meta[SUM] = meta_checksum(meta)
        with self._database.transaction() as connection:
            make(connection)
            connection.executemany("INSERT INTO meta VALUES (?, ?)", list(meta.items()))
            for number, (label, keys) in enumerate(layouts.items()):
                connection.execute("INSERT INTO cases VALUES (?, ?)", (number, label))
                rows = [(number, k, *key) for k, key in enumerate(keys)]
                connection.executemany("INSERT INTO keys VALUES (?, ?, ?, ?, ?)", rows)

    def _check(self) -> None:
        self._database.check()
        if hashlib.sha256(self._database.meta("study").encode()).hexdigest() != self.digest:
            raise StoreError(damaged(self.path, "its study does not match its digest"))
        check_version(self._question["version"], f"the store {self.path}")

    def _check_study(self, study: Study) -> None:
        if self.digest == study.digest:
            return
        if self._database.meta("samples_digest") == study.samples_digest:
            raise StoreError(
                f"the store {self.path} holds these samples under another criterion, frozen before they were "
                "drawn; judge by that one, or run into a new file with another root seed"
            )
        raise StoreError(
            f"the store {self.path} holds another study (it has "
            f"{difference(self._question, study.to_dict())}); "
            "name another file, or repeat the arguments that it was made with"
        )
