"""Exhibits of problems that are not linear; claims put beyond their hypotheses, marked and counted apart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import ntk_theory as nt
from ntk_theory import claims
from ntk_theory.claims import registry
from ntk_theory.claims.beyond import Beyond
from ntk_theory.claims.common import HALF, kinds_own
from ntk_theory.claims.exhibit import Exhibit
from ntk_theory.claims.nonlinear import (
    LINEAR_PART,
    RANDOM,
    drawn,
    linear_part,
    median_interval,
    no_linear_part,
)
from ntk_theory.claims.source import EXHIBIT, SourceClaim
from ntk_theory.cli import main
from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.model.points import draw_points
from ntk_theory.report.figures.claims import hearing_on
from ntk_theory.studies.flow.evidence import Movement
from ntk_theory.studies.hessian.criterion import HessianCriterion
from ntk_theory.studies.initialisation.observed_limit import Observed
from ntk_theory.studies.judging.own_claims import Finding
from ntk_theory.studies.judging.trends import NO_TREND
from ntk_theory.studies.judging.verdict import Outcome, Reason

TWO = ("kdv", "sine-gordon")
CLAIMS: dict[str, tuple[str, SourceClaim]] = {
    claim.code: (source.key, claim) for source in registry.known().values() for claim in source.claims
}
NONLINEAR = "u_t + u*u_x"


def exhibited(code: str, problem: str, *, beyond: bool = False) -> Any:
    source, claim = CLAIMS[code]
    return claim.exhibited(Exhibit.of(problem, quick=True), source, beyond=beyond)


@pytest.mark.parametrize("problem", TWO)
def test_the_linear_part_is_the_limit_of_networks(problem: str) -> None:
    """N^{2s−1} K of wide networks at s = 2 against the kernel of the linear part, by the mean over 24."""
    exhibit = Exhibit.of(problem, quick=True)
    points = draw_points(exhibit.problem, 1, 0)
    matrix, _ = linear_part(exhibit, points)
    width = 2048
    network = nt.Network(("x", "t"), ("u",), width=width, s="2", activation="tanh", output_bias="none")
    drawn = [width**3 * nt.ntk(exhibit.problem, network, network.init(k), points).matrix for k in range(24)]
    spread = np.std(drawn, axis=0, ddof=1) / np.sqrt(len(drawn))
    scale = np.sqrt(np.outer(np.diagonal(matrix), np.diagonal(matrix)))
    # At most 15 entries that differ: 6 standard errors are crossed once in 1e7 such tests.
    assert np.all(np.abs(np.mean(drawn, axis=0) - matrix) <= 6 * spread + 1e-4 * scale)


def test_draws_are_those_of_the_limit_law() -> None:
    """K_bb of every draw is the one fixed K_bb; K_ff scatters."""
    exhibit = Exhibit.of("sine-gordon", quick=True)
    diagonals, rows = drawn(exhibit, "sin")
    assert np.ptp(diagonals[:, rows["initial"]], axis=0) == pytest.approx(0.0, abs=1e-12)
    assert np.all(np.ptp(diagonals[:, rows["f"]], axis=0) > 0.1)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("u_t + u*u_x", ""),
        ("u*u_t + u_x^2", "the linear part of f at u ≡ 0 vanishes"),
        ("abs(u) + u_x", "a derivative by the jets may jump"),
        ("u_t + log(u)", "a derivative by the jets may jump"),
    ],
)
def test_where_there_is_a_linear_part(text: str, why: str) -> None:
    found = no_linear_part(nt.problem(text))
    assert why in found
    assert bool(why) == bool(found)


def test_unknown_coefficients_have_none() -> None:
    assert "unknown" in no_linear_part(nt.problem("u_t - k*u_xx + u^2", unknowns={"k": 1}))


def test_the_interval_of_a_median() -> None:
    """Of 64 values from the 24th on either side: 2 P(B < 24) = 0.033 of B(64, 1/2), 2 P(B < 25) = 0.060."""
    assert median_interval(range(1, 65), 0.05) == (24, 41)
    assert median_interval([1.0, 2.0], 0.05) == (0.0, float("inf"))


@pytest.mark.parametrize("problem", TWO)
@pytest.mark.parametrize("code", ["xu-definite", "condition-grows"])
def test_widened_exhibits_decide_there(code: str, problem: str) -> None:
    wanted = {"xu-definite": Outcome.SUPPORTED, "condition-grows": Outcome.REFUTED}
    verdict = exhibited(code, problem)
    assert verdict.outcome is wanted[code]
    assert (LINEAR_PART in verdict.reason) is (code == "xu-definite")
    assert "beyond" not in verdict.source + verdict.statement + verdict.reason


def test_random_kernels_are_judged_by_the_interval() -> None:
    judge = CLAIMS["wang-disparity"][1].judge
    assert judge is not None
    apart = judge({"ratio": 40.0, "low": 30.0, "high": 50.0})
    assert apart.outcome is Outcome.SUPPORTED
    assert RANDOM in str(apart.reason)
    assert judge({"ratio": 2.0, "low": 1.8, "high": 2.4}).outcome is Outcome.REFUTED
    assert judge({"ratio": 12.0, "low": 8.0, "high": 15.0}).outcome is Outcome.UNDECIDED
    sine = CLAIMS["saadat-sine"][1].judge
    assert sine is not None
    assert sine({"tanh": 9.0, "sin": 4.0, "low": 0.4, "high": 0.9}).outcome is Outcome.UNDECIDED


def test_what_cannot_be_computed_is_not_applicable() -> None:
    def fails(_: Exhibit) -> dict[str, float]:
        raise NonFiniteError("the residual is nan\nat x = 0")

    source, claim = CLAIMS["xu-definite"]
    verdict = replace(claim, measure=fails).exhibited(Exhibit.of("heat", quick=True), source)
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert verdict.reason == "it cannot be put to this problem: the residual is nan"


def kernels(text: str, seen: Observed) -> Any:
    return SimpleNamespace(
        classification=nt.classify(text),
        s_measured=lambda block: [HALF],
        observed=lambda block, at: (seen, Reason("as seen", "seen")),
    )


def flows(moved: Movement) -> Any:
    half = HALF
    return SimpleNamespace(
        is_linear=False, at={half: SimpleNamespace(spectral_trend=NO_TREND)}, drift={half: moved}
    )


def curved(slope: float) -> Any:
    """A Hessian whose norm, and what bounds it from below, go like N^slope to 0.02."""
    whole = SimpleNamespace(value=slope, low=slope - 0.02, high=slope + 0.02, half_width=0.02)
    trend = SimpleNamespace(whole=whole, approaches=lambda value: False)
    row = SimpleNamespace(trend=trend, bound=trend, networks=48)
    return SimpleNamespace(
        rows={("f", HALF): row}, linear={"f": False}, criterion=HessianCriterion(), predicted={}
    )


#: Claim of a study → evidence of a nonlinear problem on which it holds too, and on which it does not.
BEYOND: dict[str, tuple[Any, Any]] = {
    "wang-deterministic": (
        lambda: kernels(NONLINEAR, Observed.DETERMINISTIC), lambda: kernels(NONLINEAR, Observed.RANDOM)
    ),
    "wang-constant": (lambda: flows(Movement.ZERO), lambda: flows(Movement.STAYS)),
    "hessian-linear": (lambda: curved(-0.5), lambda: curved(0.0)),
}  # fmt: skip


def test_every_claim_beyond_its_hypotheses_has_its_examples() -> None:
    assert {code for code, (_, claim) in CLAIMS.items() if claim.decide_beyond} == set(BEYOND)


@pytest.mark.parametrize("code", BEYOND)
def test_claims_of_studies_are_decided_beyond(code: str) -> None:
    source, claim = CLAIMS[code]
    put, plain = claim.for_study(source, beyond=True), claim.for_study(source)
    assert put is not None
    for make, outcome in zip(BEYOND[code], (Outcome.SUPPORTED, Outcome.REFUTED), strict=True):
        (verdict,) = put.verdicts(make())
        assert verdict.outcome is outcome
        assert verdict.claim == f"{code}-beyond"
        assert verdict.statement.startswith("beyond its hypotheses: ")
        assert verdict.source == f"[R] {source}, beyond its hypotheses"
        (within,) = (plain or kinds_own(claim.needs, code)).verdicts(make())
        assert within.outcome is Outcome.NOT_APPLICABLE
        assert within.reason.endswith("is not linear")


def test_a_claim_silent_on_nonlinear_problems_says_whether_it_goes_beyond() -> None:
    """Whoever adds a claim of linear problems is asked here for ``reaches``: may it be put to others?"""
    silent = {c.code for _, c in CLAIMS.values() if c.needs == EXHIBIT and c.applies(nt.problem(NONLINEAR))}
    forgotten = {code for code in silent if CLAIMS[code][1].reaches is None}
    assert forgotten == set(), "give these claims reaches="
    assert {"deryck-rate", "saadat-sine"} <= silent


def test_a_hearing_keeps_what_is_beyond_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sources = claims.sources_of("saadat-2022,xu-2024-gradient")
    plain = claims.hear(sources, ["u + u^3"], quick=True, progress=False)
    heard = claims.hear(sources, ["u + u^3"], quick=True, beyond=True, progress=False)
    assert [replace(row, beyond=None).to_dict() for row in heard.rows] == [r.to_dict() for r in plain.rows]
    assert heard.decided() == plain.decided() == {"saadat-2022": False, "xu-2024-gradient": True}
    assert plain.decided_beyond() == {"saadat-2022": False, "xu-2024-gradient": False}
    (row, _, definite) = heard.rows
    assert definite.beyond is None
    assert isinstance(row.beyond, Beyond)
    assert row.outcome is Outcome.NOT_APPLICABLE
    assert row.words == f"beyond: {row.beyond.says}"
    assert row.because.startswith("beyond its hypotheses (the problem is not linear): ")
    assert row.to_dict()["beyond"]["hypothesis"] == "the problem is not linear"
    assert "within their hypotheses" in str(heard)
    assert "beyond" not in str(plain)
    with pytest.raises(SystemExit):
        main(["claims", "saadat-2022", "--on", "u + u^3", "--quick", "--beyond", "--store", str(tmp_path)])
    assert "within their hypotheses" in capsys.readouterr().out


def test_a_picture_has_marks_of_its_own_for_what_is_beyond() -> None:
    """No letter of a verdict stands where a source does not speak."""
    sources = claims.sources_of("saadat-2022")
    heard = claims.hear(sources, ["u + u^3"], quick=True, beyond=True, progress=False)
    axes = Figure().subplots()
    hearing_on(axes, heard, ["saadat-2022"])
    letters = [text.get_text() for text in axes.texts]
    wanted = {"holds here too": "+", "does not extend": "x", "undecided": "?"}
    assert letters == [wanted[row.beyond.says] for row in heard.rows if row.beyond]
    assert "beyond the hypotheses" in axes.get_title()


@pytest.mark.parametrize(
    ("outcome", "says", "end"),
    [
        (Outcome.SUPPORTED, "holds here too", "→ the statement holds here too"),
        (
            Outcome.REFUTED,
            "does not extend",
            "does not extend to this problem: without the hypothesis it fails",
        ),
        (Outcome.UNDECIDED, "undecided", "→ whether it extends is undecided"),
    ],
)
def test_no_word_beyond_the_hypotheses_is_a_verdict_on_the_source(
    outcome: Outcome, says: str, end: str
) -> None:
    source, claim = CLAIMS["saadat-sine"]
    planted = replace(claim, measure=lambda _: {}, judge=lambda _: Finding(outcome, "as seen"))
    found = Beyond("linear", (planted.exhibited(Exhibit.of("u + u^3"), source, beyond=True),))
    assert (found.says, found.is_decided) == (says, outcome is not Outcome.UNDECIDED)
    assert found.because.endswith(end)
    told = json.dumps({**found.to_dict(), "verdicts": []})
    assert "refuted" not in told
    assert "supported" not in told


def test_claims_without_reach_stay_within() -> None:
    assert exhibited("xu-definite", "u*u_t", beyond=True).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("text", ["u*u_t + u_x^2", "abs(u) + u_x", "u_t + log(u)"])
def test_problems_of_any_kind_are_heard(text: str) -> None:
    """No linear part, a kink, no value at most jets: a reason, and what can still be asked."""
    sources = claims.sources_of("xu-2024-gradient,xie-2025,gan-2025,saadat-2022")
    heard = claims.hear(sources, [text], quick=True, beyond=True, progress=False)
    by_code = {row.claim.code: row for row in heard.rows}
    for code in ("xu-definite", "xie-collapse", "gan-decay"):
        assert by_code[code].outcome is Outcome.NOT_APPLICABLE
        assert "linear part" in by_code[code].because
    beyond = by_code["saadat-disparity"].beyond
    assert beyond is not None
    assert ("nan" in beyond.because) is ("log" in text)


def test_studies_that_refuse_unknown_coefficients_leave_their_claims_silent(tmp_path: Path) -> None:
    unknown = nt.problem("u_t - k*u_xx + u^2", unknowns={"k": 1})
    heard = claims.hear(claims.sources_of("liu-2020,deryck-2023"), [unknown], beyond=True, folder=tmp_path)
    assert [(row.outcome, row.because) for row in heard.rows] == 2 * [
        (Outcome.NOT_APPLICABLE, "the problem has unknown coefficients")
    ]
    assert heard.stores == ()
    for _, claim in CLAIMS.values():
        assert claim.silent("so", "a source").outcome is Outcome.NOT_APPLICABLE


def test_a_group_named_as_a_block_of_others_is_refused_before_the_first_network(tmp_path: Path) -> None:
    path = tmp_path / "slopes.toml"
    path.write_text(
        'title = "slopes"\nequations = ["u_xx + u^2 = 1"]\n[domain]\nx = [0, 1]\n'
        '[[conditions]]\nname = "b"\nequation = "u_x = 0"\non = [{ x = 0 }, { x = 1 }]\n'
    )
    with pytest.raises(InputError, match="'b' is a condition, but 'b' stands for all value groups"):
        claims.hear(claims.sources_of("wang-2022"), [str(path)], folder=tmp_path)


def test_a_problem_that_is_none_is_refused_beyond_too() -> None:
    with pytest.raises(InputError):
        claims.hear(claims.sources_of("saadat-2022"), ["no such problem"], beyond=True)
