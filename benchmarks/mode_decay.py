"""Do the modes of the residual decay like e^{−λt}, and the groups at the rates that K^∞ says?

    python benchmarks/mode_decay.py [--networks 20] [--output results/mode_decay.json] [--quick]

Gradient flows of finite networks (s = 1/2, tanh, one hidden layer, 3 points per group) on Poisson and heat,
against R(t) = e^{−K^∞ t} R(0) with the limit kernel K^∞ = Σ λ_k v_k v_kᵀ. By width, with 95 % bootstrap
intervals over the networks:

* rate of every mode with λ_k ≥ λ_1/100, in units of λ_k: −log c at t = 1/λ_k, c the slope of v_k·R(t) against
  v_k·R(0) over the networks, 1 in the limit;
* disparity: the ratio of the groups' rates log(Σ‖R_g(0)‖²/Σ‖R_g(τ)‖²)/2τ, τ = 1/(10 λ_1), sums over the
  networks; beside it that of e^{−K^∞ τ} R(0) from the same starts;
* the exponent of N in the median of ‖R(t) − e^{−K^∞ t} R(0)‖/‖R(0)‖ at t = 1/λ_1, −1/2 expected.

Exit code 1 where the exponent's interval misses −1/2, or where at the largest width the interval of a mode's
rate (Bonferroni over its problem's modes) misses 1 by more than 10 %, and the rate is no nearer to 1 than at
the smallest: slow modes are reached late, since what fluctuates in K mixes them with larger ones.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from environment import write

from ntk_theory.claims.exhibit import Exhibit
from ntk_theory.empirical.residuals import Residuals
from ntk_theory.model.points import draw_points
from ntk_theory.studies.judging.trends import trend
from ntk_theory.training.methods.flow import Flow
from ntk_theory.training.train import train

OUTPUT = Path(__file__).parent / "results" / "mode_decay.json"
PROBLEMS, WIDTHS, FEW, LEAST = ("poisson", "heat"), (256, 1024, 4096), 3, 1e-2
LEVEL, RESAMPLES, MARGIN = 0.05, 2000, 0.1


@dataclass(frozen=True)
class Modes:
    """K^∞ of a problem at its points, its modes, and when they are looked at."""

    exhibit: Exhibit
    points: Any
    values: np.ndarray
    vectors: np.ndarray
    rows: dict[str, slice]

    @classmethod
    def of(cls, name: str) -> Modes:
        """Of a zoo problem, seed 0."""
        exhibit = Exhibit.of(name)
        points = draw_points(exhibit.problem, FEW, 0)
        matrix, rows = exhibit.limit(points=points)
        values, vectors = np.linalg.eigh(matrix)
        return cls(exhibit, points, values[::-1], vectors[:, ::-1], rows)

    @property
    def seen(self) -> int:
        """How many modes are looked at: λ ≥ λ_1/100."""
        return int(np.sum(self.values >= LEAST * self.values[0]))

    @property
    def times(self) -> np.ndarray:
        """τ, then 1/λ_k."""
        return np.array([0.1 / self.values[0], *(1 / self.values[: self.seen])])

    def flow(self, width: int, seed: int) -> np.ndarray:
        """R at 0 and at the times, (1 + times, rows)."""
        problem, network = self.exhibit.problem, self.exhibit.network(width)
        residuals, theta = Residuals.of(problem, network, self.points), network.init(seed)
        found, now = [residuals.at(theta).values], 0.0
        for end in self.times:
            flow = Flow(end - now, "rk45")
            run = train(
                problem, network, theta, self.points, method=flow, drift=False, evidence=False, error=False
            )
            theta, now = run.parameters, end
            found.append(residuals.at(theta).values)
        return np.array(found)

    def limit(self, start: np.ndarray, t: float) -> np.ndarray:
        """e^{−K^∞ t} R(0), rows of starts."""
        return (start @ self.vectors * np.exp(-self.values * t)) @ self.vectors.T


def interval(estimate: Any, networks: int, level: float) -> list[float]:
    """A bootstrap interval over the networks of a function of their indices."""
    rng = np.random.default_rng(0)
    drawn = [estimate(rng.integers(0, networks, networks)) for _ in range(RESAMPLES)]
    return [float(x) for x in np.quantile(drawn, (level / 2, 1 - level / 2))]


def measured(modes: Modes, runs: np.ndarray) -> dict[str, Any]:
    """Rates of modes and of groups, of runs (networks, 1 + times, rows)."""
    start, networks = runs[:, 0], len(runs)
    rates = []
    for k in range(modes.seen):
        before, after = start @ modes.vectors[:, k], runs[:, 2 + k] @ modes.vectors[:, k]

        def rate(at: np.ndarray, before: np.ndarray = before, after: np.ndarray = after) -> float:
            slope = (before[at] @ after[at]) / (before[at] @ before[at])
            return -float(np.log(max(slope, 1e-12)))

        rates.append(
            {
                "eigenvalue": float(modes.values[k]),
                "rate": rate(np.arange(networks)),
                "interval": interval(rate, networks, LEVEL / modes.seen),
            }
        )
    tau = float(modes.times[0])
    problem, everywhere = modes.exhibit.problem, np.arange(start.shape[1])
    slow, fast = (
        np.concatenate([everywhere[modes.rows[g.name]] for g in groups])
        for groups in (problem.conditions, problem.equations)
    )

    def disparity(after: np.ndarray, at: np.ndarray) -> float:
        rate = [
            np.log((start[at][:, g] ** 2).sum() / (after[at][:, g] ** 2).sum()) / (2 * tau)
            for g in (slow, fast)
        ]
        return float(rate[1] / rate[0])

    everyone = np.arange(networks)
    expected = modes.limit(start, tau)
    return {
        "modes": rates,
        "disparity": disparity(runs[:, 1], everyone),
        "disparity_interval": interval(lambda at: disparity(runs[:, 1], at), networks, LEVEL),
        "disparity_limit": disparity(expected, everyone),
        "disparity_share": interval(
            lambda at: disparity(runs[:, 1], at) / disparity(expected, at), networks, LEVEL
        ),
    }


def main() -> int:
    """Run, print, write; 1 where it fails."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="widths 64 to 1024 only")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    asked = parser.parse_args()
    widths = (64, 256, 1024) if asked.quick else WIDTHS
    results, failed = {}, False
    for name in PROBLEMS:
        modes, begun = Modes.of(name), time.monotonic()
        found: dict[str, Any] = {}
        distances = []
        for width in widths:
            runs = np.array([modes.flow(width, seed) for seed in range(asked.networks)])
            found[str(width)] = measured(modes, runs)
            gap = np.linalg.norm(runs[:, 2] - modes.limit(runs[:, 0], 1 / modes.values[0]), axis=1)
            distances.append(np.log(gap / np.linalg.norm(runs[:, 0], axis=1)))
            print(f"{name}, width {width}: {time.monotonic() - begun:.0f} s", flush=True)
            for mode in found[str(width)]["modes"]:
                low, high = mode["interval"]
                print(f"  λ = {mode['eigenvalue']:.3g}: rate {mode['rate']:.3f} λ in [{low:.3f}, {high:.3f}]")
            row = found[str(width)]
            print(
                "  rates of equation over conditions {:.3g} in [{:.3g}, {:.3g}], of K^∞ {:.3g}".format(
                    row["disparity"], *row["disparity_interval"], row["disparity_limit"]
                )
            )
        whole = trend(np.log(widths), np.array(distances), "median", LEVEL, 0).whole
        print(f"  distance from e^(−K^∞ t) R(0) like N^x, x in [{whole.low:.2f}, {whole.high:.2f}]")
        narrow, wide = (found[str(width)]["modes"] for width in (widths[0], widths[-1]))
        missed = sum(
            (new["interval"][0] > 1 + MARGIN or new["interval"][1] < 1 - MARGIN)
            and abs(new["rate"] - 1) >= abs(old["rate"] - 1)
            for old, new in zip(narrow, wide, strict=True)
        )
        failed |= not whole.low <= -0.5 <= whole.high or missed > 0
        results[name] = {"widths": found, "exponent": [whole.low, whole.value, whole.high], "missed": missed}
    write(asked.output, {"networks": asked.networks, "problems": results})
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
