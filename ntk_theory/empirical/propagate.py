"""Jets forward through the layers and Taylor coefficients of backprop back through them.

Array shapes: (A, n, N) with A the size of the index set, n points, N neurons of the layer. All
Taylor coefficients are normalised and with respect to the raw variables x.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.empirical.jet_request import JetRequest
from ntk_theory.kernels import compose
from ntk_theory.kernels.multiindex import IndexSet
from ntk_theory.kernels.taylor import CHUNK
from ntk_theory.kernels.threads import share

#: Items (chunks of neurons at a point) below which a second thread costs more than it saves.
GRAIN = 64


@dataclass(frozen=True, eq=False)
class Layer:
    """One hidden layer after the forward pass: h = φ(z) and φ'(z), each (A, n, N)."""

    values: Floats
    slopes: Floats


def chunks(n: int, width: int) -> int:
    """The number of work items of a layer."""
    return n * ((width + CHUNK - 1) // CHUNK)


def affine_monomials(weight: Floats, scale: Floats, index_set: IndexSet) -> Floats:
    """(|α|!/α!) Π_j (W_kj scale_j)^α_j for all α and neurons k, shape (A, N)."""
    slopes = weight * scale
    rows = []
    for alpha, factorial in zip(index_set.indices, index_set.factorials, strict=True):
        row = np.full(len(weight), math.factorial(sum(alpha)) / factorial)
        for j, power in enumerate(alpha):
            for _ in range(power):
                row *= slopes[:, j]
        rows.append(row)
    return np.stack(rows)


def forward(ask: JetRequest) -> Iterator[Layer]:
    """The hidden layers, first to last."""
    layer = first_layer(ask, slice(None))
    yield layer
    for weight, bias in ask.parameters.hidden[1:]:
        layer = _next_layer(ask, layer.values, weight, bias)
        yield layer


def first_layer(ask: JetRequest, neurons: slice) -> Layer:
    """h¹ of some neurons."""
    weight, bias = (array[neurons] for array in ask.parameters.hidden[0])
    if ask.input_jets is not None:
        return composed(ask, times(ask, ask.input_jets, weight.T), bias, 1.0)
    monomials = affine_monomials(weight, ask.network.scale, ask.set)
    z0 = np.matmul(ask.inputs, weight.T, out=ask.arena.empty(len(ask.inputs), len(bias)))
    z0 += bias
    shape = (ask.set.size, *z0.shape)
    out = Layer(ask.arena.empty(*shape), ask.arena.empty(*shape))
    phi = ask.network.phi
    share(
        lambda start, stop: compose.first_layer(
            start, stop, phi.code, phi.number, z0, monomials, ask.set.orders, out.values, out.slopes
        ),
        chunks(*z0.shape),
        GRAIN,
    )
    return out


def _next_layer(ask: JetRequest, values: Floats, weight: Floats, bias: Floats) -> Layer:
    return composed(ask, times(ask, values, weight.T), bias, 1 / math.sqrt(values.shape[2]))


def composed(ask: JetRequest, raw: Floats, bias: Floats, scale: float) -> Layer:
    """φ and φ' of z_α = scale·raw_α + [α = 0] bias."""
    out = Layer(ask.arena.empty(*raw.shape), ask.arena.empty(*raw.shape))
    phi = ask.network.phi
    share(
        lambda start, stop: compose.hidden_layer(
            start,
            stop,
            phi.code,
            phi.number,
            scale,
            raw,
            bias,
            ask.set.orders,
            ask.set.powers,
            out.values,
            out.slopes,
        ),
        chunks(*raw.shape[1:]),
        GRAIN,
    )
    return out


def times(ask: JetRequest, jets: Floats, matrix: Floats) -> Floats:
    """(A, n, N) times (N, M)."""
    size, n, width = jets.shape
    out = ask.arena.empty(size, n, matrix.shape[1])
    np.matmul(jets.reshape(size * n, width), matrix, out=out.reshape(size * n, -1))
    return out


def backward(ask: JetRequest, slopes: Floats, g: Floats, scale: float = 1.0) -> Floats:
    """Taylor coefficients δ = scale · φ'(z) · g of backprop through one activation."""
    out = ask.arena.empty(*g.shape)
    share(
        lambda start, stop: compose.multiply(start, stop, scale, slopes, g, ask.set.products, out),
        chunks(*g.shape[1:]),
        GRAIN,
    )
    return out


def pull_back(ask: JetRequest, slopes: Floats, g: Floats, scale: float = 1.0) -> Floats:
    """Derivatives of a scalar by z_γ from those by [φ(z)]_α."""
    out = ask.arena.empty(*g.shape)
    share(
        lambda start, stop: compose.adjoint(start, stop, scale, slopes, g, ask.set.products, out),
        chunks(*g.shape[1:]),
        GRAIN,
    )
    return out
