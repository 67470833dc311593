"""Problems: named constraint groups (equations and conditions), a domain, a known solution.

A group g is R_g(x) = Σ_j F^{g,j}(jets at p_j(x)) − target_g(x). An ordinary group has one leg; a
periodic pair has two, u(p_1) − u(p_2). Equations on parts of the domain have outputs of their own
(:mod:`ntk_theory.symbolic.parts`); an interface condition is an operator in the fields of two parts.

Groups and problems check themselves wherever they are made: read from a file, built by hand, or copied
with a change. What the rest of the package takes for granted (unique names, legs of one space, faces that
match legs, intervals of positive length, …) is proved here once, see :mod:`ntk_theory.symbolic.soundness`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp

from ntk_theory.errors import InputError, ProblemError
from ntk_theory.shown import Brief, Shown
from ntk_theory.symbolic import network_table, parts, soundness
from ntk_theory.symbolic.ansatz import Ansatz, Residual
from ntk_theory.symbolic.grammar.render import render
from ntk_theory.symbolic.group import EQUATION_NAME, Box, Face, Group, GroupKind, Interval, named
from ntk_theory.symbolic.jets import JetSpace, part_of
from ntk_theory.symbolic.numbers import bind, unvalued
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.unknown_field import UnknownField
from ntk_theory.symbolic.unknowns import Unknown, check_unknowns

__all__ = ["EQUATION_NAME", "Box", "Construction", "Face", "Group", "GroupKind", "Interval", "Problem"]


@dataclass(frozen=True)
class Construction:
    """How a problem in the outputs of a network came from the ``stated`` one, in its own fields.

    ``met`` are the conditions (and equations) that hold by construction, face by face; ``left`` what is left
    of the other conditions.
    """

    stated: Problem
    ansatz: Ansatz
    met: tuple[Residual, ...]
    left: tuple[Residual, ...]


@dataclass(frozen=True, repr=False)
class Problem(Shown):
    """A named PDE problem. Conditions come first, in declared order, then the equations.

    ``network`` is the table ``[network]`` of its file, which only the command line reads. With an ansatz
    (``construction``) ``space`` is that of the outputs, and ``solution`` is in :attr:`solved`. ``unknowns``
    are the parameters that are trained; their values in ``parameters`` are where they start. A ``benchmark``
    is a problem whose data others use, too.

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
    benchmark: bool = False
    construction: Construction | None = None
    network: Mapping[str, Any] = field(default_factory=dict)
    unknowns: Mapping[str, Unknown] = field(default_factory=dict)
    unknown_fields: Mapping[str, UnknownField] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.space, JetSpace):
            raise ProblemError(f"space is {self.space!r}; a problem needs a JetSpace(fields, variables)")
        for what in ("equations", "conditions"):
            soundness.put(self, what, soundness.members(what, getattr(self, what), Group))
        for what in ("name", "title", "source"):
            soundness.text(what, getattr(self, what))
        soundness.put(self, "domain", soundness.box("domain", self.domain, self.space))
        soundness.put(self, "solution", soundness.solution(self.solution, self.solved))
        soundness.put(self, "parameters", soundness.parameters(self.parameters, self.space))
        soundness.put(self, "network", network_table.checked(self.network, self.space.variables))
        _check_groups(self)
        check_unknowns(self)

    def brief(self) -> Brief:
        """One row per group: where it holds, and its residual."""
        rows = []
        for group in self.groups:
            residual = " and ".join(render(leg.expression, leg.space) for leg in group.shown)
            faces = "; ".join(
                ", ".join(f"{name} = {at}" for name, at in face.items()) for face in group.faces if face
            )
            rows.append((group.name, faces or "the domain", residual))
        box = ", ".join(f"{low} < {name} < {high}" for name, (low, high) in self.domain.items())
        values = ", ".join(f"{name} = {value}" for name, value in self.parameters.items())
        notes = tuple(line for line in (box, values, self.source) if line)
        return Brief(self.title or self.name or "problem", ("group", "where", "residual"), tuple(rows), notes)

    @property
    def ansatz(self) -> Ansatz | None:
        """The problem's fields in terms of the network's outputs; ``None``: they are the outputs."""
        return None if self.construction is None else self.construction.ansatz

    @property
    def solved(self) -> JetSpace:
        """The problem's own fields, in which solutions, errors and pictures are given."""
        return self.space if self.construction is None else self.construction.ansatz.stated

    @property
    def outputs(self) -> tuple[str, ...]:
        """The network's outputs; without an ansatz the fields themselves."""
        return self.space.fields

    @property
    def met_by_construction(self) -> tuple[str, ...]:
        """Names of the groups of which nothing is left under the ansatz."""
        if self.construction is None:
            return ()
        kept = {group.name for group in self.groups}
        return tuple(g.name for g in self.construction.stated.groups if g.name not in kept)

    def with_ansatz(self, ansatz: Ansatz) -> Problem:
        """The problem of the network's outputs: every operator substituted, what then holds dropped."""
        if ansatz.stated != self.space:
            raise ProblemError(
                f"the ansatz is for {named(ansatz.stated)}, the problem over {named(self.space)}"
            )
        met: list[Residual] = []
        left: list[Residual] = []
        equations = [g for g in map(_kept(ansatz, met, []), self.equations) if g is not None]
        conditions = [g for g in map(_kept(ansatz, met, left), self.conditions) if g is not None]
        if not equations:
            raise ProblemError("the ansatz meets every equation by construction; no residual is left")
        made = Construction(self, ansatz, tuple(met), tuple(left))
        return replace(
            self,
            space=ansatz.outputs,
            equations=tuple(equations),
            conditions=tuple(conditions),
            construction=made,
        )

    @property
    def coefficients(self) -> dict[str, Unknown]:
        """The unknowns that are numbers by themselves, and not part of an unknown field."""
        members = {name for found in self.unknown_fields.values() for name in found.members}
        return {name: unknown for name, unknown in self.unknowns.items() if name not in members}

    def names_of(self, unknowns: Iterable[str]) -> list[str]:
        """Unknowns as people call them: a field once, as a(x), for all of its numbers."""
        whose = {m: f"{n}({', '.join(f.of)})" for n, f in self.unknown_fields.items() for m in f.members}
        return list(dict.fromkeys(whose.get(name, name) for name in unknowns))

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

    def bind(self, values: Mapping[str, object] | None = None, *, trained: bool = False) -> Problem:
        """The problem with every named parameter replaced by its value, in operators, targets and places.

        Parameters
        ----------
        values:
            Numbers that go before the problem's own; a float keeps its binary value, others are exact.
        trained:
            Leave the unknowns as they are; else they become numbers, those where they start.

        Raises
        ------
        InputError
            A parameter has no value, or a value is not a number.
        """
        given = {**self.parameters, **(values or {})}
        kept = self.unknowns if trained else {}
        for name in {**(values or {})} if trained else ():
            if name in kept:
                raise InputError(f"{name!r} is unknown and has no value; give the unknowns another start")
        if self.construction is not None:
            stated = self.construction.stated.bind(values, trained=trained)
            return stated.with_ansatz(self.construction.ansatz.bind(given))

        def box(ends: Box) -> dict[str, Interval]:
            return {v: (bind(sp.S(a), given), bind(sp.S(b), given)) for v, (a, b) in ends.items()}

        return replace(
            self,
            equations=tuple(_bound(group, given, box(group.where), kept) for group in self.equations),
            conditions=tuple(_bound(group, given, box(group.where), kept) for group in self.conditions),
            domain=box(self.domain),
            solution=self.solution and {f: bind(e, given) for f, e in self.solution.items()},
            unknowns=kept,
            unknown_fields=self.unknown_fields if trained else {},
        )

    def place_of(self, name: str) -> dict[str, Interval]:
        """Where a field is defined: the domain, or the box of its part."""
        return parts.narrowed(self.domain, self.parts.get(part_of(name), {}), self.parameters)


def _kept(ansatz: Ansatz, met: list[Residual], left: list[Residual]) -> Callable[[Group], Group | None]:
    """Group → what of it is left under the ansatz, ``None`` if nothing; notes both."""

    def kept(group: Group) -> Group | None:
        found = group.under(ansatz)
        if group.data is not None:
            return found  # what was measured is met by no construction
        residuals = found.residuals()
        met.extend(r for r in residuals if r.is_met)
        remaining = [r for r in residuals if not r.is_met]
        left.extend(remaining)
        if not remaining:
            return None
        if group.kind is GroupKind.EQUATION and remaining[0].is_fixed:
            raise ProblemError(
                f"the ansatz leaves no output in the equation {group.name!r}, but {remaining[0].text}"
            )
        if len(remaining) == len(residuals):
            return found
        return replace(found, faces=tuple(r.faces[0] for r in remaining))

    return kept


def _bound(group: Group, given: Mapping[str, object], where: Box, unknowns: Mapping[str, Unknown]) -> Group:
    values = {name: value for name, value in given.items() if name not in unknowns}
    legs = tuple(Operator(leg.space, bind(leg.expression, values)) for leg in group.legs)
    kept = group.unsubstituted if unknowns else ()
    open_legs = tuple(Operator(leg.space, bind(leg.expression, values)) for leg in kept)
    free = [s.name for leg in legs for s in leg.parameters if s.name not in unknowns]
    if free:
        raise InputError(unvalued(f"group {group.name!r}", free))
    faces = tuple({v: bind(sp.S(end), values) for v, end in face.items()} for face in group.faces)
    target = bind(sp.S(group.target), values)
    return replace(group, legs=legs, target=target, faces=faces, where=where, unsubstituted=open_legs)


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
                f"group {group.name!r} is over {named(group.space)} and the problem over "
                f"{named(problem.space)}; both need one jet space"
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
