"""The loop over tiles of neurons and points that fills a kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ntk_theory.empirical.cost import Plan
from ntk_theory.empirical.pairs import add_contracted_pair, add_jet_pair
from ntk_theory.empirical.request import Request
from ntk_theory.empirical.states import Layers, State, contracted_state, cut, jet_state, layers_of

FloatArray = NDArray[np.float64]
#: Called with the fraction done, 0 < fraction ≤ 1.
Progress = Callable[[float], None]


def fill(
    ask: Request,
    plan: Plan,
    weights: FloatArray | None = None,
    progress: Progress | None = None,
    passed: Layers | None = None,
) -> FloatArray:
    """T (S·n, S·n) in Taylor normalisation or, with ``weights`` (S, n), the contracted (n, n).

    ``passed`` is the forward pass of all points, if it was made already.
    """
    n, S = len(ask.points), 1 if plan.contracted else len(ask.slots)
    add = add_contracted_pair if plan.contracted else add_jet_pair
    out = np.zeros((S * n, S * n))
    tiles = [(k, min(k + plan.point_tile, n)) for k in range(0, n, plan.point_tile)]
    parts = list(neuron_slices(ask, plan.neuron_tile))
    steps, done = len(parts) * len(tiles) * (len(tiles) + 1) // 2, 0
    for part in parts:
        for p, q, left, right in _pairs(ask, tiles, plan.keeps, part, weights, passed):
            _add(add, left, right, tiles[p], tiles[q], n, out)
            done += 1
            if progress is not None:
                progress(done / steps)
    return out


def neuron_slices(ask: Request, tile: int) -> Iterator[slice]:
    """Slices of the only hidden layer; everything at once for deeper networks."""
    if len(ask.network.widths) > 1:
        yield slice(None)
        return
    width = ask.network.widths[0]
    for start in range(0, width, tile):
        yield slice(start, min(start + tile, width))


def _pairs(
    ask: Request,
    tiles: list[tuple[int, int]],
    keeps: bool,
    neurons: slice,
    weights: FloatArray | None,
    passed: Layers | None,
) -> Iterator[tuple[int, int, State, State]]:
    """All pairs of tiles p ≤ q with their states, kept or made anew."""
    kept: dict[int, State] = {}

    def state(k: int) -> State:
        if k not in kept:
            made = _state(ask, tiles[k], neurons, weights, passed)
            if not keeps:
                return made
            kept[k] = made
        return kept[k]

    for p in range(len(tiles)):
        left = state(p)
        for q in range(p, len(tiles)):
            yield p, q, left, left if p == q else state(q)
        kept.pop(p, None)


def _state(
    ask: Request, tile: tuple[int, int], neurons: slice, weights: FloatArray | None, passed: Layers | None
) -> State:
    if tile == (0, len(ask.points)):
        part, layers = ask, passed or layers_of(ask, neurons)
    else:
        part = ask.rows(*tile)
        layers = layers_of(part, neurons) if passed is None else cut(passed, *tile)
    if weights is None:
        return jet_state(part, layers, neurons)
    return contracted_state(part, layers, neurons, weights[:, tile[0] : tile[1]])


Add = Callable[[State, State, FloatArray], None]


def _add(
    add: Add,
    left: State,
    right: State,
    rows: tuple[int, int],
    columns: tuple[int, int],
    total: int,
    out: FloatArray,
) -> None:
    """One pair of tiles, and its mirror image."""
    p, q = rows[1] - rows[0], columns[1] - columns[0]
    n, S = total, len(out) // total
    if p == q == n:
        add(left, right, out)
        return
    block = np.zeros((S * p, S * q))
    add(left, right, block)
    view = out.reshape(S, n, S, n)
    view[:, slice(*rows), :, slice(*columns)] += block.reshape(S, p, S, q)
    if rows != columns:
        view[:, slice(*columns), :, slice(*rows)] += block.T.reshape(S, q, S, p)
