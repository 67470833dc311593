"""Problems from a dictionary or a TOML file, and back; bare problems from operators.

The keys of a problem file are those of :data:`KEYS`; the README shows one. Every text in it is
read by the closed grammar, every number is exact.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sympy as sp

from ntk_theory.errors import InputError, NTKTheoryError, ProblemError
from ntk_theory.symbolic import soundness
from ntk_theory.symbolic.grammar import parse_scalar, parse_text, render
from ntk_theory.symbolic.grammar.calculus import total_derivative
from ntk_theory.symbolic.jets import JetSpace
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.pieces import Piece
from ntk_theory.symbolic.problem import EQUATION_NAME, Face, Group, GroupKind, Problem

#: Keys of a problem file, in the order in which they are written.
KEYS = (
    "title",
    "source",
    "solution_source",
    "notes",
    "fields",
    "variables",
    "equations",
    "parameters",
    "domain",
    "solution",
    "conditions",
)
CONDITION_KEYS = ("name", "equation", "target", "on", "periodic")
#: A problem file is text of a person's size.
MAX_BYTES = 200_000


def bare_problem(
    operators: Sequence[Operator], *, name: str = "", parameters: Mapping[str, sp.Expr] | None = None
) -> Problem:
    """A problem from operators alone: one value group per field (``b``, or ``b1``, ``b2``, …)."""
    space = operators[0].space
    fields = space.fields
    values = tuple(
        Group(
            _numbered("b", k, len(fields)), GroupKind.VALUE, (Operator(space, space.symbol(space.value(f))),)
        )
        for k, f in enumerate(fields)
    )
    unit = dict.fromkeys(space.variables, (sp.S.Zero, sp.S.One))
    return Problem(
        space, _equations(operators), values, domain=unit, parameters=dict(parameters or {}), name=name
    )


def _equations(operators: Sequence[Operator]) -> tuple[Group, ...]:
    return tuple(
        Group(_numbered("f", k, len(operators)), GroupKind.EQUATION, (operator,))
        for k, operator in enumerate(operators)
    )


def _numbered(letter: str, index: int, count: int) -> str:
    return letter if count == 1 else f"{letter}{index + 1}"


def load_toml(path: str | Path, *, parameters: Mapping[str, object] | None = None) -> Problem:
    """Read a problem from a TOML file; ``parameters`` replace those in the file."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as cause:
        raise InputError(f"the problem file {path} cannot be read: {cause.strerror}") from None
    return from_toml(data.decode("utf-8", errors="replace"), name=path.stem, parameters=parameters)


def from_toml(text: str, *, name: str = "", parameters: Mapping[str, object] | None = None) -> Problem:
    """Read a problem from TOML text."""
    if len(text) > MAX_BYTES:
        raise ProblemError(f"the problem file has {len(text)} characters; it may have {MAX_BYTES}")
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as cause:
        raise ProblemError(f"the problem file is not TOML: {cause}") from None
    return from_table(table, name=name, parameters=parameters)


def from_table(
    table: Mapping[str, Any], *, name: str = "", parameters: Mapping[str, object] | None = None
) -> Problem:
    """Build a problem from the tables of its file.

    Raises
    ------
    ProblemError
        An unknown key, a wrong type, or parts that do not fit together; the key is named.
    ParseError
        A text that the grammar refuses.
    """
    return _Reader(table, name, parameters or {}).problem()


class _Reader:
    """Reads one problem table; every method reports the key at fault."""

    def __init__(self, table: Mapping[str, Any], name: str, overrides: Mapping[str, object]) -> None:
        self.table = table
        self.name = name
        self._only(table, KEYS, "the problem")
        self.values = self._parameters(overrides)

    def problem(self) -> Problem:
        equations = self._texts("equations", needed=True)
        fields, variables = self._texts("fields"), self._texts("variables")
        parsed = parse_text(
            ";".join(equations), fields=fields or None, variables=variables or None, parameters=self.values
        )
        if len(parsed.equations) != len(equations):
            raise ProblemError(
                "equations: each string must hold one equation; write several as several strings"
            )
        self.space = parsed.space
        solution = self._solution()
        operators = [Operator(self.space, e) for e in parsed.equations]
        conditions = tuple(self._condition(entry, solution) for entry in self._tables("conditions"))
        if not conditions:
            conditions = bare_problem(operators).conditions
        return Problem(
            self.space,
            _equations(operators),
            conditions,
            domain=self._domain(),
            solution=solution,
            parameters=self.values,
            name=self.name,
            title=str(self.table.get("title", "")),
            source=str(self.table.get("source", "")),
        )

    @staticmethod
    def _only(table: Mapping[str, Any], allowed: Sequence[str], where: str) -> None:
        for key in table:
            if key not in allowed:
                raise ProblemError(f"{where} has the unknown key {key!r}; it may have: {', '.join(allowed)}")

    def _texts(self, key: str, *, needed: bool = False) -> list[str]:
        value = self.table.get(key, [])
        value = [value] if isinstance(value, str) else value
        if (
            not isinstance(value, list)
            or not all(isinstance(v, str) for v in value)
            or (needed and not value)
        ):
            raise ProblemError(
                f"{key} must be a list of texts" + (" with at least one entry" if needed else "")
            )
        return value

    def _tables(self, key: str) -> list[Mapping[str, Any]]:
        value = self.table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            raise ProblemError(f"{key} must be an array of tables, [[{key}]]")
        return value

    def _mapping(self, key: str) -> Mapping[str, Any]:
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise ProblemError(f"{key} must be a table, [{key}]")
        return value

    def _parameters(self, overrides: Mapping[str, object]) -> dict[str, sp.Expr]:
        given = dict(self._mapping("parameters"))
        for key in overrides:
            if key not in given:
                have = ", ".join(given) or "none"
                raise InputError(f"parameters names {key!r}, which the problem lacks; it has: {have}")
        return {
            key: self._scalar(value, f"parameters.{key}") for key, value in {**given, **overrides}.items()
        }

    def _scalar(self, value: object, key: str, variables: Sequence[str] = ()) -> sp.Expr:
        if isinstance(value, bool) or not isinstance(value, str | int | float | sp.Expr):
            raise ProblemError(f"{key} is {value!r}; it needs a number or a text of the grammar")
        if isinstance(value, sp.Expr):
            return value
        try:
            return parse_scalar(str(value), variables=variables, parameters=getattr(self, "values", None))
        except NTKTheoryError as cause:
            raise ProblemError(f"{key}: {cause}") from None

    def _domain(self) -> dict[str, tuple[sp.Expr, sp.Expr]]:
        domain: dict[str, tuple[sp.Expr, sp.Expr]] = {}
        for variable, ends in self._mapping("domain").items():
            self._is_variable(variable, "domain")
            if not isinstance(ends, list) or len(ends) != 2:
                raise ProblemError(f"domain.{variable} is {ends!r}; it needs two ends, [low, high]")
            low, high = (self._scalar(end, f"domain.{variable}") for end in ends)
            domain[variable] = (low, high)
        return domain

    def _is_variable(self, name: str, where: str) -> None:
        if name not in self.space.variables:
            have = ", ".join(self.space.variables)
            raise ProblemError(f"{where} names {name!r}, which is not a variable; the variables are {have}")

    def _solution(self) -> dict[str, sp.Expr] | None:
        given = self._mapping("solution")
        if not given:
            return None
        read = {f: self._scalar(text, f"solution.{f}", self.space.variables) for f, text in given.items()}
        return soundness.solution(read, self.space)

    def _condition(self, entry: Mapping[str, Any], solution: Mapping[str, sp.Expr] | None) -> Group:
        self._only(entry, CONDITION_KEYS, "a condition")
        name = entry.get("name", "")
        if not isinstance(name, str) or not soundness.GROUP_NAME.match(name) or EQUATION_NAME.match(name):
            raise ProblemError(
                f"conditions: the name {name!r} will not do; it needs a lower-case letter, then letters, "
                "digits, underscores, and not f, f1, f2, …, which are the equations"
            )
        if not isinstance(entry.get("equation"), str):
            raise ProblemError(f"condition {name}: equation must be a text such as 'u = sin(x)'")
        parsed = parse_text(
            entry["equation"],
            fields=self.space.fields,
            variables=self.space.variables,
            parameters=self.values,
        )
        if len(parsed.equations) != 1:
            raise ProblemError(f"condition {name}: equation must be a single equation")
        operator, target = self._split(parsed.equations[0])
        if "target" in entry:
            target = target + self._target(entry["target"], name, operator, solution)
        if "periodic" in entry:
            return self._periodic(name, operator, target, entry)
        kind = GroupKind.VALUE if operator.is_value else GroupKind.CONDITION
        faces = self._faces(entry.get("on", []), f"condition {name}: on")
        return Group(name, kind, (operator,), target, faces)

    def _split(self, expression: sp.Expr) -> tuple[Operator, sp.Expr]:
        """F(jets) − target: the terms without any field become the target."""
        jets = {self.space.symbol(s) for s in self.space.slots_of(expression)}
        target, operator = sp.S.Zero, sp.S.Zero
        for term in sp.Add.make_args(sp.expand(expression)):
            if term.free_symbols & jets:
                operator += term
            else:
                target -= term
        return Operator(self.space, operator), target

    def _target(
        self, given: object, name: str, operator: Operator, solution: Mapping[str, sp.Expr] | None
    ) -> sp.Expr:
        if given != "solution":
            return self._scalar(given, f"condition {name}: target", self.space.variables)
        if solution is None:
            raise ProblemError(f'condition {name}: target = "solution" needs a [solution] table')
        return substitute(operator, solution)

    def _periodic(self, name: str, operator: Operator, target: sp.Expr, entry: Mapping[str, Any]) -> Group:
        if "on" in entry:
            raise ProblemError(f"condition {name} has both on and periodic; it may have one of them")
        faces = self._faces(entry["periodic"], f"condition {name}: periodic")
        if len(faces) != 2 or set(faces[0]) != set(faces[1]):
            raise ProblemError(f"condition {name}: periodic needs two faces that fix the same variables")
        back = Operator(self.space, -operator.expression)
        return Group(name, GroupKind.CONDITION, (operator, back), target, faces)

    def _faces(self, given: object, where: str) -> tuple[Face, ...]:
        given = [given] if isinstance(given, dict) else given
        if not isinstance(given, list) or not all(isinstance(f, dict) for f in given):
            raise ProblemError(f"{where} must be a list of faces such as [{{ x = 0 }}]")
        for face in given:
            for variable in face:
                self._is_variable(variable, where)
        return tuple({v: self._scalar(value, where) for v, value in face.items()} for face in given)


def substitute(operator: Operator, solution: Mapping[str, sp.Expr]) -> sp.Expr:
    """F evaluated on known functions of the variables: every slot becomes its derivative."""
    space: JetSpace = operator.space
    values = {}
    for slot in operator.slots:
        orders = [(v, n) for v, n in zip(space.variable_symbols, slot.index, strict=True) if n]
        values[space.symbol(slot)] = _derivative(solution[slot.field], orders)
    return operator.expression.xreplace(values)


def _derivative(expression: sp.Expr, orders: Sequence[tuple[sp.Symbol, int]]) -> sp.Expr:
    """The mixed partial derivative; one that would contain a delta is refused."""
    if not expression.has(sp.sign, sp.Abs, Piece):
        return sp.diff(expression, *orders) if orders else expression
    for symbol, order in orders:
        along = total_derivative(None, symbol.name)
        for _ in range(order):
            expression = along(expression)
    return expression


def to_toml(problem: Problem) -> str:
    """Write a problem as TOML that :func:`from_toml` reads back to the same problem."""
    space = problem.space
    lines = [
        f"{key} = {_quoted(value)}"
        for key, value in (("title", problem.title), ("source", problem.source))
        if value
    ]
    lines.append(f"fields = [{', '.join(map(_quoted, problem.fields))}]")
    lines.append(f"variables = [{', '.join(map(_quoted, problem.variables))}]")
    lines.append("equations = [")
    lines += [f"    {_quoted(render(g.legs[0].expression, space) + ' = 0')}," for g in problem.equations]
    lines.append("]")
    free = sorted({s.name for g in problem.groups for leg in g.legs for s in leg.parameters})
    if free:
        raise ProblemError(
            f"the parameter {free[0]} has no value, so the problem cannot be written; give it one"
        )
    if problem.domain:
        lines += ["", "[domain]"]
        lines += [f"{v} = [{_quoted(str(a))}, {_quoted(str(b))}]" for v, (a, b) in problem.domain.items()]
    if problem.solution:
        lines += ["", "[solution]"]
        lines += [f"{f} = {_quoted(render(e, space))}" for f, e in problem.solution.items()]
    for group in problem.conditions:
        lines += ["", "[[conditions]]", f"name = {_quoted(group.name)}"]
        lines.append(f"equation = {_quoted(render(group.legs[0].expression, space))}")
        if group.target != 0:
            lines.append(f"target = {_quoted(render(group.target, space))}")
        if group.faces:
            faces = ", ".join(
                "{ " + ", ".join(f"{v} = {_quoted(str(value))}" for v, value in face.items()) + " }"
                for face in group.faces
            )
            lines.append(f"{'periodic' if len(group.legs) > 1 else 'on'} = [{faces}]")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(ch if ch.isprintable() else " " for ch in escaped) + '"'
