"""Xie et al.: the spectrum of PINNs with hard constraints."""

from __future__ import annotations

from ntk_theory.claims.common import REFUTED, SUPPORTED, linear_only, open_finding
from ntk_theory.claims.exhibit import POINTS, Exhibit, effective_rank, eigenvalues
from ntk_theory.claims.source import EXHIBIT, Measures, Reading, Source, SourceClaim
from ntk_theory.model.points import draw_points
from ntk_theory.studies.judging.own_claims import Finding
from ntk_theory.symbolic.hard import hard_ansatz
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import problem as as_problem

#: The rank falls where it is at most this share, and does not where it is at least the other.
FALLS, KEEPS = 0.9, 1.0


def _boxes(problem: Problem) -> str:
    if problem.ansatz is not None:
        return "the problem has an ansatz already"
    return linear_only(problem)


def _measure(exhibit: Exhibit) -> Measures:
    ranks = []
    for asked in (exhibit.problem, as_problem(exhibit.problem, ansatz=hard_ansatz(exhibit.problem).texts())):
        own = Exhibit(asked, exhibit.quick, exhibit.seed)
        points = draw_points(asked, POINTS[own.quick], own.seed)
        matrix, rows = own.limit(points=points)
        at = rows[asked.equations[0].name]
        ranks.append(effective_rank(eigenvalues(matrix[at, at])))
    return {"plain": ranks[0], "hard": ranks[1]}


def judge_rank(numbers: Measures) -> Finding:
    """By the effective ranks of K_ff with the hard constraint and without."""
    ranks = f"{numbers['hard']:.3g} with the hard constraint, {numbers['plain']:.3g} without"
    text = f"effective rank of K_ff {ranks}"
    share = numbers["hard"] / numbers["plain"]
    if share <= FALLS:
        return Finding(SUPPORTED, text)
    return Finding(REFUTED, text) if share >= KEEPS else open_finding(text)


SOURCE = Source(
    "xie-2025",
    "Xie et al., on the spectrum of physics-informed networks with hard constraints, 2025",
    "https://arxiv.org/abs/2512.23295",
    (
        SourceClaim(
            "xie-collapse",
            "the usual boundary functions of hard constraints collapse the spectrum of the kernel",
            Reading.ABSTRACT, "u = A + B v on a box, linear equation, s = 1/2",
            "the effective rank of K_ff is smaller with B than without",
            "an effective rank that is no smaller", EXHIBIT,
            applies=_boxes, measure=_measure, judge=judge_rank,
        ),
    ),
    ("poisson", "heat"),
)  # fmt: skip
