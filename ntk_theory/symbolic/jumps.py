"""Does an expression jump as a function of the variables? A total derivative would put a delta there.

sign(g), heaviside(g) and piecewise(a, g > 0, b) with g of the variables alone may jump where g = 0, and so
may atan(1/g), tanh(1/g), erf(1/g); an expression in |g| may, as |g|/g does. Let [e] be the difference of e's
two one-sided values there. The derivative away from the jump is the derivative iff [e] vanishes: x·sign(x)
and max(x, 0) pass, k(y)·u_y with a step in k does not. The one-sided values come from exact substitution
(g = ±δ, δ → 0); what they cannot decide counts as a jump. A jump in the *fields*, sign(u), is left alone: it
lies on a null set for generic u, and the rule sign' = 0 holds almost everywhere (THEORY §3).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import sympy as sp

from ntk_theory.symbolic.intervals import over_reals
from ntk_theory.symbolic.jets import JetSpace
from ntk_theory.symbolic.pieces import CornerFlow, Piece, choose, heaviside, maximum, minimum
from ntk_theory.symbolic.zero import is_zero

#: The distance from the jump, on either side.
_DISTANCE = sp.Symbol("distance", positive=True)
#: More places than this in one expression are not looked at; the expression counts as jumping.
MAX_PLACES = 12


def jump(expression: sp.Expr, variable: str, space: JetSpace | None) -> sp.Expr | None:
    """A place g where ``expression`` is not proved continuous along ``variable``; ``None`` if there is none.

    >>> x = sp.Symbol("x", real=True)
    >>> jump(heaviside(x), "x", None), jump(x * sp.sign(x), "x", None), jump(sp.Abs(x) / x, "x", None)
    (x, None, x)
    """
    symbol = sp.Symbol(variable, real=True)
    found: dict[sp.Expr, bool] = {}
    for place, is_sure in _places(expression, space):
        if symbol in place.free_symbols:
            found[place] = found.get(place, False) or is_sure
    for number, (place, is_sure) in enumerate(sorted(found.items(), key=lambda item: str(item[0]))):
        if number == MAX_PLACES or not _is_continuous(expression, place, is_sure):
            return place
    return None


def _places(expression: sp.Expr, space: JetSpace | None) -> Iterator[tuple[sp.Expr, bool]]:
    """Each g, without factor and sign, and whether its node itself jumps (|g| by itself does not)."""
    for place in _poles(expression):
        if space is None or not space.slots_of(place):
            yield place, True
    for node in expression.atoms(sp.sign, sp.Abs, Piece):
        if isinstance(node, CornerFlow):  # it is smooth
            continue
        if isinstance(node, sp.sign | sp.Abs | heaviside | choose):
            inside = [node.args[0]]
        else:  # max and min are continuous, and kinked where two arguments meet
            inside = [a - b for k, a in enumerate(node.args) for b in node.args[:k]]
        for argument in inside:
            place = _plain(argument)
            if space is None or not space.slots_of(place):
                yield place, isinstance(node, sp.sign | heaviside | choose)


def _poles(expression: sp.Expr) -> Iterator[sp.Expr]:
    """Where a saturating function jumps from one end to the other, as atan(1/x) does at 0."""
    for node in expression.atoms(sp.atan, sp.tanh, sp.erf):
        for power in node.args[0].atoms(sp.Pow):
            is_odd_pole = power.exp.is_Integer and power.exp < 0 and power.exp % 2
            if is_odd_pole and not over_reals(power.base).is_nonzero:
                yield _plain(power.base)


def _plain(argument: sp.Expr) -> sp.Expr:
    primitive = sp.expand(argument).primitive()[1]
    return -primitive if primitive.could_extract_minus_sign() else primitive


def _is_continuous(expression: sp.Expr, place: sp.Expr, is_sure: bool) -> bool:
    """Is [e] = 0 where ``place`` = 0? Without a node that jumps, only a proved jump counts."""
    side = _solved(place)
    if side is not None:
        symbol, value, slope = side
        above, below = (
            _on_side(expression, place, sign).xreplace({symbol: value + sign * _DISTANCE / slope})
            for sign in (1, -1)
        )
        difference = sp.expand(above - below).xreplace({_DISTANCE: sp.S.Zero})
        if difference.has(sp.zoo, sp.nan, sp.oo, sp.AccumBounds):
            return not is_sure
        answer = is_zero(difference)
        return answer is True or (answer is None and not is_sure)
    if not is_sure:
        return True
    if place in _poles(expression):
        return False
    return _divides(place, _on_side(expression, place, 1) - _on_side(expression, place, -1))


def _solved(place: sp.Expr) -> tuple[sp.Symbol, sp.Expr, sp.Expr] | None:
    """(x, x0, c) where place = c·(x − x0) with a number c: x = x0 ± δ/c are its sides."""
    for symbol in sorted(place.free_symbols, key=lambda s: s.name):
        slope = place.diff(symbol) if place.is_polynomial(symbol) else sp.S.NaN
        if slope.is_number and slope.is_finite and slope != 0:
            return symbol, sp.expand(symbol - place / slope), slope
    return None


def _on_side(expression: sp.Expr, place: sp.Expr, side: int) -> sp.Expr:
    """The expression with every node of this place replaced by its value on one side."""

    def value(node: sp.Expr) -> sp.Expr:
        if isinstance(node, maximum | minimum):
            return _left_over(node, place, side)
        argument = node.args[0]
        up = side if _plain(argument) == place and _same_sign(argument, place) else -side
        if isinstance(node, sp.sign):
            return sp.Integer(up)
        if isinstance(node, heaviside):
            return sp.Rational(1 + up, 2)
        if isinstance(node, sp.Abs):
            return up * argument
        return node.args[1] if up > 0 else node.args[2]

    def belongs(node: sp.Expr) -> bool:
        if isinstance(node, maximum | minimum):
            return True
        has_place = isinstance(node, sp.sign | sp.Abs | heaviside | choose)
        return has_place and bool(_plain(node.args[0]) == place)

    return expression.replace(belongs, value)


def _left_over(node: sp.Expr, place: sp.Expr, side: int) -> sp.Expr:
    """Drop from max and min the arguments that lose against another one on this side."""
    wins = side if isinstance(node, maximum) else -side
    lost = set()
    for a, b in permutations(node.args, 2):
        if _plain(a - b) == place and wins * (1 if _same_sign(a - b, place) else -1) < 0:
            lost.add(a)
    return node.func(*(argument for argument in node.args if argument not in lost))


def _same_sign(argument: sp.Expr, place: sp.Expr) -> bool:
    return bool(sp.expand(argument).primitive()[1] == place)


def _divides(place: sp.Expr, difference: sp.Expr) -> bool:
    """Does the polynomial ``difference`` vanish with ``place``?"""
    difference = sp.expand(difference)
    if difference == 0:
        return True
    symbols = sorted(place.free_symbols, key=lambda s: s.name)
    if not (place.is_polynomial(*symbols) and difference.is_polynomial(*symbols)):
        return False
    return bool(sp.rem(difference, place, symbols[0]) == 0)
