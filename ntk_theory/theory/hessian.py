"""The size of a residual's second derivatives by the parameters, for every s (THEORY §10) [D].

    ∇²R = Σ_{αβ} F_{αβ} ∇u_α ∇u_βᵀ + Σ_α F_α ∇²u_α

The nonzero eigenvalues of the first sum are those of M·J, M = (F_{αβ}) and J = ε²T + Σ_i e_{i0}e_{i0}ᵀ (c
trained), T the jet NTK at the point, which is positive definite: in the directions of J's eigenvectors every
entry F_{αβ} counts with √J_{αα}√J_{ββ}, so that the norm is the largest of

    ε^{g_α + g_β} F_{αβ},   g = 1, or 0 for a value whose output bias is trained.

The second sum is of size F_α ε N^{-1/2} up to logarithms (Liu, Zhu & Belkin, arXiv 2010.01092: the Hessian of
a wide network is O(1/√N) in the spectral norm). So the exponents of ‖∇²R‖ are

    (½ − s)(g_α + g_β + deg F_{αβ})    and    (½ − s)(1 + deg F_α) − ½,

and at s = 1/2 the Hessian of a nonlinear residual keeps a limit, that of a linear one goes to 0 (Bonfanti,
Bruno & Cipriani, arXiv 2402.03864, here with the rate for every s).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement, product

import sympy as sp

from ntk_theory.errors import BudgetError
from ntk_theory.symbolic import effort
from ntk_theory.symbolic.asymptotics import KEEP, Degree, Growth, degree_of, expand
from ntk_theory.symbolic.operator import partial
from ntk_theory.symbolic.places import End
from ntk_theory.symbolic.zero import depends_on, is_zero
from ntk_theory.theory.collector import Collector
from ntk_theory.theory.exponents import (
    HALF,
    Limit,
    Line,
    Meeting,
    Obstacle,
    Regime,
    Terms,
    regime_at,
    regimes,
)
from ntk_theory.theory.rows import Entry, ResidualRow
from ntk_theory.theory.sharp import Kernel, SharpBlock
from ntk_theory.theory.smoothness import too_rough

#: Operations on expressions that the exponents of one problem's Hessians may take.
MOST = effort.MAX_EFFORT // 3


@dataclass(frozen=True)
class Second:
    """F_{αβ} of one leg, with what stands for √J in the directions α and β."""

    first: Entry
    other: Entry
    expression: sp.Expr


def second_derivatives(row: ResidualRow) -> tuple[Second, ...]:
    """The F_{αβ} that do not vanish on the row's face, each pair once; legs do not mix, R is their sum."""
    found = []
    for a, b in combinations_with_replacement(row.entries, 2):
        if a.leg != b.leg:
            continue
        expression = partial(a.expression, b.symbol)
        if not is_zero(expression):
            found.append(Second(a, b, expression))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Hessians:
    """The exponents of ‖∇²R‖ for the groups of a problem, at the questions of a kernel."""

    kernel: Kernel

    @cached_property
    def by_group(self) -> dict[str, SharpBlock]:
        """Group → regimes of ‖∇²R‖ at one of its points, below, at and above s = 1/2."""
        return {group.name: self._of(group.name) for group in self.kernel.problem.groups}

    def _of(self, name: str) -> SharpBlock:
        try:
            with effort.limited(MOST):
                return self._sharp(name)
        except BudgetError:
            return _unruled("the exponents take more operations on expressions than are allowed")

    def _sharp(self, name: str) -> SharpBlock:
        if self.kernel.problem.unknowns:
            return _unruled("no rule speaks of the second derivatives by unknown coefficients")
        if self.kernel.start is not None:
            return _unruled("no rule speaks of this initialisation")
        rows = self.kernel.rows[name]
        rough = [r for row in rows if (r := too_rough(self.kernel.activation, row.order + 1)) and row.entries]
        if rough:
            return _unruled(rough[0])
        return SharpBlock(
            below=regimes([self._at_end(row, End.INFINITY) for row in rows], sp.S.Zero, HALF),
            at=regime_at([_at_half(row) for row in rows], HALF),
            above=regimes([self._at_end(row, End.ZERO) for row in rows], HALF, sp.oo),
        )

    def _at_end(self, row: ResidualRow, end: End) -> Meeting:
        fault = row.fault(end)
        if fault is not None:
            return Meeting((_obstructed(fault),))
        second = second_derivatives(row)
        expressions = [*(s.expression for s in second), *(e.expression for e in row.entries)]
        branches = []
        for branch in expand(expressions, row.point(end), KEEP):
            collector = Collector(branch.point)
            degrees = [degree_of(value, branch.point) for value in branch.values]
            for one, degree in zip(second, degrees, strict=False):
                ways = product(self._weights(one.first), self._weights(one.other))
                _add(collector, degree, sorted({a + b for a, b in ways}), sp.S.Zero, degree.is_random)
            for degree in degrees[len(second) :]:
                _add(collector, degree, [1], -HALF, True)
            branches.append(collector.terms(sp.S.One))
        return Meeting(tuple(branches))

    def _weights(self, entry: Entry) -> tuple[int, ...]:
        """The powers of ε in √J for this slot."""
        return (0, 1) if entry.is_value and self.kernel.bias.is_trained else (1,)


def _add(
    collector: Collector, degree: Degree, weights: list[int], offset: sp.Expr, is_random: bool | None
) -> None:
    if degree.growth is Growth.FLAT:
        return
    if degree.growth is not Growth.POWER:
        collector.obstacle(degree)
        return
    for weight in weights:
        own = weight + degree.exponent
        label = "first part" if offset == 0 else "second part"
        collector.line(Line(own, offset, degree.logs, is_random, label, (own, degree.coefficient)))
        if is_random:
            collector.spreads(own, offset, label)


def _at_half(row: ResidualRow) -> Meeting:
    fault = row.fault(None)
    if fault is not None:
        return Meeting((_obstructed(fault),))
    point = row.generic
    flags = [depends_on(s.expression, point.random, point.intervals) for s in second_derivatives(row)]
    if flags:
        is_random = True if True in flags else (None if None in flags else False)
        lines: tuple[Line, ...] = (Line(sp.S.Zero, sp.S.Zero, 0, is_random, "first part"),)
    else:
        lines = (Line(sp.S.Zero, -HALF, 0, True, "second part"),) if row.entries else ()
    return Meeting((Terms(lines, lines if flags and is_random else ()),))


def _obstructed(fault: Degree) -> Terms:
    limits = {Growth.UNDEFINED: Limit.UNDEFINED, Growth.EXPLOSIVE: Limit.DIVERGES}
    return Terms(obstacles=(Obstacle(limits.get(fault.growth, Limit.UNDECIDED), fault.reason),))


def _unruled(reason: str) -> SharpBlock:
    def regime(low: sp.Expr, high: sp.Expr) -> Regime:
        return Regime(low, high, Limit.UNDECIDED, None, None, reason)

    return SharpBlock((regime(sp.S.Zero, HALF),), regime(HALF, HALF), (regime(HALF, sp.oo),))
