"""The loop over tiles of neurons and points that fills a kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.empirical import shallow
from ntk_theory.empirical.arena import Arena
from ntk_theory.empirical.cost import Cost
from ntk_theory.empirical.jet_request import JetRequest
from ntk_theory.empirical.passes import Layers, Pass, contracted_pass, jet_pass, layers_of
from ntk_theory.empirical.tile_grams import add_contracted_pair, add_jet_pair
from ntk_theory.kernels.threads import each
from ntk_theory.progress import Hook, Meter
from ntk_theory.resources import thread_count

#: First and last-plus-one point.
Tile = tuple[int, int]
#: Adds the block of two states to an array.
AddPair = Callable[[Pass, Pass, Floats], None]


def fill(
    ask: JetRequest,
    way: Cost,
    weights: Floats | None = None,
    progress: Hook | None = None,
    passed: list[Layers] | None = None,
) -> Floats:
    """T (S·n, S·n) in Taylor normalisation or, with ``weights`` (S, n), the contracted (n, n).

    ``passed`` holds the forward passes of the tiles of points, if they were made already. At depth 1 with
    many tiles of neurons each thread takes every T-th of them and has its own sum; otherwise the
    threads share pairs of tiles of points, whose blocks are disjoint. Either way the order of all
    additions is fixed by the sizes of the tiles and the number of threads.
    """
    n, S = len(ask.points), 1 if way.contracted else len(ask.slots)
    if weights is not None and len(ask.network.widths) == 1 and ask.network.lift is None:
        return shallow.contracted(ask, weights, Meter(progress, ask.network.widths[0]))
    parts = list(neuron_slices(ask, way.neuron_tile))
    threads = thread_count()
    meter = Meter(progress, len(parts) * len(tiles_of(n, way)) ** 2)

    def lane(mine: list[slice]) -> Floats:
        out = np.zeros((S * n, S * n))
        for neurons in mine:
            own = replace(ask, arena=Arena())
            _add_part(_Sweep(own, way, weights, neurons, passed, meter), out)
            own.arena.release()
        return out

    lanes = threads if len(parts) >= 2 * threads else 1
    sums = each(lane, [parts[k::lanes] for k in range(lanes)])
    for extra in sums[1:]:
        sums[0] += extra
    return sums[0]


def tiles_of(n: int, way: Cost) -> list[Tile]:
    """The tiles of points."""
    return [(k, min(k + way.point_tile, n)) for k in range(0, n, way.point_tile)]


def neuron_slices(ask: JetRequest, tile: int) -> Iterator[slice]:
    """Slices of the only hidden layer; everything at once for deeper networks."""
    if len(ask.network.widths) > 1:
        yield slice(None)
        return
    width = ask.network.widths[0]
    for start in range(0, width, tile):
        yield slice(start, min(start + tile, width))


def forward_tiles(ask: JetRequest, way: Cost) -> list[Layers]:
    """The forward pass of every tile of points, kept."""
    return each(lambda tile: layers_of(_part(ask, tile), slice(None)), tiles_of(len(ask.points), way))


@dataclass(frozen=True)
class _Sweep:
    """One slice of neurons over all pairs of tiles of points."""

    ask: JetRequest
    way: Cost
    weights: Floats | None
    neurons: slice
    passed: list[Layers] | None
    meter: Meter

    def state(self, tile: Tile) -> Pass:
        """Forward and backward for one tile of points."""
        part = _part(self.ask, tile)
        if self.passed is not None:
            layers = self.passed[tile[0] // self.way.point_tile]
        else:
            layers = layers_of(part, self.neurons)
        if self.weights is None:
            return jet_pass(part, layers, self.neurons)
        mine = np.ascontiguousarray(self.weights[:, slice(*tile)])
        return contracted_pass(part, layers, self.neurons, mine)

    def fresh(self, tile: Tile) -> tuple[Arena, Pass]:
        """A state with working arrays of its own."""
        arena = Arena()
        return arena, replace(self, ask=replace(self.ask, arena=arena)).state(tile)

    def block(self, left: Pass, right: Pass, rows: Tile, columns: Tile, out: Floats) -> None:
        """Add one pair of tiles to ``out`` and count it."""
        add = add_contracted_pair if self.way.contracted else add_jet_pair
        add_block(add, (left, right), (rows, columns), out, len(self.ask.points))
        self.meter.tick(1 if rows == columns else 2)


def _add_part(sweep: _Sweep, out: Floats) -> None:
    tiles = tiles_of(len(sweep.ask.points), sweep.way)
    if sweep.way.keeps:
        states = each(sweep.state, tiles)
        each(
            lambda pq: sweep.block(states[pq[0]], states[pq[1]], tiles[pq[0]], tiles[pq[1]], out),
            pairs_of(tiles),
        )
        return
    for p, rows in enumerate(tiles):
        outer, left = sweep.fresh(rows)
        for columns in tiles[p:]:
            if columns == rows:
                sweep.block(left, left, rows, rows, out)
                continue
            inner, right = sweep.fresh(columns)
            sweep.block(left, right, rows, columns, out)
            inner.release()
        outer.release()


def contracted_gram(states: Sequence[Pass], tiles: Sequence[Tile]) -> Floats:
    """The contracted kernel (n, n) of states that are there already, one per tile of points."""
    n = tiles[-1][1]
    out = np.zeros((n, n))

    def add(pq: tuple[int, int]) -> None:
        p, q = pq
        add_block(add_contracted_pair, (states[p], states[q]), (tiles[p], tiles[q]), out, n)

    each(add, pairs_of(tiles))
    return out


def pairs_of(tiles: Sequence[Tile]) -> list[tuple[int, int]]:
    """All p ≤ q; the larger blocks first, so that threads finish together."""
    pairs = [(p, q) for q in range(len(tiles)) for p in range(q + 1)]
    return sorted(pairs, key=lambda pair: pair[0] == pair[1])


def add_block(add: AddPair, states: tuple[Pass, Pass], tiles: tuple[Tile, Tile], out: Floats, n: int) -> None:
    """Add the block of two tiles of n points, and its mirror image, to ``out`` (S·n, S·n)."""
    (left, right), (rows, columns) = states, tiles
    arena = Arena()
    same, left = left is right, _with_arena(left, arena)
    right = left if same else _with_arena(right, arena)
    p, q = rows[1] - rows[0], columns[1] - columns[0]
    S = len(out) // n
    if p == q == n:
        add(left, right, out)
    else:
        block = np.zeros((S * p, S * q))
        add(left, right, block)
        view = out.reshape(S, n, S, n)
        view[:, slice(*rows), :, slice(*columns)] += block.reshape(S, p, S, q)
        if rows != columns:
            view[:, slice(*columns), :, slice(*rows)] += block.T.reshape(S, q, S, p)
    arena.release()


def _with_arena(state: Pass, arena: Arena) -> Pass:
    return replace(state, ask=replace(state.ask, arena=arena))


def _part(ask: JetRequest, tile: Tile) -> JetRequest:
    return ask if tile == (0, len(ask.points)) else ask.rows(*tile)
