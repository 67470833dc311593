"""Wang, Wang & Perdikaris: on the eigenvector bias of Fourier feature networks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.claims.common import REFUTED, SUPPORTED, open_finding
from ntk_theory.claims.exhibit import Exhibit
from ntk_theory.claims.source import EXHIBIT, Measures, Reading, Source, SourceClaim
from ntk_theory.limit.law import limit_law
from ntk_theory.model.network import InputMap
from ntk_theory.studies.judging.own_claims import Finding
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import problem as as_problem

COUNT, GRID, LEADING = 32, 96, 8
#: Points of a line through the domain, of a problem in several variables.
LINE = 48
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
    return _changes(matrix[:GRID, :GRID])


def _changes(kernel: Floats) -> float:
    """Mean number of sign changes of the leading eigenvectors."""
    vectors = np.linalg.eigh(kernel)[1][:, ::-1][:, :LEADING]
    return float(np.mean(np.sum(np.diff(np.sign(vectors), axis=0) != 0, axis=0)))


def frequencies_along(sigma: float, exhibit: Exhibit) -> Mapping[str, float]:
    """The same of a network of all the problem's variables, along each: a line through its domain's centre.

    The box around the domain is mapped to [0, 1]^d, and the frequencies are N(0, σ²) in every variable.
    """
    names, box = exhibit.problem.variables, exhibit.box()
    plain = as_problem("u", variables=names)
    unit = InputMap(tuple(1 / (b - a) for a, b in box), tuple(-a / (b - a) for a, b in box))
    features = {"fourier": COUNT, "sigma": sigma, "seed": exhibit.seed}
    network = Exhibit(plain).network(features=features, input_map=unit)
    found = {}
    for k, name in enumerate(names):
        line = np.tile([(a + b) / 2 for a, b in box], (LINE, 1))
        line[:, k] = box[k][0] + (box[k][1] - box[k][0]) * (np.arange(LINE) + 0.5) / LINE
        law = limit_law(plain, network, {group.name: line for group in plain.groups})
        found[name] = _changes(law.deterministic(1.0)[:LINE, :LINE])
    return found


def _own_outputs(problem: Problem) -> str:
    return "" if problem.ansatz is None else "the problem has an ansatz, so that u is no network's output"


def _measure(exhibit: Exhibit) -> Measures:
    if len(exhibit.problem.variables) == 1:
        return {"low": mean_frequency(LOW, exhibit), "high": mean_frequency(HIGH, exhibit)}
    low, high = (frequencies_along(sigma, exhibit) for sigma in (LOW, HIGH))
    least = min(low, key=lambda name: high[name] / max(low[name], 1.0))
    return {"low": low[least], "high": high[least], "along": least}


def judge_frequencies(numbers: Measures) -> Finding:
    """By the mean sign changes for both σ."""
    low, high = numbers["low"], numbers["high"]
    text = (
        f"the {LEADING} leading eigenvectors change their sign {low:.3g} times for σ = {LOW:g}, "
        f"{high:.3g} times for "
        f"σ = {HIGH:g}"
    )
    if "along" in numbers:
        text += f", along {numbers['along']}, where it rises least (kernel of u)"
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
            Reading.ABSTRACT,
            "a network with Fourier features, s = 1/2; of several variables along each (ours)",
            "leading eigenvectors of higher frequency for a larger σ",
            "a frequency that does not rise", EXHIBIT,
            applies=_own_outputs, measure=_measure, judge=judge_frequencies,
        ),
    ),
    ("poisson",),
)  # fmt: skip
