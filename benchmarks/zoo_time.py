"""The time to read and classify the whole zoo, in fresh processes.

    python benchmarks/zoo_time.py [--repeats 3] [--json results/zoo_time.json]

One process per output bias and repeat, imports included in ``seconds``; ``slowest`` lists the slowest
problems of the best run with the default bias. The bound is 10 s for each bias. Exit code 1 where it is
missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from environment import write

BOUND = 10.0
BIASES = ("zero", "normal", "none")
CHILD = """
import json, sys, time
import ntk_theory as nt

each = {}
for name in nt.zoo_names():
    begin = time.perf_counter()
    nt.classify(nt.zoo(name), output_bias=sys.argv[1]).to_dict()
    each[name] = time.perf_counter() - begin
print(json.dumps(each))
"""


def classify_all(bias: str) -> tuple[float, dict[str, float]]:
    """Seconds of a fresh process that classifies everything, and of each problem in it."""
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", CHILD, bias], check=True, capture_output=True, encoding="utf-8"
    )
    return time.perf_counter() - begin, json.loads(done.stdout)


def measure(repeats: int) -> dict[str, Any]:
    """The best time of every bias, the slowest problems, and whether the bound holds."""
    runs = {
        bias: min((classify_all(bias) for _ in range(repeats)), key=lambda run: run[0]) for bias in BIASES
    }
    _, each = runs["zero"]
    slowest = sorted(each, key=lambda name: each[name], reverse=True)[:5]
    return {
        "problems": len(each),
        "seconds": {bias: run[0] for bias, run in runs.items()},
        "slowest": {name: each[name] for name in slowest},
        "bound": BOUND,
        "holds": max(run[0] for run in runs.values()) <= BOUND,
    }


def main() -> int:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write results and environment there")
    arguments = parser.parse_args()
    results = measure(arguments.repeats)
    print(json.dumps(results, indent=1))
    if arguments.json:
        write(arguments.json, results)
    return 0 if results["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
