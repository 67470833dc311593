"""Flip single bits of a finished store; no changed number, text or verdict may go unnoticed.

    python benchmarks/bit_flips.py 1000 --seed 0

Each flip is of one random bit of the file. What comes of it is one of: the store is refused with a sentence;
cells are reported missing, and computing them again gives the original's rows; or everything that a
reader gets (rows, times, failures, laws, environments, recorded verdicts, verdicts judged anew) equals the
original's. Prints the counts; exits with 1 if anything else happened.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import store_damage
import study_cases

from ntk_theory.studies.initialisation.criterion import Criterion
from ntk_theory.studies.judging.judge import resume


def outcomes(original: bytes, path: Path, flips: int, seed: int) -> Iterator[tuple[int, int, str]]:
    """(byte, bit, what came of it) of each flip."""
    path.write_bytes(original)
    expected, rng = store_damage.everything(path), random.Random(seed)
    for _ in range(flips):
        at, bit = rng.randrange(len(original)), rng.randrange(8)
        path.write_bytes(store_damage.flipped(original, at, bit))
        yield at, bit, store_damage.outcome(path, expected)


def main(flips: int, seed: int) -> int:
    """All flips, of a store with verdicts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.sqlite"
        study = study_cases.small(criterion=Criterion().to_dict())
        store_damage.finish(study, path)
        resume(path, workers=1, progress=False)
        counts: Counter[str] = Counter()
        for at, bit, what in outcomes(path.read_bytes(), Path(folder) / "flipped.sqlite", flips, seed):
            counts[what] += 1
            if what not in store_damage.FINE:
                print(f"byte {at}, bit {bit}: {what}", flush=True)
    print(json.dumps({"flips": flips, "seed": seed, **counts}))
    return int(any(what not in store_damage.FINE for what in counts))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("flips", type=int, nargs="?", default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    sys.exit(main(given.flips, given.seed))
