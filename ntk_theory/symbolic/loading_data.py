"""Reading data: tables ``[[data]]`` of a problem file, or of a call, become groups of the problem.

[[data]]
name = "probes"            # the group's name, default "data"
file = "probes.csv"        # or .npz, beside the problem file; or: values = { x = [...], u = [...] }
observe = "u"              # what was measured: a field, or an operator such as "u_x"; its column's name
sigma = "sigma"            # the column of standard deviations, or one number; default: unknown, and equal
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import sympy as sp

from ntk_theory.errors import ParseError, ProblemError
from ntk_theory.symbolic import soundness
from ntk_theory.symbolic.bare import value_groups
from ntk_theory.symbolic.columns import given_columns, read_columns
from ntk_theory.symbolic.data import Data
from ntk_theory.symbolic.grammar import parse_text, render
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Group, GroupKind, Problem

DATA_KEYS = ("name", "file", "values", "observe", "sigma")
#: A point on the edge of the domain may lie outside by rounding, in units of the edge's length.
SLACK = 1e-12


def with_data(problem: Problem, given: object, folder: Path | None = None) -> Problem:
    """The problem with one more group for each table of data; they replace the stand-in for no conditions.

    Parameters
    ----------
    problem:
        In its own fields; an ansatz comes after the data.
    given:
        One table or a list of them, see the top of this module; ``None``: no data.
    folder:
        Where relative paths start; default the working directory.

    Raises
    ------
    InputError
        A file cannot be read.
    ProblemError
        A table that does not fit: the key is named, or the file, row and column.
    """
    if given is None:
        return problem
    if problem.construction is not None:
        raise ProblemError("data comes before an ansatz; give both in one call, or both in the problem file")
    tables = [given] if isinstance(given, Mapping) else given
    if not isinstance(tables, Sequence) or not all(isinstance(table, Mapping) for table in tables):
        raise ProblemError(f"data is {str(given)[:60]!r}; it must be an array of tables, [[data]]")
    groups = tuple(_group(problem, table, folder) for table in tables)
    # A problem without conditions has a value group for every field in their place: now there are data.
    stands_in = problem.conditions == value_groups(problem.space)
    return replace(problem, conditions=groups if stands_in else (*problem.conditions, *groups))


def data_lines(group: Group) -> list[str]:
    """The group as a table that :func:`with_data` reads back to the same group."""
    data, space = group.data, group.space
    assert data is not None
    text = render(group.legs[0].expression, space)
    columns = dict(zip(space.variables, zip(*data.points, strict=True), strict=True)) | {text: data.targets}
    sigma = [] if data.sigma is None else ['sigma = "sigma"']
    if data.sigma is not None:
        columns["sigma"] = data.sigma
    inside = ", ".join(f'"{name}" = [{", ".join(map(repr, column))}]' for name, column in columns.items())
    head = ["[[data]]", f'name = "{group.name}"', f'observe = "{text}"', *sigma]
    return [*head, f"values = {{ {inside} }}"]


def _group(problem: Problem, table: Mapping[str, Any], folder: Path | None) -> Group:
    for key in table:
        if key not in DATA_KEYS:
            raise ProblemError(f"data has the unknown key {key!r}; it may have: {', '.join(DATA_KEYS)}")
    name = soundness.group_name(table.get("name", "data"))
    operator, column = _observed(problem, table.get("observe"), name)
    data = _data(problem, table, name, column, folder)
    kind = GroupKind.VALUE if operator.is_value else GroupKind.CONDITION
    return Group(name, kind, (operator,), data=data)


def _observed(problem: Problem, given: object, name: str) -> tuple[Operator, str]:
    if given is None and len(problem.fields) == 1:
        given = problem.fields[0]
    if not isinstance(given, str):
        raise ProblemError(
            f"data {name}: observe is {given!r}; it needs a field or an operator as a text, such as "
            f"{problem.fields[0]!r}"
        )
    if "=" in given:
        raise ProblemError(f"data {name}: observe is {given!r}; it needs an operator alone, without =")
    try:
        parsed = parse_text(
            given, fields=problem.fields, variables=problem.variables, parameters=dict(problem.parameters)
        )
    except ParseError as fault:  # whose advice is for equations: that a new name may be declared
        raise ParseError(
            f"data {name}: observe is {given!r}: {fault.message}",
            text=fault.text,
            position=fault.position,
            expected=f"a field ({', '.join(problem.fields)}) or an operator of the fields, such as "
            f"{problem.fields[0]}_{problem.variables[0]}",
            suggestion=fault.suggestion,
        ) from None
    if len(parsed.equations) != 1 or not parsed.space.slots_of(parsed.equations[0]):
        raise ProblemError(f"data {name}: observe is {given!r}; it needs one operator of the fields")
    return Operator(problem.space, parsed.equations[0]), given


def _data(problem: Problem, table: Mapping[str, Any], name: str, column: str, folder: Path | None) -> Data:
    if ("file" in table) == ("values" in table):
        raise ProblemError(f"data {name} needs either file or values; it has {', '.join(table) or 'nothing'}")
    sigma = table.get("sigma")
    if isinstance(sigma, bool) or not isinstance(sigma, str | int | float | None):
        raise ProblemError(f"data {name}: sigma is {sigma!r}; it needs the name of a column, or a number")
    wanted = [*problem.variables, column, *([sigma] if isinstance(sigma, str) else [])]
    if "file" in table:
        if not isinstance(table["file"], str | Path):
            raise ProblemError(f"data {name}: file is {table['file']!r}; it needs a path")
        path = (folder or Path()) / table["file"]
        source, columns = f"the data file {path}", read_columns(path, wanted)
    else:
        if not isinstance(table["values"], Mapping):
            raise ProblemError(
                f"data {name}: values is {str(table['values'])[:40]!r}; it needs a table of columns"
            )
        source = f"data {name}"
        columns = given_columns(source, table["values"], wanted)
    lengths = {key: len(values) for key, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ProblemError(f"{source} has columns of different lengths: {lengths}; make them equal")
    _check_inside(problem, source, columns)
    points = tuple(zip(*(columns[v] for v in problem.variables), strict=True))
    sigmas = columns[sigma] if isinstance(sigma, str) else None
    if isinstance(sigma, int | float):
        sigmas = (float(sigma),) * len(points)
    return Data(points, columns[column], sigmas, source)


def _check_inside(problem: Problem, source: str, columns: Mapping[str, Sequence[float]]) -> None:
    for variable, ends in problem.domain.items():
        low, high = (_end(problem, end) for end in ends)
        if low is None or high is None:
            continue  # an end without a value: it is asked for where points are drawn
        slack = SLACK * (high - low)
        for row, value in enumerate(columns[variable], 1):
            if not low - slack <= value <= high + slack:
                raise ProblemError(
                    f"{source}, row {row}, column {variable!r}: {value:g} lies outside of domain.{variable} "
                    f"= [{low:g}, {high:g}]; widen the domain, or leave the row out"
                )


def _end(problem: Problem, end: sp.Expr) -> float | None:
    bound = bind(sp.S(end), problem.parameters)
    return None if bound.free_symbols else float(bound)
