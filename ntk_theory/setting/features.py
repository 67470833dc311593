"""Feature maps γ of the first layer, z¹ = W¹γ(x) + b¹: facts without NumPy (THEORY §4 "Features").

A map is written as plain data, the same in Python, TOML and on the command line:

    { x = { periodic = 2 } }                cos and sin of 2πx/P, P the period of x (√(1/H) times H harmonics)
    { x = { affine = [scale, shift] } }     scale·x + shift
    { fourier = 64, sigma = 1, seed = 0 }   √(1/m) (cos 2πω_k·x̃, sin 2πω_k·x̃), ω_k ~ N(0, σ²), k = 1..m
    { frequencies = [[1, 0], [0, 2]] }      the same at given ω_k

A variable without an entry enters as it is. x̃ are the inputs after the network's input map; a period is one
of x itself. So Fourier features have γ·γ = 1, and every periodic variable adds 1 to γ·γ.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from numbers import Integral, Real
from typing import Any, TypeAlias

from ntk_theory.errors import InputError

#: More waves than this are refused: every one is two columns of the first layer.
MOST_WAVES = 4096
#: How a period may be written: a number, or a rational multiple of π.
_PERIOD = re.compile(
    r"\s*(?:(\d{1,12}(?:\.\d{1,12})?)(?:/(\d{1,12}))?)?\s*(\*?\s*pi)?\s*(?:/\s*(\d{1,12}))?\s*\Z"
)


@dataclass(frozen=True)
class Period:
    """A period as an exact number: ``number``, times π where ``times_pi``."""

    number: Fraction
    times_pi: bool = False

    def __float__(self) -> float:
        return float(self.number) * (math.pi if self.times_pi else 1.0)

    def __str__(self) -> str:
        if not self.times_pi:
            return str(self.number)
        return "pi" if self.number == 1 else f"{self.number}*pi"

    @staticmethod
    def of(given: Any) -> Period:
        """From a number or a text such as ``2``, ``"5/2"`` or ``"2*pi"``; a float by its decimal text.

        >>> str(Period.of("2*pi")), str(Period.of(0.5)), float(Period.of("pi/2")) == math.pi / 2
        ('2*pi', '1/2', True)
        """
        if isinstance(given, Period):
            return given
        if isinstance(given, int | Fraction) and not isinstance(given, bool) and given > 0:
            return Period(Fraction(given))
        if isinstance(given, float) and math.isfinite(given) and given > 0:
            return Period(Fraction(str(given)))
        match = _PERIOD.match(given) if isinstance(given, str) and len(given) < 60 and given.strip() else None
        if match and (match.group(1) or match.group(3)):
            parts = [Fraction(match.group(1) or 1), *(Fraction(d or 1) for d in match.group(2, 4))]
            if all(parts):
                return Period(parts[0] / parts[1] / parts[2], match.group(3) is not None)
        raise InputError(
            f"features has the period {given!r}; it needs a positive number, or a text such as 5/2 or 2*pi"
        )


@dataclass(frozen=True)
class Affine:
    """One column, scale·x + shift."""

    scale: float
    shift: float

    def to_dict(self) -> dict[str, Any]:
        """As it is written."""
        return {"affine": [self.scale, self.shift]}


@dataclass(frozen=True)
class Periodic:
    """2H columns: √(1/H) cos and sin of 2πkx/P for the harmonics k = 1..H."""

    period: Period
    harmonics: int = 1

    def to_dict(self) -> dict[str, Any]:
        """As it is written."""
        more = {} if self.harmonics == 1 else {"harmonics": self.harmonics}
        return {"periodic": str(self.period), **more}


@dataclass(frozen=True)
class Fourier:
    """2m columns of m frequencies, independent N(0, σ²) entries that belong to the seed."""

    count: int
    sigma: float = 1.0
    seed: int = 0

    def frequencies(self, dimension: int) -> tuple[tuple[float, ...], ...]:
        """ω, one row per wave; drawn by Box and Muller from the Mersenne twister."""
        return _drawn(self, dimension)

    def to_dict(self) -> dict[str, Any]:
        """As it is written."""
        return {"fourier": self.count, "sigma": self.sigma, "seed": self.seed}


@dataclass(frozen=True)
class Frequencies:
    """2m columns of m given frequencies, one row per wave."""

    rows: tuple[tuple[float, ...], ...]

    def frequencies(self, dimension: int) -> tuple[tuple[float, ...], ...]:
        """ω, one row per wave."""
        if len(self.rows[0]) != dimension:
            raise InputError(
                f"features has frequencies of {len(self.rows[0])} numbers; they need {dimension}, "
                "one per variable"
            )
        return self.rows

    def to_dict(self) -> dict[str, Any]:
        """As it is written."""
        return {"frequencies": [list(row) for row in self.rows]}


Column: TypeAlias = Affine | Periodic
Waves: TypeAlias = Fourier | Frequencies


@dataclass(frozen=True)
class Line:
    """A column scale·x_axis + shift of γ."""

    axis: int
    scale: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True)
class Wave:
    """Two columns of γ, amplitude times the cosine and the sine of 2π(turns·x + offset)."""

    amplitude: float
    turns: tuple[float, ...]
    offset: float = 0.0


@dataclass(frozen=True)
class FeatureMap:
    """γ for networks of certain variables: ``columns`` per variable, or ``waves`` of all of them."""

    columns: tuple[tuple[str, Column], ...] = ()
    waves: Waves | None = None

    @staticmethod
    def of(given: Any, variables: Sequence[str]) -> FeatureMap | None:
        """From plain data as in this module's text; ``None`` stands for γ(x) = x.

        Raises
        ------
        InputError
            naming what does not fit.

        >>> FeatureMap.of({"x": {"periodic": "2*pi"}}, ("x", "t")).to_dict()
        {'x': {'periodic': '2*pi'}}
        """
        if given is None:
            return None
        if isinstance(given, FeatureMap):
            given = given.to_dict()
        if not isinstance(given, Mapping):
            raise InputError(
                f"features is {given!r}; it needs a mapping such as {{'x': {{'periodic': 2}}}} or "
                "{'fourier': 64, 'sigma': 1, 'seed': 0}"
            )
        made = _map(given, tuple(variables))
        made.pieces(variables)  # the dimension of given frequencies
        return made if made.columns or made.waves else None

    def to_dict(self) -> dict[str, Any]:
        """Plain data that :meth:`of` reads back."""
        if self.waves is not None:
            return self.waves.to_dict()
        return {name: column.to_dict() for name, column in self.columns}

    def __str__(self) -> str:
        return ", ".join(f"{key} {_short(value)}" for key, value in self.to_dict().items())

    @property
    def is_affine(self) -> bool:
        """Is γ an affine map of every variable, which a plain network has as its input map?"""
        return self.waves is None and all(isinstance(column, Affine) for _, column in self.columns)

    def column(self, name: str) -> Column | None:
        """The entry of one variable."""
        return dict(self.columns).get(name)

    def pieces(
        self,
        variables: Sequence[str],
        scale: Sequence[float] | None = None,
        shift: Sequence[float] | None = None,
    ) -> tuple[tuple[Line, ...], tuple[Wave, ...]]:
        """The columns of γ: the lines, then the waves (all cosines, then all sines).

        ``scale`` and ``shift`` are those of x̃ = scale·x + shift; default none.
        """
        d = len(variables)
        scales = (1.0,) * d if scale is None else tuple(scale)
        shifts = (0.0,) * d if shift is None else tuple(shift)
        if self.waves is not None:
            return (), _waves_of(self.waves.frequencies(d), scales, shifts)
        lines, waves = [], []
        for axis, name in enumerate(variables):
            column = self.column(name)
            if isinstance(column, Periodic):
                waves += _harmonics(column, axis, d)
            elif column is None:
                lines.append(Line(axis, scales[axis], shifts[axis]))
            else:
                lines.append(Line(axis, column.scale, column.shift))
        return tuple(lines), tuple(waves)


def _waves_of(
    rows: Sequence[Sequence[float]], scale: Sequence[float], shift: Sequence[float]
) -> tuple[Wave, ...]:
    amplitude = math.sqrt(1 / len(rows))
    return tuple(
        Wave(
            amplitude,
            tuple(w * a for w, a in zip(row, scale, strict=True)),
            math.fsum(w * b for w, b in zip(row, shift, strict=True)),
        )
        for row in rows
    )


def _harmonics(column: Periodic, axis: int, dimension: int) -> list[Wave]:
    amplitude, period = math.sqrt(1 / column.harmonics), float(column.period)
    return [
        Wave(amplitude, tuple(k / period if j == axis else 0.0 for j in range(dimension)))
        for k in range(1, column.harmonics + 1)
    ]


@cache
def _drawn(waves: Fourier, dimension: int) -> tuple[tuple[float, ...], ...]:
    source = random.Random(waves.seed)

    def normal() -> float:
        radius = math.sqrt(-2 * math.log(1.0 - source.random()))
        return waves.sigma * radius * math.cos(2 * math.pi * source.random())

    return tuple(tuple(normal() for _ in range(dimension)) for _ in range(waves.count))


def _map(given: Mapping[str, Any], variables: tuple[str, ...]) -> FeatureMap:
    for key, make in (("fourier", _fourier), ("frequencies", _frequencies)):
        if key in given and key not in variables:
            return FeatureMap(waves=make(given))
    unknown = [name for name in given if name not in variables]
    if unknown:
        raise InputError(
            f"features has {unknown[0]!r}; it needs variables out of {', '.join(variables)}, or "
            "fourier or frequencies for all of them"
        )
    return FeatureMap(tuple((name, _column(name, given[name])) for name in variables if name in given))


def _column(name: str, entry: Any) -> Column:
    if isinstance(entry, Mapping) and set(entry) == {"affine"}:
        pair = entry["affine"]
        if _are_numbers(pair) and len(pair) == 2 and pair[0]:
            return Affine(float(pair[0]), float(pair[1]))
    elif isinstance(entry, Mapping) and "periodic" in entry and set(entry) <= {"periodic", "harmonics"}:
        return Periodic(
            Period.of(entry["periodic"]), _count(entry.get("harmonics", 1), f"{name} harmonics", MOST_WAVES)
        )
    raise InputError(
        f"features has {entry!r} for {name!r}; it needs {{periodic = P}} with the period P "
        "(and harmonics = H), or {affine = [scale, shift]} with scale ≠ 0"
    )


def _fourier(given: Mapping[str, Any]) -> Fourier:
    _only(given, ("fourier", "sigma", "seed"))
    sigma, seed = given.get("sigma", 1), given.get("seed", 0)
    if not _are_numbers([sigma]) or sigma <= 0:
        raise InputError(f"features has sigma {sigma!r}; it needs a positive number")
    if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
        raise InputError(f"features has seed {seed!r}; it needs a non-negative integer")
    return Fourier(_count(given["fourier"], "fourier", MOST_WAVES), float(sigma), int(seed))


def _frequencies(given: Mapping[str, Any]) -> Frequencies:
    _only(given, ("frequencies",))
    rows = given["frequencies"]
    fits = isinstance(rows, Sequence) and not isinstance(rows, str) and 0 < len(rows) <= MOST_WAVES
    if not fits or not all(_are_numbers(row) and len(row) == len(rows[0]) for row in rows):
        raise InputError(
            f"features has frequencies {str(rows)[:60]}; they need rows of finite numbers, one per variable"
        )
    return Frequencies(tuple(tuple(map(float, row)) for row in rows))


def _only(given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    extra = [key for key in given if key not in known]
    if extra:
        raise InputError(f"features has {extra[0]!r} beside {known[0]}; it needs only {', '.join(known)}")


def _count(value: Any, what: str, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or not 0 < int(value) <= most:
        raise InputError(f"features has {what} = {value!r}; it needs an integer from 1 to {most}")
    return int(value)


def _are_numbers(values: Any) -> bool:
    if not isinstance(values, Sequence) or isinstance(values, str) or not len(values):
        return False
    return all(isinstance(v, Real) and not isinstance(v, bool) and math.isfinite(v) for v in values)


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key} {_short(entry)}" for key, entry in value.items())
    return (
        f"of {len(value)} waves"
        if isinstance(value, list) and value and isinstance(value[0], list)
        else str(value)
    )
