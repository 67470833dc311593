"""The terms of a pair of rows at s = 1/2, where ε = 1 and every jet is finite (THEORY §3) [D]."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sympy as sp

from ntk_theory.symbolic.places import Point
from ntk_theory.symbolic.zero import depends_on, is_zero
from ntk_theory.theory.collector import LIMITS, Collector, joined
from ntk_theory.theory.columns import sums_of
from ntk_theory.theory.exponents import HALF, Line, Obstacle, Terms
from ntk_theory.theory.rows import ResidualRow, Side, mirror
from ntk_theory.theory.vanishing import Verdict


def terms_at_half(g: ResidualRow, h: ResidualRow, verdict: Verdict) -> Terms:
    """The terms at s = 1/2, where ε = 1: constant in size, random iff some C_{αβ} varies with the jets."""
    obstacles = [Obstacle(LIMITS[f.growth], f.reason) for row in (g, h) if (f := row.fault(None)) is not None]
    collector = Collector(joined(g.generic, _mirrored(h)))
    collector.obstacles.extend(obstacles)
    point, swap = collector.point, mirror(h.generic)
    sums: dict[object, list[tuple[sp.Expr, sp.Expr]]] = {}
    distinct = False
    for x in g.entries:
        for y in h.entries:
            if x.field == y.field:
                key = (x.leg, x.alpha, y.leg, y.alpha)
                sums.setdefault(key, []).append((x.expression, y.expression.xreplace(swap)))
            else:
                distinct = True
    label, gain = "hidden part", verdict.gain
    if sums and not verdict.vanishes:
        present, random = _varies(sums.values(), point)
        if verdict.by_orders:
            random = verdict.random_at_half
        if present:
            collector.line(Line(sp.S.Zero, gain, 0, random, label))
            collector.spreads(sp.S.Zero, gain if random else gain - HALF, label)
    if distinct or (sums and verdict.vanishes):
        collector.line(Line(sp.S.Zero, gain - HALF, 0, True, "fluctuation"))
        collector.spreads(sp.S.Zero, gain - HALF, "fluctuation")
    theirs = {label: column.xreplace(swap) for label, column in h.columns.items()}
    products = sums_of(g.columns, theirs).values()
    present, random = _varies([list(shared.values()) for shared in products], point)
    if present:
        collector.line(Line(sp.S.Zero, sp.S.Zero, 0, random, "trained numbers"))
        if random is not False:
            collector.spreads(sp.S.Zero, sp.S.Zero, "trained numbers")
    return collector.terms(sp.S.One)


def _mirrored(h: ResidualRow) -> Point:
    return Side(h.generic, (), {}).mirrored().point


def _varies(sums: Iterable[Sequence[tuple[sp.Expr, sp.Expr]]], point: Point) -> tuple[bool, bool | None]:
    """(is any sum of products not identically 0, does any vary with the jets?)."""
    answers: list[bool | None] = []
    for products in sums:
        total = sp.Add(*(a * b for a, b in products))
        if len(products) > 1 and is_zero(total):
            continue
        flags = [_product_varies(a, b, point) for a, b in products]
        if len(products) == 1 or not any(flag is not False for flag in flags):
            answers.extend(flags)
        else:
            answers.append(depends_on(total, point.random, point.intervals))
    return bool(answers), True if True in answers else (None if None in answers else False)


def _product_varies(a: sp.Expr, b: sp.Expr, point: Point) -> bool | None:
    own = point.random - point.shared
    for factor in (a, b):
        if factor.free_symbols & own and depends_on(factor, own, point.intervals):
            return True
    if not (a * b).free_symbols & point.random:
        return False
    return depends_on(a * b, point.random, point.intervals)
