"""The oracle's answers against those of ``classify``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import ntk_theory as nt
from ntk_theory.errors import BudgetError
from ntk_theory.symbolic.loading import from_toml
from rules_oracle.answers import MIXTURE, RARE, UNDEFINED, Answer, Answers, answers
from rules_oracle.problems import OracleProblem
from rules_oracle.truth import BIASES

#: Both sides of 1/2; 1/4 is where a block without T^∞ turns over.
EXPONENTS = tuple(map(Fraction, ("1/5", "1/4", "2/5", "1/2", "5/8", "3/4", "1")))
#: Jets per pair of points where an answer seems wrong.
SECOND_LOOK = 40
AGREES, WRONG, UNDECIDED = "agrees", "wrong", "undecided"


@dataclass(frozen=True)
class Claim:
    """What ``classify`` says of one block at one s; ``classes``: those of a mixture."""

    limit: str
    exponent: Fraction | None
    classes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Comparison:
    """One answer, beside the truth."""

    problem: OracleProblem
    block: str
    bias: str
    s: Fraction
    truth: Answer
    claim: Claim

    @property
    def verdict(self) -> str:
        """Agrees, wrong or undecided."""
        if self.claim.limit == UNDECIDED or self._partly_undecided():
            return UNDECIDED
        return AGREES if self._class_agrees() and self._exponent_agrees() else WRONG

    def _partly_undecided(self) -> bool:
        """A mixture of which some classes are named, rightly, and others are not decided."""
        named = self.claim.classes - {UNDECIDED}
        return named < self.claim.classes and named <= {*self.truth.fractions, self.truth.limit}

    def _class_agrees(self) -> bool:
        """A mixture must be said to be one, of the classes that occur at two points or at one."""
        if self.truth.limit == MIXTURE:
            common = {k for k, share in self.truth.fractions.items() if share > RARE}
            return bool(self.claim.classes) and self.claim.classes in (common, self.truth.at_one_point)
        return not self.claim.classes and self.claim.limit == self.truth.limit

    def _exponent_agrees(self) -> bool:
        if self.claim.exponent is None or self.truth.limit in {MIXTURE, UNDEFINED}:
            return True
        if self.truth.beyond:
            return False
        return self.truth.exponent is None or self.claim.exponent in self.truth.possible

    def __str__(self) -> str:
        power = "" if self.claim.exponent is None else f", N^{self.claim.exponent}"
        chance = self.claim.classes and f" ({' or '.join(sorted(self.claim.classes))})"
        return (
            f"{self.problem} | {self.bias} {self.block} s={self.s}: "
            f"classify {self.claim.limit}{power}{chance or ''}, oracle {self.truth}"
        )


Classify = Callable[[OracleProblem, str], Any]


def ask(problem: OracleProblem, bias: str) -> Any:
    """The package's classification of a problem's file; None where it is refused as too much work."""
    try:
        return nt.classify(from_toml(problem.toml()), output_bias=bias, depth=1)
    except BudgetError:
        return None


def claim(classification: Any, block: str, s: Fraction) -> Claim | None:
    """The public answer; None where this problem has no such block. What is refused is undecided."""
    if classification is None:
        return Claim(UNDECIDED, None)
    if block not in classification.sharp:
        return None
    regime = classification.regime(block, s)
    exponent = regime.norm_exponent
    if exponent is not None:
        value = exponent.subs(dict.fromkeys(exponent.free_symbols, s))
        exponent = Fraction(str(value)) if value.is_Rational else None
    classes = frozenset(map(str, regime.probability))
    return Claim(str(regime.limit), exponent, classes if len(classes) > 1 else frozenset())


def compare(
    problem: OracleProblem, seed: int = 0, classify: Classify | None = None, biases: tuple[str, ...] = BIASES
) -> Iterator[Comparison]:
    """Every answer about a problem, and about its other spelling, against one truth.

    Where an answer seems wrong the truth is drawn again, and elsewhere in the domain: rare events may be
    missed. ``classify`` takes the problem and the output bias; by default it is the package's own.
    """
    classify = classify or ask
    found = list(_compare(problem, classify, biases, answers(problem, EXPONENTS, seed, biases)))
    for again in (seed, seed + 1):
        if not any(comparison.verdict == WRONG for comparison in found):
            break
        truth = answers(problem, EXPONENTS, again, biases, SECOND_LOOK)
        found = list(_compare(problem, classify, biases, truth))
    yield from found


def _compare(
    problem: OracleProblem, classify: Classify, biases: Sequence[str], truth: Answers
) -> Iterator[Comparison]:
    for spelled in [problem] + ([problem.other_spelling()] if problem.respelled else []):
        for bias in biases:
            found = classify(spelled, bias)
            for (block, of, s), answer in truth.items():
                said = claim(found, block, s) if of == bias else None
                if said is not None:
                    yield Comparison(spelled, block, bias, s, answer, said)
