"""Converters: the function is unchanged and the kernel is the library's own.

The library's network is written out here, in NumPy; its gradient with respect to its *own* parameters is
taken by complex steps (error of the order of rounding), which knows no chain rule.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from model_problems import SPACE

from ntk_theory.empirical.reference import reference_jacobian, reference_jets
from ntk_theory.errors import InputError
from ntk_theory.model.network import Network
from ntk_theory.model.parameterisation import from_keras, from_ntk, from_standard, from_zhou_yan
from ntk_theory.model.parameters import Parameters
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Group, GroupKind, Problem

Layers = list[tuple[Any, Any]]
POINTS = np.array([[0.3, -0.2], [1.1, 0.7], [-0.4, 0.5]])
WIDTHS = (4, 3, 5)
SW, SB = 1.3, 0.6
S = "2/3"


def standard(layers: Layers, x: Any) -> Any:
    *hidden, (weight, bias) = layers
    for w, b in hidden:
        x = np.tanh(x @ w.T + b)
    return x @ weight.T + bias


def keras(layers: Layers, x: Any) -> Any:
    return standard([(w.T, b) for w, b in layers], x)


def ntk(layers: Layers, x: Any) -> Any:
    *hidden, (weight, bias) = layers
    for w, b in hidden:
        x = np.tanh(SW / np.sqrt(x.shape[1]) * x @ w.T + SB * b)
    return SW / np.sqrt(x.shape[1]) * x @ weight.T + SB * bias


def zhou_yan(layers: Layers, x: Any) -> Any:
    *hidden, (weight, bias) = layers
    for k, (w, b) in enumerate(hidden):
        x = np.tanh((x @ w.T) / (np.sqrt(x.shape[1]) if k else 1) + b)
    return float(x.shape[1]) ** (-2 / 3) * x @ weight.T + bias


CASES: dict[str, tuple[Callable[[Layers, Any], Any], Callable[[Layers], Parameters], bool]] = {
    "standard": (standard, lambda layers: from_standard(layers, S), False),
    "keras": (keras, lambda layers: from_keras(layers, S), True),
    "ntk": (ntk, lambda layers: from_ntk(layers, S, weight_scale=SW, bias_scale=SB), False),
    "zhou_yan": (zhou_yan, from_zhou_yan, False),
}


def layers_of(transposed: bool, depth: int) -> Layers:
    rng = np.random.default_rng(5)
    sizes = (2, *WIDTHS[:depth], 1)
    return [
        (rng.normal(size=(m, n) if not transposed else (n, m)), rng.normal(size=m))
        for n, m in pairwise(sizes)
    ]


def own_kernel(apply: Callable[[Layers, Any], Any], layers: Layers) -> np.ndarray:
    """Σ_θ ∂_θu ∂_θu' over the library's own parameters by complex steps of 1e-40."""
    columns = []
    for layer, block in ((i, j) for i in range(len(layers)) for j in (0, 1)):
        for entry in np.ndindex(layers[layer][block].shape):
            moved = [[w.astype(complex), b.astype(complex)] for w, b in layers]
            moved[layer][block][entry] += 1e-40j
            columns.append(apply(moved, POINTS.astype(complex))[:, 0].imag / 1e-40)
    jacobian = np.array(columns).T
    return jacobian @ jacobian.T


def our_kernel(network: Network, parameters: Parameters) -> np.ndarray:
    u = Operator(SPACE, SPACE.symbol(SPACE.value("u")))
    problem = Problem(SPACE, (Group("f", GroupKind.EQUATION, (u,)),))
    jacobian = reference_jacobian(problem, network, parameters, {"f": POINTS})
    blocks = [
        np.full(block.size, rate) for block, rate in zip(parameters.blocks(), parameters.rates, strict=True)
    ]
    return (jacobian * np.concatenate(blocks)) @ jacobian.T


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("name", CASES)
def test_function_and_kernel_are_the_library_s_own(name: str, depth: int) -> None:
    apply, convert, transposed = CASES[name]
    layers = layers_of(transposed, depth)
    parameters = convert(layers)
    network = Network(SPACE.variables, SPACE.fields, WIDTHS[:depth], s=S)
    network.check(parameters)
    assert parameters.s == (None if name == "zhou_yan" else Fraction(S))
    value = reference_jets(network, parameters, POINTS, [Slot("u", (0, 0))])[0]
    np.testing.assert_allclose(value, apply(layers, POINTS)[:, 0], rtol=1e-13, atol=1e-13)
    wanted = own_kernel(apply, layers)
    found = our_kernel(network, parameters)
    assert np.linalg.norm(found - wanted) <= 1e-12 * np.linalg.norm(wanted)
    if name != "zhou_yan":  # negative control: without the rates it is another kernel
        plain = Parameters(parameters.hidden, parameters.readout, parameters.output_bias)
        assert np.linalg.norm(our_kernel(network, plain) - wanted) > 0.05 * np.linalg.norm(wanted)


def test_the_kernel_does_not_depend_on_the_s_chosen_for_the_conversion() -> None:
    layers = layers_of(False, 2)
    kernels = [
        our_kernel(Network(("x", "t"), ("u",), WIDTHS[:2], s=s), from_standard(layers, s)) for s in ("1/4", 1)
    ]
    np.testing.assert_allclose(kernels[0], kernels[1], rtol=1e-12)


def test_converted_parameters_serve_the_s_they_were_converted_for() -> None:
    layers = layers_of(False, 2)
    network = Network(("x", "t"), ("u",), WIDTHS[:2], s="1/2")
    for convert in (from_standard, from_ntk, from_zhou_yan):
        with pytest.raises(InputError, match="made for s = 3/4, but the network has s = 1/2"):
            network.check(convert(layers, s="3/4"))
    network.check(from_zhou_yan(layers))


def test_layers_without_bias_get_none_and_rate_zero() -> None:
    layers = [(np.ones((3, 2)), None), (np.ones((1, 3)), None)]
    parameters = from_ntk(layers, "1/2")
    assert parameters.layer_rates == pytest.approx((0.5, 0.0, 1.0))
    assert parameters.output_bias is None
    assert not parameters.hidden[0][1].any()


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([(np.ones((3, 2)), None)], "at least one hidden layer"),
        ([(np.ones(3), None), (np.ones((1, 3)), None)], r"layers\[0\] has shapes \(3,\) and None"),
        ([(np.ones((3, 2)), np.ones(2)), (np.ones((1, 3)), None)], r"\(3, 2\) and \(2,\)"),
        ([np.ones((3, 2, 2)), (np.ones((1, 3)), None)], "pair"),
        ([("a", None), (np.ones((1, 3)), None)], "pair"),
        ([(np.ones((3, 2)), None), (np.ones((1, 4)), None)], "readout has shape"),
    ],
)
def test_bad_layers_get_one_sentence(layers: Layers, message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_standard(layers)
