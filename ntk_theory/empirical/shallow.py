"""One hidden layer: jets and the contracted kernel by the fused kernels, neurons shared between threads."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from ntk_theory.arrays import Floats, Ints
from ntk_theory.empirical.jet_request import JetRequest
from ntk_theory.empirical.propagate import affine_monomials
from ntk_theory.kernels.rank_update import padded, row_stride
from ntk_theory.kernels.shallow import DEPTH, shallow_contract, shallow_jets
from ntk_theory.kernels.threads import each
from ntk_theory.progress import Meter
from ntk_theory.resources import thread_count

#: Neurons whose monomials are made at a time, per thread.
NEURONS = 4096


def lanes(width: int) -> list[list[slice]]:
    """Slices of the neurons, every T-th of them for each of T threads."""
    tiles = [slice(k, min(k + NEURONS, width)) for k in range(0, width, NEURONS)]
    if len(tiles) < thread_count():
        cuts = [width * k // thread_count() for k in range(thread_count() + 1)]
        tiles = [slice(a, b) for a, b in pairwise(cuts) if b > a]
    return [tiles[k :: thread_count()] for k in range(min(thread_count(), len(tiles)))]


def scaled_jets(ask: JetRequest) -> Floats:
    """S (slots, n)."""
    phi, parameters = ask.network.phi, ask.parameters
    weight, bias = parameters.hidden[0]
    inputs = np.ascontiguousarray(ask.inputs.T)
    orders = ask.set.orders[ask.positions]

    def lane(mine: list[slice]) -> Floats:
        out = np.zeros((len(ask.slots), len(ask.points)))
        for part in mine:
            monomials = affine_monomials(weight[part], ask.network.scale, ask.set)[ask.positions]
            readout = np.ascontiguousarray(parameters.readout[:, part])
            shallow_jets(
                phi.code,
                phi.number,
                weight[part],
                bias[part],
                readout,
                monomials,
                inputs,
                orders,
                ask.outputs,
                out,
            )
        return out

    total = sum_in_order(each(lane, lanes(len(bias))))
    total *= ask.factorials[:, None] / math.sqrt(len(bias))
    return total


def contracted(ask: JetRequest, weights: Floats, meter: Meter) -> Floats:
    """Σ w T w (n, n) for weights (S, n)."""
    phi, parameters = ask.network.phi, ask.parameters
    (weight, bias), n = parameters.hidden[0], len(ask.points)
    size, stride = padded(n), row_stride(n)
    inputs = np.ascontiguousarray(ask.inputs.T)
    coefficients = weights * ask.factorials[:, None]
    slots, mixed = slot_tables(ask)
    rates = parameters.rates
    factors = np.sqrt(np.array([rates[2], rates[0], rates[1]]) / len(bias))
    per = len(parameters.readout) + len(inputs) + 1

    def lane(mine: list[slice]) -> Floats:
        out, features = np.zeros((size, size)), np.zeros((DEPTH + per, stride))
        for part in mine:
            monomials = affine_monomials(weight[part], ask.network.scale, ask.set)
            readout = np.ascontiguousarray(parameters.readout[:, part])
            shallow_contract(
                phi.code,
                phi.number,
                weight[part],
                bias[part],
                readout,
                monomials,
                inputs,
                ask.network.scale,
                coefficients,
                slots,
                mixed,
                int(slots[:, 1].max()) + 1,
                factors,
                features,
                out,
            )
            meter.tick(part.stop - part.start)
        return out

    total = sum_in_order(each(lane, lanes(len(bias))))[:n, :n]
    return np.triu(total) + np.triu(total, 1).T


def slot_tables(ask: JetRequest) -> tuple[Ints, Ints]:
    """The rows of every slot, and of what its derivatives by further variables add (see the kernel)."""
    slots: list[tuple[int, ...]] = []
    mixed: list[tuple[int, ...]] = []
    for number, (place, field) in enumerate(zip(ask.positions.tolist(), ask.outputs.tolist(), strict=True)):
        alpha = ask.set.indices[place]
        order = sum(alpha)
        lower = [
            (j + 1, ask.set.position[tuple(a - (k == j) for k, a in enumerate(alpha))])
            for j, entry in enumerate(alpha)
            if entry
        ]
        slots.append((field, order, place, *(lower[0] if lower else (0, 0))))
        mixed.extend((number, field, order, *further) for further in lower[1:])
    return np.array(slots, dtype=np.int64), np.array(mixed, dtype=np.int64).reshape(-1, 5)


def sum_in_order(parts: list[Floats]) -> Floats:
    """The sum of the threads' parts, always in the same order."""
    for extra in parts[1:]:
        parts[0] += extra
    return parts[0]
