"""The claims on width that a study puts to the test, one table line each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from ntk_theory.studies.judging.claim import Claim
from ntk_theory.studies.judging.statistics import Interval
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
from ntk_theory.studies.width.evidence import Size, Tendency, WidthEvidence

WidthClaim: TypeAlias = Claim[WidthEvidence]

SMALLER = Remedy((Need.SMALL_WIDTHS,), "needs smaller widths, or a problem that is harder to solve")
DENSER = Remedy((Need.SMALL_WIDTHS,), "needs smaller widths, more points or more oversampling")
REMEDIES = {
    Tendency.CHANGES: LARGER_WIDTHS,
    Tendency.OPEN: SEEDS_OR_WIDTHS,
    Tendency.ROUNDING: SMALLER,
    Tendency.FEW: MORE_SEEDS,
}
OUTCOMES = {Tendency.STAYS: Outcome.SUPPORTED, Tendency.FALLS: Outcome.REFUTED}


def _stays(claim: WidthClaim, found: Size, what: str, block: str, s: Fraction) -> Verdict:
    """Supported where a size does not fall with N, refuted where it does."""
    text = f"the {what} {found.words}"
    if found.tendency in OUTCOMES and len(found.medians) > 1:
        text += f", {found.medians[0]:.1e} at the smallest width, {found.medians[-1]:.1e} at the largest"
    elif found.tendency is Tendency.ROUNDING:
        text += f", but falls to {np.nanmin(found.medians):.1e}, which is rounding"
    elif found.tendency is Tendency.CHANGES:
        text += f", {found.trend.late.value:.2f} in the upper half of the widths"
    reason = Reason(text, found.tendency.name.lower(), REMEDIES.get(found.tendency))
    outcome = OUTCOMES.get(found.tendency, Outcome.UNDECIDED)
    whole = found.trend.whole
    seen = f"{whole.value:.2f}" if np.isfinite(whole.half_width) else ""
    return claim.verdict(outcome, reason, block, s, "0", seen)


def _error(claim: WidthClaim, e: WidthEvidence) -> Iterator[Verdict]:
    for (method, s), row in e.rows.items():
        if e.has_solution:
            yield _stays(claim, row.error, "error", method, s)
        else:
            why = "no solution is stated, so that the error is not known"
            yield claim.verdict(Outcome.NOT_APPLICABLE, Reason(why, "no-solution"), method, s)


def _residual(claim: WidthClaim, e: WidthEvidence) -> Iterator[Verdict]:
    for (method, s), row in e.rows.items():
        yield _stays(claim, row.fresh, "fresh residual", method, s)


def _approximation(claim: WidthClaim, e: WidthEvidence) -> Iterator[Verdict]:
    for s, found in e.approximation.items():
        if e.starved:
            yield claim.verdict(Outcome.UNDECIDED, Reason(e.starved, "starved", DENSER), "", s)
            continue
        yield _stays(claim, found, f"{e.measure} of the oversampled reference", "", s)


def _words(name: str, interval: Interval) -> str:
    return f"{name} [{interval.low:.2f}, {interval.high:.2f}]"


def _blamed(
    sign: int,
) -> Callable[[WidthClaim, WidthEvidence], Iterator[Verdict]]:
    """Is optimisation (sign 1) or sampling (−1) what grows, where the error stays and the best falls?"""

    def decide(claim: WidthClaim, e: WidthEvidence) -> Iterator[Verdict]:
        for (method, s), row in e.rows.items():
            best, whole = e.approximation[s], e.size(method, s)
            if whole.tendency is Tendency.FALLS:
                why = Reason(f"the {e.measure} {whole.words}: it falls", "falls")
                yield claim.verdict(Outcome.NOT_APPLICABLE, why, method, s)
                continue
            parts = (
                _words("approximation", best.trend.whole),
                _words("sampling", row.sampling.whole),
                _words("optimisation", row.optimisation.whole),
            )
            text = f"the {e.measure} {whole.words}; of it {', '.join(parts)}"
            contrast = row.contrast.whole
            if whole.tendency is not Tendency.STAYS:
                reason = Reason(text, "open", REMEDIES[whole.tendency])
                yield claim.verdict(Outcome.UNDECIDED, reason, method, s)
            elif e.starved:
                yield claim.verdict(Outcome.UNDECIDED, Reason(e.starved, "starved", DENSER), method, s)
            elif best.tendency is Tendency.STAYS:
                reason = Reason(f"{text}: what the network can be does not improve either", "approximation")
                yield claim.verdict(Outcome.REFUTED, reason, method, s)
            elif best.trend.whole.high < 0 and contrast.excludes(0.0):  # all over the same widths
                is_ours = sign * contrast.value > 0
                outcome = Outcome.SUPPORTED if is_ours else Outcome.REFUTED
                yield claim.verdict(outcome, Reason(text, "contrast"), method, s)
            else:
                remedy = REMEDIES.get(best.tendency, MORE_SEEDS)
                yield claim.verdict(Outcome.UNDECIDED, Reason(text, "contrast", remedy), method, s)

    return decide


#: All claims on width, in the order of the report. A new claim is one line here.
WIDTH_CLAIMS: tuple[WidthClaim, ...] = (
    WidthClaim("width-error", "the error after training does not fall with width",
               "[R] Chaudhry 2026, known by its abstract only", "an error that falls", _error),
    WidthClaim("width-residual", "the residual at fresh points does not fall with width",
               "[C] the same of residuals", "a fresh residual that falls", _residual),
    WidthClaim("width-approximation", "with more points and longer optimisation wider networks are no better",
               "[C] parts of the error", "an oversampled reference that falls", _approximation),
    WidthClaim("width-optimiser", "where the error does not fall with width, the optimiser is to blame",
               "[C] parts of the error", "sampling that grows faster, or a network that cannot do better",
               _blamed(1)),
    WidthClaim("width-sampling", "where the error does not fall with width, too few points are to blame",
               "[C] parts of the error", "optimisation that grows faster, or a network that cannot do better",
               _blamed(-1)),
)  # fmt: skip
