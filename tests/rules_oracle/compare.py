"""The oracle's answers against those of ``classify``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import ntk_theory as nt
from ntk_theory.symbolic.loading import from_toml
from rules_oracle.answers import MIXTURE, RARE, UNDEFINED, Answer, answers
from rules_oracle.problems import OracleProblem

#: Both sides of 1/2; 1/4 is where a block without T^∞ turns over.
EXPONENTS = tuple(map(Fraction, ("1/5", "1/4", "2/5", "1/2", "5/8", "3/4", "1")))
AGREES, WRONG, UNDECIDED = "agrees", "wrong", "undecided"
BIASES = ("zero", "normal", "none")


@dataclass(frozen=True)
class Claim:
    """What ``classify`` says of one block at one s."""

    limit: str
    exponent: Fraction | None
    probability: float | None = None


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
        if self.claim.limit == UNDECIDED:
            return UNDECIDED
        return AGREES if self._class_agrees() and self._exponent_agrees() else WRONG

    def _class_agrees(self) -> bool:
        """A mixture must be said to be one, and the class that is named must be among its classes."""
        said, p = self.claim.limit, self.claim.probability
        certain = p is None or p > 1 - RARE
        if self.truth.limit == MIXTURE:
            return not certain and self.truth.fractions.get(said, 0.0) > RARE
        return certain and said == self.truth.limit

    def _exponent_agrees(self) -> bool:
        if self.claim.exponent is None or self.truth.limit in {MIXTURE, UNDEFINED}:
            return True
        if self.truth.beyond:
            return False
        return self.truth.exponent in {None, self.claim.exponent}

    def __str__(self) -> str:
        power = "" if self.claim.exponent is None else f", N^{self.claim.exponent}"
        chance = "" if self.claim.probability is None else f" p={self.claim.probability}"
        return (
            f"{self.problem} | {self.bias} {self.block} s={self.s}: "
            f"classify {self.claim.limit}{power}{chance}, oracle {self.truth}"
        )


Classify = Callable[[OracleProblem, str], Any]


def ask(problem: OracleProblem, bias: str) -> Any:
    """The package's classification of a problem's file."""
    return nt.classify(from_toml(problem.toml()), output_bias=bias)


def claim(classification: Any, block: str, s: Fraction) -> Claim | None:
    """The public answer; None where this problem has no such block."""
    if block not in classification.sharp:
        return None
    regime = classification.regime(block, s)
    exponent = regime.norm_exponent
    if exponent is not None:
        value = exponent.subs(dict.fromkeys(exponent.free_symbols, s))
        exponent = Fraction(str(value)) if value.is_Rational else None
    chance = getattr(regime, "probability", None)
    return Claim(str(regime.limit), exponent, None if chance is None else float(chance))


def compare(
    problem: OracleProblem, seed: int = 0, classify: Classify | None = None, biases: tuple[str, ...] = BIASES
) -> Iterator[Comparison]:
    """Every answer about a problem, and about its other spelling, against one truth.

    ``classify`` takes the problem and the output bias; by default the package's, on the problem's file.
    """
    classify = classify or ask
    truth = answers(problem, EXPONENTS, seed)
    spellings = [problem] + ([problem.other_spelling()] if problem.respelled else [])
    for spelled in spellings:
        for bias in biases:
            found = classify(spelled, bias)
            for (block, of, s), answer in truth.items():
                said = claim(found, block, s) if of == bias else None
                if said is not None:
                    yield Comparison(spelled, block, bias, s, answer, said)
