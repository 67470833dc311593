"""A network and points for a problem where the user gives none.

Meant for Gauss–Newton on two cores: three hidden layers of twenty tanh neurons, inputs mapped onto
[−1, 1]^d, about as many residuals as parameters.
"""

from __future__ import annotations

from fractions import Fraction

from ntk_theory.model.lowering import bind
from ntk_theory.model.network import Network
from ntk_theory.model.points import Points, draw_points
from ntk_theory.symbolic.problem import Problem

WIDTH, DEPTH = 20, 3
#: Points per equation and per condition, by the number of variables (the last for all above).
EQUATION_POINTS = (128, 800, 1200)
CONDITION_POINTS = (16, 100, 200)


def default_network(
    problem: Problem,
    *,
    width: int | tuple[int, ...] = WIDTH,
    depth: int | None = DEPTH,
    s: Fraction | str | int | float = Fraction(1, 2),
    activation: str = "tanh",
) -> Network:
    """A network for a problem; inputs mapped from its domain, where it has one."""
    box = None
    if all(name in problem.domain for name in problem.variables):
        ends = {name: problem.domain[name] for name in problem.variables}
        values = problem.parameters
        box = {name: tuple(float(bind(end, values)) for end in pair) for name, pair in ends.items()}
    return Network(
        problem.variables,
        problem.fields,
        width=width,
        depth=depth if isinstance(width, int) else None,
        s=s,
        activation=activation,
        input_map=box,  # type: ignore[arg-type]
    )


def default_counts(problem: Problem) -> dict[str, int]:
    """Points per group, by the number of variables."""
    at = min(len(problem.variables), len(EQUATION_POINTS)) - 1
    counts = {group.name: CONDITION_POINTS[at] for group in problem.conditions}
    return counts | {group.name: EQUATION_POINTS[at] for group in problem.equations}


def default_points(problem: Problem, seed: int = 0) -> Points:
    """Points of every group, drawn from its faces or the domain."""
    return draw_points(problem, default_counts(problem), seed)
