"""How fast networks come to what ``infinite_solution`` says of each, as the width grows: Poisson and heat.

Each network, with its own start u_0, is brought to the end of its training by 40 damped steps along J⁺, and
compared with the prediction for that start at points between those trained on. Theory: the largest difference
falls like N^{-1/2}. Prints the medians, the slope over all widths with its interval of 99 % over resampled
networks, and the slope between the two largest widths, since the smallest are not yet on the power; the exit
status is 1 where an interval holds -1/4, half of the rate.

    python benchmarks/infinite_rate.py [--networks 12] [NAME ...]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from environment import write
from scipy.linalg import solve

import ntk_theory as nt
from ntk_theory.empirical.jacobian import residuals_and_jacobian
from ntk_theory.empirical.residuals import Residuals

WIDTHS = (64, 256, 1024, 4096)
OUT = Path(__file__).parent / "results" / "infinite_rate.json"


def gaps(name: str, networks: int) -> np.ndarray:
    """(widths, networks): the largest difference of every network from its own prediction."""
    problem = nt.zoo(name)
    points = nt.draw_points(problem, 4, 0)
    grid = np.random.default_rng(1).random((8, len(problem.variables)))
    ends = [[float(end) for end in problem.domain[v]] for v in problem.variables]
    at = np.array([low for low, _ in ends]) + grid * np.array([high - low for low, high in ends])
    wide = nt.infinite_solution(problem, points, at=at, slots=["u"])
    rows = []
    for width in WIDTHS:
        shape = replace(wide.network, width=width)
        here, residuals, row = replace(wide, network=shape), Residuals.of(problem, shape, points), []
        for seed in range(networks):
            start = theta = shape.init(seed)
            for _ in range(40):
                R, J = residuals_and_jacobian(residuals, theta)
                theta = theta.replaced(theta.flatten() - 0.4 * J.T @ solve(J @ J.T, R))
            ended = nt.jets(shape, theta, wide.at, wide.slots)
            row.append(np.abs(ended[0] - here.of(start)[0]).max())
        rows.append(row)
    return np.array(rows)


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=["poisson", "heat"])
    parser.add_argument("--networks", type=int, default=60)
    arguments = parser.parse_args()
    rng, found, good = np.random.default_rng(0), {}, True
    for name in arguments.names:
        measured = gaps(name, arguments.networks)
        x = np.log(WIDTHS) - np.mean(np.log(WIDTHS))

        def slope(rows: np.ndarray, x: np.ndarray = x) -> float:
            return float(x @ np.log(np.median(rows, axis=1)) / (x @ x))

        drawn = [slope(np.array([rng.choice(row, len(row)) for row in measured])) for _ in range(2000)]
        low, high = np.quantile(drawn, [0.005, 0.995])
        middle = np.median(measured, axis=1)
        last = float(np.log(middle[-1] / middle[-2]) / np.log(WIDTHS[-1] / WIDTHS[-2]))
        found[name] = {
            "medians": middle.tolist(),
            "slope": slope(measured),
            "interval": [low, high],
            "last": last,
        }
        print(f"{name}: medians {', '.join(f'{m:.1e}' for m in middle)}; slope {slope(measured):.2f} "
              f"[{low:.2f}, {high:.2f}], between the largest widths {last:.2f}", flush=True)  # fmt: skip
        good &= not low <= -0.25 <= high
    write(OUT, found)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
