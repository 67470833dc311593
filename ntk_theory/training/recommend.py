"""Which s, which learning rate, what to expect at the start, what it costs: as data.

For each candidate s and a width N (THEORY §3, §5) [D]:

* **kernel**: limit class and exponents from the classification; e is the largest exponent of N of any block;
* **learning rate**: gradient descent is stable up to 2/λ_max(K), hence r ~ N^{−e}; the hidden layers and
  the readout see ε²T = N^{1−2s}T, so that they learn at a rate free of N with the factor N^{2s−1} (as
  their ``layer_rates``), the output bias keeping the factor 1;
* **residual at the start**: R_g = F(εG + c) − target with G the infinite-width field, sampled;
* **drift**: what training does to the kernel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from ntk_theory.empirical.cost import estimate
from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.limit.law import LimitLaw, limit_law
from ntk_theory.model.assembly import linearise, network_jets, residuals
from ntk_theory.model.network import OutputBias, exact
from ntk_theory.model.points import draw_points
from ntk_theory.symbolic.problem import Problem
from ntk_theory.theory import Classification, classify
from ntk_theory.training.defaults import DEPTH, default_network

FloatArray = NDArray[np.float64]
Goal = Literal["accuracy", "constant kernel"]
GOALS = ("accuracy", "constant kernel")
#: Exponents compared unless others are asked for: divergent, critical, lazy, mean-field scale.
CANDIDATES = ("1/4", "1/2", "3/4", "1")
#: Networks sampled for the residual at the start.
SAMPLES = 400


@dataclass(frozen=True)
class Residual:
    """Root mean square of a group's residual over its points, over random networks: quantiles."""

    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Option:
    """What one s means.

    Attributes
    ----------
    s:
        The exponent, as text.
    kernel:
        Limit class of every block, by name.
    norm_exponent:
        e, the largest exponent of N among all blocks; None where undecided.
    rate_exponent:
        −e: the largest stable rate of gradient descent scales like N to this power.
    hidden_rate_exponent:
        2s − 1: the factor for hidden layers and readout that makes their kernel free of N.
    residuals:
        RMS residual at initialisation by group: 5 %, median, 95 %; None where F is undefined there.
    drift:
        What the kernel does in training, with the source mark.
    """

    s: str
    kernel: Mapping[str, str]
    norm_exponent: str | None
    rate_exponent: str | None
    hidden_rate_exponent: str
    residuals: Mapping[str, Residual] | None
    drift: str


@dataclass(frozen=True)
class Recommendation:
    """The answer of :func:`recommend`.

    Attributes
    ----------
    s:
        The recommended exponent; None where no s gives a defined kernel.
    because:
        The reasons, each with its source mark.
    options:
        All candidates.
    width, depth, activation, output_bias, goal:
        The question.
    cost:
        ``points``, ``parameters``, and for one kernel ``flops``, ``bytes``, ``seconds`` (estimates).
    """

    s: str | None
    because: tuple[str, ...]
    options: tuple[Option, ...]
    width: int
    depth: int
    activation: str
    output_bias: str
    goal: str
    cost: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """JSON-like data."""
        return asdict(self)


def recommend(
    problem: Problem,
    *,
    goal: Goal = "accuracy",
    width: int = 512,
    depth: int = DEPTH,
    activation: str = "tanh",
    output_bias: OutputBias = "zero",
    s: Sequence[str | Fraction | int | float] = CANDIDATES,
    points: Mapping[str, ArrayLike] | int = 12,
    seed: int = 0,
) -> Recommendation:
    """Compare exponents for a problem and recommend one.

    Parameters
    ----------
    problem:
        Any problem; its domain gives the points and the input map.
    goal:
        ``accuracy``: features should learn and the learning rate need not change with N; ``constant
        kernel``: training should be linear, as far as that exists.
    width, depth, activation, output_bias:
        The network in mind; exponents hold for every width, sizes are at this one.
    s:
        Candidates.
    points:
        Points per group, or the points.
    seed:
        For points and sampled networks.
    """
    if goal not in GOALS:
        raise InputError(f"goal is {goal!r}; it needs one of {', '.join(GOALS)}")
    network = default_network(problem, width=width, depth=depth, activation=activation)
    chosen = draw_points(problem, points, seed) if isinstance(points, int) else points
    answer = classify(problem, output_bias=output_bias, activation=activation)
    law = limit_law(problem, network, chosen, rtol=1e-4)
    starts = _Starts(law, width, output_bias, seed)
    options = tuple(_option(answer, starts, exact(value)) for value in s)
    best, because = _choose(answer, goal)
    rows = law.rows
    plan = estimate(network, len(rows.points), rows.slots)
    cost = {
        "points": float(len(rows.points)),
        "parameters": float(network.init(0).size),
        "flops": plan.flops,
        "bytes": plan.bytes,
        "seconds": plan.seconds,
    }
    return Recommendation(best, because, options, width, depth, activation, output_bias, goal, cost)


@dataclass(frozen=True, eq=False)
class _Starts:
    """Residuals at initialisation for random networks of infinite width, at the ε of ``width`` and s."""

    law: LimitLaw
    width: int
    output_bias: str
    seed: int

    def quantiles(self, s: Fraction) -> dict[str, Residual] | None:
        rows, fields = self.law.rows, len(self.law.problem.fields)
        bias = np.zeros((fields, SAMPLES))
        if self.output_bias == "normal":
            bias = np.random.default_rng([self.seed, 1]).standard_normal((fields, SAMPLES))
        epsilon = float(self.width) ** float(Fraction(1, 2) - s)
        try:
            jets = network_jets(rows, self.law.sample_jets(SAMPLES, self.seed), epsilon, bias)
            values = residuals(rows, linearise(rows, jets).values)
        except NonFiniteError:
            return None
        found, at = {}, 0
        for group in rows.groups:
            sizes = np.sqrt(np.mean(values[:, at : at + group.size] ** 2, axis=1))
            found[group.name] = Residual(*(float(q) for q in np.quantile(sizes, (0.05, 0.5, 0.95))))
            at += group.size
        return found


def _option(answer: Classification, starts: _Starts, s: Fraction) -> Option:
    at = sp.Rational(s.numerator, s.denominator)
    regimes = {name: block.regime(at) for name, block in answer.sharp.items()}
    exponents = [_at(r.norm_exponent, at) for r in regimes.values()]
    known = [e for e in exponents if e is not None]
    largest = max(known) if known and len(known) == len(exponents) else None
    return Option(
        s=str(s),
        kernel={name: r.limit.value for name, r in regimes.items()},
        norm_exponent=None if largest is None else str(largest),
        rate_exponent=None if largest is None else str(-largest),
        hidden_rate_exponent=str(2 * s - 1),
        residuals=starts.quantiles(s),
        drift=_drift(answer, s),
    )


def _at(exponent: sp.Expr | None, s: sp.Rational) -> sp.Expr | None:
    """An exponent, whose only symbol is s, at a number."""
    return None if exponent is None else exponent.xreplace(dict.fromkeys(exponent.free_symbols, s))


def _drift(answer: Classification, s: Fraction) -> str:
    linear = _is_linear(answer.problem)
    if s > Fraction(1, 2):
        if answer.output_bias == "none":
            return "the kernel and its drift go to zero [D]"
        return (
            "u stays constant in space and moves with the output bias; K follows F_0 at that constant: "
            "the drift vanishes if F_0 is the same at all constants, else it has a nonzero limit [D]"
        )
    if s == Fraction(1, 2):
        if linear:
            return "relative drift vanishes, like 1/N [C]"
        return "drift of order one, whatever the width (Bonfanti et al. 2024)"
    if linear:
        return "absolute drift goes to zero for s > 1/4 [ZY], like N^{-2s} [C]"
    return "the kernel changes at leading order [D]"


def _choose(answer: Classification, goal: str) -> tuple[str | None, tuple[str, ...]]:
    half = sp.Rational(1, 2)
    limits = {name: block.regime(half).limit.value for name, block in answer.sharp.items()}
    undefined = [name for name, limit in limits.items() if limit == "undefined"]
    if undefined:
        return None, (f"the kernel block {undefined[0]} is undefined with positive probability [D]",)
    linear = _is_linear(answer.problem)
    if linear:
        return "1/2", (
            "the operator is linear: at s = 1/2 the kernel converges to a deterministic, full kernel [D]",
            "below 1/2 it diverges and the rate must fall with N; above, only the output bias learns [D]",
        )
    if goal == "accuracy":
        return "1/2", (
            "at s = 1/2 the kernel stays of order one: the learning rate need not change with N [D]",
            "its limit is random and it moves in training: features are learnt (Bonfanti et al. 2024)",
        )
    return "3/4", (
        "a nonlinear operator has no deterministic full kernel at s = 1/2 [D]",
        "above 1/2 the kernel converges; with the factor N^{2s-1} on hidden layers and readout it "
        "becomes the kernel of the operator linearised at constants [D]",
        "take s closer to 1 only for very wide networks: the approach is like N^{1/2-s} [D]",
    )


def _is_linear(problem: Problem) -> bool:
    return all(leg.is_linear is True for group in problem.groups for leg in group.legs)
