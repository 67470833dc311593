"""A Dask scheduler that is killed in the middle of a study: a sentence, code 3, cells kept, resumed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ntk_theory.studies.engine.store import Store

#: A scheduler with one worker in the same process; it prints its address and lives until it is killed.
CLUSTER = """
import time
from distributed import LocalCluster
if __name__ == "__main__":
    made = LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp://", host="127.0.0.1",
        dashboard_address=None, worker_dashboard_address=None,
    )
    print("at", made.scheduler_address, flush=True)
    time.sleep(600)
"""
STUDY = [
    "verify", "u_t + u*u_x", "--widths", "4096,16384", "--seeds", "100", "--points", "24",
    "--activation", "erf", "--s", "1/2",
]  # fmt: skip
MAIN = [sys.executable, "-m", "ntk_theory"]


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    script = folder / "cluster.py"
    script.write_text(CLUSTER)
    with open(folder / "cluster.log", "wb") as log:
        process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        found = re.match(r"at (\S+)", process.stdout.readline())
        assert found is not None, (folder / "cluster.log").read_text()
        yield found[1], process
    finally:
        process.kill()
        process.communicate()


def cells(store: Path) -> int:
    if not store.exists():
        return 0
    try:
        with Store.open(store) as found:
            return len(found.done())
    except OSError:  # being made
        return 0


def test_a_scheduler_that_is_killed(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    store = tmp_path / "s.sqlite"
    with cluster(tmp_path) as (address, scheduler):
        command = [*MAIN, *STUDY, "--store", str(store), "--cluster", address]
        study = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + 120
        while cells(store) == 0 and study.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        os.kill(scheduler.pid, signal.SIGKILL)
        out, err = study.communicate(timeout=120)
    assert study.returncode == 3, (study.returncode, out, err)
    assert "Traceback" not in err
    assert f"the Dask scheduler at {address} went away; completed cells are kept" in err
    kept = cells(store)
    assert 0 < kept < 200
    resumed = subprocess.run(
        [*MAIN, "resume", str(store), "--workers", "1"],
        check=False,
        capture_output=True,
        timeout=300,
    )
    assert resumed.returncode == 0, resumed.stderr
    assert cells(store) == 200
