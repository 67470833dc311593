"""How often the tests of THEORY §6 reject, over many blocks of 500 networks of width 4096.

    python benchmarks/limit_law_study.py --blocks 20 --json results/limit_law.json

Every block has its own seeds. True laws must be rejected in about the fraction ``level`` of the single
tests, wrong laws always. The statistics are those of the tests (tests/limit_evidence.py).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from environment import write
from limit_evidence import PROBLEMS, S_OFFSET, Evidence

EXPONENTS = (0.5, 0.75)
LEVEL = 0.01


def p_values(case: Evidence, seed: int) -> dict[str, float]:
    """All p-values of one block: true parts, and the three wrong laws."""
    out = {"b": case.field_p_value(case.law, seed), "c": case.tangent_p_value(case.law)}
    for s in EXPONENTS:
        out[f"d {s}"] = case.kernel_p_value(case.law, s, seed=seed)
        out[f"wrong exponent {s}"] = case.kernel_p_value(case.law, s, claimed=s + S_OFFSET, seed=seed)
        for kind in ("wrong_operator", "wrong_activation"):
            law = getattr(case, kind)
            out[f"{kind.replace('_', ' ')} {s}"] = case.kernel_p_value(law, s, data=case.law, seed=seed)
    return out


def main(blocks: int, output: Path | None) -> None:
    """Rejection rates per problem and test; the file is written anew after every problem."""
    rows: list[dict[str, Any]] = []
    for name in PROBLEMS:
        found = [p_values(Evidence(name, start=1000 * (k + 1)), seed=100 + k) for k in range(blocks)]
        for test in found[0]:
            values = np.array([row[test] for row in found])
            rate = float(np.mean(values <= LEVEL))
            rows.append({"problem": name, "test": test, "rejected": rate, "p": sorted(values.tolist())})
            print(f"{name:12} {test:24} rejected {rate:5.2f}   median p {np.median(values):.3f}")
        if output is not None:
            write(output, {"blocks": blocks, "level": LEVEL, "rows": rows})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--blocks", type=int, default=20)
    parser.add_argument("--json", type=Path, help="write results and environment there")
    given = parser.parse_args()
    main(given.blocks, given.json)
