"""Where the kernel theory describes the training of finite networks on the benchmark problems, and where not.

    python benchmarks/finite_width.py [--cpu 8] [NAME ...]

For every problem: what ``classify`` says of its kernels at s = 1/2, and what a run with the defaults of
``train`` did: how far it left the linear theory of its start, how far kernel and parameters moved
(``training.laziness``), effective rank and resolved eigenvalues of the weighted kernel before and after, and
the error that it reached; the same network under Adam for as long. Writes ``results/finite_width.json``;
problems that are there are kept unless ``--again`` is given.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

OUT = Path(__file__).parent / "results" / "finite_width.json"
METHODS = ("gauss-newton", "adam")
#: What is printed of a run.
SHOWN = ("linearisation_error", "kernel_drift", "error")
#: Eigenvalues below this share of the largest are not resolved.
ROUNDING = 1e-14


def measure(name: str, cpu: float) -> dict[str, Any]:
    """One problem."""
    import numpy as np  # noqa: PLC0415 - after the threads are set

    import ntk_theory as nt  # noqa: PLC0415
    from ntk_theory.errors import NTKTheoryError  # noqa: PLC0415
    from ntk_theory.training import laziness, train  # noqa: PLC0415

    problem = nt.zoo(name)
    answer = nt.classify(name).to_dict()
    kernels = {block: piece["at"]["limit"] for block, piece in answer["sharp"].items()}
    linear = all(leg.is_linear for group in problem.equations for leg in group.legs)
    found: dict[str, Any] = {"title": problem.title, "linear": linear, "kernels": kernels}
    for method in METHODS:
        start = time.process_time()
        try:
            run = train(problem, method=method, until={"cpu": cpu}, drift=False, evidence=False)
        except NTKTheoryError as error:
            found[method] = {"fault": str(error)}
            continue
        lazy = laziness(problem, run)
        found[method] = {
            "linearisation_error": lazy.linearisation_error,
            "kernel_drift": lazy.kernel_drift,
            "parameter_change": lazy.parameter_change,
            "resolved": [
                int(np.sum(one.eigenvalues > ROUNDING * one.largest)) for one in (lazy.before, lazy.after)
            ],
            "size": lazy.before.size,
            "rank": [lazy.before.effective_rank, lazy.after.effective_rank],
            "error": run.error,
            "steps": len(run.times) - 1,
            "cpu": time.process_time() - start,
        }
    return found


def main() -> None:
    """Read the arguments, set the threads before NumPy is imported, run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*")
    parser.add_argument("--cpu", type=float, default=8.0)
    parser.add_argument("--again", action="store_true")
    arguments = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = "1"
    from environment import write  # noqa: PLC0415

    import ntk_theory as nt  # noqa: PLC0415

    found = {}
    if OUT.exists() and not arguments.again:
        found = json.loads(OUT.read_text(encoding="utf-8"))["results"]
    for name in arguments.names or nt.zoo_names(benchmark=True):
        if name not in found:
            found[name] = measure(name, arguments.cpu)
            write(OUT, found)
            ran = {m: found[name][m] for m in METHODS if "fault" not in found[name][m]}
            parts = [f"{m}: " + ", ".join(f"{k} {run[k]:.1e}" for k in SHOWN) for m, run in ran.items()]
            print(name, *parts, sep="\n  ", flush=True)


if __name__ == "__main__":
    main()
