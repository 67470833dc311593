"""What stands for a tensor while a model's code is read: columns, a hidden layer, an array of weights.

Reading is symbolic: the values of points are not known. Columns are expressions in the variables (before the
first layer) or in the variables and the outputs of the last one (after it); in between stands the stack of
affine layers, of which only the arrays matter.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

import sympy as sp

from ntk_theory.arrays import AnyArray
from ntk_theory.errors import InputError
from ntk_theory.exchange.model import Affine
from ntk_theory.symbolic.numbers import exact

#: Operations on a column, by the names that libraries give them.
ON_COLUMNS: dict[str, Callable[[sp.Expr], sp.Expr]] = {
    "tanh": sp.tanh,
    "sin": sp.sin,
    "cos": sp.cos,
    "exp": sp.exp,
    "log": sp.log,
    "sqrt": sp.sqrt,
    "abs": sp.Abs,
    "erf": sp.erf,
    "sinh": sp.sinh,
    "cosh": sp.cosh,
    "atan": sp.atan,
    "arctan": sp.atan,
    "square": lambda z: z**2,
    "reciprocal": lambda z: 1 / z,
    "sigmoid": lambda z: 1 / (1 + sp.exp(-z)),
    "softplus": lambda z: sp.log(1 + sp.exp(z)),
    "relu": lambda z: (z + sp.Abs(z)) / 2,
    "silu": lambda z: z / (1 + sp.exp(-z)),
    "gelu": lambda z: z * (1 + sp.erf(z / sp.sqrt(2))) / 2,
    "mish": lambda z: z * sp.tanh(sp.log(1 + sp.exp(z))),
}
#: Operations that are an activation of this package, under its name.
ACTIVATIONS = ("tanh", "sin", "erf", "sigmoid", "softplus", "relu", "silu", "gelu", "mish")
#: A float is taken for a rational multiple of π with a denominator up to this.
LARGEST_DENOMINATOR = 64
ULPS = 2.0**-51


@dataclass(frozen=True)
class Columns:
    """Expressions, one per column; ``is_flat`` for a tensor (n,) of a single one."""

    expressions: tuple[sp.Expr, ...]
    is_flat: bool = False


@dataclass(frozen=True, eq=False)
class Weight:
    """A parameter that the code uses itself: its array, and what it was multiplied by."""

    name: str
    array: AnyArray
    is_trained: bool
    factor: float = 1.0
    is_transposed: bool = False


@dataclass(frozen=True, eq=False)
class Hidden:
    """A stack of affine layers with the activations between them.

    ``activations`` has one entry per layer, that of the last one ``""`` until it is applied; ``after`` is
    what the last activation's values were multiplied by.
    """

    layers: tuple[Affine, ...]
    activations: tuple[str, ...]
    after: float = 1.0
    places: tuple[tuple[str, str | None], ...] = field(default_factory=tuple)

    @property
    def is_linear(self) -> bool:
        """Is the last layer still without an activation?"""
        return not self.activations[-1]


def number(value: float) -> sp.Expr:
    """The exact number that a float stands for: as it prints, or a multiple of π.

    >>> number(0.1), number(2 * math.pi), number(3)
    (1/10, 2*pi, 3)
    """
    if not math.isfinite(value):
        raise InputError(f"the model computes with the number {value}; it needs finite ones")
    if value and not isinstance(value, int):
        turns = Fraction(value / math.pi).limit_denominator(LARGEST_DENOMINATOR)
        if turns and abs(float(turns) * math.pi - value) <= ULPS * abs(value):
            return sp.Rational(turns.numerator, turns.denominator) * sp.pi
    return exact(value if isinstance(value, int) else float(value), "a number of the model")
