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

from ntk_theory.arrays import Floats
from ntk_theory.errors import NTKTheoryError
from ntk_theory.model.assembly import fold_rows, linearise, stack_rows
from ntk_theory.model.lowering import LoweredProblem, lower_problem
from ntk_theory.model.points import draw_points
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
    found: dict[str, list[float]] = {name: [] for name in problem.variables}
    try:
        lowered = lower_problem(problem, trained=True)
    except NTKTheoryError:  # advice only: what is not defined, training itself will say
        return found
    for group in problem.groups:
        if len(group.legs) > 1 or group.data is not None:
            continue
        for axis, name in enumerate(problem.variables):
            if group.faces and any(name in face for face in group.faces):
                continue
            for line in _lines(problem, group, axis, box[name]):
                found[name] += _counts(_values(lowered, group.name, line))
    return found


def _lines(problem: Problem, group: Group, axis: int, ends: tuple[float, float]) -> list[Floats]:
    """Points of lines through the group's place along a variable, (n, d) each."""
    try:
        through = draw_points(
            problem,
            {g.name: LINES for g in problem.groups if g.data is None}
            | {g.name: len(g.data.points) for g in problem.groups if g.data is not None},
            SEED,
        )
    except NTKTheoryError:
        return []
    lines = []
    for point in through[group.name][:LINES]:
        line = np.repeat(point[None], SAMPLES, axis=0)
        line[:, axis] = np.linspace(*ends, SAMPLES)
        lines.append(line)
    return lines


def _values(lowered: LoweredProblem, name: str, line: Floats) -> Floats:
    """The group's residual at u = 0 along a line: what does not depend on u; zeros where it is undefined."""
    try:
        rows = stack_rows(lowered.only([name]), {name: line})
        values = fold_rows(rows, linearise(rows, np.zeros((len(rows.slots), len(rows.points)))).values)
        values = values - rows.targets
    except NTKTheoryError:
        return np.zeros(len(line))
    return values if np.isfinite(values).all() else np.zeros(len(line))


def _counts(values: Floats) -> list[float]:
    """|Im z|/π of the exponentials that oscillate."""
    if not np.any(values):
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
