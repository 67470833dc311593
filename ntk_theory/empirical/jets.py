"""Jets u_α of a finite network at points."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ntk_theory.empirical.propagate import forward
from ntk_theory.empirical.request import Request, request
from ntk_theory.errors import NonFiniteError
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.symbolic.jets import Slot

FloatArray = NDArray[np.float64]


def jets(network: Network, parameters: Parameters, points: ArrayLike, slots: Iterable[Slot]) -> FloatArray:
    """The jet values uⁱ_α(x) = ε Sⁱ_α(x) + δ_{α0} cⁱ, shape (slots, n) (THEORY §3).

    Raises
    ------
    InputError, SmoothnessError, NonFiniteError
        see :func:`ntk_theory.empirical.request.request`.
    """
    ask = request(network, parameters, points, slots, kernel=False)
    out = network.epsilon * _scaled(ask)
    if parameters.output_bias is not None:
        values = ask.positions == 0
        out[values] += parameters.output_bias[ask.outputs[values], None]
    return finite(out, ask, "the jet value")


def scaled_jets(
    network: Network, parameters: Parameters, points: ArrayLike, slots: Iterable[Slot]
) -> FloatArray:
    """Sⁱ_α(x) = N^{-1/2} Σ_k aⁱ_k ∂^α h_k(x), shape (slots, n): free of s and of the output bias."""
    ask = request(network, parameters, points, slots, kernel=False)
    return finite(_scaled(ask), ask, "the scaled jet value")


def _scaled(ask: Request) -> FloatArray:
    for layer in forward(ask):
        last = layer
    return read_out(ask, last.values)


def read_out(ask: Request, values: FloatArray) -> FloatArray:
    """S from the jets of the last hidden layer (A, n, N)."""
    readout = ask.parameters.readout
    outputs = values @ readout.T / math.sqrt(readout.shape[1])
    return np.ascontiguousarray(outputs[ask.positions, :, ask.outputs] * ask.factorials[:, None])


def finite(array: FloatArray, ask: Request, what: str) -> FloatArray:
    """``array`` (slots, n, …), or an error that names the slot and the point."""
    if not np.isfinite(array.sum()) and not np.isfinite(array).all():
        slot, point = (int(i) for i in np.argwhere(~np.isfinite(array))[0][:2])
        raise NonFiniteError(
            f"{what} of slot {ask.slots[slot]} is not finite at point {point}, {ask.points[point].tolist()}; "
            "make the parameters or the points smaller"
        )
    return array
