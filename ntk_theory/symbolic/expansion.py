"""Expressions expanded at one end of the ε axis: one rule per node class (THEORY §3 "Degrees") [D].

Bottom-up in the small parameter δ = ε (at zero) or δ = 1/ε (at infinity). Exponentials of
something that grows leave the scale of powers; they are kept apart as parts exp(E)·(series) so
that cosh² − sinh² still comes out as 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sympy as sp

from ntk_theory.symbolic.places import Point
from ntk_theory.symbolic.series import (
    DELTA,
    Order,
    Series,
    Undecided,
    add,
    logarithm,
    multiply,
    real_power,
    taylor,
)
from ntk_theory.symbolic.zero import Sign, is_zero, sign_of

#: More exponential parts than this are not multiplied out.
MAX_PARTS = 16


class Undefined(Exception):
    """The expression is not real on a set of positive probability; ``str`` names the term."""


def leading_of(exponent: sp.Expr) -> sp.Expr:
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
class Value:
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


class Expansion:
    """Expands expressions at one point with a fixed number of terms; results are memoised."""

    def __init__(self, point: Point, keep: int) -> None:
        self.point = point
        self.keep = keep
        self.memo: dict[sp.Expr, Value] = {}

    def of(self, node: sp.Expr) -> Value:
        """The expansion of ``node``."""
        if node not in self.memo:
            self.memo[node] = self._expand(node)
        return self.memo[node]

    def _expand(self, node: sp.Expr) -> Value:
        if not node.free_symbols & set(self.point.values):
            return Value(Series.constant(node))
        if isinstance(node, sp.Symbol):
            return Value(self.point.values[node])
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

    def _sum(self, values: list[Value]) -> Value:
        parts: dict[sp.Expr, list[Series]] = {}
        for value in values:
            for exponent, series in value.parts.items():
                parts.setdefault(exponent, []).append(series)
        summed = {e: add(series, self.keep) for e, series in parts.items()}
        summed = {e: s for e, s in summed.items() if not s.is_exact_zero}
        plain = add([value.plain for value in values], self.keep)
        return Value(plain, summed, any(value.flat for value in values))

    def _product(self, values: list[Value], node: sp.Expr) -> Value:
        result = Value(Series.constant(sp.S.One))
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
            result = Value(plain, parts, result.flat or value.flat)
        return result

    def _power(self, node: sp.Pow) -> Value:
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
                return Value(series)
            raise Undefined(f"{node} divides by zero")
        if not exponent.is_Integer:
            self._need_positive(series, base, node)
        return Value(real_power(series, exponent, self.keep), {}, value.flat)

    def _reciprocal(self, value: Value, exponent: sp.Expr, node: sp.Expr) -> Value:
        """A negative power of growing exponentials, such as 1/cosh: flat if it grows for every v."""
        exponents = list(value.parts)
        both_ways = any(is_zero(e + f) for e in exponents for f in exponents)
        grows = any(sign_of(leading_of(e), self.point.random) is Sign.POSITIVE for e in exponents)
        if exponent < 0 and exponent.is_Integer and (both_ways or grows):
            return Value(Series(()), {}, True)
        if len(exponents) == 1 and value.plain.is_exact_zero and exponent.is_Integer:
            (e,) = exponents
            return Value(
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

    def _exponential(self, argument: Series) -> Value:
        large, middle, small = argument.split()
        if any(order.power == 0 for order, _ in large.terms):
            raise Undecided("the exponential of a logarithm")
        body = taylor(lambda j: sp.exp(middle), small, self.keep)
        if not large.terms:
            return Value(body)
        exponent = sp.expand(large.as_expression())
        if sign_of(leading_of(exponent), self.point.random) is Sign.NEGATIVE:
            return Value(Series(()), {}, True)
        return Value(Series(()), {exponent: body})

    def _hyperbolic(self, node: sp.Expr) -> Value:
        argument = self._plain(node.args[0])
        large, _, _ = argument.split()
        if not large.terms:
            return self._analytic(node)
        up = self._exponential(argument)
        down = self._exponential(argument.scaled(sp.S.NegativeOne))
        half = Value(Series.constant(sp.Rational(1, 2)))
        sign = 1 if isinstance(node, sp.cosh) else -1
        signed = self._product([Value(Series.constant(sp.Integer(sign))), down], node)
        return self._product([half, self._sum([up, signed])], node)

    def _analytic(self, node: sp.Expr) -> Value:
        argument = self._plain(node.args[0])
        large, middle, small = argument.split()
        if large.terms and isinstance(node, sp.tanh | sp.erf):
            # tanh and erf differ from the sign of their argument by something flat.
            return Value(Series.constant(sp.sign(large.leading()[1])), {}, True)
        if large.terms and isinstance(node, sp.atan):
            # atan g = sign(g)·π/2 − atan(1/g).
            inverse = real_power(argument, sp.S.NegativeOne, self.keep)
            limit = Series.constant(sp.pi / 2 * sp.sign(large.leading()[1]))
            body = taylor(_derivatives(sp.atan, sp.S.Zero), inverse, self.keep)
            return Value(add([limit, body.scaled(sp.S.NegativeOne)], self.keep))
        centre = sp.expand(large.as_expression() + middle)
        return Value(taylor(_derivatives(node.func, centre), small, self.keep))

    def _log(self, node: sp.log) -> Value:
        value = self.of(node.args[0])
        if len(value.parts) == 1 and value.plain.is_exact_zero:
            ((exponent, series),) = value.parts.items()
            if sp.expand(exponent - self._linear(exponent)) == 0:
                self._need_positive(series, node.args[0], node)
                growing = Series.build(self._linear_terms(exponent), None, self.keep)
                return Value(add([growing, logarithm(series, self.keep)], self.keep))
        series = self._plain(node.args[0]).pruned()
        if series.is_exact_zero:
            raise Undefined(f"{node} at 0")
        self._need_positive(series, node.args[0], node)
        return Value(logarithm(series, self.keep))

    @staticmethod
    def _linear_terms(exponent: sp.Expr) -> list[tuple[Order, sp.Expr]]:
        terms = []
        for term in sp.Add.make_args(exponent):
            coefficient, dependent = term.as_independent(DELTA)
            terms.append((Order(dependent.as_powers_dict().get(DELTA, sp.S.Zero)), coefficient))
        return terms

    def _linear(self, exponent: sp.Expr) -> sp.Expr:
        return sp.Add(*(c * DELTA**o.power for o, c in self._linear_terms(exponent)))

    def _sign(self, node: sp.Expr) -> Value:
        value = self.of(node.args[0])
        if value.parts:
            raise Undecided(f"the sign of the exponentially growing {node.args[0]}")
        series = self._plain(node.args[0]).pruned()
        if series.is_exact_zero:
            return Value(series)
        order, coefficient, rest = series.leading()
        sign = {Sign.POSITIVE: sp.S.One, Sign.NEGATIVE: sp.S.NegativeOne}.get(
            sign_of(coefficient, self.point.random), sp.sign(coefficient)
        )
        if isinstance(node, sp.sign):
            return Value(Series.constant(sign))
        size = sp.Abs(coefficient) if sign.has(sp.sign) else sign * coefficient
        return Value(Series(((order, size), *rest.scaled(sign).terms), rest.tail), {}, value.flat)
