"""Networks at antipodes and at the origin: how far they are from what oddness makes of them (THEORY §3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.empirical.jet_ntk import jet_ntk
from ntk_theory.empirical.jets import scaled_jets
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.setting.activations import Activation
from ntk_theory.symbolic.jets import Slot

#: Networks and points at which parity is looked at: it holds exactly or not at all.
NETWORKS, POINTS = 4, 3


@dataclass(frozen=True)
class OddPoints:
    """How far networks are from what oddness makes of them, as shares of the sizes that they have elsewhere.

    ``antipodes``: S_α(−x) against −(−1)^{|α|} S_α(x); ``origin``: S_α(0), |α| even; ``biases``: T_αα(0, 0),
    |α| even, against the part that comes from biases.
    """

    antipodes: float
    origin: float
    biases: float
    networks: int

    @property
    def worst(self) -> tuple[str, float]:
        """The largest of the three, with what it is."""
        found = {
            "S_α(−x) differs from −(−1)^|α| S_α(x)": self.antipodes,
            "S_α(0), |α| even, is not 0 but": self.origin,
            "T_αα(0, 0), |α| even, differs from the part of the biases": self.biases,
        }
        return max(found.items(), key=lambda item: item[1])


def measured_odd_points(
    network: Network, slots: Sequence[Slot], points: Floats, seed: int
) -> OddPoints | None:
    """What networks at ±x and at the origin show; ``None`` where the activation is not odd."""
    if Activation.of(network.activation).parity >= 0:
        return None
    chosen = points[:POINTS]
    places = np.concatenate([chosen, -chosen, np.zeros((1, points.shape[1]))])
    sign = np.array([1.0 if sum(slot.index) % 2 else -1.0 for slot in slots])
    even, n = sign < 0, len(chosen)
    found = []
    for k in range(NETWORKS):
        theta = network.init(seed + k)
        jets = scaled_jets(network, theta, places, slots)
        size = np.abs(jets[:, : 2 * n]).max(axis=1)
        off = np.abs(jets[:, n : 2 * n] - sign[:, None] * jets[:, :n]).max(axis=1) / size
        at = [slot for slot, is_even in zip(slots, even, strict=True) if is_even]
        whole, own = (jet_ntk(network, one, places[-1:], at) for one in (theta, _biases_alone(theta)))
        t, b = (np.einsum("arar->a", one) for one in (whole, own))
        found.append((off.max(), np.max(np.abs(jets[even, -1]) / size[even], initial=0.0),
                      np.max(np.abs(t - b) / t, initial=0.0)))  # fmt: skip
    antipodes, origin, biases = (float(max(column)) for column in zip(*found, strict=True))
    return OddPoints(antipodes, origin, biases, len(found))


def _biases_alone(theta: Parameters) -> Parameters:
    """The same numbers with rates 0 of all weights."""
    depth = len(theta.hidden)
    is_bias = [k % 2 == 1 and k < 2 * depth for k in range(2 * depth + 1)]
    is_bias += [True] * (theta.output_bias is not None)
    rates = theta.with_unknowns(None).rates
    kept = tuple(rate if bias else 0.0 for rate, bias in zip(rates, is_bias, strict=True))
    return Parameters(theta.hidden, theta.readout, theta.output_bias, kept, theta.s)
