"""Degrees: how F_α(c e_0 + εv) behaves as ε → 0 and as ε → ∞ (THEORY §3 "Degrees") [D].

Every slot is replaced by u^i_α = ε v^i_α + δ_{α0} c^i with generic v (one set per leg of a group) and c
as the output bias starts: a constant, or generic where it is random. :mod:`~ntk_theory.symbolic.expansion`
expands the expression in the small parameter δ = ε (at zero) or δ = 1/ε (at infinity):

    F_α(c e_0 + εv) = f(v)·ε^p·ℓ^b·(1 + o(1)),   ℓ = |log ε|.

What grows faster than every power (on a
set of positive probability) is *explosive*, what decays faster is *flat*. Bounded oscillation,
sin(εv) as ε → ∞, counts by its envelope: degree 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import sympy as sp

from ntk_theory.symbolic.expansion import Expansion, Undefined
from ntk_theory.symbolic.exponentials import normal_form
from ntk_theory.symbolic.places import End, Point, Split
from ntk_theory.symbolic.series import Series, Undecided
from ntk_theory.symbolic.signs import Sign, sign_of
from ntk_theory.symbolic.transseries import Value, leading_of
from ntk_theory.symbolic.zero import depends_on, is_zero

#: Numbers of terms kept; a cancellation beyond the last is undecided.
KEEP = (3, 8, 16)
#: Signs on which one question may split.
MAX_SPLITS = 5


class Growth(StrEnum):
    """The kinds of behaviour that an expansion can show."""

    POWER = "power"
    FLAT = "flat"
    EXPLOSIVE = "explosive"
    UNDECIDED = "undecided"
    UNDEFINED = "undefined"


@dataclass(frozen=True)
class Degree:
    """The behaviour of one expression at one end.

    ``exponent`` is p (at zero) or P (at infinity), ``logs`` the power of ℓ, ``coefficient`` f(v).
    ``is_random`` says whether f depends on v or on a random c (``None``: undecided).
    ``random_exponent`` is the exponent of the dominating term whose coefficient is random
    (``None`` when no term is random; it equals ``exponent`` when the leading one is).
    ``reason`` says why an expansion stopped, or remarks on it.
    """

    growth: Growth
    exponent: sp.Expr = None  # only a power has one
    logs: int = 0
    coefficient: sp.Expr | None = None
    is_random: bool | None = None
    random_exponent: sp.Expr | None = None
    reason: str = ""


FLAT = Degree(Growth.FLAT, is_random=False)
_WORST = (Growth.UNDEFINED, Growth.EXPLOSIVE, Growth.UNDECIDED)


@dataclass(frozen=True)
class Trouble:
    """Why an expression has no expansion: undefined on a set of positive probability, or undecided."""

    growth: Growth
    reason: str


@dataclass(frozen=True)
class Branch:
    """Several expressions expanded at one place, in one branch of the signs on which they depend."""

    point: Point
    values: tuple[Value | Trouble, ...]


def expand(expressions: Sequence[sp.Expr], point: Point, keeps: Sequence[int] = KEEP) -> tuple[Branch, ...]:
    """The expansions of several expressions in every branch of the signs on which they depend.

    ``keeps`` are the numbers of terms to try, until the leading one shows.
    """
    open_points, done = [point], []
    while open_points:
        here = open_points.pop()
        try:
            done.append(Branch(here, tuple(_expanded(e, here, keeps) for e in expressions)))
        except Split as split:
            if len(here.path) >= MAX_SPLITS:
                trouble = Trouble(Growth.UNDECIDED, f"too many signs, {split.atom} among them")
                return (Branch(point, (trouble,) * len(expressions)),)
            open_points += [here.branch(split.atom, sign) for sign in (-1, 1)]
    return tuple(done)


def _expanded(expression: sp.Expr, point: Point, keeps: Sequence[int]) -> Value | Trouble:
    """The expansion of one expression, in its normal form where it resists as it stands."""
    if is_zero(expression):
        return Value(Series(()))
    found = _attempts(expression, point, keeps)
    if isinstance(found, Trouble) and found.growth is Growth.UNDECIDED:
        other = normal_form(expression)
        if other != expression:
            again = _attempts(other, point, keeps)
            return found if isinstance(again, Trouble) and again.growth is Growth.UNDECIDED else again
    return found


def _attempts(expression: sp.Expr, point: Point, keeps: Sequence[int]) -> Value | Trouble:
    """The expansion with more and more terms until the leading one shows."""
    reason = ""
    for keep in keeps:
        try:
            return Expansion(point, keep).settled(expression)
        except Undecided as cause:
            reason = str(cause)
            if "beyond the terms kept" not in reason:
                break
        except Undefined as cause:
            return Trouble(Growth.UNDEFINED, str(cause))
    return Trouble(Growth.UNDECIDED, reason)


def behaviour(expression: sp.Expr, point: Point) -> Degree:
    """The degree of ``expression`` at ``point``: the largest over the branches of signs."""
    return dominating([degree_of(b.values[0], b.point) for b in expand((expression,), point)], point.end)


def domain_fault(expression: sp.Expr, point: Point) -> Degree | None:
    """``None`` if F is real near ``point`` almost surely, else an undefined or undecided degree.

    Only logarithms and powers with a non-integer exponent can fail; F_α may hide it (the gradient
    of log u is 1/u), so F itself is asked.
    """
    for node in sorted(expression.atoms(sp.log, sp.Pow), key=sp.default_sort_key):
        base = node.args[0]
        if isinstance(node, sp.Pow) and (node.exp.is_integer or base is sp.E):
            continue
        if not base.free_symbols & set(point.values):
            continue
        found = behaviour(node, point)
        if found.growth is Growth.UNDEFINED:
            return found
        if found.growth is Growth.UNDECIDED and not _is_never_negative(base, point):
            # The node may be undecided for a reason that has nothing to do with its domain.
            return found
    return None


def _is_never_negative(base: sp.Expr, point: Point) -> bool:
    found = sign_of(base, frozenset(point.values), point.intervals)
    return found in (Sign.POSITIVE, Sign.ZERO)


def degree_of(value: Value | Trouble, point: Point) -> Degree:
    """The degree that an expansion shows."""
    if isinstance(value, Trouble):
        return Degree(value.growth, reason=value.reason)
    signs = [point.sign(leading_of(e)) for e in value.parts]
    if any(s is not Sign.NEGATIVE for s in signs):
        if set(signs) <= {Sign.NEGATIVE, Sign.UNDECIDED}:
            return Degree(Growth.UNDECIDED, reason=f"the sign of {leading_of(next(iter(value.parts)))}")
        exponents = list(value.parts)
        everywhere = Sign.POSITIVE in signs or any(is_zero(e + f) for e in exponents for f in exponents)
        where = (
            "everywhere"
            if everywhere
            else "where the argument of the exponential is positive, and vanishes elsewhere"
        )
        return Degree(Growth.EXPLOSIVE, is_random=True, reason=f"grows faster than any power {where}")
    if value.plain.is_exact_zero:
        return FLAT
    order, coefficient, rest = value.plain.leading()
    sign = 1 if point.end is End.ZERO else -1
    is_random = depends_on(coefficient, point.random, point.intervals)
    random_order = order.power if is_random else None
    if is_random is False:
        random_order = first_random(rest, point)
    return Degree(
        Growth.POWER,
        sign * order.power,
        order.logs,
        coefficient,
        is_random,
        None if random_order is None else sign * random_order,
    )


def first_random(series: Series, point: Point) -> sp.Expr | None:
    """The power of δ of the first term whose coefficient is random; the tail counts at ε → 0."""
    for order, coefficient in series.terms:
        if is_zero(coefficient) is False and depends_on(coefficient, point.random, point.intervals):
            return order.power
    return series.tail.power if series.tail is not None and point.end is End.ZERO else None


def dominating(degrees: Sequence[Degree], end: End) -> Degree:
    """The largest of several behaviours: smallest exponent as ε → 0, largest as ε → ∞.

    Anything undefined, explosive or undecided among them is passed on, in that order.
    """
    degrees = [d for d in degrees if d.growth is not Growth.FLAT]
    for growth in _WORST:
        for degree in degrees:
            if degree.growth is growth:
                return degree
    if not degrees:
        return FLAT
    sign = 1 if end is End.ZERO else -1
    best = degrees[0]
    for degree in degrees[1:]:
        ahead = sign * (degree.exponent - best.exponent)
        if ahead < 0 or (ahead == 0 and degree.logs > best.logs):
            best = degree
    flags = [d.is_random for d in degrees if d.exponent == best.exponent and d.logs == best.logs]
    random = [sign * d.random_exponent for d in degrees if d.random_exponent is not None]
    least: sp.Expr | None = None
    for value in random:
        if least is None or value < least:
            least = value
    return replace(
        best,
        is_random=True if True in flags else (None if None in flags else False),
        random_exponent=None if least is None else sign * least,
    )
