"""Arguments of another kind than a function reads, refused at its entry."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from ntk_theory.errors import InputError
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.model.points import check_points
from ntk_theory.symbolic.problem import Problem

#: How a model of another library becomes a network.
CONVERT = "network, parameters = nt.from_torch(module) reads a torch module, nt.from_weights arrays"


def check_network(network: Any, parameters: Any) -> None:
    """Refuse what is no :class:`Network`, and numbers that are no :class:`Parameters`.

    Raises
    ------
    InputError
        The argument, what it is, and how a module becomes a network.
    """
    if not isinstance(network, Network):
        raise InputError(f"network is a {type(network).__name__}; it needs a Network: {CONVERT}")
    if parameters is not None and not isinstance(parameters, Parameters):
        raise InputError(f"parameters is a {type(parameters).__name__}; it needs Parameters: {CONVERT}")


def number_of(problem: Problem, points: Any, default: int) -> int:
    """How many points to draw of each group, where ``points`` is no mapping to arrays.

    Raises
    ------
    InputError
        It is no number either; the groups are named.
    """
    if points is None:
        return default
    if not isinstance(points, Integral) or isinstance(points, bool):
        check_points(problem, points)  # refuses what is no mapping
    return int(points)
