"""A model of another library: its affine layers as it holds them, and the same as Network and Parameters.

A layer of the library computes κ V h + κ_b β with its own arrays V, β and constants κ, κ_b that its code
multiplies by (ω of a sine layer, 1/√n of an NTK parameterisation; 1 for a plain ``Linear``). In the form of
THEORY §1, with s = 1/2,

    W¹ = κ κ_γ V,   Wˡ = √N_{l−1} κ V,   a = √N κ V,   b = κ_b β,

κ_γ being the amplitude of the features. So the kernel of the model's own parameters has the rates η = the
squares of these factors, and 0 for an array that is not trained or not there [D].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.exchange.columns import Inputs
from ntk_theory.model.network import Network, check_match
from ntk_theory.model.parameters import Parameters
from ntk_theory.setting.output_bias import ABSENT, OUTPUT_BIASES
from ntk_theory.symbolic.ansatz import Ansatz
from ntk_theory.symbolic.jets import JetSpace
from ntk_theory.symbolic.problem import Problem

#: Models are read at this s: N^{-1/2}√N V = V.
HALF = Fraction(1, 2)
#: The names of inputs and outputs where nobody says them.
VARIABLES = {1: ("x",), 2: ("x", "t"), 3: ("x", "y", "t"), 4: ("x", "y", "z", "t")}
FIELDS = ("u", "v", "w")


@dataclass(frozen=True, eq=False)
class Affine:
    """κ V h + κ_b β: ``weight`` V (out, in), ``bias`` β (out,) or ``None``, factors, what is trained."""

    weight: Floats
    bias: Floats | None
    factor: float = 1.0
    bias_factor: float = 1.0
    is_trained: bool = True
    is_bias_trained: bool = True


@dataclass(frozen=True, eq=False)
class Model:
    """What was read: ``network, parameters = model``, where no output transform stands between.

    Attributes
    ----------
    network, parameters:
        The model as this package has it; the rates of the parameters are those of the model's own arrays.
    layers:
        Its affine layers as it holds them.
    inputs:
        What happens before the first layer.
    transform:
        The model's outputs by those of the network, as SymPy expressions in the order of the fields; empty
        where they are the same.
    source:
        What it was read from, in words.
    put:
        Makes what was handed in again with other arrays, (V, β) per layer.
    is_single:
        Does it compute in single precision?
    convert:
        Parameters of other arrays; ``None``: in the model's own parameterisation.
    notes:
        What a reader should know.
    """

    network: Network
    parameters: Parameters
    layers: tuple[Affine, ...]
    inputs: Inputs
    transform: tuple[sp.Expr, ...] = ()
    source: str = "a model"
    put: Callable[[Sequence[tuple[Floats, Floats | None]]], Any] | None = None
    is_single: bool = False
    convert: Callable[[Sequence[tuple[Floats, Floats | None]]], Parameters] | None = None
    notes: tuple[str, ...] = field(default_factory=tuple)

    def __repr__(self) -> str:
        words = "-".join(map(str, self.network.widths))
        outer = f", outputs {', '.join(map(str, self.transform))}" if self.transform else ""
        return (
            f"Model({words} {self.network.activation}, {self.parameters.size} numbers, {self.source}{outer})"
        )

    def __iter__(self) -> Iterator[Any]:
        if self.transform:
            raise InputError(
                f"the model has an output transform, {self._shown}, which a network alone has not; take "
                "model.network, model.parameters, and model.under(problem) for the problem of its network"
            )
        return iter((self.network, self.parameters))

    @property
    def _shown(self) -> str:
        return "; ".join(f"output {k} = {e}" for k, e in enumerate(self.transform))

    def under(self, problem: Problem) -> Problem:
        """The problem of the network's outputs: with an ansatz where the model transforms them.

        ``problem`` has the model's outputs as its fields, in their order.
        """
        if not self.transform:
            return problem
        if problem.construction is not None:
            raise InputError(
                "problem has an ansatz, and the model transforms its outputs itself "
                f"({self._shown}); leave one of the two out"
            )
        names = dict(zip(problem.fields, self.transform, strict=True))
        return problem.with_ansatz(Ansatz(problem.space, self.space, names))

    def check(self, problem: Problem) -> None:
        """Raise unless the network has the problem's variables and outputs, in their order."""
        check_match(problem, self.network)

    @property
    def space(self) -> JetSpace:
        """The jet space of the network's outputs."""
        return JetSpace(self.network.fields, self.network.variables)

    @cached_property
    def arrays(self) -> tuple[tuple[Floats, Floats | None], ...]:
        """(V, β) per layer, as the library holds them."""
        return tuple((layer.weight, layer.bias) for layer in self.layers)

    def with_arrays(self, arrays: Sequence[tuple[ArrayLike, ArrayLike | None]]) -> Model:
        """The same model with other numbers."""
        layers = tuple(
            replace(
                layer,
                weight=np.asarray(V, dtype=np.float64),
                bias=None if b is None else np.asarray(b, dtype=np.float64),
            )
            for layer, (V, b) in zip(self.layers, arrays, strict=True)
        )
        plain = [(layer.weight, layer.bias) for layer in layers]
        made = parameters_of(layers, self.inputs) if self.convert is None else self.convert(plain)
        return replace(self, layers=layers, parameters=made)

    def drawn(self, seed: int) -> Model:
        """The same model with fresh random numbers: weights N(0, 1/n), biases N(0, 1/4), outputs of size 1.

        They are no library's start, but random in every array, so that nothing is hidden by a zero.
        """
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(17,)))
        arrays: list[tuple[Floats, Floats | None]] = []
        for layer in self.layers:
            fan_in = layer.weight.shape[1]
            scale = 1 / (abs(layer.factor) * math.sqrt(fan_in))
            V = scale * rng.standard_normal(layer.weight.shape)
            b = None
            if layer.bias is not None:
                b = rng.standard_normal(layer.bias.shape) / (2 * abs(layer.bias_factor))
            if self.is_single:
                V, b = _rounded(V), None if b is None else _rounded(b)
            arrays.append((V, b))
        return self.with_arrays(arrays)

    def made(self) -> Any:
        """What was handed in, with these numbers."""
        if self.put is None:
            raise InputError(
                f"{self.source} cannot be made again with other numbers; hand in the model itself"
            )
        return self.put(self.arrays)


def _rounded(array: Floats) -> Floats:
    return array.astype(np.float32).astype(np.float64)


def names_for(
    inputs: int, outputs: int, variables: Sequence[str] | None, fields: Sequence[str] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of variables and fields, checked against how many there are.

    Raises
    ------
    InputError
        There are as many names as the model has not.
    """
    if variables is None:
        variables = VARIABLES.get(inputs) or tuple(f"x{k + 1}" for k in range(inputs))
    if fields is None:
        fields = FIELDS[:outputs] if outputs <= len(FIELDS) else tuple(f"u{k + 1}" for k in range(outputs))
    for what, names, count in (("inputs", variables, inputs), ("outputs", fields, outputs)):
        if len(names) != count:
            raise InputError(
                f"the model has {count} {what}, but there are the names {', '.join(names)}; "
                "make both the same number"
            )
    return tuple(variables), tuple(fields)


def build(
    layers: Sequence[Affine],
    activation: str,
    inputs: Inputs,
    variables: Sequence[str],
    outputs: Sequence[str],
    **about: Any,
) -> Model:
    """The model from its layers; ``inputs`` are the columns of the first one, ``about`` fields of Model.

    Raises
    ------
    InputError
        The layers do not fit together, or nothing in them is trained.
    """
    if len(layers) < 2:
        raise InputError(
            f"the model has {len(layers)} affine layers; it needs at least one hidden layer and the output"
        )
    if not any(x.is_trained or (x.bias is not None and x.is_bias_trained) for x in layers):
        raise InputError(
            "no parameter of the model is trained (requires_grad is False), so that its kernel is 0; "
            "set requires_grad of what is trained"
        )
    bias = ABSENT.name if layers[-1].bias is None else next(iter(OUTPUT_BIASES))
    network = Network(
        tuple(variables),
        tuple(outputs),
        width=tuple(len(layer.weight) for layer in layers[:-1]),
        s=HALF,
        activation=activation,
        output_bias=bias,
        input_map=inputs.mapped,
        features=inputs.features,
    )
    parameters = parameters_of(layers, inputs)
    network.check(parameters)
    return Model(network, parameters, tuple(layers), inputs, **about)


def parameters_of(layers: Sequence[Affine], inputs: Inputs) -> Parameters:
    """The arrays in the form of THEORY §1 with their rates."""
    hidden, rates = [], []
    for k, layer in enumerate(layers):
        V = layer.weight
        kappa = layer.factor * (inputs.amplitude if k == 0 else math.sqrt(V.shape[1]))
        W = kappa * (inputs.arranged(V) if k == 0 else V)
        b = None if layer.bias is None else layer.bias_factor * layer.bias
        rates.append(kappa**2 * layer.is_trained)
        if b is not None or k < len(layers) - 1:
            rates.append(0.0 if b is None else layer.bias_factor**2 * layer.is_bias_trained)
        if k < len(layers) - 1:
            hidden.append((W, np.zeros(len(V)) if b is None else b))
    return Parameters(tuple(hidden), W, b, tuple(rates), HALF)
