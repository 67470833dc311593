"""Jets u_α of a finite network at points."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.empirical import shallow
from ntk_theory.empirical.arena import Arena
from ntk_theory.empirical.jet_request import JetRequest, jet_request
from ntk_theory.empirical.propagate import forward
from ntk_theory.errors import NonFiniteError
from ntk_theory.kernels.threads import each
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.resources import thread_count
from ntk_theory.symbolic.jets import Slot

#: Bytes of one array of jets within a tile.
TILE_BYTES = 2**24


def jets(network: Network, parameters: Parameters, points: ArrayLike, slots: Iterable[Slot]) -> Floats:
    """The jet values uⁱ_α(x) = ε Sⁱ_α(x) + δ_{α0} cⁱ, shape (slots, n) (THEORY §3).

    Parameters
    ----------
    network, parameters:
        The network, and parameters of its shape.
    points:
        (n, d), columns in the order of the network's variables.
    slots:
        The derivatives (i, α).

    Raises
    ------
    InputError, SmoothnessError, NonFiniteError
        see :func:`ntk_theory.empirical.jet_request.request`.
    """
    ask = jet_request(network, parameters, points, slots, kernel=False, folds=True)
    return network_jets(ask, jets_of(ask))


def network_jets(ask: JetRequest, scaled: Floats) -> Floats:
    """U_α = ε S_α + δ_{α0} c from S (slots, n), with the signs of a folded network."""
    out = ask.network.epsilon * scaled
    bias = ask.parameters.output_bias
    if bias is not None:
        values = ask.positions == 0
        out[values] += bias[ask.outputs[values], None]
    if ask.signs is not None:
        out *= ask.signs
    return finite(out, ask, "the jet value")


def scaled_jets(network: Network, parameters: Parameters, points: ArrayLike, slots: Iterable[Slot]) -> Floats:
    """Sⁱ_α(x) = N^{-1/2} Σ_k aⁱ_k ∂^α h_k(x), shape (slots, n): free of s and of the output bias.

    ``network``, ``parameters``, ``points`` and ``slots`` as in :func:`jets`.
    """
    ask = jet_request(network, parameters, points, slots, kernel=False)
    return finite(jets_of(ask), ask, "the scaled jet value")


def jets_of(ask: JetRequest) -> Floats:
    """S in tiles of points that keep the working memory small and the threads busy."""
    n, widths = len(ask.points), ask.network.widths
    if len(widths) == 1 and ask.network.lift is None:
        return shallow.scaled_jets(ask)
    tile = max(1, min(TILE_BYTES // (8 * ask.set.size * max(widths)), -(-n // thread_count())))
    return np.concatenate(each(lambda k: _tile(ask, k, k + tile), range(0, n, tile)), axis=1)


def _tile(ask: JetRequest, start: int, stop: int) -> Floats:
    part = replace(ask.rows(start, stop), arena=Arena())
    for layer in forward(part):
        last = layer
    out = read_out(part, last.values, slice(None))
    part.arena.release()
    return out


def read_out(ask: JetRequest, values: Floats, neurons: slice) -> Floats:
    """The part of S that comes from some neurons' jets (A, n, N) of the last hidden layer."""
    readout = ask.parameters.readout[:, neurons]
    outputs = values @ readout.T / math.sqrt(ask.network.widths[-1])
    return np.ascontiguousarray(outputs[ask.positions, :, ask.outputs] * ask.factorials[:, None])


def finite(array: Floats, ask: JetRequest, what: str) -> Floats:
    """``array`` (slots, n), or an error that names the slot and the point."""
    if not _is_finite(array):
        slot, point = (int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise NonFiniteError(_complaint(f"{what} of slot {ask.slots[slot]}", ask, point))
    return array


def finite_kernel(matrix: Floats, ask: JetRequest, what: str) -> Floats:
    """``matrix`` (k·n, k·n), or an error that names the point: one whose diagonal entry is bad, if any."""
    if not _is_finite(matrix):
        bad = np.flatnonzero(~np.isfinite(np.diagonal(matrix)))
        row = int(bad[0]) if len(bad) else int(np.argwhere(~np.isfinite(matrix))[0, 0])
        raise NonFiniteError(_complaint(what, ask, row % len(ask.points)))
    return matrix


def _is_finite(array: Floats) -> bool:
    with np.errstate(all="ignore"):
        return bool(np.isfinite(array.sum())) or bool(np.isfinite(array).all())


def _complaint(what: str, ask: JetRequest, point: int) -> str:
    where = ", ".join(
        f"{name} = {value:g}" for name, value in zip(ask.network.variables, ask.points[point], strict=True)
    )
    return f"{what} is not finite at point {point} ({where}); make the parameters or the points smaller"
