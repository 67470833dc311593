from __future__ import annotations

import os
import random
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import study_cases

from ntk_theory.errors import InputError, Interrupted, ResourceError, StoreError, WorkerError
from ntk_theory.resources import thread_count
from ntk_theory.studies.engine import run as runner
from ntk_theory.studies.engine import workers
from ntk_theory.studies.engine.cell import CellResult
from ntk_theory.studies.engine.run import make_batches, run
from ntk_theory.studies.engine.store import Store
from ntk_theory.studies.engine.workers import stream, worker_count
from ntk_theory.studies.initialisation import cells
from ntk_theory.studies.initialisation.cells import CellContext, compute_cell
from ntk_theory.studies.question.study import Study


def fingerprint(path: Path) -> str:
    with Store.open(path) as store:
        assert not store.missing()
        return store.fingerprint()


@pytest.fixture(scope="module")
def study() -> Study:
    return study_cases.small()


@pytest.fixture(scope="module")
def expected(study: Study, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What an uninterrupted run in one process gives."""
    path = tmp_path_factory.mktemp("expected") / "study.sqlite"
    summary = run(study, path, workers=1)
    assert (summary.computed, summary.present, summary.failures) == (12, 0, 0)
    return fingerprint(path)


@pytest.mark.parametrize("count", [2, 4])
def test_rows_do_not_depend_on_the_number_of_workers(
    study: Study, expected: str, tmp_path: Path, count: int
) -> None:
    run(study, tmp_path / "s.sqlite", workers=count)
    assert fingerprint(tmp_path / "s.sqlite") == expected


def test_rows_of_a_deep_system_do_not_depend_on_the_workers_either(tmp_path: Path) -> None:
    study = study_cases.small(
        problems="shallow-water", depth=2, widths=(64, 100), seeds=2, output_bias="normal", neuron_tile=32
    )
    run(study, tmp_path / "one.sqlite", workers=1)
    run(study, tmp_path / "two.sqlite", workers=2)
    assert fingerprint(tmp_path / "one.sqlite") == fingerprint(tmp_path / "two.sqlite")


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Dask warns of is not ours to fail on
        distributed = pytest.importorskip("distributed")
        local = distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, dashboard_address=None, worker_dashboard_address=None
        )
        with local:
            yield local.scheduler_address


@pytest.mark.filterwarnings("ignore")
def test_rows_do_not_depend_on_a_cluster(study: Study, expected: str, tmp_path: Path, cluster: str) -> None:
    run(study, tmp_path / "s.sqlite", cluster=cluster)
    assert fingerprint(tmp_path / "s.sqlite") == expected
    with Store.open(tmp_path / "s.sqlite") as store:
        assert store.environments()[0]["cluster"] is True


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_is_asked_for_few_tasks_at_a_time(
    study: Study, expected: str, tmp_path: Path, cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more than three at once, and every one is computed."""
    monkeypatch.setattr(workers, "MOST_ASKED", 3)
    monkeypatch.setattr("ntk_theory.studies.engine.run.BATCH_SECONDS", 0.0)
    run(study, tmp_path / "s.sqlite", cluster=cluster)
    assert fingerprint(tmp_path / "s.sqlite") == expected


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_is_not_there(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "CLUSTER_SECONDS", "1s")
    with pytest.raises(WorkerError, match="no Dask scheduler answers"):
        run(study, tmp_path / "s.sqlite", cluster="tcp://127.0.0.1:9")


def test_rows_do_not_depend_on_order_batches_or_interruptions(
    study: Study, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = list(study.cells())
    random.Random(3).shuffle(wanted)
    with Store.create(tmp_path / "s.sqlite", study) as store:
        laws = runner._Run(study, store, 1, None, False)._laws(wanted)
        for part in (wanted[:5], wanted[5:6], wanted[6:]):
            for cell in part:
                limit = laws[cell.case, cell.activation].jet_ntk
                context = CellContext.of(study, study.case(cell.case), cell.activation, limit)
                store.add([compute_cell(context, cell.width, cell.seed)])
    assert fingerprint(tmp_path / "s.sqlite") == expected


def test_a_second_run_computes_only_what_is_missing(
    study: Study, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, int, int]] = []

    def counted(context: CellContext, width: int, seed: int) -> CellResult:
        calls.append((context.case.label, width, seed))
        return compute_cell(context, width, seed)

    monkeypatch.setattr(cells, "compute_cell", counted)
    with Store.create(tmp_path / "s.sqlite", study) as store:
        laws = runner._Run(study, store, 1, None, False)._laws(study.cells())
        for batch in make_batches(study, study.cells()[2:9], laws):
            store.add(runner.compute_batch(batch)[1])
        calls.clear()
        summary = run(study, store, workers=1)
    assert (summary.computed, summary.present) == (5, 7)
    present = set(study.cells()[2:9])
    assert sorted(calls) == sorted((c.case, c.width, c.seed) for c in study.cells() if c not in present)
    calls.clear()
    assert run(study, tmp_path / "s.sqlite", workers=1).computed == 0
    assert not calls
    assert fingerprint(tmp_path / "s.sqlite") == expected


def test_every_missing_cell_is_in_exactly_one_batch(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds in (0.0, 0.005, 1e9):
        monkeypatch.setattr(runner, "BATCH_SECONDS", seconds)
        batches = make_batches(study, study.cells(), {})
        found = [(b.context.case.label, b.context.activation, w, k) for b in batches for w, k in b.cells]
        assert sorted(found) == sorted(tuple(cell) for cell in study.cells())
        assert len(batches) == {0.0: 12, 1e9: 2}.get(seconds, len(batches))


def test_ctrl_c_keeps_what_is_done_and_says_how_to_resume(
    study: Study, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, left = Store.add, [3]

    def interrupted(store: Store, results: list[CellResult]) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        add(store, results)

    monkeypatch.setattr(runner, "BATCH_SECONDS", 0.0)
    monkeypatch.setattr(Store, "add", interrupted)
    with pytest.raises(Interrupted, match=r"3 of 12 cells .* to resume"):
        run(study, tmp_path / "s.sqlite", workers=1)
    monkeypatch.undo()
    assert run(study, tmp_path / "s.sqlite", workers=1).present == 3
    assert fingerprint(tmp_path / "s.sqlite") == expected


def test_tasks_run_with_one_thread_and_the_limit_is_given_back() -> None:
    before = thread_count()

    def threads(_: int) -> int:
        return thread_count()

    assert list(stream(threads, [1, 2], 1)) == [1, 1]
    assert sorted(stream(threads, [1, 2, 3], 2)) == [1, 1, 1]
    assert thread_count() == before


def test_idle_workers_are_replaced_before_they_end_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    def pid(_: int) -> int:
        return os.getpid()

    first = set(stream(pid, range(8), 2))
    again = set(stream(pid, range(8), 2))
    assert first & again
    # Not by an IDLE_SECONDS of 0: workers of the new pool would end at once, which is the fault avoided here.
    monkeypatch.setattr(workers._Pool, "used", time.monotonic() - workers.IDLE_SECONDS)
    assert not first & set(stream(pid, range(8), 2))


def test_workers_are_bounded_by_memory() -> None:
    assert worker_count(3, 1.0) == 3
    assert worker_count(10**6, 2.0**30) < 10**6
    with pytest.raises(ResourceError, match="smaller widths"):
        worker_count(1, 1e18)
    for bad in (0, -1, 1.5, True):
        with pytest.raises(InputError, match="workers is"):
            worker_count(bad, 1.0)  # type: ignore[arg-type]


def test_a_store_of_another_study_is_refused(study: Study, tmp_path: Path) -> None:
    other = Store.create(tmp_path / "s.sqlite", study_cases.small(seeds=1))
    with other, pytest.raises(StoreError, match="another study"):
        run(study, other, workers=1)
