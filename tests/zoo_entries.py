"""The zoo's files, read with tomllib, and a small evaluator in mpmath: the oracle of the zoo's tests.

It shares the grammar with the package and nothing else: neither the loader nor the array programs.
"""

import random
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
    def space(self) -> JetSpace:
        return JetSpace(tuple(self.data["fields"]), tuple(self.data["variables"]))

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
        return [self.operator(text) for text in self.data["equations"]]

    @cached_property
    def domain(self) -> dict[str, tuple[sp.Expr, sp.Expr]]:
        return {name: tuple(map(self.scalar, ends)) for name, ends in self.data["domain"].items()}

    @cached_property
    def solution(self) -> dict[str, sp.Expr]:
        return {name: self.scalar(text) for name, text in self.data["solution"].items()}

    def faces(self, condition: Mapping[str, Any]) -> list[dict[str, sp.Expr]]:
        faces = condition["periodic" if "periodic" in condition else "on"]
        return [{name: self.scalar(value) for name, value in face.items()} for face in faces]

    def points(
        self, rng: random.Random, face: Mapping[str, sp.Expr], count: int
    ) -> Iterator[dict[sp.Symbol, Any]]:
        """Points lo + (hi - lo) q with random rational q in (0, 1), on a face of the domain."""
        for _ in range(count):
            place = {}
            for name, (low, high) in self.domain.items():
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
