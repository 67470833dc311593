"""What the kernel of a problem will take, before parameters or points exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ntk_theory.empirical.cost import Plan, Sizes, estimate, operations
from ntk_theory.empirical.ntk import Path
from ntk_theory.errors import InputError, ResourceError
from ntk_theory.kernels.multiindex import closure
from ntk_theory.model.lowering import lower_problem
from ntk_theory.model.network import Network, check_match
from ntk_theory.resources import allowed_memory
from ntk_theory.setting.activations import require_smooth
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.problem import Problem


@dataclass(frozen=True)
class Preview:
    """The plan that :func:`ntk_theory.empirical.ntk.ntk` will follow, and the number of parameters."""

    plan: Plan
    parameters: int

    @property
    def bytes(self) -> float:
        """Working memory, result and parameters."""
        return self.plan.bytes + 8.0 * self.parameters

    @property
    def seconds(self) -> float:
        """The time, estimated."""
        return self.plan.seconds


def preview(
    problem: Problem,
    network: Network,
    counts: int | Mapping[str, int],
    *,
    path: Path = "auto",
    memory_limit: float | None = None,
) -> Preview:
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
    InputError, SmoothnessError
    ResourceError
        The estimate exceeds the limit.

    >>> from ntk_theory.symbolic import zoo
    >>> heat = zoo("heat")
    >>> small = preview(heat, Network(heat.variables, heat.fields, 64, depth=2), 8)
    >>> small.parameters, small.plan.contracted
    (4417, True)
    """
    check_match(problem, network)
    if path not in ("auto", "jet", "contracted"):
        raise InputError(f"path is {path!r}; it needs auto, jet or contracted")
    _check_epsilon(network)
    slots = lower_problem(problem).slots
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
    plan = _plan(network, n, slots, path, rest)
    return Preview(plan, size)


def _plan(network: Network, n: int, slots: tuple[Slot, ...], path: Path, limit: float | None) -> Plan:
    """As :func:`ntk_theory.empirical.ntk.choose` decides."""
    if path != "auto":
        return estimate(network, n, slots, contracted=path == "contracted", memory_limit=limit)
    contracted = estimate(network, n, slots, contracted=True, memory_limit=limit)
    size = closure((slot.index for slot in slots), len(network.variables)).size
    if contracted.flops <= operations(Sizes(network, n, size, len(slots)), contracted=False):
        return contracted
    return estimate(network, n, slots, contracted=False, memory_limit=limit)


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
