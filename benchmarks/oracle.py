"""Random operators put to ``classify`` and to an oracle that shares nothing with its rules.

The oracle (tests/rules_oracle) evaluates the exact identity of THEORY §3 at extreme ε in extended precision,
on drawn jets, with T^∞ between faces by quadrature. Compared are the limit class and the exponent of every
block, for three output biases, at s on both sides of 1/2 and at 1/2.

    python benchmarks/oracle.py 0 100              # a hundred random problems from seed 0 on
    python benchmarks/oracle.py 0 20 --kinds       # and twenty of each kind that rules got wrong

Every wrong answer is printed as a line that names its seed. The exit status is 1 if there is one, or if more
than 3 % of the random problems' answers are undecided.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

# The oracle lives with the tests.
sys.path[:0] = [str(Path(__file__).parents[1] / "tests"), str(Path(__file__).parents[1])]

from rules_oracle.compare import AGREES, UNDECIDED, WRONG, compare  # noqa: E402
from rules_oracle.growth import UnreadableError  # noqa: E402
from rules_oracle.kinds import KINDS, members  # noqa: E402
from rules_oracle.problems import OracleProblem  # noqa: E402
from rules_oracle.random_problems import random_problem  # noqa: E402
from rules_oracle.refusals import FLUXES, KINKS, is_too_rough, jumps, refuses  # noqa: E402

#: The share of undecided answers that is borne.
BORNE = 0.03


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("seed", type=int, help="seed of the first problem")
    parser.add_argument("count", type=int, help="number of random problems, and of members of each kind")
    parser.add_argument("--kinds", action="store_true", help="also COUNT members of every kind")
    parser.add_argument(
        "--kind", type=int, action="append", help="only members of this kind, no random problems"
    )
    return parser.parse_args(given)


def judge(label: str, problems: Iterator[tuple[int, OracleProblem]]) -> Counter[str]:
    """Print the wrong answers about some problems and one line of counts, and return those."""
    start, counts = time.process_time(), Counter[str]()
    for seed, problem in problems:
        counts["problems"] += 1
        try:
            found = list(compare(problem, seed))
        except UnreadableError as cause:
            counts["unread"] += 1
            print(f"{label} {seed}: the oracle cannot read {problem}: {cause}", flush=True)
            continue
        counts.update(comparison.verdict for comparison in found)
        for comparison in found:
            if comparison.verdict == WRONG:
                print(f"{label} {seed}: {comparison}", flush=True)
    said = ", ".join(f"{counts[k]} {k}" for k in (AGREES, WRONG, UNDECIDED, "unread"))
    print(
        f"{label}: {counts['problems']} problems, {said}; {time.process_time() - start:.0f} CPU seconds",
        flush=True,
    )
    return counts


def refusals() -> Counter[str]:
    """Activations (kind 9) and distributions (kind 10): refused exactly where they must be."""
    counts = Counter[str]()
    cases = [
        *((9, str(k), is_too_rough(k), refuses(k.operator, activation=f"relu^{k.power}")) for k in KINKS),
        *((10, f.text, jumps(f), refuses(f"diff({f.text}, y)")) for f in FLUXES),
    ]
    for kind, what, must, does in cases:
        verdict = AGREES if must == does else WRONG
        counts[f"{kind} {verdict}"] += 1
        if verdict == WRONG:
            print(f"kind {kind}: {what} is {'refused' if does else 'answered'}")
    for kind in (9, 10):
        print(f"kind {kind}: {counts[f'{kind} {AGREES}']} agrees, {counts[f'{kind} {WRONG}']} wrong")
    return Counter({WRONG: counts[f"9 {WRONG}"] + counts[f"10 {WRONG}"]})


def main(given: Sequence[str] | None = None) -> int:
    """Run what was asked for; 0 if nothing is wrong and little undecided."""
    asked = arguments(given)
    total, undecided = Counter[str](), 0.0
    if not asked.kind:
        seeds = range(asked.seed, asked.seed + asked.count)
        total = judge("random", ((seed, random_problem(seed)) for seed in seeds))
        undecided = total[UNDECIDED] / max(1, total[AGREES] + total[WRONG] + total[UNDECIDED])
        print(f"undecided: {undecided:.2%} of the random problems' answers")
    for kind in asked.kind or (KINDS if asked.kinds else ()):
        total += judge(f"kind {kind}", enumerate(members(kind, asked.count, asked.seed)))
    if asked.kinds:
        total += refusals()
    return int(total[WRONG] > 0 or undecided > BORNE)


if __name__ == "__main__":
    sys.exit(main())
