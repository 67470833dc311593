"""The network of THEORY §1: its shape, scaling and initialisation."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.model.drawing import draw, normals
from ntk_theory.model.fold import Fold
from ntk_theory.model.lift import Lift
from ntk_theory.model.parameters import Parameters
from ntk_theory.resources import require_memory
from ntk_theory.setting.activations import Activation
from ntk_theory.setting.features import Affine, FeatureMap
from ntk_theory.setting.initialisation import PAPER, Initialisation, LayerStart
from ntk_theory.setting.output_bias import OutputBias
from ntk_theory.symbolic.numbers import fraction
from ntk_theory.symbolic.problem import Problem

#: Hidden layers at most: what is drawn and stepped through layer by layer must end.
MOST_LAYERS = 10_000


@dataclass(frozen=True)
class InputMap:
    """x̃_j = scale_j x_j + shift_j, applied before the first layer.

    A Taylor coefficient in x is that in x̃ times scale^α (the chain factor of the slot).
    """

    scale: tuple[float, ...]
    shift: tuple[float, ...]

    def __post_init__(self) -> None:
        scale, shift = tuple(map(float, self.scale)), tuple(map(float, self.shift))
        if len(scale) != len(shift) or not np.isfinite(scale + shift).all() or 0.0 in scale:
            raise InputError(
                f"input_map has scale {scale} and shift {shift}; it needs one finite number "
                "each per variable, and no scale 0"
            )
        object.__setattr__(self, "scale", scale)
        object.__setattr__(self, "shift", shift)

    @classmethod
    def from_domain(cls, bounds: Sequence[tuple[Any, Any]]) -> InputMap:
        """The map of a box, given as (low, high) per variable, onto [−1, 1]^d.

        >>> InputMap.from_domain([(0, 4)])
        InputMap(scale=(0.5,), shift=(-1.0,))
        """
        scale, shift = [], []
        for low, high in bounds:
            a, b = float(low), float(high)
            if not a < b:
                raise InputError(f"input_map has the interval ({low}, {high}); it needs low < high")
            scale.append(2 / (b - a))
            shift.append(-(a + b) / (b - a))
        return cls(tuple(scale), tuple(shift))

    def apply(self, points: ArrayLike) -> Floats:
        """x̃ for points of shape (n, d)."""
        return np.ascontiguousarray(np.asarray(points, dtype=np.float64) * self.scale + self.shift)


@dataclass(frozen=True)
class Network:
    """A fully connected network with L hidden layers and output scaling N^{-s}.

        z¹ = W¹x̃ + b¹,  hˡ = φ(zˡ),  zˡ⁺¹ = Wˡ⁺¹hˡ/√N_l + bˡ⁺¹,  uⁱ = N^{-s} Σ_k aⁱ_k hᴸ_k + cⁱ,

    N the width of the last hidden layer, x̃ the inputs after ``input_map``, or γ(x) with ``features``.

    Parameters
    ----------
    variables, fields:
        Names of the inputs (the columns of points) and of the outputs.
    width:
        One number, or one per hidden layer.
    depth:
        L; may be omitted if ``width`` has one number per layer.
    s:
        Output exponent: text, int, Fraction or SymPy Rational; a float goes through its decimal text.
    activation:
        A name of :data:`ntk_theory.setting.activations.ACTIVATIONS`, or ``relu^k``.
    output_bias:
        A name of :data:`ntk_theory.setting.output_bias.OUTPUT_BIASES`: ``zero`` (starts at 0, trained),
        ``normal`` (starts N(0,1), trained) or ``none``.
    input_map:
        Affine map of the inputs, or a mapping variable → (low, high), mapped onto [−1, 1].
    features:
        γ as plain data, see :mod:`ntk_theory.setting.features`; affine entries become the ``input_map``.
    initialisation:
        How weights start, and the rates of their parameterisation: a name or numbers, see
        :mod:`ntk_theory.setting.initialisation`; default all N(0, 1), as in THEORY §1.
    fold:
        A mirror, beyond which the network is its own reflection (:mod:`ntk_theory.model.fold`).

    Raises
    ------
    InputError
        for an argument that does not fit.

    >>> Network(("x", "t"), ("u",), width=256, depth=2, s="3/4").epsilon
    0.25
    """

    variables: tuple[str, ...]
    fields: tuple[str, ...]
    width: int | tuple[int, ...]
    depth: int | None = None
    s: Fraction | str | int | float = Fraction(1, 2)
    activation: str = "tanh"
    output_bias: str = "zero"
    input_map: InputMap | Mapping[str, tuple[Any, Any]] | None = None
    features: FeatureMap | Mapping[str, Any] | None = None
    initialisation: Initialisation | Mapping[str, Any] | str | None = None
    fold: Fold | Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        variables, fields = _names(self.variables, "variables"), _names(self.fields, "fields")
        widths = _widths(self.width, self.depth)
        set_field = object.__setattr__
        set_field(self, "output_bias", OutputBias.of(self.output_bias).name)
        set_field(self, "variables", variables)
        set_field(self, "fields", fields)
        set_field(self, "width", widths)
        set_field(self, "depth", len(widths))
        set_field(self, "s", fraction(self.s))
        set_field(self, "activation", Activation.of(self.activation).name)
        mapped, features = _input_map(self.input_map, variables), FeatureMap.of(self.features, variables)
        if features is not None and features.is_affine:
            mapped, features = _affine(features, mapped, variables), None
        set_field(self, "input_map", mapped)
        set_field(self, "features", features)
        set_field(self, "initialisation", Initialisation.of(self.initialisation))
        set_field(self, "fold", Fold.of(self.fold, variables, fields))
        assert self.start  # numbers per layer fit the depth, or this raises

    @property
    def widths(self) -> tuple[int, ...]:
        """(N_1, …, N_L)."""
        assert isinstance(self.width, tuple)  # __post_init__ made it one
        return self.width

    @property
    def exponent(self) -> Fraction:
        """s, exact."""
        assert isinstance(self.s, Fraction)
        return self.s

    @property
    def phi(self) -> Activation:
        """The table line of the activation."""
        return Activation.of(self.activation)

    @property
    def bias(self) -> OutputBias:
        """The table line of the output bias."""
        return OutputBias.of(self.output_bias)

    @property
    def parameter_count(self) -> int:
        """P, the number of parameters, without drawing any of them.

        >>> network = Network(("x", "t"), ("u",), width=(4, 3))
        >>> network.parameter_count == network.init(0).size == 4 * 3 + 3 * 5 + 4
        True
        """
        hidden = sum(width * (below + 1) for width, below in zip(self.widths, self.fan_in, strict=True))
        return hidden + len(self.fields) * (self.widths[-1] + self.bias.is_trained)

    @property
    def epsilon(self) -> float:
        """ε = N^{1/2 − s}, N the width of the last hidden layer."""
        return epsilon_of(self.widths[-1], self.exponent)

    @property
    def output_scale(self) -> float:
        """N^{-s}."""
        return math.pow(self.widths[-1], -self.exponent)

    @cached_property
    def scale(self) -> Floats:
        """The chain factor ∂x̃_j/∂x_j per variable, shape (d,)."""
        return np.ones(len(self.variables)) if self.input_map is None else np.array(self._map.scale)

    @property
    def folding(self) -> Fold | None:
        """The fold."""
        return Fold.of(self.fold)

    @cached_property
    def lift(self) -> Lift | None:
        """γ and its Taylor coefficients; ``None`` where γ(x) = x̃."""
        if self.features is None:
            return None
        assert isinstance(self.features, FeatureMap)  # __post_init__ made it one
        mapped = (None, None) if self.input_map is None else (self._map.scale, self._map.shift)
        return Lift(*self.features.pieces(self.variables, *mapped))

    @property
    def fan_in(self) -> tuple[int, ...]:
        """The number of inputs of every hidden layer, that of the first one being the size of γ."""
        first = len(self.variables) if self.lift is None else self.lift.size
        return (first, *self.widths[:-1])

    @cached_property
    def start(self) -> tuple[LayerStart, ...]:
        """How the hidden layers and the readout start, at this network's widths."""
        if self.initialisation is None:
            return (PAPER,) * (len(self.widths) + 1)
        assert isinstance(self.initialisation, Initialisation)  # __post_init__ made it one
        return self.initialisation.layers(self.fan_in, self.widths, len(self.fields))

    @property
    def is_standard(self) -> bool:
        """Are σ and rates those of a library, at these widths?"""
        return isinstance(self.initialisation, Initialisation) and self.initialisation.is_standard

    def check_width(self, width: int) -> None:
        """Raise where the initialisation depends on N and ``width`` is not this network's."""
        if self.is_standard and width != self.widths[-1]:
            raise InputError(
                f"width is {width}, but this is about {self.widths[-1]} neurons, on which the initialisation "
                f"{self.initialisation} depends; ask with a network of that width"
            )

    @property
    def _rates(self) -> tuple[float, ...] | None:
        if not self.is_standard:
            return None
        hidden = [rate for layer in self.start[:-1] for rate in (layer.weight_rate, layer.bias_rate)]
        return (*hidden, self.start[-1].weight_rate, *((1.0,) if self.bias.is_trained else ()))

    @property
    def _map(self) -> InputMap:
        assert isinstance(self.input_map, InputMap)
        return self.input_map

    def inputs(self, points: ArrayLike) -> Floats:
        """x̃, the points after the input map, shape (n, d), or γ(x), (n, m)."""
        if self.lift is not None:
            return self.lift.values(points)
        return np.ascontiguousarray(points, float) if self.input_map is None else self._map.apply(points)

    def init(self, seed: int) -> Parameters:
        """Independent entries, N(0, 1) or as ``initialisation`` says; the numbers do not depend on s.

        The output bias starts as declared. A library's initialisation brings its rates along.

        They are marked as made for this network's s; :meth:`Parameters.for_s` marks them for another.
        Every array has its own stream, keyed by the seed and by its place (layer, kind), so that the
        result depends on nothing but ``seed`` and the shapes: not on the number of workers or threads,
        and the hidden layers not on ``output_bias`` either.
        """
        if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
            raise InputError(f"seed is {seed!r}; it needs a non-negative integer")
        require_memory(
            8.0 * self.parameter_count, f"{self.parameter_count} parameters", "choose a smaller width"
        )
        depth, seed = len(self.widths), int(seed)
        hidden = tuple(
            (
                draw(start.law, start.weight, seed, (layer, 0), (n, m)),
                draw(start.law, start.bias, seed, (layer, 1), (n,)),
            )
            for layer, (n, m, start) in enumerate(zip(self.widths, self.fan_in, self.start[:-1], strict=True))
        )
        last = self.start[-1]
        readout = draw(last.law, last.weight, seed, (depth, 0), (len(self.fields), self.widths[-1]))
        bias = self._initial_bias(seed) if self.bias.is_trained else None
        return Parameters(hidden, readout, bias, self._rates, s=self.s)

    def _initial_bias(self, seed: int) -> Floats:
        fields = (len(self.fields),)
        start = self.bias.start
        if start is not None:
            return np.full(fields, float(start))
        return normals(seed, (len(self.widths), 1), fields)

    def check(self, parameters: Parameters) -> None:
        """Raise :class:`InputError` unless ``parameters`` have this network's shapes and its s."""
        shapes = [(W.shape, b.shape) for W, b in parameters.hidden]
        want = [((n, m), (n,)) for n, m in zip(self.widths, self.fan_in, strict=True)]
        if shapes != want:
            raise InputError(f"parameters has hidden shapes {shapes}; this network needs {want}")
        if parameters.readout.shape != (len(self.fields), self.widths[-1]):
            raise InputError(
                f"parameters has a readout of shape {parameters.readout.shape}; "
                f"this network needs {(len(self.fields), self.widths[-1])}"
            )
        if (parameters.output_bias is not None) != self.bias.is_trained:
            has = "no" if parameters.output_bias is None else "an"
            raise InputError(
                f"parameters has {has} output bias but the network declares "
                f"output_bias={self.output_bias!r}; make both agree"
            )
        if parameters.s not in (None, self.s):
            raise InputError(
                f"parameters was made for s = {parameters.s}, but the network has s = {self.s}; give the "
                "network that s, ask ntk_for_exponents for kernels at several s, or, where the same numbers "
                f'are meant for both, say parameters.for_s("{self.s}")'
            )

    def digest(self, parameters: Parameters) -> str:
        """SHA-256 of all parameter bytes, for records of provenance."""
        total = hashlib.sha256()
        for block in parameters.blocks():
            total.update(np.asarray(block.shape, dtype=np.int64).tobytes())
            total.update(block.tobytes())
        return total.hexdigest()


def epsilon_of(width: float, s: Fraction) -> float:
    """ε = N^{1/2 − s}, by which the outputs of a network of width N are multiplied beyond N^{−1/2} Σ.

    >>> epsilon_of(256, Fraction(3, 4))
    0.25
    """
    return math.pow(width, Fraction(1, 2) - s)


def _names(names: Any, what: str) -> tuple[str, ...]:
    found = (names,) if isinstance(names, str) else tuple(names)
    if not found or not all(isinstance(n, str) and n for n in found) or len(set(found)) != len(found):
        raise InputError(f"{what} is {names!r}; it needs one or more different names")
    return found


def _widths(width: Any, depth: int | None) -> tuple[int, ...]:
    if isinstance(depth, Integral) and depth > MOST_LAYERS:
        raise InputError(f"depth is {depth}; it needs at most {MOST_LAYERS} hidden layers")
    try:
        widths = (width,) * (depth or 1) if isinstance(width, Integral) else tuple(width)
    except TypeError:
        widths = (width,)
    if not widths or any(isinstance(w, bool) or not isinstance(w, Integral) or w < 1 for w in widths):
        raise InputError(f"width is {width!r}; it needs a positive integer, or one per hidden layer")
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, Integral) or depth < 1):
        raise InputError(f"depth is {depth!r}; it needs a positive integer")
    if depth is not None and len(widths) != depth:
        raise InputError(f"width is {widths} but depth is {depth}; they need as many widths as hidden layers")
    return tuple(int(w) for w in widths)


def _input_map(given: Any, variables: tuple[str, ...]) -> InputMap | None:
    if given is None:
        return None
    if isinstance(given, Mapping):
        missing = [name for name in variables if name not in given]
        if missing:
            raise InputError(
                f"input_map lacks the variable {missing[0]!r}; give (low, high) for each of {variables}"
            )
        given = InputMap.from_domain([given[name] for name in variables])
    if not isinstance(given, InputMap) or len(given.scale) != len(variables):
        raise InputError(
            f"input_map is {given!r}; it needs an InputMap for the {len(variables)} variables {variables}"
        )
    return given


def _affine(features: FeatureMap, mapped: InputMap | None, variables: tuple[str, ...]) -> InputMap:
    """The input map with the affine entries of a feature map in place of its own."""
    scale = list(mapped.scale if mapped else (1.0,) * len(variables))
    shift = list(mapped.shift if mapped else (0.0,) * len(variables))
    for axis, name in enumerate(variables):
        column = features.column(name)
        if isinstance(column, Affine):
            scale[axis], shift[axis] = column.scale, column.shift
    return InputMap(tuple(scale), tuple(shift))


def check_match(problem: Problem, network: Network) -> None:
    """Raise unless the network has the problem's variables and fields, in its order."""
    for what, mine, theirs in (
        ("variables", network.variables, problem.variables),
        ("fields", network.fields, problem.fields),
    ):
        if mine != theirs:
            whose = (
                "the problem's ansatz has the outputs"
                if problem.ansatz and what == "fields"
                else "the problem has"
            )
            raise InputError(
                f"network has {what} {mine}; {whose} {theirs}: make them the same, in this order"
            )
