"""Every source: complete, and every claim of its own on three examples (supported, planted false, silent).

A claim that a kind of study makes anyway has its examples in tests/conformance/test_claims.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.claims import registry
from ntk_theory.claims.exhibit import Exhibit, effective_rank, eigenvalues
from ntk_theory.claims.source import EXHIBIT, Reading, SourceClaim
from ntk_theory.claims.sources.doumeche_2024 import kernel_error
from ntk_theory.errors import InputError
from ntk_theory.studies.flow.evidence import Movement
from ntk_theory.studies.initialisation.observed_limit import Observed
from ntk_theory.studies.judging.kind import kind
from ntk_theory.studies.judging.own_claims import Finding
from ntk_theory.studies.judging.trends import NO_TREND
from ntk_theory.studies.judging.verdict import Outcome, Reason
from ntk_theory.studies.kinds import KINDS
from ntk_theory.training.defaults import default_network
from ntk_theory.training.solution import TestGrid

HALF = Fraction(1, 2)
LINEAR, NONLINEAR, NO_LINEAR_PART = "u_t - u_xx", "u_t + u*u_x", "u*u_t + u_x^2"
SOURCES = registry.known()
OWN = {c.code: (s, c) for s in SOURCES.values() for c in s.claims if c.decide or c.needs == EXHIBIT}


def kernels(text: str, seen: Observed, s: tuple[Fraction, ...] = (HALF,)) -> Any:
    """Evidence of a study of kernels that has seen one limit of K_ff."""
    return SimpleNamespace(
        classification=nt.classify(text),
        s_measured=lambda block: list(s),
        observed=lambda block, at: (seen, Reason("as seen", "seen")),
    )


def flows(linear: bool, moved: Movement) -> Any:
    return SimpleNamespace(
        is_linear=linear, at={HALF: SimpleNamespace(spectral_trend=NO_TREND)}, drift={HALF: moved}
    )


#: Claim → (what supports it, a planted false world, where it does not speak). For exhibited claims: numbers,
#: numbers, and a problem.
EXAMPLES: dict[str, tuple[Callable[[], Any], Callable[[], Any], Callable[[], Any]]] = {
    "wang-deterministic": (
        lambda: kernels(LINEAR, Observed.DETERMINISTIC),
        lambda: kernels(LINEAR, Observed.RANDOM),
        lambda: kernels(NONLINEAR, Observed.RANDOM),
    ),
    "wang-constant": (
        lambda: flows(True, Movement.ZERO),
        lambda: flows(True, Movement.STAYS),
        lambda: flows(False, Movement.STAYS),
    ),
    "bonfanti-random": (
        lambda: kernels(NONLINEAR, Observed.RANDOM),
        lambda: kernels(NONLINEAR, Observed.DETERMINISTIC),
        lambda: kernels(LINEAR, Observed.DETERMINISTIC),
    ),
    "bonfanti-moving": (
        lambda: flows(False, Movement.STAYS),
        lambda: flows(False, Movement.ZERO),
        lambda: flows(True, Movement.ZERO),
    ),
    "wang-disparity": (
        lambda: {"ratio": 158.0},
        lambda: {"ratio": 1.5},
        lambda: nt.problem("u_t - k*u_xx", unknowns={"k": 1}),
    ),
    "saadat-disparity": (lambda: {"ratio": 12.0}, lambda: {"ratio": 2.0}, lambda: NONLINEAR),
    "saadat-sine": (lambda: {"tanh": 9.0, "sin": 4.0}, lambda: {"tanh": 9.0, "sin": 11.0}, lambda: NONLINEAR),
    "gan-decay": (
        lambda: {"operator": -2.1, "values": -6.0}, lambda: {"operator": -7.0, "values": -6.0},
        lambda: NO_LINEAR_PART,
    ),
    "xie-collapse": (
        lambda: {"plain": 5.0, "hard": 2.0}, lambda: {"plain": 2.0, "hard": 3.0}, lambda: NO_LINEAR_PART
    ),
    "xu-definite": (
        lambda: {"lowest": 1e-6, "points": 9}, lambda: {"lowest": -1e-6, "points": 9}, lambda: NO_LINEAR_PART
    ),
    "xu-contraction": (
        lambda: {"ratios": {64: 0.7, 1024: 0.1}},
        lambda: {"ratios": {64: 0.7, 1024: 0.95}},
        lambda: nt.problem("u_t - k*u_xx", unknowns={"k": 1}),
    ),
    "deryck-rate": (
        lambda: {"log": -9.0, "bound": -8.0}, lambda: {"log": -1.0, "bound": -8.0}, lambda: NONLINEAR
    ),
    "wang-frequencies": (
        lambda: {"low": 3.0, "high": 14.0}, lambda: {"low": 3.0, "high": 3.1},
        lambda: nt.problem("u_xx + u", ansatz="u = x*v"),
    ),
    "kernel-beats-adam": (
        lambda: {"kernel": 4e-7, "networks": [8e-5] * 6, "method": "adam", "steps": 2000},
        lambda: {"kernel": 5e-2, "networks": [2e-2] * 6, "method": "adam", "steps": 2000},
        lambda: NONLINEAR,
    ),
    "kernel-beats-gauss-newton": (
        lambda: {"kernel": 4e-7, "networks": [1e-6] * 6, "method": "gauss-newton", "steps": 100},
        lambda: {"kernel": 6e-7, "networks": [7e-8] * 6, "method": "gauss-newton", "steps": 100},
        lambda: NONLINEAR,
    ),
    "condition-grows": (
        lambda: {"low": 0.2, "high": 0.3, "median": 50.0},
        lambda: {"low": -0.2, "high": -0.1, "median": 50.0},
        lambda: nt.problem("u_t - k*u_xx", unknowns={"k": 1}),
    ),
}  # fmt: skip


def found(claim: SourceClaim, world: Any) -> list[Finding]:
    if claim.needs == EXHIBIT:
        assert claim.judge is not None
        return [claim.judge(world)]
    assert claim.decide is not None
    made = claim.decide(world)
    return [made] if isinstance(made, Finding) else list(made)


def test_every_claim_of_its_own_has_its_three_examples() -> None:
    assert sorted(EXAMPLES) == sorted(OWN)


@pytest.mark.parametrize("code", EXAMPLES)
def test_a_claim_decides_its_examples(code: str) -> None:
    _, claim = OWN[code]
    supported, false, silent = (make() for make in EXAMPLES[code])
    assert [f.outcome for f in found(claim, supported)] == [Outcome.SUPPORTED]
    assert [f.outcome for f in found(claim, false)] == [Outcome.REFUTED]
    if claim.needs == EXHIBIT:
        assert claim.applies(nt.problem(silent))
    else:
        assert [f.outcome for f in found(claim, silent)] == [Outcome.NOT_APPLICABLE]


@pytest.mark.parametrize("key", SOURCES)
def test_a_source_is_complete(key: str) -> None:
    source = SOURCES[key]
    assert source.key == key
    assert source.citation
    assert source.address.startswith("https://")
    assert source.claims
    for what in source.problems:
        nt.problem(what)
    for claim in source.claims:
        assert claim.reading in Reading
        assert all((claim.statement, claim.hypotheses, claim.predicts, claim.refuted_by))
        assert claim.needs in (*KINDS, EXHIBIT)
        if claim.needs == EXHIBIT:
            assert claim.measure, f"{claim.code} has no measure"
            assert claim.judge, f"{claim.code} has no judge"
        elif claim.decide is None:
            assert claim.code in {own.code for own in kind(claim.needs).claims}


def test_at_least_eleven_sources() -> None:
    assert len(SOURCES) >= 11


def test_an_unknown_source_is_named() -> None:
    with pytest.raises(
        InputError, match="claims has the source 'nobody-1900'; it needs some of bonfanti-2024"
    ):
        registry.sources_of("wang-2022,nobody-1900")


def test_studies_without_one_half_leave_their_claims_open() -> None:
    _, claim = OWN["bonfanti-random"]
    (one,) = found(claim, kernels(NONLINEAR, Observed.RANDOM, s=(Fraction(1),)))
    assert one.outcome == Outcome.UNDECIDED


def test_between_the_bounds_nothing_is_said() -> None:
    _, claim = OWN["wang-disparity"]
    (one,) = found(claim, {"ratio": 5.0})
    assert one.outcome == Outcome.UNDECIDED


def test_few_or_scattered_networks_leave_the_kernel_undecided() -> None:
    _, claim = OWN["kernel-beats-adam"]
    (apart,) = found(claim, {"kernel": 1e-6, "networks": [1e-7, *[1e-5] * 5], "method": "adam", "steps": 9})
    (few,) = found(claim, {"kernel": 1e-6, "networks": [1e-3] * 5, "method": "adam", "steps": 9})
    assert (apart.outcome, few.outcome) == (Outcome.UNDECIDED, Outcome.UNDECIDED)


def test_an_exhibit_is_a_limit_kernel() -> None:
    """K^∞ of a linear problem against the mean over wide networks, with its inputs normalised."""
    exhibit = Exhibit.of("poisson", quick=True)
    points = {name: array[:2] for name, array in exhibit.points().items()}
    matrix, rows = exhibit.limit(points=points, is_normalised=True)
    assert {name: part.stop - part.start for name, part in rows.items()} == {"ends": 2, "f": 2}
    network = exhibit.network(4096, input_map=exhibit.normalised())
    drawn = [nt.ntk(exhibit.problem, network, network.init(k), points).matrix for k in range(24)]
    spread = np.std(drawn, axis=0, ddof=1) / np.sqrt(len(drawn))
    # 16 entries, of which 10 differ: 6 standard errors are crossed once in 1e7 such tests.
    assert np.all(np.abs(np.mean(drawn, axis=0) - matrix) <= 6 * spread + 1e-9 * np.abs(matrix))


def test_the_kernel_of_an_exhibit_answers_as_the_infinite_solution() -> None:
    """The same interpolant by two ways of inverting; cut eigenvalues move it by far less than its error."""
    exhibit = Exhibit.of("heat", quick=True)
    grid = TestGrid.of(exhibit.problem, 200)
    shape = default_network(exhibit.problem, width=1024, depth=1, activation="erf")
    other = nt.infinite_solution("heat", exhibit.points(), network=shape, at=grid.points).error
    assert kernel_error(exhibit) == pytest.approx(other, rel=1e-2)


def test_effective_rank_counts_equal_eigenvalues() -> None:
    assert effective_rank(np.array([2.0, 2.0, 2.0, 0.0])) == pytest.approx(3.0)
    assert eigenvalues(np.diag([1.0, 3.0])).tolist() == [3.0, 1.0]


def test_exhibits_measure_what_they_judge() -> None:
    """One cheap exhibit end to end, from a problem to a verdict; the others are run by `claims --all`."""
    source, claim = OWN["xu-definite"]
    verdict = claim.exhibited(Exhibit.of("poisson", quick=True), source.key)
    assert verdict.outcome is Outcome.SUPPORTED
    assert verdict.source == f"[R] {source.key}"
    silent = claim.exhibited(Exhibit.of(NO_LINEAR_PART, quick=True), source.key)
    assert silent.outcome is Outcome.NOT_APPLICABLE
    assert (
        replace(claim, judge=lambda numbers: Finding("refuted", "planted"))
        .exhibited(Exhibit.of("poisson", quick=True), source.key)
        .outcome
        is Outcome.REFUTED
    )
