"""The columns that enter a model's first layer, read as an input map or as features.

A column is an expression in the variables. An affine one per variable is an input map; cosine and sine of the
same form are a wave, periodic in one variable or of given frequencies (:mod:`ntk_theory.setting.features`).
Everything else is refused by its text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.model.network import InputMap
from ntk_theory.symbolic.jets import JetSpace

WHAT_IS_READ = (
    "it needs a·x + b for every variable x, or a·cos and a·sin of 2πkx/P (periodic), or of linear forms"
)


@dataclass(frozen=True)
class Inputs:
    """What stands before the first layer, and how its columns come to stand in this package's order.

    Attributes
    ----------
    mapped, features:
        As :class:`~ntk_theory.model.network.Network` takes them.
    amplitude:
        κ_γ: the model's columns in units of this package's.
    order:
        Which of the model's columns is each of ours.
    signs:
        ±1 for each of ours.
    """

    mapped: InputMap | None = None
    features: dict[str, Any] | None = None
    amplitude: float = 1.0
    order: tuple[int, ...] = ()
    signs: tuple[int, ...] = ()

    def arranged(self, weight: Floats) -> Floats:
        """V of the first layer with its columns in this package's order."""
        if not self.order:
            return weight
        return np.ascontiguousarray(weight[:, list(self.order)] * np.array(self.signs, dtype=np.float64))


def read_columns(columns: Sequence[sp.Expr], space: JetSpace) -> Inputs:
    """The input map or features of which ``columns`` are the columns.

    Raises
    ------
    InputError
        naming the first column that is neither.

    >>> space = JetSpace(("u",), ("x",))
    >>> read_columns([2 * space.variable("x") - 1], space).mapped
    InputMap(scale=(2.0,), shift=(-1.0,))
    """
    symbols = list(space.variable_symbols)
    lines: dict[int, tuple[int, sp.Expr, sp.Expr]] = {}
    waves: list[tuple[int, sp.Expr, bool, tuple[sp.Expr, ...]]] = []
    for place, column in enumerate(columns):
        wave = _wave(column, symbols)
        if wave is not None:
            waves.append((place, *wave))
            continue
        axis, scale, shift = _line(column, symbols)
        if axis in lines:
            raise _refused(column, f"a second column of {symbols[axis]}")
        lines[axis] = (place, scale, shift)
    if not waves:
        return _affine(columns, lines, symbols)
    return _waves(columns, lines, waves, symbols)


def _affine(columns: Any, lines: Any, symbols: list[sp.Symbol]) -> Inputs:
    if len(lines) < len(symbols):
        missing = next(s for k, s in enumerate(symbols) if k not in lines)
        raise InputError(f"the first layer of the model does not see {missing}; give it every variable")
    scale = tuple(float(lines[k][1]) for k in range(len(symbols)))
    shift = tuple(float(lines[k][2]) for k in range(len(symbols)))
    is_plain = set(scale) == {1.0} and set(shift) == {0.0}
    order = tuple(lines[k][0] for k in range(len(symbols)))
    return Inputs(None if is_plain else InputMap(scale, shift), None, 1.0, order, (1,) * len(order))


def _waves(columns: Any, lines: Any, waves: Any, symbols: list[sp.Symbol]) -> Inputs:
    """Pairs of cosine and sine, in the order in which their first one comes."""
    pairs: dict[tuple[sp.Expr, ...], dict[bool, tuple[int, sp.Expr]]] = {}
    for place, amplitude, is_sine, form in waves:
        if is_sine in pairs.setdefault(form, {}):
            raise _refused(columns[place], "a second one of its kind")
        pairs[form][is_sine] = (place, amplitude)
    for pair in pairs.values():
        if len(pair) < 2:
            place = next(iter(pair.values()))[0]
            raise _refused(columns[place], "a cosine or sine without the other")
    size = abs(next(iter(pairs.values()))[False][1])
    for form, pair in pairs.items():
        for place, amplitude in pair.values():
            if sp.Abs(sp.Abs(amplitude) - size) > 1e-15 * size:
                raise _refused(
                    columns[place], f"of another amplitude than {size}; the waves of {form} need one"
                )
    periodic = _periodic(list(pairs), symbols, lines)
    if periodic is not None:
        features, forms, harmonics = periodic
        kappa = float(size) * math.sqrt(harmonics)
        if lines and kappa != 1.0:
            raise InputError(
                f"the first layer of the model sees waves of amplitude {size} beside plain columns; "
                f"they need amplitude √(1/{harmonics})"
            )
    elif lines:
        raise InputError(
            "the first layer of the model sees waves of several variables beside plain columns; "
            "one network has the ones or the others"
        )
    else:
        forms = list(pairs)
        features = {"frequencies": [[float(c / (2 * sp.pi)) for c in form] for form in forms]}
        kappa = float(size) * math.sqrt(len(forms))
    taken = [(lines[k][0], 1) for k in sorted(lines)]
    for is_sine in (False, True):
        taken += [(pairs[form][is_sine][0], int(sp.sign(pairs[form][is_sine][1]))) for form in forms]
    for axis, (_, scale, shift) in lines.items():
        if (scale, shift) != (1, 0):
            features[str(symbols[axis])] = {"affine": [float(scale), float(shift)]}
    return Inputs(None, features, kappa, tuple(p for p, _ in taken), tuple(sign for _, sign in taken))


def _periodic(
    forms: Any, symbols: list[sp.Symbol], lines: Any
) -> tuple[dict[str, Any], list[Any], int] | None:
    """Harmonics 1..H of one variable each, all of the same H, every variable here or among the lines."""
    per: dict[int, list[Any]] = {}
    for form in forms:
        axes = [k for k, c in enumerate(form) if c != 0]
        if len(axes) != 1 or axes[0] in lines:
            return None
        per.setdefault(axes[0], []).append(form)
    if set(per) | set(lines) != set(range(len(symbols))):
        return None
    counts = {len(own) for own in per.values()}
    if len(counts) != 1:
        return None
    features: dict[str, Any] = {}
    ordered: list[Any] = []
    for axis in sorted(per):
        own = [form for _, form in sorted((float(form[axis]), form) for form in per[axis])]
        first = own[0][axis]
        if any(abs(float(form[axis] / first) - k - 1) > 1e-12 for k, form in enumerate(own)):
            return None
        period = sp.nsimplify(2 * sp.pi / first, rational=False) if first.has(sp.pi) else None
        features[str(symbols[axis])] = {"periodic": _period(first, period)}
        if len(own) > 1:
            features[str(symbols[axis])]["harmonics"] = len(own)
        ordered += own
    return features, ordered, counts.pop()


def _period(first: sp.Expr, exact: sp.Expr | None) -> Any:
    if exact is not None and exact.is_Rational:
        return Fraction(int(exact.p), int(exact.q)) if exact.q != 1 else int(exact.p)
    over = 2 / first  # the period in units of π
    if over.is_Rational and over.q < 10**9 and over.p < 10**9:
        return f"{over.p}*pi/{over.q}"
    return float(2 * sp.pi / first)


def _line(column: sp.Expr, symbols: list[sp.Symbol]) -> tuple[int, sp.Expr, sp.Expr]:
    axes = [k for k, s in enumerate(symbols) if column.has(s)]
    if len(axes) != 1:
        raise _refused(column, "of none or several variables" if axes else "a constant")
    slope = sp.diff(column, symbols[axes[0]])
    if not slope.is_number or slope == 0:
        raise _refused(column, "not affine")
    return axes[0], slope, sp.expand(column - slope * symbols[axes[0]])


def _wave(column: sp.Expr, symbols: list[sp.Symbol]) -> tuple[sp.Expr, bool, tuple[sp.Expr, ...]] | None:
    """Amplitude, is it a sine, and the linear form: a·cos(Σ c_j x_j), with the first c_j positive."""
    amplitude, rest = column.as_independent(*symbols, as_Add=False)
    if rest.func not in (sp.sin, sp.cos):
        return None
    argument = sp.expand(rest.args[0])
    form = tuple(sp.diff(argument, s) for s in symbols)
    if not all(c.is_number for c in form) or sp.expand(argument - sum(map(sp.Mul, form, symbols))) != 0:
        raise _refused(column, "no wave of a linear form without a phase")
    is_sine = rest.func is sp.sin
    if next(c for c in form if c != 0) < 0:
        form = tuple(-c for c in form)
        amplitude = -amplitude if is_sine else amplitude
    return amplitude, is_sine, form


def _refused(column: sp.Expr, why: str) -> InputError:
    text = str(column)
    return InputError(f"the first layer of the model sees {text[:80]}, {why}; {WHAT_IS_READ}")
