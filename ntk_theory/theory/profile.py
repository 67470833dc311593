"""What the ε-calculus needs to know of one constraint group (THEORY §3) [D].

For a group g and a field i: the dominating degree of all F^g_{iα} (the hidden part carries ε² and
both groups' degrees), the degree of F^g_{i0} summed over the legs (the bias part), and whether
these vary with the jets. Nothing here knows of pairs of groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from ntk_theory.setting.output_bias import OutputBias
from ntk_theory.symbolic.asymptotics import Degree, Growth, behaviour, domain_fault
from ntk_theory.symbolic.operator import jet_dependence
from ntk_theory.symbolic.places import End, Point, expansion_point
from ntk_theory.symbolic.problem import Group
from ntk_theory.symbolic.series import Series
from ntk_theory.symbolic.zero import is_zero

#: α modulo 2 in the pinned variables.
Parity = tuple[int, ...]
_BAD = (Growth.UNDEFINED, Growth.UNDECIDED, Growth.EXPLOSIVE)


@dataclass(frozen=True)
class GroupProfile:
    """The degrees of one group for a given output bias."""

    group: Group
    bias: OutputBias

    @cached_property
    def _legs(self) -> tuple[tuple[Mapping[sp.Expr, tuple[str, bool]], sp.Expr, dict[sp.Expr, sp.Expr]], ...]:
        """Per leg: renamed slot symbols → (field, is value), F, and F_α by renamed slot symbol."""
        legs = []
        for number, operator in enumerate(self.group.legs):
            space = operator.space
            held: dict[sp.Expr, sp.Expr] = {}
            if len(self.group.legs) > 1:  # each leg sits at its own point, with its own jets
                held = {space.variable(k): v for k, v in self.group.faces[number].items()}
            names = {
                space.symbol(s): sp.Symbol(f"{space.name(s)}@{number}", real=True) for s in operator.slots
            }
            rename = {**held, **names}
            info = {names[space.symbol(s)]: (s.field, s.is_value) for s in operator.slots}
            gradient = {
                names[space.symbol(s)]: operator.gradient[s].xreplace(rename) for s in operator.support
            }
            legs.append((info, operator.expression.xreplace(rename), gradient))
        return tuple(legs)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields on which the group depends."""
        return tuple(dict.fromkeys(info[s][0] for info, _, gradient in self._legs for s in gradient))

    @cached_property
    def pinned(self) -> frozenset[str]:
        """The variables that are 0 at every point of the group (t on an initial face)."""
        faces = self.group.faces
        if not faces:
            return frozenset()
        return frozenset(v for v in faces[0] if all(is_zero(sp.S(face.get(v, 1))) for face in faces))

    def _hidden(self, field: str, pinned: frozenset[str]) -> dict[Parity, list[sp.Expr]]:
        """F_{iα} of all α and legs, by the parity of α in the pinned variables."""
        found: dict[Parity, list[sp.Expr]] = {}
        space = self.group.legs[0].space
        at = [k for k, name in enumerate(space.variables) if name in pinned]
        for operator, (_, _, gradient) in zip(self.group.legs, self._legs, strict=True):
            for slot, expression in zip(operator.support, gradient.values(), strict=True):
                if slot.field == field:
                    found.setdefault(tuple(slot.index[k] % 2 for k in at), []).append(expression)
        return found

    def _bias(self, field: str) -> sp.Expr:
        return sp.Add(
            *(g for info, _, grad in self._legs for s, g in grad.items() if info[s] == (field, True))
        )

    def _point(self, end: End) -> Point:
        points = []
        for number, (info, _, _) in enumerate(self._legs):
            values = frozenset(s for s, (_, is_value) in info.items() if is_value)
            fields = {s: name for s, (name, _) in info.items()}
            points.append(expansion_point(fields, values, end=end, start=self.bias.start, leg=number))
        merged = {k: v for p in points for k, v in p.values.items()}
        random = frozenset().union(*(p.random for p in points))
        return Point(merged, random, end, frozenset().union(*(p.constants for p in points)))

    @cached_property
    def _generic(self) -> Point:
        """ε of order one (s = 1/2): every jet is its own finite random value."""
        symbols = [s for info, _, _ in self._legs for s in info]
        return Point({s: Series.constant(s) for s in symbols}, frozenset(symbols), End.ZERO)

    def fault(self, end: End | None) -> Degree | None:
        """The degree that says F is undefined (or cannot be shown to be defined); ``None`` if all is well."""
        point = self._generic if end is None else self._point(end)
        for _, expression, _ in self._legs:
            found = domain_fault(expression, point)
            if found is not None:
                return found
        return None

    def hidden(self, field: str, end: End, pinned: frozenset[str] = frozenset()) -> Mapping[Parity, Degree]:
        """The dominating behaviour of F_{iα} over all α and legs, by parity in the pinned variables.

        A network's law does not change when the sign of one input is flipped. Hence T^∞_{αβ} = 0 where
        both points have x_k = 0 and α_k + β_k is odd, as for u against u_t at t = 0.
        """
        key = (field, end, pinned)
        if key not in self._degrees:
            point = self._point(end)
            self._degrees[key] = {
                parity: dominating((behaviour(g, point) for g in expressions), end)
                for parity, expressions in self._hidden(field, pinned).items()
            }
        return self._degrees[key]

    def output_bias(self, field: str, end: End) -> Degree:
        """The behaviour of F_{i0}, summed over the legs."""
        key = (field, end)
        if key not in self._bias_degrees:
            self._bias_degrees[key] = behaviour(self._bias(field), self._point(end))
        return self._bias_degrees[key]

    @cached_property
    def _degrees(self) -> dict[tuple[str, End, frozenset[str]], Mapping[Parity, Degree]]:
        return {}

    @cached_property
    def _bias_degrees(self) -> dict[tuple[str, End], Degree]:
        return {}

    def varies(self, field: str, pinned: frozenset[str] = frozenset()) -> Mapping[Parity, bool | None]:
        """Does any F_{iα} depend on the jets, by parity in the pinned variables?"""
        symbols = frozenset(s for info, _, _ in self._legs for s in info)
        return {
            parity: _any(jet_dependence(g, symbols) for g in expressions)
            for parity, expressions in self._hidden(field, pinned).items()
        }

    def bias_varies(self, field: str) -> bool | None:
        """Does F_{i0}, summed over the legs, depend on the jets?"""
        symbols = frozenset(s for info, _, _ in self._legs for s in info)
        return jet_dependence(self._bias(field), symbols)

    def has_bias(self, field: str) -> bool | None:
        """Is the sum of F_{i0} over the legs not identically zero?"""
        zero = is_zero(self._bias(field))
        return None if zero is None else not zero


def _any(answers: Iterable[bool | None]) -> bool | None:
    answers = list(answers)
    return True if True in answers else (None if None in answers else False)


def dominating(degrees: Iterable[Degree], end: End) -> Degree:
    """The largest of several behaviours: smallest exponent as ε → 0, largest as ε → ∞.

    Anything undefined, undecided or explosive among them is passed on, in that order.
    """
    degrees = [d for d in degrees if d.growth is not Growth.FLAT]
    for growth in _BAD:
        for degree in degrees:
            if degree.growth is growth:
                return degree
    if not degrees:
        return Degree(Growth.FLAT, is_random=False)
    sign = 1 if end is End.ZERO else -1
    best = degrees[0]
    for degree in degrees[1:]:
        ahead = sign * (degree.exponent - best.exponent)
        if ahead < 0 or (ahead == 0 and degree.logs > best.logs):
            best = degree
    tied = [d for d in degrees if d.exponent == best.exponent and d.logs == best.logs]
    flags = [d.is_random for d in tied]
    is_random = True if True in flags else (None if None in flags else False)
    random = [sign * d.random_exponent for d in degrees if d.random_exponent is not None]
    random_exponent = None
    for value in random:
        if random_exponent is None or value < random_exponent:
            random_exponent = value
    return Degree(
        Growth.POWER,
        best.exponent,
        best.logs,
        best.coefficient,
        is_random,
        None if random_exponent is None else sign * random_exponent,
        tuple(f for d in tied for f in d.leading),
        best.constants,
        best.directions,
        best.reason,
    )
