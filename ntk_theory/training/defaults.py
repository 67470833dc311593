"""A network and points for a problem where the user gives none.

Meant for Gauss–Newton on two cores: three hidden layers of sixteen tanh neurons (more for a run that may take
minutes, :func:`usual_width`), inputs mapped onto [−1, 1]^d, and :data:`RESIDUALS_PER_PARAMETER` times as many
residuals as parameters, so that few functions of the network meet the equations at these points and not
between them [C].
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ntk_theory.arrays import Floats
from ntk_theory.errors import ResourceError
from ntk_theory.model.network import Network
from ntk_theory.resources import allowed_memory
from ntk_theory.setting.features import FeatureMap
from ntk_theory.setting.initialisation import Initialisation
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training.methods.method import Method
from ntk_theory.training.stopping import Until

WIDTH, DEPTH = 16, 3
#: Who gives so many seconds, for linear equations or for others, gets wider layers: their steps take five
#: times as long, but what the smaller network has not learnt by then it learns slowly. Shocks and solitons
#: gain by them in 120 seconds, waves lose [C].
LONG_LINEAR, LONG_RUN, WIDER = 200.0, 100.0, 24
#: Points per equation and per condition, by the number of variables (the last for more); where they follow
#: the parameters at least so many of all equations, and of all conditions, together.
EQUATION_POINTS = (128, 800, 1200)
CONDITION_POINTS = (16, 100, 200)
#: Points follow the parameters: so many residuals for each, this share of them of equations, and so many
#: points in all at most.
RESIDUALS_PER_PARAMETER, EQUATION_SHARE, MOST_POINTS = 3, 0.75, 10_000

#: Arrays as long as the parameters, or as points times neurons, that training holds at the least.
VECTORS = 6


def default_network(
    problem: Problem,
    *,
    width: int | tuple[int, ...] = WIDTH,
    depth: int | None = DEPTH,
    s: Fraction | str | int | float = Fraction(1, 2),
    activation: str = "tanh",
    output_bias: str = "zero",
    features: FeatureMap | Mapping[str, Any] | None = None,
    initialisation: Initialisation | Mapping[str, Any] | str | None = None,
) -> Network:
    """A network for a problem; inputs mapped from its domain, where it has one.

    ``width``, ``depth``, ``s``, ``activation``, ``output_bias``, ``features`` and ``initialisation`` as in
    :class:`~ntk_theory.model.network.Network`; ``depth`` is not read where ``width`` names every layer.
    """
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
        output_bias=output_bias,
        input_map=box,  # type: ignore[arg-type]
        features=features,
        initialisation=initialisation,
    )


def usual_width(problem: Problem, rules: Until) -> int:
    """Neurons per layer for a run that these rules end: :data:`WIDER` where they give it minutes.

    From :data:`LONG_RUN` seconds on, or :data:`LONG_LINEAR` where all equations are linear.

    >>> from ntk_theory import zoo
    >>> ends = Until(steps=400), Until(cpu=99), Until(seconds=100)
    >>> [usual_width(zoo("burgers"), rules) for rules in ends]
    [16, 16, 24]
    >>> [usual_width(zoo("heat"), Until(seconds=limit)) for limit in (100, 200)]
    [16, 24]
    """
    given = [limit for limit in (rules.seconds, rules.cpu) if limit is not None]
    linear = all(leg.is_linear for group in problem.equations for leg in group.legs)
    return WIDER if min(given, default=0.0) >= (LONG_LINEAR if linear else LONG_RUN) else WIDTH


def default_counts(problem: Problem, parameters: int = 0) -> dict[str, int]:
    """Points per group, by the number of variables and of the network's parameters.

    The residuals that the parameters ask for are dealt out evenly: :data:`EQUATION_SHARE` of them to the
    equations, the rest to the conditions.
    """
    at = min(len(problem.variables), len(EQUATION_POINTS)) - 1
    total = min(RESIDUALS_PER_PARAMETER * parameters, MOST_POINTS)
    counts: dict[str, int] = {}
    for groups, share, least in (
        (problem.conditions, 1 - EQUATION_SHARE, CONDITION_POINTS[at]),
        (problem.equations, EQUATION_SHARE, EQUATION_POINTS[at]),
    ):
        own = max(least, math.ceil(share * total)) / max(len(groups), 1) if parameters else least
        counts |= {group.name: math.ceil(own) for group in groups}
    return counts | measured_counts(problem)


def measured_counts(problem: Problem) -> dict[str, int]:
    """The number of points of every group of data."""
    return {group.name: len(group.data.points) for group in problem.groups if group.data is not None}


def check_memory(network: Network, points: int, method: Method) -> None:
    """Refuse what cannot fit before anything is drawn.

    A few vectors of P parameters, arrays of n points times all neurons, and the method's own matrices.

    Raises
    ------
    ResourceError
        with the estimate, the machine's memory and what to change.
    """
    size, neurons = network.parameter_count, sum(network.widths)
    need = 8.0 * (VECTORS * size + VECTORS * points * neurons)
    need += 8.0 * method.floats(points, size)
    have = allowed_memory()
    if need > have:
        instead = ", or a first-order method" if method.facts.needs_jacobian else ""
        raise ResourceError(
            f"{size} parameters and {points} points need about {need / 2**30:.3g} GiB, above the "
            f"{have / 2**30:.3g} GiB that may be used here; take a smaller width or fewer points{instead}"
        )


def thinned(points: Mapping[str, Floats], most: int) -> dict[str, Floats]:
    """The first points of every group, about ``most`` in all and at least one each.

    The first points of a Sobol draw are spread over the domain like all of them.
    """
    total = sum(len(array) for array in points.values())
    share = min(1.0, most / total)
    return {name: array[: math.ceil(share * len(array))] for name, array in points.items()}
