"""What studies cost, and what 10⁶ networks or widths of 10⁶ would: measured parts, and a model beyond.

    python benchmarks/cluster.py [--quick] [--json results/cluster.json]

Measured: one cell of each kind by width, in seconds of the processor and in memory, each in a process of its
own; the same study on a Dask cluster of 1, 2 and 4 workers on this machine; what the store's one writer takes
in per second, and the bytes per network; what a task weighs on its way. Beyond: networks × seconds, and the
number of workers at which the writer has no time left. Other work on the machine lengthens wall times, hardly
seconds of the processor.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
from environment import write

from ntk_theory.resources import thread_limit
from ntk_theory.studies.engine.cell import CellResult
from ntk_theory.studies.engine.run import make_batches, run
from ntk_theory.studies.engine.store import Store
from ntk_theory.studies.judging.judge import judge
from ntk_theory.studies.judging.kind import kind
from ntk_theory.studies.question.study import Study

#: Kind, problem, points, settings and widths of the cells that are timed.
CELLS: dict[str, tuple[str, str, int, dict[str, Any], Sequence[int]]] = {
    "kernels": ("initialisation", "kdv", 16, {}, (10**3, 10**4, 10**5, 10**6)),
    "width, Gauss-Newton": (
        "width", "kdv", 64, {"methods": {"gauss-newton": 60}, "reference": 1, "oversampling": 2},
        (8, 32, 128, 512),
    ),
    "width, Adam": (
        "width", "kdv", 64, {"methods": {"adam": 1000}, "reference": 1, "oversampling": 2}, (8, 32, 128, 512),
    ),
    "width, 10 steps of Adam": (
        "width", "poisson", 16, {"methods": {"adam": 10}, "reference": 1, "oversampling": 2},
        (10**3, 10**4, 10**5),
    ),
}  # fmt: skip
WORKERS, NETWORKS = (1, 2, 4), 10**6
#: Networks whose numbers are written to time the store; the slope between two such counts is kept.
WRITTEN = (2000, 10000)


def asked(name: str, widths: Sequence[int], seeds: int = 1, seed: int = 0) -> Study:
    """The study of a line of :data:`CELLS`."""
    own, problem, points, settings, _ = CELLS[name]
    chosen = kind(own)
    made = None if chosen.settings is None else chosen.settings.from_dict(settings)
    s = {} if made is None else {"s": ("1/2",)}
    return Study.from_problems(
        problem, points=points, widths=tuple(widths), seeds=seeds, seed=seed, settings=made,
        criterion=chosen.criterion().to_dict(), **s,
    )  # fmt: skip


def context_of(study: Study) -> Any:
    """What the cells share; with the infinite-width law where the kind needs one."""
    own, case = kind(study.kind), study.cases[0]
    if own.law_context is None:
        return own.context(study, case, "tanh")
    return own.context(study, case, "tanh", own.law_context(study, case, "tanh").law())


def one_cell(name: str, width: int) -> dict[str, float]:
    """Processor seconds and peak bytes of a second cell, in this process."""
    study = asked(name, (8, width) if width != 8 else (8, 16), seeds=2)
    context = context_of(study)
    with thread_limit(1):
        context.compute(8, 0)  # kernels are compiled
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begin = time.process_time()
        context.compute(width, 1)
        spent = time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"width": width, "seconds": spent, "bytes": 1024.0 * peak, "before": 1024.0 * before}


def cells(quick: bool) -> dict[str, list[dict[str, float]]]:
    """Every kind and width, each in a process of its own."""
    found: dict[str, list[dict[str, float]]] = {}
    for name, (*_, widths) in CELLS.items():
        for width in widths[:2] if quick else widths:
            done = subprocess.run(
                [sys.executable, __file__, "--cell", name, str(width)],
                check=True,
                capture_output=True,
                text=True,
            )
            row = json.loads(done.stdout)
            found.setdefault(name, []).append(row)
            print(
                f"{name}: width {width}: {row['seconds']:.3g} s, {row['bytes'] / 2**20:.0f} MiB", flush=True
            )
    return found


def on_workers(counts: Sequence[int], seeds: int) -> list[dict[str, float]]:
    """The same study of width by Dask on 1, 2 and 4 processes: wall time, and seconds inside cells."""
    from distributed import LocalCluster  # noqa: PLC0415 - the extra "cluster"

    found = []
    for count in counts:
        study = asked("width, Gauss-Newton", (16, 32), seeds=seeds, seed=7)
        with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
            warnings.simplefilter("ignore")
            with LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                dashboard_address=None,
                worker_dashboard_address=None,
            ) as local:
                address = local.scheduler_address
                first = asked("width, Gauss-Newton", (16,), seeds=2 * count, seed=8)
                run(first, Path(folder) / "warm.sqlite", cluster=address, progress=False)
                begin = time.perf_counter()
                run(study, Path(folder) / "s.sqlite", cluster=address, progress=False)
                wall = time.perf_counter() - begin
            with Store.open(Path(folder) / "s.sqlite") as store:
                inside = float(np.nansum(next(iter(store.data().blocks.values())).seconds))
        found.append({"workers": count, "wall": wall, "cells": len(study.cells()), "inside": inside})
        print(
            f"{count} workers: {len(study.cells())} networks in {wall:.1f} s, {inside:.1f} s inside cells, "
            f"{inside / wall:.2f} at a time", flush=True,
        )  # fmt: skip
    return found


def writer(name: str) -> dict[str, float]:
    """What the store takes in: networks per second one by one, bytes per network, seconds to read them."""
    sizes, seconds = [], []
    for count in WRITTEN:
        study = asked(name, (8, 16), seeds=count // 2)
        layout = kind(study.kind).context(study, study.cases[0], "tanh").keys
        rng, ids = np.random.default_rng(0), np.arange(len(layout), dtype=np.int32)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "s.sqlite"
            with Store.create(path, study) as store:
                begin = time.process_time()
                for cell in study.cells():
                    store.add([CellResult(cell, ids, np.exp(rng.standard_normal(len(ids))), (), 1.0)])
                seconds.append(time.process_time() - begin)
            sizes.append(path.stat().st_size)
            begin = time.process_time()
            with Store.open(path) as store:
                if study.kind == "width":
                    judge(store)
                else:
                    store.data()
            read = time.process_time() - begin
    more = WRITTEN[1] - WRITTEN[0]
    found = {
        "values": len(ids),
        "per_second": more / (seconds[1] - seconds[0]),
        "bytes_per_network": (sizes[1] - sizes[0]) / more,
        "seconds_to_read": read / WRITTEN[1],
    }
    print(
        f"store, {name}: {found['values']} numbers a network, {found['per_second']:.0f} networks per second, "
        f"{found['bytes_per_network']:.0f} bytes each, read and judged at {1 / found['seconds_to_read']:.0f} "
        "per second", flush=True,
    )  # fmt: skip
    return found


def task_bytes() -> dict[str, int]:
    """What one task weighs on its way to a worker."""
    found = {}
    for name in ("kernels", "width, Adam"):
        study = asked(name, (64, 128), seeds=2)
        own = kind(study.kind)
        laws = {}
        if own.law_context is not None:
            laws = {(study.cases[0].label, "tanh"): own.law_context(study, study.cases[0], "tanh").law()}
        batch = make_batches(study, study.cells(), laws)[0]
        found[name] = len(cloudpickle.dumps(batch))
        print(f"a task, {name}: {found[name]} bytes", flush=True)
    return found


def beyond(found: dict[str, Any]) -> list[dict[str, Any]]:
    """10⁶ networks of every line: core hours, a worker's memory, the store, workers that fill the writer."""
    rows = []
    for name, lines in found["cells"].items():
        store = found["store"]["kernels" if name == "kernels" else "width, Adam"]
        for line in lines:
            rows.append(
                {
                    "study": name,
                    "width": int(line["width"]),
                    "core_hours": NETWORKS * line["seconds"] / 3600,
                    "worker_mib": line["bytes"] / 2**20,
                    "store_gib": NETWORKS * store["bytes_per_network"] / 2**30,
                    "writer_hours": NETWORKS / store["per_second"] / 3600,
                    "workers_at_most": line["seconds"] * store["per_second"],
                }
            )
            row = rows[-1]
            print(
                f"| {row['study']} | {row['width']} | {row['core_hours']:.3g} | {row['worker_mib']:.0f} | "
                f"{row['store_gib']:.2f} | {row['writer_hours']:.2g} | {row['workers_at_most']:.3g} |"
            )
    return rows


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer widths, fewer networks, 1 and 2 workers")
    parser.add_argument("--json", type=Path, help="where numbers are written")
    parser.add_argument("--cell", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.cell:
        print(json.dumps(one_cell(given.cell[0], int(given.cell[1]))))
        return
    found: dict[str, Any] = {
        "cells": cells(given.quick),
        "store": {name: writer(name) for name in ("kernels", "width, Adam")},
        "task_bytes": task_bytes(),
        "workers": on_workers(WORKERS[:2] if given.quick else WORKERS, 4 if given.quick else 24),
    }
    found["beyond"] = beyond(found)
    if given.json:
        write(given.json, found)


if __name__ == "__main__":
    main()
