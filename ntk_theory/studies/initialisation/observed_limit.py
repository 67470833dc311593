"""Which limit the evidence on one block shows: by the law that the networks follow, or by their own slope."""

from __future__ import annotations

import math
from enum import StrEnum

from ntk_theory.studies.initialisation.block_evidence import ONE_WIDTH, OWN_LAWS, BlockEvidence
from ntk_theory.studies.initialisation.criterion import Criterion
from ntk_theory.studies.initialisation.law_tail import FAR, ROUNDING, LawTail
from ntk_theory.studies.judging.verdict import LARGER_WIDTHS, MORE_SEEDS, NO_REMEDY, Need, Reason, Remedy

#: A random limit keeps at least this share of its relative range from the nearer far width to the other.
RANDOM_KEEPS = 0.9
SMOOTH_ACTIVATION = Remedy((Need.ACTIVATION,), "needs a smooth activation, which has a limit law")


class Observed(StrEnum):
    """What was seen of a block as N grows."""

    ZERO = "zero"
    DETERMINISTIC = "deterministic"
    RANDOM = "random"
    DIVERGES = "diverges"
    UNDECIDED = "undecided"


def agrees(e: BlockEvidence, criterion: Criterion) -> bool:
    """Do the networks stand among the law's draws as draws from it would, within the margin?"""
    return e.law_rank is not None and e.law_rank.within(0.5, criterion.rank_margin)


def law_decides(e: BlockEvidence, criterion: Criterion, *, law_rejected: bool) -> bool:
    """Do the networks follow the law, so that it may speak for widths that no network reaches?"""
    return e.tail is not None and not law_rejected and not e.leaves_law and agrees(e, criterion)


def observed_limit(
    e: BlockEvidence, criterion: Criterion, *, law_rejected: bool, slope_holds: bool = True
) -> tuple[Observed, Reason]:
    """The limit class that the evidence shows, with the reason.

    ``slope_holds``: Holm over all blocks and s that are judged by their slope rejects the slope 0 here.
    """
    if ONE_WIDTH in e.notes:
        text = "networks of one width show no limit, however well the law fits them"
        return Observed.UNDECIDED, Reason(text, "one-width", LARGER_WIDTHS)
    if law_decides(e, criterion, law_rejected=law_rejected):
        assert e.tail is not None
        return limit_by_law(e.tail, criterion)
    if e.tail is None or law_rejected or e.leaves_law:
        return _by_slope(e, criterion, slope_holds)
    assert e.law_rank is not None
    remedy = e.law_rank.remedy(criterion.rank_margin)
    return Observed.UNDECIDED, Reason("the networks fit the limit law only loosely", remedy=remedy)


def limit_by_law(tail: LawTail, criterion: Criterion) -> tuple[Observed, Reason]:
    """The limit class that the law shows, with the reason."""
    if tail.overflows:
        text = "‖K‖ leaves the range of floats in the limit law, which the networks follow"
        return Observed.DIVERGES, Reason(text)
    power = Reason(
        f"‖K‖ goes like N^{plain(tail.slope)} in the limit law, which the networks follow", "law-power"
    )
    if tail.slope > criterion.law_slope_margin:
        return Observed.DIVERGES, power
    if tail.slope < -criterion.law_slope_margin:
        return Observed.ZERO, power
    at = f"relative range {tail.relative_range:.1g} at N = 10^{round(math.log10(FAR[1]))}"
    follow = "in the limit law, which the networks follow"
    if tail.relative_range > ROUNDING and tail.range_kept >= RANDOM_KEEPS:
        text = f"K keeps its size and its randomness ({at}) {follow}"
        return Observed.RANDOM, Reason(text, "law-random")
    if tail.relative_range <= criterion.constant_range:
        text = f"K keeps its size and loses its randomness ({at}) {follow}"
        return Observed.DETERMINISTIC, Reason(text, "law-constant")
    text = f"K keeps its size and is still settling ({at}) {follow}"
    return Observed.UNDECIDED, Reason(text, "law-settling", NO_REMEDY)


def _by_slope(e: BlockEvidence, criterion: Criterion, slope_holds: bool) -> tuple[Observed, Reason]:
    interval = e.norm_slope
    if not math.isfinite(interval.half_width):
        return Observed.UNDECIDED, no_slope(e)
    text = f"‖K‖ goes like N^x with x in [{interval.low:.3f}, {interval.high:.3f}] over the widths"
    # Where only fluctuations are left, K is one power of N from the start; elsewhere a small slope may
    # belong to a term that dies out, and only a large one is evidence.
    least = criterion.slope_exclusion if e.law_vanishes else criterion.slope_margin
    if slope_holds and not e.norm.approaches(0.0):
        if interval.low > least:
            return Observed.DIVERGES, Reason(text, "slope")
        if interval.high < -least:
            return Observed.ZERO, Reason(text, "slope")
    if e.law_vanishes:
        wanted = max(min(criterion.slope_margin, abs(interval.value) / 2), criterion.slope_exclusion)
        return Observed.UNDECIDED, Reason(
            f"{text}, too close to 0 to tell", "slope-near-0", interval.remedy(wanted)
        )
    remedy = SMOOTH_ACTIVATION if e.tail is None else LARGER_WIDTHS
    if OWN_LAWS in e.notes:
        remedy = NO_REMEDY
    return Observed.UNDECIDED, Reason(
        f"{text}, which a dying term may cause and no law explains", "slope-alone", remedy
    )


def no_slope(e: BlockEvidence) -> Reason:
    """Why ‖K‖ has no slope: too few networks, which more seeds mend, or zeros, which they do not."""
    if e.is_exactly_zero:
        text = "K is exactly 0 in some networks: identically, by a rare jump, or below the range of floats"
        return Reason(text, "exactly-0", NO_REMEDY)
    return Reason("too few networks for a slope", remedy=MORE_SEEDS)


def plain(exponent: float) -> str:
    """An exponent with three digits, and no ``-0.000``.

    >>> plain(-0.0001), plain(-0.25), plain(float("-inf"))
    ('0', '-0.25', '-inf')
    """
    return f"{round(exponent, 3) + 0.0:g}"
