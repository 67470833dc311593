"""The ε-calculus: the sharp regime of every kernel block (THEORY §3) [D].

With ε = N^{1/2−s} the block of two groups is exactly

    K^{gh} = ε² Σ F^g_{iα} F^h_{jβ} T_{(i,α),(j,β)} + Σ_i F^g_{i0} F^h_{i0}   (last sum iff c is trained).

A same-field term has the degree 2 + p^g_i + p^h_i, a bias term p^g_{i0} + p^h_{i0}; a term between
distinct fields has 2 + p^g_i + p^h_j and an extra N^{-1/2}, because T^∞ vanishes there; so it does
between slots of opposite parity in a variable that is 0 at the points of both groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from ntk_theory.symbolic.asymptotics import Degree, Growth
from ntk_theory.symbolic.places import End
from ntk_theory.symbolic.zero import depends_on
from ntk_theory.theory.exponents import HALF, Limit, Line, Obstacle, Regime, Terms, regime_at, regimes
from ntk_theory.theory.profile import GroupProfile

_OBSTACLES = {
    Growth.UNDEFINED: Limit.UNDEFINED,
    Growth.UNDECIDED: Limit.UNDECIDED,
    Growth.EXPLOSIVE: Limit.DIVERGES,
}


@dataclass(frozen=True)
class SharpBlock:
    """The sharp answer for one block (a pair of groups, or of unions of groups)."""

    below: tuple[Regime, ...]
    at: Regime
    above: tuple[Regime, ...]

    @cached_property
    def regimes(self) -> tuple[Regime, ...]:
        """All regimes in the order of s."""
        return (*self.below, self.at, *self.above)

    def regime(self, s: sp.Rational) -> Regime:
        """The regime that contains s > 0."""
        return next(r for r in self.regimes if r.contains(s))

    @cached_property
    def threshold(self) -> tuple[sp.Expr | None, bool]:
        """(infimum of the s₀ with a deterministic or zero limit for every s > s₀, does s₀ itself?).

        ``None`` where there is none; −∞ when every s will do.
        """
        threshold: sp.Expr | None = None
        attained = False
        for regime in reversed(self.regimes):
            if not regime.limit.converges:
                break
            threshold, attained = regime.low, regime.is_point
        if threshold == 0 and not attained:
            return -sp.oo, False
        return threshold, attained


def sharp_block(rows: Sequence[GroupProfile], columns: Sequence[GroupProfile]) -> SharpBlock:
    """The regimes of the block of all ``rows`` against all ``columns``."""
    pairs = [(g, h) for g in rows for h in columns]
    sides = {end: Terms.union(_terms(g, h, end) for g, h in pairs) for end in End}
    middle = Terms.union(_middle(g, h) for g, h in pairs)
    return SharpBlock(
        below=regimes(sides[End.INFINITY], sp.S.Zero, HALF),
        at=regime_at(middle, HALF),
        above=regimes(sides[End.ZERO], HALF, sp.oo),
    )


def _terms(g: GroupProfile, h: GroupProfile, end: End) -> Terms:
    """The terms as ε → 0 (s > 1/2) or ε → ∞ (s < 1/2)."""
    obstacles = [_obstacle(f) for p in (g, h) if (f := p.fault(end)) is not None]
    lines: list[Line] = []
    spread: list[Line] = []

    def meet(a: Degree, b: Degree, lift: int, offset: sp.Expr, label: str, between_fields: bool) -> None:
        if Growth.FLAT in (a.growth, b.growth):
            partner = b if a.growth is Growth.FLAT else a
            if partner.growth in _OBSTACLES:
                reason = partner.reason or "a term that grows faster than any power meets a flat one"
                obstacles.append(Obstacle(Limit.UNDECIDED, reason))
            return
        bad = [d for d in (a, b) if d.growth in _OBSTACLES]
        obstacles.extend(_obstacle(d) for d in bad)
        if bad:
            return
        degree = lift + a.exponent + b.exponent
        random = True if between_fields else _is_random(a, b)
        lines.append(Line(degree, offset, a.logs + b.logs, random, label))
        spread.extend(_spread(a, b, lift, offset, label, hidden=lift == 2))

    pinned = g.pinned & h.pinned
    for i in g.fields:
        for j in h.fields:
            for own, a in g.hidden(i, end, pinned).items():
                for other, b in h.hidden(j, end, pinned).items():
                    if i == j and own == other:
                        meet(a, b, 2, sp.S.Zero, f"hidden part of {i}", False)
                    else:
                        meet(a, b, 2, -HALF, _fluctuation(i, j), True)
            if i == j and g.bias.is_trained:
                meet(g.output_bias(i, end), h.output_bias(i, end), 0, sp.S.Zero, f"output bias of {i}", False)
    return Terms(tuple(lines), tuple(spread), tuple(obstacles))


def _is_random(a: Degree, b: Degree) -> bool | None:
    """Is a product of leading coefficients f(v(x), c)·h(v(x'), c) random?

    The jets at two points differ, but c is the same everywhere: with F = |u| and a random c the product
    is sign(c)² = 1.
    """
    if a.is_random is False and b.is_random is False:
        return False
    if a.varies_with_constants_only and b.varies_with_constants_only:
        answers = [depends_on(f * h, a.constants | b.constants) for f in a.leading for h in b.leading]
    else:
        answers = [a.is_random, b.is_random]
    return True if True in answers else (None if None in answers else False)


def _fluctuation(i: str, j: str) -> str:
    return f"between {i} and {j}" if i != j else f"slots of {i} of opposite parity"


def _spread(a: Degree, b: Degree, lift: int, offset: sp.Expr, label: str, *, hidden: bool) -> list[Line]:
    """Lines of the standard deviation: random coefficients at full size, T^∞ alone at N^{-1/2}."""
    lines = []
    for own, other in ((a, b), (b, a)):
        if own.random_exponent is not None:
            lines.append(Line(lift + own.random_exponent + other.exponent, offset, 0, True, label))
    if hidden and offset == 0:
        lines.append(Line(lift + a.exponent + b.exponent, -HALF, 0, True, label))
    if offset != 0 and not lines:
        lines.append(Line(lift + a.exponent + b.exponent, offset, 0, True, label))
    return lines


def _obstacle(degree: Degree) -> Obstacle:
    return Obstacle(_OBSTACLES[degree.growth], degree.reason)


def _middle(g: GroupProfile, h: GroupProfile) -> Terms:
    """The terms at s = 1/2, where ε = 1: constant in size, random unless both are affine in the jets."""
    obstacles = [_obstacle(f) for p in (g, h) if (f := p.fault(None)) is not None]
    lines: list[Line] = []
    spread: list[Line] = []
    pinned = g.pinned & h.pinned
    for i in g.fields:
        for j in h.fields:
            for own, first in g.varies(i, pinned).items():
                for other, second in h.varies(j, pinned).items():
                    if i != j or own != other:
                        line = Line(sp.S.Zero, -HALF, 0, True, _fluctuation(i, j))
                        lines.append(line)
                        spread.append(line)
                        continue
                    flags = (first, second)
                    random = True if True in flags else (None if None in flags else False)
                    label = f"hidden part of {i}"
                    lines.append(Line(sp.S.Zero, sp.S.Zero, 0, random, label))
                    spread.append(Line(sp.S.Zero, sp.S.Zero if random else -HALF, 0, True, label))
            if i == j and g.bias.is_trained and g.has_bias(i) is not False and h.has_bias(i) is not False:
                lines.append(_middle_bias(g, h, i))
    return Terms(tuple(lines), tuple(spread), tuple(obstacles))


def _middle_bias(g: GroupProfile, h: GroupProfile, field: str) -> Line:
    """The output-bias term at s = 1/2: constant unless F_0 varies with the jets."""
    flags = [g.bias_varies(field), h.bias_varies(field)]
    if None in (g.has_bias(field), h.has_bias(field)):
        flags.append(None)
    random = True if True in flags else (None if None in flags else False)
    return Line(sp.S.Zero, sp.S.Zero, 0, random, f"output bias of {field}")
