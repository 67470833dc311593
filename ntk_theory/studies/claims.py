"""The claims that a study puts to the test, one table line each, with what would refute them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import sympy as sp

from ntk_theory.studies.evidence import BlockEvidence, Criterion, Observed, agrees, observed_limit
from ntk_theory.theory import Classification, Limit, Regime


class Outcome(StrEnum):
    """What the evidence does to a claim."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    UNDECIDED = "undecided"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Verdict:
    """The outcome of one claim, with its reason and, where undecided, the remedy.

    ``block`` and ``s`` say what it is about; empty and ``None`` for a claim on the whole problem.
    """

    claim: str
    statement: str
    source: str
    block: str
    s: Fraction | None
    outcome: Outcome
    reason: str
    predicted: str = ""
    observed: str = ""

    def to_dict(self) -> dict[str, str | None]:
        """The verdict as plain strings."""
        plain = {name: str(value) for name, value in self.__dict__.items()}
        return {**plain, "s": None if self.s is None else str(self.s)}


@dataclass(frozen=True)
class PartResult:
    """A part of the finite-ε law tested as a whole: its outcome and the evidence in words."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True)
class ProblemEvidence:
    """What is known of one problem with one activation: prediction, evidence per block and s, parts.

    ``rejected`` holds the blocks and s at which part (d) was rejected (Holm over all of them).
    """

    classification: Classification
    blocks: Mapping[tuple[str, Fraction], BlockEvidence]
    rejected: frozenset[tuple[str, Fraction]]
    parts: Mapping[str, PartResult]
    criterion: Criterion

    def observed(self, block: str, s: Fraction) -> tuple[Observed, str]:
        """The limit class that was seen, with the reason."""
        e = self.blocks[block, s]
        rejected = (block, s) in self.rejected
        if not rejected and e.tail is not None and e.tail.relative_range == 0.0:
            # A constant law is met to rounding by construction; then (c) must carry the verdict.
            jet_ntk = self.parts.get("c")
            rejected = jet_ntk is not None and jet_ntk.outcome is Outcome.REFUTED
        return observed_limit(e, self.criterion, law_rejected=rejected)

    def exponents(self, block: str) -> list[Fraction]:
        """The exponents s at which the block was measured, ascending."""
        return sorted(s for name, s in self.blocks if name == block)

    @property
    def block_names(self) -> list[str]:
        """The blocks in the order of the classification."""
        measured = {name for name, _ in self.blocks}
        return [name for name in self.classification.sharp if name in measured]

    def regime(self, block: str, s: Fraction) -> Regime:
        """The predicted regime."""
        return self.classification.regime(block, s)


Decide = Callable[["Claim", ProblemEvidence], Iterator[Verdict]]


@dataclass(frozen=True)
class Claim:
    """One claim: who makes it, what it says, what would refute it, and how it is decided."""

    code: str
    statement: str
    source: str
    refuted_by: str
    decide: Decide

    def verdict(
        self,
        outcome: Outcome,
        reason: str,
        block: str = "",
        s: Fraction | None = None,
        predicted: str = "",
        observed: str = "",
    ) -> Verdict:
        """A verdict on this claim."""
        return Verdict(self.code, self.statement, self.source, block, s, outcome, reason, predicted, observed)


_CONVERGES = (Observed.ZERO, Observed.DETERMINISTIC)
_FAILS = (Observed.RANDOM, Observed.DIVERGES)


def _paper_block(block: str, *, converse: bool) -> Decide:
    def decide(claim: Claim, e: ProblemEvidence) -> Iterator[Verdict]:
        threshold = e.classification.paper.threshold(block)
        if threshold is None or block not in e.block_names:
            steps = e.classification.paper.steps.values()
            why = next((s.because for s in steps if s.answer == "no"), "the block does not exist")
            yield claim.verdict(Outcome.NOT_APPLICABLE, why, block)
            return
        limit = Fraction(int(threshold.p), int(threshold.q))
        tested = [s for s in e.exponents(block) if (s < limit if converse else s >= limit)]
        against, wanted = (_CONVERGES, _FAILS) if converse else (_FAILS, _CONVERGES)
        side = f"s {'<' if converse else '≥'} {threshold}"
        if not tested:
            yield claim.verdict(Outcome.UNDECIDED, f"no exponent with {side} was measured: add one", block)
            return
        seen = {s: e.observed(block, s) for s in tested}
        predicted = f"{'fails' if converse else 'converges'} for {side}"
        for s, (limit_class, reason) in seen.items():
            if limit_class in against:
                why = f"at s = {s} the limit is {limit_class}: {reason}"
                yield claim.verdict(Outcome.REFUTED, why, block, s, predicted, str(limit_class))
                return
        undecided = [
            f"s = {s}: {reason}" for s, (limit_class, reason) in seen.items() if limit_class not in wanted
        ]
        if undecided:
            yield claim.verdict(Outcome.UNDECIDED, "; ".join(undecided), block, None, predicted)
            return
        shown = ", ".join(f"{limit_class} at s = {s}" for s, (limit_class, _) in seen.items())
        yield claim.verdict(Outcome.SUPPORTED, shown, block, None, predicted, shown)

    return decide


def _sharp_limit(claim: Claim, e: ProblemEvidence) -> Iterator[Verdict]:
    for block in e.block_names:
        for s in e.exponents(block):
            predicted = e.regime(block, s).limit
            if predicted in (Limit.UNDECIDED, Limit.UNDEFINED):
                yield claim.verdict(Outcome.NOT_APPLICABLE, f"the prediction is: {predicted}", block, s)
                continue
            seen, reason = e.observed(block, s)
            if seen is Observed.UNDECIDED:
                outcome = Outcome.UNDECIDED
            else:
                outcome = Outcome.SUPPORTED if seen == str(predicted) else Outcome.REFUTED
            yield claim.verdict(outcome, reason, block, s, str(predicted), str(seen))


def exponent_at(regime: Regime, s: Fraction) -> float | None:
    """The predicted exponent of N in ‖K‖ at one s; ``None`` where there is none."""
    return None if regime.norm_exponent is None else _number(regime.norm_exponent, s)


def _number(expression: sp.Expr, s: Fraction) -> float:
    exact = sp.Rational(s.numerator, s.denominator)
    return float(expression.xreplace(dict.fromkeys(expression.free_symbols, exact)))


def _norm_exponent(claim: Claim, e: ProblemEvidence) -> Iterator[Verdict]:
    c = e.criterion
    for block in e.block_names:
        for s in e.exponents(block):
            value = exponent_at(e.regime(block, s), s)
            if value is None:
                yield claim.verdict(Outcome.NOT_APPLICABLE, "no exponent is predicted", block, s)
                continue
            evidence = e.blocks[block, s]
            usable = (block, s) not in e.rejected and agrees(evidence, c)
            if usable and evidence.tail is not None:
                slope = evidence.tail.slope
                fits = abs(slope - value) <= c.law_slope_margin
                outcome = Outcome.SUPPORTED if fits else Outcome.REFUTED
                reason = f"networks follow the law, whose slope between N = 10^20 and 10^40 is {slope:.3f}"
                yield claim.verdict(outcome, reason, block, s, f"{value:g}", f"{slope:.3f}")
            else:
                yield _by_interval(claim, e, block, s, value, spread=False)


def _spread_exponent(claim: Claim, e: ProblemEvidence) -> Iterator[Verdict]:
    c = e.criterion
    for block in e.block_names:
        for s in e.exponents(block):
            predicted = e.regime(block, s).spread_exponent
            if predicted is None or e.regime(block, s).norm_exponent is None:
                yield claim.verdict(Outcome.NOT_APPLICABLE, "no exponent is predicted", block, s)
                continue
            value = _number(predicted, s)
            evidence = e.blocks[block, s]
            slope = None if evidence.tail is None else evidence.tail.spread_slope
            usable = (block, s) not in e.rejected and agrees(evidence, c)
            if usable and slope is not None and abs(slope - value) <= c.law_slope_margin:
                reason = f"networks follow the law, whose spread has the slope {slope:.3f}"
                yield claim.verdict(Outcome.SUPPORTED, reason, block, s, f"{value:g}", f"{slope:.3f}")
            else:
                yield _by_interval(claim, e, block, s, value, spread=True)


def _by_interval(
    claim: Claim, e: ProblemEvidence, block: str, s: Fraction, value: float, *, spread: bool
) -> Verdict:
    c = e.criterion
    evidence = e.blocks[block, s]
    interval = evidence.spread_slope if spread else evidence.norm_slope
    reason = f"slope over the widths in [{interval.low:.3f}, {interval.high:.3f}]"
    if interval.within(value, c.slope_margin):
        outcome = Outcome.SUPPORTED
    elif interval.excludes(value, c.slope_exclusion):
        outcome = Outcome.REFUTED
    else:
        outcome = Outcome.UNDECIDED
    if outcome is Outcome.REFUTED and (spread or evidence.tail is not None):
        # A slope at reachable widths may still be on its way to the asymptotic one (THEORY §3).
        outcome, reason = Outcome.UNDECIDED, f"{reason}, which may be pre-asymptotic: needs larger widths"
    elif outcome is Outcome.UNDECIDED:
        reason = f"{reason}: {interval.remedy(c.slope_margin)}"
    return claim.verdict(outcome, reason, block, s, f"{value:g}", f"{interval.value:.3f}")


def _law(claim: Claim, e: ProblemEvidence) -> Iterator[Verdict]:
    for (block, s), evidence in e.blocks.items():
        if evidence.law_p is None:
            why = "; ".join(evidence.notes) or "no limit law for this network"
            yield claim.verdict(Outcome.NOT_APPLICABLE, why, block, s)
            continue
        rank = evidence.law_rank
        assert rank is not None
        reason = f"p = {evidence.law_p:.3g}, mean rank in [{rank.low:.2f}, {rank.high:.2f}]"
        if (block, s) in e.rejected:
            outcome = Outcome.REFUTED
        elif agrees(evidence, e.criterion):
            outcome = Outcome.SUPPORTED
        else:
            outcome = Outcome.UNDECIDED
            reason = f"{reason}: {rank.remedy(e.criterion.rank_margin)}"
        yield claim.verdict(outcome, reason, block, s)


def _part(name: str) -> Decide:
    def decide(claim: Claim, e: ProblemEvidence) -> Iterator[Verdict]:
        part = e.parts.get(name)
        if part is None:
            yield claim.verdict(Outcome.NOT_APPLICABLE, "no limit law for this network")
        else:
            yield claim.verdict(part.outcome, part.reason)

    return decide


#: Every claim, in the order of the report. A new claim is one line here.
CLAIMS: tuple[Claim, ...] = (
    Claim("paper-bb", "K_bb converges for s ≥ 1/2", "[ZY] Theorem 2.2",
          "a random or diverging K_bb at some s ≥ 1/2", _paper_block("bb", converse=False)),
    Claim("paper-ff", "K_ff converges from s1 on, or from 1 in case A", "[ZY] Theorem 2.2, s1 [R]",
          "a random or diverging K_ff at such an s", _paper_block("ff", converse=False)),
    Claim("paper-bf", "K_bf converges from s2 on, or from 1 in case A", "[ZY] Theorem 2.2, s2 [R]",
          "a random or diverging K_bf at such an s", _paper_block("bf", converse=False)),
    Claim("converse-ff", "K_ff fails to converge below that exponent", "[ZY] summary",
          "a K_ff that converges at a smaller s", _paper_block("ff", converse=True)),
    Claim("converse-bf", "K_bf fails to converge below that exponent", "[ZY] summary",
          "a K_bf that converges at a smaller s", _paper_block("bf", converse=True)),
    Claim("sharp-limit", "the limit class of the ε-calculus", "[D] ε-calculus",
          "another limit class at that s", _sharp_limit),
    Claim("norm-exponent", "the exponent of N in the typical ‖K‖", "[D] ε-calculus",
          "a slope of the median of log‖K‖ that excludes it", _norm_exponent),
    Claim("spread-exponent", "the exponent of N in the spread of K", "[D] ε-calculus",
          "a slope of the interquartile range that excludes it", _spread_exponent),
    Claim("law-identity", "(a) K^gh = ε² Σ F F' T + F_0 F_0'", "[D] ε-calculus",
          "a kernel without the identity that differs beyond rounding", _part("a")),
    Claim("law-field", "(b) S_N is distributed like G", "[D] infinite-width law",
          "a two-sample rejection at the largest widths", _part("b")),
    Claim("law-jet-ntk", "(c) T_N has the mean T^∞ and a spread like N^(-1/2)", "[D] infinite-width law",
          "a mean that differs, or another rate", _part("c")),
    Claim("law", "(d) K with T^∞ for T_N follows the finite-ε law", "[D] infinite-width law",
          "a two-sample rejection at the largest widths", _law),
)  # fmt: skip


def decide_all(evidence: ProblemEvidence) -> tuple[Verdict, ...]:
    """The verdict on every claim."""
    return tuple(verdict for claim in CLAIMS for verdict in claim.decide(claim, evidence))
