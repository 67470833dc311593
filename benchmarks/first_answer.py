"""The first `ntk-theory verify kdv sine-gordon` after a fresh clone: with empty caches against warm ones.

    python benchmarks/first_answer.py [--pairs 2] [--json results/first_answer.json]

Cold is a process whose caches (compiled kernels, whatever lies under ``XDG_CACHE_HOME``) are empty folders;
warm is the same command again. Wall and processor time are both told: the latter suffers less from other
work on the machine. The bound, on the minima of wall time: cold at most 1.5 × warm + 10 s. Exit code 1
where it is missed. benchmarks/cold_start.py does the same for ``classify``, which compiles nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from cold_start import seconds
from environment import write

VERIFY = [sys.executable, "-m", "ntk_theory", "verify", "kdv", "sine-gordon", "--store"]


def pair(folder: Path) -> dict[str, tuple[float, float]]:
    """Cold and then warm, each with a store of its own: wall and processor seconds."""
    fresh = {"NUMBA_CACHE_DIR": str(folder / "numba"), "XDG_CACHE_HOME": str(folder / "cache")}
    return {name: seconds([*VERIFY, str(folder / f"{name}.sqlite")], fresh) for name in ("cold", "warm")}


def measure(pairs: int) -> dict[str, Any]:
    """The least of all times, their ratio, and whether the bound holds."""
    runs = []
    for _ in range(pairs):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(pair(Path(folder)))
    best = {
        name: {kind: min(run[name][k] for run in runs) for k, kind in enumerate(("wall", "processor"))}
        for name in ("cold", "warm")
    }
    bound = 1.5 * best["warm"]["wall"] + 10
    return {
        "seconds": best,
        "ratio": {kind: best["cold"][kind] / best["warm"][kind] for kind in best["cold"]},
        "bound": bound,
        "holds": best["cold"]["wall"] <= bound,
    }


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
    return 0 if results["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
