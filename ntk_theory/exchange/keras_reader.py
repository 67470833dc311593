"""A Keras model as network and parameters: Dense layers, perhaps scaled inputs. keras is not imported.

``model.layers`` is a list and tells nothing of branches, of a layer used twice, or of arithmetic between
layers: the model's values are compared with those of what was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.exchange.checking import check_values
from ntk_theory.exchange.columns import Inputs
from ntk_theory.exchange.model import Affine, Model, build, names_for
from ntk_theory.model.network import InputMap
from ntk_theory.setting.activations import Activation

#: Layers that change nothing.
PASSIVE = ("InputLayer", "Identity")
#: Largest difference of values, in units of the largest output. Keras 3 computes tanh in single precision
#: under JAX even where all arrays are double, so that 1e-9 would refuse models that were read rightly.
TOLERANCES = {False: 1e-6, True: 1e-3}


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
    for layer in _flat(model):
        kind = type(layer).__name__
        if kind in PASSIVE:
            continue
        if kind == "Concatenate" and not layers and _count(model) > 1:
            continue  # one input per variable; their order is seen by the values
        if kind in SCALES and not layers and scale is None:
            scale = SCALES[kind](layer)
        elif kind == "Activation" and layers and not activations[-1]:
            activations[-1] = _name(layer.activation)
        elif kind == "ReLU" and layers and not activations[-1]:
            activations[-1] = "relu"  # with a slope or a bound of its own the values differ
        elif kind == "Dense":
            if layers and not activations[-1]:
                raise InputError(
                    f"the layer {layer.name!r} follows a Dense layer without an activation; give it one"
                )
            if not layer.get_weights():
                raise InputError(
                    f"the layer {layer.name!r} has no arrays yet; call model.build((None, d)) first"
                )
            arrays = [np.asarray(w, dtype=np.float64) for w in layer.get_weights()]
            trained = bool(layer.trainable)
            bias = arrays[1] if len(arrays) > 1 else None
            layers.append(Affine(np.ascontiguousarray(arrays[0].T), bias, 1.0, 1.0, trained, trained))
            activations.append(_name(layer.activation))
        else:
            raise InputError(
                f"the model has the layer {layer.name!r}, {kind}, which is not read; "
                f"it needs Dense, Activation, ReLU, and {' or '.join(SCALES)} first"
            )
    made = _made(model, layers, activations, scale, variables, fields)
    check_values(
        made,
        lambda points: _values(model, points),
        TOLERANCES[made.is_single],
        "it needs a plain stack of layers: no branches, no layer used twice, no arithmetic on outputs",
    )
    return made


def _flat(model: Any) -> Iterator[Any]:
    """The layers in their order, those of a Sequential inside in its place."""
    for layer in model.layers:
        if type(layer).__name__ == "Sequential":
            yield from _flat(layer)
        else:
            yield layer


def _rescaling(layer: Any) -> tuple[Floats, Floats]:
    """x̃ = scale·x + offset."""
    return np.asarray(layer.scale, dtype=np.float64), np.asarray(layer.offset, dtype=np.float64)


def _normalization(layer: Any) -> tuple[Floats, Floats]:
    """x̃ = (x − mean)/√variance, the values of ``adapt`` or of the constructor."""
    mean, variance = (np.asarray(part, dtype=np.float64).ravel() for part in (layer.mean, layer.variance))
    deviation = np.sqrt(variance)
    if layer.invert:
        return deviation, mean
    return 1 / deviation, -mean / deviation


#: Layers that may stand first: scale and offset of the inputs.
SCALES: dict[str, Callable[[Any], tuple[Floats, Floats]]] = {
    "Rescaling": _rescaling,
    "Normalization": _normalization,
}


def _count(model: Any) -> int:
    """Of inputs; a subclass that was never asked has no list of them."""
    return len(getattr(model, "inputs", None) or [None])


def _values(model: Any, points: Floats) -> Floats:
    given = points if _count(model) == 1 else [*points.T[:, :, None]]
    return np.asarray(model.predict_on_batch(given), dtype=np.float64)


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
        try:
            again = type(model).from_config(model.get_config())
            again.build(model.input_shape)
        except (TypeError, ValueError, NotImplementedError, AttributeError) as error:
            raise InputError(
                f"{type(model).__name__} cannot be made again from its get_config, as fresh numbers need it "
                f"({str(error).splitlines()[0]}); register what it is made of with keras.saving, or hand in "
                "their kernel as an array"
            ) from error
        given = iter([[V.T] if b is None else [V.T, b] for V, b in arrays])
        for layer, own in zip(_flat(again), _flat(model), strict=True):
            layer.set_weights(next(given) if type(layer).__name__ == "Dense" else own.get_weights())
            if hasattr(layer, "finalize_state"):
                layer.finalize_state()  # an adapted Normalization divides by its numbers from here on
        return again

    phi = Activation.of(activations[0]).name if activations[:-1] else "tanh"
    return replace(
        build(layers, phi, Inputs(mapped), names, outer),
        source="the Keras model",
        put=put,
        is_single=any(w.dtype.itemsize < 8 for w in model.get_weights()),
    )


def _name(activation: Any) -> str:
    name = str(getattr(activation, "__name__", activation))
    return "" if name == "linear" else name
