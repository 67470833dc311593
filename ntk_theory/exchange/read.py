"""The ways in for models of other libraries, and the way back to torch."""

from __future__ import annotations

import importlib
import math
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.exchange.checking import check_same
from ntk_theory.exchange.columns import Inputs
from ntk_theory.exchange.keras_reader import is_keras, read_keras
from ntk_theory.exchange.model import Affine, Model, build, names_for
from ntk_theory.exchange.torch_reader import MODULES, is_module, read_module
from ntk_theory.exchange.trees import layers_of, rebuilt
from ntk_theory.exchange.weight_files import ENDINGS, read_weights
from ntk_theory.model.network import InputMap, Network
from ntk_theory.model.network_file import load
from ntk_theory.model.parameters import Parameters
from ntk_theory.setting.activations import Activation


def from_torch(
    module: Any,
    *,
    variables: Sequence[str] | None = None,
    fields: Sequence[str] | None = None,
) -> Model:
    """Network and parameters of a torch module, with the rates of its own parameters.

    Parameters
    ----------
    module:
        A ``torch.nn.Module`` whose forward is a plain stack of affine layers and one activation, on inputs
        that may be normalised (affinely) or lifted to waves, with outputs that arithmetic may transform (hard
        constraints). It takes one tensor (n, d), or one (n, 1) per variable.
    variables, fields:
        Names of inputs and outputs; default x, t and u (three inputs: x, y, t).

    Returns
    -------
    Model
        ``network, parameters = from_torch(module)`` where the outputs are not transformed; else
        ``model.network``, ``model.parameters`` and ``model.under(problem)``, the problem of the network's
        outputs.

    Raises
    ------
    InputError
        naming what in the module is not read, and what would be; or where the network does not compute what
        the module does at random points.
    """
    module = _net(module)
    if not is_module(module):
        raise InputError(f"module is a {type(module).__name__}; it needs a torch.nn.Module")
    if is_keras(module):
        return read_keras(module, variables, fields)
    model = read_module(module, variables, fields)
    check_same(model, module)
    return model


def from_weights(
    weights: Any,
    *,
    activation: str = "tanh",
    variables: Sequence[str] | None = None,
    fields: Sequence[str] | None = None,
    input_map: InputMap | Mapping[str, tuple[Any, Any]] | None = None,
    layout: str | None = None,
) -> Model:
    """Network and parameters from the arrays of a stack of affine layers, with the rates of these arrays.

    Parameters
    ----------
    weights:
        A list as Keras' ``get_weights()`` gives it (kernel, bias, kernel, …), pairs (W, b), a dictionary of
        layers, Flax's ``{"params": {"Dense_0": {"kernel", "bias"}}}``, a torch state dict, or the path of an
        NPZ or safetensors file.
    activation:
        The arrays do not say it.
    variables, fields:
        Names of inputs and outputs; default as for :func:`from_torch`.
    input_map:
        What the model does with its inputs before the first layer, as in :class:`Network`.
    layout:
        ``"in,out"`` or ``"out,in"``, how the matrices lie; default by keys and shapes.

    Returns
    -------
    Model
        ``network, parameters = from_weights(weights)``.

    Raises
    ------
    InputError
        Arrays that are no stack of affine layers, by their place.

    >>> network, parameters = from_weights([np.ones((2, 8)), np.zeros(8), np.ones((8, 1)), np.zeros(1)])
    >>> network.widths, parameters.layer_rates
    ((8,), (1.0, 1.0, 8.0, 1.0))
    """
    tree = read_weights(weights) if isinstance(weights, str | os.PathLike) else weights
    if not isinstance(tree, Mapping | Sequence):
        raise InputError(
            f"the weights are a {type(weights).__name__}; they need a list of arrays, a dictionary of layers "
            "or the path of a file (of a model itself: a torch module, or a Keras model)"
        )
    found, is_out_in = layers_of(tree, layout)
    layers = [Affine(layer.matrix if is_out_in else layer.matrix.T, layer.vector) for layer in found]
    names, outer = names_for(layers[0].weight.shape[1], len(layers[-1].weight), variables, fields)
    mapped = Network(names, outer, width=1, input_map=input_map).input_map
    assert mapped is None or isinstance(mapped, InputMap)

    def put(arrays: Sequence[tuple[Floats, Floats | None]]) -> Any:
        values: dict[tuple[Any, ...], Floats] = {}
        for layer, (V, b) in zip(found, arrays, strict=True):
            values[layer.matrix_path] = V if is_out_in else V.T
            if layer.vector_path is not None and b is not None:
                values[layer.vector_path] = b
        return rebuilt(tree, values)

    source = f"weights of {len(layers)} layers"
    phi = Activation.of(activation).name
    return build(layers, phi, Inputs(mapped), names, outer, source=source, put=put)


def to_torch(network: Network | Model, parameters: Parameters | None = None) -> Any:
    """A torch module in double precision that computes the network, of ``Linear`` layers and its activation.

    Parameters
    ----------
    network, parameters:
        Together, or a :class:`Model` alone, whose arrays come back bit for bit.

    Returns
    -------
    torch.nn.Sequential
        V = W/√N per layer and V = N^{-s}a, to rounding; what has the rate 0 is not trained.

    Raises
    ------
    InputError
        The network has features, an activation without a module, or the model an output transform.
    """
    model = network if isinstance(network, Model) else as_model(network, parameters)
    if model.transform:
        raise InputError(
            "the model transforms its outputs; to_torch(model.network, model.parameters) has the network"
        )
    if model.network.folding is not None:
        raise InputError(
            f"the network is {model.network.folding}, which no Sequential of torch is; train with "
            "mirror=False, or take replace(network, fold=None) and reflect points and signs yourself"
        )
    if model.network.features is not None:
        raise InputError(
            "the network has features, which no module of torch computes; it needs a plain network"
        )
    kinds = {name: kind for kind, (name, _) in MODULES.items()}
    if model.network.activation not in kinds:
        raise InputError(
            f"activation is {model.network.activation}, for which torch has no module; "
            f"it has one for {', '.join(kinds)}"
        )
    torch: Any = importlib.import_module("torch")
    parts: list[Any] = []
    mapped = model.network.input_map
    if isinstance(mapped, InputMap):
        parts.append(_normalisation(torch, mapped))
    for k, layer in enumerate(model.layers):
        parts += [getattr(torch.nn, kinds[model.network.activation])()] if k else []
        parts.append(_linear(torch, layer, model.inputs if k == 0 else None))
    return torch.nn.Sequential(*parts)


def _linear(torch: Any, layer: Affine, inputs: Inputs | None) -> Any:
    V = layer.weight if inputs is None else inputs.arranged(layer.weight)
    made = torch.nn.Linear(V.shape[1], V.shape[0], bias=layer.bias is not None, dtype=torch.float64)
    with torch.no_grad():
        made.weight.copy_(torch.as_tensor(np.array(layer.factor * V)))
        if layer.bias is not None:
            made.bias.copy_(torch.as_tensor(np.array(layer.bias_factor * layer.bias)))
    made.weight.requires_grad_(layer.is_trained)
    if layer.bias is not None:
        made.bias.requires_grad_(layer.is_bias_trained)
    return made


def _normalisation(torch: Any, mapped: InputMap) -> Any:
    class Normalisation(torch.nn.Module):  # type: ignore[misc]
        """x̃ = scale·x + shift."""

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("scale", torch.tensor(mapped.scale, dtype=torch.float64))
            self.register_buffer("shift", torch.tensor(mapped.shift, dtype=torch.float64))

        def forward(self, x: Any) -> Any:
            return x * self.scale + self.shift

    return Normalisation()


def as_model(model: Any, parameters: Parameters | None = None, **names: Any) -> Model:
    """Anything that is a model: a module, a Keras model, weights, a file, (network, parameters).

    ``names`` are what :func:`from_weights` takes besides; a network's own names are kept.
    """
    if isinstance(model, Model):
        return model
    if isinstance(model, Network):
        if parameters is None:
            raise InputError("model is a Network without parameters; give both, (network, parameters)")
        return _own(model, parameters)
    if isinstance(model, tuple) and len(model) == 2 and isinstance(model[0], Network):
        return _own(*model)
    plain = {key: names[key] for key in ("variables", "fields") if key in names}
    model = _net(model)
    if is_keras(model):  # first: with torch under it, it is a Module too
        return read_keras(model, **plain)
    if is_module(model):
        return from_torch(model, **plain)
    if isinstance(model, str | os.PathLike):
        return model_file(model, **names)
    return from_weights(model, **names)


def _net(model: Any) -> Any:
    """The module of a trainer that holds it as ``net``, such as DeepXDE's Model; else what was given."""
    net = getattr(model, "net", None)
    return net if is_module(net) and not is_module(model) else model


def model_file(path: str | os.PathLike[str], **names: Any) -> Model:
    """A file that ``nt.save`` wrote, or one of weights alone; ``names`` as in :func:`as_model`."""
    if os.fspath(path).endswith(ENDINGS[0]) and _is_network(path):
        return _own(*load(path))
    return replace(from_weights(path, **names), source=os.fspath(path), put=None)


def _is_network(path: str | os.PathLike[str]) -> bool:
    """Does an archive hold the entries of ``nt.save``?"""
    try:
        with zipfile.ZipFile(path) as archive:
            return {"format.npy", "network.npy"} <= set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False  # whoever reads it next says why


def _own(network: Network, parameters: Parameters) -> Model:
    """A network of this package by the arrays V of affine layers; it keeps its own parameterisation."""
    network.check(parameters)
    rates, depth = parameters.rates, len(network.widths)
    arrays = [*parameters.hidden, (parameters.readout, parameters.output_bias)]
    layers = []
    for k, (W, b) in enumerate(arrays):
        out = math.pow(network.widths[-1], -network.exponent) if k == depth else 1.0
        inner = out if k == depth else 1 / math.sqrt(W.shape[1]) if k else 1.0
        bias_rate = rates[2 * k + 1] if b is not None else 0.0
        layers.append(Affine(inner * W, b, 1.0, 1.0, rates[2 * k] > 0, bias_rate > 0))
    mapped = network.input_map
    assert mapped is None or isinstance(mapped, InputMap)

    def put(made: Sequence[tuple[Floats, Floats | None]]) -> Parameters:
        hidden = [
            (V if k == 0 else math.sqrt(V.shape[1]) * V, np.zeros(len(V)) if b is None else b)
            for k, (V, b) in enumerate(made[:-1])
        ]
        readout = made[-1][0] * math.pow(network.widths[-1], network.exponent)
        return Parameters(tuple(hidden), readout, made[-1][1], parameters.layer_rates, network.exponent)

    return Model(network, parameters, tuple(layers), Inputs(mapped), source="a network", put=put, convert=put)
