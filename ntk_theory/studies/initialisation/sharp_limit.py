"""The claim on limit classes: what the ε-calculus predicts for a block at one s against what was seen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from fractions import Fraction

from ntk_theory.studies.initialisation.evidence import KernelClaim, ProblemEvidence
from ntk_theory.studies.initialisation.exponents import exponent_at, law_tells
from ntk_theory.studies.initialisation.observed_limit import Observed, limit_by_law
from ntk_theory.studies.initialisation.resolution import Far
from ntk_theory.studies.judging.verdict import LARGER_WIDTHS, NO_REMEDY, Outcome, Reason, Verdict
from ntk_theory.theory import Limit


def sharp_limit(claim: KernelClaim, e: ProblemEvidence) -> Iterator[Verdict]:
    """A verdict for every block and s."""
    for block in e.block_names:
        for s in e.s_measured(block):
            yield limit_verdict(claim, e, block, s)


def limit_verdict(
    claim: KernelClaim, e: ProblemEvidence, block: str, s: Fraction, statement: str = ""
) -> Verdict:
    """Is the limit class of a block at one s the predicted one?"""
    predicted = e.regime(block, s).limit
    if predicted in (Limit.UNDECIDED, Limit.UNDEFINED):
        return claim.verdict(Outcome.NOT_APPLICABLE, f"the ε-calculus leaves this {predicted}", block, s)
    wanted = (Observed(str(predicted)),)
    seen, reason = e.observed(block, s)
    hidden = _hidden(e, (block, s), seen)
    if hidden is None and seen not in (Observed.UNDECIDED, *wanted):
        hidden = e.withheld(block, s, reason.text, shows(wanted))
    if hidden or seen is Observed.UNDECIDED:
        outcome = Outcome.UNDECIDED
        reason = hidden or with_help(e, (block, s), reason, wanted)
    else:
        outcome = Outcome.SUPPORTED if seen in wanted else Outcome.REFUTED
    return claim.verdict(outcome, reason, block, s, str(predicted), str(seen), statement)


def shows(wanted: Collection[Observed]) -> Callable[[Far], bool]:
    """Has a block far out one of these limits?"""
    return lambda far: far.limit in wanted


def with_help(
    e: ProblemEvidence, key: tuple[str, Fraction], reason: Reason, wanted: Collection[Observed]
) -> Reason:
    """The reason with a remedy that helps: where the law has what is claimed, more networks confirm it."""
    tail = e.blocks[key].tail
    if tail is not None and limit_by_law(tail, e.criterion)[0] in wanted:
        return reason
    return e.with_help(*key, reason, shows(wanted))


def _hidden(e: ProblemEvidence, key: tuple[str, Fraction], seen: Observed) -> Reason | None:
    """Why what was seen can say nothing on the predicted limit; ``None`` where it can."""
    regime = e.regime(*key)
    if seen == str(regime.limit) or seen is Observed.UNDECIDED:
        return None
    value = exponent_at(regime, key[1])
    if value is None:
        # The size is predicted to change, but by no power of N: a logarithm looks like a constant.
        by_no_power = regime.limit in (Limit.ZERO, Limit.DIVERGES) and seen not in (
            Observed.ZERO,
            Observed.DIVERGES,
        )
        text = "the size is predicted to change by no power of N, which no slope shows"
        return Reason(text, remedy=NO_REMEDY) if by_no_power else None
    if e.law_decides(*key) and not law_tells(e, key, value):
        text = "fluctuations between fields, which the limit law lacks, are predicted to outweigh it"
        return Reason(text, remedy=LARGER_WIDTHS)
    return None
