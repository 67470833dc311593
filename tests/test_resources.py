"""The limits of a process: what it may take of memory, processors and BLAS."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from ntk_theory import resources
from ntk_theory.errors import InputError
from ntk_theory.kernels.threads import each
from ntk_theory.resources import (
    SHARE,
    BlasThreads,
    allowed_memory,
    cgroup_memory,
    cgroup_processors,
    default_threads,
    main_memory,
    memory,
    processors,
    thread_count,
    thread_limit,
)


def blas() -> list[int]:
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def group(root: Path, folder: str, **files: str) -> None:
    (root / folder).mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / folder / name.replace("__", ".")).write_text(text + "\n")


def test_memory_is_at_most_the_machine_s() -> None:
    assert 0 < memory() <= main_memory()
    assert allowed_memory() == SHARE * memory()
    assert allowed_memory(5) == allowed_memory(np.float64(5)) == allowed_memory(np.int64(5)) == 5.0


@pytest.mark.parametrize("limit", [0, -1, True, "1e9", math.nan, [1]])
def test_a_limit_is_a_positive_number_of_bytes(limit: object) -> None:
    with pytest.raises(InputError, match=r"memory_limit is .* positive number of bytes"):
        allowed_memory(limit)  # type: ignore[arg-type]


def test_control_groups_lower_memory_the_least_above_wins(tmp_path: Path) -> None:
    group(tmp_path, "batch/job", memory__max="max")
    group(tmp_path, "batch", memory__max="2000")
    group(tmp_path, ".", memory__max="3000")
    assert cgroup_memory("0::/batch/job\n", tmp_path) == 2000
    assert cgroup_memory("0::/gone/elsewhere\n", tmp_path) == 3000
    assert cgroup_memory("0::/\n", tmp_path / "none") == math.inf
    group(tmp_path, "memory/docker/abc", memory__limit_in_bytes="1500")
    both = "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n0::/batch/job\n"
    assert cgroup_memory(both, tmp_path) == 1500
    assert cgroup_memory("3:cpu,cpuacct:/docker/abc\n", tmp_path) == math.inf
    assert cgroup_memory("nonsense\n\n", tmp_path) == math.inf


def test_quotas_of_time_lower_the_processors(tmp_path: Path) -> None:
    group(tmp_path, "job", cpu__max="150000 100000")
    group(tmp_path, ".", cpu__max="max 100000")
    assert cgroup_processors("0::/job\n", tmp_path) == 1.5
    assert cgroup_processors("0::/\n", tmp_path) == math.inf
    group(tmp_path, "job", cpu__max="")
    assert cgroup_processors("0::/job\n", tmp_path) == math.inf
    assert 1 <= processors() <= (os.cpu_count() or 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a limit of address space")
def test_a_limit_of_address_space_is_seen() -> None:
    code = (
        "import resource as r; from ntk_theory.resources import memory; before = memory();"
        "r.setrlimit(r.RLIMIT_AS, (2**31, r.getrlimit(r.RLIMIT_AS)[1]));"
        "assert 0 < memory() < min(2**31, before), (before, memory())"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_environment_lowers_the_threads() -> None:
    assert default_threads({}) == processors()
    assert default_threads({"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "999"}) == 1
    assert default_threads({"OMP_NUM_THREADS": "0", "OPENBLAS_NUM_THREADS": "two"}) == processors()


def test_limits_of_callers_side_by_side_do_not_mix() -> None:
    """Two blocks overlap, none holds the other: each has its own limit, and both give it back."""
    before, counts, blas_before = thread_count(), {}, blas()
    first_in, second_in, first_out = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        with thread_limit(7):
            first_in.set()
            assert second_in.wait(10)
            counts["first"] = thread_count()
        first_out.set()

    def second() -> None:
        assert first_in.wait(10)
        with thread_limit(1):
            second_in.set()
            assert first_out.wait(10)
            counts["second"] = thread_count()
            counts["blas"] = max(blas())

    threads = [threading.Thread(target=task) for task in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == {"first": 7, "second": 1, "blas": 1}
    assert (thread_count(), blas()) == (before, blas_before)


def test_items_of_a_loop_see_the_limit_of_their_caller() -> None:
    with thread_limit(3):
        assert each(lambda _: thread_count(), range(8)) == [3] * 8
    assert each(lambda _: thread_count(), range(8)) == [thread_count()] * 8


def test_blas_takes_the_least_that_is_asked_for() -> None:
    before = blas()
    with resources.BLAS.limited(2, anew=True):
        assert set(blas()) == {2}
        with resources.BLAS.limited(1):
            assert set(blas()) == {1}
            with resources.BLAS.limited(5, anew=True):
                assert set(blas()) == {1}
        assert set(blas()) == {2}
    assert blas() == before


def test_blas_is_restored_after_an_error_by_any_owner() -> None:
    before, own = blas(), BlasThreads()
    with pytest.raises(ZeroDivisionError), own.limited(1):
        raise ZeroDivisionError
    assert blas() == before


@pytest.mark.parametrize("count", [0, -1, True, 1.0, "2"])
def test_a_thread_limit_is_a_positive_integer(count: object) -> None:
    with pytest.raises(InputError, match="positive number of threads"), thread_limit(count):  # type: ignore[arg-type]
        pass
