"""Every source of the literature in its own setting: what came out, for the page of claims.

    python benchmarks/hear_claims.py [--folder DIR] [--output results/claims.json]

That is ``ntk-theory claims --all --quick`` with seed 0; it takes about ten minutes of processor, and goes
on from the stores of ``--folder``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from environment import write

import ntk_theory as nt

OUTPUT = Path(__file__).parent / "results" / "claims.json"


def main() -> None:
    """Hear, and write one row per claim and problem."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    if arguments.folder is not None:
        arguments.folder.mkdir(parents=True, exist_ok=True)
    heard = nt.claims.hear(
        list(nt.claims.known().values()), quick=True, seed=0, folder=arguments.folder, progress=False
    )
    rows = [
        {key: row[key] for key in ("source", "claim", "problem", "outcome", "because")}
        for row in heard.to_dict()["heard"]
    ]
    write(arguments.output, {"rows": rows})
    print(heard)


if __name__ == "__main__":
    main()
