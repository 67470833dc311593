"""Problems: named constraint groups (equations and conditions), a domain, a known solution.

A group g is R_g(x) = Σ_j F^{g,j}(jets at p_j(x)) − target_g(x). An ordinary group has one leg; a
periodic pair has two, u(p_1) − u(p_2). Equations on parts of the domain have outputs of their own
(:mod:`ntk_theory.symbolic.parts`); an interface condition is an operator in the fields of two parts.

Groups and problems check themselves wherever they are made: read from a file, built by hand, or copied
with a change. What the rest of the package takes for granted (unique names, legs of one space, faces that
match legs, intervals of positive length, …) is proved here once, see :mod:`ntk_theory.symbolic.soundness`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import sympy as sp

from ntk_theory.errors import ProblemError
from ntk_theory.symbolic import parts, soundness
from ntk_theory.symbolic.jets import JetSpace, part_of
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
    an equation has one leg and no faces. ``where`` narrows the domain to a box.

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

    def __post_init__(self) -> None:
        where = f"group {soundness.group_name(self.name)!r}"
        legs = _legs(where, self.legs)
        soundness.put(self, "kind", _kind(where, self.kind))
        soundness.put(self, "legs", legs)
        soundness.put(self, "target", soundness.coefficient(f"{where}: target", self.target, self.space))
        soundness.put(self, "faces", soundness.faces(where, self.faces, len(legs), self.space))
        soundness.put(self, "where", soundness.box(f"{where}: where", self.where, self.space))
        soundness.within(where, self.faces, self.where)
        _check_kind(where, self)
        if len(legs) > 1 and sp.Add(*(leg.expression for leg in legs)) == 0 and _in_one_place(self.faces):
            raise ProblemError(
                f"{where}: its legs cancel, so it says 0 = 0; put them on two faces, or change one leg"
            )

    @property
    def space(self) -> JetSpace:
        """The jet space of all legs."""
        return self.legs[0].space

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the domain whose fields occur; two or more make an interface condition."""
        return parts.names_of(slot for leg in self.legs for slot in leg.slots)


@dataclass(frozen=True)
class Problem:
    """A named PDE problem. Conditions come first, in declared order, then the equations.

    Raises
    ------
    ProblemError
        The parts do not fit together; the message names the part.
    """

    space: JetSpace
    equations: tuple[Group, ...]
    conditions: tuple[Group, ...] = ()
    domain: Mapping[str, tuple[sp.Expr, sp.Expr]] = field(default_factory=dict)
    solution: Mapping[str, sp.Expr] | None = None
    parameters: Mapping[str, sp.Expr] = field(default_factory=dict)
    name: str = ""
    title: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.space, JetSpace):
            raise ProblemError(f"space is {self.space!r}; a problem needs a JetSpace(fields, variables)")
        for what in ("equations", "conditions"):
            soundness.put(self, what, soundness.members(what, getattr(self, what), Group))
        for what in ("name", "title", "source"):
            soundness.text(what, getattr(self, what))
        soundness.put(self, "domain", soundness.box("domain", self.domain, self.space))
        soundness.put(self, "solution", soundness.solution(self.solution, self.space))
        soundness.put(self, "parameters", soundness.parameters(self.parameters, self.space))
        _check_groups(self)

    @property
    def groups(self) -> tuple[Group, ...]:
        """All groups: conditions, then equations."""
        return self.conditions + self.equations

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the independent variables; point columns follow this order."""
        return self.space.variables

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields."""
        return self.space.fields

    @property
    def parts(self) -> dict[str, Box]:
        """The box of every part of the domain that has equations and fields of its own."""
        return parts.boxes(
            [(group.name, group.legs[0].slots, group.where) for group in self.equations], self.space
        )

    def place(self, group: Group, values: Mapping[str, sp.Expr] | None = None) -> dict[str, Interval]:
        """Where the points of a group lie: the domain, narrowed to its parts and its own ``where``.

        ``values`` of named parameters, by which ends are compared, go before the problem's own.
        """
        boxes = self.parts
        found = dict(self.domain)
        for box in (*(boxes[part] for part in group.parts), group.where):
            found = parts.narrowed(found, box, {**self.parameters, **(values or {})})
        return found

    def place_of(self, name: str) -> dict[str, Interval]:
        """Where a field is defined: the domain, or the box of its part."""
        return parts.narrowed(self.domain, self.parts.get(part_of(name), {}), self.parameters)


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
                f"{where} has legs over {_named(checked[0].space)} and over {_named(leg.space)}; "
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
    if group.kind is GroupKind.VALUE and not group.legs[0].is_value:
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


def _named(space: JetSpace) -> str:
    return f"{', '.join(space.fields)} of {', '.join(space.variables)}"


def _check_groups(problem: Problem) -> None:
    if not problem.equations:
        raise ProblemError("equations is empty; a problem needs at least one equation")
    soundness.distinct("conditions and equations", [group.name for group in problem.groups])
    for group in problem.equations:
        _check_place(group, "equations", group.kind is GroupKind.EQUATION, group.name != "b")
    for group in problem.conditions:
        is_free = not EQUATION_NAME.match(group.name)
        _check_place(group, "conditions", group.kind is not GroupKind.EQUATION, is_free)
    for group in problem.groups:
        if group.space != problem.space:
            raise ProblemError(
                f"group {group.name!r} is over {_named(group.space)} and the problem over "
                f"{_named(problem.space)}; both need one jet space"
            )
        soundness.within(f"group {group.name!r}", group.faces, problem.domain)
    parts.check_apart(problem.parts, problem.domain, problem.parameters)
    for group in problem.groups:
        _check_left(problem, group)


def _check_left(problem: Problem, group: Group) -> None:
    """Every face of a group meets its parts and its ``where``."""
    place = problem.place(group)
    for face in group.faces or ({},):
        if (name := parts.is_empty(place, face, problem.parameters)) is not None:
            at = f"on its face at {name} = {face[name]}" if name in face else f"along {name}"
            whose = f" of the parts {', '.join(group.parts)}" if group.parts else ""
            raise ProblemError(
                f"group {group.name!r} has no place left {at}: {parts.shown(place)}{whose}; "
                "its faces and its where must meet the parts whose fields it contains"
            )


def _check_place(group: Group, among: str, is_kind: bool, is_free: bool) -> None:
    if not is_kind:
        raise ProblemError(
            f"group {group.name!r}: kind is {str(group.kind)!r} and it stands among the {among}; "
            "equations hold the kind 'equation', conditions the kinds 'value' and 'condition'"
        )
    if not is_free:
        raise ProblemError(
            f"{among}: the name {group.name!r} will not do; f, f1, f2, … are the equations "
            "and b is the union of the value groups"
        )
