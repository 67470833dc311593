"""What an exhibit can be computed from where the problem is not linear: two kernels, each told in its text.

* *The linear part* [D]. Without an output bias and for s > 1/2, u = εv with ε → 0. Where every F_α is
  continuous, F_α → F_α(0), so that N^{2s−1} K tends to one matrix, Σ F_α(0) F_β(0)' T_αβ: the kernel of the
  problem linearised at u ≡ 0, or with an ansatz u = A + B v at A (THEORY §3, §8). A claim on kernels of
  linear problems speaks of it as of any other.
* *Draws* of K at s = 1/2, where it stays random: a claim on sizes is judged by an interval of a median.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import sympy as sp
from scipy import stats

from ntk_theory.arrays import Floats
from ntk_theory.claims.exhibit import Exhibit
from ntk_theory.limit.law import LimitLaw, limit_law
from ntk_theory.symbolic.continuity import is_continuous
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.problem import Group, GroupKind, Problem
from ntk_theory.symbolic.zero import is_zero

#: Kernels that are drawn at s = 1/2, and points per group of each: few, since a law of many costs seconds.
DRAWS, POINTS = 64, 8
#: How an exhibit says which kernel it looked at.
LINEAR_PART = "at s > 1/2 without output bias N^(2s-1) K tends to the kernel of the linear part"
RANDOM = f"K is random at s = 1/2: median of {DRAWS} draws of its limit law"


def known_coefficients(problem: Problem) -> str:
    """Of problems without unknowns."""
    return "the problem has unknown coefficients" if problem.unknowns else ""


def with_values(problem: Problem) -> str:
    """Of problems with value conditions besides the equation, and without unknowns."""
    if not any(group.kind is GroupKind.VALUE for group in problem.groups):
        return "the problem has no condition on values"
    return known_coefficients(problem)


def is_linear(problem: Problem) -> bool:
    """Is every residual affine in the jets?"""
    return all(leg.is_linear for group in problem.groups for leg in group.legs)


def no_linear_part(problem: Problem, groups: Iterable[Group] | None = None) -> str:
    """Why N^{2s−1} K has no limit here that is known to be that of the linear part; empty where it has.

    ``groups``: those that are asked about; default all.
    """
    if problem.unknowns:
        return known_coefficients(problem)
    for group in problem.groups if groups is None else groups:
        flat = []
        for leg in group.legs:
            at_zero = dict.fromkeys(leg.jet_symbols, sp.S.Zero)
            for f in leg.gradient.values():
                slope = bind(f, problem.parameters)
                if is_continuous(slope, leg.jet_symbols)[0] is not True:
                    return (
                        f"the problem is not linear, and {group.name} is not known to have a linear part at "
                        "u ≡ 0: a derivative by the jets may jump"
                    )
                flat.append(is_zero(slope.xreplace(at_zero)))
        if all(flat):
            return (
                f"the problem is not linear, and the linear part of {group.name} at u ≡ 0 vanishes: no "
                "kernel of it is left for s > 1/2"
            )
    return ""


def linear_part(
    exhibit: Exhibit, points: Mapping[str, Floats], *, activation: str = "tanh", is_normalised: bool = False
) -> tuple[Floats, dict[str, slice]]:
    """Lim N^{2s−1} K for s > 1/2 without output bias, as :meth:`Exhibit.limit` gives K^∞."""
    input_map = exhibit.normalised() if is_normalised else None
    network = exhibit.network(activation=activation, input_map=input_map, output_bias="none")
    law = limit_law(exhibit.problem, network, points)
    return np.asarray(law.rescaled().matrix), exhibit.rows(points)


def drawn(exhibit: Exhibit, activation: str = "tanh") -> tuple[Floats, dict[str, slice]]:
    """Diagonals of K at s = 1/2 of DRAWS networks of infinite width, (DRAWS, n), inputs normalised."""
    points = exhibit.points(POINTS)
    network = exhibit.network(activation=activation, input_map=exhibit.normalised())
    law: LimitLaw = limit_law(exhibit.problem, network, points)
    matrix: Any = law.sample(1.0, DRAWS, exhibit.seed).matrix
    return np.einsum("kii->ki", matrix), exhibit.rows(points)


def median_interval(values: Iterable[float], level: float) -> tuple[float, float]:
    """From the m-th smallest to the m-th largest of n values: it holds their median but for ``level``.

    m is the largest rank for which 2 P(B < m) ≤ level, B binomial of n and 1/2; 0 to ∞ where there is none.

    >>> median_interval([1, 2, 3, 4, 5, 6], 0.05), median_interval([1, 2, 3], 0.05)
    ((1, 6), (0.0, inf))
    """
    ordered = sorted(values)
    m = int(stats.binom.ppf(level / 2, len(ordered), 0.5))
    return (ordered[m - 1], ordered[-m]) if m else (0.0, float("inf"))
