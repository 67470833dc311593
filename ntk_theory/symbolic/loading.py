"""Problems from a dictionary or a TOML file; bare problems from operators.

The keys of a problem file are those of :data:`KEYS`; the documentation has a page on them. Every text in it
is read by the closed grammar, every number is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sympy as sp

from ntk_theory.errors import InputError, NTKTheoryError, ProblemError
from ntk_theory.inputs import reading
from ntk_theory.symbolic import soundness
from ntk_theory.symbolic.bare import numbered_equations, value_groups
from ntk_theory.symbolic.grammar import Parsed, parse_scalar, parse_text
from ntk_theory.symbolic.jets import JetSpace, base_of
from ntk_theory.symbolic.limits import MAX_GROUPS
from ntk_theory.symbolic.loading_ansatz import under_ansatz
from ntk_theory.symbolic.loading_data import with_data
from ntk_theory.symbolic.loading_parameters import refuse_foreign
from ntk_theory.symbolic.loading_parts import (
    EquationEntry,
    for_every_part,
    in_its_part,
    named_equations,
    parts_space,
)
from ntk_theory.symbolic.loading_places import parse_condition
from ntk_theory.symbolic.loading_toml import tables_of
from ntk_theory.symbolic.loading_unknown_fields import split_unknowns, with_unknown_fields
from ntk_theory.symbolic.on_functions import substitute
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.parts import Box, Interval, moved
from ntk_theory.symbolic.problem import EQUATION_NAME, Face, Group, GroupKind, Problem
from ntk_theory.symbolic.unknowns import read_unknowns, starts

#: Keys of a problem file, in the order in which they are written.
KEYS = (
    "title",
    "source",
    "solution_source",
    "notes",
    "benchmark",
    "fields",
    "variables",
    "equations",
    "parameters",
    "unknowns",
    "ansatz",
    "network",
    "domain",
    "solution",
    "conditions",
    "data",
)
EQUATION_KEYS = ("name", "equation", "where", "part")
#: Ways to say where a condition holds, of which it has at most one.
PLACES = ("on", "periodic", "interface")
CONDITION_KEYS = ("name", "equation", "target", *PLACES, "where")
#: A problem file is text of a person's size.
MAX_BYTES = 200_000


def load_toml(
    path: str | Path, *, parameters: Mapping[str, object] | None = None, unknowns: object = None
) -> Problem:
    """Read a problem from a TOML file; ``parameters`` and ``unknowns`` replace those in the file."""
    path = Path(path)
    try:
        with reading(path, "the problem file", MAX_BYTES) as file:
            data = file.read(MAX_BYTES)  # no more, if it grows meanwhile
    except OSError as cause:
        raise InputError(f"the problem file {path} cannot be read: {cause.strerror}") from None
    text = data.decode("utf-8", errors="replace")
    return from_toml(text, name=path.stem, parameters=parameters, folder=path.parent, unknowns=unknowns)


def from_toml(
    text: str,
    *,
    name: str = "",
    parameters: Mapping[str, object] | None = None,
    folder: Path | None = None,
    unknowns: object = None,
) -> Problem:
    """Read a problem from TOML text.

    ``name`` is the problem's, for messages and reports; ``parameters`` replace values of its parameters,
    ``unknowns`` those of the table of that name; relative paths of data start in ``folder``.
    """
    if len(text) > MAX_BYTES:
        raise ProblemError(f"the problem file has {len(text)} characters; it may have {MAX_BYTES}")
    return from_table(tables_of(text), name=name, parameters=parameters, folder=folder, unknowns=unknowns)


def from_table(
    table: Mapping[str, Any],
    *,
    name: str = "",
    parameters: Mapping[str, object] | None = None,
    folder: Path | None = None,
    unknowns: object = None,
) -> Problem:
    """Build a problem from the tables of its file; relative paths of data start in ``folder``.

    Raises
    ------
    ProblemError
        An unknown key, a wrong type, or parts that do not fit together; the key is named.
    ParseError
        A text that the grammar refuses.
    """
    stated, fields = split_unknowns(table.get("unknowns", {}))
    given, more = split_unknowns(unknowns or {})
    table = {**table, "unknowns": stated}
    bare = with_unknown_fields(_Reader(table, name, parameters or {}, given).problem(), {**fields, **more})
    return under_ansatz(with_data(bare, table.get("data"), folder), table.get("ansatz"))


class _Reader:
    """Reads one problem table; every method reports the key at fault."""

    def __init__(
        self, table: Mapping[str, Any], name: str, overrides: Mapping[str, object], unknowns: object
    ) -> None:
        self.table = table
        self.name = name
        self._only(table, KEYS, "the problem")
        self.boxes: dict[str, Box] = {}
        self.unknowns = read_unknowns(table.get("unknowns", {})) | read_unknowns(unknowns)
        self.values = self._parameters(overrides)
        #: An unknown stays a symbol in equations and conditions; elsewhere a parameter has its value.
        self.open: dict[str, sp.Expr | None] = {**self.values, **dict.fromkeys(self.unknowns)}

    def problem(self) -> Problem:
        equations = self._equations()
        solution = self._solution()
        conditions = tuple(self._condition(entry, solution) for entry in self._tables("conditions"))
        if not conditions:
            conditions = value_groups(self.space)
        return Problem(
            self.space,
            equations,
            conditions,
            domain=self._domain(),
            solution=solution,
            parameters={**self.values, **starts(self.unknowns)},
            name=self.name,
            title=str(self.table.get("title", "")),
            source=str(self.table.get("source", "")),
            benchmark=self._flag("benchmark"),
            network=self.table.get("network", {}),
            unknowns=self.unknowns,
        )

    def _flag(self, key: str) -> bool:
        value = self.table.get(key, False)
        if not isinstance(value, bool):
            raise ProblemError(f"{key} is {str(value)[:40]!r}; it needs true or false")
        return value

    def _equations(self) -> tuple[Group, ...]:
        """The equations, plain texts or tables; sets ``space``, and in ``boxes`` the places of parts."""
        given = self.table.get("equations")
        is_table = isinstance(given, list) and bool(given) and all(isinstance(e, dict) for e in given)
        tables = self._tables("equations") if is_table else []
        texts = [self._text(entry) for entry in tables] or self._texts("equations", needed=True)
        parsed = self._parsed_equations(texts)
        if not tables:
            self.space = parsed.space
            return numbered_equations([Operator(self.space, e) for e in parsed.equations])
        named = named_equations(tables)
        self.space = parts_space(parsed.space, parsed.equations, named)
        return tuple(
            self._equation(entry, expression, parsed.space)
            for entry, expression in zip(named, parsed.equations, strict=True)
        )

    def _text(self, entry: Mapping[str, Any]) -> str:
        self._only(entry, EQUATION_KEYS, "an equation")
        if not isinstance(entry.get("equation"), str):
            raise ProblemError(f"equation {entry.get('name', '')}: equation must be a text such as 'u_x = 0'")
        return str(entry["equation"])

    def _parsed_equations(self, texts: Sequence[str]) -> Parsed:
        fields, variables = self._texts("fields"), self._texts("variables")
        parsed = parse_text(
            ";".join(texts), fields=fields or None, variables=variables or None, parameters=self.open
        )
        if len(parsed.equations) != len(texts):
            raise ProblemError(
                "equations: each string must hold one equation; write several as several strings"
            )
        return parsed

    def _equation(self, entry: EquationEntry, expression: sp.Expr, space: JetSpace) -> Group:
        where = self._box(entry.where, f"equation {entry.name}: where")
        if entry.part:
            self.boxes.setdefault(entry.part, where)
        names = {name: f"{name}@{entry.part}" for name in space.fields if entry.part}
        operator = Operator(self.space, moved(expression, space, self.space, names))
        return Group(entry.name, GroupKind.EQUATION, (operator,), where=where)

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
            single = f"; [{key}] is one table" if isinstance(value, dict) else ""
            raise ProblemError(
                f"{key} must be an array of tables, [[{key}]] with double brackets at each{single}"
            )
        if len(value) > MAX_GROUPS:
            raise ProblemError(f"there are {len(value)} {key}; at most {MAX_GROUPS} are read")
        return value

    def _mapping(self, key: str) -> Mapping[str, Any]:
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise ProblemError(f"{key} must be a table, [{key}]")
        return value

    def _parameters(self, overrides: Mapping[str, object]) -> dict[str, sp.Expr]:
        given = dict(self._mapping("parameters"))
        refuse_foreign(overrides, given, "the problem")
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

    def _domain(self) -> dict[str, Interval]:
        return self._box(self._mapping("domain"), "domain")

    def _box(self, given: Mapping[str, Any], where: str) -> dict[str, Interval]:
        """Intervals by variable; ends may be texts, which see the variables so that a curve is named."""
        box: dict[str, Interval] = {}
        for variable, ends in given.items():
            self._is_variable(variable, where)
            what = f"{where}.{variable}"
            if not isinstance(ends, list) or len(ends) != 2:
                raise ProblemError(f"{what} is {ends!r}; it needs two ends, [low, high]")
            read = [self._scalar(end, what, self.space.variables) for end in ends]
            box[variable] = soundness.interval(what, read, self.space)
        return box

    def _is_variable(self, name: str, where: str) -> None:
        if name not in self.space.variables:
            have = ", ".join(self.space.variables)
            raise ProblemError(f"{where} names {name!r}, which is not a variable; the variables are {have}")

    def _solution(self) -> dict[str, sp.Expr] | None:
        given = self._mapping("solution")
        if not given:
            return None
        read = {f: self._scalar(text, f"solution.{f}", self.space.variables) for f, text in given.items()}
        return soundness.solution(for_every_part(read, self.space), self.space)

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
        where = self._box(self._inner(entry, "where", name), f"condition {name}: where")
        faces = self._faces_of(entry, name)
        operator, target = self._split(self._condition_text(entry["equation"], name, faces, where))
        if "target" in entry:
            target = target + self._target(entry["target"], name, operator, solution)
        back = (Operator(self.space, -operator.expression),) if "periodic" in entry else ()
        legs = (operator, *back)
        is_value = operator.is_value and len(legs) == 1
        group = Group(
            name, GroupKind.VALUE if is_value else GroupKind.CONDITION, legs, target, faces, where=where
        )
        if "interface" in entry and len(group.parts) < 2:
            raise ProblemError(
                f"condition {name}: interface needs the fields of two parts, such as "
                f"u@{' - u@'.join(list(self.boxes)[:2] or ['upper', 'lower'])}; it has those of "
                f"{', '.join(group.parts) or 'none'}"
            )
        return group

    def _inner(self, entry: Mapping[str, Any], key: str, name: str) -> Mapping[str, Any]:
        value = entry.get(key, {})
        if not isinstance(value, dict):
            raise ProblemError(f"condition {name}: {key} must be a table such as {{ y = [0, 1] }}")
        return value

    def _condition_text(
        self, text: str, name: str, faces: Sequence[Face], where: Mapping[str, Interval]
    ) -> sp.Expr:
        """F of a condition. A bare field of a problem in parts means that of the one part it lies in."""
        bare = [f for f in dict.fromkeys(map(base_of, self.space.fields)) if f not in self.space.fields]
        parsed = parse_condition(
            text,
            name,
            fields=(*self.space.fields, *bare),
            variables=self.space.variables,
            parameters=self.open,
        )
        if len(parsed.equations) != 1:
            raise ProblemError(f"condition {name}: equation must be a single equation")
        (expression,) = parsed.equations
        used = [slot.field for slot in parsed.space.slots_of(expression) if slot.field in bare]
        names = in_its_part(name, used, self.boxes, faces, where, self.values, self.space)
        return moved(expression, parsed.space, self.space, names)

    def _faces_of(self, entry: Mapping[str, Any], name: str) -> tuple[Face, ...]:
        """The faces of ``on``, ``periodic`` or ``interface``, of which a condition has at most one."""
        keys = [key for key in PLACES if key in entry]
        if len(keys) > 1:
            raise ProblemError(f"condition {name} has both {keys[0]} and {keys[1]}; it may have one of them")
        if not keys:
            return ()
        faces = self._faces(entry[keys[0]], f"condition {name}: {keys[0]}")
        if keys[0] == "periodic" and (len(faces) != 2 or set(faces[0]) != set(faces[1])):
            raise ProblemError(f"condition {name}: periodic needs two faces that fix the same variables")
        return faces

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

    def _faces(self, given: object, where: str) -> tuple[Face, ...]:
        given = [given] if isinstance(given, dict) else given
        if not isinstance(given, list) or not all(isinstance(f, dict) for f in given):
            raise ProblemError(f"{where} must be a list of faces such as [{{ x = 0 }}]")
        for face in given:
            for variable in face:
                self._is_variable(variable, where)
        return tuple({v: self._scalar(value, where) for v, value in face.items()} for face in given)
