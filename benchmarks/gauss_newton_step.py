"""One Gauss–Newton step against the machine's matrix-multiply rate, both in this run; writes JSON.

    python benchmarks/gauss_newton_step.py [--threads 2] [--repeats 5] [--problem heat] [--points 10000]

The default network at width 30 has 1981 parameters. A symmetric rank update of n residuals and P
parameters is counted as n·P² operations, a product of two matrices of size m as 2m³; everything else
that a step does (Jacobian, factorisation, corrections) counts as time and not as work. Seconds are those
of the processor, which other processes do not lengthen, minima over interleaved repeats; the product
runs in one thread, whose seconds are the least.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PRODUCT = 2048


def main() -> None:
    """Set the threads before NumPy is imported, run, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--problem", default="heat")
    parser.add_argument("--width", type=int, default=30)
    parser.add_argument("--points", type=int, default=10_000, help="in all")
    parser.add_argument("--out", type=Path, default=RESULTS / "gauss_newton_step.json")
    arguments = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = str(arguments.threads)
    from environment import write  # noqa: PLC0415 - after the threads are set

    found = measure(arguments.problem, arguments.width, arguments.points, arguments.repeats)
    print(found)
    write(arguments.out, found)


def measure(name: str, width: int, points: int, repeats: int) -> dict[str, Any]:
    """Interleaved minima of a step and of a matrix product."""
    import numpy as np  # noqa: PLC0415

    import ntk_theory as nt  # noqa: PLC0415
    from ntk_theory.model.points import draw_points  # noqa: PLC0415
    from ntk_theory.resources import BLAS  # noqa: PLC0415
    from ntk_theory.training import GaussNewton  # noqa: PLC0415
    from ntk_theory.training.defaults import default_network  # noqa: PLC0415
    from ntk_theory.training.objective import Objective  # noqa: PLC0415

    problem = nt.zoo(name)
    network = default_network(problem, width=width)
    theta = network.init(0)
    share = points // (20 * len(problem.conditions))
    counts = {group.name: share for group in problem.conditions}
    rest = points - sum(counts.values())
    counts |= {group.name: rest // len(problem.equations) for group in problem.equations}
    objective = Objective.of(problem, network, theta, draw_points(problem, counts, 0), "mean")
    method, factor = GaussNewton(), np.random.default_rng(0).standard_normal((PRODUCT, PRODUCT))
    state = method.begin(objective, theta.flatten())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step, product, wall = [], [], []
    for _ in range(repeats):
        with BLAS.limited(1, anew=True):
            product.append(_seconds(lambda: factor @ factor)[0])
        fresh = method.advance(objective, state)
        spent = _seconds(lambda at=fresh: method.advance(objective, at))  # type: ignore[misc]
        step.append(spent[0])
        wall.append(spent[1])
    size = theta.size
    rate, work = 2 * PRODUCT**3 / min(product), objective.size * size**2
    return {
        "residuals": objective.size,
        "parameters": size,
        "processor seconds of a step": min(step),
        "wall seconds of a step": min(wall),
        "operations per second of a product": rate,
        "operations per second of a step": work / min(step),
        "share": work / min(step) / rate,
        "the whole Jacobian in bytes": 8.0 * objective.size * size,
        "most memory in bytes": 1024.0 * max(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss),
    }


def _seconds(work: Callable[[], Any]) -> tuple[float, float]:
    processor, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - processor, time.perf_counter() - wall


if __name__ == "__main__":
    main()
