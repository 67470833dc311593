"""A Keras model as network and parameters: Dense layers, perhaps after a Rescaling. keras is not imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ntk_theory.errors import InputError
from ntk_theory.exchange.columns import Inputs
from ntk_theory.exchange.model import Affine, Model, build, names_for
from ntk_theory.model.network import InputMap
from ntk_theory.setting.activations import Activation

#: Layers that change nothing.
PASSIVE = ("InputLayer", "Identity")


def is_keras(what: Any) -> bool:
    """Is it a model of Keras? Asked without importing it."""
    return any(
        c.__module__.split(".")[0] in ("keras", "tf_keras", "tensorflow") for c in type(what).__mro__
    ) and (hasattr(what, "get_weights") and hasattr(what, "layers"))


def read_keras(
    model: Any, variables: Sequence[str] | None = None, fields: Sequence[str] | None = None
) -> Model:
    """The model of a Sequential of Dense layers; what is not understood is refused by name.

    Raises
    ------
    InputError
        naming the layer.
    """
    layers: list[Affine] = []
    activations: list[str] = []
    scale: Any = None
    for layer in model.layers:
        kind = type(layer).__name__
        if kind in PASSIVE:
            continue
        if kind == "Rescaling" and not layers:
            scale = (np.asarray(layer.scale, dtype=np.float64), np.asarray(layer.offset, dtype=np.float64))
        elif kind == "Activation" and layers and not activations[-1]:
            activations[-1] = _name(layer.activation)
        elif kind == "Dense":
            if layers and not activations[-1]:
                raise InputError(
                    f"the layer {layer.name!r} follows a Dense layer without an activation; give it one"
                )
            arrays = [np.asarray(w, dtype=np.float64) for w in layer.get_weights()]
            trained = bool(layer.trainable)
            bias = arrays[1] if len(arrays) > 1 else None
            layers.append(Affine(np.ascontiguousarray(arrays[0].T), bias, 1.0, 1.0, trained, trained))
            activations.append(_name(layer.activation))
        else:
            raise InputError(
                f"the model has the layer {layer.name!r}, {kind}, which is not read; "
                "it needs Dense, Activation, and Rescaling first"
            )
    return _made(model, layers, activations, scale, variables, fields)


def _made(model: Any, layers: Any, activations: Any, scale: Any, variables: Any, fields: Any) -> Model:
    if not layers or activations[-1]:
        raise InputError("the model's last layer is no Dense layer without activation; it needs one")
    if len(set(activations[:-1])) > 1:
        raise InputError(f"the model has the activations {', '.join(activations[:-1])}; it needs one for all")
    d = layers[0].weight.shape[1]
    names, outer = names_for(d, len(layers[-1].weight), variables, fields)
    mapped = None
    if scale is not None:
        factor, offset = (np.broadcast_to(part, (d,)) for part in scale)
        mapped = InputMap(tuple(factor), tuple(offset))

    def put(arrays: Any) -> Any:
        again = type(model).from_config(model.get_config())
        again.build(model.input_shape)
        again.set_weights([part for V, b in arrays for part in ([V.T] if b is None else [V.T, b])])
        return again

    phi = Activation.of(activations[0]).name if activations[:-1] else "tanh"
    return replace(build(layers, phi, Inputs(mapped), names, outer), source="the Keras model", put=put)


def _name(activation: Any) -> str:
    name = str(getattr(activation, "__name__", activation))
    return "" if name == "linear" else name
