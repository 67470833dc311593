"""The limit law at any width, in extended precision, with the fluctuations of the jet NTK that it leaves out.

Floats end at 10^308 and lose what is 10^16 times smaller than its neighbour, so that a law evaluated in them
shows the term that dominates *there*, which need not be the one that decides as N → ∞. Here the identity of
THEORY §3 is put together in mpmath's numbers, for a few draws and points, at widths such as N = 10^1000:

    u_α = ε G_α + δ_{α0} c,   K = ε² Σ F_α F_β' (T^∞ + N^{−1/2} W) + η_c Σ_i F_{i0} F_{i0}',   ε = N^{1/2−s},

G, c and W drawn once. W stands for the fluctuation of T: Gaussian, W_{rr'} of deviation √(T_rr T_r'r').
Its true law is another one, but powers of N do not depend on that [D].
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import mpmath as mp
import numpy as np
import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.limit.law import LimitLaw
from ntk_theory.model.assembly import Leg
from ntk_theory.symbolic.extended import extended
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.numbers import bind

#: Draws, and points of every group, that are looked at.
DRAWS, POINTS = 12, 4
#: Digits beyond those that a range of ε takes.
GUARD = 50


@dataclass(frozen=True)
class FarKernel:
    """One block of a few draws at one width; logarithms have the base 10.

    Attributes
    ----------
    size:
        log of the median ‖K‖_F; −∞ where it is exactly 0.
    spread:
        log of the range of a bilinear probe of K over the draws; −∞ where it is 0.
    relative_range:
        log of the range over the median, the larger of ‖K‖'s and the probe's.
    kept:
        Median over the draws of ‖K^∞‖ over the norm of Σ |ε² F_α F_β'| √(T_αα T_β'β') (terms whose T^∞ is 0
        by definition left out): what is left after terms cancel, or derivatives of T^∞ that vanish.
        Below the accuracy of T^∞ it says nothing; 0 where K^∞ has no term.
    """

    size: float
    spread: float
    relative_range: float
    kept: float


@dataclass(frozen=True, eq=False)
class ExtendedLaw:
    """A :class:`LimitLaw` in extended precision; ``seed`` draws G, c and W."""

    law: LimitLaw
    seed: int

    @cached_property
    def span(self) -> float:
        """By how many powers of ten the coefficients of F are apart, and Σ and T."""
        logs = [0.0]
        for legs in self._gradients.values():
            for f in (f for _, gradient in legs for f in gradient.values()):
                logs += [_log10(abs(number)) for number in f.atoms(sp.Rational, sp.Float) if number != 0]
        scale = np.abs(np.einsum("arar->ar", self.law.covariance))
        logs += [float(v) / 2 for v in np.log10(scale[scale > 0])]
        return max(logs) - min(logs)

    def kernel(self, names: tuple[tuple[str, ...], tuple[str, ...]], log_width: float, s: Fraction,
               *, only_fluctuations: bool = False) -> FarKernel:  # fmt: skip
        """The block between two sets of groups at N = 10^{log_width}.

        ``only_fluctuations`` leaves T^∞ out, for blocks in which its terms cancel exactly and only its
        rounding would be left.

        Raises
        ------
        NonFiniteError
            F_α has no value in a draw, or none that numbers can hold.
        """
        reach = abs(log_width * float(Fraction(1, 2) - s))
        with mp.workdps(GUARD + int(4 * reach + log_width / 2 + 2 * self.span)):
            exponent = mp.mpf(log_width) * (1 - 2 * s).numerator / (2 * (1 - 2 * s).denominator)
            epsilon, fluctuation = mp.power(10, exponent), mp.power(10, -mp.mpf(log_width) / 2)
            drawn = [
                self._draw(names, k, epsilon, fluctuation, only_fluctuations=only_fluctuations)
                for k in range(DRAWS)
            ]
            return _summary(drawn)

    # --- one draw -------------------------------------------------------------------------------------

    def _draw(self, names: Any, draw: int, epsilon: Any, fluctuation: Any, *, only_fluctuations: bool) -> Any:
        """‖K‖, a probe of K, ‖K^∞‖ and the norm of the bounds of its terms, of one draw."""
        left = {name: self._weights(name, draw, epsilon) for name in names[0]}
        right = left if names[0] == names[1] else {n: self._weights(n, draw, epsilon) for n in names[1]}
        whole, limit, size = [], [], []
        probe = mp.mpf(0)
        for i, (row, a) in enumerate(_points(left)):
            for j, (column, b) in enumerate(_points(right)):
                kept, bound, extra = self._entry(a, b, draw, epsilon)
                entry = (0 if only_fluctuations else kept) + fluctuation * extra
                whole.append(entry)
                limit.append(kept)
                size.append(bound)
                probe += entry * self._probe(row, i) * self._probe(column, j)
        return _norm(whole), probe, _norm(limit), _norm(size)

    def _entry(self, a: Any, b: Any, draw: int, epsilon: Any) -> tuple[Any, Any, Any]:
        """One entry of K^∞, the sum of the bounds of its terms, and the fluctuation without N^{−1/2}."""
        T, W, square, scale = self._jet_ntk, self._noise[draw], epsilon**2, self._scale
        terms, bounds, extra = [], [], []
        bias: dict[str, list[Any]] = {}
        for slot, row, weight in a:
            for other, column, second in b:
                product = weight * second * square
                if T[slot, row, other, column]:
                    terms.append(product * float(T[slot, row, other, column]))
                    bounds.append(abs(product) * float(scale[slot, row] * scale[other, column]))
                extra.append(product * float(W[slot, row, other, column]))
        if self.law.network.bias.is_trained:
            for side, rows in enumerate((a, b)):
                for slot, _, weight in rows:
                    if self.law.slots[slot].is_value:
                        found = bias.setdefault(self.law.slots[slot].field, [mp.mpf(0), mp.mpf(0)])
                        found[side] += weight
            of_bias = [first * second for first, second in bias.values()]
            terms += of_bias
            bounds += map(abs, of_bias)
        return mp.fsum(terms), mp.fsum(bounds), mp.fsum(extra)

    def _weights(self, name: str, draw: int, epsilon: Any) -> list[list[tuple[int, int, Any]]]:
        """Per point of a group: (slot, row, F_α) of all its legs."""

        def one(leg: Leg, slot: Slot, f: sp.Expr, k: int) -> tuple[int, int, Any]:
            row = leg.start + k
            # From s = 1/2 on a jet does not grow with N; what saturates has been so at the watched widths.
            at = self._values(row, draw, epsilon)
            return self.law.slots.index(slot), row, extended(f, at, keeps_all=epsilon <= 1)

        legs = self._gradients[name]
        size = min(POINTS, legs[0][0].stop - legs[0][0].start)
        return [
            [one(leg, slot, f, k) for leg, gradient in legs for slot, f in gradient.items()]
            for k in range(size)
        ]

    def _values(self, row: int, draw: int, epsilon: Any) -> dict[sp.Symbol, Any]:
        space = self.law.problem.space
        at = dict(zip(space.variable_symbols, map(_exact, self.law.rows.points[row]), strict=True))
        for k, slot in enumerate(self.law.slots):
            jet = epsilon * _exact(self._jets[k, draw, row])
            if slot.is_value and self._bias is not None:
                jet += _exact(self._bias[space.fields.index(slot.field), draw])
            at[space.symbol(slot)] = jet
        return at

    # --- drawn once -----------------------------------------------------------------------------------

    @cached_property
    def _gradients(self) -> dict[str, list[tuple[Leg, dict[Slot, sp.Expr]]]]:
        """Per group: its legs with their F_α, parameters put in."""
        found = {}
        for number, group in enumerate(self.law.problem.groups):
            own = [leg for leg in self.law.rows.legs if leg.group == number]
            found[group.name] = [
                (leg, {slot: bind(f, self.law.problem.parameters) for slot, f in part.gradient.items()})
                for leg, part in zip(own, group.legs, strict=True)
            ]
        return found

    @cached_property
    def _jets(self) -> Floats:
        return self.law.sample_jets(DRAWS, self.seed)

    @cached_property
    def _bias(self) -> Floats | None:
        start = self.law.network.bias.start
        shape = (len(self.law.network.fields), DRAWS)
        if start is not None:
            return np.full(shape, float(start))
        return np.random.default_rng([self.seed, 1]).standard_normal(shape)

    @cached_property
    def _jet_ntk(self) -> Floats:
        return self.law.jet_ntk

    @cached_property
    def _scale(self) -> Floats:
        """√T_rr, (S, R)."""
        return np.asarray(np.sqrt(np.abs(np.einsum("arar->ar", self._jet_ntk))))

    @cached_property
    def _noise(self) -> Floats:
        """W, (DRAWS, S, R, S, R)."""
        shape = self._jet_ntk.shape
        size = shape[0] * shape[1]
        drawn = np.random.default_rng([self.seed, 2]).standard_normal((DRAWS, size, size))
        scale = self._scale.ravel()
        even = (drawn + np.swapaxes(drawn, 1, 2)) / math.sqrt(2)
        return np.asarray(even * scale[:, None] * scale).reshape(DRAWS, *shape)

    def _probe(self, name: str, k: int) -> float:
        return float(np.random.default_rng([self.seed, 3, k, len(name)]).standard_normal())


def _points(weights: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, points in weights.items():
        for point in points:
            yield name, point


def _exact(number: float) -> Any:
    return mp.mpf(float(number))


def _norm(entries: list[Any]) -> Any:
    return mp.sqrt(mp.fsum(entry**2 for entry in entries))


def _summary(drawn: list[Any]) -> FarKernel:
    norms, probes, limits, sizes = zip(*drawn, strict=True)
    size = _median(norms)
    ranges = [max(values) - min(values) for values in (norms, probes)]
    # Draws that agree up to the working precision agree.
    smallest = size * mp.power(10, GUARD // 2 - mp.mp.dps)
    spread, widest = (r if r > smallest else mp.mpf(0) for r in (ranges[1], max(ranges)))
    kept = [float(a / b) if b else 0.0 for a, b in zip(limits, sizes, strict=True)]
    return FarKernel(
        _log10(size), _log10(spread), _log10(widest / size if size else 0), float(np.median(kept))
    )


def _median(values: Any) -> Any:
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def _log10(value: Any) -> float:
    """The logarithm of a number that floats may not hold; −∞ for 0."""
    number = mp.mpf(value.p) / int(value.q) if isinstance(value, sp.Rational) else mp.mpf(value)
    return float(mp.log10(number)) if number > 0 else -math.inf
