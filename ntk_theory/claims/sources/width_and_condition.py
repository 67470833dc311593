"""Does width buy accuracy, and does the condition number of the kernel grow with it?"""

from __future__ import annotations

import numpy as np

from ntk_theory.claims.common import REFUTED, SUPPORTED, of_kind, open_finding
from ntk_theory.claims.exhibit import Exhibit
from ntk_theory.claims.nonlinear import known_coefficients
from ntk_theory.claims.source import EXHIBIT, Measures, Reading, Source, SourceClaim
from ntk_theory.empirical.ntk import ntk
from ntk_theory.errors import InputError
from ntk_theory.model.points import draw_points
from ntk_theory.studies.judging.own_claims import Finding
from ntk_theory.studies.judging.trends import trend
from ntk_theory.studies.kinds import WIDTH

FEW, WIDTHS = 3, (64, 256, 1024, 4096)
#: Exponents of N from which κ grows, and within which it stays; 1 − coverage of the interval.
GROWS, STAYS, LEVEL = 0.05, 0.05, 0.01
#: A larger κ is that of rounding.
RESOLVED = 1e13


def _measure(exhibit: Exhibit) -> Measures:
    points = draw_points(exhibit.problem, FEW, exhibit.seed)
    logs: list[list[float]] = []
    for width in WIDTHS:
        network = exhibit.network(width)
        kernels = [
            ntk(exhibit.problem, network, network.init(1000 * exhibit.seed + k), points).matrix
            for k in range(2 * exhibit.networks)
        ]
        logs.append([float(np.log(np.linalg.cond(kernel))) for kernel in kernels])
    if not np.median(logs) < np.log(RESOLVED):
        raise InputError(f"κ(K) is above {RESOLVED:g}, which floats do not resolve")
    whole = trend(np.log(WIDTHS), np.array(logs), "median", LEVEL, exhibit.seed).whole
    return {"low": whole.low, "high": whole.high, "median": float(np.exp(np.median(logs[-1])))}


def judge_growth(numbers: Measures) -> Finding:
    """By the interval of the exponent of κ."""
    low, high = numbers["low"], numbers["high"]
    text = f"κ goes like N^x with x in [{low:.3f}, {high:.3f}], {numbers['median']:.2g} at width {WIDTHS[-1]}"
    if low > GROWS:
        return Finding(SUPPORTED, text)
    return Finding(REFUTED, text) if high < STAYS else open_finding(text)


SOURCE = Source(
    "chaudhry-2026",
    "Chaudhry, on the width and the error of one-layer PINNs, 2026; the condition number as often said "
    "besides",
    "https://arxiv.org/abs/2603.12556",
    (
        of_kind(
            WIDTH, "width-error", Reading.ABSTRACT, "one hidden layer, trained to an end that is stated",
            "an exponent of the error in N that is not below 0",
        ),
        of_kind(
            WIDTH, "width-optimiser", Reading.OURS, "as above, where the error does not fall",
            "the error of longer Gauss-Newton runs at more points falls with N",
        ),
        SourceClaim(
            "condition-grows", "the condition number of the kernel grows with the width",
            Reading.OURS, "few points, s = 1/2, widths 64 to 4096, of every network its own κ",
            "κ(K) of networks rises with N", "an exponent of κ below 0.05", EXHIBIT,
            applies=known_coefficients, measure=_measure, judge=judge_growth,
        ),
    ),
    ("poisson", "kdv"),
)  # fmt: skip
