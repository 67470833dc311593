"""A finished store with a row in every table, single bits of it flipped, and what comes of that."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from ntk_theory.errors import StoreError
from ntk_theory.studies.engine.cell import Failure
from ntk_theory.studies.engine.run import run
from ntk_theory.studies.engine.store import Store
from ntk_theory.studies.judging.judge import judge
from ntk_theory.studies.question.study import Study

REFUSED, RECOMPUTED, EQUAL = "refused", "cells reported missing and recomputed", "equal"
FINE = (REFUSED, RECOMPUTED, EQUAL)


def finish(study: Study, path: Path) -> None:
    """Compute a study, and say of the networks of the last seed that one of their numbers failed."""
    run(study, path, workers=1)
    with Store.open(path) as store:
        last = [result for result in store.results() if result.cell.seed == study.seeds - 1]
    change(path, "DELETE FROM cells WHERE seed = ?", values=(study.seeds - 1,))
    with Store.open(path) as store:
        store.add(replace(r, failures=(Failure(r.cell, "f,f", "1", "it overflows"),)) for r in last)


def change(path: Path, *statements: str, values: tuple[Any, ...] = ()) -> None:
    """What another program does to the file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement, values)


def rows(store: Store) -> tuple[Any, ...]:
    """The numbers, but for times; and the failures."""
    numbers = [(r.cell, r.ids.tobytes(), r.values.tobytes()) for r in store.results()]
    return numbers, sorted(store.failures()), store.fingerprint()


def everything(path: Path) -> tuple[Any, ...]:
    """All that a reader gets, the rows first; verdicts judged anew where the study has a whole criterion."""
    with Store.open(path) as store:
        seconds = [r.seconds for r in store.results()]
        judged = judge(store).to_dict() if store.verdicts() and len(store.criterion) > 1 else None
        if judged is not None:
            judged.pop("store", None)
        return rows(store), seconds, store.created, store.environments(), store.verdicts(), judged


def flipped(original: bytes, at: int, bit: int) -> bytes:
    """The file with one bit changed."""
    return original[:at] + bytes([original[at] ^ (1 << bit)]) + original[at + 1 :]


def outcome(path: Path, expected: tuple[Any, ...]) -> str:
    """What came of a flip: one of :data:`FINE`, or what went unnoticed."""
    try:
        with Store.open(path) as store:
            missing = len(store.missing())
        found = everything(path)
        if not missing:
            return EQUAL if found == expected else "a change went unnoticed"
        with Store.open(path) as store:
            run(store.study, store, workers=1, progress=False)
            return RECOMPUTED if rows(store) == expected[0] else "recomputed to other rows"
    except StoreError:
        return REFUSED
    except Exception as error:  # whatever it is, it is no sentence
        return f"{type(error).__name__}: {error}"
