"""The first answer after a fresh clone: with empty caches against warm ones, in pairs.

    python benchmarks/first_answer.py [--pairs 2] [--json results/first_answer.json]

Cold is a process whose caches (compiled kernels, whatever lies under ``XDG_CACHE_HOME``) are empty folders;
warm is the same command again. Wall and processor time are both told: the latter suffers less from other
work on the machine. Bounds, on the minima of wall time: cold ``verify`` at most 1.5 × warm + 10 s;
``classify kdv`` at most 1.5 × ``import sympy`` + 0.2 s. Exit code 1 where one is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from environment import write

MAIN = [sys.executable, "-m", "ntk_theory"]
VERIFY = [*MAIN, "verify", "kdv", "sine-gordon", "--store"]
SHORT = {"classify kdv": [*MAIN, "classify", "kdv"], "import sympy": [sys.executable, "-c", "import sympy"]}
#: Times that the short commands are repeated for each pair of the long one.
SHORT_RUNS = 5


def measured(command: Sequence[str], environment: Mapping[str, str]) -> dict[str, float]:
    """Wall and processor seconds (user and system, children included) of one process."""
    begin, used = time.perf_counter(), os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **environment})
    now = os.times()
    processor = now.children_user + now.children_system - used.children_user - used.children_system
    return {"wall": time.perf_counter() - begin, "processor": processor}


def caches(folder: Path) -> dict[str, str]:
    """Environment in which nothing was compiled or kept yet."""
    return {"NUMBA_CACHE_DIR": str(folder / "numba"), "XDG_CACHE_HOME": str(folder / "cache")}


def pair(folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Cold and then warm, each with a store of its own."""
    fresh = caches(folder)
    return (
        measured([*VERIFY, str(folder / "cold.sqlite")], fresh),
        measured([*VERIFY, str(folder / "warm.sqlite")], fresh),
    )


def least(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """The minimum of each kind of time."""
    return {kind: min(run[kind] for run in runs) for kind in ("wall", "processor")}


def measure(pairs: int) -> dict[str, Any]:
    """All times, the two ratios, and whether the bounds hold."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in ("verify cold", "verify warm", *SHORT)}
    for _ in range(pairs):
        with tempfile.TemporaryDirectory() as place:
            for name, found in zip(("verify cold", "verify warm"), pair(Path(place)), strict=True):
                runs[name].append(found)
        for _ in range(SHORT_RUNS):
            with tempfile.TemporaryDirectory() as place:
                for name, command in SHORT.items():
                    runs[name].append(measured(command, caches(Path(place))))
    best = {name: least(found) for name, found in runs.items()}
    ratio = {
        "verify": {k: best["verify cold"][k] / best["verify warm"][k] for k in ("wall", "processor")},
        "classify": {k: best["classify kdv"][k] / best["import sympy"][k] for k in ("wall", "processor")},
    }
    holds = {
        "verify": best["verify cold"]["wall"] <= 1.5 * best["verify warm"]["wall"] + 10,
        "classify": best["classify kdv"]["wall"] <= 1.5 * best["import sympy"]["wall"] + 0.2,
    }
    return {"seconds": best, "ratio": ratio, "holds": holds}


def main() -> int:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write results and environment there")
    arguments = parser.parse_args()
    results = measure(arguments.pairs)
    print(json.dumps(results, indent=1))
    if arguments.json:
        write(arguments.json, results)
    return 0 if all(results["holds"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
