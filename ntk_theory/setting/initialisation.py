"""How a network's weights start: scales, laws and rates of every layer, without NumPy (THEORY §4).

In the form of THEORY §1 (W/√n from the second layer on, W¹ as it is, u = N^{−s} a·h + c)

    W ~ σ_w D,  b ~ σ_b D,  a ~ σ_a D,   D of mean 0 and variance 1: normal, uniform or truncated normal.

A library's layer V h + β, with V drawn by its fan-in n and fan-out m, has W = √n V, a = √N V and W¹ = V: a
preset gives these σ at the widths of the network, and the rates η of the *standard* parameterisation (η = n
for weights but the first, N for the readout, 1 for biases and W¹), in which its users' learning rate acts.
At s = 1/2 it is that library's network; another s multiplies the output by N^{1/2−s}. The output bias starts
as ``output_bias`` says.

    preset            variance of V     law                biases
    pytorch           1/(3n)            uniform            1/(3n), uniform     torch.nn.Linear
    glorot-uniform    2/(n+m)           uniform            0                   Keras' default
    glorot-normal     2/(n+m)           truncated normal   0                   Keras, JAX
    lecun             1/n               truncated normal   0                   Flax' default
    he                2/n               truncated normal   0                   Keras, JAX
    paper             σ = 1 and η = 1   normal             1                   THEORY §1, the default
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from typing import Any

from ntk_theory.errors import InputError

#: A truncated normal is cut at so many standard deviations of the normal (Keras, JAX).
CUT = 2.0


@dataclass(frozen=True)
class Law:
    """A law D of mean 0 and variance 1 on |z| ≤ ``reach``."""

    name: str
    reach: float

    @property
    def is_normal(self) -> bool:
        """Is it the whole normal law?"""
        return math.isinf(self.reach)


def _truncated_deviation() -> float:
    """The standard deviation of N(0,1) cut at CUT, 0.8796: √(1 − 2cφ(c)/(2Φ(c) − 1))."""
    density = math.exp(-CUT * CUT / 2) / math.sqrt(2 * math.pi)
    return math.sqrt(1 - 2 * CUT * density / math.erf(CUT / math.sqrt(2)))


#: √Var of N(0,1) cut at CUT.
TRUNCATED_DEVIATION = _truncated_deviation()
NORMAL = Law("normal", math.inf)
UNIFORM = Law("uniform", math.sqrt(3.0))
TRUNCATED = Law("truncated normal", CUT / TRUNCATED_DEVIATION)
#: Name → law.
LAWS: dict[str, Law] = {law.name: law for law in (NORMAL, UNIFORM, TRUNCATED)}


@dataclass(frozen=True)
class LayerStart:
    """One layer: σ of weights and biases, their law, and the rates η of both in K = Σ η K_l."""

    weight: float = 1.0
    bias: float = 1.0
    law: Law = NORMAL
    weight_rate: float = 1.0
    bias_rate: float = 1.0


#: How every layer starts in THEORY §1.
PAPER = LayerStart()


@dataclass(frozen=True)
class Preset:
    """A line of the table: variances of V and β by fan-in and fan-out, and their law."""

    name: str
    law: Law
    variance: Callable[[int, int], float]
    bias_variance: Callable[[int], float] = lambda fan_in: 0.0

    def start(self, fan_in: int, fan_out: int, *, first: bool) -> LayerStart:
        """The layer in the form of THEORY §1."""
        rate = 1 if first else fan_in
        deviation = math.sqrt(rate * self.variance(fan_in, fan_out))
        return LayerStart(deviation, math.sqrt(self.bias_variance(fan_in)), self.law, float(rate))


#: Name → preset. A new one is one line here.
PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("pytorch", UNIFORM, lambda n, m: 1 / (3 * n), lambda n: 1 / (3 * n)),
        Preset("glorot-uniform", UNIFORM, lambda n, m: 2 / (n + m)),
        Preset("glorot-normal", TRUNCATED, lambda n, m: 2 / (n + m)),
        Preset("lecun", TRUNCATED, lambda n, m: 1 / n),
        Preset("he", TRUNCATED, lambda n, m: 2 / n),
    )
}
#: What users may write.
NAMES = ("paper", *PRESETS)


@dataclass(frozen=True)
class Initialisation:
    """A preset by its ``name``, or numbers: one σ_w and σ_b per hidden layer (or one for all), σ_a, laws."""

    name: str = ""
    sigma_w: tuple[float, ...] = (1.0,)
    sigma_b: tuple[float, ...] = (1.0,)
    sigma_a: float = 1.0
    laws: tuple[str, ...] = (NORMAL.name,)

    @staticmethod
    def of(given: Any) -> Initialisation | None:
        """From a name, a mapping with sigma_w, sigma_b, sigma_a and law, or ``None`` (THEORY §1: all N(0,1)).

        Raises
        ------
        InputError
            naming what does not fit.

        >>> Initialisation.of("pytorch").is_standard, Initialisation.of("paper")
        (True, None)
        """
        if given is None or given == "paper":
            return None
        if isinstance(given, Initialisation):
            return given
        if isinstance(given, Mapping):
            made = _given(given)
            return None if made == Initialisation() else made
        if isinstance(given, str) and given in PRESETS:
            return Initialisation(given)
        near = difflib.get_close_matches(str(given).lower(), NAMES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise InputError(
            f"initialisation is {str(given)[:60]!r}; it needs one of {', '.join(NAMES)}, or a mapping with "
            f"sigma_w, sigma_b, sigma_a and law{hint}"
        )

    def to_data(self) -> str | dict[str, Any]:
        """What :meth:`of` reads back."""
        if self.name:
            return self.name
        return {
            "sigma_w": list(self.sigma_w),
            "sigma_b": list(self.sigma_b),
            "sigma_a": self.sigma_a,
            "law": list(self.laws),
        }

    @property
    def is_standard(self) -> bool:
        """Is it a library's, with the rates of the standard parameterisation and σ that depend on N?"""
        return bool(self.name)

    @property
    def first_law(self) -> Law:
        """The law of the first layer's weights."""
        return PRESETS[self.name].law if self.name else LAWS[self.laws[0]]

    @property
    def has_biases(self) -> bool:
        """Has the first layer biases that start at random?"""
        return PRESETS[self.name].bias_variance(1) > 0 if self.name else self.sigma_b[0] > 0

    @property
    def first_bias_share(self) -> Fraction:
        """σ_b²/σ_w² of the first layer; of a preset for one input."""
        if self.name:
            preset = PRESETS[self.name]
            return Fraction(preset.bias_variance(1)) / Fraction(preset.variance(1, 1))
        return (Fraction(self.sigma_b[0]) / Fraction(self.sigma_w[0])) ** 2

    @property
    def shrinks(self) -> bool:
        """Do the first layer's weights go to 0 as the network grows?"""
        if not self.name:
            return False
        variance = PRESETS[self.name].variance
        return variance(1, 2**40) < variance(1, 1) / 2

    def __str__(self) -> str:
        if self.name:
            return self.name
        laws = ", ".join(dict.fromkeys(self.laws))
        return f"{laws}, sigma_w {_few(self.sigma_w)}, sigma_b {_few(self.sigma_b)}, sigma_a {self.sigma_a:g}"

    def layers(self, fan_in: Sequence[int], widths: Sequence[int], outputs: int) -> tuple[LayerStart, ...]:
        """How every hidden layer and the readout start; the readout's bias is none of its business.

        >>> start = Initialisation.of("lecun").layers((2,), (50,), 1)
        >>> [round(layer.weight**2, 12) for layer in start], start[1].weight_rate
        ([0.5, 1.0], 50.0)
        """
        depth = len(widths)
        if self.name:
            preset = PRESETS[self.name]
            sizes = [*zip(fan_in, widths, strict=True), (widths[-1], outputs)]
            return tuple(preset.start(n, m, first=k == 0) for k, (n, m) in enumerate(sizes))
        weights = [*_spread(self.sigma_w, depth, "sigma_w"), self.sigma_a]
        biases = [*_spread(self.sigma_b, depth, "sigma_b"), 0.0]
        laws = _spread(self.laws, depth + 1, "law")
        return tuple(LayerStart(w, b, LAWS[law]) for w, b, law in zip(weights, biases, laws, strict=True))


def _spread(values: Sequence[Any], count: int, what: str) -> Sequence[Any]:
    if len(values) not in (1, count):
        raise InputError(f"initialisation has {len(values)} of {what}; it needs one, or {count}")
    return tuple(values) * count if len(values) == 1 else values


def _given(given: Mapping[str, Any]) -> Initialisation:
    known = ("sigma_w", "sigma_b", "sigma_a", "law")
    extra = [key for key in given if key not in known]
    if extra:
        raise InputError(f"initialisation has {extra[0]!r}; it needs only {', '.join(known)}")
    laws = given.get("law", NORMAL.name)
    names = tuple(laws) if isinstance(laws, list | tuple) else (laws,)
    wrong = [name for name in names if name not in LAWS]
    if wrong or not names:
        raise InputError(f"initialisation has the law {laws!r}; it needs out of {', '.join(LAWS)}")
    weights, outer = _numbers(given, "sigma_w"), _numbers(given, "sigma_a")
    if min((*weights, *outer)) <= 0 or len(outer) != 1:
        raise InputError("initialisation has a sigma_w or sigma_a that is not one positive number; give such")
    return Initialisation("", weights, _numbers(given, "sigma_b"), outer[0], names)


def _numbers(given: Mapping[str, Any], key: str) -> tuple[float, ...]:
    value = given.get(key, 1.0)
    values = tuple(value) if isinstance(value, list | tuple) else (value,)
    fits = all(isinstance(v, Real) and not isinstance(v, bool) and 0 <= float(v) < math.inf for v in values)
    if not values or not fits:
        raise InputError(f"initialisation has {key} = {value!r}; it needs a number, or one per hidden layer")
    return tuple(map(float, values))


def _few(values: Sequence[float]) -> str:
    return "/".join(f"{value:g}" for value in values)
