"""A line or a plane through the domain, on which a trained network can be looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.model.program import compile_expressions
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training.solution import inside_place, solved_fields

#: Points along a line, and along each side of a plane.
LINE, SIDE = 400, 121


@dataclass(frozen=True, eq=False)
class Slice:
    """Fields on a line, or on a plane.

    Attributes
    ----------
    names:
        The variable across and, in a plane, the one up; time runs across.
    axes:
        Their values.
    where:
        At what values of the other variables, as text such as ``, t = 1``; empty if there are none.
    fields:
        Their names.
    found, exact:
        (m, n) or (m, n, n), indexed by field, across, up; ``exact`` is None where no solution is known.
        A field of a part of the domain is NaN outside of it.
    """

    names: tuple[str, ...]
    axes: tuple[Floats, ...]
    where: str
    fields: tuple[str, ...]
    found: Floats
    exact: Floats | None

    @property
    def is_plane(self) -> bool:
        """A plane, not a line?"""
        return len(self.names) > 1


def solution_slice(problem: Problem, network: Network, parameters: Parameters) -> Slice:
    """The slice by the first two variables, at the end of time or the middle of any other."""
    variables = problem.variables
    missing = [name for name in variables if name not in problem.domain]
    if missing:
        raise InputError(f"the problem's domain has no interval for {missing[0]!r}; add it to the domain")
    ends = {name: _interval(problem, name) for name in variables}
    names = variables[:2] if len(variables) < 2 or variables[1] != "t" else ("t", variables[0])
    axes = tuple(np.linspace(*ends[name], LINE if len(names) == 1 else SIDE) for name in names)
    fixed = {
        name: ends[name][1] if name == "t" else sum(ends[name]) / 2 for name in variables if name not in names
    }
    mesh = dict(zip(names, np.meshgrid(*axes, indexing="ij"), strict=True))
    shape = mesh[names[0]].shape
    columns = [mesh[name] if name in mesh else np.full(shape, fixed[name]) for name in variables]
    points = np.ascontiguousarray(np.stack([column.ravel() for column in columns], axis=1))
    inside = np.array([inside_place(problem, name, points) for name in problem.solved.fields])
    found = solved_fields(problem, network, parameters, points)
    found = np.where(inside, found, np.nan)
    return Slice(
        names,
        axes,
        "".join(f", {name} = {value:g}" for name, value in fixed.items()),
        problem.solved.fields,
        found.reshape(-1, *shape),
        _exact(problem, points, shape),
    )


def _interval(problem: Problem, name: str) -> tuple[float, float]:
    low, high = (float(bind(end, problem.parameters)) for end in problem.domain[name])
    return low, high


def _exact(problem: Problem, points: Floats, shape: tuple[int, ...]) -> Floats | None:
    if problem.solution is None:
        return None
    bound = [bind(problem.solution[name], problem.parameters) for name in problem.solved.fields]
    rows = compile_expressions(bound, problem.space.variable_symbols).run(list(points.T))
    exact = [np.broadcast_to(row, len(points)) for row in rows]
    inside = [inside_place(problem, name, points) for name in problem.solved.fields]
    return np.where(inside, np.array(exact, dtype=np.float64), np.nan).reshape(-1, *shape)
