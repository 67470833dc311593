"""Gan et al.: the NTK of PINNs, and what differential operators do to its eigenvalues."""

from __future__ import annotations

import numpy as np

from ntk_theory.claims.common import REFUTED, SUPPORTED, linear_only, open_finding
from ntk_theory.claims.exhibit import Exhibit, eigenvalues
from ntk_theory.claims.source import EXHIBIT, Measures, Reading, Source, SourceClaim
from ntk_theory.studies.judging.own_claims import Finding
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import problem as as_problem

#: The kernel of ReLU^k has a power of the index; k − 1 derivatives are the most that it bears.
ACTIVATION, INDICES = "relu^3", (6, 40)
#: Exponents that differ by less are equal; by more than the other they are not.
EQUAL, DIFFERENT = 0.15, 0.5


def _one_variable(problem: Problem) -> str:
    if len(problem.variables) != 1:
        return "decays by index are measured in one variable"
    order = max(leg.order for group in problem.equations for leg in group.legs)
    if order > 2:
        return f"its equation has order {order}, and {ACTIVATION} bears 2"
    return linear_only(problem)


def decay(problem: Problem, points: int = 240) -> float:
    """X of λ_i ~ i^x for the K_ff of the first equation at s = 1/2, least squares over the stated indices."""
    low, high = (float(end) for end in problem.domain.get(problem.variables[0], (0, 1)))
    name = problem.equations[0].name
    alone = as_problem(problem.equations[0].legs[0]) if len(problem.groups) > 1 else problem
    grid = low + (high - low) * (np.arange(points)[:, None] + 0.5) / points
    exhibit = Exhibit(alone)
    given = {group.name: grid for group in alone.groups}
    matrix, rows = exhibit.limit(activation=ACTIVATION, points=given)
    own = rows.get(name, rows[alone.equations[0].name])
    index = np.arange(INDICES[0], INDICES[1] + 1)
    values = eigenvalues(matrix[own, own])[index - 1]
    return float(np.polyfit(np.log(index), np.log(values), 1)[0])


def _measure(exhibit: Exhibit) -> Measures:
    v = exhibit.problem.variables[0]
    plain = as_problem("u", variables=(v,))
    return {"operator": decay(exhibit.problem), "values": decay(plain)}


def judge_decay(numbers: Measures) -> Finding:
    """By the two exponents."""
    own, plain = numbers["operator"], numbers["values"]
    low, high = INDICES
    powers = f"i^{own:.2f} with the operator and i^{plain:.2f} without"
    text = f"{ACTIVATION}: λ_i goes like {powers}, {low} ≤ i ≤ {high}"
    if own >= plain - EQUAL:
        return Finding(SUPPORTED, text)
    return Finding(REFUTED, text) if own < plain - DIFFERENT else open_finding(text)


SOURCE = Source(
    "gan-2025",
    "Gan et al., Neural tangent kernel of neural networks with loss informed by differential operators, 2025",
    "https://arxiv.org/abs/2503.11029",
    (
        SourceClaim(
            "gan-decay", "the operator does not make the eigenvalues of the kernel decay faster",
            Reading.ABSTRACT, "a linear operator in one variable, s = 1/2",
            "the exponent of λ_i by index is no smaller with the operator than without",
            f"an exponent smaller by more than {DIFFERENT:g}", EXHIBIT,
            applies=_one_variable, measure=_measure, judge=judge_decay,
        ),
    ),
    ("poisson",),
)  # fmt: skip
