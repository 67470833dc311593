"""How far a network is from a known solution: relative L² error on a test grid.

    error = ‖u_θ − u‖ / ‖u‖,   ‖v‖² = Σ_i Σ_k v^i(x_k)²  over fields i and grid points x_k

The grid is the tensor product of equidistant points of the domain, faces included: not the points trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp

from ntk_theory.arrays import Bools, Floats
from ntk_theory.empirical.jets import jets
from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.model.program import compile_expressions
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training.reference import Reference, reference

#: About as many points does the default grid have.
GRID_POINTS = 10_000
#: Slots → what is added to the network's jets, (slots, n).
Change = Callable[[Sequence[Slot]], Floats]


@dataclass(frozen=True, eq=False)
class TestGrid:
    """Points (n, d) of the domain and the exact fields there, (m, n).

    ``inside`` (m, n) says where a field is defined: everywhere, or in its part of the domain; ``values``
    are 0 elsewhere, and nothing is compared there.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    points: Floats
    values: Floats
    inside: Bools

    @classmethod
    def of(cls, problem: Problem, size: int = GRID_POINTS) -> TestGrid:
        """The grid of a problem with a known solution, of about ``size`` points, or of its reference."""
        if problem.solution is None:
            known = reference(problem)
            if known is None:
                raise InputError(f"the problem {problem.name!r} has no known solution to compare with")
            return cls.at(problem, known)
        points = domain_grid(problem, size)
        names = problem.solved.fields
        expressions = [bind(problem.solution[name], problem.parameters) for name in names]
        program = compile_expressions(expressions, problem.space.variable_symbols)
        rows = [np.broadcast_to(row, len(points)) for row in program.run(list(points.T))]
        inside = np.array([inside_place(problem, name, points) for name in names])
        values = np.where(inside, np.array(rows, dtype=np.float64), 0.0)
        if not np.isfinite(values).all():
            at = points[int(np.argwhere(~np.isfinite(values))[0, 1])]
            raise NonFiniteError(f"the solution of {problem.name!r} is not finite at {at.tolist()}")
        return cls(points, values, inside)

    @classmethod
    def at(cls, problem: Problem, known: Reference) -> TestGrid:
        """The grid of a reference; a field that it lacks is compared nowhere."""
        points, names = known.points, problem.solved.fields
        empty = np.zeros(len(points))
        values = np.array([known.fields[name].ravel() if name in known.fields else empty for name in names])
        inside = np.array([np.full(len(points), name in known.fields) for name in names])
        return cls(points, values, inside)

    def error(self, problem: Problem, network: Network, parameters: Parameters) -> float:
        """‖u_θ − u‖/‖u‖ on the grid."""
        found = self.fields(problem, network, parameters)
        return float(np.linalg.norm(found - self.values) / np.linalg.norm(self.values))

    def fields(self, problem: Problem, network: Network, parameters: Parameters) -> Floats:
        """u_θ on the grid, (m, n), 0 outside of a field's part."""
        return np.where(self.inside, solved_fields(problem, network, parameters, self.points), 0.0)

    def field_errors(self, problem: Problem, network: Network, parameters: Parameters) -> dict[str, float]:
        """‖u^i_θ − u^i‖/‖u^i‖ by field that is known; the root mean square of u^i_θ where u^i is zero."""
        found = self.fields(problem, network, parameters)
        errors = {}
        for name, row, exact, inside in zip(
            problem.solved.fields, found, self.values, self.inside, strict=True
        ):
            if not inside.any():  # a reference may lack a field
                continue
            size = float(np.linalg.norm(exact)) or float(np.sqrt(np.count_nonzero(inside)))
            errors[name] = float(np.linalg.norm(row - exact)) / size
        return errors


def has_known_solution(problem: Problem) -> bool:
    """Is there a formula, or a stored reference, to measure errors against?"""
    return problem.solution is not None or reference(problem) is not None


def solved_fields(
    problem: Problem,
    network: Network,
    parameters: Parameters,
    points: Floats,
    change: Change | None = None,
) -> Floats:
    """The problem's own fields at points (n, d), by the ansatz where there is one; (m, n).

    ``change`` is added to the network's outputs and their derivatives.
    """
    if problem.ansatz is None:
        values = [problem.space.value(name) for name in problem.fields]
        found = jets(network, parameters, points, values)
        return found if change is None else found + change(values)
    ansatz = problem.ansatz.bind(problem.parameters)
    expressions = [ansatz.expressions[name] for name in problem.solved.fields]
    slots = ansatz.outputs.slots_of(sp.Tuple(*expressions))
    inputs = [*ansatz.outputs.variable_symbols, *map(ansatz.outputs.symbol, slots)]
    program = compile_expressions(expressions, inputs)
    found = jets(network, parameters, points, slots)
    rows = program.run([*points.T, *(found if change is None else found + change(slots))])
    return np.array([np.broadcast_to(row, len(points)) for row in rows], dtype=np.float64)


def inside_place(problem: Problem, name: str, points: Floats) -> Bools:
    """At which of the points (n, d) the field ``name`` is defined, (n,): its part includes its faces."""
    inside = np.ones(len(points), dtype=bool)
    for variable, ends in problem.place_of(name).items():
        low, high = (float(bind(end, problem.parameters)) for end in ends)
        column = points[:, problem.variables.index(variable)]
        # The ends of a grid may be off by a rounding.
        slack = 1e-12 * max(abs(low), abs(high))
        inside &= (column >= low - slack) & (column <= high + slack)
    return inside


def domain_grid(problem: Problem, size: int) -> Floats:
    """Equidistant points of the domain with both ends, about ``size`` of them; (n, d)."""
    missing = [name for name in problem.variables if name not in problem.domain]
    if missing:
        raise InputError(f"the problem's domain has no interval for {missing[0]!r}; add it to the domain")
    count = max(3, round(size ** (1 / len(problem.variables))))
    axes = []
    for name in problem.variables:
        low, high = (float(bind(end, problem.parameters)) for end in problem.domain[name])
        axes.append(np.linspace(low, high, count))
    mesh = np.meshgrid(*axes, indexing="ij")
    return np.ascontiguousarray(np.stack([axis.ravel() for axis in mesh], axis=1))


def relative_error(
    problem: Problem, network: Network, parameters: Parameters, size: int = GRID_POINTS
) -> float:
    """Relative L² error against the problem's known solution.

    It is ‖u_θ − u‖ / ‖u‖ with ‖v‖² = Σ_i Σ_k v^i(x_k)² over fields i and the points x_k of an equidistant
    grid, faces of the domain included: not the points trained on.

    Parameters
    ----------
    problem:
        With a solution.
    network, parameters:
        The network, and parameters of its shape.
    size:
        About how many points the grid over the domain has.
    """
    return TestGrid.of(problem, size).error(problem, network, parameters)


def field_errors(
    problem: Problem, network: Network, parameters: Parameters, size: int = GRID_POINTS
) -> dict[str, float]:
    """The same by field, ‖u^i_θ − u^i‖/‖u^i‖; the root mean square of u^i_θ where u^i is zero.

    ``problem``, ``network``, ``parameters`` and ``size`` as in :func:`relative_error`.
    """
    return TestGrid.of(problem, size).field_errors(problem, network, parameters)
