"""Random operators, built from a closed set of pieces so that they can be shrunk piece by piece."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

#: Derivatives of a field that may occur, as subscripts.
SUBSCRIPTS = ("", "", "_x", "_t", "_xx", "_xt", "_xxx")
COEFFICIENTS = ("1", "-1", "2", "-3", "1/2", "x", "(1 + x^2)")
#: Pieces that keep an operator polynomial.
POWERS = ("{}", "{}", "{}", "{}^2", "{}^3")
#: Pieces that are fractional, non-polynomial, bounded or singular.
SHAPES = (
    "|{}|^(1/2)",
    "|{}|^(3/2)",
    "|{}|",
    "sin({})",
    "cos({})",
    "tanh({})",
    "atan({})",
    "1/(1 + {}^2)",
    "sqrt(1 + {}^2)",
    "exp(-{}^2)",
    "log(1 + {}^2)",
)


@dataclass(frozen=True)
class Factor:
    """One factor: a shape with a slot in it."""

    shape: str
    slot: str

    def __str__(self) -> str:
        return self.shape.format(self.slot)


@dataclass(frozen=True)
class Term:
    """A coefficient times some factors."""

    coefficient: str
    factors: tuple[Factor, ...]

    def __str__(self) -> str:
        return "*".join([self.coefficient, *map(str, self.factors)])


@dataclass(frozen=True)
class Candidate:
    """An operator (one equation) or a system, as sums of terms over x and t."""

    equations: tuple[tuple[Term, ...], ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that occur, in order."""
        used = {f.slot[0] for equation in self.equations for term in equation for f in term.factors}
        return tuple(sorted(used))

    @property
    def size(self) -> int:
        """The number of terms."""
        return sum(map(len, self.equations))

    def __str__(self) -> str:
        return "; ".join(" + ".join(map(str, equation)) for equation in self.equations)


def random_candidate(rng: random.Random, *, max_terms: int = 4, systems: bool = True) -> Candidate:
    """Draw an operator: mixed degrees, fractional and non-polynomial terms, sometimes a system of two."""
    is_system = systems and rng.random() < 0.25
    fields = "uv" if is_system else "u"
    is_polynomial = rng.random() < 0.4
    equations = []
    for own in fields:
        terms = [_random_term(rng, fields, is_polynomial) for _ in range(rng.randint(1, max_terms))]
        # Every field must occur somewhere; its own time derivative is the usual place.
        if is_system:
            terms.append(Term("1", (Factor("{}", f"{own}_t"),)))
        equations.append(tuple(terms))
    return Candidate(tuple(equations))


def _random_term(rng: random.Random, fields: str, is_polynomial: bool) -> Term:
    factors = []
    for _ in range(rng.choice((1, 1, 2, 2, 3))):
        shape = rng.choice(POWERS if is_polynomial or rng.random() < 0.5 else SHAPES)
        factors.append(Factor(shape, rng.choice(fields) + rng.choice(SUBSCRIPTS)))
    return Term(rng.choice(COEFFICIENTS), tuple(factors))


def smaller(candidate: Candidate) -> Iterator[Candidate]:
    """Simpler candidates, the boldest cuts first: an equation, a term, a factor, a shape, a coefficient."""
    equations = candidate.equations
    if len(equations) > 1:
        for k in range(len(equations)):
            yield Candidate(equations[:k] + equations[k + 1 :])
    for k, equation in enumerate(equations):
        if len(equation) > 1:
            for at in range(len(equation)):
                yield _with(candidate, k, equation[:at] + equation[at + 1 :])
    for k, equation in enumerate(equations):
        for at, term in enumerate(equation):
            for simpler in _smaller_terms(term):
                yield _with(candidate, k, (*equation[:at], simpler, *equation[at + 1 :]))


def _with(candidate: Candidate, k: int, equation: tuple[Term, ...]) -> Candidate:
    equations = candidate.equations
    return Candidate((*equations[:k], equation, *equations[k + 1 :]))


def _smaller_terms(term: Term) -> Iterator[Term]:
    for k in range(len(term.factors)):
        if len(term.factors) > 1:
            yield replace(term, factors=term.factors[:k] + term.factors[k + 1 :])
    if term.coefficient != "1":
        yield replace(term, coefficient="1")
    for k, factor in enumerate(term.factors):
        if factor.shape != "{}":
            plain = replace(factor, shape="{}")
            yield replace(term, factors=(*term.factors[:k], plain, *term.factors[k + 1 :]))
        if len(factor.slot) > 2:
            lower = replace(factor, slot=factor.slot[:-1].rstrip("_"))
            yield replace(term, factors=(*term.factors[:k], lower, *term.factors[k + 1 :]))
