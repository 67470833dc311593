"""The parameters of a network as plain arrays, validated once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.symbolic.numbers import fraction

Layer = tuple[Floats, Floats]


@dataclass(frozen=True, eq=False, repr=False)
class Parameters:
    """θ = ((W¹, b¹), …, (Wᴸ, bᴸ); a; c) of THEORY §1.

    Attributes
    ----------
    hidden:
        One pair per hidden layer: W¹ (N_1, d), Wˡ (N_l, N_{l−1}), bˡ (N_l,).
    readout:
        a, shape (m, N_L), one row per field; a vector (N_L,) is taken as one row.
    output_bias:
        c, shape (m,), or ``None`` where the network has none.
    layer_rates:
        One factor η per parameter block in the order W¹, b¹, …, Wᴸ, bᴸ, readout (and output bias,
        where there is one): the kernel is K = Σ_l η_l K_l. ``None`` stands for all ones. They express
        the metric of another parameterisation θ_l = √η_l θ'_l.
    s:
        The exponent of the network they were made for: drawn, trained or converted. A network of another
        s refuses them, for the outputs N^{-s} Σ a h that training or conversion gave them would be others.
        ``None``: not known, every network takes them.
    unknowns:
        (K,) the trained numbers of a problem's unknown coefficients (the logarithm of a positive one), the
        last block of θ, with the factor 1; ``None``: none.

    Raises
    ------
    InputError
        for arrays whose shapes do not fit together or that hold a value that is not finite.
    """

    hidden: tuple[Layer, ...]
    readout: Floats
    output_bias: Floats | None = None
    layer_rates: tuple[float, ...] | None = None
    s: Fraction | str | int | float | None = None
    unknowns: Floats | None = None

    def __post_init__(self) -> None:
        if not len(self.hidden):
            raise InputError("hidden is empty; it needs one pair (W, b) per hidden layer")
        hidden = tuple(
            (_array(W, f"hidden[{k}] weight", 2), _array(b, f"hidden[{k}] bias", 1))
            for k, (W, b) in enumerate(self.hidden)
        )
        _check_chain(hidden)
        readout = _array(np.atleast_2d(np.asarray(self.readout, dtype=np.float64)), "readout", 2)
        if readout.shape[1] != len(hidden[-1][1]):
            raise InputError(
                f"readout has shape {readout.shape}; it needs (fields, {len(hidden[-1][1])}), "
                "one column per neuron of the last hidden layer"
            )
        bias = None
        if self.output_bias is not None:
            bias = _array(np.atleast_1d(np.asarray(self.output_bias, dtype=np.float64)), "output_bias", 1)
            if len(bias) != len(readout):
                raise InputError(
                    f"output_bias has {len(bias)} entries; it needs {len(readout)}, one per row of readout"
                )
        object.__setattr__(self, "hidden", hidden)
        object.__setattr__(self, "readout", readout)
        object.__setattr__(self, "output_bias", bias)
        object.__setattr__(self, "layer_rates", _rates(self.layer_rates, len(hidden), bias is not None))
        if self.unknowns is not None:
            object.__setattr__(self, "unknowns", _array(self.unknowns, "unknowns", 1))
        object.__setattr__(self, "s", None if self.s is None else fraction(self.s))

    def __repr__(self) -> str:
        """Shapes, not the thousands of numbers.

        >>> Parameters(((np.ones((8, 2)), np.zeros(8)),), np.ones(8), np.zeros(1))
        Parameters(2 inputs, widths (8,), 1 fields, with output bias: 33 numbers)
        """
        bias = "no" if self.output_bias is None else "with"
        made_for = "" if self.s is None else f", for s = {self.s}"
        inputs, fields = self.hidden[0][0].shape[1], len(self.readout)
        return (
            f"Parameters({inputs} inputs, widths {self.widths}, {fields} fields, {bias} output bias: "
            f"{self.size} numbers{made_for})"
        )

    @property
    def widths(self) -> tuple[int, ...]:
        """(N_1, …, N_L)."""
        return tuple(len(b) for _, b in self.hidden)

    @property
    def size(self) -> int:
        """The number of scalar parameters."""
        return sum(block.size for block in self.blocks())

    @property
    def rates(self) -> tuple[float, ...]:
        """One η per block, ones if none were given."""
        own = self.layer_rates or (1.0,) * (2 * len(self.hidden) + 1 + (self.output_bias is not None))
        return own if self.unknowns is None else (*own, 1.0)

    @property
    def output_bias_rate(self) -> float:
        """η of the output bias (0 where there is none)."""
        return 0.0 if self.output_bias is None else self.rates[2 * len(self.hidden) + 1]

    def blocks(self) -> Iterator[Floats]:
        """The arrays in the order of ``layer_rates``."""
        for layer in self.hidden:
            yield from layer
        yield self.readout
        if self.output_bias is not None:
            yield self.output_bias
        if self.unknowns is not None:
            yield self.unknowns

    def flatten(self) -> Floats:
        """All parameters as one vector, block after block in C order."""
        return np.concatenate([block.ravel() for block in self.blocks()])

    def replaced(self, vector: ArrayLike) -> Parameters:
        """Parameters of the same shapes with the entries of ``vector`` (inverse of :meth:`flatten`)."""
        flat = _array(vector, "vector", 1)
        if flat.size != self.size:
            raise InputError(f"vector has {flat.size} entries; it needs {self.size}, one per parameter")
        arrays, at = [], 0
        for block in self.blocks():
            arrays.append(flat[at : at + block.size].reshape(block.shape))
            at += block.size
        depth = len(self.hidden)
        hidden = tuple((arrays[2 * k], arrays[2 * k + 1]) for k in range(depth))
        bias = arrays[2 * depth + 1] if self.output_bias is not None else None
        unknowns = None if self.unknowns is None else arrays[-1]
        return Parameters(hidden, arrays[2 * depth], bias, self.layer_rates, self.s, unknowns)

    def with_unknowns(self, values: Floats | None) -> Parameters:
        """The same numbers of the network beside other ones of the unknowns; ``None``: without any."""
        again = copy(self)
        object.__setattr__(again, "unknowns", None if values is None else _array(values, "unknowns", 1))
        return again

    def for_s(self, s: Fraction | str | int | float | None) -> Parameters:
        """The same numbers, from now on for a network of this s (``None``: for any).

        Initial parameters do not depend on s; of trained or converted ones the outputs change by the
        factor N^{s' − s}.

        >>> theta = Parameters(((np.ones((8, 2)), np.zeros(8)),), np.ones(8), s="1/2")
        >>> theta.for_s("3/4")
        Parameters(2 inputs, widths (8,), 1 fields, no output bias: 32 numbers, for s = 3/4)
        """
        again = copy(self)  # checked before: large arrays are not looked through once more
        object.__setattr__(again, "s", None if s is None else fraction(s))
        return again


def _array(value: Any, name: str, dimensions: int) -> Floats:
    try:
        array = np.ascontiguousarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} is not an array of real numbers ({error}); give a float array") from None
    if array.ndim != dimensions:
        raise InputError(f"{name} has shape {array.shape}; it needs {dimensions} dimension(s)")
    if not array.size:
        raise InputError(f"{name} has shape {array.shape}; it needs at least one entry")
    # A finite sum proves every entry finite without a temporary; only a suspect one is searched.
    with np.errstate(all="ignore"):
        total = array.sum()
    if not np.isfinite(total) and not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise InputError(f"{name} holds {array[where]} at {where}; it needs finite numbers")
    return array


def _check_chain(hidden: Sequence[Layer]) -> None:
    previous = None
    for k, (W, b) in enumerate(hidden):
        if len(W) != len(b):
            raise InputError(
                f"hidden[{k}] has a weight {W.shape} and a bias {b.shape}; it needs as many rows as biases"
            )
        if previous is not None and W.shape[1] != previous:
            raise InputError(
                f"hidden[{k}] weight has shape {W.shape}; it needs {previous} columns, "
                "the width of the layer before"
            )
        previous = len(b)


def _rates(rates: Sequence[float] | None, depth: int, has_bias: bool) -> tuple[float, ...] | None:
    if rates is None:
        return None
    values = tuple(float(rate) for rate in rates)
    need = 2 * depth + 1 + has_bias
    if len(values) != need or not all(np.isfinite(values)) or min(values) < 0:
        raise InputError(
            f"layer_rates is {values}; it needs {need} finite non-negative factors, one per block "
            "(W, b of every hidden layer, readout" + (", output bias)" if has_bias else ")")
        )
    return values
