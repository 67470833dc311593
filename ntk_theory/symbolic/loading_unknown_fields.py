"""Making fields of a problem unknown: each becomes a network of its own, by exact substitution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy as sp

from ntk_theory.errors import ProblemError
from ntk_theory.symbolic.ansatz import Ansatz
from ntk_theory.symbolic.jets import JetSpace
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Group, GroupKind, Problem
from ntk_theory.symbolic.unknown_field import UnknownField, is_field, read_field
from ntk_theory.symbolic.unknowns import starts


def split_unknowns(given: object) -> tuple[object, dict[str, UnknownField]]:
    """The coefficients among unknowns as they were given, and the fields."""
    if not isinstance(given, Mapping):
        return given, {}
    fields = {str(name): read_field(str(name), entry) for name, entry in given.items() if is_field(entry)}
    return {name: entry for name, entry in given.items() if not is_field(entry)}, fields


def with_unknown_fields(problem: Problem, fields: Mapping[str, UnknownField]) -> Problem:
    """The problem of the other fields, with networks of their own in place of the unknown ones.

    Raises
    ------
    ProblemError
        A name that is no field of the problem, or no field that would be left; it is named.
    """
    if not fields:
        return problem
    if problem.construction is not None:
        raise ProblemError("unknown fields come before an ansatz; give both in the problem file")
    space = problem.space
    for name, found in fields.items():
        if name not in space.fields:
            have = ", ".join(space.fields)
            raise ProblemError(f"unknowns.{name} is no field of the problem; the fields are {have}")
        for variable in found.of:
            if variable not in space.variables:
                have = ", ".join(space.variables)
                raise ProblemError(f"unknowns.{name}: of names {variable!r}; the variables are {have}")
    left = tuple(name for name in space.fields if name not in fields)
    if not left:
        raise ProblemError("every field is unknown; a problem needs one that its network solves for")
    outputs, expressions = JetSpace(left, space.variables), {}
    members, made = dict(problem.unknowns), {}
    for name in left:
        expressions[name] = outputs.symbol(outputs.value(name))
    for name, found in fields.items():
        expressions[name], own = found.network(name, problem.domain)
        known = None if problem.solution is None else problem.solution.get(name)
        made[name] = replace(found, expression=expressions[name], members=tuple(own), solution=known)
        members |= own
    ansatz = Ansatz(space, outputs, {name: expressions[name] for name in space.fields})
    solution = {f: e for f, e in (problem.solution or {}).items() if f in left}
    return replace(
        problem,
        space=outputs,
        equations=tuple(_substituted(group, ansatz, made) for group in problem.equations),
        conditions=tuple(
            _substituted(group, ansatz, made) for group in problem.conditions if not _is_bare(group, fields)
        ),
        solution=solution or None,
        parameters={**problem.parameters, **starts(members)},
        unknowns=members,
        unknown_fields={**problem.unknown_fields, **made},
    )


def without_unknown_fields(problem: Problem) -> Problem:
    """The problem in which unknown fields are fields like others, as :func:`with_unknown_fields` takes it."""
    opened = (group.unsubstituted for group in problem.groups if group.unsubstituted)
    beside = JetSpace((*problem.fields, *problem.unknown_fields), problem.variables)
    space = next((legs[0].space for legs in opened), beside)

    def before(group: Group) -> Group:
        legs = tuple(Operator(space, leg.expression) for leg in group.shown)
        return replace(group, legs=legs, unsubstituted=())

    known = {n: f.solution for n, f in problem.unknown_fields.items() if f.solution is not None}
    members = {name for found in problem.unknown_fields.values() for name in found.members}
    return replace(
        problem,
        space=space,
        equations=tuple(map(before, problem.equations)),
        conditions=tuple(map(before, problem.conditions)),
        solution={**(problem.solution or {}), **known} or None,
        parameters={name: value for name, value in problem.parameters.items() if name not in members},
        unknowns=problem.coefficients,
        unknown_fields={},
    )


def _is_bare(group: Group, fields: Mapping[str, UnknownField]) -> bool:
    """Is it the value group that an expression gets for each field, of an unknown one?"""
    names = {slot.field for leg in group.legs for slot in leg.slots}
    has_place = bool(group.faces or group.where) or group.data is not None
    return (
        group.kind is GroupKind.VALUE and names <= set(fields) and not has_place and group.target == sp.S.Zero
    )


def _substituted(group: Group, ansatz: Ansatz, fields: Mapping[str, UnknownField]) -> Group:
    names = {slot.field for leg in group.legs for slot in leg.slots}
    known = names <= set(ansatz.outputs.fields)
    kind = group.kind if known or group.kind is not GroupKind.VALUE else GroupKind.CONDITION
    before = tuple(_without_absent(leg, fields) for leg in group.unsubstituted or group.legs)
    found = replace(group, kind=kind, unsubstituted=()).under(ansatz)
    is_open = bool(group.unsubstituted) or not known
    return replace(found, stated=(), unsubstituted=before if is_open else ())


def _without_absent(leg: Operator, fields: Mapping[str, UnknownField]) -> Operator:
    """A leg without the derivatives of unknown fields by variables that these lack: they are 0."""
    absent: dict[sp.Expr, sp.Expr] = {}
    for slot in leg.slots:
        if slot.field in fields:
            moving = {v for v, n in zip(leg.space.variables, slot.index, strict=True) if n}
            if not moving <= set(fields[slot.field].of):
                absent[leg.space.symbol(slot)] = sp.S.Zero
    return Operator(leg.space, leg.expression.xreplace(absent)) if absent else leg
