"""What the files of several sources share: of which problems a claim speaks, claims of a kind, findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from ntk_theory.claims.source import Reading, SourceClaim
from ntk_theory.studies.flow.claims import TrainingEvidence
from ntk_theory.studies.flow.evidence import Movement
from ntk_theory.studies.initialisation.evidence import ProblemEvidence
from ntk_theory.studies.initialisation.observed_limit import Observed
from ntk_theory.studies.judging.claim import Claim
from ntk_theory.studies.judging.kind import kind
from ntk_theory.studies.judging.own_claims import Decides, Finding
from ntk_theory.studies.judging.verdict import SEEDS_OR_WIDTHS, Need, Outcome, Reason, Remedy
from ntk_theory.symbolic.problem import GroupKind, Problem

HALF = Fraction(1, 2)
SUPPORTED, REFUTED = Outcome.SUPPORTED, Outcome.REFUTED
UNDECIDED, SILENT = Outcome.UNDECIDED, Outcome.NOT_APPLICABLE
NO_HALF = Reason("the study has no s = 1/2", "no-half", Remedy((Need.S,), "add s = 1/2"))
#: What an exhibit in the open zone between its bounds needs.
OTHER_SETTING = Remedy((Need.ACCURACY,), "needs another problem, activation or other points")


def linear_only(problem: Problem) -> str:
    """Of linear problems only: every residual affine in the jets, no unknowns."""
    if problem.unknowns:
        return "the problem has unknown coefficients"
    if not all(leg.is_linear for group in problem.groups for leg in group.legs):
        return "the problem is not linear"
    return ""


def with_conditions(problem: Problem) -> str:
    """Of linear problems with value conditions besides the equation."""
    if not any(group.kind is GroupKind.VALUE for group in problem.groups):
        return "the problem has no condition on values"
    return linear_only(problem)


def of_kind(
    name: str,
    code: str,
    reading: Reading,
    hypotheses: str,
    predicts: str,
    *,
    decide_beyond: Decides | None = None,
) -> SourceClaim:
    """A claim that a kind of study decides anyway; its statement and what refutes it stand there."""
    own = kinds_own(name, code)
    return SourceClaim(
        code, own.statement, reading, hypotheses, predicts, own.refuted_by, needs=name,
        decide_beyond=decide_beyond,
    )  # fmt: skip


def kinds_own(name: str, code: str) -> Claim[Any]:
    """The claim of a kind of study with this code."""
    (own,) = [claim for claim in kind(name).claims if claim.code == code]
    return own


def limit_at_half(
    wanted: Mapping[Observed, Outcome], *, linear: bool | None
) -> Callable[[ProblemEvidence], Finding]:
    """From what was seen of K_ff at s = 1/2 to an outcome, for problems that are linear, or are not.

    ``linear=None`` asks of either kind: a claim beyond its hypotheses.
    """

    def decide(e: ProblemEvidence) -> Finding:
        why_not = linear_only(e.classification.problem)
        if linear not in (None, not why_not):
            why = why_not or "the problem is linear"
            return Finding(SILENT, why, "ff", HALF)
        if HALF not in e.s_measured("ff"):
            return Finding(UNDECIDED, NO_HALF, "ff", HALF)
        seen, reason = e.observed("ff", HALF)
        return Finding(wanted.get(seen, UNDECIDED), reason, "ff", HALF, observed=str(seen))

    return decide


def drift_at_half(
    wanted: Mapping[Movement, Outcome], *, linear: bool | None
) -> Callable[[TrainingEvidence], Finding]:
    """From what the drift of K along training does at s = 1/2 to an outcome; ``linear`` as above."""

    def decide(e: TrainingEvidence) -> Finding:
        if linear not in (None, e.is_linear):
            why = "the problem is linear" if e.is_linear else "the problem is not linear"
            return Finding(SILENT, why, "", HALF)
        if HALF not in e.at:
            return Finding(UNDECIDED, NO_HALF, "", HALF)
        moved, whole = e.drift[HALF], e.at[HALF].spectral_trend.whole
        reason = Reason(f"the drift goes like N^x with x in [{whole.low:.2f}, {whole.high:.2f}]", "drift")
        outcome = wanted.get(moved, UNDECIDED)
        if outcome is UNDECIDED:
            reason = Reason(reason.text, "drift", SEEDS_OR_WIDTHS)
        return Finding(outcome, reason, "", HALF, observed=str(moved))

    return decide


def open_finding(text: str, **more: Any) -> Finding:
    """Between the bounds of support and refutation."""
    return Finding(UNDECIDED, Reason(text, "between", OTHER_SETTING), **more)
