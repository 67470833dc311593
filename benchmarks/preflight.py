"""Do the quantiles of a preflight hold? A thousand further networks of ten problems, counted.

    python benchmarks/preflight.py [--networks 1000] [NAME ...]

A preflight tells the 5 %, 50 % and 95 % quantiles of every group's rms residual at the start, from
m = 20k + 1 draws. The number of n further networks below one is beta-binomial (module
``ntk_theory.advice.preflight``): exact, for every continuous distribution. A count outside the central
1 − ALARM of that law is a failure; with all problems together a false alarm has a probability below the
number of counts times ALARM, which is printed.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PROBLEMS = (
    "heat", "wave", "poisson", "kdv", "sine-gordon",
    "biharmonic", "navier-stokes-2d", "nonlinear-schroedinger", "black-scholes", "monge-ampere",
)  # fmt: skip
ALARM = 1e-6
DRAWS = 401
#: Further networks: of seeds that no preflight draws but by an accident of 2^-32 each.
FIRST = 10**9


def main() -> None:
    """Read the arguments, set the threads before NumPy is imported, run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*")
    parser.add_argument("--networks", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=RESULTS / "preflight.json")
    arguments = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = "1"
    from environment import write  # noqa: PLC0415 - after the threads are set

    found = {}
    for name in arguments.names or PROBLEMS:
        start = time.process_time()
        found[name] = counted(name, arguments.networks)
        least = min(row["p"] for row in found[name])
        cpu = time.process_time() - start
        print(f"{name:24s} {len(found[name])} counts, least probability {least:.1e}, {cpu:.0f} s", flush=True)
        write(arguments.out, found)
    rows = [row for rows in found.values() for row in rows]
    bad = sum(row["p"] < ALARM for row in rows)
    print(
        f"{len(found)} problems, {len(rows)} counts of {arguments.networks} networks, {bad} outside; "
        f"false alarms below {len(rows) * ALARM:.1e}"
    )
    raise SystemExit(1 if bad else 0)


def counted(name: str, networks: int, draws: int = DRAWS) -> list[dict[str, Any]]:
    """Group, quantile, how many of the further networks are below it, the two-sided probability of that."""
    from scipy.stats import betabinom  # noqa: PLC0415 - NumPy is imported after the threads are set

    import ntk_theory as nt  # noqa: PLC0415
    from ntk_theory.advice.preflight import few_points, preflight, sizes  # noqa: PLC0415
    from ntk_theory.training.defaults import default_network  # noqa: PLC0415
    from ntk_theory.training.objective import Objective  # noqa: PLC0415

    problem = nt.zoo(name)
    network = default_network(problem)
    told = preflight(problem, network, 0, draws)
    if told is None:
        raise SystemExit(f"{name}: residuals are undefined at the start of a network")
    at = few_points(problem, network, 0)
    objective = Objective.of(problem, network, network.init(0), at, "mean")
    further = sizes(objective, network, range(FIRST, FIRST + networks))
    k, rows = (draws - 1) // 20, []
    for group, quantiles in told.residuals.items():
        for share, value, low in (
            (0.05, quantiles.low, k + 1),
            (0.5, quantiles.median, 10 * k + 1),
            (0.95, quantiles.high, 19 * k + 1),
        ):
            below = int((further[group] < value).sum())
            law = betabinom(networks, low, draws + 1 - low)
            p = min(1.0, 2 * float(min(law.cdf(below), law.sf(below - 1))))
            rows.append({"group": group, "quantile": share, "value": value, "below": below, "p": p})
    return rows


if __name__ == "__main__":
    main()
