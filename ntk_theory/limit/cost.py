"""What an infinite-width computation costs, before it runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import ResourceError
from ntk_theory.kernels.dual_tables import ActivationTable
from ntk_theory.kernels.multiindex import IndexSet
from ntk_theory.limit.resolution import REFINEMENT, node_counts
from ntk_theory.resources import allowed_memory

#: Bytes of Σ and T, or of draws, that are computed unless a limit is given.
MEMORY_LIMIT = 4 * 2**30
#: Bytes of temporary series that one chunk of pairs may hold.
CHUNK_BYTES = 64 * 2**20
#: Series alive at once per pair: arguments, powers and results of both duals.
LIVE_SERIES = 12
#: Seconds per quadrature node on two cores, and more per order: measured, good to a factor of 3.
NODE_SECONDS, NODE_SECONDS_PER_ORDER = 3e-8, 1e-8
#: Seconds per pair and layer of the series arithmetic, per squared number of Taylor coefficients.
SERIES_SECONDS = 4e-7


@dataclass(frozen=True)
class Cost:
    """Estimates: ``bytes`` of peak memory, ``seconds`` on two cores, for ``pairs`` of points."""

    bytes: int
    seconds: float
    pairs: int


def estimate(
    inputs: Floats,
    depth: int,
    indices: IndexSet,
    slots: int,
    table: ActivationTable | None,
    rtol: float,
) -> Cost:
    """The cost at the points x̃ ``inputs`` (n, d), for the closed index set and the slots asked for.

    Memory: the Taylor coefficients of Σ and T by two rules, 4 (A n)² float64, the results 3 (slots n)²
    and one chunk of temporaries. Time: the nodes of both rules at the first layer, whose variances
    |x̃|² + 1 are the largest of a bounded activation; none for a closed form (``table`` None).
    """
    points = len(inputs)
    pairs = points * (points + 1) // 2
    full = (indices.size * points) ** 2
    memory = 8 * (4 * full + 3 * (slots * points) ** 2) + CHUNK_BYTES
    seconds = SERIES_SECONDS * pairs * depth * indices.size**2
    if table is not None:
        scale = np.sqrt((inputs**2).sum(axis=1) + 1.0)
        order = indices.order + 1
        outer = float(node_counts(table, scale, order, 2, rtol, 1.0).mean())
        inner = float(node_counts(table, 0.7 * scale, order, 1, rtol, 1.0).mean())
        per_node = NODE_SECONDS + NODE_SECONDS_PER_ORDER * indices.order
        seconds = 2 * seconds + (1 + REFINEMENT**2) * pairs * depth * outer * inner * per_node
    return Cost(memory, seconds, pairs)


def check_cost(cost: Cost, memory_limit: float | None, time_limit: float | None) -> None:
    """Raise :class:`ResourceError` where an estimate exceeds its limit (bytes, seconds)."""
    allowed = allowed_memory(memory_limit, most=MEMORY_LIMIT)
    if cost.bytes > allowed:
        raise ResourceError(
            f"the infinite-width jets of {cost.pairs} pairs of points need {cost.bytes / 2**30:.1f} GiB, "
            f"above memory_limit = {allowed / 2**30:.1f} GiB; "
            "use fewer points or slots, or raise memory_limit"
        )
    if time_limit is not None and cost.seconds > time_limit:
        raise ResourceError(
            f"the infinite-width jets of {cost.pairs} pairs of points need about {cost.seconds:.0f} s, above "
            f"time_limit = {time_limit:g} s; use fewer points, a larger rtol, or raise time_limit"
        )


def chunk_pairs(indices: IndexSet) -> int:
    """Pairs per chunk, so that temporaries stay below :data:`CHUNK_BYTES`."""
    moments = (indices.order + 2) ** 2 * (2 * indices.order + 1) ** 2
    return max(16, CHUNK_BYTES // (8 * (LIVE_SERIES * indices.size**2 + moments)))
