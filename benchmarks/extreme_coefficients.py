"""Does `verify` refute true claims on operators whose coefficients are far apart?

    python benchmarks/extreme_coefficients.py [--k 1e-30 … 1e30] [--seeds 0 1 2] [--networks 16] [--others 30]
        [--output-bias zero] [--json results/extreme_coefficients.json]

`u_t + k*u_x^2` and `k*u_xxx + u*u_x` for every k, and operators with scales apart, each as a small study for
every root seed. A refutation is wrong where the claim is true: the limits and exponents of the ε-calculus
(which the oracle of the rules checks on its own), the parts of the finite-ε law, the paper's theorem; and the
paper's converse where the calculus has K random or diverging at that s. Exit code 1 if one is wrong. A test
at family-wise level p refutes a true law in a share p of the studies; what is found is listed either way.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from environment import write

from ntk_theory.studies.initialisation.verify import StudyResult, verify
from ntk_theory.studies.judging.verdict import Outcome, Verdict
from ntk_theory.theory import Classification, Limit

NAMED = ("u_t + K*u_x^2", "K*u_xxx + u*u_x")
POWERS = (-30, -25, -20, -15, -10, -8, -5, -3, -1, 0, 1, 3, 5, 8, 10, 15, 20, 25, 30)
#: Scales apart: in the linear part, in the nonlinear part, in both, inside functions, in systems.
OTHERS = (
    "u_t - 1e-20*u_xx + u*u_x", "u_t - 1e12*u_xx + u^3", "u_tt - u_xx + 1e-15*sin(u)",
    "u_tt - 1e16*u_xx + sin(u)", "u_t + 1e-18*u*u_x + 1e18*u_xxx", "u_t + u_xx + 1e-25*u_xxxx + u*u_x",
    "1e10*u_x^2 + 1e-10*u_t^2 + u_xx", "u_x*u_t + 1e22*u_xx", "u_x*u_t + 1e-22*u_xx", "1e30*u_x^3 + u_t",
    "1e-30*u_x^3 + u_t", "u_t - u_xx + 1e-12*exp(u)", "u_t - u_xx + sin(1e-9*u)", "u_t - u_xx + tanh(1e9*u)",
    "u_t + log(1 + 1e-16*u_x^2)", "u_t + log(1 + 1e16*u_x^2)", "sqrt(1e20 + u_x^2) + u_t",
    "sqrt(1e-20 + u_x^2) + u_t", "u_t + 1e14*abs(u_x) + u_xx", "u_t + 1e-14*u*abs(u)",
    "u_t/(1 + 1e-10*u^2) + u_x",
    "u_t + u_x/(1 + 1e24*u_x^2)", "u*u_x + 1e-28*u_t*u_x + 1e5*u_xx", "1e-7*u_t^2*u_x + 1e7*u_xx*u_x + u_t",
    "u_t - u_xx + v^2*1e15; v_t - v_xx + 1e-15*u^2", "u_t - 1e20*v_x; v_t - u*u_x",
    "1e-12*u*v + u_t; 1e12*v_t - u_x",
    "u_t + 1e8*atan(u_x)", "u_t - 1e-8*cos(1e8*u) + u_x", "1e25*u_t + 1e-25*u_x^4 + u_xx",
)  # fmt: skip
SIZE: dict[str, Any] = {"widths": (32, 64, 128, 256), "points": 4}
LAW = ("law", "law-identity", "law-field", "law-jet-ntk")
CONVERGES = (Limit.ZERO, Limit.DETERMINISTIC)


def is_true(verdict: Verdict, classification: Classification) -> bool:
    """Does the claim hold that this verdict refutes? (By the ε-calculus, at the s that refutes it.)"""
    if not verdict.claim.startswith(("paper", "converse")):
        return True
    assert verdict.s is not None
    converges = classification.regime(verdict.block, verdict.s).limit in CONVERGES
    return converges if verdict.claim.startswith("paper") else not converges


def studied(text: str, seed: int, networks: int, bias: str) -> StudyResult:
    """One small study."""
    with TemporaryDirectory() as folder:
        return verify(
            text, **SIZE, seeds=networks, seed=seed, output_bias=bias, store=Path(folder) / "study.sqlite",
            workers=1, progress=False,
        )  # fmt: skip


def examined(text: str, seed: int, networks: int, bias: str) -> tuple[Counter[str], list[dict[str, Any]]]:
    """Outcomes, and the true claims that were refuted."""
    result = studied(text, seed, networks, bias)
    wrong = []
    counts = Counter(str(verdict.outcome) for verdict in result)
    for key, verdicts in result.verdicts.items():
        refuted = [v for v in verdicts if v.outcome is Outcome.REFUTED]
        true = [v for v in refuted if is_true(v, result.evidence[key].classification)]
        wrong += [{"operator": text, "seed": seed, **v.to_dict()} for v in true]
    counts["refuted though true"] += len(wrong)
    counts["not computed"] += len(result.data.failures())
    return counts, wrong


def main() -> int:
    """Run, print a line per operator, and write JSON where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--k", nargs="*", default=[f"1e{p}" for p in POWERS])
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--networks", type=int, default=16)
    parser.add_argument("--others", type=int, default=len(OTHERS), help="how many of the other operators")
    parser.add_argument("--output-bias", default="zero")
    parser.add_argument("--json", type=Path, help="write results and environment there")
    arguments = parser.parse_args()
    texts = [text.replace("K", k) for k in arguments.k for text in NAMED] + list(OTHERS[: arguments.others])
    begin, total, wrong = time.perf_counter(), Counter[str](), []
    for text in texts:
        start = time.perf_counter()
        for seed in arguments.seeds:
            counts, found = examined(text, seed, arguments.networks, arguments.output_bias)
            total += counts
            wrong += found
            for v in found:
                where = f"{v['claim']} {v['block']} s = {v['s']}, seed {seed}"
                print(f"  {where}: {v['predicted']}: {v['reason']}")
        print(f"{text:55} {time.perf_counter() - start:5.1f} s", flush=True)
    results = {
        "operators": len(texts), "seeds": arguments.seeds, "networks": arguments.networks, **SIZE,
        "output_bias": arguments.output_bias, "outcomes": dict(total), "wrong": wrong,
        "seconds": round(time.perf_counter() - begin, 1),
    }  # fmt: skip
    print(json.dumps({name: value for name, value in results.items() if name != "wrong"}, indent=1))
    if arguments.json:
        write(arguments.json, results)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
