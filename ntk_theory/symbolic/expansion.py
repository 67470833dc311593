"""Expressions expanded at one end of the ε axis: one rule per node class (THEORY §3 "Degrees") [D].

Bottom-up in the small parameter δ = ε (at zero) or δ = 1/ε (at infinity). Exponentials of
something that grows or decays leave the scale of powers; they are kept apart as the parts of a
:class:`~ntk_theory.symbolic.transseries.Value`. Where a rule needs the sign of something of both
signs, the place splits (:class:`~ntk_theory.symbolic.places.Split`) and each branch is expanded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

import sympy as sp

from ntk_theory.symbolic.effort import NODE_DERIVED, nodes_of, spend
from ntk_theory.symbolic.places import Point, Split
from ntk_theory.symbolic.series import DELTA, Order, Series, Undecided, add, logarithm, real_power, taylor
from ntk_theory.symbolic.signs import Sign
from ntk_theory.symbolic.transseries import Value, leading_of, plus, times
from ntk_theory.symbolic.zero import is_zero

#: Terms of a binomial series in exponentials; what comes after is a rest of known size.
BINOMIAL = 3
#: Patterns of more signs than this are not gone through.
MAX_SIGNS = 6
_HALF = Value.constant(sp.Rational(1, 2))


class Undefined(Exception):
    """The expression is not real on a set of positive probability; ``str`` names the term."""


def _derivatives(function: type[sp.Function], centre: sp.Expr) -> Callable[[int], sp.Expr]:
    """The map from j to the j-th derivative of a function of one variable at ``centre``."""
    hole = sp.Dummy("z", real=True)
    known = [function(hole)]

    def derivative(j: int) -> sp.Expr:
        while len(known) <= j:
            known.append(known[-1].diff(hole))
        spend(NODE_DERIVED * nodes_of(known[j]) + nodes_of(known[j]) * nodes_of(centre))
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

    def settled(self, node: sp.Expr) -> Value:
        """The expansion with a leading term that is not 0 on any pattern of its signs."""
        value = self.of(node)
        parts = {e: s for e, series in value.parts.items() if not (s := series.pruned()).is_exact_zero}
        plain = value.plain.pruned()
        for series in (plain, *parts.values()):
            if series.terms:
                self._never_zero(series.terms[0][1])
            elif not series.is_exact_zero:
                raise Undecided("cancellation beyond the terms kept")
        self._rests_are_small(value, parts)
        return self._essential(Value(plain, parts, value.rests))

    def _essential(self, value: Value) -> Value:
        """The value without parts and rests that another part or rest exceeds: they make a rest."""
        every = value.all_parts
        kept = {e: s for e, s in value.parts.items() if not self._is_exceeded(e, every)}
        rests = sorted({*value.rests, *(set(value.parts) - set(kept))}, key=sp.default_sort_key)
        return Value(value.plain, kept, frozenset(r for r in rests if not self._is_exceeded(r, rests)))

    def _is_exceeded(self, exponent: sp.Expr, others: Iterable[sp.Expr]) -> bool:
        differences = (sp.expand(exponent - other) for other in others)
        return any(d != 0 and self.point.sign(leading_of(d)) is Sign.NEGATIVE for d in differences)

    def _rests_are_small(self, value: Value, parts: dict[sp.Expr, Series]) -> None:
        for rest in value.ordered_rests:
            if rest != 0 and self.point.sign(leading_of(rest)) is Sign.NEGATIVE:
                continue
            if any(e == rest or self.point.settled(leading_of(e - rest)) > 0 for e in parts):
                continue
            if rest == 0 or self.point.settled(leading_of(rest)) > 0:
                raise Undecided("cancellation of exponentials beyond the terms kept")

    def _never_zero(self, coefficient: sp.Expr) -> None:
        """Split where a coefficient such as 1 + sign(v) vanishes on one side."""
        for factor in sp.Mul.make_args(coefficient):
            sums = {n for n in factor.atoms(sp.Add) if n.has(sp.sign, sp.Abs)}
            if not sums or not factor.has(sp.sign, sp.Abs):
                continue
            atoms = sorted({n.args[0] for n in factor.atoms(sp.sign, sp.Abs)}, key=sp.default_sort_key)
            if len(atoms) > MAX_SIGNS:
                raise Undecided(f"whether {factor} vanishes on one side")
            for pattern in product((1, -1), repeat=len(atoms)):
                swap: dict[sp.Expr, sp.Expr] = {}
                for atom, sign in zip(atoms, pattern, strict=True):
                    swap |= {sp.sign(atom): sp.Integer(sign), sp.Abs(atom): sign * atom}
                if is_zero(factor.xreplace(swap)):
                    for atom in atoms:
                        self.point.settled(atom)
                    raise Undecided(f"whether {factor} vanishes on one side")

    def _expand(self, node: sp.Expr) -> Value:
        if not node.free_symbols & set(self.point.values):
            return Value.constant(node.xreplace(dict(self.point.replaced)))
        if isinstance(node, sp.Symbol):
            return Value(self.point.values[node])
        if isinstance(node, sp.Add):
            return plus([self.of(a) for a in node.args], self.keep)
        if isinstance(node, sp.Mul):
            return self._product([self.of(a) for a in node.args])
        if isinstance(node, sp.Pow):
            return self._power(node)
        if isinstance(node, sp.exp):
            value = self._exponential(self._argument(node))
            rests = {sp.expand(e + r) for e in value.all_parts for r in self._left_over(node)}
            return Value(value.plain, value.parts, frozenset(rests))
        if isinstance(node, sp.log):
            return self._log(node)
        if isinstance(node, sp.Abs | sp.sign):
            return self._sign(node)
        if isinstance(node, sp.sinh | sp.cosh):
            return self._hyperbolic(node)
        if isinstance(node, sp.tanh | sp.erf | sp.atan):
            return self._sigmoid(node)
        if isinstance(node, sp.sin | sp.cos | sp.tan):
            return self._analytic(node, self._argument(node))
        raise Undecided(f"no expansion rule for {type(node).__name__}")

    def _product(self, values: list[Value]) -> Value:
        result = Value.constant(sp.S.One)
        for value in values:
            result = times(result, value, self.keep)
        return result

    def _dominant(self, value: Value) -> sp.Expr | None:
        """The exponent of the part that exceeds all others; ``None``: the plain part does.

        A decaying part leads only where there is no plain part.
        """
        best: sp.Expr | None = None if not value.plain.is_exact_zero else sp.nan
        for exponent in value.parts:
            if best is sp.nan:
                best = exponent
                continue
            if self.point.settled(leading_of(exponent - (best or 0))) > 0:
                best = exponent
        lead = None if best is sp.nan else best
        for rest in value.ordered_rests:
            if rest == (lead or 0) or self.point.settled(leading_of(rest - (lead or 0))) > 0:
                raise Undecided("cancellation of exponentials beyond the terms kept")
        return lead

    def _argument(self, node: sp.Expr) -> Series:
        """The series of a function's argument, decaying exponentials left out (they make rests)."""
        value = self.of(node.args[0])
        for exponent in (*value.parts, *value.ordered_rests):
            if exponent == 0 or self.point.settled(leading_of(exponent)) > 0:
                raise Undecided(f"a function of the exponentially growing {node.args[0]}")
        if value.plain.is_exact_zero and (value.parts or value.rests):
            raise Undecided(f"a function of the exponentially small {node.args[0]}")
        return value.plain

    def _left_over(self, node: sp.Expr) -> frozenset[sp.Expr]:
        value = self.of(node.args[0])
        return frozenset((*value.parts, *value.rests))

    def _power(self, node: sp.Pow) -> Value:
        base, exponent = node.base, node.exp
        if exponent.free_symbols & set(self.point.values):
            return self.of(sp.exp(exponent * sp.log(base), evaluate=False))
        if not (exponent.is_number and exponent.is_comparable):
            raise Undecided(f"the exponent of {node} is a named parameter; give it a value")
        value = self.of(base)
        if exponent.is_Integer and exponent > 0:
            return self._product([value] * int(exponent))
        if value.plain.pruned().is_exact_zero:
            value = Value(Series(()), value.parts, value.rests)
        if not (value.parts or value.rests) and value.plain.is_exact_zero:
            if exponent > 0:
                return value
            raise Undefined(f"{node} divides by zero")
        return self._binomial(value, exponent, node)

    def _binomial(self, value: Value, r: sp.Expr, node: sp.Pow) -> Value:
        """(exp(E)·k + w)^r = exp(rE)·k^r·Σ_j ff(r, j)/j!·(w/(exp(E)·k))^j with the dominant part first."""
        lead = self._dominant(value)
        head = (value.plain if lead is None else value.parts[lead]).pruned()
        if not head.terms:
            raise Undecided("cancellation beyond the terms kept")
        self._never_zero(head.terms[0][1])
        if not r.is_Integer:
            self._need_positive(head, node.base, node)
        shift = lead or sp.S.Zero
        series = real_power(head, r, self.keep)
        body = Value(series) if lead is None else Value(Series(()), {sp.expand(r * shift): series})
        others = {e: s for e, s in value.all_parts.items() if e != shift}
        if not (others or value.rests):
            return body
        inverse = real_power(head, sp.S.NegativeOne, self.keep)
        unit = Value(inverse) if lead is None else Value(Series(()), {sp.expand(-shift): inverse})
        small = times(Value(others.pop(sp.S.Zero, Series(())), others, value.rests), unit, self.keep)
        total, power = [Value.constant(sp.S.One)], Value.constant(sp.S.One)
        for j in range(1, BINOMIAL + 1):
            power = times(power, small, self.keep)
            total.append(power.scaled(sp.ff(r, j) / sp.factorial(j)))
        after = times(power, small, self.keep)
        rest = Value(Series(()), {}, frozenset((*after.all_parts, *after.rests)))
        return times(body, plus([*total, rest], self.keep), self.keep)

    def _need_positive(self, series: Series, base: sp.Expr, node: sp.Expr) -> None:
        _, coefficient, _ = series.leading()
        try:
            sign = self.point.settled(coefficient)
        except Split as split:
            if self.point.is_part_of_domain(split.atom):
                raise
            raise Undefined(f"{node} where {base} is negative") from None
        if sign <= 0:
            raise Undefined(f"{node} where {base} is negative")

    def _exponential(self, argument: Series) -> Value:
        large, middle, small = argument.split()
        if any(order.power == 0 for order, _ in large.terms):
            raise Undecided("the exponential of a logarithm")
        body = taylor(lambda j: sp.exp(middle), small, self.keep)
        if not large.terms:
            return Value(body)
        return Value(Series(()), {sp.expand(large.as_expression()): body})

    def _hyperbolic(self, node: sp.Expr) -> Value:
        argument = self._argument(node)
        large, _, _ = argument.split()
        if not large.terms:
            return self._analytic(node, argument)
        up = self._exponential(argument)
        down = self._exponential(argument.scaled(sp.S.NegativeOne))
        sign = sp.S.One if isinstance(node, sp.cosh) else sp.S.NegativeOne
        return times(_HALF, plus([up, down.scaled(sign)], self.keep), self.keep)

    def _sigmoid(self, node: sp.Expr) -> Value:
        """Functions that level off, tanh, erf and atan; at infinity they are a sign and a remainder."""
        value = self.of(node.args[0])
        lead = self._dominant(value) if value.parts else None
        if lead is not None and self.point.settled(leading_of(lead)) > 0:
            return Value.constant(self._limit(node) * self._sign_of(value.parts[lead]))
        argument = self._argument(node)
        large, _, _ = argument.split()
        if not large.terms:
            return self._analytic(node, argument)
        sign = self._sign_of(large)
        if isinstance(node, sp.atan):
            # atan g = sign(g)·π/2 − atan(1/g).
            inverse = real_power(argument, sp.S.NegativeOne, self.keep)
            body = taylor(_derivatives(sp.atan, sp.S.Zero), inverse, self.keep)
            limit = Series.constant(self._limit(node) * sign)
            return Value(add([limit, body.scaled(sp.S.NegativeOne)], self.keep))
        # tanh g = sign(g) + O(exp(−2|g|)), erf g = sign(g) + O(exp(−g²)).
        order, coefficient, _ = large.leading()
        growth = 2 * sp.Abs(coefficient) * DELTA**order.power
        if isinstance(node, sp.erf):
            growth = coefficient**2 * DELTA ** (2 * order.power)
        # Half the exponent covers what is below the leading term of the argument.
        rests = {-growth / 2, *self._left_over(node)}
        return Value(Series.constant(sign), {}, frozenset(rests))

    @staticmethod
    def _limit(node: sp.Expr) -> sp.Expr:
        return sp.pi / 2 if isinstance(node, sp.atan) else sp.S.One

    def _sign_of(self, series: Series) -> sp.Expr:
        """The sign of a series, as a number or as sign(leading coefficient)."""
        _, coefficient, _ = series.leading()
        self._never_zero(coefficient)
        found = self.point.sign(coefficient)
        return {Sign.POSITIVE: sp.S.One, Sign.NEGATIVE: sp.S.NegativeOne}.get(found, sp.sign(coefficient))

    def _analytic(self, node: sp.Expr, argument: Series) -> Value:
        large, middle, small = argument.split()
        centre = sp.expand(large.as_expression() + middle)
        body = taylor(_derivatives(node.func, centre), small, self.keep)
        return Value(body, {}, self._left_over(node))

    def _log(self, node: sp.log) -> Value:
        value = self.of(node.args[0])
        if value.plain.pruned().is_exact_zero:
            value = Value(Series(()), value.parts, value.rests)
        if value.is_exact_zero:
            raise Undefined(f"{node} at 0")
        lead = self._dominant(value)
        head = (value.plain if lead is None else value.parts[lead]).pruned()
        if not head.terms:
            raise Undecided("cancellation beyond the terms kept")
        self._never_zero(head.terms[0][1])
        self._need_positive(head, node.args[0], node)
        rests = {sp.expand(e - (lead or 0)) for e in (*value.all_parts, *value.rests)} - {sp.S.Zero}
        result = logarithm(head, self.keep)
        if lead is None:
            return Value(result, {}, frozenset(rests))
        growing = Series.build(_power_terms(lead), None, self.keep)
        return Value(add([growing, result], self.keep), {}, frozenset(rests))

    def _sign(self, node: sp.Expr) -> Value:
        value = self.of(node.args[0])
        if value.plain.pruned().is_exact_zero:
            value = Value(Series(()), value.parts, value.rests)
        if value.is_exact_zero:
            return value
        lead = self._dominant(value)
        series = (value.plain if lead is None else value.parts[lead]).pruned()
        sign = self._sign_of(series)
        if isinstance(node, sp.sign):
            return Value.constant(sign)
        if sign.is_number:
            return value.scaled(sign)
        order, coefficient, rest = series.leading()
        size = Series(((order, sp.Abs(coefficient)), *rest.scaled(sign).terms), rest.tail)
        scaled = value.scaled(sign)
        if lead is None:
            return Value(size, scaled.parts, value.rests)
        return Value(scaled.plain, {**scaled.parts, lead: size}, value.rests)


def _power_terms(exponent: sp.Expr) -> list[tuple[Order, sp.Expr]]:
    """The terms c·δ^a·ℓ^b of an exponent."""
    found = []
    log = -sp.log(DELTA)
    for term in sp.Add.make_args(exponent):
        powers = term.as_powers_dict()
        power, logs = powers.get(DELTA, sp.S.Zero), powers.get(sp.log(DELTA), sp.S.Zero)
        found.append((Order(power, int(logs)), term / (DELTA**power * log**logs)))
    return found
