"""The terms of a kernel between two rows (THEORY §3) [D].

    K = ε² Σ_{αβ} C_{αβ} T_{αβ}(x, x') + Σ_k R^g_k R^h_k,   C_{αβ} = Σ_i F^g_{iα}(x) F^h_{iβ}(x'),

R_k the derivatives by numbers trained outside the layers (:mod:`~ntk_theory.theory.columns`): F_{i0} for
output biases that are trained, ∂R/∂π_k for unknown coefficients. The entries T_{αβ} between legs are
independent unless a symmetry relates them (:mod:`~ntk_theory.theory.symmetry`), so each C_{αβ} is asked
for its degree and for its randomness by itself; the *sum* over the fields is what counts, and where it
cancels, the next order; so it is for the sum over k. Between distinct fields T^∞ = 0 and T itself is of
order N^{-1/2} and random; so it is where a symmetry makes the whole contraction with T^∞ vanish.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import sympy as sp

from ntk_theory.symbolic.asymptotics import FLAT, Degree, Growth, Trouble, degree_of, dominating
from ntk_theory.symbolic.places import End, Point
from ntk_theory.symbolic.series import Order, Undecided
from ntk_theory.symbolic.signs import Sign, sign_of
from ntk_theory.symbolic.transseries import Value, leading_of, plus, times
from ntk_theory.symbolic.zero import depends_on, is_zero
from ntk_theory.theory.collector import LIMITS, Collector, joined
from ntk_theory.theory.columns import sums_of
from ntk_theory.theory.exponents import HALF, Limit, Line, Obstacle, Terms
from ntk_theory.theory.rows import Expanded, ResidualRow, Side
from ntk_theory.theory.symmetry import Key
from ntk_theory.theory.vanishing import Verdict, contraction_verdict

#: Terms kept in sums over fields; a cancellation beyond them asks for the next level.
KEEP = 8
LEVELS = 3

Pairing = tuple[Expanded, Expanded]


def terms_at_end(
    g: ResidualRow, h: ResidualRow, end: End, verdict: Verdict, *, same_point: bool = False
) -> list[tuple[Terms, ...]]:
    """The terms of g against h as ε → 0 (s > 1/2) or ε → ∞ (s < 1/2).

    One tuple for each part of the domain on which signs of coordinates agree, in it one
    :class:`Terms` for each branch of random signs. ``same_point``: both rows at one and the same point,
    for the probability of a limit there.
    """
    faults = [Obstacle(LIMITS[f.growth], f.reason) for row in (g, h) if (f := row.fault(end)) is not None]
    if any(o.limit is Limit.UNDEFINED for o in faults):
        return [(Terms(obstacles=tuple(faults)),)]
    reason = ""
    for level in range(LEVELS):
        found: dict[object, list[Terms]] = {}
        try:
            for a, b in _branches(g.sides(end, level), h.sides(end, level), same_point):
                region = frozenset((atom, sign) for atom, sign, own in (*a.point.path, *b.point.path) if own)
                found.setdefault(region, []).append(_between(g, h, a, b, verdict, faults))
            return [tuple(branches) for branches in found.values()]
        except Undecided as cause:
            reason = str(cause)
            if "beyond the terms kept" not in reason:
                break
    return [(Terms(obstacles=(*faults, Obstacle(Limit.UNDECIDED, reason))),)]


def _branches(ours: Sequence[Side], theirs: Sequence[Side], same_point: bool) -> Iterable[tuple[Side, Side]]:
    """The pairs of branches that do not contradict each other."""
    if same_point:
        return [(a, a) for a in ours]
    pairs = (_compatible(a, b.mirrored()) for a in ours for b in theirs)
    return [pair for pair in pairs if pair is not None]


def _compatible(a: Side, b: Side) -> tuple[Side, Side] | None:
    """Two branches with their common symbols replaced alike; ``None`` if they contradict each other."""
    signs = {atom: sign for atom, sign, _ in a.point.path}
    if any(signs.get(atom, sign) != sign for atom, sign, _ in b.point.path):
        return None
    ours = {s: e for s, e in b.point.replaced.items() if s in a.point.random | a.point.coordinates}
    theirs = {s: e for s, e in a.point.replaced.items() if s in b.point.random}
    return a.xreplace(ours), b.xreplace(theirs)


def _between(
    g: ResidualRow, h: ResidualRow, a: Side, b: Side, verdict: Verdict, faults: Iterable[Obstacle]
) -> Terms:
    """The terms in one pair of branches."""
    point = joined(a.point, b.point)
    collector = Collector(point, gain=verdict.gain)
    collector.obstacles.extend(faults)
    if not verdict.vanishes:
        done = verdict.by_orders and _by_orders(verdict, g, h, a, b, collector)
        if not done:
            for key, pairings in _by_entry(a, b).items():
                _meet(collector, pairings, 2, "hidden part of " + ", ".join(pairings), key)
    for name, shared in sums_of(a.columns, b.columns).items():
        _meet(collector, shared, 0, ", ".join(shared), name)
    _fluctuations(collector, a, b, verdict)
    return collector.terms(_chance(point))


def _chance(point: Point) -> sp.Rational | None:
    """The probability of a branch, where it does not depend on the point: a single random sign is ½."""
    atoms = [atom for atom, _, is_domain in point.path if not is_domain]
    if not atoms:
        return sp.S.One
    return HALF if len(atoms) == 1 and _is_odd(atoms[0], point) else None


def _is_odd(expression: sp.Expr, point: Point) -> bool:
    """Does it change its sign with the field, with c, or with both, whose law does not?"""
    every = [s for s in expression.free_symbols if s not in point.coordinates]
    # Names, not assumptions: a branch may have replaced a symbol by a positive one.
    constants = {s for s in every if s.name.startswith("c[")}
    fields = {s for s in every if s.name.startswith("v[")}
    for flipped in (fields, constants, fields | constants):
        if flipped and is_zero(expression + expression.xreplace({s: -s for s in flipped})):
            return True
    return False


def _by_entry(a: Side, b: Side) -> dict[Key, dict[str, Pairing]]:
    """(leg, α, leg', β) → field → the two F that meet there: T^∞ is the same for every field."""
    found: dict[Key, dict[str, Pairing]] = {}
    for entry, own in a.hidden:
        for other, theirs in b.hidden:
            if entry.field == other.field:
                key = (entry.leg, entry.alpha, other.leg, other.alpha)
                found.setdefault(key, {})[entry.field] = (own, theirs)
    return found


def _meet(collector: Collector, pairings: Mapping[str, Pairing], lift: int, label: str, key: object) -> None:
    """One C_{αβ} (or the bias sum): its lines, its spread, what stands in the way."""
    present = [p for p in pairings.values() if not (p[0].is_absent or p[1].is_absent)]
    troubles = [e.value for pair in present for e in pair if isinstance(e.value, Trouble)]
    for trouble in troubles:
        collector.obstacle(trouble)
    if troubles or not present:
        return
    if len(present) == 1 and not any(e.value.parts or e.value.rests for e in present[0]):  # type: ignore[union-attr]  # no Trouble is left
        _product(collector, *present[0], lift, label, key)
        return
    total = plus([times(x.value, y.value, KEEP) for x, y in present], KEEP)  # type: ignore[arg-type]  # as above
    _sum(collector, total, lift, label, key)


def _product(collector: Collector, x: Expanded, y: Expanded, lift: int, label: str, key: object) -> None:
    """A single product of power series: degrees add, and it is random if either factor is."""
    a, b = x.degree, y.degree
    degree = lift + a.exponent + b.exponent
    coefficient = _times(a.coefficient, b.coefficient)
    random = _is_random_product(a, b, collector.point)
    offset = collector.gain if lift else sp.S.Zero
    value = _value(degree, key, coefficient)
    collector.line(Line(degree, offset, a.logs + b.logs, random, label, value))
    for own, other in ((a, b), (b, a)):
        if own.random_exponent is not None:
            collector.spreads(lift + own.random_exponent + other.exponent, offset, label)
    if lift:
        collector.spreads(degree, offset - HALF, label)


def _times(a: sp.Expr | None, b: sp.Expr | None) -> sp.Expr:
    return sp.Mul(a, b)


def _value(degree: sp.Expr, key: object, coefficient: sp.Expr) -> object:
    """What a line contributes to a finite limit: only those of degree 0 have one."""
    return (key, coefficient) if degree == 0 else None


def _is_random_product(a: Degree, b: Degree, point: Point) -> bool | None:
    """Is f(v(x), c)·h(v(x'), c) random? v differs between the points, c (and a pinned jet) does not."""
    if a.is_random is False and b.is_random is False:
        return False
    own = point.random - point.shared
    for degree in (a, b):
        if degree.is_random and depends_on(degree.coefficient, own, point.intervals):
            return True
    return depends_on(_times(a.coefficient, b.coefficient), point.random, point.intervals)


def _sum(collector: Collector, total: Value, lift: int, label: str, key: object) -> None:
    """A sum over fields, or products of exponentials: its leading order by itself."""
    point = collector.point
    parts = {e: s for e, series in total.parts.items() if not (s := series.pruned()).is_exact_zero}
    obstacles = _explosions(list(parts), point)
    collector.obstacles.extend(obstacles)
    certain = any(o.is_certain and o.limit is Limit.DIVERGES for o in obstacles)
    for rest in total.ordered_rests:
        if not certain and (rest == 0 or point.sign(leading_of(rest)) is not Sign.NEGATIVE):
            collector.obstacles.append(
                Obstacle(Limit.UNDECIDED, "a term that grows faster than any power meets a flat one")
            )
    plain = total.plain.pruned()
    if plain.is_exact_zero:
        return
    degree = degree_of(Value(plain), point)  # raises Undecided where it cancels beyond the terms kept
    exponent, offset = lift + degree.exponent, collector.gain if lift else sp.S.Zero
    value = _value(exponent, key, degree.coefficient)
    collector.line(Line(exponent, offset, degree.logs, degree.is_random, label, value))
    if degree.random_exponent is not None:
        collector.spreads(lift + degree.random_exponent, offset, label)
    if lift:
        collector.spreads(exponent, offset - HALF, label)


def _explosions(exponents: Sequence[sp.Expr], point: Point) -> list[Obstacle]:
    """What exponentials do: grow for certain, with positive probability, or (none) decay."""
    leading = [leading_of(e) for e in exponents]
    signs = [point.sign(a) for a in leading]
    if Sign.POSITIVE in signs:
        return [Obstacle(Limit.DIVERGES, "grows faster than any power of N")]
    if Sign.UNDECIDED in signs:
        unknown = leading[signs.index(Sign.UNDECIDED)]
        return [Obstacle(Limit.UNDECIDED, f"the sign of {unknown}")]
    mixed = [a for a, sign in zip(leading, signs, strict=True) if sign is Sign.MIXED]
    if not mixed:
        return []
    first = mixed[0]
    for other in mixed[1:]:
        if point.sign(sp.expand(first * other)) is Sign.NEGATIVE:
            return [Obstacle(Limit.DIVERGES, "grows faster than any power of N everywhere")]
    if all(a.free_symbols <= point.coordinates for a in mixed):
        return [Obstacle(Limit.DIVERGES, "grows faster than any power of N on a part of the domain")]
    alike = all(point.sign(sp.expand(first * other)) is Sign.POSITIVE for other in mixed[1:])
    if any(a.free_symbols & point.coordinates for a in mixed) and _diverges_somewhere(mixed, point):
        return [Obstacle(Limit.DIVERGES, "grows faster than any power of N on a part of the domain")]
    reason = (
        "faster than any power of N in networks where the argument of the exponential is positive, "
        "to 0 in others"
    )
    chance = HALF if alike and _is_odd(first, point) else None
    return [Obstacle(Limit.DIVERGES, reason, False, chance)]


def _diverges_somewhere(mixed: Sequence[sp.Expr], point: Point) -> bool:
    """Is an exponent positive for every v on a part of the domain, as −x v² is where x < 0?"""
    for a in mixed:
        halves = []
        for s, low, high in point.intervals:
            cut = s in a.free_symbols and low.is_negative and high.is_positive
            halves.append([(s, low, sp.S.Zero), (s, sp.S.Zero, high)] if cut else [(s, low, high)])
        if any(sign_of(a, point.random, part) is Sign.POSITIVE for part in product(*halves)):
            return True
    return False


def _by_orders(
    verdict: Verdict, g: ResidualRow, h: ResidualRow, a: Side, b: Side, collector: Collector
) -> bool:
    """The hidden part of two nonlinear rows on faces, order by order: T^∞ may cancel the leading ones."""
    orders: dict[Order, list[tuple[Key, sp.Expr]]] = {}
    tails = []
    for key, pairings in _by_entry(a, b).items():
        for x, y in pairings.values():
            if isinstance(x.value, Trouble) or isinstance(y.value, Trouble):
                return False
            both = times(x.value, y.value, KEEP)
            if both.parts or both.rests:
                return False
            if both.plain.tail is not None:
                tails.append(both.plain.tail)
            for order, coefficient in both.plain.terms:
                orders.setdefault(order, []).append((key, coefficient))
    tail = min(tails) if tails else None
    known = [order for order in sorted(orders) if tail is None or order < tail]
    lead: Order | None = None
    for order in known:
        coefficients = orders[order]
        vanishes, random = contraction_verdict(g, h, coefficients, collector.point, verdict)
        if vanishes is None:
            raise Undecided("whether a contraction with T^∞ vanishes")
        if vanishes:
            continue
        exponent = 2 + (order.power if collector.point.end is End.ZERO else -order.power)
        if lead is None:
            value = _value(exponent, "hidden", sp.Tuple(*(k for _, k in coefficients)))
            collector.line(Line(exponent, verdict.gain, order.logs, random, "hidden part", value))
            collector.spreads(exponent, verdict.gain - HALF, "hidden part")
            lead = order
        if random is not False:
            collector.spreads(exponent, verdict.gain, "hidden part")
            break
    if lead is None and tail is not None:
        raise Undecided("cancellation beyond the terms kept")
    return True


def _fluctuations(collector: Collector, a: Side, b: Side, verdict: Verdict) -> None:
    """T of order N^{-1/2}: between distinct fields, and of one field where T^∞ cancels."""
    ours, theirs = _reaches(a), _reaches(b)
    for i, own in ours.items():
        for j, other in theirs.items():
            if i == j and not (verdict.vanishes or verdict.by_orders):
                continue
            for trouble in (*own.troubles, *other.troubles):
                collector.obstacle(trouble)
            sums = {sp.expand(e + f) for e in own.exponents for f in other.exponents} - {sp.S.Zero}
            collector.obstacles.extend(_explosions(sorted(sums, key=str), collector.point))
            x, y = own.power, other.power
            if x.growth is Growth.POWER and y.growth is Growth.POWER:
                label = f"between {i} and {j}" if i != j else f"fluctuation of {i}"
                degree = 2 + x.exponent + y.exponent
                collector.line(Line(degree, verdict.gain - HALF, x.logs + y.logs, True, label))
                collector.spreads(degree, verdict.gain - HALF, label)


@dataclass
class _Reach:
    """How large the F_{iα} of one field get: exponents of their exponentials, the dominating power."""

    exponents: set[sp.Expr] = field(default_factory=set)
    troubles: list[Trouble] = field(default_factory=list)
    power: Degree = FLAT


def _reaches(side: Side) -> dict[str, _Reach]:
    """The reach of every field."""
    found: dict[str, _Reach] = {}
    for entry, expanded in side.hidden:
        reach = found.setdefault(entry.field, _Reach())
        value = expanded.value
        if isinstance(value, Trouble):
            reach.troubles.append(value)
            continue
        reach.exponents |= set(value.all_parts) | value.rests
        if not value.plain.is_exact_zero:
            plain = expanded.degree if not value.parts else degree_of(Value(value.plain), side.point)
            reach.power = dominating((reach.power, plain), side.point.end)
    return found
