"""The result of a training run, and a trained network as a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.empirical.jets import jets
from ntk_theory.errors import InputError
from ntk_theory.model.network import InputMap, Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.symbolic.jets import Slot
from ntk_theory.training.drift import Assumptions, Drift

#: Written into every file; a reader of another layout refuses it.
FORMAT = "ntk-theory network 1"


@dataclass(frozen=True, eq=False)
class Trajectory:
    """What a training run did.

    Attributes
    ----------
    method:
        The method's name.
    network, initial, parameters:
        The network, where it started and where it ended.
    points:
        The points of the last step, by group.
    group_weights:
        λ_g of the last step.
    times:
        (k,) the clock after every step: training time of a flow, else the number of steps; first 0.
    losses:
        (k,) L = ½ Σ λ R², sums over points.
    group_losses:
        Its parts by group, (k,) each.
    drift, assumptions:
        Along the record times; ``drift`` is None where no kernels were recorded.
    errors:
        (records, 2): clock and relative L² error against the known solution; empty without one.
    evaluations:
        Evaluations of R, ∇L, J or products with J.
    seconds:
        Wall time of this call.
    reason:
        Why it stopped.
    """

    method: str
    network: Network
    initial: Parameters
    parameters: Parameters
    points: Mapping[str, Floats]
    group_weights: Mapping[str, float]
    times: Floats
    losses: Floats
    group_losses: Mapping[str, Floats]
    drift: Drift | None
    assumptions: Assumptions
    errors: Floats
    evaluations: int
    seconds: float
    reason: str

    @property
    def loss(self) -> float:
        """The last loss."""
        return float(self.losses[-1])

    @property
    def error(self) -> float | None:
        """The last relative L² error, None where no solution is known."""
        return float(self.errors[-1, 1]) if len(self.errors) else None

    @property
    def worst_group(self) -> str:
        """The group with the largest part of the last loss."""
        return max(self.group_losses, key=lambda name: float(self.group_losses[name][-1]))

    def evaluate(self, points: ArrayLike, slots: Iterable[Slot]) -> Floats:
        """Fields and derivatives of the trained network, (slots, n)."""
        return jets(self.network, self.parameters, points, slots)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the trained network, see :func:`save_network`."""
        save_network(path, self.network, self.parameters)

    def summary(self) -> dict[str, Any]:
        """JSON-like numbers of the run."""
        drift = self.drift
        moved = None
        if drift is not None:
            moved = {
                block: {"absolute": drift.sup(block), "relative": drift.sup_relative(block)}
                for block in drift.absolute
            }
        return {
            "method": self.method,
            "steps": len(self.times) - 1,
            "time": float(self.times[-1]),
            "loss": self.loss,
            "group_losses": {name: float(curve[-1]) for name, curve in self.group_losses.items()},
            "error": self.error,
            "drift": moved,
            "parameter_shift": float(self.assumptions.parameter_shift.max()),
            "parameter_sup": float(self.assumptions.parameter_sup.max()),
            "gradient_sup": {k: float(v.max()) for k, v in self.assumptions.gradient_sup.items()},
            "evaluations": self.evaluations,
            "seconds": self.seconds,
            "reason": self.reason,
        }


def save_network(path: str | PathLike[str], network: Network, parameters: Parameters) -> None:
    """Write a network and its parameters to an .npz file; nothing in it is pickled."""
    network.check(parameters)
    with open(path, "wb") as file:
        np.savez(
            file,
            format=np.array(FORMAT),
            network=np.array(json.dumps(network_record(network), sort_keys=True)),
            rates=np.array(json.dumps(parameters.layer_rates)),
            **{f"block{k}": block for k, block in enumerate(parameters.blocks())},  # type: ignore[arg-type]
        )


def load_network(path: str | PathLike[str]) -> tuple[Network, Parameters]:
    """Read what :func:`save_network` wrote; a damaged or foreign file raises InputError."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as data:
            if str(data["format"]) != FORMAT:
                raise InputError(f"its format is {str(data['format'])!r}, not {FORMAT!r}")
            network = network_from_record(json.loads(str(data["network"])))
            depth, rates = len(network.widths), json.loads(str(data["rates"]))
            blocks = [data[f"block{k}"] for k in range(2 * depth + 1 + network.bias.is_trained)]
        hidden = tuple((blocks[2 * k], blocks[2 * k + 1]) for k in range(depth))
        bias = blocks[-1] if network.bias.is_trained else None
        parameters = Parameters(hidden, blocks[2 * depth], bias, None if rates is None else tuple(rates))
        network.check(parameters)
    except FileNotFoundError:
        raise
    except Exception as error:  # a zip file has many ways to be damaged
        raise InputError(
            f"{path} is not a network file of this package ({error}); write it with save_network"
        ) from error
    return network, parameters


def network_record(network: Network) -> dict[str, Any]:
    """The network as JSON-like data."""
    mapped = network.input_map
    assert mapped is None or isinstance(mapped, InputMap)  # the network's own constructor saw to it
    return {
        "variables": list(network.variables),
        "fields": list(network.fields),
        "width": list(network.widths),
        "s": str(network.exponent),
        "activation": network.activation,
        "output_bias": network.output_bias,
        "input_map": None if mapped is None else [list(mapped.scale), list(mapped.shift)],
    }


def network_from_record(record: Mapping[str, Any]) -> Network:
    """The inverse of :func:`network_record`."""
    mapped = record["input_map"]
    return Network(
        tuple(record["variables"]),
        tuple(record["fields"]),
        width=tuple(record["width"]),
        s=record["s"],
        activation=record["activation"],
        output_bias=record["output_bias"],
        input_map=None if mapped is None else InputMap(tuple(mapped[0]), tuple(mapped[1])),
    )
