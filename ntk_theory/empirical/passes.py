"""Forward and backward through the network for one tile of points, kept for Gram products.

Two kinds of backward pass [D]. The *jet* state carries Δ^l_γ = [∂Sⁱ/∂z^l]_γ, one set per output, and serves
every slot. The *contracted* state carries, for one row of weights w_{sx} per slot s and point x, the
derivatives D^l_γ(x) = ∂(Σ_s w_{sx} S_s(x))/∂z^l_γ by the Taylor coefficients of z^l, one set in all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.empirical.jet_request import JetRequest
from ntk_theory.empirical.propagate import Layer, backward, first_layer, forward, pull_back, times


@dataclass(frozen=True, eq=False)
class Pass:
    """What the Gram products of one tile of points need.

    Attributes
    ----------
    ask:
        The request for these points.
    values:
        hˡ per hidden layer, (A, n, N_l).
    deltas:
        Per hidden layer Δ (outputs·A, n, N_l) of a jet state, or D (A, n, N_l) of a contracted one.
    readout:
        (S, n, N) or, contracted, (fields, n, N): the derivatives by the readout times √N.
    """

    ask: JetRequest
    values: tuple[Floats, ...]
    deltas: tuple[Floats, ...]
    readout: Floats


Layers = tuple[Layer, ...]


def layers_of(ask: JetRequest, neurons: slice) -> Layers:
    """The forward pass; a slice of neurons is possible at depth 1 only."""
    if len(ask.parameters.hidden) == 1:
        return (first_layer(ask, neurons),)
    return tuple(forward(ask))


def jet_pass(ask: JetRequest, layers: Layers, neurons: slice) -> Pass:
    """Backward pass once per output."""
    outputs = ask.parameters.readout[:, neurons] / math.sqrt(ask.network.widths[-1])
    slopes = layers[-1].slopes
    top = ask.arena.empty(len(outputs), *slopes.shape)
    for k, row in enumerate(outputs):
        np.multiply(slopes, row, out=top[k])

    def down(at: int, delta: Floats) -> Floats:
        size = ask.set.size
        parts = [_down(ask, layers, at, delta[k : k + size], backward) for k in range(0, len(delta), size)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    top = top.reshape(-1, *slopes.shape[1:])
    values = tuple(layer.values for layer in layers)
    return Pass(ask, values, _descend(top, len(layers), down), values[-1][ask.positions])


def contracted_pass(ask: JetRequest, layers: Layers, neurons: slice, weights: Floats) -> Pass:
    """Backward pass once, seeded with the weights (S, n) of every point's row."""
    readout = ask.parameters.readout[:, neurons]
    fields, n = len(readout), len(ask.points)
    seeds = np.zeros((ask.set.size, n, fields))
    coefficients = weights * ask.factorials[:, None]
    for slot, (place, output) in enumerate(zip(ask.positions, ask.outputs, strict=True)):
        seeds[place, :, output] += coefficients[slot]
    g = times(ask, seeds, readout / math.sqrt(ask.network.widths[-1]))
    top = pull_back(ask, layers[-1].slopes, g)
    values = tuple(layer.values for layer in layers)
    rows = ask.arena.empty(fields, n, readout.shape[1])
    rows.fill(0.0)
    for slot, (place, output) in enumerate(zip(ask.positions, ask.outputs, strict=True)):
        rows[output] += coefficients[slot][:, None] * values[-1][place]
    deltas = _descend(top, len(layers), lambda at, delta: _down(ask, layers, at, delta, pull_back))
    return Pass(ask, values, deltas, rows)


Step = Callable[[JetRequest, Floats, Floats, float], Floats]


def _down(ask: JetRequest, layers: Layers, at: int, delta: Floats, step: Step) -> Floats:
    weight = ask.parameters.hidden[at][0]
    return step(ask, layers[at - 1].slopes, times(ask, delta, weight), 1 / math.sqrt(weight.shape[1]))


def _descend(top: Floats, depth: int, down: Callable[[int, Floats], Floats]) -> tuple[Floats, ...]:
    deltas = [top]
    for at in range(depth - 1, 0, -1):
        deltas.append(down(at, deltas[-1]))
    return tuple(reversed(deltas))
