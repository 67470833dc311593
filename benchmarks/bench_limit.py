"""Time and accuracy of infinite-width jets: all slots up to order 3 in two variables, 32 points.

    python benchmarks/bench_limit.py --json results/limit.json

Also, for the record, how many digits third and fifth order keep at points up to |x| = 10, against the
closed form of erf. Times are the least of three calls after one that compiles.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from environment import write

from ntk_theory.kernels.multiindex import total_order
from ntk_theory.limit import infinite_jets

REPEATS = 3


def timed(**arguments: Any) -> tuple[float, float]:
    """Least seconds of some calls, and the reported accuracy."""
    best, accuracy = np.inf, 0.0
    for _ in range(REPEATS):
        start = time.perf_counter()
        accuracy = infinite_jets(**arguments).accuracy
        best = min(best, time.perf_counter() - start)
    return best, accuracy


def speed() -> list[dict[str, Any]]:
    """Seconds per activation and depth."""
    points = np.random.default_rng(1).uniform(-1, 1, size=(32, 2))
    indices = total_order(3, 2).indices
    rows = []
    for name in ("tanh", "softplus", "silu", "gelu", "erf", "sin", "relu^4"):
        infinite_jets(name, 1, points[:2], indices)
        for depth in (1, 3):
            seconds, accuracy = timed(name=name, depth=depth, points=points, indices=indices)
            rows.append({"activation": name, "depth": depth, "seconds": seconds, "accuracy": accuracy})
            print(f"{name:9} depth {depth}: {seconds:6.2f} s, accuracy {accuracy:.1e}")
    return rows


def digits() -> list[dict[str, Any]]:
    """Largest difference of quadrature and closed form of T, in units of √(diagonal × diagonal)."""
    rows = []
    for box in (1.0, 10.0):
        points = np.random.default_rng(2).uniform(-box, box, size=(8, 2))
        for order in (3, 5):
            indices = ((0, 0), (order, 0), (1, 1))
            closed, integrated = (
                infinite_jets("erf", 3, points, indices, closed=way, rtol=1e-10).jet_ntk
                for way in (True, False)
            )
            size = integrated.shape[0] * integrated.shape[1]
            root = np.sqrt(closed.reshape(size, size).diagonal())
            error = np.max(np.abs(closed - integrated).reshape(size, size) / root[:, None] / root)
            rows.append({"box": box, "order": order, "difference": float(error)})
            print(f"order {order}, |x| ≤ {box:4}: {error:.1e}")
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write results and environment there")
    output = parser.parse_args().json
    found = {"speed": speed(), "digits": digits()}
    if output is not None:
        write(output, found)
