"""Points where the residual and the operator's terms are large, in the same loss.

From a pool of :data:`POOL` times as many Sobol points as wanted, an equation's points are taken with density

    ρ(x) ∝ 1 + |R(x)|/mean |R| + S(x)/mean S,   S = Σ_α |F_α(x, u)| |u_α|,

R the residual and S the size of its terms at the network as it is, means over the pool. S finds layers and
fronts, which stay where they are when R has become even; R finds what is not yet met. Each point counts
1/ρ(x), so that

    (1/n) Σ_k R(x_k)² / ρ(x_k) ≈ mean R²

is the loss of uniform points with a better quadrature, not another loss [D]. The parts |R| and 1 are the
density of Wu et al. 2023, arXiv 2207.10289 (known by its abstract and by the formula that other papers cite);
S and the weights are ours. Points of conditions are drawn anew, uniformly.

Points that are met to rounding while the residual between them is not are too few: with every move there are
more of them, up to :data:`MOST` times as many.

A pool's point is taken with probability π = min(1, c ρ), c such that Σ π = n, by systematic sampling: the
sum of π passes one more whole number. So no point comes twice, and mean R² over the pool is estimated
without bias by Σ R²/π (Horvitz & Thompson 1952).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from ntk_theory.arrays import Floats, Places
from ntk_theory.empirical.residuals import Residuals
from ntk_theory.errors import NonFiniteError
from ntk_theory.model.assembly import fold_rows
from ntk_theory.model.blocks import KernelGroup
from ntk_theory.model.points import draw_points
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training.methods.method import State
from ntk_theory.training.objective import Objective
from ntk_theory.training.polynomials import group_rms
from ntk_theory.training.stopping import Resample

#: Points of the pool for each point of an equation.
POOL = 10
#: New points are taken where the pool's residual is more than so many times that at the points in use.
UNSEEN = 1.5
#: Every time points move there are so many times as many, up to this multiple of the first.
MORE, MOST = 1.2, 3.0
#: When a run looks for them where its user does not say: after 10 steps, then at growing intervals.
LOOK = Resample(10, adaptive=True, growth=1.05, grows=True)


def adapted_points(
    objective: Objective, problem: Problem, state: State, counts: Mapping[str, int], seed: int
) -> tuple[dict[str, Floats], Floats] | None:
    """Points of every group, and how much each residual counts (n,), with mean 1 in every group.

    ``None`` where nothing is gained: over the pool no equation has a √mean R² of more than :data:`UNSEEN`
    times that at the points it is trained on, or the network has no finite residuals. ``counts`` are the
    points wanted by group.
    """
    equations = {group.name for group in problem.equations if group.data is None}
    pools = {name: n * POOL if name in equations else n for name, n in counts.items()}
    drawn = draw_points(problem, pools, seed)
    residuals = Residuals.of(problem, objective.network, drawn)
    rows = residuals.rows
    try:
        here = residuals.at(objective.parameters(state.vector))
        values = np.abs(here.values)
        relief = None if objective.scale is None else objective.scale.relief(problem, residuals)
        if relief is not None:
            values = values * np.sqrt(relief)
    except NonFiniteError:
        return None
    seen = dict(zip((group.name for group in rows.groups), group_rms(rows, values), strict=True))
    trained = objective.rms(state.values)
    if not any(seen[name] > UNSEEN * trained[name] for name in equations):
        return None
    sizes = fold_rows(rows, np.sum(np.abs(here.linearisation.weights * here.jets), axis=0))
    parts = {g.name: part for g, part in zip(rows.groups, _split(rows.groups), strict=True)}
    rng = np.random.default_rng([seed, POOL])
    points, counted = {}, []
    for name, part in parts.items():
        array, start = drawn[name], float(rng.random())
        if name not in equations or len(array) < 2 * counts[name]:  # no pool: a point, or an interface
            points[name] = array
            counted.append(np.ones(len(array)))
            continue
        chance = chances(1 + _relative(values[part]) + _relative(sizes[part]), counts[name])
        taken = systematic(chance, start)
        points[name] = np.ascontiguousarray(array[taken])
        share = 1 / chance[taken]
        counted.append(share / share.mean())
    return points, np.concatenate(counted)


def grown(problem: Problem, first: Mapping[str, int], points: Mapping[str, Floats]) -> dict[str, int]:
    """The numbers of points to take next, by group; measured data, and groups of one point, keep theirs."""
    kept = {group.name for group in problem.groups if group.data is not None}
    counts = {}
    for name, n in first.items():
        fixed = name in kept or n == 1
        counts[name] = n if fixed else min(math.ceil(MORE * len(points[name])), math.ceil(MOST * n))
    return counts


def chances(density: Floats, n: int) -> Floats:
    """π_k = min(1, c ρ_k) with Σ π_k = n, for positive ρ and 0 < n ≤ len(ρ).

    >>> chances(np.array([1.0, 1.0, 2.0, 96.0]), 2).round(6).tolist()
    [0.25, 0.25, 0.5, 1.0]
    """
    sure = np.zeros(len(density), dtype=bool)
    while True:
        rest = n - int(sure.sum())
        chance = np.where(sure, 1.0, rest * density / max(density[~sure].sum(), np.finfo(float).tiny))
        more = ~sure & (chance > 1)
        if not more.any():
            return np.asarray(np.minimum(chance, 1.0))
        sure |= more


def systematic(chance: Floats, start: float) -> Places:
    """The indices at which the sum of ``chance`` passes start, start + 1, …; ``start`` in [0, 1).

    >>> systematic(np.array([0.5, 0.5, 1.0, 0.5, 0.5]), 0.25).tolist()
    [0, 2, 3]
    """
    total = np.cumsum(chance)
    marks = start + np.arange(int(np.ceil(total[-1] - start - 1e-9)))
    return np.minimum(np.searchsorted(total, marks, side="right"), len(chance) - 1)


def _relative(values: Floats) -> Floats:
    mean = float(values.mean())
    return values / mean if mean > 0 and np.isfinite(mean) else np.zeros(len(values))


def _split(groups: Sequence[KernelGroup]) -> list[slice]:
    """The rows of every group."""
    ends = np.cumsum([0, *(group.size for group in groups)])
    return [slice(int(a), int(b)) for a, b in pairwise(ends)]
