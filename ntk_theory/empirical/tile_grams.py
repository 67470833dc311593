"""Gram products between two tiles of points, added to a kernel block.

Layer by layer (THEORY §3; H the input jets of the layer, η its rates):

    jet:         T_αα' += Σ (Δ_{α−β} Δ_{α'−β'}ᵀ) ∘ (η_W H_β H_β'ᵀ + η_b [β = β' = 0])
    contracted:  K     += Σ (D_β D_β'ᵀ)          ∘ (η_W H_β H_β'ᵀ + η_b [β = β' = 0])

At the first layer H has the d + 1 blocks x̃ and scale_j e_j only; the contracted form then takes its
d + 1 gradients per neuron directly, (d + 1) n²N operations against (d + 1)² n²N. A feature map γ is not
affine in x, and its layer is like any other.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ntk_theory.arrays import Floats, Ints
from ntk_theory.empirical.jet_request import JetRequest
from ntk_theory.empirical.passes import Pass
from ntk_theory.kernels import gram
from ntk_theory.kernels.multiindex import IndexSet
from ntk_theory.kernels.threads import share


def product(ask: JetRequest, left: Floats, right: Floats) -> Floats:
    """X Yᵀ over the last axis; a symmetric rank-k update where both are the same array."""
    rows = left.reshape(-1, left.shape[-1])
    columns = rows if left is right else right.reshape(-1, right.shape[-1])
    return np.matmul(rows, columns.T, out=ask.arena.empty(len(rows), len(columns)))


def add_jet_pair(left: Pass, right: Pass, out: Floats) -> None:
    """Add T between two tiles to ``out`` (S·n, S·m), in Taylor normalisation (without α! α'!)."""
    ask = left.ask
    n, m = len(left.ask.points), len(right.ask.points)
    depth = len(left.deltas)
    rate = ask.parameters.rates[2 * depth] / ask.network.widths[-1]
    same = ask.outputs[:, None] == ask.outputs
    readout = product(ask, left.readout, right.readout).reshape(len(same), n, len(same), m)
    out += ((rate * same)[:, None, :, None] * readout).reshape(out.shape)
    for at in range(depth):
        grams, support = _input_gram(left, right, at)
        pairs, offsets = slot_pairs(ask.set, tuple(ask.positions), tuple(ask.outputs), support)
        deltas = product(ask, left.deltas[at], right.deltas[at])

        def work(
            start: int,
            stop: int,
            deltas: Floats = deltas,
            grams: Floats = grams,
            pairs: Ints = pairs,
            offsets: Ints = offsets,
        ) -> None:
            gram.combine(start, stop, n, m, deltas, grams, pairs, offsets, out)

        share(work, n, 8)


def add_contracted_pair(left: Pass, right: Pass, out: Floats) -> None:
    """Add Σ w T w between two tiles to ``out`` (n, m)."""
    ask = left.ask
    n, m = len(left.ask.points), len(right.ask.points)
    depth = len(left.deltas)
    rate = ask.parameters.rates[2 * depth] / ask.network.widths[-1]
    for k in range(len(left.readout)):
        mine = left.readout[k]
        out += rate * product(ask, mine, mine if left is right else right.readout[k])
    if ask.input_jets is None:
        mine = first_gradients(left)
        out += product(ask, mine, mine if left is right else first_gradients(right))
    for at in range(int(ask.input_jets is None), depth):
        grams, _ = _input_gram(left, right, at)
        deltas = product(ask, left.deltas[at], right.deltas[at])

        def work(start: int, stop: int, deltas: Floats = deltas, grams: Floats = grams) -> None:
            gram.contract(start, stop, n, m, deltas, grams, out)

        share(work, n, 8)


def first_gradients(state: Pass) -> Floats:
    """Derivatives by W¹ and b¹ of the weighted row, times √η: shape (n, (d + 1)·N)."""
    ask, D = state.ask, state.deltas[0]
    weight_rate, bias_rate = np.sqrt(ask.parameters.rates[:2])
    n, d = ask.inputs.shape
    out = ask.arena.empty(n, d + 1, D.shape[2])
    np.multiply(D[0], bias_rate, out=out[:, d])
    for j, place in enumerate(ask.set.units.tolist()):
        np.multiply(D[0], weight_rate * ask.inputs[:, j, None], out=out[:, j])
        if place >= 0:
            out[:, j] += (weight_rate * ask.network.scale[j]) * D[place]
    return out.reshape(n, -1)


def _input_gram(left: Pass, right: Pass, at: int) -> tuple[Floats, tuple[int, ...]]:
    """η_W H Hᵀ + η_b [β = β' = 0] of layer ``at`` (from 0) and the positions of its blocks."""
    ask = left.ask
    n, m = len(left.ask.points), len(right.ask.points)
    weight_rate, bias_rate = ask.parameters.rates[2 * at : 2 * at + 2]
    if at:
        support = tuple(range(ask.set.size))
        gram_ = product(ask, left.values[at - 1], right.values[at - 1])
        weight_rate /= left.values[at - 1].shape[2]
    else:
        support, first = input_jets(left.ask)
        gram_ = first @ (first if left is right else input_jets(right.ask)[1]).T
    gram_ *= weight_rate
    gram_[:n, :m] += bias_rate
    return gram_, support


def input_jets(ask: JetRequest) -> tuple[tuple[int, ...], Floats]:
    """The places of the non-zero Taylor coefficients of x̃, and these: x̃ and scale_j e_j, or all γ_α."""
    n, d = ask.inputs.shape
    if ask.input_jets is not None:
        return tuple(range(ask.set.size)), ask.input_jets.reshape(-1, d)
    support, blocks = [0], [ask.inputs]
    for j, place in enumerate(ask.set.units.tolist()):
        if place >= 0:
            direction = np.zeros((n, d))
            direction[:, j] = ask.network.scale[j]
            support.append(place)
            blocks.append(direction)
    return tuple(support), np.concatenate(blocks)


@lru_cache(maxsize=256)
def slot_pairs(
    index_set: IndexSet, positions: tuple[int, ...], outputs: tuple[int, ...], support: tuple[int, ...]
) -> tuple[Ints, Ints]:
    """Blocks (Δ of output i at α − β, H at β) for every slot (i, α), in compressed rows."""
    where = {place: k for k, place in enumerate(support)}
    table, start = index_set.products.tolist(), index_set.product_offsets
    rows: list[tuple[int, int]] = []
    offsets = [0]
    for place, output in zip(positions, outputs, strict=True):
        for _, beta, gamma in table[start[place] : start[place + 1]]:
            if beta in where:
                rows.append((output * index_set.size + gamma, where[beta]))
        offsets.append(len(rows))
    return np.array(rows, dtype=np.int64).reshape(-1, 2), np.array(offsets, dtype=np.int64)
