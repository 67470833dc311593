"""Verdicts become rows: counted, reasons put together, remedies split off, nothing lost."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ntk_theory.report.rows import ClaimSummary, agreement, answers, by_problem, varied
from ntk_theory.studies.initialisation.verify import verify
from ntk_theory.studies.judging.claim import Claim
from ntk_theory.studies.judging.verdict import Need, Outcome, Reason, Remedy

S, R, U, N = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.UNDECIDED, Outcome.NOT_APPLICABLE


def verdict(outcome, reason="because", block="", s=None, claim="sharp-limit"):
    at = None if s is None else Fraction(s)
    made = Claim(claim, "statement", "[D]", "", lambda claim, evidence: iter(()))
    return made.verdict(outcome, reason, block, at)


def summary(*verdicts):
    return ClaimSummary(tuple(verdicts))


@pytest.mark.parametrize(
    ("outcomes", "overall"),
    [((S, S), S), ((S, U), U), ((S, U, R), R), ((N, S), S), ((N, N), N), ((U, N), U)],
)
def test_a_claim_is_as_good_as_its_worst_part(outcomes, overall):
    assert summary(*map(verdict, outcomes)).outcome is overall


def test_counts_leave_out_what_does_not_apply():
    claim = summary(verdict(S), verdict(S), verdict(U), verdict(N))
    assert claim.counted == "1 undecided, 2 supported"
    assert claim.short == "1 ?  2 ✓"


def seeds(times):
    return Remedy((Need.SEEDS,), f"needs about {times}× the seeds", times)


def test_equal_reasons_are_put_together_with_their_places():
    noisy = Reason("too noisy", remedy=seeds(4))
    claim = summary(
        verdict(U, noisy, "ff", "1/2"),
        verdict(U, noisy, "ff", "1"),
        verdict(U, noisy, "bf", "1"),
        verdict(S, "fine", "bb", "1"),
    )
    (finding,) = claim.findings()
    assert finding.where == "K_ff s = 1/2, 1; K_bf s = 1"
    assert (finding.reason, finding.remedy) == ("too noisy", "needs about 4× the seeds")


def test_reasons_of_one_cause_show_the_largest_remedy():
    claim = summary(
        verdict(U, Reason("slope in [0.1, 0.2]", "slope", seeds(3)), "ff", "1/2"),
        verdict(U, Reason("slope in [-0.3, 1e-3]", "slope", seeds(12)), "ff", "1"),
        verdict(U, Reason("no law", "", seeds(2)), "bf", "1"),
    )
    slope, law = claim.digest()
    assert str(slope) == "K_ff s = 1/2, 1: e.g. slope in [-0.3, 1e-3] → needs about 12× the seeds"
    assert (slope.places, law.places) == (2, 1)
    assert str(law) == "K_bf s = 1: no law → needs about 2× the seeds"


def test_a_verdict_over_several_s_has_a_reason_for_each():
    reasons = [Reason("too few", remedy=seeds(2), s=Fraction(s)) for s in ("2/5", "1")]
    several = verdict(U, reasons, "ff", claim="paper-ff")
    assert several.reason == (
        "s = 2/5: too few: needs about 2× the seeds; s = 1: too few: needs about 2× the seeds"
    )
    (finding,) = summary(several).findings()
    assert finding.where == "K_ff s = 2/5, 1"
    assert finding.remedy == "needs about 2× the seeds"


@pytest.mark.parametrize(
    "prose",
    [
        "F needs a value at 0, which it has not",
        "s = 1: this looks like a place; s = 2: and this",
        "at s = 1 it says so itself: add one",
        "the operator needs more seeds than 12, says its name",
    ],
)
def test_no_prose_is_read_back(prose):
    """Texts that look like a place or a remedy are texts: neither is found in them."""
    (finding,) = summary(verdict(U, prose, "ff", "1")).digest()
    assert (finding.reason, finding.remedy, finding.where) == (prose, "", "K_ff s = 1")


def test_places_are_sorted_by_s():
    claim = summary(*(verdict(U, "open", "ff", s) for s in ("1", "2/5", "3/4", "1/2")))
    assert claim.digest()[0].where == "K_ff s = 2/5, 1/2, 3/4, 1"


def test_a_missing_exponent_has_its_remedy():
    missing = Reason("no exponent with s < 1/2 was measured", remedy=Remedy((Need.S,), "add one"))
    claim = summary(verdict(U, missing, "ff"))
    assert claim.verdicts[0].reason == "no exponent with s < 1/2 was measured: add one"
    (finding,) = claim.findings()
    assert (finding.where, finding.remedy) == ("K_ff", "add one")


def test_every_verdict_is_in_some_summary(small_study):
    for answer in answers([small_study]):
        own = [v for claim in answer.claims for v in claim.verdicts]
        assert own == list(answer.verdicts)
        for claim in answer.claims:
            assert sum(claim.counts.values()) == len(claim.verdicts)
            assert claim.findings()


def test_limits_are_those_of_the_classification(small_study):
    for answer in answers([small_study]):
        assert answer.blocks == ("bb", "bf", "ff")
        for cell in answer.limits:
            assert cell.predicted == str(answer.classification.regime(cell.block, cell.s).limit)


def test_agreement_counts_every_limit_once(small_study):
    every = answers([small_study])
    count = agreement(every)
    assert count.predicted == 2 * 3 * 3
    parts = [len(count.of(outcome)) for outcome in (S, R, U)]
    assert sum(parts) == count.predicted
    assert (count.agreeing, count.decided) == (parts[0], parts[0] + parts[1])


def test_settings_that_vary_become_columns(tmp_path):
    result = verify(
        "u_t + u_x^2 + kappa*u*u_x", sweep=("kappa", ["0", "1"]), activations=("erf", "sin"), s="1/2",
        widths=(8, 16), seeds=3, points=3, store=tmp_path / "s.sqlite", workers=1, progress=False,
    )  # fmt: skip
    every = answers([result])
    (group,) = by_problem(every).values()
    assert len(group) == 4
    assert varied(group) == ("kappa", "activation")
    assert [a.described(varied(group)) for a in group] == [
        "kappa = 0, erf", "kappa = 0, sin", "kappa = 1, erf", "kappa = 1, sin",
    ]  # fmt: skip
