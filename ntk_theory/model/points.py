"""Collocation points: drawn from a problem's domain and faces, or given by the user and checked.

Points of a group g with one leg are an (n, d) array, columns in the order of ``problem.variables``; a group
with k ≥ 2 legs (a periodic pair) has (n, k, d), ``points[:, j]`` where leg j sits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.model.groups import chosen, spread
from ntk_theory.model.lowering import ParameterValues
from ntk_theory.model.sobol import sobol
from ntk_theory.resources import require_memory
from ntk_theory.symbolic.numbers import bind, unvalued
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Face, Group, Problem
from ntk_theory.symbolic.reading import problem as as_problem

Points = dict[str, Floats]

#: Ways to draw: low-discrepancy (scrambled Sobol) or independent uniform points.
METHODS = ("sobol", "uniform")
#: Arrays as large as the points that exist side by side while they are drawn.
PASSES = 5


def draw_points(
    problem: Problem | Operator | str,
    counts: int | Mapping[str, int] = 16,
    seed: int = 0,
    *,
    groups: str | Iterable[str] | None = None,
    method: str = "sobol",
    parameters: ParameterValues | None = None,
) -> Points:
    """Points for every group, or for some, drawn from its faces, or from its place where it has none.

    The place of a group is the domain, or the part of it that it holds in.

    Parameters
    ----------
    problem:
        A problem, operator, zoo name or expression. Its ``domain`` must give an interval for every variable
        that a face leaves free.
    counts:
        Points per group: one number, or a number per group name (for every group asked for). A group whose
        faces are all single points (u(0) = 1 for an ordinary differential equation) has no more distinct
        points than faces and gets one per face; a group of data has the points that were measured at.
    seed:
        The same seed gives the same points; those of a group depend on its place among the groups, not on
        which others are asked for.
    groups:
        Names of groups, or one name; "b" stands for all value groups, "f" for all equations. Default: all.
    method:
        ``"sobol"`` or ``"uniform"``.
    parameters:
        Values for named parameters in the domain and faces.

    Returns
    -------
    dict
        Group name → (n, d), or (n, k, d) for k legs.
    """
    if method not in METHODS:
        raise InputError(f"method is {method!r}; it needs one of {', '.join(METHODS)}")
    problem = as_problem(problem)
    values = {**problem.parameters, **(parameters or {})}
    points, wanted = {}, {group.name for group in chosen(problem.groups, groups)}
    for order, group in enumerate(problem.groups):
        if group.name not in wanted:
            continue
        if group.data is not None:
            points[group.name] = np.array(group.data.points)
            continue
        n = _count(counts, group.name)
        size = PASSES * 8.0 * n * len(problem.variables) * len(group.legs)
        require_memory(size, f"{n} points of group {group.name!r}", "ask for fewer")
        place = problem.place(group, values)
        box = {v: _interval(v, ends, values) for v, ends in place.items() if not _is_held(group, v)}
        sampler = _Sampler(problem.variables, box, method)
        faces = [_fixed(group, face, values) for face in group.faces] or [{}]
        draw = sampler.union if len(group.legs) == 1 else sampler.tied
        points[group.name] = draw(group, faces, n, [seed, order])
    return points


def check_points(problem: Problem, points: Mapping[str, ArrayLike]) -> Points:
    """The user's points as finite float64 arrays in C order, one entry per group of ``problem``.

    The keys are group names; ``"f"`` may stand for all equations and ``"b"`` for all value groups, where no
    group has that name. Points outside the domain are allowed.

    Raises
    ------
    InputError
        A group is missing or unknown, an array has the wrong shape, no points, or a non-finite entry.
    """
    if not isinstance(points, Mapping):
        raise InputError(
            f"points is a {type(points).__name__}; it needs a mapping from group name to array, "
            f"with the groups {_names(problem.groups)}"
        )
    given = spread(problem.groups, points)
    unknown = sorted(set(given) - {group.name for group in problem.groups})
    if unknown:
        if unknown[0] in problem.met_by_construction:
            raise InputError(
                f"points has the group {unknown[0]!r}, which the ansatz meets by construction; leave it out"
            )
        raise InputError(f"points has the group {unknown[0]!r}; the problem has {_names(problem.groups)}")
    missing = [group for group in problem.groups if group.name not in given]
    if missing:
        raise InputError(
            f"points lacks the group {missing[0].name!r}; give an array for each of {_names(problem.groups)}"
        )
    return {
        g.name: check_group_points(g.name, len(g.legs), problem.variables, given[g.name])
        for g in problem.groups
    }


def check_group_points(name: str, legs: int, variables: Sequence[str], points: ArrayLike) -> Floats:
    """One group's points as a finite float64 array of shape (n, d), or (n, legs, d) with several legs."""
    where, d = f"points[{name!r}]", len(variables)
    needs = f"(n, {d})" if legs == 1 else f"(n, {legs}, {d})"
    try:
        raw = np.asarray(points)
        if raw.dtype.kind not in "fiuO":  # text and complex numbers would be cast, with a loss
            raise TypeError
        array = np.array(raw, dtype=np.float64, order="C")
    except (TypeError, ValueError):
        raise InputError(f"{where} is not an array of real numbers; it needs one of shape {needs}") from None
    if array.ndim != (2 if legs == 1 else 3) or array.shape[1:] != ((d,) if legs == 1 else (legs, d)):
        raise InputError(
            f"{where} has shape {array.shape}; it needs {needs}, columns in the order {', '.join(variables)}"
        )
    if not len(array):
        raise InputError(f"{where} has zero points; it needs at least one")
    if not np.isfinite(array).all():
        at = int(np.argwhere(~np.isfinite(array))[0][0])
        raise InputError(f"{where} has a non-finite entry in point {at}; it needs finite numbers")
    return array


def _names(groups: Iterable[Group]) -> str:
    return ", ".join(group.name for group in groups)


def _count(counts: int | Mapping[str, int], name: str) -> int:
    if isinstance(counts, Mapping) and name not in counts:
        raise InputError(f"counts lacks the group {name!r}; give a number of points for every group")
    n = counts[name] if isinstance(counts, Mapping) else counts
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise InputError(f"counts is {n!r} for the group {name!r}; it needs a whole number of at least 1")
    return int(n)


def _real(expression: sp.Expr, values: ParameterValues, what: str) -> float:
    bound = bind(sp.sympify(expression, strict=True), values)
    if bound.free_symbols:
        raise InputError(unvalued(what, sorted(s.name for s in bound.free_symbols)))
    try:
        value = float(bound.evalf(25))
    except (TypeError, OverflowError):
        value = float("nan")
    if not np.isfinite(value):
        raise InputError(f"{what} is {expression}; it needs a finite real number to draw points from")
    return value


def _interval(name: str, ends: tuple[sp.Expr, sp.Expr], values: ParameterValues) -> tuple[float, float]:
    low, high = (_real(end, values, f"domain[{name!r}]") for end in ends)
    if not low < high:
        raise InputError(f"domain[{name!r}] is [{low}, {high}]; its first end must be below its second")
    return low, high


def _is_held(group: Group, variable: str) -> bool:
    """Does every face fix this variable (its interval may be a point, as on an interface)?"""
    return bool(group.faces) and all(variable in face for face in group.faces)


def _fixed(group: Group, face: Face, values: ParameterValues) -> dict[str, float]:
    return {name: _real(end, values, f"a face of group {group.name!r}") for name, end in face.items()}


@dataclass(frozen=True)
class _Sampler:
    """Draws on faces of the box ``box`` (an interval per variable)."""

    variables: tuple[str, ...]
    box: Mapping[str, tuple[float, float]]
    method: str

    def free(self, group: Group, fixed: Mapping[str, float]) -> list[str]:
        """The variables that a face leaves free; each needs an interval."""
        free = [name for name in self.variables if name not in fixed]
        for name in free:
            if name not in self.box:
                raise InputError(
                    f"the problem's domain has no interval for {name!r}, so the points of group "
                    f"{group.name!r} cannot be drawn; add it to the domain or give the points yourself"
                )
        return free

    def union(self, group: Group, faces: Sequence[Mapping[str, float]], n: int, seed: list[int]) -> Floats:
        """Draw n points on the union of faces, shared out in proportion to the faces' measure."""
        free = [self.free(group, fixed) for fixed in faces]
        if not any(free):
            n = len(faces)
        measures = np.array([np.prod([self.box[v][1] - self.box[v][0] for v in names]) for names in free])
        parts = [
            self.place(fixed, _unit(m, len(names), np.random.default_rng([*seed, k]), self.method))
            for k, (fixed, names, m) in enumerate(zip(faces, free, _shares(measures, n), strict=True))
        ]
        return np.ascontiguousarray(np.concatenate(parts))

    def tied(self, group: Group, faces: Sequence[Mapping[str, float]], n: int, seed: list[int]) -> Floats:
        """Points of a group with several legs: the legs share their free coordinates."""
        if len(faces) != len(group.legs) or any(set(face) != set(faces[0]) for face in faces):
            raise InputError(
                f"group {group.name!r} has {len(group.legs)} legs; "
                "it needs as many faces, all fixing the same variables"
            )
        free = self.free(group, faces[0])
        unit = _unit(n if free else 1, len(free), np.random.default_rng([*seed, 0]), self.method)
        return np.ascontiguousarray(np.stack([self.place(fixed, unit) for fixed in faces], axis=1))

    def place(self, fixed: Mapping[str, float], unit: Floats) -> Floats:
        """Unit-cube coordinates of the free variables to points of a face."""
        columns, free = [], iter(unit.T)
        for name in self.variables:
            if name in fixed:
                columns.append(np.full(len(unit), fixed[name]))
            else:
                low, high = self.box[name]
                columns.append(low + (high - low) * next(free))
        return np.stack(columns, axis=1)


def _shares(measures: Floats, n: int) -> list[int]:
    """Whole numbers with sum n, proportional to ``measures`` (largest remainders), 1 each if n allows."""
    floor = 1 if n >= len(measures) else 0
    exact = (n - floor * len(measures)) * measures / measures.sum()
    whole = np.floor(exact).astype(int)
    rest = n - floor * len(measures) - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:rest]] += 1
    return [int(m) + floor for m in whole]


def _unit(n: int, d: int, rng: np.random.Generator, method: str) -> Floats:
    """Draw n points of the unit cube of dimension d."""
    if d == 0 or n == 0:
        return np.zeros((n, d))
    if method == "uniform":
        return rng.random((n, d))
    return sobol(n, d, rng)
