"""The smallest eigenvalues of limit kernels of smooth activations, beyond double precision.

    python benchmarks/small_eigenvalues.py [--digits 32] [--output results/small_eigenvalues.json]

K^∞ of u, u_x and u_xx at 2 to 6 points k/64, and u at x = 3/10: λ_min by two precisions (``digits`` and 10
more), how far they are apart, and what doubles make of it. Exit code 1 where two precisions differ by more
than 1e-6 or an eigenvalue is not positive. About ten minutes of processor.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
from environment import write

import ntk_theory as nt

OUTPUT = Path(__file__).parent / "results" / "small_eigenvalues.json"
ACTIVATIONS, OPERATORS, COUNTS = ("tanh", "softplus", "sin"), ("u", "u_x", "u_xx"), (2, 4, 6)


def smallest(text: str, activation: str, count: int, digits: int) -> dict[str, Any]:
    """λ_min of one kernel by two precisions, and by doubles."""
    problem = nt.problem(text, variables=("x",))
    network = nt.Network(("x",), ("u",), 64, activation=activation)
    points = np.arange(count)[:, None] / 64
    given = {g.name: points if g is problem.equations[0] else [[0.3]] for g in problem.groups}
    law = nt.limit_law(problem, network, given)
    found = nt.extended_spectrum(law, digits=digits)
    doubles = np.linalg.eigvalsh(law.deterministic(1.0))
    return {
        "operator": text,
        "activation": activation,
        "points": count,
        "largest": float(found.eigenvalues[0]),
        "smallest": mp.nstr(found.smallest, 10),
        "change": found.change,
        "known": found.is_known and found.smallest > 0,
        "doubles": float(doubles[0]),
    }


def main() -> int:
    """Run all; 1 where one is not known."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--digits", type=int, default=32)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    asked = parser.parse_args()
    rows = []
    for activation in ACTIVATIONS:
        for text in OPERATORS:
            for count in COUNTS:
                row = smallest(text, activation, count, asked.digits)
                rows.append(row)
                print(
                    f"{activation:9}{text:5}{count} points: λ_min {row['smallest']:>16}, two precisions "
                    f"differ by {row['change']:.0e}; doubles {row['doubles']:.1e}",
                    flush=True,
                )
    write(asked.output, {"digits": asked.digits, "rows": rows})
    return int(not all(row["known"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
