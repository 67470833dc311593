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

from dataclasses import dataclass
from enum import StrEnum

import sympy as sp

from ntk_theory.symbolic.expansion import Expansion, Undefined, Value, leading_of
from ntk_theory.symbolic.places import End, Point
from ntk_theory.symbolic.series import DELTA, Undecided
from ntk_theory.symbolic.zero import Sign, depends_on, is_zero, sign_of

#: Numbers of terms kept; a cancellation beyond the last is undecided.
KEEP = (3, 8, 16)


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
    (``None`` when no term is random; it equals ``exponent`` when the leading one is). ``leading``
    are all coefficients of that order (several when degrees are merged); ``constants`` the random
    constants c of the point: a product of coefficients in c alone may be free of it, like sign(c)².
    ``reason`` says why an expansion stopped, or remarks on it.
    """

    growth: Growth
    exponent: sp.Expr = None  # only a power has one
    logs: int = 0
    coefficient: sp.Expr | None = None
    is_random: bool | None = None
    random_exponent: sp.Expr | None = None
    leading: tuple[sp.Expr, ...] = ()
    constants: frozenset[sp.Symbol] = frozenset()
    directions: frozenset[sp.Symbol] = frozenset()
    reason: str = ""

    @property
    def varies_with_constants_only(self) -> bool:
        """Are the leading coefficients free of v, so that only c can make them random?"""
        return bool(self.leading) and not any(f.free_symbols & self.directions for f in self.leading)


FLAT = Degree(Growth.FLAT, is_random=False)


def behaviour(expression: sp.Expr, point: Point) -> Degree:
    """The degree of ``expression`` at ``point``, trying more terms until the leading one shows."""
    if is_zero(expression):
        return FLAT
    reason = ""
    for keep in KEEP:
        try:
            return _degree(Expansion(point, keep).of(expression), point)
        except Undecided as cause:
            reason = str(cause)
            if "beyond the terms kept" not in reason:
                break
        except Undefined as cause:
            return Degree(Growth.UNDEFINED, reason=str(cause))
    return Degree(Growth.UNDECIDED, reason=reason)


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
        if found.growth is Growth.UNDECIDED:
            # The node may be undecided for a reason that has nothing to do with its domain.
            inner = sign_of(base)
            if inner not in (Sign.POSITIVE, Sign.ZERO):
                return found
    return None


def _degree(value: Value, point: Point) -> Degree:
    if value.parts:
        exponents = list(value.parts)
        signs = {sign_of(leading_of(e), point.random) for e in exponents}
        if signs == {Sign.NEGATIVE}:
            value = Value(value.plain, {}, True)
        else:
            everywhere = Sign.POSITIVE in signs or any(is_zero(e + f) for e in exponents for f in exponents)
            where = "everywhere" if everywhere else "where its exponent is positive, and vanishes where not"
            return Degree(Growth.EXPLOSIVE, is_random=True, reason=f"grows faster than any power {where}")
    if value.plain.pruned().is_exact_zero:
        return FLAT
    order, coefficient, rest = value.plain.leading()
    sign = 1 if point.end is End.ZERO else -1
    is_random = depends_on(coefficient, point.random)
    random_exponent = sign * order.power if is_random else None
    if is_random is False:
        for below, other in rest.terms:
            if is_zero(other) is False and depends_on(other, point.random):
                random_exponent = sign * below.power
                break
        else:
            if rest.tail is not None and point.end is End.ZERO:
                random_exponent = sign * rest.tail.power
    return Degree(
        Growth.POWER,
        sign * order.power,
        order.logs,
        coefficient,
        is_random,
        random_exponent,
        (coefficient,),
        point.constants,
        point.random - point.constants | {DELTA},
    )
