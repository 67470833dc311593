"""Small studies, and a child process that runs one, for the tests of studies and the benchmark of kills."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ntk_theory.studies.engine.database import Database
from ntk_theory.studies.question.study import Study

#: Two expressions whose law has a closed form for erf, so that a test pays for networks only.
EXPRESSIONS = ("u_t + u*u_x", "u_t - u_xx + sin(u)")


def small(**changes: Any) -> Study:
    """2 cases × 2 widths × 3 seeds = 12 cells at 4 + 4 points."""
    settings = {"points": 4, "widths": (16, 32), "seeds": 3, "activations": "erf", "s": ("1/2", "1")}
    return Study.from_problems(changes.pop("problems", EXPRESSIONS), **(settings | changes))


def long(**changes: Any) -> Study:
    """80 cells of some milliseconds each: long enough to be killed in the middle."""
    return small(**({"widths": (512, 4096), "seeds": 20, "points": 12} | changes))


#: Of a child process: many small writes, to be killed in.
BATCH_SECONDS = 0.03
#: What a child process does; arguments: factory of a study in this module, store, workers, and
#: the transaction of cells that stays open, counted from 1; 0: none.
CHILD = """
import signal
import sys
sys.path.insert(0, {tests!r})
import study_cases
from ntk_theory.errors import NTKTheoryError
from ntk_theory.studies.engine import run as runner
runner.BATCH_SECONDS = study_cases.BATCH_SECONDS
study_cases.hold(int(sys.argv[4]))
if __name__ == "__main__":
    # Tests that a shell started in the background inherit an ignored SIGINT, and so would this process.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    study = getattr(study_cases, sys.argv[1])()
    print("started", flush=True)
    try:
        print(runner.run(study, sys.argv[2], workers=int(sys.argv[3])))
    except NTKTheoryError as error:
        print(type(error).__name__, error)
        sys.exit(3)
"""


def hold(number: int) -> None:
    """The transaction of cells of this number does not end: it says so, with its pages on the disk."""
    original, seen = Database.transaction, 0

    @contextmanager
    def transaction(database: Database) -> Iterator[sqlite3.Connection]:
        nonlocal seen
        with original(database) as connection:
            connection.execute("PRAGMA cache_size = 1")  # pages go to the file before the end
            (before,) = (
                connection.execute("SELECT count(*) FROM cells").fetchone()
                if _has_tables(connection)
                else (0,)
            )
            yield connection
            (after,) = connection.execute("SELECT count(*) FROM cells").fetchone()
            seen += after > before
            if after > before and seen == number:
                print(f"inside {after}", flush=True)
                time.sleep(600)

    if number:
        Database.transaction = transaction  # type: ignore[method-assign]


def _has_tables(connection: sqlite3.Connection) -> bool:
    """Are there tables yet?"""
    return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def child(factory: str, store: Path, workers: int, held: int = 0) -> subprocess.Popen[str]:
    """A process that runs a study, in a group of its own; returns once its study is made.

    With ``held`` it stops within the transaction of cells of that number, and then prints ``inside`` and how
    many cells it sees.
    """
    script = CHILD.format(tests=str(Path(__file__).parent))
    process = subprocess.Popen(
        [sys.executable, "-c", script, factory, str(store), str(workers), str(held)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    return process


def stored(store: Path) -> int:
    """How many cells a store has, seen from outside; 0 if there is none yet."""
    if not store.exists():
        return 0
    try:
        connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=5)
        try:
            return int(connection.execute("SELECT count(*) FROM cells").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.OperationalError:  # no table yet, or a journal that only a writer may roll back
        return 0


def wait_for(process: subprocess.Popen[str], store: Path, cells: int, limit: float = 120.0) -> None:
    """Until the store has so many cells, or the process has ended."""
    end = time.monotonic() + limit
    while stored(store) < cells and process.poll() is None:
        assert time.monotonic() < end, f"no {cells} cells after {limit} s"
        time.sleep(0.003)


def kill(process: subprocess.Popen[str], *, group: bool) -> None:
    """kill -9, of the process alone or with its workers; then the rest of the group, which nobody owns."""
    (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
    process.wait()


def bury(process: subprocess.Popen[str]) -> None:
    """End whatever is left of the process and its workers."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
