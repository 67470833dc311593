"""The claims that a study puts to the test, one table line each, with what would refute them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from ntk_theory.studies.initialisation.evidence import Decide, KernelClaim, PartResult, ProblemEvidence
from ntk_theory.studies.initialisation.exponents import norm_exponent, spread_exponent
from ntk_theory.studies.initialisation.frozen_limit import frozen_limit
from ntk_theory.studies.initialisation.linear_start import linear_start
from ntk_theory.studies.initialisation.observed_limit import Observed, agrees
from ntk_theory.studies.initialisation.odd_points import odd_points
from ntk_theory.studies.initialisation.sharp_limit import sharp_limit, shows, with_help
from ntk_theory.studies.initialisation.unknown_term import unknown_term
from ntk_theory.studies.judging.claim import Claim
from ntk_theory.studies.judging.verdict import (
    MORE_SEEDS,
    Need,
    Outcome,
    Reason,
    Remedy,
    Verdict,
)

#: What another set of claims needs stands here too.
__all__ = ["CLAIMS", "Claim", "Decide", "Outcome", "PartResult", "ProblemEvidence", "Verdict", "decide_all"]

_CONVERGES = (Observed.ZERO, Observed.DETERMINISTIC)
_FAILS = (Observed.RANDOM, Observed.DIVERGES)
_WORDS = {
    Observed.ZERO: "it goes to zero",
    Observed.DETERMINISTIC: "it converges to a fixed kernel",
    Observed.RANDOM: "it stays random",
    Observed.DIVERGES: "it diverges",
}
ADD_S = Remedy((Need.S,), "add one")


def _threshold_statement(e: ProblemEvidence, block: str, *, converse: bool) -> str:
    """The paper's claim with this problem's number in it: ``K_ff converges for s ≥ 3/4 (s1, D = 1)``."""
    paper = e.classification.paper
    why = {"A": "case A", "homogeneous": f"{'s2' if block == 'bf' else 's1'}, D = {paper.degree}"}
    origin = f" ({why[str(paper.case)]})" if block != "bb" and str(paper.case) in why else ""
    verb, sign = ("fails to converge", "<") if converse else ("converges", "≥")
    return f"K_{block} {verb} for s {sign} {paper.threshold(block)}{origin}"


def _paper_block(block: str, *, converse: bool) -> Decide:
    def decide(claim: KernelClaim, e: ProblemEvidence) -> Iterator[Verdict]:
        threshold = e.classification.paper.threshold(block)
        if threshold is None or block not in e.block_names:
            steps = e.classification.paper.steps.values()
            why = next((s.because for s in steps if s.answer == "no"), "the block does not exist")
            yield claim.verdict(Outcome.NOT_APPLICABLE, why, block)
            return
        statement = _threshold_statement(e, block, converse=converse)
        limit = Fraction(int(threshold.p), int(threshold.q))
        tested = [s for s in e.s_measured(block) if (s < limit if converse else s >= limit)]
        against, wanted = (_CONVERGES, _FAILS) if converse else (_FAILS, _CONVERGES)
        side = f"s {'<' if converse else '≥'} {threshold}"
        if not tested:
            none = Reason(f"no exponent with {side} was measured", remedy=ADD_S)
            yield claim.verdict(Outcome.UNDECIDED, none, block, statement=statement)
            return
        seen = {s: e.observed(block, s) for s in tested}
        predicted = f"{'fails' if converse else 'converges'} for {side}"
        for s, (limit_class, reason) in seen.items():
            if limit_class in against:
                withheld = e.withheld(block, s, reason.text, shows(wanted))
                if withheld is not None:
                    seen[s] = Observed.UNDECIDED, withheld
                    continue
                found = replace(reason, text=f"{_WORDS[limit_class]}: {reason.text}", s=s)
                yield claim.verdict(Outcome.REFUTED, found, block, s, predicted, str(limit_class), statement)
                return
        undecided = [
            replace(with_help(e, (block, s), why, wanted), s=s)
            for s, (limit_class, why) in seen.items()
            if limit_class not in wanted
        ]
        if undecided:
            yield claim.verdict(Outcome.UNDECIDED, undecided, block, None, predicted, statement=statement)
            return
        classes = dict.fromkeys(limit_class for limit_class, _ in seen.values())
        shown = "; ".join(
            f"{_WORDS[c]} at s = {', '.join(str(s) for s, (own, _) in seen.items() if own is c)}"
            for c in classes
        )
        yield claim.verdict(Outcome.SUPPORTED, shown, block, None, predicted, shown, statement)

    return decide


def _law(claim: KernelClaim, e: ProblemEvidence) -> Iterator[Verdict]:
    for (block, s), evidence in e.blocks.items():
        if evidence.law_p is None:
            why = "; ".join(evidence.notes) or "no limit law for this network"
            yield claim.verdict(Outcome.NOT_APPLICABLE, why, block, s)
            continue
        rank = evidence.law_rank
        assert rank is not None
        if evidence.law_is_constant and evidence.law_p == 1.0:
            reason = Reason("the law is one number, which every network meets to rounding")
        else:
            text = (
                f"p = {evidence.law_p:.2g}; mean rank of the networks in the law in "
                f"[{rank.low:.2f}, {rank.high:.2f}], 0.5 expected"
            )
            reason = Reason(text, "law-rank")
        if (block, s) in e.doubted:
            outcome, reason = Outcome.UNDECIDED, replace(reason, remedy=MORE_SEEDS)
        elif (block, s) in e.rejected:
            outcome = Outcome.REFUTED
        elif agrees(evidence, e.criterion):
            outcome = Outcome.SUPPORTED
        else:
            outcome = Outcome.UNDECIDED
            reason = replace(reason, remedy=rank.remedy(e.criterion.rank_margin))
        yield claim.verdict(outcome, reason, block, s)


def _part(name: str) -> Decide:
    def decide(claim: KernelClaim, e: ProblemEvidence) -> Iterator[Verdict]:
        part = e.parts.get(name)
        if part is None:
            yield claim.verdict(Outcome.NOT_APPLICABLE, "no limit law for this network")
        else:
            yield claim.verdict(part.outcome, part.reason)

    return decide


#: Every claim, in the order of the report. A new claim is one line here.
CLAIMS: tuple[KernelClaim, ...] = (
    Claim("paper-bb", "K_bb converges for s ≥ 1/2", "[ZY] Theorem 2.2",
          "a random or diverging K_bb at some s ≥ 1/2", _paper_block("bb", converse=False)),
    Claim("paper-ff", "K_ff converges for s ≥ 1 in case A, for s ≥ s1 else", "[ZY] Theorem 2.2, s1 [R]",
          "a random or diverging K_ff at such an s", _paper_block("ff", converse=False)),
    Claim("paper-bf", "K_bf converges for s ≥ 1 in case A, for s ≥ s2 else", "[ZY] Theorem 2.2, s2 [R]",
          "a random or diverging K_bf at such an s", _paper_block("bf", converse=False)),
    Claim("converse-ff", "K_ff fails to converge below that exponent", "[ZY] summary",
          "a K_ff that converges at a smaller s", _paper_block("ff", converse=True)),
    Claim("converse-bf", "K_bf fails to converge below that exponent", "[ZY] summary",
          "a K_bf that converges at a smaller s", _paper_block("bf", converse=True)),
    Claim("sharp-limit", "the limit class of every block at every s", "[D] ε-calculus",
          "another limit class at that s", sharp_limit),
    Claim("norm-exponent", "the exponent of N in the typical ‖K‖", "[D] ε-calculus",
          "another exponent in the law that the networks follow; where the law is silent, a settled slope "
          "of the median log‖K‖ that excludes it (Holm over blocks and s)", norm_exponent),
    Claim("spread-exponent", "the exponent of N in the spread of K", "[D] ε-calculus",
          "a larger exponent in the law that the networks follow; where the law is one number, a settled "
          "slope of the log spread that excludes it (Holm over blocks and s)", spread_exponent),
    Claim("law-identity", "(a) K^gh = ε² Σ F F' T + F_0 F_0'", "[D] ε-calculus",
          "a kernel without the identity that differs beyond rounding", _part("a")),
    Claim("law-field", "(b) S_N is distributed like G", "[D] infinite-width law",
          "a two-sample rejection at the largest widths", _part("b")),
    Claim("law-jet-ntk", "(c) T_N has the mean T^∞ and a spread like N^(-1/2)", "[D] infinite-width law",
          "a mean that differs, or a settled spread of another rate", _part("c")),
    Claim("law", "(d) K with T^∞ for T_N follows the finite-ε law", "[D] infinite-width law",
          "a two-sample rejection at the largest widths (Holm over blocks and s)", _law),
    Claim("linear-start", "with a first layer of order 1/√N, |u_α| ~ N^(-k/2) and T_αα ~ N^(1-k), k the "
          "least odd number ≥ |α|", "[D] THEORY §4",
          "a settled slope of a median size that excludes its power", linear_start),
    Claim("odd-points", "without biases at the start odd networks have S_α(-x) = -(-1)^|α| S_α(x), S_α(0) = "
          "0 for even |α|, and there T_αα from trained biases alone", "[D] THEORY §3",
          "one network that is off by more than rounding", odd_points),
    Claim("unknown-term", "trained coefficients add the products of their derivatives to K, and change its "
          "limit class or leave it", "[D] THEORY §9", "another limit class at that s", unknown_term),
    Claim("frozen-limit", "under an ansatz and above s = 1/2, K → Σ F_{i0} F_{i0}' of the operator "
          "linearised where the output bias starts; 0 without a trained one", "[D] THEORY §8",
          "a law that the networks follow and whose kernel goes elsewhere", frozen_limit),
)  # fmt: skip


def decide_all(evidence: ProblemEvidence) -> tuple[Verdict, ...]:
    """The verdict on every claim."""
    return tuple(verdict for claim in CLAIMS for verdict in claim.verdicts(evidence))
