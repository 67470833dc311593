"""Every source of the literature in its own setting: what came out, for the page of claims.

    python benchmarks/hear_claims.py [--folder DIR] [--two] [--output results/claims.json]

That is ``ntk-theory claims --all --quick`` with seed 0; it takes about ten minutes of processor, and goes
on from the stores of ``--folder``. ``--two`` hears them also on the paper's two problems, as
``ntk-theory claims --all --on kdv --on sine-gordon --quick --beyond`` does, about five minutes more; without
it the file keeps what it has of those.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from environment import write

import ntk_theory as nt

TWO = ("kdv", "sine-gordon")
OUTPUT = Path(__file__).parent / "results" / "claims.json"


def main() -> None:
    """Hear, and write one row per claim and problem."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--two", action="store_true")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    heard = hearing(arguments.folder, "own")
    found = {"rows": rows(heard)}
    print(heard)
    if arguments.two:
        start = time.process_time()
        two = hearing(arguments.folder, "two", TWO)
        found["two"] = {
            "rows": rows(two),
            "decided": two.decided(),
            "decided_beyond": two.decided_beyond(),
            "processor_seconds": round(time.process_time() - start),
        }
        print(two)
    elif arguments.output.exists():
        kept = json.loads(arguments.output.read_text(encoding="utf-8"))["results"]
        found |= {"two": kept["two"]} if "two" in kept else {}
    write(arguments.output, found)


def hearing(folder: Path | None, name: str, problems: tuple[str, ...] = ()) -> nt.claims.Hearing:
    """All sources in their own settings, or on some problems and then beyond their hypotheses, too."""
    store = None if folder is None else folder / name
    if store is not None:
        store.mkdir(parents=True, exist_ok=True)
    return nt.claims.hear(
        list(nt.claims.known().values()), list(problems) or None, quick=True, beyond=bool(problems), seed=0,
        folder=store, workers=1, progress=False,
    )  # fmt: skip


def rows(heard: nt.claims.Hearing) -> list[dict[str, Any]]:
    """What the page shows of every row."""
    keys = ("source", "claim", "problem", "outcome", "because")
    return [
        {key: row[key] for key in keys} | ({} if row["beyond"] is None else {"beyond": row["beyond"]["says"]})
        for row in heard.to_dict()["heard"]
    ]


if __name__ == "__main__":
    main()
