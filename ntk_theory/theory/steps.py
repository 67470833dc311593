"""Rules and the steps of a derivation.

A rule is an object: code, title, source mark, prerequisites and a pure check with a three-valued
answer. The engine runs rules in prerequisite order; each leaves one :class:`Step`, skips included.
Source marks: [ZY] the paper, [R] our reconstruction of its formulas, [D] derived here and confirmed
numerically, [C] a conjecture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

Context = TypeVar("Context")


class Answer(StrEnum):
    """What a rule says of an operator."""

    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"
    NOT_APPLICABLE = "not applicable"

    @staticmethod
    def of(truth: bool | None) -> Answer:
        """The answer for a three-valued truth."""
        return Answer.UNDECIDED if truth is None else (Answer.YES if truth else Answer.NO)


@dataclass(frozen=True)
class Finding:
    """What a check returns: the answer, the evidence and what follows."""

    answer: Answer
    because: str
    conclusion: str


@dataclass(frozen=True)
class Step:
    """One line of a derivation."""

    rule: str
    title: str
    source: str
    answer: Answer
    because: str
    conclusion: str

    def to_dict(self) -> dict[str, str]:
        """The step as plain strings."""
        return {
            "rule": self.rule,
            "title": self.title,
            "source": self.source,
            "answer": str(self.answer),
            "because": self.because,
            "conclusion": self.conclusion,
        }


@dataclass(frozen=True)
class Rule(Generic[Context]):
    """A rule of the theory.

    ``requires`` maps the code of an earlier rule to the answers under which this one applies.
    """

    code: str
    title: str
    source: str
    check: Callable[[Context], Finding]
    requires: Sequence[tuple[str, tuple[Answer, ...]]] = ()


def run_rules(rules: Sequence[Rule[Context]], context: Context) -> dict[str, Step]:
    """Apply every rule in order; a rule whose prerequisites fail is recorded as not applicable."""
    steps: dict[str, Step] = {}
    for rule in rules:
        failed = [code for code, answers in rule.requires if steps[code].answer not in answers]
        if failed:
            first = steps[failed[0]]
            finding = Finding(
                Answer.NOT_APPLICABLE,
                f"needs “{first.title}”, which is answered: {first.answer}",
                "says nothing here",
            )
        else:
            finding = rule.check(context)
        steps[rule.code] = Step(
            rule.code, rule.title, rule.source, finding.answer, finding.because, finding.conclusion
        )
    return steps
