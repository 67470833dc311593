"""A true claim on an operator with coefficients far apart is never refuted; a false one still is."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

import ntk_theory as nt
from ntk_theory.errors import NonFiniteError
from ntk_theory.limit.extended import POINTS, ExtendedLaw
from ntk_theory.limit.law import LimitLaw, limit_law
from ntk_theory.model.network import Network
from ntk_theory.studies.initialisation.block_evidence import BlockRows, block_evidence
from ntk_theory.studies.initialisation.criterion import Criterion
from ntk_theory.studies.initialisation.evidence import ProblemEvidence
from ntk_theory.studies.initialisation.law_parts import Projection, field_part
from ntk_theory.studies.initialisation.law_tail import LawTable
from ntk_theory.studies.initialisation.observed_limit import Observed, no_slope
from ntk_theory.studies.initialisation.resolution import Far, Resolution, shows_from
from ntk_theory.studies.judging.statistics import against_law, law_ranks, stray_p_value
from ntk_theory.studies.judging.verdict import (
    LARGER_WIDTHS,
    MORE_SEEDS,
    NO_REMEDY,
    Need,
    Outcome,
    Reason,
    Remedy,
)
from ntk_theory.symbolic.extended import Fixed, extended
from ntk_theory.theory import Limit

F = (("f",), ("f",))
B_F = (("b",), ("f",))
S = tuple(map(Fraction, ("2/5", "1/2", "5/8", "3/4", "1")))
WIDTHS = (32, 64, 128, 256)
OBSERVED = {
    Limit.ZERO: Observed.ZERO,
    Limit.DETERMINISTIC: Observed.DETERMINISTIC,
    Limit.RANDOM: Observed.RANDOM,
    Limit.DIVERGES: Observed.DIVERGES,
}


def law_of(text: str, bias: str = "zero") -> LimitLaw:
    """The law with erf, whose Σ and T have closed forms."""
    p = nt.problem(text)
    points = nt.draw_points(p, 4, seed=3)
    return limit_law(p, Network(p.variables, p.fields, width=8, activation="erf", output_bias=bias), points)


def resolution(text: str, bias: str = "zero") -> Resolution:
    return Resolution(ExtendedLaw(law_of(text, bias), 7), WIDTHS)


APART = [
    "u_t + K*u_x^2", "K*u_xxx + u*u_x", "u_t + K*u*u_x + u_xx", "u_tt - u_xx + K*u^3",
    "K*u_t - u_xx + sin(u)", "u_x*u_t + K*u_xx", "K*u_x^2 + u_t^3 + u_xx",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "k"),
    [(text, ("1e30", "1e-30")[at % 2]) for at, text in enumerate(APART)] + [(APART[0], "1e-30")],
)
def test_far_out_the_identity_shows_what_the_calculus_says(text: str, k: str) -> None:
    """Two derivations that share nothing: numbers of 1000 digits, and degrees of expressions."""
    text = text.replace("K", k)
    found, predicted = resolution(text), nt.classify(text)
    for names, block in ((F, "ff"), (B_F, "bf")):
        for s in S:
            far, regime = found.look(names, s), predicted.regime(block, s)
            assert not far.problem, (text, block, s, far.problem)
            assert far.limit is OBSERVED[regime.limit], (text, block, s, far)
            exponent = regime.norm_exponent_at(s)
            if exponent is not None:
                assert far.norm == pytest.approx(float(exponent), abs=0.02), (text, block, s, far)


def test_the_width_of_a_crossover_is_that_of_the_terms() -> None:
    """1 against (2·10^20 ε u_x)²: equal at ε = 5·10^-21, up to sizes of u_x; N = ε^-4 at s = 3/4."""
    far = resolution("u_t + 1e20*u_x^2").look(F, Fraction(3, 4))
    assert far.log_crossover == pytest.approx(81, abs=3)
    claim = far.withholds("‖K‖ goes like N^-1", lambda f: f.norm is not None and abs(f.norm + 0.5) < 0.02)
    assert claim is not None
    assert claim.remedy is not None
    assert claim.remedy.needs == ()
    assert claim.remedy.to_dict()["log10_width"] == pytest.approx(81, abs=3)
    assert "another term takes over" in str(claim)


def test_a_false_claim_is_not_withheld() -> None:
    far = resolution("u_t + 1e20*u_x^2").look(F, Fraction(3, 4))
    assert far.withholds("", lambda f: f.norm is not None and abs(f.norm + 0.75) < 0.02) is None
    assert far.withholds("", lambda f: f.limit is Observed.RANDOM) is None


def test_a_randomness_below_the_digits_of_floats_is_seen() -> None:
    """At s = 1/2 K = T_tt + 4·10^-30 u_x T_tx + …: random, by 10^-30 of its size."""
    far = resolution("u_t + 1e-30*u_x^2").look(F, Fraction(1, 2))
    assert far.limit is Observed.RANDOM
    assert -33 < far.log_relative_range < -27
    linear = resolution("u_t + 1e-30*u_xx").look(F, Fraction(1, 2))
    assert linear.limit is Observed.DETERMINISTIC


def test_the_extended_law_is_the_law_where_floats_reach() -> None:
    """The same identity for a K that is one number, at ε = 10^-4; fluctuations are 10^-20 of it."""
    law = law_of("u_t + 3*u_xx")
    far = ExtendedLaw(law, 7).kernel(F, 40.0, Fraction(3, 5))
    block = law.deterministic(1e-4, "f,f")[:POINTS, :POINTS]
    assert 10**far.size == pytest.approx(float(np.linalg.norm(block)), rel=1e-12)


@pytest.mark.parametrize(
    ("s", "limit", "exponent", "width"),
    [("1/2", Observed.RANDOM, 0.0, 50), ("3/4", Observed.ZERO, -0.25, 100 / 3)],
)
def test_fluctuations_between_fields_may_outweigh_the_law_for_long(
    s: str, limit: Observed, exponent: float, width: float
) -> None:
    """u against u_t − 10^25 v_x + u·v: ε² (T_{u,u_t} + ε v T_{u,u}) + ε v meets 10^25 ε² N^{−1/2}.

    That is at N = 10^50 for ε = 1, at ε N^{−1/2} = 10^-25 with ε = N^{−1/4} at s = 3/4. To floats the law
    vanishes beside the networks before, but its terms do not cancel.
    """
    look = resolution("u_t - 1e25*v_x + u*v; v_t - u_x").look
    found = look((("b1",), ("f1",)), Fraction(s), law_vanishes=True)
    assert found.limit is limit
    assert found.norm == pytest.approx(exponent, abs=0.01)
    assert found.log_crossover == pytest.approx(width, abs=3)


PERIODIC = """
fields = ["u"]
variables = ["x", "t"]
[domain]
x = [-1, 1]
t = [0, 1]
[[equations]]
name = "f"
equation = "u_t - u_xx"
[[conditions]]
name = "p"
equation = "u"
periodic = [{ x = -1 }, { x = 1 }]
[[conditions]]
name = "q"
equation = "u_x"
periodic = [{ x = -1 }, { x = 1 }]
"""


def test_where_terms_of_the_law_cancel_their_rounding_is_not_taken_for_it(tmp_path: Path) -> None:
    """u(−1) − u(1) against u_x(−1) − u_x(1): the four T^∞ cancel by symmetry, fluctuations are left."""
    path = tmp_path / "periodic.toml"
    path.write_text(PERIODIC)
    p, q = ("p",), ("q",)
    look = resolution(str(path)).look
    for s in ("1/2", "3/4"):
        far = look((p, q), Fraction(s), law_vanishes=True)
        assert far.norm == pytest.approx(2 * (0.5 - Fraction(s)) - 0.5, abs=0.01)
        assert far.limit is Observed.ZERO
    assert look((p, p), Fraction(1, 2), law_vanishes=True).limit is Observed.DETERMINISTIC


def test_jumps_that_may_be_rare_refute_nothing() -> None:
    far = Far(100.0, 0.0, None, Observed.UNDECIDED, problem="a jump may be too rare")
    assert far.withholds("K is constant", lambda f: False) is not None
    found = resolution("sign(u)*u_x + u_t").look(F, Fraction(1, 2))
    assert found.limit is not Observed.DETERMINISTIC


def test_what_has_no_value_leaves_a_claim_open() -> None:
    far = resolution("log(u)*u_x").look(F, Fraction(1, 2))
    assert far.problem
    assert far.withholds("‖K‖ grows", lambda f: False) is not None


def test_a_reachable_crossover_is_a_need_for_widths() -> None:
    assert shows_from(4.0).needs
    assert not shows_from(60.0).needs


def test_widths_at_which_the_law_is_one_number_do_not_refute_the_law() -> None:
    """Met to rounding at some widths, with a spread at one: no lump of ranks at 1/2. False alarms: 1 %."""
    rng = np.random.default_rng(5)
    widths = [64, 128, 256]

    def draw(epsilon: float, size: int, seed: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        relative = 1e-7 if epsilon > 0.09 else 1e-13
        values = 1 + relative * np.random.default_rng(seed).standard_normal(size)
        return {"f,f": (values, values)}

    limit = np.stack([draw(n**-0.5, 48, int(rng.integers(1 << 30)))["f,f"][0] for n in widths])
    rows = BlockRows(
        "f,f", Fraction(1), widths, limit, limit, np.stack([limit, limit]), np.full((3, 48), 1e-16)
    )
    found = block_evidence(rows, LawTable(draw, 11), Criterion())
    assert found.law_p is not None
    assert found.law_p > 0.01
    wrong = BlockRows(
        "f,f", Fraction(1), widths, limit, limit * (1 + 1e-6), np.stack([limit, limit]), rows.identity
    )
    refuted = block_evidence(wrong, LawTable(draw, 11), Criterion())
    assert refuted.law_p is not None
    assert refuted.law_p < 1e-6


def test_numbers_beyond_floats() -> None:
    x = sp.Symbol("x", real=True)
    with mp.workdps(900):
        value = extended(sp.log(1 + x**2), {x: mp.mpf(10) ** -200})
        assert float(mp.log10(value)) == pytest.approx(-400)
        assert math.isfinite(float(extended(sp.tanh(x), {x: mp.mpf(10) ** 300})))
        with pytest.raises(nt.errors.NonFiniteError):
            extended(sp.exp(sp.exp(x)), {x: mp.mpf(10) ** 30})
        with pytest.raises(nt.errors.NonFiniteError):
            extended(sp.log(x), {x: mp.mpf(-1)})


def test_ranks_in_a_law_with_atoms_are_uniform() -> None:
    """A sign that flips in one draw of a hundred, with the rounding of networks in the other values."""
    rng = np.random.default_rng(2)

    def values(size: int) -> np.ndarray:
        return np.where(rng.random(size) < 0.01, 2.0, 1.0) * (1 + 1e-15 * rng.standard_normal(size))

    p_values = [against_law(law_ranks([values(150)], [values(1800)], k), 1800) for k in range(200)]
    # P(at least 12 of 200 uniform p-values are below 0.02) is 0.1 %.
    assert sum(p < 0.02 for p in p_values) < 12
    wrong = law_ranks([3.0 - values(150)], [values(1800)], 0)
    assert against_law(wrong, 1800) < 1e-20


def test_one_network_off_a_law_that_is_one_number_is_a_rare_event() -> None:
    assert stray_p_value(1, 144, 1800) > 0.05
    assert stray_p_value(6, 144, 1800) < 1e-6


def test_a_rejection_that_chance_may_cause_is_undecided() -> None:
    """At 1 % among many studies some are rejected; refuted is what 1 in 10 000 would be."""
    z = np.random.default_rng(1).standard_normal((3, 40))
    shifts = (0.0, 0.33, 1.0)
    outcomes = [field_part({"u": Projection(z + d, 1.0)}, Criterion(), 0.01).outcome for d in shifts]
    assert outcomes == [Outcome.SUPPORTED, Outcome.UNDECIDED, Outcome.REFUTED]


def test_no_seed_mends_a_kernel_that_is_exactly_0() -> None:
    zero = np.zeros((4, 12))
    rows = BlockRows("f,f", Fraction(1), WIDTHS, zero, zero, np.zeros((2, 4, 12)), zero)
    found = block_evidence(rows, None, Criterion())
    reason = no_slope(found)
    assert reason.remedy is not None
    assert Need.SEEDS not in reason.remedy.needs
    few = block_evidence(replace(rows, norm=np.full((4, 12), np.nan)), None, Criterion())
    assert no_slope(few).remedy == MORE_SEEDS


def test_a_law_that_fluctuations_hide_up_to_10_40_is_no_law_that_vanishes() -> None:
    """T between u and v is N^-1/2, but the equation has it times 10^20."""
    found = resolution("u_t - 1e20*v_x; v_t - u*u_x")
    hidden = found.look((("b1",), ("f1",)), Fraction(1, 2), law_vanishes=True)
    assert hidden.limit is Observed.DETERMINISTIC
    assert hidden.log_crossover == pytest.approx(40, abs=3)
    exact = found.look((("b1",), ("b2",)), Fraction(1, 2), law_vanishes=True)
    assert exact.norm == pytest.approx(-0.5)


def test_what_varies_below_all_digits_leaves_a_claim_open() -> None:
    """F_u = 1 + 1000 sech²(1000 (u − 5)) is 1 in all draws, and 1001 in one of a million networks."""
    rare = resolution("u_t + u + tanh(1000*(u - 5))", "normal")
    for s in ("1/2", "3/4"):
        assert "digits" in rare.look(F, Fraction(s)).problem
    frequent = resolution("u_t + u + tanh(u)", "normal").look(F, Fraction(1, 2))
    assert frequent.limit is Observed.RANDOM
    # Below 1/2 arguments grow with N, and what saturates does so more and more.
    assert resolution("u_t + tanh(u)").look(F, Fraction(2, 5)).limit is Observed.DIVERGES


def undecided_reason(text: str, s: str, remedy: Remedy, spread: bool = False) -> Reason:
    """What is left of a remedy for the claim that is true far out."""
    look, at = resolution(text), Fraction(s)
    e = ProblemEvidence(
        nt.classify(text), {}, frozenset(), {}, Criterion(), 0.01, far=lambda b, s: look.look(F, s)
    )
    far, block = look.look(F, at), "ff"
    return e.with_help(
        block, at, Reason("the slope is wide", "slope-wide", remedy), lambda f: f == far, spread=spread
    )


def test_no_seeds_are_asked_for_where_no_seed_can_help() -> None:
    """What sets in at N = 10^80, or is random by 10^-30; but seeds for what is there from the start."""
    beyond = undecided_reason("u_t + 1e20*u_x^2", "3/4", MORE_SEEDS)
    assert beyond.remedy is not None
    assert beyond.remedy.needs == ()
    assert beyond.remedy.log_width == pytest.approx(81, abs=3)
    assert undecided_reason("u_t + 1e20*u_x^2", "3/4", LARGER_WIDTHS).remedy == beyond.remedy
    assert undecided_reason("u_t + 1e-30*u_x^2", "1/2", MORE_SEEDS).remedy == NO_REMEDY
    assert undecided_reason("u_t + u*u_x", "1/2", MORE_SEEDS).remedy == MORE_SEEDS


def test_the_spread_has_a_crossover_of_its_own() -> None:
    """K is ε² T_tt from the start; its spread is that of T, ε² N^{−1/2}, up to 10^-20 ε³, at N = 10^80."""
    far = resolution("u_t + 1e-20*u_x^2").look(F, Fraction(3, 4))
    assert far.log_crossover is None
    assert far.log_spread_crossover == pytest.approx(80, abs=8)
    reason = far.withholds("K spreads like N^-1", lambda f: f.spread is not None, spread=True)
    assert reason is not None
    assert reason.remedy == shows_from(far.log_spread_crossover)


def test_what_coordinates_give_alone_is_kept_and_nothing_else() -> None:
    """The same digits as without keeping, for other jets, another precision, and a part that has no value."""
    x, u = sp.Symbol("x", real=True), sp.Symbol("u", real=True)
    f, place = sp.tanh(3 * x - 1) ** 2 * u + sp.log(x) * sp.tanh(x) / sp.sqrt(6) * u**2, Fixed([x])
    assert place.holds(sp.tanh(3 * x - 1))
    assert not place.holds(u * x)
    for digits in (30, 80):
        with mp.workdps(digits):
            for jet in (mp.mpf(2), mp.mpf(-1) / 3):
                values = {x: mp.mpf(1) / 7, u: jet}
                assert extended(f, values, fixed=place) == extended(f, values)
    with mp.workdps(30), pytest.raises(NonFiniteError, match="no real, finite value"):
        extended(f, {x: mp.mpf(0), u: mp.mpf(1)}, fixed=Fixed([x]))
