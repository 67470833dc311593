"""Claims: what is put to the test, as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

from ntk_theory.studies.judging.verdict import Outcome, Reasons, Verdict, as_reasons, in_words

Evidence = TypeVar("Evidence")


@dataclass(frozen=True)
class Claim(Generic[Evidence]):
    """One claim: who makes it, what it says, what would refute it, and how it is decided."""

    code: str
    statement: str
    source: str
    refuted_by: str
    decide: Callable[[Claim[Evidence], Evidence], Iterator[Verdict]]

    def verdicts(self, evidence: Evidence) -> Iterator[Verdict]:
        """The verdicts on this claim, one, or one per block and s it speaks of."""
        return self.decide(self, evidence)

    def verdict(
        self,
        outcome: Outcome,
        reason: Reasons,
        block: str = "",
        s: Fraction | None = None,
        predicted: str = "",
        observed: str = "",
        statement: str = "",
    ) -> Verdict:
        """A verdict on this claim; ``statement`` says it for the problem at hand."""
        words, reasons = statement or self.statement, as_reasons(reason)
        text = in_words(reasons, s)
        return Verdict(self.code, words, self.source, block, s, outcome, text, predicted, observed, reasons)
