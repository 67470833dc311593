"""The claims on second derivatives that a study puts to the test, one table line each (THEORY §10)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TypeAlias

from ntk_theory.studies.hessian.criterion import HessianCriterion
from ntk_theory.studies.hessian.evidence import HessianEvidence, HessianRow
from ntk_theory.studies.judging.claim import Claim
from ntk_theory.studies.judging.trends import Trend
from ntk_theory.studies.judging.verdict import (
    LARGER_WIDTHS,
    MORE_SEEDS,
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


def _by_slope(
    row: HessianRow, value: float, criterion: HessianCriterion, *, may_refute: bool = True
) -> tuple[Outcome, Reason]:
    """A measured slope against a predicted one, by the criterion's margin and exclusion."""
    reason = Reason(_words(row), "slope")
    if not math.isfinite(row.trend.whole.half_width):
        return Outcome.UNDECIDED, replace(reason, remedy=MORE_SEEDS)
    if row.trend.whole.within(value, criterion.rate_margin):
        return Outcome.SUPPORTED, reason
    if may_refute and row.trend.excludes(value, criterion.rate_exclusion):
        return Outcome.REFUTED, reason
    return Outcome.UNDECIDED, replace(reason, remedy=SEEDS_OR_WIDTHS)


def _exponent(claim: HessianClaim, e: HessianEvidence) -> Iterator[Verdict]:
    for (group, s), row in e.rows.items():
        block = f"{group},{group}"
        if (group, s) not in e.predicted:
            why = e.regime(group, s).remark or "no exponent is predicted"
            yield claim.verdict(Outcome.NOT_APPLICABLE, Reason(why, "unruled"), block, s)
            continue
        value = e.predicted[group, s]
        is_led = e.linear[group] or bool(row.gaps.max() <= e.criterion.first_share)
        may_refute = is_led and e.rejected[f"{group}|{s}"]
        outcome, reason = _by_slope(row, value, e.criterion, may_refute=may_refute)
        if outcome is Outcome.UNDECIDED and row.gaps.max() > e.criterion.first_share and not is_led:
            text = f"{reason.text}, but the second part is up to {row.gaps.max():.2g} of it"
            reason = Reason(text, "second-part", LARGER_WIDTHS)
        yield claim.verdict(outcome, reason, block, s, f"{value:g}", _seen(row.trend))


def _seen(trend: Trend) -> str:
    return f"{trend.whole.value:.2f}" if math.isfinite(trend.whole.half_width) else ""


def _at_half(
    claim: HessianClaim, e: HessianEvidence, *, linear: bool, otherwise: str
) -> Iterator[tuple[str, HessianRow | Verdict]]:
    """The rows at s = 1/2 of equations that are linear, or are not; for others the verdict that says so."""
    found = [(group, row) for (group, s), row in e.rows.items() if s == HALF]
    if not found:
        why = Reason("the study has no s = 1/2", "no-half", Remedy((Need.S,), "add s = 1/2"))
        yield "", claim.verdict(Outcome.UNDECIDED, why)
    for group, row in found:
        block = f"{group},{group}"
        if e.linear[group] is linear:
            yield block, row
        else:
            yield block, claim.verdict(Outcome.NOT_APPLICABLE, otherwise, block, HALF)


def _nonlinear(claim: HessianClaim, e: HessianEvidence) -> Iterator[Verdict]:
    margin = e.criterion.stays_margin
    for block, row in _at_half(claim, e, linear=False, otherwise="the equation is linear"):
        if isinstance(row, Verdict):
            yield row
            continue
        bound = row.bound.whole
        within = f"[{bound.low:.2f}, {bound.high:.2f}]"
        text = f"{_words(row)}, and is no less than what goes like N^x with x in {within}"
        outcome, reason = Outcome.UNDECIDED, Reason(text, "bound")
        if bound.low > -margin:
            outcome = Outcome.SUPPORTED
        elif row.trend.whole.high < -margin and not row.trend.approaches(0.0):
            outcome = Outcome.REFUTED
        else:
            remedy = SEEDS_OR_WIDTHS if math.isfinite(bound.half_width) else MORE_SEEDS
            reason = replace(reason, remedy=remedy)
        yield claim.verdict(outcome, reason, block, HALF, "0", _seen(row.bound))


def _linear(claim: HessianClaim, e: HessianEvidence) -> Iterator[Verdict]:
    for block, row in _at_half(claim, e, linear=True, otherwise="the equation is not linear"):
        if isinstance(row, Verdict):
            yield row
            continue
        value = e.logarithms(block.partition(",")[0]) - 0.5
        outcome, reason = _by_slope(row, value, e.criterion)
        if outcome is Outcome.SUPPORTED and not row.trend.whole.high < value / 2:
            text = f"{reason.text}, which may be nearer to 0 than to {value:.2f}"
            outcome, reason = Outcome.UNDECIDED, Reason(text, "slope", SEEDS_OR_WIDTHS)
        yield claim.verdict(outcome, reason, block, HALF, f"{value:.2f}", _seen(row.trend))


def _first_part(claim: HessianClaim, e: HessianEvidence) -> Iterator[Verdict]:
    for block, row in _at_half(claim, e, linear=False, otherwise="the equation is linear: M = 0"):
        if isinstance(row, Verdict):
            yield row
            continue
        last = row.gaps[-1]
        if not math.isfinite(last):
            yield claim.verdict(Outcome.UNDECIDED, Reason(_words(row), "few", MORE_SEEDS), block, HALF)
            continue
        text = f"the extremes are {last:.2g} of the norm away from those of M·J at the largest width"
        if last <= e.criterion.first_margin:
            outcome, reason = Outcome.SUPPORTED, Reason(text, "gap")
        elif not last < row.gaps[0]:
            outcome, reason = Outcome.REFUTED, Reason(f"{text}, and no nearer than at the smallest", "gap")
        else:
            outcome, reason = Outcome.UNDECIDED, Reason(text, "gap", LARGER_WIDTHS)
        yield claim.verdict(outcome, reason, block, HALF, "0", f"{last:.2g}")


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
