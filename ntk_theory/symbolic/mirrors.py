"""Mirror symmetries of a problem, and with them of its solution.

Let ρ be the reflection x_j → a + b − x_j of one variable's interval [a, b] and σ_i = ±1 a sign for every
field. The pair maps fields to fields, (Mu)^i(x) = σ_i u^i(ρx), and slots to slots,

    (Mu)^i_α(x) = σ_i (−1)^{α_j} u^i_α(ρx).

A problem is symmetric under M where the image of each of its statements, an equation or a condition on one
of its faces, is one of its statements again, up to the sign of both sides. Then M maps solutions to
solutions, and *if there is one solution only*, it is its own image: u^i(ρx) = σ_i u^i(x) [D]. (Of several
solutions one may lack the symmetry; where the problem states a solution, that one is looked at.) Everything
is decided exactly; what is not decided is not called a symmetry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

import sympy as sp

from ntk_theory.errors import NTKTheoryError
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Face, Group, GroupKind, Problem
from ntk_theory.symbolic.zero import is_zero

#: Problems of more fields are not searched: there are 2^m choices of signs.
MOST_FIELDS = 6


@dataclass(frozen=True)
class Mirror:
    """u^i(…, 2c − x_j, …) = σ_i u^i(…, x_j, …).

    Attributes
    ----------
    variable, centre:
        x_j and c, exact.
    signs:
        σ_i by field.
    """

    variable: str
    centre: sp.Expr
    signs: Mapping[str, int]

    def __str__(self) -> str:
        even = ", ".join(name for name, sign in self.signs.items() if sign > 0)
        odd = ", ".join(name for name, sign in self.signs.items() if sign < 0)
        told = [f"{names} {kind}" for names, kind in ((even, "even"), (odd, "odd")) if names]
        return f"{' and '.join(told)} about {self.variable} = {self.centre}"


@dataclass(frozen=True)
class _Statement:
    """Operators, each on its face, whose sum is ``target`` there."""

    legs: tuple[tuple[sp.Expr, Face], ...]
    target: sp.Expr


def mirrors(problem: Problem) -> tuple[Mirror, ...]:
    """The mirror symmetries of a problem, at most one for each variable.

    None are looked for in problems with data, unknowns, parts of the domain, narrowed places or an ansatz,
    without conditions, or with an open interval.

    >>> from ntk_theory import zoo
    >>> [str(one) for one in mirrors(zoo("burgers-shock"))]
    ['u odd about x = 0']
    >>> mirrors(zoo("kdv"))
    ()
    """
    if not _is_plain(problem):
        return ()
    try:
        bound = problem.bind()
    except NTKTheoryError:  # a parameter without a value
        return ()
    found = (next(_along(bound, name), None) for name in bound.variables if name in bound.domain)
    return tuple(one for one in found if one is not None)


def halved(problem: Problem, mirror: Mirror) -> Problem:
    """The problem on x_j ≥ c, whose solution, continued by the mirror, is that of the problem.

    Conditions stay where they lie on this side. A periodic pair across the mirror, e_1(a) + e_2(b) = g, has
    both legs at b, where the first is that of the image; where they cancel it holds by itself. On the mirror

        u^i_α = 0 for α = k e_j with σ_i (−1)^k = −1, k below the order of field i in x_j in the equations

    (conditions ``mirror_i_k``): by them the continued solution is as smooth as the equations need [D].

    >>> from ntk_theory import zoo
    >>> half = halved(zoo("burgers-shock"), *mirrors(zoo("burgers-shock")))
    >>> [group.name for group in half.groups], half.domain["x"]
    (['initial', 'ends', 'mirror_u_0', 'f'], (0, 1))
    """
    name, space = mirror.variable, problem.space
    image = _Image(problem, mirror)
    conditions = [g for g in (_near(group, image) for group in problem.conditions) if g is not None]
    axis, at = space.variables.index(name), {name: mirror.centre}
    for field in space.fields:
        orders = [s.index[axis] for g in problem.equations for s in g.legs[0].slots if s.field == field]
        for k in range(max(orders, default=0)):
            if mirror.signs[field] * (-1) ** k > 0:
                continue
            operator = Operator(space, space.symbol(space.slot(field, **{name: k})))
            kind = GroupKind.CONDITION if k else GroupKind.VALUE
            conditions.append(
                Group(_free(problem, f"mirror_{field.lower()}_{k}"), kind, (operator,), faces=(at,))
            )
    _, high = problem.domain[name]
    return replace(
        problem, conditions=tuple(conditions), domain={**problem.domain, name: (mirror.centre, high)}
    )


def _near(group: Group, image: _Image) -> Group | None:
    """What a condition says on this side of the mirror; ``None``: nothing that is not said elsewhere."""
    name, centre = image.mirror.variable, image.mirror.centre
    bound = [
        bind(sp.S(face[name]), image.problem.parameters) if name in face else None for face in group.faces
    ]
    near = [at is None or (at - centre).is_nonnegative for at in bound]
    if len(group.legs) == 1:
        faces = tuple(face for face, kept in zip(group.faces, near, strict=True) if kept)
        return replace(group, faces=faces) if faces or not group.faces else None
    if all(near):
        return group
    if not any(near):
        return None
    expressions = [
        leg.expression if kept else image.expression(leg.expression, leg.slots)
        for leg, kept in zip(group.legs, near, strict=True)
    ]
    both = sp.expand(sp.Add(*expressions))
    if both == 0:
        return None
    factor, total = both.as_coeff_Mul()
    face = next(face for face, kept in zip(group.faces, near, strict=True) if kept)
    operator = Operator(group.space, total)
    kind = GroupKind.VALUE if operator.is_value else GroupKind.CONDITION
    return Group(group.name, kind, (operator,), sp.S(group.target) / factor, (face,))


def _free(problem: Problem, name: str) -> str:
    """The name, or a longer one that no group has."""
    taken = {group.name for group in problem.groups}
    while name in taken:
        name += "_"
    return name


def _is_plain(problem: Problem) -> bool:
    if problem.construction is not None or problem.unknowns or problem.unknown_fields or problem.parts:
        return False
    if not problem.conditions or len(problem.fields) > MOST_FIELDS:
        return False
    return all(group.data is None and not group.where for group in problem.groups)


def _along(problem: Problem, name: str) -> Iterator[Mirror]:
    low, high = map(sp.S, problem.domain[name])
    if not (low.is_finite and high.is_finite):
        return
    said = [one for group in problem.groups for one in _statements(group)]
    for signs in product((1, -1), repeat=len(problem.fields)):
        mirror = Mirror(name, (low + high) / 2, dict(zip(problem.fields, signs, strict=True)))
        image = _Image(problem, mirror)
        if (
            all(any(_is_same(image.of(one), other, image) for other in said) for one in said)
            and image.keeps()
        ):
            yield mirror


def _statements(group: Group) -> list[_Statement]:
    expressions = [leg.expression for leg in group.legs]
    if len(expressions) > 1:
        faces = group.faces or ({},) * len(expressions)
        return [_Statement(tuple(zip(expressions, faces, strict=True)), sp.S(group.target))]
    return [_Statement(((expressions[0], face),), sp.S(group.target)) for face in group.faces or ({},)]


class _Image:
    """What a mirror makes of expressions, faces and statements."""

    def __init__(self, problem: Problem, mirror: Mirror) -> None:
        self.problem, self.mirror, space = problem, mirror, problem.space
        self.axis = space.variables.index(mirror.variable)
        symbol = space.variable(mirror.variable)
        self.moved = {symbol: 2 * mirror.centre - symbol}

    def expression(self, given: sp.Expr, slots: tuple[Slot, ...]) -> sp.Expr:
        """F(x, u) → F(ρx, Mu)."""
        space = self.problem.space
        signs = {slot: self.mirror.signs[slot.field] * (-1) ** slot.index[self.axis] for slot in slots}
        turned = {space.symbol(slot): -space.symbol(slot) for slot, sign in signs.items() if sign < 0}
        return given.xreplace({**self.moved, **turned})

    def face(self, face: Face) -> Face:
        """The face on the other side."""
        name = self.mirror.variable
        return {key: 2 * self.mirror.centre - sp.S(at) if key == name else at for key, at in face.items()}

    def of(self, one: _Statement) -> _Statement:
        """The statement about the image."""
        space = self.problem.space
        legs = []
        for expression, face in one.legs:
            legs.append((self.expression(expression, space.slots_of(expression)), self.face(face)))
        return _Statement(tuple(legs), one.target.xreplace(self.moved))

    def keeps(self) -> bool:
        """Does the stated solution have the symmetry?"""
        known = self.problem.solution
        return known is None or all(
            is_zero(sp.S(u).xreplace(self.moved) - self.mirror.signs[name] * sp.S(u)) is True
            for name, u in known.items()
        )


def _is_same(one: _Statement, other: _Statement, image: _Image) -> bool:
    """Do two statements say the same, up to the sign of both sides?"""
    if len(one.legs) != len(other.legs):
        return False
    space, left = image.problem.space, list(other.legs)
    pairs: list[tuple[sp.Expr, sp.Expr, Face]] = []
    for expression, face in one.legs:
        match = next((leg for leg in left if _is_same_face(leg[1], face)), None)
        if match is None:
            return False
        left.remove(match)
        pairs.append((expression, match[0], face))
    for sign in (1, -1):
        rests = [(a - sign * b, face) for a, b, face in pairs]
        if len(pairs) == 1:  # operator and target may trade terms
            ((rest, face),) = rests
            rests = [(rest - one.target + sign * other.target, face)]
        else:
            rests.append((one.target - sign * other.target, {}))
        held = [
            rest.xreplace({space.variable(name): sp.S(at) for name, at in face.items()})
            for rest, face in rests
        ]
        if all(is_zero(rest) is True for rest in held):
            return True
    return False


def _is_same_face(one: Face, other: Face) -> bool:
    return one.keys() == other.keys() and all(is_zero(sp.S(one[n]) - sp.S(other[n])) is True for n in one)
