"""Wang, Wang & Perdikaris: on the eigenvector bias of Fourier feature networks."""

from __future__ import annotations

import numpy as np

from ntk_theory.claims.common import REFUTED, SUPPORTED, open_finding
from ntk_theory.claims.exhibit import Exhibit
from ntk_theory.claims.source import EXHIBIT, Measures, Reading, Source, SourceClaim
from ntk_theory.limit.law import limit_law
from ntk_theory.studies.judging.own_claims import Finding
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import problem as as_problem

COUNT, GRID, LEADING = 32, 96, 8
LOW, HIGH = 1.0, 8.0
#: The frequency rises where it is this many times the other, and does not where it is at most the second.
RISES, STAYS = 1.5, 1.1


def mean_frequency(sigma: float, exhibit: Exhibit) -> float:
    """Mean number of sign changes of the leading eigenvectors of K^∞ of u on a grid of [0, 1]."""
    plain = as_problem("u", variables=("x",))
    features = {"fourier": COUNT, "sigma": sigma, "seed": exhibit.seed}
    network = Exhibit(plain).network(features=features)
    grid = ((np.arange(GRID) + 0.5) / GRID)[:, None]
    matrix = limit_law(plain, network, {group.name: grid for group in plain.groups}).deterministic(1.0)
    vectors = np.linalg.eigh(matrix[:GRID, :GRID])[1][:, ::-1][:, :LEADING]
    return float(np.mean(np.sum(np.diff(np.sign(vectors), axis=0) != 0, axis=0)))


def _one_variable(problem: Problem) -> str:
    return "" if len(problem.variables) == 1 else "frequencies of eigenvectors are measured in one variable"


def _measure(exhibit: Exhibit) -> Measures:
    return {"low": mean_frequency(LOW, exhibit), "high": mean_frequency(HIGH, exhibit)}


def judge_frequencies(numbers: Measures) -> Finding:
    """By the mean sign changes for both σ."""
    low, high = numbers["low"], numbers["high"]
    text = (
        f"the {LEADING} leading eigenvectors change their sign {low:.3g} times for σ = {LOW:g}, "
        f"{high:.3g} times for "
        f"σ = {HIGH:g}"
    )
    if high >= RISES * low:
        return Finding(SUPPORTED, text)
    return Finding(REFUTED, text) if high <= STAYS * low else open_finding(text)


SOURCE = Source(
    "wang-2021",
    "Wang, Wang & Perdikaris, On the eigenvector bias of Fourier feature networks, Comput. Methods Appl. "
    "Mech. Eng. "
    "384 (2021)",
    "https://arxiv.org/abs/2012.10047",
    (
        SourceClaim(
            "wang-frequencies",
            "the scale σ of Fourier features sets the frequency of the kernel's eigenvectors",
            Reading.ABSTRACT, "a network of one variable with Fourier features, s = 1/2",
            "leading eigenvectors of higher frequency for a larger σ",
            "a frequency that does not rise", EXHIBIT,
            applies=_one_variable, measure=_measure, judge=judge_frequencies,
        ),
    ),
    ("poisson",),
)  # fmt: skip
