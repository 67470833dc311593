"""Truncated generalised power series in a small δ > 0, with logarithms and real exponents.

A :class:`Series` is a sum of terms k·δ^a·ℓ^b, ℓ = log(1/δ), with real a, integer b and coefficients
k that do not depend on δ, except through bounded oscillation such as sin(v/δ). A term dominates
another when its a is smaller, or its a is equal and its b larger. ``tail`` is the dominating order
of what was cut off; ``None`` says the series is exact.

The arithmetic knows nothing of differential operators; :mod:`ntk_theory.symbolic.expansion`
uses it to expand F_α(c e_0 + εv).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import total_ordering
from typing import Any, TypeVar

import sympy as sp

from ntk_theory.symbolic.effort import (
    MAX_EXPANSION,
    PRODUCT,
    PRODUCT_TERM,
    counted,
    expand,
    multiplied_size,
    spend,
)
from ntk_theory.symbolic.zero import is_zero

#: The small parameter. Coefficients contain it only inside sin, cos and tan.
DELTA = sp.Symbol("delta", positive=True)


class Undecided(Exception):
    """The expansion cannot be carried out within its rules; ``str`` is the reason."""


@total_ordering
@dataclass(frozen=True)
class Order:
    """The size δ^power·ℓ^logs. Smaller in this ordering means dominating."""

    power: sp.Expr
    logs: int = 0

    def __lt__(self, other: Order) -> bool:
        if self.power != other.power:
            return bool(self.power < other.power)
        return self.logs > other.logs

    def __add__(self, other: Order) -> Order:
        return Order(self.power + other.power, self.logs + other.logs)

    def times(self, factor: sp.Expr) -> Order:
        """The order of this size raised to ``factor``."""
        logs = self.logs * factor
        if logs != int(logs):
            raise Undecided("a fractional power of a logarithm")
        return Order(self.power * factor, int(logs))


UNIT = Order(sp.S.Zero)


def _least(a: Order | None, b: Order | None) -> Order | None:
    if a is None or b is None:
        return b if a is None else a
    return min(a, b)


Term = TypeVar("Term")


def _itself(term: Any) -> Any:
    return term


@dataclass(frozen=True)
class Series:
    """Terms by order, dominating first, and the order of the tail that was cut off."""

    terms: tuple[tuple[Order, sp.Expr], ...]
    tail: Order | None = None

    @staticmethod
    def constant(value: sp.Expr) -> Series:
        """The exact series of a number or of an expression free of δ."""
        return Series(((UNIT, value),)) if value != 0 else Series(())

    @staticmethod
    def build(
        terms: Iterable[tuple[Order, Term]],
        tail: Order | None,
        keep: int,
        value: Callable[[Term], sp.Expr] = _itself,
    ) -> Series:
        """Collect equal orders, drop zeros, cut at ``keep`` terms and at the tail.

        A coefficient is the ``value`` of what ``terms`` hold, which is asked for where it is kept only.
        """
        collected: dict[Order, list[Term]] = {}
        for order, coefficient in terms:
            if tail is None or order < tail:
                collected.setdefault(order, []).append(coefficient)
        kept: list[tuple[Order, sp.Expr]] = []
        for order in sorted(collected):
            coefficient = sp.Add(*map(value, collected[order]))
            if len(collected[order]) > 1:
                coefficient = _expanded(coefficient)
            if coefficient == 0:
                continue
            if len(kept) == keep:
                return Series(tuple(kept), order)
            kept.append((order, coefficient))
        return Series(tuple(kept), tail)

    @property
    def is_exact_zero(self) -> bool:
        """Is this the exact series 0?"""
        return not self.terms and self.tail is None

    def pruned(self) -> Series:
        """The same series without vanishing coefficients in front, so that its head is leading."""
        for k, (_, coefficient) in enumerate(self.terms):
            zero = is_zero(coefficient)
            if zero is None:
                raise Undecided(f"whether {coefficient} vanishes identically")
            if not zero:
                return Series(self.terms[k:], self.tail)
        return Series((), self.tail)

    def leading(self) -> tuple[Order, sp.Expr, Series]:
        """The dominating nonzero term (order, coefficient) and the rest; not for the exact 0."""
        pruned = self.pruned()
        if not pruned.terms:
            raise Undecided("cancellation beyond the terms kept")
        (order, coefficient), *rest = pruned.terms
        return order, coefficient, Series(tuple(rest), self.tail)

    def split(self) -> tuple[Series, sp.Expr, Series]:
        """Growing part, limit coefficient and vanishing part: self = L + k + w."""
        if self.tail is not None and not self.tail > UNIT:
            raise Undecided("cancellation beyond the terms kept")
        large = Series(tuple(term for term in self.terms if term[0] < UNIT))
        middle = sp.Add(*(c for order, c in self.terms if order == UNIT))
        small = Series(tuple(term for term in self.terms if term[0] > UNIT), self.tail)
        return large, middle, small

    def as_expression(self) -> sp.Expr:
        """The sum of the kept terms as an expression in δ."""
        log = -sp.log(DELTA)
        return sp.Add(*(c * DELTA**o.power * log**o.logs for o, c in self.terms))

    def scaled(self, factor: sp.Expr, shift: Order = UNIT) -> Series:
        """factor·δ^shift times this series."""
        terms = tuple((order + shift, factor * c) for order, c in self.terms)
        return Series(terms, None if self.tail is None else self.tail + shift)


def add(parts: Iterable[Series], keep: int) -> Series:
    """The sum of several series."""
    parts = list(parts)
    tail: Order | None = None
    for part in parts:
        tail = _least(tail, part.tail)
    return Series.build((term for part in parts for term in part.terms), tail, keep)


def multiply(a: Series, b: Series, keep: int) -> Series:
    """The product; the tail of each is met by the leading order of the other."""
    tail: Order | None = None
    for one, other in ((a, b), (b, a)):
        if one.tail is not None:
            heads = [order for order, _ in other.terms[:1]]
            head = heads[0] if heads else other.tail
            if head is not None:
                tail = _least(tail, one.tail + head)
    terms = [(p + q, (c, d)) for p, c in a.terms for q, d in b.terms]
    return Series.build(terms, tail, keep, _product)


@counted
def _product(pair: tuple[sp.Expr, sp.Expr]) -> sp.Expr:
    """c·d, multiplied out; the blocks of one problem ask for the same products again and again."""
    terms, nodes = multiplied_size(*pair)
    if nodes > MAX_EXPANSION:
        raise Undecided(f"a coefficient of about {nodes} operations")
    spend(PRODUCT + PRODUCT_TERM * terms + nodes)
    return sp.expand_mul(sp.Mul(*pair))


def _expanded(coefficient: sp.Expr) -> sp.Expr:
    found = expand(coefficient)
    if found is None:
        raise Undecided(f"a coefficient of more than {MAX_EXPANSION} operations")
    return found


def integer_power(base: Series, n: int, keep: int) -> Series:
    """base^n for an integer n >= 0."""
    result = Series.constant(sp.S.One)
    for _ in range(n):
        result = multiply(result, base, keep)
    return result


def taylor(derivative: Callable[[int], sp.Expr], small: Series, keep: int) -> Series:
    """Σ_j f^{(j)}·w^j/j! for a vanishing series w, given the derivatives at the centre."""
    if small.is_exact_zero:
        return Series.constant(derivative(0))
    power = Series.constant(sp.S.One)
    parts: list[Series] = []
    for j in range(keep + 1):
        value = derivative(j)
        if value.has(sp.zoo, sp.nan, sp.oo):
            raise Undecided("an expansion around a singular point")
        parts.append(power.scaled(value / sp.factorial(j)) if value != 0 else Series((), None))
        power = multiply(power, small, keep)
    rest = power.terms[0][0] if power.terms else power.tail
    total = add(parts, keep)
    return Series.build(total.terms, _least(total.tail, rest), keep)


def real_power(base: Series, exponent: sp.Expr, keep: int) -> Series:
    """base^r = k^r δ^{ra} ℓ^{rb} (1 + w)^r; the caller has checked that k^r is real."""
    order, coefficient, rest = base.leading()
    inverse = Order(-order.power, -order.logs)
    small = rest.scaled(1 / coefficient, inverse)
    body = taylor(lambda j: sp.ff(exponent, j), small, keep)
    return body.scaled(coefficient**exponent, order.times(exponent))


def logarithm(base: Series, keep: int) -> Series:
    """log(base) = -a·ℓ + log k + log(1 + w), for a positive leading coefficient k."""
    order, coefficient, rest = base.leading()
    if order.logs:
        raise Undecided("an iterated logarithm")
    small = rest.scaled(1 / coefficient, Order(-order.power))
    body = taylor(lambda j: sp.S.Zero if j == 0 else (-1) ** (j - 1) * sp.factorial(j - 1), small, keep)
    head = Series.build([(Order(sp.S.Zero, 1), -order.power), (UNIT, sp.log(coefficient))], None, keep)
    return add([head, body], keep)
