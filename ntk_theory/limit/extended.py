"""The limit law at any width, in extended precision, with the fluctuations of the jet NTK that it leaves out.

Floats end at 10^308 and lose what is 10^16 times smaller than its neighbour, so that a law evaluated in them
shows the term that dominates *there*, which need not be the one that decides as N → ∞. Here the identity of
THEORY §3 is put together in mpmath's numbers, for a few draws and points, at widths such as N = 10^1000:

    u_α = ε G_α + δ_{α0} c,   K = ε² Σ F_α F_β' (T^∞ + N^{−1/2} W) + η_c Σ_i F_{i0} F_{i0}' + Σ_k ∂_kR ∂_kR',
    ε = N^{1/2−s},

G, c and W drawn once. W stands for the fluctuation of T: Gaussian, W_{rr'} of deviation √(T_rr T_r'r').
Its true law is another one, but powers of N do not depend on that [D].
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
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
from ntk_theory.symbolic.extended import Fixed, extended
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.unknown_slopes import leg_slopes

#: Draws, and points of every group, that are looked at.
DRAWS, POINTS = 8, 3
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
        gradients = [f for legs in self._gradients.values() for _, own in legs for f in own.values()]
        slopes = [f for own in self._slopes.values() for legs in own for f in legs]
        for f in (*gradients, *slopes):
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
        block = self._block(names)
        with mp.workdps(GUARD + int(4 * reach + log_width / 2 + 2 * self.span)):
            exponent = mp.mpf(log_width) * (1 - 2 * s).numerator / (2 * (1 - 2 * s).denominator)
            epsilon, fluctuation = mp.power(10, exponent), mp.power(10, -mp.mpf(log_width) / 2)
            drawn = []
            for draw in range(DRAWS):
                left = [self._weights(place, draw, epsilon) for place in block.left]
                right = (
                    left if names[0] == names[1] else [self._weights(p, draw, epsilon) for p in block.right]
                )
                entries = [entry.of(left, right, draw, epsilon**2) for entry in block.entries]
                drawn.append(_one_draw(block, entries, fluctuation, only_fluctuations=only_fluctuations))
            return _summary(drawn)

    # --- one draw -------------------------------------------------------------------------------------

    def _weights(self, place: _Place, draw: int, epsilon: Any) -> list[Any]:
        """F_α of all legs at one point, then the derivatives by the unknowns, legs added."""
        # From s = 1/2 on a jet does not grow with N; what saturates has been so at the watched widths.
        values = {row: self._values(row, draw, epsilon) for row in {row for _, row, _ in place.entries}}

        def value(row: int, f: sp.Expr) -> Any:
            return extended(f, values[row], keeps_all=epsilon <= 1, fixed=self._fixed[row])

        found = [value(row, f) for _, row, f in place.entries]
        return found + [mp.fsum(value(row, f) for row, f in legs) for legs in place.slopes]

    def _values(self, row: int, draw: int, epsilon: Any) -> dict[sp.Symbol, Any]:
        space = self.law.problem.space
        at = dict(
            zip(space.variable_symbols, map(_exact, self.law.rows.points[self._rows[row]]), strict=True)
        )
        for k, slot in enumerate(self.law.slots):
            jet = epsilon * self._jets[k, draw, row]
            if slot.is_value and self._bias is not None:
                jet += self._bias[space.fields.index(slot.field), draw]
            at[space.symbol(slot)] = jet
        return at

    # --- a block --------------------------------------------------------------------------------------

    def _block(self, names: tuple[tuple[str, ...], tuple[str, ...]]) -> _Block:
        """The block's points and numbers, put together once for all widths."""
        if names not in self._known:
            sides = [[place for name in side for place in self._places[name]] for side in names]
            entries = [
                self._entry(i, j, a, b) for i, a in enumerate(sides[0]) for j, b in enumerate(sides[1])
            ]
            draw = np.random.default_rng([self.seed, 3]).standard_normal
            probes = np.multiply.outer(*(draw(len(side)) for side in sides)).ravel()
            self._known[names] = _Block(sides[0], sides[1], entries, list(map(_exact, probes)))
        return self._known[names]

    def _entry(self, i: int, j: int, a: _Place, b: _Place) -> _Entry:
        T, W, scale = self._jet_ntk, self._noise, self._scale
        terms, value = [], []
        for k, (slot, row, _) in enumerate(a.entries):
            for m, (other, column, _) in enumerate(b.entries):
                at = (slot, row, other, column)
                bound = _exact(scale[slot, row] * scale[other, column]) if T[at] else mp.mpf(0)
                terms.append(_Term(k, m, _exact(T[at]), bound, list(map(_exact, W[:, *at]))))
                first, second = self.law.slots[slot], self.law.slots[other]
                if self.law.network.bias.is_trained and first.is_value and first == second:
                    value.append((k, m))
        value += [(len(a.entries) + k, len(b.entries) + k) for k in range(len(a.slopes))]
        return _Entry(i, j, terms, value)

    @cached_property
    def _fixed(self) -> defaultdict[int, Fixed]:
        """By row: what its coordinates give alone, such as an unknown field there."""
        return defaultdict(lambda: Fixed(self.law.problem.space.variable_symbols))

    @cached_property
    def _known(self) -> dict[tuple[tuple[str, ...], tuple[str, ...]], _Block]:
        return {}

    @cached_property
    def _places(self) -> dict[str, list[_Place]]:
        """Per group: its first points, each with (slot, row, F_α) of all legs; rows count those in use."""
        local = {row: k for k, row in enumerate(self._rows)}
        return {
            name: [
                _Place(
                    tuple(
                        (self.law.slots.index(slot), local[leg.start + k], f)
                        for leg, gradient in legs
                        for slot, f in gradient.items()
                    ),
                    tuple(
                        tuple((local[leg.start + k], f) for (leg, _), f in zip(legs, own, strict=True))
                        for own in self._slopes[name]
                    ),
                )
                for k in range(_count(legs))
            ]
            for name, legs in self._gradients.items()
        }

    @cached_property
    def _rows(self) -> list[int]:
        """The rows of the law that are looked at."""
        legs = [(leg.start, _count(own)) for own in self._gradients.values() for leg, _ in own]
        return sorted({start + k for start, count in legs for k in range(count)})

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
    def _slopes(self) -> dict[str, list[list[sp.Expr]]]:
        """Per group and unknown: the derivatives of its legs, parameters put in."""
        problem = self.law.problem
        return {
            group.name: [
                [bind(f, problem.parameters) for f in leg_slopes(group, name, problem.unknowns)]
                for name in problem.unknowns
            ]
            for group in problem.groups
        }

    @cached_property
    def _jets(self) -> Any:
        """G, (S, DRAWS, rows in use)."""
        return _all_exact(self.law.sample_jets(DRAWS, self.seed)[:, :, self._rows])

    @cached_property
    def _bias(self) -> Any:
        """c, (fields, DRAWS)."""
        start = self.law.network.bias.start
        shape = (len(self.law.network.fields), DRAWS)
        if start is not None:
            return _all_exact(np.full(shape, float(start)))
        return _all_exact(np.random.default_rng([self.seed, 1]).standard_normal(shape))

    @cached_property
    def _jet_ntk(self) -> Floats:
        """T^∞, (S, R, S, R) of the rows in use."""
        return np.asarray(self.law.jet_ntk[:, self._rows][:, :, :, self._rows])

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


@dataclass(frozen=True)
class _Place:
    """One point of a group: (slot, row, F_α) of all legs, and (row, ∂F/∂π) by unknown and leg."""

    entries: tuple[tuple[int, int, sp.Expr], ...]
    slopes: tuple[tuple[tuple[int, sp.Expr], ...], ...]


@dataclass(frozen=True)
class _Term:
    """T^∞, its bound √(T_αα T_β'β') and W of all draws, between slot k of the left and m of the right."""

    k: int
    m: int
    limit: Any
    bound: Any
    noise: list[Any]


@dataclass(frozen=True)
class _Entry:
    """One entry of a block: its place, its terms, and the pairs of numbers that a bias or unknown couples."""

    i: int
    j: int
    terms: list[_Term]
    values: list[tuple[int, int]]

    def of(self, left: list[Any], right: list[Any], draw: int, square: Any) -> tuple[Any, Any, Any]:
        """K^∞, the sum of the bounds of its terms, and the fluctuation without N^{−1/2}; ``square`` is ε²."""
        a, b = left[self.i], right[self.j]
        limits, bounds, noise = [], [], []
        for term in self.terms:
            product = a[term.k] * b[term.m]
            noise.append(product * term.noise[draw])
            if term.bound:
                limits.append(product * term.limit)
                bounds.append(abs(product) * term.bound)
        coupled = [a[k] * b[m] for k, m in self.values]
        limit, bound = (
            square * mp.fsum(terms) + extra
            for terms, extra in ((limits, mp.fsum(coupled)), (bounds, mp.fsum(map(abs, coupled))))
        )
        return limit, bound, square * mp.fsum(noise)


@dataclass(frozen=True)
class _Block:
    """The points of both sides, the entries row by row, and the weights of a bilinear probe."""

    left: list[_Place]
    right: list[_Place]
    entries: list[_Entry]
    probes: list[Any]


def _count(legs: list[tuple[Leg, dict[Slot, sp.Expr]]]) -> int:
    """How many of a group's points are looked at."""
    return min(POINTS, legs[0][0].stop - legs[0][0].start)


def _all_exact(numbers: Floats) -> Any:
    return np.frompyfunc(_exact, 1, 1)(numbers)


def _one_draw(block: _Block, entries: list[Any], fluctuation: Any, *, only_fluctuations: bool) -> Any:
    """‖K‖, a probe of K, ‖K^∞‖ and the norm of the bounds of its terms, of one draw."""
    limits, bounds, noise = zip(*entries, strict=True)
    whole = [(0 if only_fluctuations else k) + fluctuation * w for k, w in zip(limits, noise, strict=True)]
    probe = mp.fsum(k * w for k, w in zip(whole, block.probes, strict=True))
    return _norm(whole), probe, _norm(limits), _norm(bounds)


def _exact(number: float) -> Any:
    return mp.mpf(float(number))


def _norm(entries: Sequence[Any]) -> Any:
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
