"""A kernel that stands still: was it made at other points, group by group?

An array does not say at which points it was computed, and points are no linear function of it, so that
nothing can be solved for. What can be tried are points that somebody had in hand: those of an earlier call,
those of another seed, and those of another group. With J_g(X_g) the rows of a group at points X, the matrix
is compared with J Jᵀ for every choice between given and other points, group by group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.audit.bench import Bench
from ntk_theory.audit.compare import MOST_GROUPS, Explanation, Mistake, Search, relative
from ntk_theory.errors import NTKTheoryError
from ntk_theory.model.points import draw_points

#: Draws that are tried: the seeds 0, 1, … below.
SEEDS = 8


def stale(
    bench: Bench, theirs: Floats, tolerance: float, earlier: Mapping[str, Floats] | None
) -> tuple[Explanation, ...]:
    """Explanations of a matrix by the right rows at other points; empty where none does."""
    for words, points in _others(bench, earlier):
        found = _of(bench, theirs, tolerance, words, points)
        if found is not None:
            return (found,)
    if earlier is not None:
        at = Bench(bench.problem, bench.network, bench.parameters, {**bench.points, **earlier})
        finding = Mistake("stale-points", "all", "the earlier points in place of those given")
        whole = [e for e in Search(at, theirs, tolerance).explanations() if len(e.covers) == len(at.spans)]
        return tuple(Explanation((finding, *e.findings), e.difference, e.covers) for e in whole)
    return ()


def _others(bench: Bench, earlier: Mapping[str, Floats] | None) -> Iterator[tuple[str, Mapping[str, Floats]]]:
    """Points that may have been used, with the same number in every group, in words."""
    if earlier is not None:
        yield "the earlier points", earlier
    counts = {name: len(array) for name, array in bench.points.items()}
    for seed in range(SEEDS):
        try:
            drawn = draw_points(bench.problem, counts, seed)
        except NTKTheoryError:
            break  # no domain to draw from, or as many points as it has not
        fitting = {n: a for n, a in drawn.items() if a.shape == bench.points[n].shape}
        yield f"the points drawn with seed {seed}", fitting
    for other, array in bench.points.items():
        same = {n: array for n, a in bench.points.items() if n != other and a.shape == array.shape}
        if same:
            yield f"the points of {other}", same


def _of(
    bench: Bench, theirs: Floats, tolerance: float, words: str, points: Mapping[str, Floats]
) -> Explanation | None:
    at = Bench(bench.problem, bench.network, bench.parameters, {**bench.points, **points})
    names = list(bench.spans)
    rows = {g.name: (bench.rows(g), at.rows(g)) for g in bench.problem.groups}
    free = [n for n in names if n in points and not np.array_equal(points[n], bench.points[n])]
    choices = product((1, 0), repeat=len(free)) if len(free) <= MOST_GROUPS else iter([(1,) * len(free)])
    for choice in choices:
        which = dict(zip(free, choice, strict=True))
        J = np.concatenate([rows[name][which.get(name, 0)] for name in names])
        left = relative(J @ J.T, theirs)
        if any(choice) and left <= tolerance:
            moved = [name for name in free if which[name]]
            where = "all" if moved == names else ", ".join(moved)
            return Explanation(
                (Mistake("stale-points", where, f"{words} in place of those given"),), left, tuple(names)
            )
    return None
