"""Faults: killed runs, failed writes, dead workers, folders that cannot be written, Ctrl-C."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import study_cases
from study_cases import bury, child, kill, wait_for

from ntk_theory.errors import StoreError, WorkerError
from ntk_theory.studies.engine import run as runner
from ntk_theory.studies.engine.run import Batch, compute_batch, run
from ntk_theory.studies.engine.store import Store
from ntk_theory.studies.engine.workers import stream


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The store of the long study, uninterrupted, in one process."""
    path = tmp_path_factory.mktemp("expected") / "long.sqlite"
    assert run(study_cases.long(), path, workers=1).computed == 80
    return fingerprint(path)


def fingerprint(path: Path) -> str:
    with Store.open(path) as store:
        assert not store.missing()
        return store.fingerprint()


def test_killed_three_times_a_study_ends_with_the_same_rows(tmp_path: Path, expected: str) -> None:
    rng, path = random.Random(7), tmp_path / "long.sqlite"
    for moment, target in enumerate(sorted(rng.sample(range(1, 60), 3))):
        process = child("long", path, workers=2)
        try:
            wait_for(process, path, target)
            time.sleep(rng.uniform(0, 0.1))
            kill(process, group=moment == 1)
            if moment == 0:  # workers left behind notice and end
                end = time.monotonic() + 30
                while members(process.pid):
                    assert time.monotonic() < end, f"{members(process.pid)} still run"
                    time.sleep(0.1)
        finally:
            bury(process)
        with Store.open(path) as store:  # rolls back what was cut off
            assert len(store.done()) >= target
    with Store.open(path) as store:
        present = len(store.done())
    summary = run(study_cases.long(), path, workers=2)
    assert (summary.present, summary.computed) == (present, 80 - present)
    assert fingerprint(path) == expected


#: Dies between the first page written and the end of the transaction that makes a store.
CUT = """
import os, signal, sys
from contextlib import contextmanager
sys.path.insert(0, sys.argv[1])
import study_cases
from ntk_theory.studies.engine.database import Database
from ntk_theory.studies.engine.store import Store

original = Database.transaction

@contextmanager
def cut(database):
    with original(database) as connection:
        yield connection
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("CREATE TABLE spill AS SELECT hex(randomblob(200000))")
        os.kill(os.getpid(), signal.SIGKILL)

Database.transaction = cut
Store.create(sys.argv[2], study_cases.small())
"""


def test_killed_while_the_store_is_made(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    tests = str(Path(study_cases.__file__).parent)
    # A fresh interpreter, not a fork: the test process may hold threads of other libraries.
    ended = subprocess.run(
        [sys.executable, "-c", CUT, tests, str(path)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert path.exists()
    study = study_cases.small()
    with Store.open_or_create(path, study) as store:
        assert store.missing() == study.cells()


def members(group: int) -> list[str]:
    """The command lines of a process group's living members, trackers of shared memory left out."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, _, pgrp = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            command = (entry / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if int(pgrp) == group and state != "Z" and "resource_tracker" not in command:
            found.append(command)
    return found


def test_ctrl_c_ends_a_run_cleanly_and_it_resumes(tmp_path: Path, expected: str) -> None:
    path = tmp_path / "long.sqlite"
    process = child("long", path, workers=2)
    try:
        wait_for(process, path, 4)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers, too
        output, _ = process.communicate(timeout=60)
    finally:
        bury(process)
    assert process.returncode == 3, output
    assert output.startswith("Interrupted interrupted with ")
    assert "to resume" in output
    with Store.open(path) as store:
        assert 4 <= len(store.done()) < 80
    run(study_cases.long(), path, workers=1)
    assert fingerprint(path) == expected


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """No file of this process may grow beyond ``size``: a write there fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_failed_write_keeps_the_completed_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: str
) -> None:
    path, study = tmp_path / "long.sqlite", study_cases.long()
    monkeypatch.setattr(runner, "BATCH_SECONDS", 0.0)
    with Store.create(path, study) as store:
        runner._Run(study, store, 1, None, False)._laws(study.cells())
    with (
        file_size_limit(path.stat().st_size + 40_000),
        pytest.raises(StoreError, match=r"cannot write .* kept: run again to resume"),
    ):
        run(study, path, workers=1)
    with Store.open(path) as store:
        assert 0 < len(store.done()) < 80
    run(study, path, workers=1)
    assert fingerprint(path) == expected


@contextmanager
def powerless() -> Iterator[None]:
    """Without root's right to write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can enter (pytest's own are private)."""
    folder = Path(tempfile.mkdtemp(prefix="ntk-study-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_read_only_folder_is_named(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    with powerless(), pytest.raises(StoreError, match=f"{open_folder}.*writable"):
        run(study_cases.small(), open_folder / "s.sqlite", workers=1)
    with powerless(), pytest.raises(StoreError, match="writable"):
        run(study_cases.small(), open_folder / "new" / "s.sqlite", workers=1)
    assert not list(open_folder.iterdir())


def test_a_read_only_store_can_be_read_but_not_resumed(open_folder: Path) -> None:
    path, study = open_folder / "s.sqlite", study_cases.small(seeds=1)
    with Store.create(path, study) as store:
        laws = runner._Run(study, store, 1, None, False)._laws(study.cells())
        store.add(compute_batch(runner.make_batches(study, study.cells()[:1], laws)[0])[1])
    path.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
    open_folder.chmod(0o555)
    with powerless():
        with Store.open(path) as store:
            assert store.data().computed == 1
        with pytest.raises(StoreError, match=r"cannot write .* writable"):
            run(study, path, workers=1)


def test_a_dead_worker_is_explained() -> None:
    def die(_: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(WorkerError, match="run again to resume"):
        list(stream(die, [1, 2, 3], 2))
    assert list(stream(abs, [-1], 2)) == [1]


def test_a_worker_that_dies_in_a_run_costs_no_completed_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, study = tmp_path / "s.sqlite", study_cases.small(widths=(16, 32, 64, 128))

    def dying(batch: Batch) -> object:
        if batch.cells[0][0] == 16:  # the narrowest come last
            time.sleep(1)  # by then the others have arrived
            os.kill(os.getpid(), signal.SIGKILL)
        return compute_batch(batch)

    monkeypatch.setattr(runner, "BATCH_SECONDS", 0.0)
    monkeypatch.setattr(runner, "compute_batch", dying)
    with pytest.raises(WorkerError, match="completed cells are kept"):
        run(study, path, workers=2)
    monkeypatch.undo()
    with Store.open(path) as store:
        done = store.done()
    assert 0 < len(done) < 24
    assert all(cell.width > 16 for cell in done)
    assert run(study, path, workers=1).present == len(done)


def test_cells_that_overflow_are_recorded_and_not_repeated(tmp_path: Path) -> None:
    study = study_cases.small(problems="u_t + exp(exp(u))", s=("1/10", "1"), widths=(64, 4096), seeds=6)
    summary = run(study, tmp_path / "s.sqlite", workers=1)
    assert summary.failures > 0
    assert "failures" in str(summary)
    with Store.open(tmp_path / "s.sqlite") as store:
        data, label = store.data(), study.cases[0].label
        assert data.is_complete
        failed = {(f.cell.width, f.cell.seed) for f in data.failures(label, "f,f")}
        values = data.values(label, "erf", "f,f", "1/10", "norm")
    for w, width in enumerate(study.widths):
        for seed in range(study.seeds):
            assert ((width, seed) in failed) == bool(values[w, seed] != values[w, seed])
    assert run(study, tmp_path / "s.sqlite", workers=1).computed == 0
