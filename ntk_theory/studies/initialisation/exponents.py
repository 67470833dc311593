"""Verdicts on exponents of N: against the law's own where networks follow it, else against their slopes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from ntk_theory.studies.initialisation.block_evidence import BlockEvidence
from ntk_theory.studies.initialisation.criterion import Criterion
from ntk_theory.studies.initialisation.evidence import KernelClaim, ProblemEvidence
from ntk_theory.studies.initialisation.observed_limit import no_slope, plain
from ntk_theory.studies.initialisation.resolution import Far
from ntk_theory.studies.judging.verdict import LARGER_WIDTHS, NO_REMEDY, Outcome, Reason, Verdict
from ntk_theory.theory import Regime

#: The exponent of N in the fluctuation of T_N, relative to its size; part (c) measures it.
RATE = -0.5


def exponent_at(regime: Regime, s: Fraction) -> float | None:
    """The predicted exponent of N in ‖K‖ at one s, to compare a slope with; ``None`` where there is none."""
    exponent = regime.norm_exponent_at(s)
    return None if exponent is None else float(exponent)


def norm_exponent(claim: KernelClaim, e: ProblemEvidence) -> Iterator[Verdict]:
    """Verdicts on the exponent of N in ‖K‖, block by block and s by s."""
    predicted = {key: exponent_at(e.regime(*key), key[1]) for key in _keys(e)}
    values = {key: value for key, value in predicted.items() if value is not None}
    by_slope = {key: value for key, value in values.items() if not law_tells(e, key, value)}
    rejected = e.slopes_rejected(by_slope, spread=False)
    for (block, s), value in predicted.items():
        evidence = e.blocks[block, s]
        if value is None:
            yield claim.verdict(Outcome.NOT_APPLICABLE, "no power of N is predicted", block, s)
        elif (block, s) in by_slope:
            # With another law, or none, a slope may still be on its way (THEORY §3).
            may_refute = rejected[block, s] and evidence.law_vanishes
            yield _resolved(
                claim,
                e,
                _by_slope(claim, evidence, e.criterion, block, value, spread=False, may_refute=may_refute),
                value,
                spread=False,
            )
        else:
            assert evidence.tail is not None
            tail = evidence.tail
            found = _against_law(claim, e, (block, s), value, tail.slope, "‖K‖ goes", tail.near_slope)
            yield _resolved(claim, e, found, value, spread=False)


def law_tells(e: ProblemEvidence, key: tuple[str, Fraction], value: float) -> bool:
    """May the law's exponent of ‖K‖ confirm or refute a prediction?

    Terms between distinct fields vanish in the law and leave a fluctuation of order N^{-1/2} in
    networks: with several fields the law may be smaller than ‖K‖, and a smaller exponent refutes nothing.
    """
    tail = e.blocks[key].tail
    if tail is None or not e.law_decides(*key):
        return False
    smaller = tail.slope < value - e.criterion.law_slope_margin
    return not (smaller and len(e.classification.problem.fields) > 1)


def spread_exponent(claim: KernelClaim, e: ProblemEvidence) -> Iterator[Verdict]:
    """Verdicts on the exponent of N in the spread of K, block by block and s by s."""
    predicted = {key: _spread_at(e.regime(*key), key[1]) for key in _keys(e)}
    values = {key: value for key, value in predicted.items() if value is not None}
    by_law = {key for key, value in values.items() if _law_tells_spread(e, key, value)}
    rejected = e.slopes_rejected({k: v for k, v in values.items() if k not in by_law}, spread=True)
    for (block, s), value in predicted.items():
        evidence = e.blocks[block, s]
        if value is None:
            yield claim.verdict(Outcome.NOT_APPLICABLE, "no power of N is predicted", block, s)
        elif (block, s) in by_law:
            assert evidence.tail is not None
            assert evidence.tail.spread_slope is not None
            slope = evidence.tail.spread_slope
            yield _resolved(
                claim, e, _against_law(claim, e, (block, s), value, slope, "K spreads"), value, spread=True
            )
        else:
            # Only where the law has no randomness of its own is the spread one power of N from the start.
            alone = evidence.law_vanishes or evidence.law_is_constant
            may_refute = rejected[block, s] and alone
            found = _by_slope(claim, evidence, e.criterion, block, value, spread=True, may_refute=may_refute)
            yield _resolved(claim, e, found, value, spread=True)


def _resolved(
    claim: KernelClaim, e: ProblemEvidence, verdict: Verdict, value: float, *, spread: bool
) -> Verdict:
    """The verdict, unless it refutes an exponent that the identity shows where its terms have separated.

    Nor does an undecided one ask for what would not show it there.
    """
    assert verdict.s is not None
    key, margin = (verdict.block, verdict.s), e.criterion.law_slope_margin

    def is_claimed(far: Far) -> bool:
        slope = far.spread if spread else far.norm
        return slope is not None and abs(slope - value) <= margin

    reason: Reason | None = None
    if verdict.outcome is Outcome.REFUTED:
        reason = e.withheld(*key, verdict.reason, is_claimed, spread=spread)
    elif verdict.outcome is Outcome.UNDECIDED and not _law_has(e, key, value, spread=spread):
        reason = e.with_help(*key, verdict.reasons[0], is_claimed, spread=spread)
    if reason is None:
        return verdict
    return claim.verdict(Outcome.UNDECIDED, reason, *key, verdict.predicted, verdict.observed)


def _law_has(e: ProblemEvidence, key: tuple[str, Fraction], value: float, *, spread: bool) -> bool:
    """Has the law this exponent, so that networks that follow it confirm the prediction?"""
    tail = e.blocks[key].tail
    slope = None if tail is None else tail.spread_slope if spread else tail.slope
    return slope is not None and abs(slope - value) <= e.criterion.law_slope_margin


def _spread_at(regime: Regime, s: Fraction) -> float | None:
    exponent = regime.spread_exponent_at(s)
    return None if exponent is None or regime.norm_exponent is None else float(exponent)


def _law_tells_spread(e: ProblemEvidence, key: tuple[str, Fraction], value: float) -> bool:
    """May the law's spread confirm or refute a prediction?

    It is a lower bound: the fluctuation of T adds to it, at most N^{-1/2} times the size of K where all
    terms belong to one field. A prediction above both is refuted, too.
    """
    tail = e.blocks[key].tail
    if tail is None or tail.spread_slope is None or not e.law_decides(*key):
        return False
    c = e.criterion
    if abs(tail.spread_slope - value) <= c.law_slope_margin or tail.spread_slope >= value + c.slope_margin:
        return True
    rate_holds = "c" in e.parts and e.parts["c"].outcome is not Outcome.REFUTED
    bounded = rate_holds and len(e.classification.problem.fields) == 1
    return bounded and value >= max(tail.spread_slope, tail.slope + RATE) + c.slope_margin


def _against_law(
    claim: KernelClaim,
    e: ProblemEvidence,
    key: tuple[str, Fraction],
    value: float,
    slope: float,
    what: str,
    near: float | None = None,
) -> Verdict:
    """A predicted exponent against the law's own, which may settle slowly and then decides nothing.

    ``near`` is the law's exponent at nearer widths; one that fits keeps the far one from refuting.
    """
    gap, margin = abs(slope - value), e.criterion.slope_margin
    text = f"{what} like N^{plain(slope)} in the limit law, which the networks follow"
    reason = Reason(text, "law-power")
    if gap <= e.criterion.law_slope_margin:
        outcome = Outcome.SUPPORTED
    elif gap >= margin and (near is None or abs(near - value) >= margin):
        outcome = Outcome.REFUTED
    else:
        at = "" if near is None else f", like N^{plain(near)} nearer"
        outcome = Outcome.UNDECIDED
        cause = "law-unsettled-near" if at else "law-unsettled"
        reason = Reason(f"{text}{at}: it has not settled by N = 10^40", cause, NO_REMEDY)
    return claim.verdict(outcome, reason, *key, f"{value:g}", plain(slope))


def _by_slope(
    claim: KernelClaim,
    evidence: BlockEvidence,
    criterion: Criterion,
    block: str,
    value: float,
    *,
    spread: bool,
    may_refute: bool,
) -> Verdict:
    """A predicted exponent against the slope over the widths."""
    trend = evidence.spread if spread else evidence.norm
    interval, what = trend.whole, "the spread" if spread else "‖K‖"
    shown = (block, evidence.s, f"{value:g}", plain(interval.value))
    if not math.isfinite(interval.half_width):
        return claim.verdict(Outcome.UNDECIDED, no_slope(evidence), *shown[:3])
    text = f"{what} goes like N^x with x in [{interval.low:.3f}, {interval.high:.3f}] over the widths"
    if interval.within(value, criterion.slope_margin):
        return claim.verdict(Outcome.SUPPORTED, Reason(text, "slope"), *shown)
    if not interval.excludes(value, criterion.slope_exclusion):
        wide = Reason(text, "slope-wide", interval.remedy(criterion.slope_margin))
        return claim.verdict(Outcome.UNDECIDED, wide, *shown)
    if may_refute and trend.excludes(value, criterion.slope_exclusion):
        return claim.verdict(Outcome.REFUTED, Reason(text, "slope"), *shown)
    late = trend.late
    text += f", and in [{late.low:.3f}, {late.high:.3f}] over the upper half of them, not settled"
    return claim.verdict(Outcome.UNDECIDED, Reason(text, "slope-unsettled", LARGER_WIDTHS), *shown)


def _keys(e: ProblemEvidence) -> list[tuple[str, Fraction]]:
    return [(block, s) for block in e.block_names for s in e.s_measured(block)]
