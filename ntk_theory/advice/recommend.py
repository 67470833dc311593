"""Which s, which learning rate, what to expect at the start, what it costs: as data.

For each candidate s and a width N (THEORY §3, §5) [D]:

* **kernel**: limit class and exponents from the classification; e is the largest exponent of N of any block;
* **learning rate**: gradient descent is stable up to 2/λ_max(K), hence r ~ N^{−e}; the hidden layers and
  the readout see ε²T = N^{1−2s}T, so that they learn at a rate free of N with the factor N^{2s−1} (as
  their ``layer_rates``), the output bias keeping the factor 1;
* **residual at the start**: R_g = F(εG + c) − target with G the infinite-width field, sampled;
* **drift**: what training does to the kernel.

Which one is recommended is decided in :mod:`ntk_theory.advice.choose_s`, from the classification alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import sympy as sp
from numpy.typing import ArrayLike

from ntk_theory.advice import text
from ntk_theory.advice.choose_s import GOALS, Goal, advise, drift, faults, regimes
from ntk_theory.advice.compared import Compared, Cost, Option
from ntk_theory.advice.initial_residuals import Start, Starts, safe_epsilon
from ntk_theory.advice.preflight import WIDE, Preflight, preflight
from ntk_theory.empirical.cost import estimate
from ntk_theory.errors import InputError, NTKTheoryError
from ntk_theory.frames import frame
from ntk_theory.limit.law import limit_law
from ntk_theory.model.network import Network
from ntk_theory.model.points import check_points, draw_points
from ntk_theory.setting.features import FeatureMap
from ntk_theory.setting.initialisation import Initialisation
from ntk_theory.shown import Brief, Shown
from ntk_theory.symbolic import problem as as_problem
from ntk_theory.symbolic.numbers import fraction
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Problem
from ntk_theory.theory import Classification, classify
from ntk_theory.theory.text import equations
from ntk_theory.training.defaults import DEPTH, default_counts, default_network

__all__ = ["CANDIDATES", "GOALS", "Cost", "Goal", "Option", "Recommendation", "recommend"]

#: Exponents compared unless others are asked for: divergent, critical, lazy, mean-field scale.
CANDIDATES = ("1/4", "1/2", "3/4", "1")
#: Points per group of the limit law: its quadratures cost their square.
POINTS = 12
WIDTH = 512


@dataclass(frozen=True, repr=False)
class Recommendation(Shown, Compared):
    """The answer of :func:`recommend`, as text, JSON and a pandas table."""

    def to_pandas(self) -> Any:
        """One row per s: limits of the blocks, exponents, rates and residuals (median, 5 % and 95 %)."""
        return frame(text.numbers(self), question=text.heading(self))

    def brief(self) -> Brief:
        """The table of the s that were compared."""
        rows = tuple(row for part in text.sections(self) for row in part)
        notes = (text.verdict(self), *self.because, *self.beware)
        return Brief(text.heading(self), text.columns(self), rows, notes)

    def __str__(self) -> str:
        return text.text(self)


def recommend(
    problem: Problem | Operator | sp.Basic | str | Path,
    *,
    goal: Goal = "accuracy",
    width: int = WIDTH,
    depth: int = DEPTH,
    activation: str = "tanh",
    output_bias: str = "zero",
    features: FeatureMap | Mapping[str, Any] | None = None,
    initialisation: Initialisation | Mapping[str, Any] | str | None = None,
    s: Sequence[str | Fraction | int | float] = CANDIDATES,
    points: Mapping[str, ArrayLike] | int = POINTS,
    seed: int = 0,
) -> Recommendation:
    """Compare exponents for a problem and recommend one.

    Parameters
    ----------
    problem:
        Any problem, or what :func:`ntk_theory.problem` takes; its domain gives the points and the input map.
    goal:
        ``accuracy``: features should learn and the learning rate need not change with N; ``constant
        kernel``: training should be linear, as far as that exists.
    width, depth, activation, output_bias, features, initialisation:
        The network in mind; exponents hold for every width, sizes are at this one.
    s:
        Candidates, positive; the recommended one is added.
    points:
        Points per group, or the points.
    seed:
        For points and sampled networks.

    Raises
    ------
    InputError
        Arguments that do not fit together; the message names the argument and what it needs.
    SmoothnessError
        The activation lacks a derivative that is asked for.
    ResourceError
        It does not fit into this machine's memory, or into the limit that was given.
    """
    problem = as_problem(problem)
    answer = classify(
        problem,
        output_bias=output_bias,
        activation=activation,
        features=features,
        initialisation=initialisation,
        depth=depth,
    )
    advice = advise(answer, goal)
    network = default_network(
        problem,
        width=width,
        depth=depth,
        activation=activation,
        output_bias=output_bias,
        features=features,
        initialisation=initialisation,
    )
    gamma, start = FeatureMap.of(features, problem.variables), Initialisation.of(initialisation)
    wanted = [_positive(value) for value in s]
    if advice.s is not None:
        wanted.append(Fraction(int(advice.s.p), int(advice.s.q)))
    scales = {value: safe_epsilon(width, value) for value in sorted(set(wanted))}
    chosen = draw_points(problem, points, seed) if isinstance(points, int) else check_points(problem, points)
    starts = Starts(limit_law(problem, network, chosen, rtol=1e-4), seed)
    return Recommendation(
        s=None if advice.s is None else str(advice.s),
        because=advice.because,
        beware=advice.beware,
        options=tuple(_option(answer, value, scale, starts.at(scale)) for value, scale in scales.items()),
        width=width,
        depth=depth,
        activation=activation,
        output_bias=output_bias,
        goal=goal,
        points={name: len(array) for name, array in chosen.items()},
        cost=_cost(problem, network, starts),
        features=None if gamma is None else gamma.to_dict(),
        initialisation=None if start is None else start.to_data(),
        title=problem.title or problem.name,
        equations=tuple(equations(problem)),
        preflight=_preflight(problem, network, advice.s, seed),
    )


def _preflight(problem: Problem, network: Network, s: sp.Rational | None, seed: int) -> Preflight | None:
    if s is None or network.widths[-1] >= WIDE:
        return None
    return preflight(problem, replace(network, s=Fraction(int(s.p), int(s.q))), seed)


def _positive(value: str | Fraction | int | float) -> Fraction:
    s = fraction(value)
    if s <= 0:
        raise InputError(f"s is {value}; it needs an exponent above 0, such as 1/2")
    return s


def _option(answer: Classification, s: Fraction, epsilon: float, start: Start | None) -> Option:
    at = sp.Rational(s.numerator, s.denominator)
    found = regimes(answer, at)
    exponents = [regime.norm_exponent_at(at) for regime in found.values()]
    known = [e for e in exponents if e is not None]
    largest = max(known) if known and len(known) == len(exponents) else None
    return Option(
        s=str(s),
        kernel={name: regime.limit.value for name, regime in found.items()},
        norm_exponent=None if largest is None else str(largest),
        rate_exponent=None if largest is None else str(-largest),
        rate=None if start is None else start.rate,
        hidden_rate_exponent=str(2 * s - 1),
        hidden_factor=epsilon**-2,
        factored_rate=None if start is None else start.factored_rate,
        residuals=None if start is None else start.residuals,
        drift=drift(answer, at),
        faults=faults(answer, at),
    )


def _cost(problem: Problem, network: Network, starts: Starts) -> Cost:
    counts = default_counts(problem)
    rows = sum(counts[group.name] * len(group.legs) for group in problem.groups)
    n = sum(counts.values())
    size = network.parameter_count
    try:
        plan = estimate(network, rows, starts.law.slots, contracted=True)
    except NTKTheoryError:  # too large for this machine; the answer about s stands
        return Cost(n, size, None, None, None, 8.0 * n * size)
    return Cost(n, size, plan.flops, plan.bytes, plan.seconds, 8.0 * n * size)
