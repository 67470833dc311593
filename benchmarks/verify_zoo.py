"""The whole zoo under a quick study: do predicted and observed limits agree?

    python benchmarks/verify_zoo.py [--store zoo.sqlite] [--workers 2] [--json results/verify_zoo.json]
        [--map results/verify_zoo.png]

Every problem of order at most 4 whose regime is decided, at the size of ``ntk-theory verify --quick``. A
limit is one (problem, pair of groups, s). Bounds: at least 95 % of the decided limits agree with the
prediction, at least 80 % are decided, within 10 minutes on two cores (only a run that computes every cell
is timed). Exit code 1 where one is missed. Every disagreement is listed with its evidence.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from environment import write

from ntk_theory.report.figures.limit_map import draw_limit_map, map_rows
from ntk_theory.report.rows import LimitCell, StudyAnswer, agreement, answers
from ntk_theory.studies.initialisation.verify import QUICK, StudyResult, verify
from ntk_theory.studies.judging.verdict import Outcome
from ntk_theory.studies.zoo import decided_zoo

AGREE, DECIDE, SECONDS = 0.95, 0.80, 600.0


def described(answer: StudyAnswer, cell: LimitCell) -> dict[str, Any]:
    """One limit with the evidence on it."""
    evidence = answer.result.evidence[answer.label, answer.setting["activation"]].blocks[cell.block, cell.s]
    return {
        "problem": answer.label,
        "block": cell.block,
        "s": str(cell.s),
        "predicted": cell.predicted,
        "observed": cell.observed,
        "reason": cell.reason,
        "norm_slope": [evidence.norm_slope.low, evidence.norm_slope.high],
        "law_p": evidence.law_p,
        "notes": list(evidence.notes),
    }


def summarise(result: StudyResult, seconds: float, computed: bool) -> dict[str, Any]:
    """The three fractions and every disagreement."""
    every = answers([result])
    count = agreement(every)
    agree, decided = count.agreeing / count.decided, count.decided / count.predicted
    undecided = Counter(answer.label for answer, _ in count.of(Outcome.UNDECIDED))
    return {
        "problems": len(every),
        "cells": len(result.study.cells()),
        "failures": len(result.data.failures()),
        **count.to_dict(),
        "agree_fraction": agree,
        "decided_fraction": decided,
        "disagreements": [described(*pair) for pair in count.of(Outcome.REFUTED)],
        "undecided_by_problem": dict(undecided.most_common()),
        "claims": {
            code: dict(Counter(str(v.outcome) for v in result.select(code)))
            for code in dict.fromkeys(v.claim for v in result)
        },
        "seconds": seconds,
        "computed_all": computed,
        "peak_mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "bounds": {"agree": AGREE, "decided": DECIDE, "seconds": SECONDS},
        "holds": agree >= AGREE and decided >= DECIDE and (seconds <= SECONDS or not computed),
    }


def main() -> int:
    """Run the study, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("problems", nargs="*", help="default: the whole decided zoo")
    parser.add_argument("--store", type=Path, help="keep the numbers there, and resume from them")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--output-bias", default="zero")
    parser.add_argument("--json", type=Path, help="write results and environment there")
    parser.add_argument("--map", type=Path, help="draw the map of predicted and observed limits there")
    arguments = parser.parse_args()
    begin = time.perf_counter()
    with TemporaryDirectory() as folder:
        store = arguments.store or Path(folder) / "zoo.sqlite"
        fresh = not store.exists()
        result = verify(
            arguments.problems or decided_zoo(output_bias=arguments.output_bias),
            **QUICK,
            output_bias=arguments.output_bias,
            store=store,
            workers=arguments.workers,
        )
    results = summarise(result, time.perf_counter() - begin, fresh)
    print(json.dumps(results, indent=1))
    if arguments.json:
        write(arguments.json, results)
    if arguments.map:
        title = f"Predicted and observed limits, {results['problems']} problems"
        draw_limit_map(map_rows(answers([result])), title).savefig(arguments.map)
    return 0 if results["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
