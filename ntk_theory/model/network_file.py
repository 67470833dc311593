"""A network and its parameters as a file: ``save`` and ``load``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from typing import Any

from ntk_theory.arrays import AnyArray
from ntk_theory.files import not_a, read_archive, write_archive
from ntk_theory.model.network import InputMap, Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.setting.features import FeatureMap
from ntk_theory.setting.initialisation import Initialisation

#: Written into every file; a reader of another layout refuses it.
FORMAT = "ntk-theory network 1"


def save(path: str | PathLike[str], network: Network, parameters: Parameters) -> None:
    """Write a network and its parameters to an .npz file, whole or not at all; nothing in it is pickled.

    Entries: ``format``; ``network`` (JSON text: variables, fields, width, s, activation, output_bias,
    input_map, and features and initialisation where there are any); ``rates`` (JSON text, the layer rates or
    null); ``made_for`` (JSON text, the s that the parameters were made for, or null); ``block0``, ``block1``,
    … the parameters in the order W¹, b¹, …, Wᴸ, bᴸ, readout, output bias, unknowns.

    Parameters
    ----------
    path:
        The file; an older one is replaced once the new one is on the disk.
    network, parameters:
        They must belong together.

    Raises
    ------
    InputError
        The parameters do not have the network's shapes, or were made for another s.
    OSError
        Nothing can be written there.

    >>> import tempfile, pathlib
    >>> network = Network(("x",), ("u",), width=8, s="3/4")
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "network.npz"
    >>> save(path, network, network.init(seed=0))
    >>> again, parameters = load(path)
    >>> again == network, bool((parameters.readout == network.init(seed=0).readout).all())
    (True, True)
    """
    network.check(parameters)
    texts = {
        "network": json.dumps(network_record(network), sort_keys=True),
        "rates": json.dumps(parameters.layer_rates),
        "made_for": json.dumps(None if parameters.s is None else str(parameters.s)),
    }
    blocks = {f"block{k}": block for k, block in enumerate(parameters.blocks())}
    write_archive(path, FORMAT, {**texts, **blocks})


def load(path: str | PathLike[str]) -> tuple[Network, Parameters]:
    """Read what :func:`save` wrote, bit for bit; a file of an older version has parameters for any s.

    Parameters
    ----------
    path:
        The file. No more memory is asked for than it is large, and nothing in it is run.

    Returns
    -------
    network, parameters

    Raises
    ------
    FileNotFoundError
        There is no such file.
    InputError
        It is damaged or something else.
    """
    arrays = read_archive(path, FORMAT, what="network", writer="nt.save")
    try:
        network = network_from_record(json.loads(str(arrays["network"])))
        parameters = _parameters(network, arrays)
        network.check(parameters)
    except Exception as error:  # whatever a text or an array of the right type may still hold
        raise not_a(path, "network", "nt.save", error) from error
    return network, parameters


def _parameters(network: Network, arrays: Mapping[str, AnyArray]) -> Parameters:
    depth, has_bias = len(network.widths), network.bias.is_trained
    rates = json.loads(str(arrays["rates"]))
    blocks = [arrays[f"block{k}"] for k in range(2 * depth + 1 + has_bias)]
    hidden = tuple((blocks[2 * k], blocks[2 * k + 1]) for k in range(depth))
    bias = blocks[-1] if has_bias else None
    unknowns: Any = arrays.get(f"block{len(blocks)}")
    made_for = json.loads(str(arrays["made_for"])) if "made_for" in arrays else None
    rates = None if rates is None else tuple(rates)
    return Parameters(hidden, blocks[2 * depth], bias, rates, made_for, unknowns)


def network_record(network: Network) -> dict[str, Any]:
    """The network as JSON-like data."""
    mapped, features = network.input_map, network.features
    assert mapped is None or isinstance(mapped, InputMap)  # the network's own constructor saw to it
    assert features is None or isinstance(features, FeatureMap)
    record = {
        "variables": list(network.variables),
        "fields": list(network.fields),
        "width": list(network.widths),
        "s": str(network.exponent),
        "activation": network.activation,
        "output_bias": network.output_bias,
        "input_map": None if mapped is None else [list(mapped.scale), list(mapped.shift)],
    }
    # Written where there are any, so that files and stores of plain networks stay as they are.
    if features is not None:
        record["features"] = features.to_dict()
    start = network.initialisation
    if isinstance(start, Initialisation):
        record["initialisation"] = start.to_data()
    if network.folding is not None:
        record["fold"] = network.folding.to_data()
    return record


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
        features=record.get("features"),
        initialisation=record.get("initialisation"),
        fold=record.get("fold"),
    )
