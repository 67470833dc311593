"""What an infinite-width computation costs, before it runs."""

from __future__ import annotations

from dataclasses import dataclass

from ntk_theory.errors import ResourceError
from ntk_theory.kernels.multiindex import IndexSet

#: Bytes of temporary series that one chunk of pairs may hold.
CHUNK_BYTES = 64 * 2**20
#: Series alive at once per pair: arguments, powers and results of both duals.
LIVE_SERIES = 12


@dataclass(frozen=True)
class Cost:
    """Estimates: ``bytes`` of peak memory, ``pairs`` of points, ``node_visits`` of the quadrature."""

    bytes: int
    pairs: int


def estimate(points: int, indices: IndexSet, slots: int) -> Cost:
    """The cost for n points, the closed index set and the number of slots asked for.

    Memory: the Taylor coefficients of Σ and T by two rules, 4 (A n)² float64, the results 2 (slots n)²
    and one chunk of temporaries.
    """
    full = (indices.size * points) ** 2
    return Cost(8 * (4 * full + 3 * (slots * points) ** 2) + CHUNK_BYTES, points * (points + 1) // 2)


def check_cost(points: int, indices: IndexSet, slots: int, limit: float) -> Cost:
    """The estimate, or :class:`ResourceError` where it exceeds ``limit`` bytes."""
    cost = estimate(points, indices, slots)
    if cost.bytes > limit:
        raise ResourceError(
            f"the infinite-width jets of {points} points and {indices.size} Taylor coefficients need about "
            f"{cost.bytes / 2**30:.1f} GiB, above memory_limit = {limit / 2**30:.1f} GiB; "
            "use fewer points or slots, or raise memory_limit"
        )
    return cost


def chunk_pairs(indices: IndexSet) -> int:
    """Pairs per chunk, so that temporaries stay below :data:`CHUNK_BYTES`."""
    moments = (indices.order + 2) ** 2 * (2 * indices.order + 1) ** 2
    return max(16, CHUNK_BYTES // (8 * (LIVE_SERIES * indices.size**2 + moments)))
