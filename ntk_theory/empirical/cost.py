"""What a kernel will cost, before it is computed: floating-point operations, bytes, seconds.

Counts, for n points, S slots, A = |I| Taylor coefficients, m outputs, widths N_1 … N_L (a multiply-add is
two operations; symmetric products count half of a general one):

    forward               2 A n Σ_{l≥2} N_{l−1} N_l
    backward              the same, times m for the jet NTK
    Gram products, jet    n² { m² A² Σ_l N_l + A² Σ_{l<L} N_l + S² N_L }
    contracted            n² { A² Σ_{l≥2} (N_l + N_{l−1}) + (d + 1) N_1 + m N_L }

A feature map with k columns makes the first layer like any other: k counts as N_0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

from ntk_theory.empirical.jet_request import JetRequest
from ntk_theory.errors import InputError, ResourceError
from ntk_theory.kernels.multiindex import closure
from ntk_theory.model.network import Network
from ntk_theory.resources import allowed_memory, thread_count
from ntk_theory.symbolic.jets import Slot

#: How a kernel is computed: from the jet NTK, by the contracted backward pass, or by the cheaper of both.
Route = Literal["auto", "jet", "contracted"]
#: Operations per second and thread that the time estimate supposes.
RATE = 3.0e10
#: Seconds per Taylor coefficient, neuron and point of the elementwise work.
ELEMENTWISE = 1.0e-9
#: Working memory that is used freely, bytes; more only where the smallest tile needs it.
MEMORY_LIMIT = 2**30
#: Rows A·(points of a tile) of a Gram matrix: beyond it points are cut into tiles.
GRAM_ROWS = 2048
#: Bytes of the jets of a tile of neurons at depth 1.
NEURON_BYTES = 2**24
#: Estimated seconds of one thread below which handing work to a second one costs more than it saves.
WORTH_SHARING = 2.0e-3


@dataclass(frozen=True)
class Cost:
    """How a kernel will be computed and what it takes.

    Attributes
    ----------
    contracted:
        Seeds contracted with one operator's weights, or the full jet NTK.
    point_tile, neuron_tile:
        Points per tile; neurons per tile (depth 1 only, else the width).
    keeps:
        Are the states of all tiles kept, or recomputed per pair of tiles?
    flops, bytes, seconds:
        Estimates: operations; working memory and result, without the parameters; time.
    """

    contracted: bool
    point_tile: int
    neuron_tile: int
    keeps: bool
    flops: float
    bytes: float
    seconds: float


@dataclass(frozen=True)
class Sizes:
    """The numbers on which costs depend: network shape, n points, A Taylor coefficients, S slots."""

    network: Network
    n: int
    A: int
    S: int

    @classmethod
    def of(cls, ask: JetRequest) -> Sizes:
        """Those of a request."""
        return cls(ask.network, len(ask.points), ask.set.size, len(ask.slots))


def estimate(
    network: Network,
    n: int,
    slots: Iterable[Slot],
    *,
    contracted: bool = False,
    memory_limit: float | None = None,
) -> Cost:
    """What :func:`ntk_theory.empirical.jet_ntk.jet_ntk` (or ``contracted_ntk``) will take for n points.

    Nothing is computed: ``bytes``, ``seconds``, ``flops`` and the tiles that would be used.

    Parameters
    ----------
    network, n, slots:
        The network, the number of points, and the derivatives.
    contracted:
        Of ``contracted_ntk``, not of ``jet_ntk``?
    memory_limit:
        Bytes, which the tiles must keep; default: what this machine allows.
    """
    given = tuple(slots)
    size = closure((slot.index for slot in given), len(network.variables)).size
    return _cost(Sizes(network, n, size, len(given)), contracted, memory_limit, None, None)


def cost_of(
    ask: JetRequest,
    *,
    contracted: bool,
    memory_limit: float | None = None,
    point_tile: int | None = None,
    neuron_tile: int | None = None,
    kernel: bool = True,
) -> Cost:
    """The cheapest way within ``memory_limit`` bytes (default: 3/4 of the machine's memory).

    Without ``kernel`` only the states of the points are wanted: no matrix of n² entries counts.

    Raises
    ------
    ResourceError
        if the result alone, or the smallest tile, exceeds ``memory_limit``.
    """
    return _cost(Sizes.of(ask), contracted, memory_limit, point_tile, neuron_tile, kernel=kernel)


def _cost(
    sizes: Sizes,
    contracted: bool,
    memory_limit: float | None,
    point_tile: int | None,
    neuron_tile: int | None,
    *,
    kernel: bool = True,
) -> Cost:
    allowed = allowed_memory(memory_limit)
    limit = float(MEMORY_LIMIT) if memory_limit is None else allowed
    n, A, S = sizes.n, sizes.A, sizes.S
    widths, outputs = sizes.network.widths, 1 if contracted else len(sizes.network.fields)
    result = 8.0 * (n * n if contracted else (S * n) ** 2) if kernel else 0.0
    neurons = widths[0]
    flops = operations(sizes, contracted=contracted) if kernel else 2 * forward_operations(sizes)
    serial = flops / RATE + n * sum(widths) * A * (2 + outputs) * ELEMENTWISE
    threads = thread_count() if serial > WORTH_SHARING else 1
    tile = point_tile or min(-(-n // threads), max(8, GRAM_ROWS // (A * outputs)))
    if len(widths) == 1:
        neurons = neuron_tile or min(widths[0], max(256, NEURON_BYTES // (8 * A * n)))
        if point_tile is None and widths[0] >= 2 * threads * neurons:
            tile = min(n, max(8, GRAM_ROWS // (A * outputs)))  # threads share neurons, not points
    span = neurons if len(widths) == 1 else sum(widths)
    columns = 3 + outputs + (S / A if not contracted else len(sizes.network.fields) / A)

    def working(points: int, tile: int) -> float:
        """Jets, slopes, deltas and a product for ``points`` points; Gram matrices of a tile; first layer."""
        grams = (outputs * A * tile) ** 2 + (A * tile) ** 2 + ((S * tile) ** 2 if not contracted else 0)
        return 8.0 * A * points * span * columns + (8.0 * grams if kernel else 0.0)

    keeps = working(n, tile) <= max(limit - result, 0.0)
    while not keeps and tile > 1 and point_tile is None and working(2 * tile, tile) > limit - result:
        tile = (tile + 1) // 2
    need = result + working(n if keeps else min(n, 2 * tile), tile)
    if need > allowed:
        raise ResourceError(
            f"memory_limit is {allowed:.3g} bytes; {n} points, {S} slots and widths {widths} "
            f"need {need:.3g}, of which the result takes {result:.3g}: "
            "raise the limit, or use fewer points or slots"
        )
    repeats = 1.0 if keeps else max(1.0, n / tile / 2)
    return Cost(contracted, tile, neurons, keeps, flops, need, repeats * serial / threads)


def choose(sizes: Sizes, route: Route, memory_limit: float | None) -> Cost:
    """The cost by the wanted route, or by the cheaper one.

    Raises
    ------
    InputError
        for an unknown route.
    ResourceError
        as :func:`cost_of`.
    """
    if route not in get_args(Route):
        raise InputError(f"path is {route!r}; it needs auto, jet or contracted")
    if route != "auto":
        return _cost(sizes, route == "contracted", memory_limit, None, None)
    contracted = _cost(sizes, True, memory_limit, None, None)
    if contracted.flops <= operations(sizes, contracted=False):
        return contracted
    return _cost(sizes, False, memory_limit, None, None)


def operations(sizes: Sizes, *, contracted: bool) -> float:
    """Floating-point operations by the formulas of this module."""
    n, A, S, network = sizes.n, sizes.A, sizes.S, sizes.network
    d, m, widths = len(network.variables), len(network.fields), network.widths
    layers = _layers(network)
    passes = forward_operations(sizes)
    if contracted:
        first = (d + 1) * widths[0] if network.lift is None else 0
        grams = A * A * (sum(layers[1:]) + sum(layers[:-1])) + first + m * widths[-1]
        return 2 * passes + float(n) * n * grams
    grams = m * m * A * A * sum(widths) + A * A * sum(layers[:-1]) + S * S * widths[-1]
    return (1 + m) * passes + float(n) * n * grams


def forward_operations(sizes: Sizes) -> float:
    """Those of one pass through the layers."""
    return 2.0 * sizes.A * sizes.n * sum(a * b for a, b in pairwise(_layers(sizes.network)))


def _layers(network: Network) -> tuple[int, ...]:
    return network.widths if network.lift is None else (network.lift.size, *network.widths)
