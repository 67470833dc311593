"""What may refute an exponent: a law that networks follow, or a settled slope of their own; never less."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.errors import InputError
from ntk_theory.studies.initialisation.block_evidence import BlockEvidence, BlockRows, block_evidence
from ntk_theory.studies.initialisation.claims import ProblemEvidence, decide_all
from ntk_theory.studies.initialisation.criterion import Criterion
from ntk_theory.studies.initialisation.law_tail import LawTable, LawTail
from ntk_theory.studies.initialisation.observed_limit import Observed
from ntk_theory.studies.judging.statistics import Interval
from ntk_theory.studies.judging.trends import Trend
from ntk_theory.studies.judging.verdict import Outcome

HALF, ONE = Fraction(1, 2), Fraction(1)
SYSTEM = "u_t - u_xx + v^2; v_t - v_xx + u^2"


def straight(value, deviation=0.03, moved=0.0):
    """A trend with 99 % intervals of a normal estimate; ``moved`` from its lower to its upper half."""
    wide = 2.576 * deviation

    def interval(centre, times):
        return Interval(centre, centre - times * wide, centre + times * wide)

    return Trend(
        interval(value, 1), interval(value - moved / 2, 2), interval(value + moved / 2, 2), deviation, 48
    )


def silent(norm, spread=None, *, pair="u,v", s=HALF):
    """Evidence on a block whose law vanishes."""
    return BlockEvidence(
        pair, s, 48, norm, spread or norm, None, None, None, None, ("the law's kernel vanishes",)
    )  # fmt: skip


def followed(norm, tail, *, leaves=False, s=ONE):
    """Evidence on a block whose networks follow the law."""
    rank = Interval(0.5, 0.45, 0.55)
    return BlockEvidence("f1,f2", s, 48, norm, norm, 0.5, rank, tail, None, leaves_law=leaves)


def verdicts(blocks, claim, text=SYSTEM):
    evidence = ProblemEvidence(nt.classify(text), blocks, frozenset(), {}, Criterion(), 0.01)
    return [v for v in decide_all(evidence) if v.claim == claim]


def predicted(block, s, text=SYSTEM):
    regime = nt.classify(text).regime(block, s)
    return float(regime.norm_exponent.subs(dict.fromkeys(regime.norm_exponent.free_symbols, s)))


def test_one_slope_a_little_off_among_many_is_noise():
    """A 99 % interval misses the truth once in a hundred slopes: alone that is evidence, among many not."""
    key, value = ("b1,b2", HALF), predicted("b1,b2", HALF)
    assert value == -0.5
    off = silent(straight(value + 0.18, deviation=0.06))
    assert off.norm.whole.excludes(value, 0.02)
    fine = {
        (b, s): silent(straight(predicted(b, s)), s=s)
        for b in ("f1,f2", "b1,f2", "b2,f1") for s in (HALF, Fraction(5, 8), Fraction(3, 4), ONE)
    }  # fmt: skip

    def rejected(blocks):
        evidence = ProblemEvidence(nt.classify(SYSTEM), blocks, frozenset(), {}, Criterion(), 0.01)
        return evidence.slopes_rejected({k: predicted(*k) for k in blocks}, spread=False)

    assert rejected({key: off}) == {key: True}
    assert not any(rejected({key: off} | fine).values())
    (among,) = [v for v in verdicts({key: off} | fine, "norm-exponent") if v.block == "b1,b2"]
    assert among.outcome is Outcome.UNDECIDED
    assert among.reason.endswith("needs larger widths")


def test_a_wrong_exponent_of_a_fluctuation_is_refuted_unless_the_slope_moves_towards_it():
    block, value = "b1,b2", predicted("b1,b2", HALF)
    (settled,) = verdicts({(block, HALF): silent(straight(value + 0.25))}, "norm-exponent")
    assert settled.outcome is Outcome.REFUTED
    moving = straight(value + 0.25, deviation=0.01, moved=-0.3)
    (moved,) = verdicts({(block, HALF): silent(moving)}, "norm-exponent")
    assert moved.outcome is Outcome.UNDECIDED
    assert "not settled" in moved.reason


def test_the_spread_can_be_refuted_where_only_fluctuations_are_left():
    value = -0.5
    right = verdicts({("b1,b2", HALF): silent(straight(value))}, "spread-exponent")
    wrong = verdicts({("b1,b2", HALF): silent(straight(value), straight(0.0))}, "spread-exponent")
    assert [right[0].outcome, wrong[0].outcome] == [Outcome.SUPPORTED, Outcome.REFUTED]


def test_a_law_that_networks_leave_decides_nothing():
    """Fluctuations between fields outweigh the law: brusselator, a sealed end against an equation."""
    value = predicted("f1,f2", ONE)
    tail = LawTail(value - 0.5, None, 1.0)
    block = {("f1,f2", ONE): followed(straight(value), tail, leaves=True)}
    (verdict,) = verdicts(block, "norm-exponent")
    assert verdict.outcome is Outcome.SUPPORTED, verdict.reason
    assert "over the widths" in verdict.reason


def test_with_several_fields_a_law_that_is_smaller_refutes_nothing():
    value = predicted("f1,f2", ONE)
    smaller, larger = LawTail(value - 0.5, None, 1.0), LawTail(value + 0.5, None, 1.0)
    (low,) = verdicts({("f1,f2", ONE): followed(straight(value - 0.4), smaller)}, "norm-exponent")
    (high,) = verdicts({("f1,f2", ONE): followed(straight(value + 0.4), larger)}, "norm-exponent")
    assert (low.outcome, high.outcome) == (Outcome.UNDECIDED, Outcome.REFUTED)


@pytest.mark.parametrize(("off", "outcome"), [(0.01, "supported"), (0.05, "undecided"), (0.25, "refuted")])
def test_a_law_that_settles_slowly_leaves_a_gap_between_support_and_refutation(off, outcome):
    text = "u_t - u_xx + u^3"
    value = predicted("ff", ONE, text)
    evidence = followed(straight(value), LawTail(value + off, None, 1.0))
    (verdict,) = verdicts({("ff", ONE): evidence}, "norm-exponent", text)
    assert verdict.outcome == outcome


def test_a_small_slope_without_a_law_is_no_limit():
    """K = ε²T + 1 falls at first, towards 1: its slope over the widths is no evidence for zero."""
    no_law = replace(silent(straight(-0.06, deviation=0.001)), notes=())
    evidence = ProblemEvidence(
        nt.classify("u_t - u_xx + u^3"), {("ff", HALF): no_law}, frozenset(), {}, Criterion(), 0.01
    )
    seen, reason = evidence.observed("ff", HALF)
    assert seen is Observed.UNDECIDED
    assert "needs a smooth activation" in str(reason)


def test_networks_that_outgrow_their_law_are_seen_in_the_rows():
    rng = np.random.default_rng(0)
    widths = [2**k for k in range(6, 12)]
    law_norm = np.array(widths)[:, None] ** -2.0 * np.ones((6, 48))
    kernel = law_norm + 0.1 * np.array(widths)[:, None] ** -1.5 * rng.uniform(0.5, 1.5, (6, 48))
    probe = rng.standard_normal((2, 6, 48))
    constant = LawTable(lambda e, n, seed: {"f1,f2": (np.full(n, e**4), np.full(n, e**4))}, 0)
    rows = BlockRows("f1,f2", ONE, widths, kernel, law_norm, probe, np.full((6, 48), 1e-16))
    assert block_evidence(rows, constant, Criterion()).leaves_law
    stays = replace(rows, norm=law_norm * (1 + 0.5 / np.sqrt(np.array(widths)[:, None])))
    assert not block_evidence(stays, constant, Criterion()).leaves_law


def test_the_statement_of_a_claim_has_the_numbers_of_the_problem():
    def statements(text):
        blocks = {(b, HALF): silent(straight(0.0), pair=b) for b in ("bb", "bf", "ff")}
        return {v.claim: v.statement for code in ("paper-bb", "paper-ff", "paper-bf", "converse-ff")
                for v in verdicts(blocks, code, text)}  # fmt: skip

    eikonal, kdv = statements("u_x^2 + u_y^2 - 1"), statements("u_t + u*u_x + u_xxx")
    assert eikonal["paper-ff"] == "K_ff converges for s ≥ 3/4 (s1, D = 1)"
    assert eikonal["paper-bf"] == "K_bf converges for s ≥ 2/3 (s2, D = 1)"
    assert eikonal["converse-ff"] == "K_ff fails to converge for s < 3/4 (s1, D = 1)"
    assert kdv["paper-ff"] == "K_ff converges for s ≥ 1 (case A)"
    assert kdv["paper-bb"] == "K_bb converges for s ≥ 1/2"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"margin": 0.1}, "'margin', which this version does not know"),
        ({"level": "small"}, "level = 'small'; it needs a number"),
        ({"top_widths": 2.5}, "top_widths = 2.5; it needs a whole number"),
        ({"seed": True}, "seed = True; it needs a whole number"),
    ],
)
def test_a_criterion_of_another_version_is_refused(entry, message):
    with pytest.raises(InputError, match=message):
        Criterion.from_dict(entry)
    assert Criterion.from_dict({"level": 0.05}) == Criterion(level=0.05)
    assert Criterion.from_dict(Criterion().to_dict()) == Criterion()


def judged(text, block, s, seen_tail):
    """The verdict on the limit class where the networks follow a law with this tail."""
    evidence = followed(straight(0.0), seen_tail, s=Fraction(s))
    (verdict,) = verdicts({(block, Fraction(s)): evidence}, "sharp-limit", text)
    return verdict


def test_a_small_randomness_that_stays_is_random():
    """K of u_x² − 3 v_xxx varies by less than a hundredth at s = 1/2, at every width."""
    stays = LawTail(0.0, 0.0, 0.009, range_kept=1.0)
    fades = LawTail(0.0, -0.1, 0.009, range_kept=0.2)
    between = LawTail(0.0, -0.1, 0.5, range_kept=0.5)
    text = "u_t - u_xx + u^3"
    assert judged(text, "ff", "1/2", stays).outcome is Outcome.SUPPORTED
    assert judged(text, "ff", "1/2", fades).outcome is Outcome.REFUTED
    assert judged(text, "ff", "1/2", between).outcome is Outcome.UNDECIDED


def test_what_the_law_cannot_show_refutes_no_limit():
    # Between v and the equation only T of distinct fields counts, which the law lacks.
    hidden = judged("1/(1 + v^2) + u^4", "b2,f", "2/5", LawTail(-0.1, -0.1, 1.0))
    assert (hidden.predicted, hidden.observed, hidden.outcome) == ("random", "zero", Outcome.UNDECIDED)
    # log u outgrows every constant, and no slope shows it.
    logarithm = judged("atan(u)*log(1 + v^2)", "b1,f", "2/5", LawTail(0.0, 0.0, 1e5, range_kept=1.0))
    assert (logarithm.predicted, logarithm.outcome) == ("diverges", Outcome.UNDECIDED)
    seen = judged("u_t - u_xx + u^3", "ff", "2/5", LawTail(-0.4, -0.4, 1.0))
    assert seen.outcome is Outcome.REFUTED


def test_an_exponent_that_only_rounding_contradicts_is_not_refuted():
    """u log(1 + u_x²) at s = 1: beyond N = 10^16 the logarithm is rounded to 0 and another term is left."""
    text, tail = "u_t - u_xx + u^3", LawTail(-2.0, None, 1.0)
    for near, outcome in ((-1.0, Outcome.UNDECIDED), (-2.0, Outcome.REFUTED)):
        evidence = followed(straight(-1.0), replace(tail, near_slope=near))
        (verdict,) = verdicts({("ff", ONE): evidence}, "norm-exponent", text)
        assert (verdict.predicted, verdict.outcome) == ("-1", outcome)
