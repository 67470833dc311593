"""Groups of a problem: one named equation or condition, where it holds, and what it is to equal.

A group g is R_g(x) = Σ_j F^{g,j}(jets at p_j(x)) − target_g(x), see :mod:`ntk_theory.symbolic.problem`. Data
are a group with points of their own, and its targets are the numbers measured there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import sympy as sp

from ntk_theory.errors import ProblemError
from ntk_theory.symbolic import parts, soundness
from ntk_theory.symbolic.ansatz import Ansatz, Residual, residual_on
from ntk_theory.symbolic.data import Data
from ntk_theory.symbolic.jets import JetSpace
from ntk_theory.symbolic.operator import Operator


class GroupKind(StrEnum):
    """What a group constrains. Only ``VALUE`` groups form the block "b", only equations "f"."""

    EQUATION = "equation"
    VALUE = "value"
    CONDITION = "condition"


#: Names that only equations may have.
EQUATION_NAME = re.compile(r"f[0-9]*\Z")
#: A face of the domain: the coordinates that are held fixed, by variable name.
Face = Mapping[str, sp.Expr]
Interval = tuple[sp.Expr, sp.Expr]
#: An interval for some of the variables.
Box = Mapping[str, Interval]


@dataclass(frozen=True)
class Group:
    """One named constraint group.

    ``legs`` are the operators F^{g,j}; ``faces`` say where points lie. With one leg the points are
    drawn from the union of the faces (no faces: the whole domain). With two legs ``faces[j]`` is
    where leg j sits and both share the free coordinates. A value group has one leg, a field itself;
    an equation has one leg and no faces. ``where`` narrows the domain to a box. ``stated`` are the legs in
    the problem's own fields where an ansatz stands between them and the outputs: they decide the kind.
    ``data`` are measurements: their points are the group's, and ``target`` is 0. ``unsubstituted`` are the
    legs before unknown fields were put in, over a space that has these as fields too.

    Raises
    ------
    ProblemError
        The parts do not fit together; the message names the group and the part.
    """

    name: str
    kind: GroupKind
    legs: tuple[Operator, ...]
    target: sp.Expr = sp.S.Zero
    faces: tuple[Face, ...] = ()
    where: Box = field(default_factory=dict)
    stated: tuple[Operator, ...] = ()
    data: Data | None = None
    unsubstituted: tuple[Operator, ...] = ()

    def __post_init__(self) -> None:
        where = f"group {soundness.group_name(self.name)!r}"
        legs = _legs(where, self.legs)
        soundness.put(self, "kind", _kind(where, self.kind))
        soundness.put(self, "legs", legs)
        soundness.put(self, "target", soundness.coefficient(f"{where}: target", self.target, self.space))
        soundness.put(self, "faces", soundness.faces(where, self.faces, len(legs), self.space))
        soundness.put(self, "where", soundness.box(f"{where}: where", self.where, self.space))
        soundness.within(where, self.faces, self.where)
        for what in ("stated", "unsubstituted"):
            soundness.put(self, what, soundness.members(f"{where}: {what}", getattr(self, what), Operator))
        _check_kind(where, self)
        _check_data(where, self)
        if len(legs) > 1 and sp.Add(*(leg.expression for leg in legs)) == 0 and _in_one_place(self.faces):
            raise ProblemError(
                f"{where}: its legs cancel, so it says 0 = 0; put them on two faces, or change one leg"
            )

    @property
    def space(self) -> JetSpace:
        """The jet space of all legs."""
        return self.legs[0].space

    def residuals(self) -> tuple[Residual, ...]:
        """What a condition says on each of its faces, or with all its legs; proved to be 0 or not."""
        if len(self.legs) > 1:
            faces = self.faces or ({},) * len(self.legs)
            return (residual_on(self.name, self.legs, faces, self.target),)
        places = self.faces or ({},)
        return tuple(residual_on(self.name, self.legs, (face,), self.target) for face in places)

    def under(self, ansatz: Ansatz) -> Group:
        """The same group as operators of the outputs."""
        what = f"group {self.name!r}"
        legs = tuple(ansatz.operator(leg, what) for leg in self.legs)
        open_legs = tuple(ansatz.beside(leg.space).operator(leg, what) for leg in self.unsubstituted)
        return replace(self, legs=legs, stated=self.legs, unsubstituted=open_legs)

    @property
    def shown(self) -> tuple[Operator, ...]:
        """The legs as people write them: unknown fields by their names, not by their networks."""
        return self.unsubstituted or self.legs

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the domain whose fields occur; two or more make an interface condition."""
        return parts.names_of(slot for leg in self.legs for slot in leg.slots)


def _kind(where: str, kind: object) -> GroupKind:
    if isinstance(kind, str) and kind in list(GroupKind):
        return GroupKind(kind)
    raise ProblemError(f"{where}: kind is {kind!r}; it needs one of {', '.join(GroupKind)}")


def _legs(where: str, legs: object) -> tuple[Operator, ...]:
    checked = soundness.members(f"{where}: legs", legs, Operator)
    if not checked:
        raise ProblemError(f"{where} has no leg; it needs at least one operator F")
    for leg in checked:
        if leg.space != checked[0].space:
            raise ProblemError(
                f"{where} has legs over {named(checked[0].space)} and over {named(leg.space)}; "
                "all legs need one jet space"
            )
    return checked


def _check_kind(where: str, group: Group) -> None:
    if group.kind is GroupKind.CONDITION:
        return
    if len(group.legs) > 1:
        raise ProblemError(
            f"{where}: kind is {str(group.kind)!r} with {len(group.legs)} legs; "
            "only a 'condition' may have several"
        )
    if group.kind is GroupKind.VALUE and not (group.stated or group.legs)[0].is_value:
        raise ProblemError(
            f"{where}: kind is 'value' with the operator {group.legs[0].expression}; a value group holds "
            f"a field itself ({', '.join(group.space.fields)}), anything else is a 'condition'"
        )
    if group.kind is GroupKind.EQUATION and group.faces:
        raise ProblemError(
            f"{where}: kind is 'equation' with faces; an equation holds in the domain, on faces it is a "
            "'condition'"
        )


def _in_one_place(faces: tuple[Face, ...]) -> bool:
    return bool(faces) and all(face == faces[0] for face in faces)


def named(space: JetSpace) -> str:
    """Fields and variables in words."""
    return f"{', '.join(space.fields)} of {', '.join(space.variables)}"


def _check_data(where: str, group: Group) -> None:
    if group.data is None:
        return
    if not isinstance(group.data, Data):
        raise ProblemError(f"{where}: data is {group.data!r}; it needs a Data")
    if group.kind is GroupKind.EQUATION or len(group.legs) > 1 or group.faces or group.where:
        raise ProblemError(
            f"{where}: data stand at points of their own; leave out faces, where and a second leg"
        )
    if group.target != 0:
        raise ProblemError(f"{where}: target is {group.target} beside data; the data are its targets")
    if any(len(point) != group.space.dimension for point in group.data.points):
        raise ProblemError(
            f"{where}: data has points of {len(group.data.points[0])} coordinates; "
            f"it needs {group.space.dimension}, one for each of {', '.join(group.space.variables)}"
        )
