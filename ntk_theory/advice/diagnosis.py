"""Why a run stalls: the kernel of a trained network, mode by mode, and what is left of the loss in each.

With Λ^{1/2}KΛ^{1/2} = Σ_k μ_k v_k v_kᵀ and r = Λ^{1/2}R the loss is ½ Σ_k (v_kᵀr)², and under gradient
flow with a constant kernel its k-th part falls as e^{−2μ_k t} (THEORY §5). Gradient descent takes steps of at
most 2/μ_1, so that mode k needs about μ_1/μ_k steps. What is in modes with μ_k below rounding, no small
change of the parameters removes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.empirical.spectra import weighted
from ntk_theory.errors import InputError
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.model.points import check_points, draw_points
from ntk_theory.resources import require_memory
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import problem as as_problem
from ntk_theory.training.defaults import default_counts, thinned
from ntk_theory.training.objective import Objective
from ntk_theory.training.weighting import TRACE, Weights

#: The kernel is taken at about so many points.
POINTS = 300
#: Modes told, those with most of the loss first.
MODES = 5
#: Modes slower than the fastest by more than this take gradient descent that many steps.
SLOW = 1e-4
#: Traces of groups further apart than this are blocks of different size.
APART = 1e3
#: A cause is named from this share of the loss on.
MOST = 0.5


@dataclass(frozen=True)
class GroupState:
    """A group's part.

    Attributes
    ----------
    weight:
        λ_g.
    rms:
        √mean R_g².
    loss:
        Its share of L.
    rate, fastest:
        Mean and largest eigenvalue of λ_g K^{gg}: how fast it would be learnt alone.
    """

    weight: float
    rms: float
    loss: float
    rate: float
    fastest: float


@dataclass(frozen=True)
class Mode:
    """An eigenvector v_k: its rate μ_k, its share of the loss, and how |v_k|² is spread over the groups."""

    rate: float
    loss: float
    groups: dict[str, float]


@dataclass(frozen=True)
class Diagnosis:
    """The answer of :func:`diagnose`.

    Attributes
    ----------
    loss:
        L at the points taken.
    points:
        Their number by group.
    groups, modes:
        By name; the modes with most of the loss.
    eigenvalues:
        μ_k, largest first, (n,).
    rank:
        How many are above rounding.
    largest_rate:
        2/μ_1, the largest stable rate of gradient descent.
    slow, fixed:
        Shares of the loss in modes slower than :data:`SLOW` times the fastest, and in those below rounding.
    because:
        Sentences: why it stalls and what to do.
    """

    loss: float
    points: dict[str, int]
    groups: dict[str, GroupState]
    modes: tuple[Mode, ...]
    eigenvalues: tuple[float, ...]
    rank: int
    largest_rate: float
    slow: float
    fixed: float
    because: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-like data."""
        return asdict(self)


def diagnose(
    problem: Problem | Operator | str,
    network: Network,
    parameters: Parameters,
    points: Mapping[str, ArrayLike] | int | None = None,
    *,
    weights: Weights = "mean",
    seed: int = 0,
) -> Diagnosis:
    """Spectrum, rates by group and slowest modes of the kernel at θ, and what they say of a run that stalls.

    Parameters
    ----------
    problem:
        The problem that the network was trained on.
    network, parameters:
        The trained network, as ``nt.load`` gives them.
    points:
        Points by group, or a number for each; default: the first of those that ``train`` draws with this
        ``seed``, about :data:`POINTS` in all.
    weights:
        λ as in ``train``; default as for Gauss–Newton.
    seed:
        Of the points.

    Raises
    ------
    InputError
        Arguments that do not fit together; the message names the argument and what it needs.
    ResourceError
        It does not fit into this machine's memory, or into the limit that was given.
    NonFiniteError
        Residuals or kernel are not finite at these parameters.
    """
    problem = as_problem(problem)
    at = _points(problem, network, points, seed)
    count = sum(len(array) for array in at.values())
    require_memory(32.0 * count**2, f"the kernel and its modes at {count} points", "take fewer points")
    objective = Objective.of(problem, network, parameters, at, weights)
    vector = parameters.flatten()
    values = objective.values(vector)
    kernel = weighted(objective.kernel(vector), objective.group_weights)
    rates, modes = np.linalg.eigh(kernel.matrix)
    rates, modes = np.maximum(rates[::-1], 0.0), modes[:, ::-1]
    left = (modes.T @ (np.sqrt(objective.weights) * values)) ** 2
    total = float(left.sum())
    shares = left / total if total > 0 else left
    floor = len(rates) * np.finfo(np.float64).eps * rates[0]
    parts = dict(zip(kernel.names, np.split(np.arange(count), _ends(at, kernel.names)), strict=True))
    losses = objective.group_losses(values)
    groups = {
        name: GroupState(
            weight=objective.group_weights[name],
            rms=float(np.sqrt(np.mean(values[rows] ** 2))),
            loss=losses[name] / (0.5 * total) if total > 0 else 0.0,
            rate=float(np.trace(kernel.matrix[np.ix_(rows, rows)])) / len(rows),
            fastest=float(np.linalg.eigvalsh(kernel.matrix[np.ix_(rows, rows)])[-1]),
        )
        for name, rows in parts.items()
    }
    order = np.argsort(-shares, kind="stable")[:MODES]
    told = tuple(
        Mode(
            rate=float(rates[k]),
            loss=float(shares[k]),
            groups={name: float(np.sum(modes[rows, k] ** 2)) for name, rows in parts.items()},
        )
        for k in order
    )
    rank = int(np.count_nonzero(rates > floor))
    slow, fixed = (float(shares[rates <= level].sum()) for level in (SLOW * rates[0], floor))
    return Diagnosis(
        loss=0.5 * total,
        points={name: len(rows) for name, rows in parts.items()},
        groups=groups,
        modes=told,
        eigenvalues=tuple(float(rate) for rate in rates),
        rank=rank,
        largest_rate=2 / float(rates[0]) if rates[0] > 0 else float("inf"),
        slow=slow,
        fixed=fixed,
        because=tuple(_because(groups, rates, rank, slow, fixed, weights)),
    )


def _points(
    problem: Problem, network: Network, points: Mapping[str, ArrayLike] | int | None, seed: int
) -> Mapping[str, Floats]:
    if isinstance(points, Mapping):
        return check_points(problem, points)
    if points is not None:
        if isinstance(points, bool) or points < 1:
            raise InputError(f"points is {points}; it needs a positive number, or an array for each group")
        return draw_points(problem, points, seed)
    counts = default_counts(problem, network.parameter_count)
    return thinned(draw_points(problem, counts, seed), POINTS)


def _ends(points: Mapping[str, Floats], names: tuple[str, ...]) -> Floats:
    return np.cumsum([len(points[name]) for name in names])[:-1]


def _because(
    groups: Mapping[str, GroupState], rates: Floats, rank: int, slow: float, fixed: float, weights: Weights
) -> Iterator[str]:
    """The causes, worst first."""
    traces = {name: state.rate for name, state in groups.items()}
    least, most = min(traces, key=traces.__getitem__), max(traces, key=traces.__getitem__)
    if not traces[most] > 0:
        yield "no parameter moves any residual: take other parameters, or another --seed"
        return
    if fixed >= MOST:
        yield (
            f"{fixed:.0%} of the loss is in directions that no small change of the parameters moves "
            f"({rank} of {len(rates)} are moved): raise --width, or try another --seed"
        )
    elif slow >= MOST:
        yield (
            f"{slow:.0%} of the loss is in modes more than {1 / SLOW:.0e} times slower than the fastest, for "
            "which gradient descent needs that many steps: take --method gauss-newton, or --features"
        )
    if not traces[least] * APART > traces[most]:
        ratio = traces[most] / traces[least] if traces[least] > 0 else float("inf")
        word = "its blocks are" if weights == TRACE else "the blocks of the kernel are"
        yield (
            f"{word} of different size: {most!r} has {ratio:.1e} times the rate of {least!r}, which waits"
            + ("" if weights == TRACE else ": take --weights trace")
        )
    if fixed < MOST and slow < MOST:
        yield (
            f"{1 - slow:.0%} of the loss is in modes that gradient descent learns within {1 / SLOW:.0e} "
            "steps at its largest stable rate: the kernel is no obstacle, more --steps help, unless the "
            "loss is at rounding"
        )
