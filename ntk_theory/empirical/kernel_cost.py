"""What the kernel of a problem will take, before parameters or points exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ntk_theory.empirical.cost import Cost, Route, Sizes, choose
from ntk_theory.errors import InputError, ResourceError
from ntk_theory.kernels.multiindex import closure
from ntk_theory.model.lowering import lower_problem
from ntk_theory.model.network import Network, check_match
from ntk_theory.resources import allowed_memory
from ntk_theory.setting.activations import require_smooth
from ntk_theory.symbolic.problem import Problem


@dataclass(frozen=True)
class KernelCost:
    """The cost by the route that ``ntk`` will take, and the number of parameters."""

    cost: Cost
    parameters: int

    @property
    def bytes(self) -> float:
        """Working memory, result and parameters."""
        return self.cost.bytes + 8.0 * self.parameters

    @property
    def seconds(self) -> float:
        """The time, estimated."""
        return self.cost.seconds


def kernel_cost(
    problem: Problem,
    network: Network,
    counts: int | Mapping[str, int],
    *,
    path: Route = "auto",
    memory_limit: float | None = None,
) -> KernelCost:
    """What ``ntk`` will take; nothing is computed and nothing allocated.

    Parameters
    ----------
    problem, network, path:
        As for :func:`ntk_theory.empirical.ntk.ntk`.
    counts:
        Points per group: one number, or one per group name.
    memory_limit:
        Bytes for all of it, parameters included; default three quarters of the machine's memory.

    Raises
    ------
    InputError
        Arguments that do not fit together; the message names the argument and what it needs.
    SmoothnessError
        The activation lacks a derivative that is asked for.
    ResourceError
        The estimate exceeds the limit.

    >>> from ntk_theory.symbolic import zoo
    >>> heat = zoo("heat")
    >>> small = kernel_cost(heat, Network(heat.variables, heat.fields, 64, depth=2), 8)
    >>> small.parameters, small.cost.contracted
    (4417, True)
    """
    check_match(problem, network)
    _check_epsilon(network)
    slots = lower_problem(problem, trained=True).slots
    require_smooth(network.phi, max(slot.order for slot in slots), extra=1)
    limit = allowed_memory(memory_limit)
    size = network.parameter_count
    if 8.0 * size >= limit:
        raise ResourceError(
            f"memory_limit is {limit:.3g} bytes; a network of widths {network.widths} has {size} parameters "
            f"and needs {8.0 * size:.3g}: raise the limit, or use a smaller width"
        )
    n = sum(
        len(group.legs) * (counts if isinstance(counts, int) else counts[group.name])
        for group in problem.groups
    )
    rest = None if memory_limit is None else limit - 8.0 * size
    indices = closure((slot.index for slot in slots), len(network.variables))
    return KernelCost(choose(Sizes(network, n, indices.size, len(slots)), path, rest), size)


def _check_epsilon(network: Network) -> None:
    try:
        finite = network.epsilon
    except OverflowError:
        finite = float("inf")
    if not 0 < finite < float("inf"):
        raise InputError(
            f"s is {network.exponent}; N^(1/2 - s) is beyond floating point for N = {network.widths[-1]}: "
            "use an s nearer to 1/2"
        )
