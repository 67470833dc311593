"""How often a problem's data oscillate over its domain, by samples: sources, and targets of conditions.

Along a line through the box, on which one variable x runs, n = :data:`SAMPLES` equidistant samples g_k of a
sum of r exponentials, Σ c_j exp(z_j (x − c)/h) with h half the edge, make a Hankel matrix H_kl = g_{k+l} of
rank r. Its first r left singular vectors V without their last and without their first row, V₁ = V₀ M, give
the eigenvalues exp(2 z_j/(n − 1)) of M (ESPRIT: Roy & Kailath 1989, IEEE Trans. Acoust. Speech Signal
Process. 37, 984-995; known by its formula). Data whose rank exceeds :data:`MOST_TERMS` are no short sum and
have no waves here. One that oscillates, |Re z| below :data:`STEEP` |Im z|, does so |Im z|/π times [D].
"""

from __future__ import annotations

import numpy as np
import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.errors import NTKTheoryError
from ntk_theory.model.assembly import fold_rows, linearise, stack_rows
from ntk_theory.model.lowering import LoweredProblem, lower_problem
from ntk_theory.model.points import draw_points
from ntk_theory.resources import BLAS
from ntk_theory.symbolic.problem import Group, Problem

#: Samples of a line, lines of a group and variable; their seed is fixed, since waves belong to the problem.
SAMPLES, LINES, SEED = 129, 3, 0
#: Singular values below this share of the largest are none.
RANK = 1e-11
#: A sum of more exponentials than this is no short one.
MOST_TERMS = 6
#: An exponential of data oscillates where |Re z| is below this share of |Im z|: those of a front do not.
STEEP = 0.1


def data_waves(problem: Problem, box: dict[str, tuple[float, float]]) -> dict[str, list[float]]:
    """The numbers of oscillations over the box by variable, of all data; ``box`` by variable.

    >>> from ntk_theory import problem
    >>> poisson = problem("u_xx - sin(20*pi*x)*exp(x)")
    >>> [round(n, 6) for n in data_waves(poisson, {"x": (0.0, 1.0)})["x"]]
    [10.0]
    """
    try:
        lowered = lower_problem(problem, trained=True)
    except NTKTheoryError:  # advice only: what is not defined, training itself will say
        return {name: [] for name in problem.variables}
    with BLAS.limited(1):  # small matrices: two threads would wait for each other
        return _all_waves(problem, lowered, box)


def _all_waves(
    problem: Problem, lowered: LoweredProblem, box: dict[str, tuple[float, float]]
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {name: [] for name in problem.variables}
    for group in problem.groups:
        if len(group.legs) > 1 or group.data is not None or not _varies(problem, group):
            continue
        fixed = {name for face in group.faces for name in face}
        free = [axis for axis, name in enumerate(problem.variables) if name not in fixed]
        lines = [(axis, line) for axis in free for line in _lines(problem, group, axis, box)]
        values = _values(lowered, group.name, [line for _, line in lines])
        for (axis, _), row in zip(lines, values, strict=True):
            found[problem.variables[axis]] += _counts(row)
    return found


def _varies(problem: Problem, group: Group) -> bool:
    """Does a variable occur in it at all?"""
    texts = sp.Tuple(group.target, *(leg.expression for leg in group.legs))
    return bool(texts.free_symbols & set(problem.space.variable_symbols))


def _lines(problem: Problem, group: Group, axis: int, box: dict[str, tuple[float, float]]) -> list[Floats]:
    """Points of lines through the group's place along a variable, (n, d) each."""
    counts = {g.name: LINES if g.data is None else len(g.data.points) for g in problem.groups}
    try:
        through = draw_points(problem, counts, SEED)[group.name][:LINES]
    except NTKTheoryError:
        return []
    lines = np.repeat(through[:, None], SAMPLES, axis=1)
    lines[:, :, axis] = np.linspace(*box[problem.variables[axis]], SAMPLES)
    return list(lines)


def _values(lowered: LoweredProblem, name: str, lines: list[Floats]) -> list[Floats]:
    """The group's residual at u = 0 along lines: what does not depend on u; zeros where it is undefined."""
    if not lines:
        return []
    try:
        rows = stack_rows(lowered.only([name]), {name: np.concatenate(lines)})
        values = fold_rows(rows, linearise(rows, np.zeros((len(rows.slots), len(rows.points)))).values)
        values = values - rows.targets
    except NTKTheoryError:
        return [np.zeros(SAMPLES) for _ in lines]
    parts = np.split(values, len(lines))
    return [part if np.isfinite(part).all() else np.zeros(SAMPLES) for part in parts]


def _counts(values: Floats) -> list[float]:
    """|Im z|/π of the exponentials that oscillate."""
    if not np.ptp(values):
        return []
    columns = len(values) // 2
    hankel = np.lib.stride_tricks.sliding_window_view(values, columns)
    left, singular, _ = np.linalg.svd(hankel, full_matrices=False)
    rank = int(np.sum(singular > RANK * singular[0]))
    if rank > MOST_TERMS:
        return []
    step = np.linalg.lstsq(left[:-1, :rank], left[1:, :rank], rcond=None)[0]
    roots = np.linalg.eigvals(step)
    roots = np.log(roots[np.abs(roots) > 0]) * (len(values) - 1) / 2
    return [float(z.imag) / np.pi for z in roots if STEEP * z.imag > abs(z.real)]
