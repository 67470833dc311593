"""Eigenvalues of limit kernels of ReLU^k by index, with operators of order n, in one variable.

    python benchmarks/decays.py [--points 800] [--low 30 --high 90] [--json results/decays.json]

λ_i of K^∞ at evenly spaced points of [−1, 1] (s = 1/2, one hidden layer) against i^{−(2k − 2n)}, the case
d = 1 of −(d + 2k − 1 − 2n)/d, by least squares over the indices that are named. Exit code 1 where an
exponent is more than 0.15 off.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from environment import write

import ntk_theory as nt
from ntk_theory.claims.exhibit import Exhibit, eigenvalues

MARGIN = 0.15
#: Operator, k, n.
CASES = (("u", 1, 0), ("u_x", 2, 1), ("u_xx", 3, 2), ("u", 2, 0), ("u_x", 3, 1), ("u_xx", 4, 2))


def exponent(text: str, k: int, points: int, low: int, high: int) -> float:
    """X of λ_i ~ i^x, low ≤ i ≤ high."""
    problem = nt.problem(text, variables=("x",))
    grid = ((np.arange(points) + 0.5) / points)[:, None] * 2 - 1
    network = Exhibit(problem).network(activation="relu" if k == 1 else f"relu^{k}")
    given = {g.name: grid if g is problem.equations[0] else grid[:1] for g in problem.groups}
    matrix = nt.limit_law(problem, network, given).deterministic(1.0, "f,f")
    index = np.arange(low, high + 1)
    return float(np.polyfit(np.log(index), np.log(eigenvalues(matrix)[index - 1]), 1)[0])


def main() -> int:
    """Run all; 1 where one is off."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=800)
    parser.add_argument("--low", type=int, default=30)
    parser.add_argument("--high", type=int, default=90)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    rows = []
    for text, k, n in CASES:
        found, expected = exponent(text, k, asked.points, asked.low, asked.high), -(2 * k - 2 * n)
        rows.append({"operator": text, "k": k, "n": n, "expected": expected, "found": found})
        print(f"relu^{k}, {text:5} i^{found:.3f}, expected {expected}", flush=True)
    off = max(abs(row["found"] - row["expected"]) for row in rows)
    print(f"indices {asked.low} to {asked.high} of {asked.points}: at most {off:.3f} off, allowed {MARGIN}")
    if asked.json is not None:
        write(asked.json, {"indices": [asked.low, asked.high], "points": asked.points, "cases": rows})
    return int(off > MARGIN)


if __name__ == "__main__":
    sys.exit(main())
