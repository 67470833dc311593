"""Degrees: how F_α(c e_0 + εv) behaves as ε → 0 and as ε → ∞ (THEORY §3 "Degrees") [D].

Every slot is replaced by u^i_α = ε v^i_α + δ_{α0} c^i with generic v (one set per leg of a group) and c
as the output bias starts: a constant, or generic where it is random. One rule per node class expands the
expression bottom-up in the small parameter δ = ε (at zero) or δ = 1/ε (at infinity):

    F_α(c e_0 + εv) = f(v)·ε^p·ℓ^b·(1 + o(1)),   ℓ = |log ε|.

Exponentials of something that grows leave the scale of powers; they are kept apart as parts
exp(E)·(series) so that cosh² − sinh² still comes out as 1. What grows faster than every power (on a
set of positive probability) is *explosive*, what decays faster is *flat*. Bounded oscillation,
sin(εv) as ε → ∞, counts by its envelope: degree 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

import sympy as sp

from ntk_theory.symbolic.series import (
    DELTA,
    UNIT,
    Order,
    Series,
    Undecided,
    add,
    logarithm,
    multiply,
    real_power,
    taylor,
)
from ntk_theory.symbolic.zero import Sign, depends_on, is_zero, sign_of

#: Numbers of terms kept; a cancellation beyond the last is undecided.
KEEP = (3, 8, 16)
#: More exponential parts than this are not multiplied out.
MAX_PARTS = 16


class End(StrEnum):
    """Which end of the ε axis."""

    ZERO = "zero"
    INFINITY = "infinity"


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


class Undefined(Exception):
    """The expression is not real on a set of positive probability; ``str`` names the term."""


@dataclass(frozen=True)
class Point:
    """Where to expand: the value of each symbol as a series in δ, and what is random there."""

    values: Mapping[sp.Symbol, Series]
    random: frozenset[sp.Symbol]
    end: End
    constants: frozenset[sp.Symbol] = frozenset()


def behaviour(expression: sp.Expr, point: Point) -> Degree:
    """The degree of ``expression`` at ``point``, trying more terms until the leading one shows."""
    if is_zero(expression):
        return FLAT
    reason = ""
    for keep in KEEP:
        try:
            return _degree(_Expansion(point, keep).of(expression), point)
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


def _degree(value: _Value, point: Point) -> Degree:
    if value.parts:
        exponents = list(value.parts)
        signs = {sign_of(_leading_of(e), point.random) for e in exponents}
        if signs == {Sign.NEGATIVE}:
            value = _Value(value.plain, {}, True)
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


def _leading_of(exponent: sp.Expr) -> sp.Expr:
    """The coefficient of the fastest growing term of an exponent in δ (a sum of powers of δ)."""
    terms = [term.as_independent(DELTA) for term in sp.Add.make_args(sp.expand(exponent))]

    def power(dependent: sp.Expr) -> sp.Expr:
        return dependent.as_powers_dict().get(DELTA, sp.S.Zero)

    least = min((power(d) for _, d in terms))
    return sp.Add(*(c for c, d in terms if power(d) == least))


def _tanh_form(node: sp.Mul) -> sp.Mul:
    """Write sinh(g)^a/cosh(g)^b with tanh, so that no growing factor meets a flat one."""
    powers = node.as_powers_dict()
    factors = [base**exponent for base, exponent in powers.items()]
    for base, n in powers.items():
        if not (isinstance(base, sp.sinh) and n.is_Integer and n > 0):
            continue
        partner = sp.cosh(base.args[0])
        m = powers.get(partner, sp.S.Zero)
        if m.is_Integer and m < 0:
            k = min(n, -m)
            factors = [f for f in factors if f not in (base**n, partner**m)]
            factors += [sp.tanh(base.args[0]) ** k, base ** (n - k), partner ** (m + k)]
    return sp.Mul(*factors, evaluate=False)


@dataclass(frozen=True)
class _Value:
    """plain + Σ exp(E)·parts[E] + (something flat, if ``flat``)."""

    plain: Series
    parts: Mapping[sp.Expr, Series] = field(default_factory=dict)
    flat: bool = False


def _derivatives(function: type[sp.Function], centre: sp.Expr) -> Callable[[int], sp.Expr]:
    """The map from j to the j-th derivative of a function of one variable at ``centre``."""
    hole = sp.Dummy("z", real=True)
    known = [function(hole)]

    def derivative(j: int) -> sp.Expr:
        while len(known) <= j:
            known.append(known[-1].diff(hole))
        return known[j].xreplace({hole: centre}).doit()

    return derivative


class _Expansion:
    """Expands expressions at one point with a fixed number of terms; results are memoised."""

    def __init__(self, point: Point, keep: int) -> None:
        self.point = point
        self.keep = keep
        self.memo: dict[sp.Expr, _Value] = {}

    def of(self, node: sp.Expr) -> _Value:
        if node not in self.memo:
            self.memo[node] = self._expand(node)
        return self.memo[node]

    def _expand(self, node: sp.Expr) -> _Value:
        if not node.free_symbols & set(self.point.values):
            return _Value(Series.constant(node))
        if isinstance(node, sp.Symbol):
            return _Value(self.point.values[node])
        if isinstance(node, sp.Add):
            return self._sum([self.of(a) for a in node.args])
        if isinstance(node, sp.Mul):
            return self._product([self.of(a) for a in _tanh_form(node).args], node)
        if isinstance(node, sp.Pow):
            return self._power(node)
        if isinstance(node, sp.exp):
            return self._exponential(self._plain(node.args[0]))
        if isinstance(node, sp.log):
            return self._log(node)
        if isinstance(node, sp.Abs | sp.sign):
            return self._sign(node)
        if isinstance(node, sp.sinh | sp.cosh):
            return self._hyperbolic(node)
        if isinstance(node, sp.sin | sp.cos | sp.tan | sp.tanh | sp.erf | sp.atan):
            return self._analytic(node)
        raise Undecided(f"no expansion rule for {type(node).__name__}")

    def _plain(self, node: sp.Expr) -> Series:
        """The series of a node that has no exponential parts; flat remainders do not matter here."""
        value = self.of(node)
        if value.parts:
            raise Undecided(f"a function of the exponentially growing {node}")
        if value.flat and value.plain.is_exact_zero:
            raise Undecided(f"a function of the flat {node}")
        return value.plain

    def _sum(self, values: list[_Value]) -> _Value:
        parts: dict[sp.Expr, list[Series]] = {}
        for value in values:
            for exponent, series in value.parts.items():
                parts.setdefault(exponent, []).append(series)
        summed = {e: add(series, self.keep) for e, series in parts.items()}
        summed = {e: s for e, s in summed.items() if not s.is_exact_zero}
        plain = add([value.plain for value in values], self.keep)
        return _Value(plain, summed, any(value.flat for value in values))

    def _product(self, values: list[_Value], node: sp.Expr) -> _Value:
        result = _Value(Series.constant(sp.S.One))
        for value in values:
            if (result.flat and value.parts) or (value.flat and result.parts):
                raise Undecided(f"a flat factor times a growing one in {node}")
            left = {sp.S.Zero: result.plain, **result.parts}
            right = {sp.S.Zero: value.plain, **value.parts}
            if len(left) * len(right) > MAX_PARTS:
                raise Undecided(f"too many exponentials in {node}")
            gathered: dict[sp.Expr, list[Series]] = {}
            for e, a in left.items():
                for f, b in right.items():
                    if not (a.is_exact_zero or b.is_exact_zero):
                        gathered.setdefault(sp.expand(e + f), []).append(multiply(a, b, self.keep))
            parts = {e: add(series, self.keep) for e, series in gathered.items()}
            plain = parts.pop(sp.S.Zero, Series(()))
            parts = {e: s for e, s in parts.items() if not s.is_exact_zero}
            result = _Value(plain, parts, result.flat or value.flat)
        return result

    def _power(self, node: sp.Pow) -> _Value:
        base, exponent = node.base, node.exp
        if exponent.free_symbols & set(self.point.values):
            raise Undecided(f"the exponent of {node} contains a field")
        if not (exponent.is_number and exponent.is_comparable):
            raise Undecided(f"the exponent of {node} is a named parameter; give it a value")
        value = self.of(base)
        if exponent.is_Integer and exponent > 0:
            return self._product([value] * int(exponent), node)
        if value.parts:
            return self._reciprocal(value, exponent, node)
        series = self._plain(base).pruned()
        if series.is_exact_zero:
            if exponent > 0:
                return _Value(series)
            raise Undefined(f"{node} divides by zero")
        if not exponent.is_Integer:
            self._need_positive(series, base, node)
        return _Value(real_power(series, exponent, self.keep), {}, value.flat)

    def _reciprocal(self, value: _Value, exponent: sp.Expr, node: sp.Expr) -> _Value:
        """A negative power of growing exponentials, such as 1/cosh: flat if it grows for every v."""
        exponents = list(value.parts)
        both_ways = any(is_zero(e + f) for e in exponents for f in exponents)
        grows = any(sign_of(_leading_of(e), self.point.random) is Sign.POSITIVE for e in exponents)
        if exponent < 0 and exponent.is_Integer and (both_ways or grows):
            return _Value(Series(()), {}, True)
        if len(exponents) == 1 and value.plain.is_exact_zero and exponent.is_Integer:
            (e,) = exponents
            return _Value(
                Series(()), {sp.expand(exponent * e): real_power(value.parts[e], exponent, self.keep)}
            )
        raise Undecided(f"a power of growing exponentials in {node}")

    def _need_positive(self, series: Series, base: sp.Expr, node: sp.Expr) -> None:
        _, coefficient, _ = series.leading()
        if not coefficient.free_symbols & (self.point.random | {DELTA}):
            if sign_of(coefficient) in (Sign.NEGATIVE,):
                raise Undefined(f"{node} where {base} is negative")
            return
        sign = sign_of(coefficient, self.point.random | {DELTA})
        if sign in (Sign.MIXED, Sign.NEGATIVE):
            raise Undefined(f"{node} where {base} is negative")
        if sign is not Sign.POSITIVE:
            raise Undecided(f"the sign of {base}")

    def _exponential(self, argument: Series) -> _Value:
        large, middle, small = argument.split()
        if any(order.power == 0 for order, _ in large.terms):
            raise Undecided("the exponential of a logarithm")
        body = taylor(lambda j: sp.exp(middle), small, self.keep)
        if not large.terms:
            return _Value(body)
        exponent = sp.expand(large.as_expression())
        if sign_of(_leading_of(exponent), self.point.random) is Sign.NEGATIVE:
            return _Value(Series(()), {}, True)
        return _Value(Series(()), {exponent: body})

    def _hyperbolic(self, node: sp.Expr) -> _Value:
        argument = self._plain(node.args[0])
        large, _, _ = argument.split()
        if not large.terms:
            return self._analytic(node)
        up = self._exponential(argument)
        down = self._exponential(argument.scaled(sp.S.NegativeOne))
        half = _Value(Series.constant(sp.Rational(1, 2)))
        sign = 1 if isinstance(node, sp.cosh) else -1
        signed = self._product([_Value(Series.constant(sp.Integer(sign))), down], node)
        return self._product([half, self._sum([up, signed])], node)

    def _analytic(self, node: sp.Expr) -> _Value:
        argument = self._plain(node.args[0])
        large, middle, small = argument.split()
        if large.terms and isinstance(node, sp.tanh | sp.erf):
            # tanh and erf differ from the sign of their argument by something flat.
            return _Value(Series.constant(sp.sign(large.leading()[1])), {}, True)
        if large.terms and isinstance(node, sp.atan):
            # atan g = sign(g)·π/2 − atan(1/g).
            inverse = real_power(argument, sp.S.NegativeOne, self.keep)
            limit = Series.constant(sp.pi / 2 * sp.sign(large.leading()[1]))
            body = taylor(_derivatives(sp.atan, sp.S.Zero), inverse, self.keep)
            return _Value(add([limit, body.scaled(sp.S.NegativeOne)], self.keep))
        centre = sp.expand(large.as_expression() + middle)
        return _Value(taylor(_derivatives(node.func, centre), small, self.keep))

    def _log(self, node: sp.log) -> _Value:
        value = self.of(node.args[0])
        if len(value.parts) == 1 and value.plain.is_exact_zero:
            ((exponent, series),) = value.parts.items()
            if sp.expand(exponent - self._linear(exponent)) == 0:
                self._need_positive(series, node.args[0], node)
                growing = Series.build(self._linear_terms(exponent), None, self.keep)
                return _Value(add([growing, logarithm(series, self.keep)], self.keep))
        series = self._plain(node.args[0]).pruned()
        if series.is_exact_zero:
            raise Undefined(f"{node} at 0")
        self._need_positive(series, node.args[0], node)
        return _Value(logarithm(series, self.keep))

    @staticmethod
    def _linear_terms(exponent: sp.Expr) -> list[tuple[Order, sp.Expr]]:
        terms = []
        for term in sp.Add.make_args(exponent):
            coefficient, dependent = term.as_independent(DELTA)
            terms.append((Order(dependent.as_powers_dict().get(DELTA, sp.S.Zero)), coefficient))
        return terms

    def _linear(self, exponent: sp.Expr) -> sp.Expr:
        return sp.Add(*(c * DELTA**o.power for o, c in self._linear_terms(exponent)))

    def _sign(self, node: sp.Expr) -> _Value:
        value = self.of(node.args[0])
        if value.parts:
            raise Undecided(f"the sign of the exponentially growing {node.args[0]}")
        series = self._plain(node.args[0]).pruned()
        if series.is_exact_zero:
            return _Value(series)
        order, coefficient, rest = series.leading()
        sign = {Sign.POSITIVE: sp.S.One, Sign.NEGATIVE: sp.S.NegativeOne}.get(
            sign_of(coefficient, self.point.random), sp.sign(coefficient)
        )
        if isinstance(node, sp.sign):
            return _Value(Series.constant(sign))
        size = sp.Abs(coefficient) if sign.has(sp.sign) else sign * coefficient
        return _Value(Series(((order, size), *rest.scaled(sign).terms), rest.tail), {}, value.flat)


def expansion_point(
    fields_of: Mapping[sp.Symbol, str],
    values: frozenset[sp.Symbol],
    *,
    end: End,
    start: Fraction | None,
    leg: int = 0,
) -> Point:
    """The point u^i_α = ε v^i_α + δ_{α0} c^i.

    ``fields_of`` maps every slot symbol to its field, ``values`` are the slot symbols of order 0.
    ``start`` is c, the same for every field; ``None``: a generic random constant per field. Each leg
    has its own v.
    """
    small = Order(sp.S.One if end is End.ZERO else sp.S.NegativeOne)
    series: dict[sp.Symbol, Series] = {}
    random: set[sp.Symbol] = set()
    constants: set[sp.Symbol] = set()
    for symbol, name in fields_of.items():
        direction = sp.Symbol(f"v{leg}[{symbol.name}]", real=True)
        random.add(direction)
        terms = [(small, direction)]
        if start is None and symbol in values:
            constant = sp.Symbol(f"c[{name}]", real=True, nonzero=True)
            constants.add(constant)
            terms.append((UNIT, constant))
        elif start and symbol in values:
            terms.append((UNIT, sp.Rational(start)))
        series[symbol] = Series(tuple(sorted(terms, key=lambda term: term[0])))
    return Point(series, frozenset(random | constants), end, frozenset(constants))
