"""Gan et al.: the NTK of PINNs, and what differential operators do to its eigenvalues."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.claims.common import REFUTED, SUPPORTED, linear_only, open_finding
from ntk_theory.claims.exhibit import Exhibit, eigenvalues
from ntk_theory.claims.nonlinear import LINEAR_PART, linear_part, no_linear_part
from ntk_theory.claims.source import EXHIBIT, Measures, Reading, Source, SourceClaim
from ntk_theory.errors import InputError
from ntk_theory.model.points import draw_points
from ntk_theory.studies.judging.own_claims import Finding
from ntk_theory.symbolic.bare import value_groups
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import problem as as_problem

#: The kernel of ReLU^k has a power of the index; k − 1 derivatives are the most that it bears.
ACTIVATION, INDICES = "relu^3", (6, 40)
#: In several variables: points, and the highest order that is measured, with the least power that bears it.
SPREAD, HIGHEST = 120, 6
#: Exponents that differ by less are equal; by more than the other they are not.
EQUAL, DIFFERENT = 0.15, 0.5
#: A smaller λ_i/λ_1 is rounding.
RESOLVED = 1e-13


def _order(problem: Problem) -> int:
    return max(leg.order for leg in problem.equations[0].legs)


def _is_plain(problem: Problem) -> bool:
    """Linear, in one variable, of an order that :data:`ACTIVATION` bears?"""
    return len(problem.variables) == 1 and not linear_only(problem) and _order(problem) <= 2


def _linear_operator(problem: Problem) -> str:
    if _is_plain(problem):
        return ""
    if problem.ansatz is not None:
        return "the problem has an ansatz"
    if _order(problem) > HIGHEST:
        return f"its equation has order {_order(problem)}, and {HIGHEST} is the highest that is measured"
    return no_linear_part(problem, problem.equations[:1])


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


def spread_decay(exhibit: Exhibit, activation: str) -> Measures:
    """The exponents with the first equation's linear part and without, at points of its whole domain [D].

    In d variables λ_i ~ i^{−(d+2k−1−2n)/d} for ReLU^k and order n; its indices are not so large that the
    power is seen, but both kernels are looked at over the same ones. Inputs are normalised.
    """
    problem = exhibit.problem
    first, values = problem.equations[0], value_groups(problem.space)[:1]
    alone = replace(problem, equations=(first,), conditions=values, solution=None)
    grid = draw_points(problem, SPREAD, exhibit.seed, groups=first.name)[first.name]
    own = Exhibit(alone, exhibit.quick, exhibit.seed)
    given = {first.name: grid, values[0].name: grid.reshape(len(grid), -1, len(problem.variables))[:, 0]}
    matrix, rows = linear_part(own, given, activation=activation, is_normalised=True)
    exponents = [_exponent(matrix[rows[g.name], rows[g.name]]) for g in (first, values[0])]
    return {"operator": exponents[0], "values": exponents[1], "activation": activation, "kernel": LINEAR_PART}


def _exponent(kernel: Floats) -> float:
    index = np.arange(INDICES[0], INDICES[1] + 1)
    values = eigenvalues(kernel)[index - 1]
    if not values[-1] > RESOLVED * eigenvalues(kernel)[0]:
        raise InputError(
            "its eigenvalues fall below what floats resolve within the indices that are compared"
        )
    return float(np.polyfit(np.log(index), np.log(values), 1)[0])


def _measure(exhibit: Exhibit) -> Measures:
    if not _is_plain(exhibit.problem):
        power = max(_order(exhibit.problem) + 1, int(ACTIVATION.partition("^")[2]))
        return spread_decay(exhibit, f"relu^{power}")
    v = exhibit.problem.variables[0]
    plain = as_problem("u", variables=(v,))
    return {"operator": decay(exhibit.problem), "values": decay(plain)}


def judge_decay(numbers: Measures) -> Finding:
    """By the two exponents."""
    own, plain = numbers["operator"], numbers["values"]
    low, high = INDICES
    powers = f"i^{own:.2f} with the operator and i^{plain:.2f} without"
    text = f"{numbers.get('activation', ACTIVATION)}: λ_i goes like {powers}, {low} ≤ i ≤ {high}"
    if "kernel" in numbers:
        text += f" ({numbers['kernel']})"
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
            Reading.ABSTRACT,
            "a linear operator, s = 1/2; or the linear part of another at u ≡ 0, whose kernel is the limit "
            "for s > 1/2 without output bias (ours)",
            "the exponent of λ_i by index is no smaller with the operator than without",
            f"an exponent smaller by more than {DIFFERENT:g}", EXHIBIT,
            applies=_linear_operator, measure=_measure, judge=judge_decay,
        ),
    ),
    ("poisson",),
)  # fmt: skip
