"""Cases: what a study samples, one problem with all its numbers put in, at fixed points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.model.blocks import UNIONS
from ntk_theory.model.points import check_points, draw_points
from ntk_theory.resources import require_memory
from ntk_theory.symbolic.data import Data
from ntk_theory.symbolic.grammar import parse_scalar, parse_text, render
from ntk_theory.symbolic.jets import JetSpace
from ntk_theory.symbolic.loading_ansatz import under_ansatz
from ntk_theory.symbolic.numbers import exact
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Box, Group, GroupKind, Problem
from ntk_theory.symbolic.reading import problem as as_problem
from ntk_theory.symbolic.reading import zoo_names
from ntk_theory.symbolic.unknown_field import UnknownField, read_field
from ntk_theory.symbolic.unknowns import read_unknowns, starts, written

#: What names a problem: see :func:`ntk_theory.symbolic.problem`.
ProblemLike: TypeAlias = str | Path | Problem | Operator | sp.Basic
#: A value group has at least this many points, however many groups share them.
MIN_VALUE_POINTS = 2


@dataclass(frozen=True, eq=False)
class Case:
    """One problem of a study at its points.

    Attributes
    ----------
    label:
        The case's name within the study.
    problem:
        Without free parameters: swept values are put in.
    points:
        Group → (n, d), or (n, k, d) for k legs.
    parameters:
        The swept parameter and its exact value as text; empty where nothing is swept.
    table:
        What the case was read from, kept as it stood: SymPy may order an equal expression differently,
        and a digest must not change by being read back.
    """

    label: str
    problem: Problem
    points: Mapping[str, Floats]
    parameters: Mapping[str, str] = field(default_factory=dict)
    table: Mapping[str, Any] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.label:
            raise InputError("a case has an empty label; give each its own name")
        checked = check_points(self.problem, self.points)
        for array in checked.values():
            array.flags.writeable = False
        object.__setattr__(self, "points", checked)
        object.__setattr__(self, "parameters", {k: str(v) for k, v in self.parameters.items()})

    def to_dict(self) -> dict[str, Any]:
        """The exact description: texts of the grammar, and points bit for bit as hexadecimal floats."""
        if self.table is not None:
            return dict(self.table)
        p = self.problem if self.problem.construction is None else self.problem.construction.stated
        ansatz = self.problem.ansatz
        return {
            "label": self.label,
            "parameters": dict(self.parameters),
            "name": p.name,
            "title": p.title,
            "source": p.source,
            "fields": list(p.fields),
            "variables": list(p.variables),
            "groups": [_group_to_dict(group, p.space) for group in p.groups],
            "domain": _intervals(p.domain),
            "solution": {f: render(e, p.space) for f, e in (p.solution or {}).items()},
            "points": {name: _hexadecimal(array) for name, array in self.points.items()},
            # Only where there is one: digests of other studies stay as they are.
            **({"ansatz": ansatz.texts()} if ansatz else {}),
            **({"unknowns": written(p.unknowns)} if p.unknowns else {}),
            **({"unknown_fields": _fields_to_dict(p)} if p.unknown_fields else {}),
        }

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Case:
        """The case that :meth:`to_dict` wrote; texts are read by the closed grammar."""
        space = JetSpace(tuple(table["fields"]), tuple(table["variables"]))
        unknowns = read_unknowns(table.get("unknowns", {}))
        fields = {
            name: _field_from_dict(name, e, space) for name, e in table.get("unknown_fields", {}).items()
        }
        whole = JetSpace((*space.fields, *fields), space.variables)
        groups = [_group_from_dict(entry, space, whole, list(unknowns)) for entry in table["groups"]]
        problem = Problem(
            space,
            tuple(g for g in groups if g.kind is GroupKind.EQUATION),
            tuple(g for g in groups if g.kind is not GroupKind.EQUATION),
            domain={v: (parse_scalar(a), parse_scalar(b)) for v, (a, b) in table["domain"].items()},
            solution={f: parse_scalar(e, variables=space.variables) for f, e in table["solution"].items()}
            or None,
            name=table["name"],
            title=table["title"],
            source=table["source"],
            parameters=starts(unknowns),
            unknowns=unknowns,
            unknown_fields=fields,
        )
        points = {name: _array(entry) for name, entry in table["points"].items()}
        problem = under_ansatz(problem, table.get("ansatz"))
        return cls(table["label"], problem, points, table["parameters"], dict(table))


def make_cases(
    problems: Sequence[ProblemLike] | ProblemLike,
    *,
    points: int = 16,
    seed: int = 0,
    sweep: tuple[str, Sequence[Any]] | None = None,
) -> tuple[Case, ...]:
    """One case per problem, or per problem and value of a swept parameter.

    Parameters
    ----------
    problems:
        Zoo names, expressions, files, problems; one or several.
    points:
        For every group; the value groups share them, see :func:`point_counts`.
    seed:
        Of the drawn points; all values of a sweep get the same points.
    sweep:
        (name, values) with exact values; 0 is allowed. An expression may name the parameter freely.
    """
    wanted = [problems] if isinstance(problems, ProblemLike) else list(problems)
    if not wanted:
        raise InputError("problems is empty; it needs at least one problem")
    cases = []
    for what in wanted:
        for problem, parameters in _swept(what, sweep):
            _refuse_unknown(problem, parameters)
            _refuse_names(problem)
            ready = problem.bind(trained=True)
            counts = point_counts(ready, points)
            total = sum(counts.values())
            require_memory(8.0 * total**2, f"kernels of {total} points", "ask for fewer points")
            drawn = draw_points(ready, counts, seed)
            label = ready.name or _text_of(problem)
            if parameters and not ready.name and isinstance(what, str):
                label = " ".join(what.split())  # with its values put in, each would have another name
            if parameters:
                label += " [" + ", ".join(f"{k}={v}" for k, v in parameters.items()) + "]"
            cases.append(Case(label, ready, drawn, parameters))
    return tuple(cases)


def point_counts(problem: Problem, points: int) -> dict[str, int]:
    """Points per group: the value groups share ``points`` (at least 2 each, one per face), others get all.

    >>> point_counts(as_problem("u_t - u_xx"), 16)
    {'b': 16, 'f': 16}
    """
    if isinstance(points, bool) or not isinstance(points, int) or points < 1:
        raise InputError(f"points is {points!r}; it needs a positive number of points per block")
    values = [g for g in problem.groups if g.kind is GroupKind.VALUE]
    shares = {g.name: points // len(values) + (k < points % len(values)) for k, g in enumerate(values)}
    return {
        g.name: max(shares[g.name], MIN_VALUE_POINTS, len(g.faces)) if g.name in shares else points
        for g in problem.groups
    }


def _swept(
    what: ProblemLike, sweep: tuple[str, Sequence[Any]] | None
) -> list[tuple[Problem, dict[str, str]]]:
    if sweep is None:
        return [(as_problem(what), {})]
    name, given = sweep
    values = [exact(value, f"sweep value of {name}") for value in given]
    if not values or len(set(values)) != len(values):
        raise InputError(f"sweep has the values {list(given)} for {name!r}; it needs different numbers")
    if isinstance(what, Path) or (
        isinstance(what, str) and (what in zoo_names(benchmark=None) or what.endswith(".toml"))
    ):
        return [(as_problem(what, parameters={name: v}), {name: str(v)}) for v in values]
    # Read once with the name kept free, so that a value 0 cannot change the variables or the points.
    names: Any = [name]  # without values
    free = as_problem(what, parameters=names) if isinstance(what, str) else as_problem(what)
    if not any(name == s.name for g in free.groups for leg in g.legs for s in leg.parameters):
        raise InputError(
            f"sweep names {name!r}, which does not occur as a free parameter of {_text_of(free)!r}; "
            "use a name of its parameters"
        )
    _refuse_unknown(free, [name])
    return [(free.bind({name: v}, trained=True), {name: str(v)}) for v in values]


def _refuse_unknown(problem: Problem, swept: Iterable[str]) -> None:
    for name in swept:
        if name in problem.unknowns:
            raise InputError(f"sweep names {name!r}, which is unknown; sweep a parameter")


def _refuse_names(problem: Problem) -> None:
    """Blocks "b" and "f" are those of all values and of all equations: no other group may be called so."""
    for group in problem.groups:
        if UNIONS.get(group.name, group.kind) is not group.kind:
            raise InputError(
                f"the group {group.name!r} is a {group.kind}, but {group.name!r} stands for all "
                f"{UNIONS[group.name]} groups; rename it"
            )


def _text_of(problem: Problem) -> str:
    return problem.name or "; ".join(_open_text(g.shown[0]) for g in problem.equations)


def _group_to_dict(group: Group, space: JetSpace) -> dict[str, Any]:
    return {
        "name": group.name,
        "kind": str(group.kind),
        "legs": [render(leg.expression, space) for leg in group.legs],
        "target": render(group.target, space),
        "faces": [{v: render(end) for v, end in face.items()} for face in group.faces],
        # Only where there is one: descriptions, and their digests, of older studies stay as they are.
        **({"where": _intervals(group.where)} if group.where else {}),
        **({"data": asdict(group.data)} if group.data is not None else {}),
        **(
            {"unsubstituted": [_open_text(leg) for leg in group.unsubstituted]} if group.unsubstituted else {}
        ),
    }


def _open_text(leg: Operator) -> str:
    return render(leg.expression, leg.space)


def _fields_to_dict(problem: Problem) -> dict[str, Any]:
    return {
        name: {
            **found.written(),
            "expression": render(found.expression, problem.space),
            "members": list(found.members),
            **({} if found.solution is None else {"solution": render(found.solution, problem.space)}),
        }
        for name, found in problem.unknown_fields.items()
    }


def _field_from_dict(name: str, table: Mapping[str, Any], space: JetSpace) -> UnknownField:
    entry = dict(table)
    members, known = tuple(entry.pop("members")), entry.pop("solution", None)
    a = parse_scalar(entry.pop("expression"), variables=space.variables, parameters=list(members))
    solution = None if known is None else parse_scalar(known, variables=space.variables)
    return replace(read_field(name, entry), expression=a, members=members, solution=solution)


def _intervals(box: Box) -> dict[str, list[str]]:
    return {v: [render(end) for end in ends] for v, ends in box.items()}


def _group_from_dict(
    entry: Mapping[str, Any], space: JetSpace, whole: JetSpace, unknowns: list[str]
) -> Group:
    def read(texts: Sequence[str], over: JetSpace) -> tuple[Operator, ...]:
        names = {"fields": over.fields, "variables": over.variables, "parameters": unknowns}
        return tuple(Operator(over, parse_text(text, **names).equations[0]) for text in texts)

    legs, before = read(entry["legs"], space), read(entry.get("unsubstituted", ()), whole)
    target = parse_scalar(entry["target"], variables=space.variables, parameters=unknowns)
    faces = tuple({v: parse_scalar(end) for v, end in face.items()} for face in entry["faces"])
    where = {v: (parse_scalar(a), parse_scalar(b)) for v, (a, b) in entry.get("where", {}).items()}
    data = Data(**entry["data"]) if "data" in entry else None
    kind = GroupKind(entry["kind"])
    return Group(entry["name"], kind, legs, target, faces, where, data=data, unsubstituted=before)


def _hexadecimal(array: Floats) -> dict[str, Any]:
    return {"shape": list(array.shape), "values": [float(x).hex() for x in array.ravel()]}


def _array(entry: Mapping[str, Any]) -> Floats:
    return np.array([float.fromhex(x) for x in entry["values"]]).reshape(entry["shape"])
