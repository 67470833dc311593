"""Weights as lists, trees and files: the same network from every layout, and what is refused."""

from __future__ import annotations

import json
from itertools import pairwise

import jax.numpy as jnp
import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.exchange.read import as_model
from ntk_theory.exchange.weight_files import read_weights

RNG = np.random.default_rng(5)
SIZES = (2, 11, 12, 1)
PAIRS = [(RNG.normal(size=(m, n)), RNG.normal(size=m)) for n, m in pairwise(SIZES)]  # (out, in)


def keras_list():
    return [part for V, b in PAIRS for part in (V.T, b)]


def safetensors(arrays, kind="F64"):
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        raw = np.asarray(array, dtype={"F64": "<f8", "F32": "<f4"}[kind]).tobytes()
        header[name] = {"dtype": kind, "shape": list(np.shape(array)),
                        "data_offsets": [len(body), len(body) + len(raw)]}  # fmt: skip
        body += raw
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def state():
    named = {}
    for k, (V, b) in enumerate(PAIRS):
        named |= {f"net.{2 * k}.weight": V, f"net.{2 * k}.bias": b}
    return dict(reversed(named.items()))  # a file need not keep the order


LAYOUTS = {
    "keras": keras_list,
    "pairs in,out": lambda: [(jnp.asarray(V.T), jnp.asarray(b)) for V, b in PAIRS],
    "pairs out,in": lambda: PAIRS,
    "dict": lambda: {f"layer{k + 9}": {"W": V.T, "b": b} for k, (V, b) in enumerate(PAIRS)},
    "flax": lambda: {
        "params": {
            f"Dense_{k}": {"bias": b, "kernel": V.T} for k, (V, b) in reversed([*enumerate(PAIRS, start=9)])
        }
    },
    "state dict": state,
    "haiku": lambda: {("mlp/~/linear_" + str(k)): {"w": V.T, "b": b} for k, (V, b) in enumerate(PAIRS)},
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_the_same_network(name):
    tolerance = 1e-6 if name == "pairs in,out" and jnp.ones(1).dtype == jnp.float32 else 0.0
    model = nt.from_weights(LAYOUTS[name]())
    wanted = nt.from_standard(PAIRS)
    assert model.parameters.layer_rates == pytest.approx(wanted.layer_rates, rel=1e-14)
    for mine, theirs in zip(model.parameters.blocks(), wanted.blocks(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=tolerance + 1e-15, atol=tolerance)


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_tree_is_made_again(name):
    model = nt.from_weights(LAYOUTS[name]()).drawn(1)
    again = nt.from_weights(model.made())
    for mine, theirs in zip(model.parameters.blocks(), again.parameters.blocks(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)


def test_files(tmp_path):
    (tmp_path / "w.safetensors").write_bytes(safetensors(state()))
    np.savez(tmp_path / "w.npz", **state())
    for name in ("w.safetensors", "w.npz"):
        model = nt.from_weights(tmp_path / name, activation="sin")
        assert model.network.activation == "sin"
        np.testing.assert_array_equal(model.layers[1].weight, PAIRS[1][0])
    single = tmp_path / "s.safetensors"
    single.write_bytes(safetensors(state(), "F32"))
    np.testing.assert_array_equal(nt.from_weights(single).layers[0].bias, PAIRS[0][1].astype(np.float32))
    network = nt.Network(("x", "t"), ("u",), width=5, s="3/4")
    nt.save(tmp_path / "own.npz", network, network.init(0))
    assert as_model(tmp_path / "own.npz").network == network


def damaged(change):
    whole = bytearray(safetensors({"a.weight": np.ones((3, 2)), "a.bias": np.ones(3)}))
    return bytes(change(whole))


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw[:-8],
        lambda raw: raw[:12],
        lambda raw: (2**62).to_bytes(8, "little") + raw[8:],
        lambda raw: raw.replace(b'"F64"', b'"F99"', 1),
        lambda raw: raw.replace(b"[3, 2]", b"[3,99]", 1),
        lambda raw: raw.replace(b"[3, 2]", b"[3,-2]", 1),
        lambda raw: raw.replace(b'{"dtype"', b'["dtype"', 1),
        lambda raw: b"",
    ],
)
def test_a_damaged_file_is_one_sentence(change, tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(damaged(change))
    with pytest.raises(nt.errors.InputError, match="cannot be read as weights"):
        read_weights(path)


@pytest.mark.parametrize(
    ("weights", "word"),
    [
        ([np.ones((2, 3)), np.ones(3)], "1 matrices"),
        ([np.ones((2, 3)), np.ones((4, 1))], "follow on one another neither"),
        ([np.ones((3, 3)), np.ones(3), np.ones((3, 3)), np.ones(3)], "all square"),
        ([np.ones((2, 3, 4)), np.ones((4, 1))], "shape .2, 3, 4."),
        ([np.ones(3), np.ones((2, 3)), np.ones((3, 1))], "without a matrix"),
        ({"a": {"kernel": "text"}}, "str at a/kernel"),
        (3, "are a int; they need a list of arrays"),
        (np.ones((2, 3)), "are a ndarray; they need a list of arrays"),
    ],
)
def test_what_is_no_stack_of_layers_is_refused(weights, word):
    with pytest.raises(nt.errors.InputError, match=word):
        nt.from_weights(weights)
