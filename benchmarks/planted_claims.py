"""Is every claim of the registry refuted where it is false, and left alone where it is true?

    python benchmarks/planted_claims.py [--first 1] [--seeds 20] [--minutes 60] [--folder DIR]
        [--only CODE ...] [--nonlinear] [--output results/planted_claims.json]

For 20 root seeds, every claim in a true variant and in a planted false one (``planted_variants.py``), on the
networks of one small study per kind that all claims share: about two minutes of processor per seed. The
false one shall be refuted in at least 90 % of the seeds; the true one in no larger share than the level that
its criterion states (5 % where an exhibited claim has none). ``--nonlinear`` does so for the exhibited claims
that speak of nonlinear problems, on those (``planted_nonlinear.py``). Outcomes and stores lie in
``--folder``, from which a run that was stopped goes on. Exit code 1 where a claim fails.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from environment import write
from planted_nonlinear import NONLINEAR
from planted_variants import CLAIMS, VARIANTS, Variant, World

from ntk_theory.claims.source import EXHIBIT
from ntk_theory.studies.judging.kind import kind
from ntk_theory.studies.judging.verdict import Outcome

OUTPUT = Path(__file__).parent / "results" / "planted_claims.json"
OUTPUT_NONLINEAR = OUTPUT.with_name("planted_claims_nonlinear.json")
LEAST_REFUTED, EXHIBIT_LEVEL = 0.9, 0.05
SIDES = ("true", "false")


def whole(outcomes: Iterable[Outcome]) -> str:
    """Refuted if any verdict is, else supported if any, else undecided, as a hearing has it."""
    present = set(outcomes)
    order = (Outcome.REFUTED, Outcome.SUPPORTED, Outcome.UNDECIDED)
    return str(next((o for o in order if o in present), Outcome.NOT_APPLICABLE))


def heard(
    code: str, world: World, variants: Mapping[str, tuple[Variant, Variant, str]] = VARIANTS
) -> dict[str, str]:
    """Both variants of a claim in one world."""
    return {side: whole(variants[code][k](world)) for k, side in enumerate(SIDES)}


def level(code: str) -> float:
    """How often a true claim may be refuted, as stated."""
    needs = CLAIMS[code].needs
    return EXHIBIT_LEVEL if needs == EXHIBIT else float(kind(needs).criterion().level)


def row(
    code: str,
    outcomes: dict[str, dict[str, str]],
    variants: Mapping[str, tuple[Variant, Variant, str]] = VARIANTS,
) -> dict[str, Any]:
    """Counts over the seeds, and whether both asks are met."""
    counts = {side: Counter(found[side] for found in outcomes.values()) for side in SIDES}
    number, stated = len(outcomes), level(code)
    refuted = {side: counts[side][str(Outcome.REFUTED)] for side in SIDES}
    return {
        "claim": code,
        "seeds": number,
        **{side: dict(sorted(counts[side].items())) for side in SIDES},
        "planted": variants[code][2],
        "stated": stated,
        "met": refuted["false"] >= LEAST_REFUTED * number and refuted["true"] <= stated * number,
    }


def main() -> int:
    """Run what is lacking, print and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20, help="the last root seed")
    parser.add_argument("--first", type=int, default=1, help="the first one")
    parser.add_argument("--minutes", type=float, default=60.0, help="no seed is begun after these")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", nargs="*", choices=sorted(VARIANTS), default=None)
    parser.add_argument("--nonlinear", action="store_true")
    parser.add_argument("--output", type=Path)
    asked = parser.parse_args()
    variants, usual = (NONLINEAR, OUTPUT_NONLINEAR) if asked.nonlinear else (VARIANTS, OUTPUT)
    missing = sorted(set(CLAIMS) - set(VARIANTS))
    if missing:
        parser.error(f"no variants of {', '.join(missing)}; give them in planted_variants.py")
    folder = asked.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / ("outcomes-nonlinear.json" if asked.nonlinear else "outcomes.json")
    known: dict[str, dict[str, dict[str, str]]] = json.loads(kept.read_text()) if kept.exists() else {}
    start = time.monotonic()
    for seed in range(asked.first, asked.seeds + 1):
        if time.monotonic() - start > 60 * asked.minutes:
            break
        world = World(seed, folder)
        for code in asked.only or variants:
            own = known.setdefault(code, {})
            if str(seed) not in own:
                own[str(seed)] = heard(code, world, variants)
                kept.write_text(json.dumps(known, indent=1))
        print(f"seed {seed}: {time.monotonic() - start:.0f} s", flush=True)
    rows = [row(code, known[code], variants) for code in variants if code in known]
    for found in rows:
        sides = "; ".join(f"{side} {found[side]}" for side in SIDES)
        print(f"{'met   ' if found['met'] else 'NOT   '}{found['claim']:26} {found['seeds']:2} {sides}")
    write(asked.output or usual, {"rows": rows, "least_refuted": LEAST_REFUTED})
    return int(not all(found["met"] for found in rows))


if __name__ == "__main__":
    sys.exit(main())
