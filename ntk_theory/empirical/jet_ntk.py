"""The jet NTK T of a finite network: the kernel of every operator and every s at once.

With Δ^l_γ the Taylor coefficients of backprop ∂Sⁱ/∂z^l and H^l_β those of the input of layer l
(H¹ = x̃, Hˡ⁺¹ = hˡ/√N_l), ∂S_α/∂Wˡ = Σ_{β≤α} Δ_{α−β} ⊗ H_β, hence [D]

    T_αα' = α! α'! { Σ_l Σ_{β≤α, β'≤α'} (Δ_{α−β} Δ_{α'−β'}ᵀ) ∘ (H_β H_β'ᵀ + [β = β' = 0]) + readout },

one backward pass per output and two symmetric products per layer; no Jacobian is formed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ntk_theory.empirical.jets import finite
from ntk_theory.empirical.propagate import backward, forward, times
from ntk_theory.empirical.request import Request, request
from ntk_theory.kernels import gram
from ntk_theory.kernels.threads import share
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.symbolic.jets import Slot

FloatArray = NDArray[np.float64]
IntTable = NDArray[np.int64]


def jet_ntk(network: Network, parameters: Parameters, points: ArrayLike, slots: Iterable[Slot]) -> FloatArray:
    """T_{(i,α),(j,β)}(x,x') = Σ_{θ≠c} η_θ ∂_θSⁱ_α(x) ∂_θSʲ_β(x'), shape (slots, n, slots, n).

    True derivatives, without ε² and without the bias term (THEORY §3); η are the ``layer_rates``,
    ones by default. S is free of s, so T is too.
    """
    ask = request(network, parameters, points, slots)
    n, S = len(ask.points), len(ask.slots)
    out = np.zeros((S * n, S * n))
    layers = list(forward(ask))
    _add_readout(ask, layers[-1].values, out)
    deltas = _top(ask, layers[-1].slopes)
    for at in range(len(layers) - 1, -1, -1):
        inputs = layers[at - 1].values if at else None
        _add_layer(ask, at, deltas, inputs, out)
        if at:
            deltas = [_down(ask, at, delta, layers[at - 1].slopes) for delta in deltas]
    scale = np.repeat(ask.factorials, n)
    out *= scale[:, None]
    out *= scale
    return finite(out.reshape(S, n, S, n), ask, "the jet NTK")


def _top(ask: Request, slopes: FloatArray) -> list[FloatArray]:
    """Δ^L per output: aⁱ/√N · φ'(z^L)."""
    readout = ask.parameters.readout / math.sqrt(ask.parameters.readout.shape[1])
    return [slopes * row for row in readout]


def _down(ask: Request, at: int, delta: FloatArray, slopes: FloatArray) -> FloatArray:
    """Δ of layer ``at`` − 1 from that of layer ``at`` (counted from 0)."""
    weight = ask.parameters.hidden[at][0]
    return backward(ask, slopes, times(delta, weight), 1 / math.sqrt(weight.shape[1]))


def _add_readout(ask: Request, values: FloatArray, out: FloatArray) -> None:
    """Same-field blocks Σ_k S-coefficients of the readout: h_α h_α'ᵀ/N."""
    _, n, width = values.shape
    rate = ask.parameters.rates[2 * len(ask.parameters.hidden)]
    stacked = values[ask.positions].reshape(-1, width)
    product = (rate / width) * (stacked @ stacked.T)
    same = np.repeat(ask.outputs, n)
    out += product * (same[:, None] == same)


def _add_layer(
    ask: Request, at: int, deltas: list[FloatArray], inputs: FloatArray | None, out: FloatArray
) -> None:
    n = len(ask.points)
    weight_rate, bias_rate = ask.parameters.rates[2 * at : 2 * at + 2]
    if inputs is None:
        support, stacked = _input_jets(ask)
    else:
        support = list(range(ask.set.size))
        stacked = inputs.reshape(-1, inputs.shape[2])
        weight_rate = weight_rate / inputs.shape[2]
    grams = weight_rate * (stacked @ stacked.T)
    grams[:n, :n] += bias_rate
    rows = np.concatenate([delta.reshape(-1, delta.shape[2]) for delta in deltas])
    pairs, offsets = _pairs(ask, support)
    products = rows @ rows.T
    share(lambda start, stop: gram.combine(start, stop, n, n, products, grams, pairs, offsets, out), n)


def _input_jets(ask: Request) -> tuple[list[int], FloatArray]:
    """The non-zero Taylor coefficients of x̃ and their places: x̃ itself and scale_j e_j."""
    n, d = ask.inputs.shape
    support = [0]
    blocks = [ask.inputs]
    for j, place in enumerate(ask.set.units.tolist()):
        if place >= 0:
            direction = np.zeros((n, d))
            direction[:, j] = ask.network.scale[j]
            support.append(place)
            blocks.append(direction)
    return support, np.concatenate(blocks)


def _pairs(ask: Request, support: list[int]) -> tuple[IntTable, IntTable]:
    """Blocks (Δ of output i at α − β, H at β) for every slot (i, α), compressed rows."""
    where = {place: k for k, place in enumerate(support)}
    table = ask.set.products
    rows: list[tuple[int, int]] = []
    offsets = [0]
    for place, output in zip(ask.positions.tolist(), ask.outputs.tolist(), strict=True):
        for _, beta, gamma in table[table[:, 0] == place].tolist():
            if beta in where:
                rows.append((output * ask.set.size + gamma, where[beta]))
        offsets.append(len(rows))
    return np.array(rows, dtype=np.int64).reshape(-1, 2), np.array(offsets, dtype=np.int64)
