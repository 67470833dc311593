"""The zoo's files, read with tomllib, and a small evaluator in mpmath: the oracle of the zoo's tests.

It shares the grammar with the package and nothing else: neither the loader nor the array programs.
"""

import random
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import mpmath
import sympy as sp

import ntk_theory
from ntk_theory.symbolic.grammar import parse_scalar, parse_text
from ntk_theory.symbolic.jets import JetSpace, Slot

FOLDER = Path(ntk_theory.__file__).parent / "symbolic" / "zoo"

Point = Mapping[sp.Symbol, Any]

# --- the evaluator -------------------------------------------------------------------------

FUNCTIONS = {
    "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan, "sinh": mpmath.sinh, "cosh": mpmath.cosh,
    "tanh": mpmath.tanh, "exp": mpmath.exp, "log": mpmath.log, "Abs": abs, "sign": mpmath.sign,
    "erf": mpmath.erf, "atan": mpmath.atan,
}  # fmt: skip


def evaluate(expression: sp.Expr, point: Point, memo: dict[sp.Expr, Any] | None = None) -> Any:
    """The value of ``expression`` at ``point`` in mpmath's current precision, bottom-up."""
    memo = {} if memo is None else memo
    if expression not in memo:
        memo[expression] = _value(expression, point, memo)
    return memo[expression]


def _value(expression: sp.Expr, point: Point, memo: dict[sp.Expr, Any]) -> Any:
    if expression.is_Symbol:
        return point[expression]
    if expression.is_Rational:
        return mpmath.mpf(expression.p) / expression.q
    if expression.is_NumberSymbol:
        return mpmath.mpf({"Pi": mpmath.pi, "Exp1": mpmath.e}[type(expression).__name__])
    args = [evaluate(arg, point, memo) for arg in expression.args]
    if expression.is_Add:
        return mpmath.fsum(args)
    if expression.is_Mul:
        return mpmath.fprod(args)
    if expression.is_Pow:
        return mpmath.power(*args)
    return FUNCTIONS[type(expression).__name__](*args)


# --- one problem, as its file states it --------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One file of the zoo."""

    name: str

    @cached_property
    def data(self) -> dict[str, Any]:
        return tomllib.loads((FOLDER / f"{self.name}.toml").read_text(encoding="utf-8"))

    @cached_property
    def tables(self) -> list[dict[str, Any]]:
        """The equations of a problem in parts, each with a name and a place; else none."""
        return [equation for equation in self.data["equations"] if isinstance(equation, dict)]

    @cached_property
    def space(self) -> JetSpace:
        """Every field, or every field of every part: u of the part upper is u@upper."""
        fields = self.data["fields"]
        if self.tables:
            fields = [f"{field}@{table['name']}" for field in fields for table in self.tables]
        return JetSpace(tuple(fields), tuple(self.data["variables"]))

    def in_part(self, text: str, part: str) -> str:
        """An equation's text with its fields spelled as those of a part."""
        fields = "|".join(self.data["fields"])
        return re.sub(rf"\b((?:{fields})(?:_[a-z]+)?)\b(?!@)", rf"\1@{part}", text)

    def place(self, given: Mapping[str, Any]) -> dict[str, tuple[sp.Expr, sp.Expr]]:
        """The domain, narrowed to ``where``."""
        narrow = {name: tuple(map(self.scalar, ends)) for name, ends in given.get("where", {}).items()}
        return {**self.domain, **narrow}

    def part_at(self, condition: Mapping[str, Any]) -> str:
        """The one part whose place holds a condition."""
        (found,) = [table["name"] for table in self.tables if self._meets(self.place(table), condition)]
        return str(found)

    def _meets(self, place: Mapping[str, tuple[sp.Expr, sp.Expr]], condition: Mapping[str, Any]) -> bool:
        at = [item for face in self.faces(condition) for item in face.items()]
        inside = all(place[name][0] <= value <= place[name][1] for name, value in at)
        own = self.place(condition)
        return inside and all(place[name] == own[name] for name in condition.get("where", {}))

    @cached_property
    def parameters(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.data.get("parameters", {}).items()}

    @cached_property
    def conditions(self) -> list[dict[str, Any]]:
        conditions: list[dict[str, Any]] = self.data.get("conditions", [])
        return conditions

    def operator(self, text: str) -> sp.Expr:
        """Left side minus right side of one equation."""
        space = self.space
        parsed = parse_text(text, fields=space.fields, variables=space.variables, parameters=self.parameters)
        (equation,) = parsed.equations
        assert parsed.parameters == (), f"{self.name}: {parsed.parameters} have no value"
        return equation

    def scalar(self, text: object) -> sp.Expr:
        return parse_scalar(str(text), variables=self.space.variables, parameters=self.parameters)

    @cached_property
    def equations(self) -> list[sp.Expr]:
        if self.tables:
            return [self.operator(self.in_part(t["equation"], t["name"])) for t in self.tables]
        return [self.operator(text) for text in self.data["equations"]]

    def condition_operator(self, condition: Mapping[str, Any]) -> sp.Expr:
        """Left side minus right side of a condition, bare fields in the part where it lies."""
        text = condition["equation"]
        if self.tables and "@" not in text:
            text = self.in_part(text, self.part_at(condition))
        return self.operator(text)

    @cached_property
    def domain(self) -> dict[str, tuple[sp.Expr, sp.Expr]]:
        return {name: tuple(map(self.scalar, ends)) for name, ends in self.data["domain"].items()}

    @cached_property
    def solution(self) -> dict[str, sp.Expr]:
        return {name: self.scalar(text) for name, text in self.data["solution"].items()}

    def faces(self, condition: Mapping[str, Any]) -> list[dict[str, sp.Expr]]:
        (key,) = [key for key in ("on", "periodic", "interface") if key in condition]
        faces = condition[key] if isinstance(condition[key], list) else [condition[key]]
        return [{name: self.scalar(value) for name, value in face.items()} for face in faces]

    def points(
        self,
        rng: random.Random,
        face: Mapping[str, sp.Expr],
        count: int,
        given: Mapping[str, Any] | None = None,
    ) -> Iterator[dict[sp.Symbol, Any]]:
        """Points lo + (hi - lo) q with random rational q in (0, 1), on a face of the domain.

        ``given`` is the table of an equation or condition that may narrow the domain.
        """
        for _ in range(count):
            place = {}
            for name, (low, high) in self.place(given or {}).items():
                inside = low + (high - low) * sp.Rational(rng.randint(1, 9999), 10000)
                place[self.space.variable(name)] = evaluate(face.get(name, inside), {})
            yield place

    def residual(self, operator: sp.Expr, solution: Mapping[str, sp.Expr], point: Point) -> Any:
        """F at one point, on the jets of ``solution``."""
        jets = {
            self.space.symbol(slot): evaluate(derivative(solution[slot.field], slot, self.space), point)
            for slot in self.space.slots_of(operator)
        }
        return evaluate(operator, {**point, **jets})


def derivative(expression: sp.Expr, slot: Slot, space: JetSpace) -> sp.Expr:
    for symbol, order in zip(space.variable_symbols, slot.index, strict=True):
        for _ in range(order):
            expression = expression.diff(symbol)
    return expression
