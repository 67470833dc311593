"""Xie et al.: the spectrum of PINNs with hard constraints."""

from __future__ import annotations

from ntk_theory.claims.common import REFUTED, SUPPORTED, linear_only, open_finding
from ntk_theory.claims.exhibit import POINTS, Exhibit, effective_rank, eigenvalues
from ntk_theory.claims.nonlinear import LINEAR_PART, is_linear, linear_part, no_linear_part
from ntk_theory.claims.source import EXHIBIT, Measures, Reading, Source, SourceClaim
from ntk_theory.errors import InputError
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
    return linear_only(problem) and no_linear_part(problem, problem.equations)


def _measure(exhibit: Exhibit) -> Measures:
    hard = as_problem(exhibit.problem, ansatz=hard_ansatz(exhibit.problem).texts())
    if is_linear(exhibit.problem):
        return {"plain": _rank(exhibit, exhibit.problem), "hard": _rank(exhibit, hard)}
    why = no_linear_part(hard, hard.equations)
    if why:
        raise InputError(f"with the hard constraint, u = A + B v at v ≡ 0: {why}")
    ranks = {name: _linear_rank(exhibit, of) for name, of in (("plain", exhibit.problem), ("hard", hard))}
    return {**ranks, "kernel": f"{LINEAR_PART}, at u ≡ 0 and at u = A"}


def _rank(exhibit: Exhibit, asked: Problem) -> float:
    own = Exhibit(asked, exhibit.quick, exhibit.seed)
    points = draw_points(asked, POINTS[own.quick], own.seed)
    matrix, rows = own.limit(points=points)
    at = rows[asked.equations[0].name]
    return effective_rank(eigenvalues(matrix[at, at]))


def _linear_rank(exhibit: Exhibit, asked: Problem) -> float:
    """The same of the linear part; other groups have one point, since nothing is asked of them."""
    own, first = Exhibit(asked, exhibit.quick, exhibit.seed), asked.equations[0].name
    counts = {group.name: POINTS[own.quick] if group.name == first else 1 for group in asked.groups}
    matrix, rows = linear_part(own, draw_points(asked, counts, own.seed))
    return effective_rank(eigenvalues(matrix[rows[first], rows[first]]))


def judge_rank(numbers: Measures) -> Finding:
    """By the effective ranks of K_ff with the hard constraint and without."""
    ranks = f"{numbers['hard']:.3g} with the hard constraint, {numbers['plain']:.3g} without"
    text = f"effective rank of K_ff {ranks}"
    if "kernel" in numbers:
        text += f" ({numbers['kernel']})"
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
            Reading.ABSTRACT,
            "u = A + B v on a box, linear equation, s = 1/2; or the linear part of another, whose kernel is "
            "the limit for s > 1/2 without output bias (ours)",
            "the effective rank of K_ff is smaller with B than without",
            "an effective rank that is no smaller", EXHIBIT,
            applies=_boxes, measure=_measure, judge=judge_rank,
        ),
    ),
    ("poisson", "heat"),
)  # fmt: skip
