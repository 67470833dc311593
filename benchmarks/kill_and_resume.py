"""Kill a study with signal 9 at random moments, resume it, and compare with an uninterrupted run.

    python benchmarks/kill_and_resume.py --kills 20 --inside 5 --seed 0

Each of the (default 20) trials starts the study afresh with two workers, kills it, every second time
together with its workers, then resumes it. Half of the moments are uniform over the time that an
uninterrupted run takes, which starting takes up most of; the others come a random fraction of a second
after a random number of cells. Then as many trials as ``--inside`` says kill the study within a
transaction of cells: the process holds it open, its pages written to the file, and says so before it is
killed; that the cells it saw were not there for others, and a journal was left, is counted.
Prints one line per trial; exits with 1 if any store differs in a row or a bit, or a kill
that should have been inside was not.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import study_cases

from ntk_theory.studies.engine import run as runner
from ntk_theory.studies.engine.run import run
from ntk_theory.studies.engine.store import Store


def fingerprint(path: Path) -> str:
    """Of a complete store."""
    with Store.open(path) as store:
        if store.missing():
            raise SystemExit(f"{path} is not complete after resuming")
        return store.fingerprint()


def trial(path: Path, cells: int, seconds: float, *, group: bool) -> dict[str, object]:
    """Start, kill ``seconds`` after so many cells, resume in this process with two workers."""
    process = study_cases.child("long", path, workers=2)
    try:
        study_cases.wait_for(process, path, cells)
        time.sleep(seconds)
        finished = process.poll() is not None
        if not finished:
            study_cases.kill(process, group=group)
    finally:
        study_cases.bury(process)
    journal = Path(f"{path}-journal").exists()
    summary = run(study_cases.long(), path, workers=2, progress=False)
    return {
        "killed_after_cells": cells,
        "and_seconds": round(seconds, 3),
        "with_workers": group,
        "finished_before": finished,
        "cells_kept": summary.present,
        "cut_within_a_write": journal,
        "recomputed": summary.computed,
        "fingerprint": fingerprint(path),
    }


def transactions() -> int:
    """How many transactions of cells a child with one worker makes: one per batch."""
    runner.BATCH_SECONDS, usual = study_cases.BATCH_SECONDS, runner.BATCH_SECONDS
    try:
        return len(runner.make_batches(study_cases.long(), study_cases.long().cells(), {}))
    finally:
        runner.BATCH_SECONDS = usual


def held_trial(path: Path, number: int) -> dict[str, object]:
    """Kill within the transaction of cells of this number; resume."""
    process = study_cases.child("long", path, workers=1, held=number)
    try:
        assert process.stdout is not None
        word, _, seen = process.stdout.readline().strip().partition(" ")
        if word != "inside":
            raise SystemExit(f"the study ended without a transaction of cells number {number}")
        journal, others = Path(f"{path}-journal").stat().st_size, study_cases.stored(path)
        study_cases.kill(process, group=True)
    finally:
        study_cases.bury(process)
    summary = run(study_cases.long(), path, workers=1, progress=False)
    return {
        "killed_in_transaction": number,
        "cells_seen_within": int(seen),
        "seen_by_others": others,
        "cells_kept": summary.present,
        "journal_bytes": journal,
        "inside": journal > 0 and summary.present < int(seen),
        "recomputed": summary.computed,
        "fingerprint": fingerprint(path),
    }


def main(kills: int, inside: int, seed: int) -> int:
    """All trials."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        start = Path(folder) / "uninterrupted.sqlite"
        process = study_cases.child("long", start, workers=2)
        begun = time.monotonic()
        process.wait()
        whole = time.monotonic() - begun
        study_cases.bury(process)
        expected, equal = fingerprint(start), 0
        for k in range(kills):
            for attempt in count():  # until the moment comes before the study's end
                cells, seconds = (
                    (0, rng.uniform(0, whole)) if k < kills // 2 else (rng.randrange(80), rng.uniform(0, 0.3))
                )
                path = Path(folder) / f"{k}-{attempt}.sqlite"
                result = trial(path, cells, seconds, group=bool(k % 2))
                if not result["finished_before"]:
                    break
            result["equal"] = result.pop("fingerprint") == expected
            equal += bool(result["equal"])
            print(json.dumps(result), flush=True)
        within, last = 0, transactions()
        for k in range(inside):
            result = held_trial(Path(folder) / f"held{k}.sqlite", rng.randint(1, last))
            result["equal"] = result.pop("fingerprint") == expected
            equal += bool(result["equal"])
            within += bool(result["inside"])
            print(json.dumps(result), flush=True)
    total = kills + inside
    print(
        f"{equal} of {total} stores equal, row for row and bit for bit, to a run of {whole:.1f} s; "
        f"{within} of {inside} killed within a transaction of cells"
    )
    return int(equal != total or within != inside)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--inside", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    sys.exit(main(given.kills, given.inside, given.seed))
