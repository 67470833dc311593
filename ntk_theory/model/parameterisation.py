"""Weights of other libraries as Parameters, with the metric that makes the kernel theirs.

If a library's parameter θ' enters through θ = κ θ' with one factor κ per block (an array W¹, b¹, …, a, c of
THEORY §1), then ∂u/∂θ' = κ ∂u/∂θ, so its kernel is

    K' = Σ_l η_l K_l,    η_l = κ_l²,    K_l = Σ_{θ in block l} ∂_θR ∂_θR'.                       [D]

A converter therefore returns the arrays κ_l θ'_l and the rates κ_l². The network function is unchanged.
With hidden widths N_1 … N_L, N = N_L, d inputs and the exponent s of the network that the parameters are
meant for, which the parameters remember:

    block           standard (Linear)     NTK(σ_w, σ_b)         [ZY]
    W¹              1                     σ_w/√d                1
    Wˡ, l ≥ 2       √N_{l−1}              σ_w                   1
    bˡ              1                     σ_b                   1
    a               N^s                   σ_w N^{s−1/2}         1
    c               1                     σ_b                   1
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.model.parameters import Parameters
from ntk_theory.symbolic.numbers import fraction

#: One affine layer as its library holds it: weight and bias, ``None`` for a layer without bias.
Linear = tuple[ArrayLike, ArrayLike | None]
Exponent = Fraction | str | int | float


def from_standard(layers: Sequence[Linear], s: Exponent = "1/2") -> Parameters:
    """Parameters of zˡ⁺¹ = Vˡ⁺¹hˡ + βˡ⁺¹, u = Vᵒᵘᵗhᴸ + βᵒᵘᵗ, as PyTorch's ``Linear`` computes it.

    W¹ = V¹, Wˡ = √N_{l−1} Vˡ, bˡ = βˡ, a = N^s Vᵒᵘᵗ, c = βᵒᵘᵗ; the rates are the squares of these factors.

    Parameters
    ----------
    layers:
        (V, β) per affine layer, the output layer last; V is (out, in), β is (out,) or ``None``.
        Hidden layers without bias get b = 0 with rate 0; an output layer without bias needs a network
        with ``output_bias="none"``.
    s:
        Exponent of the :class:`~ntk_theory.model.network.Network` that the parameters go with; a network of
        another s refuses them.

    >>> theirs = [(np.ones((4, 1)), np.zeros(4)), (np.ones((1, 4)), np.zeros(1))]
    >>> ours = from_standard(theirs, s="1/2")
    >>> ours.readout.tolist(), ours.layer_rates
    ([[2.0, 2.0, 2.0, 2.0]], (1.0, 1.0, 4.0, 1.0))
    """
    arrays = _arrays(layers)
    widths = [len(weight) for weight, _ in arrays[:-1]]
    inner = [1.0, *np.sqrt(widths[:-1])]
    return _rescaled(arrays, [*inner, _power(widths[-1], s)], 1.0, s)


def from_keras(layers: Sequence[Linear], s: Exponent = "1/2") -> Parameters:
    """As :func:`from_standard` for Keras ``Dense`` layers: h V + β, with kernels V of shape (in, out).

    ``layers`` and ``s`` as there.
    """
    return from_standard([(np.asarray(kernel).T, bias) for kernel, bias in layers], s)


def from_ntk(
    layers: Sequence[Linear],
    s: Exponent = "1/2",
    *,
    weight_scale: float = 1.0,
    bias_scale: float = 1.0,
) -> Parameters:
    """Parameters of zˡ⁺¹ = (σ_w/√n_l) Vˡ⁺¹hˡ + σ_b βˡ⁺¹, output layer included (Jacot et al. 2018).

    n_l is the number of inputs of the layer (n_0 = d), σ_w = ``weight_scale``, σ_b = ``bias_scale``:
    W¹ = (σ_w/√d) V¹, Wˡ = σ_w Vˡ, bˡ = σ_b βˡ, a = σ_w N^{s−1/2} Vᵒᵘᵗ, c = σ_b βᵒᵘᵗ. Arguments ``layers``
    and ``s`` as in :func:`from_standard`. neural-tangents' ``Dense(W_std, b_std)`` computes the same (weights
    transposed).
    """
    arrays = _arrays(layers)
    inputs, width = arrays[0][0].shape[1], len(arrays[-2][0])
    inner = [weight_scale / np.sqrt(inputs)] + [weight_scale] * (len(arrays) - 2)
    return _rescaled(arrays, [*inner, weight_scale * _power(width, s) / np.sqrt(width)], bias_scale, s)


def from_zhou_yan(layers: Sequence[Linear], s: Exponent | None = None) -> Parameters:
    """Parameters of THEORY §1, this package's own: Wˡhˡ⁻¹/√N_{l−1} + bˡ (W¹x + b¹), u = N^{-s} a hᴸ + c.

    Nothing is rescaled and all rates are 1 (0 for hidden biases that are absent); ``layers`` as in
    :func:`from_standard`. ``s`` is that of the network they come from; ``None``: any network
    takes them.
    """
    arrays = _arrays(layers)
    return _rescaled(arrays, [1.0] * len(arrays), 1.0, s)


def _rescaled(
    layers: Sequence[tuple[Floats, Floats | None]], weights: Sequence[Any], bias: float, s: Exponent | None
) -> Parameters:
    """κ_l θ'_l with rates κ_l²: ``weights`` holds κ per layer, ``bias`` is κ of every bias."""
    hidden, rates = [], []
    for (weight, offset), factor in zip(layers[:-1], weights[:-1], strict=True):
        missing = offset is None
        hidden.append((factor * weight, np.zeros(len(weight)) if offset is None else bias * offset))
        rates += [float(factor) ** 2, 0.0 if missing else bias**2]
    readout, offset = layers[-1]
    rates.append(float(weights[-1]) ** 2)
    if offset is not None:
        rates.append(bias**2)
    return Parameters(
        tuple(hidden), weights[-1] * readout, None if offset is None else bias * offset, tuple(rates), s
    )


def _power(width: int, s: Exponent) -> float:
    return math.pow(width, fraction(s))


def _arrays(layers: Sequence[Linear]) -> list[tuple[Floats, Floats | None]]:
    if len(layers) < 2:
        raise InputError(
            f"layers has {len(layers)} entries; it needs at least one hidden layer and the output"
        )
    found: list[tuple[Floats, Floats | None]] = []
    for k, layer in enumerate(layers):
        try:
            weight, bias = layer
            matrix = np.asarray(weight, dtype=np.float64)
            vector = None if bias is None else np.asarray(bias, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError(
                f"layers[{k}] is not a pair (weight, bias) of real arrays; give one per layer"
            ) from None
        if matrix.ndim != 2 or (vector is not None and vector.shape != matrix.shape[:1]):
            shape = None if vector is None else vector.shape
            raise InputError(
                f"layers[{k}] has shapes {matrix.shape} and {shape}; it needs (out, in) and (out,) or None"
            )
        found.append((matrix, vector))
    return found
