"""The claims on second derivatives that a study puts to the test, one table line each (THEORY §10)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TypeAlias

from ntk_theory.studies.hessian.evidence import HessianEvidence, HessianRow
from ntk_theory.studies.judging.claim import Claim
from ntk_theory.studies.judging.verdict import (
    LARGER_WIDTHS,
    MORE_SEEDS,
    NO_REMEDY,
    SEEDS_OR_WIDTHS,
    Need,
    Outcome,
    Reason,
    Remedy,
    Verdict,
)

HALF = Fraction(1, 2)
HessianClaim: TypeAlias = Claim[HessianEvidence]


def _words(row: HessianRow) -> str:
    whole = row.trend.whole
    if not math.isfinite(whole.half_width):
        return f"{row.networks} networks have a norm at every width"
    return f"‖∇²R‖ goes like N^x with x in [{whole.low:.2f}, {whole.high:.2f}]"


def _exponent(claim: HessianClaim, e: HessianEvidence) -> Iterator[Verdict]:
    c = e.criterion
    for (group, s), row in e.rows.items():
        block = f"{group},{group}"
        if (group, s) not in e.predicted:
            why = e.regime(group, s).remark or "no exponent is predicted"
            yield claim.verdict(Outcome.NOT_APPLICABLE, Reason(why, "unruled"), block, s)
            continue
        value, reason = e.predicted[group, s], Reason(_words(row), "slope")
        predicted, seen = f"{value:g}", f"{row.trend.whole.value:.2f}"
        if not math.isfinite(row.trend.whole.half_width):
            outcome, reason, seen = Outcome.UNDECIDED, replace(reason, remedy=MORE_SEEDS), ""
        elif row.trend.whole.within(value, c.rate_margin):
            outcome = Outcome.SUPPORTED
        elif not e.linear[group] and not row.gaps.max() <= c.first_share:
            text = f"{reason.text}, but the second part is up to {row.gaps.max():.2g} of it"
            outcome, reason = Outcome.UNDECIDED, Reason(text, "second-part", LARGER_WIDTHS)
        elif e.rejected[f"{group}|{s}"] and row.trend.excludes(value, c.rate_exclusion):
            outcome = Outcome.REFUTED
        else:
            outcome, reason = Outcome.UNDECIDED, replace(reason, remedy=SEEDS_OR_WIDTHS)
        yield claim.verdict(outcome, reason, block, s, predicted, seen)


def _at_half(e: HessianEvidence) -> Iterator[tuple[str, HessianRow]]:
    for (group, s), row in e.rows.items():
        if s == HALF:
            yield group, row


def _asks_half(claim: HessianClaim) -> Verdict:
    why = Reason("the study has no s = 1/2", "no-half", Remedy((Need.S,), "add s = 1/2"))
    return claim.verdict(Outcome.UNDECIDED, why)


def _nonlinear(claim: HessianClaim, e: HessianEvidence) -> Iterator[Verdict]:
    found = list(_at_half(e))
    if not found:
        yield _asks_half(claim)
    for group, row in found:
        block, margin = f"{group},{group}", e.criterion.stays_margin
        if e.linear[group]:
            yield claim.verdict(Outcome.NOT_APPLICABLE, "the equation is linear", block, HALF)
            continue
        bound = row.bound.whole
        within = f"[{bound.low:.2f}, {bound.high:.2f}]"
        text = f"{_words(row)}, and is no less than what goes like N^x with x in {within}"
        reason, seen = Reason(text, "bound"), f"{bound.value:.2f}"
        if bound.low > -margin:
            yield claim.verdict(Outcome.SUPPORTED, reason, block, HALF, "0", seen)
        elif row.trend.whole.high < -margin and not row.trend.approaches(0.0):
            yield claim.verdict(Outcome.REFUTED, reason, block, HALF, "0", seen)
        else:
            remedy = SEEDS_OR_WIDTHS if math.isfinite(bound.half_width) else MORE_SEEDS
            yield claim.verdict(Outcome.UNDECIDED, replace(reason, remedy=remedy), block, HALF, "0")


def _linear(claim: HessianClaim, e: HessianEvidence) -> Iterator[Verdict]:
    found = list(_at_half(e))
    if not found:
        yield _asks_half(claim)
    for group, row in found:
        block, c = f"{group},{group}", e.criterion
        reason, seen = Reason(_words(row), "slope"), f"{row.trend.whole.value:.2f}"
        if not e.linear[group]:
            yield claim.verdict(Outcome.NOT_APPLICABLE, "the equation is not linear", block, HALF)
        elif row.trend.whole.within(-0.5 + (more := e.logarithms(group)), c.rate_margin):
            yield claim.verdict(Outcome.SUPPORTED, reason, block, HALF, f"{more - 0.5:.2f}", seen)
        elif row.trend.excludes(more - 0.5, c.rate_exclusion):
            yield claim.verdict(Outcome.REFUTED, reason, block, HALF, f"{more - 0.5:.2f}", seen)
        else:
            remedy = SEEDS_OR_WIDTHS if math.isfinite(row.trend.whole.half_width) else MORE_SEEDS
            yield claim.verdict(
                Outcome.UNDECIDED, replace(reason, remedy=remedy), block, HALF, f"{more - 0.5:.2f}"
            )


def _first_part(claim: HessianClaim, e: HessianEvidence) -> Iterator[Verdict]:
    found = list(_at_half(e))
    if not found:
        yield _asks_half(claim)
    for group, row in found:
        block, margin = f"{group},{group}", e.criterion.first_margin
        if e.linear[group]:
            yield claim.verdict(Outcome.NOT_APPLICABLE, "the equation is linear: M = 0", block, HALF)
            continue
        if row.networks == 0 or not math.isfinite(row.gaps[-1]):
            yield claim.verdict(Outcome.UNDECIDED, Reason(_words(row), "few", MORE_SEEDS), block, HALF)
            continue
        text = f"the extremes are {row.gaps[-1]:.2g} of the norm away from those of M·J at the largest width"
        falls = row.gaps[-1] < row.gaps[0]
        if row.gaps[-1] <= margin:
            outcome, reason = Outcome.SUPPORTED, Reason(text, "gap")
        elif not falls:
            outcome, reason = Outcome.REFUTED, Reason(f"{text}, and no nearer than at the smallest", "gap")
        else:
            wider = Remedy((Need.WIDTHS,), "needs larger widths")
            outcome, reason = Outcome.UNDECIDED, Reason(text, "gap", wider if row.networks else NO_REMEDY)
        yield claim.verdict(outcome, reason, block, HALF, "0", f"{row.gaps[-1]:.2g}")


#: All claims on second derivatives, in the order of the report. A new claim is one line here.
HESSIAN_CLAIMS: tuple[HessianClaim, ...] = (
    HessianClaim("hessian-exponent", "‖∇²R‖ has the exponent of N that the rules give",
                 "[D] exponents of the Hessian", "a settled slope that excludes it", _exponent),
    HessianClaim("hessian-nonlinear", "nonlinear, s = 1/2: the Hessian of the residual does not vanish",
                 "[R] Bonfanti, Bruno & Cipriani 2024", "a norm that goes to zero", _nonlinear),
    HessianClaim("hessian-linear", "linear, s = 1/2: the Hessian goes to 0 like N^(-1/2), up to logarithms",
                 "[R] after Liu, Zhu & Belkin 2020", "a settled slope that excludes -1/2", _linear),
    HessianClaim("hessian-first-part", "nonlinear, s = 1/2: extreme eigenvalues are those of M·J",
                 "[D] first part of the Hessian", "a distance from M·J that does not fall", _first_part),
)  # fmt: skip
