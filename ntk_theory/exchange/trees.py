"""Weights as lists and trees: what ``get_weights()`` of Keras, JAX, Flax and state dicts look like.

Every layout is a sequence of affine layers in order, each a matrix and perhaps a vector; what is not said by
a key (``kernel`` is (in, out), ``weight`` is (out, in)) is read from the shapes, which must chain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError

#: Keys of a layer's matrix with the orientation that they stand for, and of its vector.
MATRICES = {"kernel": False, "weight": True, "w": None, "weights": None, "W": None}
VECTORS = ("bias", "b", "biases", "B")
LAYOUTS = {"in,out": False, "out,in": True}
#: Entries of a tree and its depth at most.
MOST_ENTRIES, DEEPEST = 100_000, 20


class Layer(NamedTuple):
    """A matrix as it was given, its vector, and the paths where both stood."""

    matrix: Floats
    vector: Floats | None
    matrix_path: tuple[Any, ...]
    vector_path: tuple[Any, ...] | None
    is_out_in: bool | None


def layers_of(tree: Any, layout: str | None) -> tuple[list[Layer], bool]:
    """The layers in a tree of arrays, and whether its matrices are (out, in).

    Raises
    ------
    InputError
        Arrays that are no stack of affine layers; the path of the first is named.
    """
    found = _paired(_leaves(tree))
    if len(found) < 2:
        raise InputError(
            f"the weights hold {len(found)} matrices; they need at least a hidden layer and the output"
        )
    said = {layer.is_out_in for layer in found} - {None}
    if layout is not None:
        if layout not in LAYOUTS:
            raise InputError(f"layout is {layout!r}; it needs one of {', '.join(map(repr, LAYOUTS))}")
        said = {LAYOUTS[layout]}
    ways = [way for way in (False, True) if way in (said or {False, True}) and _chains(found, way)]
    if not ways:
        shapes = ", ".join(str(layer.matrix.shape) for layer in found)
        raise InputError(
            f"the weights have the matrices {shapes}, which follow on one another neither as (in, out) nor "
            "as (out, in); they need one stack of affine layers, in order"
        )
    if len(ways) > 1:
        raise InputError(
            "the weights are all square, so that (in, out) cannot be told from (out, in); say "
            'layout="in,out" (Keras, JAX) or layout="out,in" (torch)'
        )
    return found, ways[0]


def rebuilt(tree: Any, values: Mapping[tuple[Any, ...], Floats], path: tuple[Any, ...] = ()) -> Any:
    """The same tree with other arrays at the given paths; a leaf keeps its type of numbers."""
    if path in values:
        return values[path].astype(np.asarray(tree).dtype)
    if isinstance(tree, Mapping):
        return {key: rebuilt(part, values, (*path, key)) for key, part in tree.items()}
    if isinstance(tree, list | tuple):
        parts = [rebuilt(part, values, (*path, k)) for k, part in enumerate(tree)]
        return parts if isinstance(tree, list) else tuple(parts)
    return tree


def _chains(layers: Sequence[Layer], is_out_in: bool) -> bool:
    previous = None
    for layer in layers:
        out, inner = layer.matrix.shape if is_out_in else layer.matrix.shape[::-1]
        if previous not in (None, inner) or (layer.vector is not None and len(layer.vector) != out):
            return False
        previous = out
    return True


def _leaves(tree: Any) -> list[tuple[tuple[Any, ...], Floats]]:
    out: list[tuple[tuple[Any, ...], Floats]] = []

    def walk(part: Any, path: tuple[Any, ...]) -> None:
        if len(path) > DEEPEST or len(out) > MOST_ENTRIES:
            raise InputError(
                f"the weights are a tree deeper than {DEEPEST} or of more than {MOST_ENTRIES} arrays"
            )
        if part is None or (isinstance(part, list | tuple | Mapping) and not len(part)):
            return
        if isinstance(part, Mapping):
            for key in sorted(part, key=_natural) if _is_numbered(part) else part:
                walk(part[key], (*path, key))
        elif isinstance(part, list | tuple) and not _is_array(part):
            for k, entry in enumerate(part):
                walk(entry, (*path, k))
        else:
            out.append((path, _floats(part, path)))

    walk(tree, ())
    return out


def _is_array(part: Any) -> bool:
    """Is a list one array, written out in numbers?"""
    first = part
    while isinstance(first, list | tuple) and len(first):
        first = first[0]
    return isinstance(first, int | float)


def _floats(part: Any, path: tuple[Any, ...]) -> Floats:
    if hasattr(part, "detach"):
        part = part.detach().cpu().numpy()
    try:
        array = np.asarray(part)
        if array.dtype.kind not in "fiu" and array.dtype.name not in ("bfloat16", "float16"):
            raise TypeError
        return np.ascontiguousarray(array, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"the weights hold {type(part).__name__} at {_spelled(path)}; they need arrays of real numbers"
        ) from None


def _is_numbered(part: Mapping[Any, Any]) -> bool:
    return all(re.search(r"\d", str(key)) for key in part)


def _natural(key: Any) -> tuple[Any, ...]:
    """Dense_10 after Dense_9."""
    return tuple(int(p) if p.isdigit() else p for p in re.split(r"(\d+)", str(key)))


def _paired(leaves: Sequence[tuple[tuple[Any, ...], Floats]]) -> list[Layer]:
    """Every matrix with the vector beside it: in the same part of the tree, or next in the list."""
    leaves = [leaf for leaf in leaves if leaf[1].ndim or leaf[1].size]
    flat = all(len(path) == 1 and "." in str(path[0]) for path, _ in leaves)
    if flat:  # a state dict: "net.0.weight"
        leaves = sorted(leaves, key=lambda leaf: _natural(leaf[0][0]))
    found: list[Layer] = []
    vectors: list[tuple[tuple[Any, ...], Floats]] = []
    for path, array in leaves:
        if array.ndim == 2 and not (array.shape[0] == 1 and _key(path) in VECTORS):
            found.append(Layer(array, None, path, None, MATRICES.get(_key(path))))
        elif array.ndim in (1, 2):
            vectors.append((path, array.reshape(-1)))
        else:
            raise InputError(
                f"the weights hold an array of shape {array.shape} at {_spelled(path)}; "
                "they need matrices and vectors of affine layers"
            )
    return _with_vectors(found, vectors, [path for path, _ in leaves])


def _with_vectors(matrices: list[Layer], vectors: Any, order: list[tuple[Any, ...]]) -> list[Layer]:
    home = {_home(layer.matrix_path): k for k, layer in enumerate(matrices)}
    is_list = len(home) < len(matrices)
    for path, vector in vectors:
        if is_list:  # Keras: kernel, bias, kernel, bias
            before = [
                k for k, layer in enumerate(matrices) if order.index(layer.matrix_path) < order.index(path)
            ]
            at = before[-1] if before else None
        else:
            at = home.get(_home(path))
        if at is None or matrices[at].vector is not None:
            raise InputError(
                f"the weights hold a vector at {_spelled(path)} without a matrix; they need pairs of both"
            )
        matrices[at] = matrices[at]._replace(vector=vector, vector_path=path)
    return matrices


def _key(path: tuple[Any, ...]) -> str:
    return str(path[-1]).rpartition(".")[2] if path else ""


def _home(path: tuple[Any, ...]) -> tuple[Any, ...]:
    """The part of the tree in which a layer's arrays stand."""
    if not path:
        return path
    stem = str(path[-1]).rpartition(".")[0]
    return (*path[:-1], stem) if stem else path[:-1]


def _spelled(path: tuple[Any, ...]) -> str:
    return "/".join(map(str, path)) or "its top"
