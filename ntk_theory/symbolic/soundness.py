"""Checks of the parts of a problem: each hands back the part in its one form, or raises ProblemError.

They serve :mod:`ntk_theory.symbolic.problem`, whose classes call them whenever one is made. A message names
the argument, what it got, what it needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeVar

import sympy as sp

from ntk_theory.errors import ProblemError
from ntk_theory.symbolic.jets import JetSpace
from ntk_theory.symbolic.numbers import exact

Part = TypeVar("Part")
Interval = tuple[sp.Expr, sp.Expr]
GROUP_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*\Z")


def put(owner: object, attribute: str, value: object) -> None:
    """Set an attribute of a frozen object while it is made."""
    object.__setattr__(owner, attribute, value)


def group_name(name: object) -> str:
    """The name of a group: it is a key in tables, files and on the command line."""
    if isinstance(name, str) and GROUP_NAME.match(name):
        return name
    raise ProblemError(
        f"the group's name {name!r} will not do; "
        "it needs a lower-case letter, then letters, digits, underscores"
    )


def text(what: str, value: object) -> str:
    """A text for people."""
    if isinstance(value, str):
        return value
    raise ProblemError(f"{what} is {value!r}; it needs a text")


def members(what: str, given: object, kind: type[Part]) -> tuple[Part, ...]:
    """A list of parts of one class, as a tuple."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ProblemError(f"{what} is {given!r}; it needs a tuple of {kind.__name__}s")
    found = tuple(given)
    for part in found:
        if not isinstance(part, kind):
            raise ProblemError(f"{what} holds {part!r}; it needs {kind.__name__}s only")
    return found


def distinct(what: str, names: Sequence[str]) -> None:
    """Every name occurs once."""
    for name in names:
        if names.count(name) > 1:
            raise ProblemError(f"{what}: the name {name!r} is used twice; every group needs its own")


def expression(what: str, value: object) -> sp.Expr:
    """A SymPy expression; plain numbers are taken exactly."""
    if isinstance(value, sp.Expr):
        return value
    if isinstance(value, int | float | Fraction) and not isinstance(value, bool):
        try:
            return exact(value, what)
        except ValueError:
            pass  # inf and nan: refused below
    raise ProblemError(f"{what} is {value!r}; it needs a finite number or a SymPy expression")


def coefficient(what: str, value: object, space: JetSpace) -> sp.Expr:
    """An expression of the variables and parameters, without the fields."""
    found = own_symbols(what, expression(what, value), space)
    if jets := space.slots_of(found):
        raise ProblemError(
            f"{what} is {found}, which contains {space.name(jets[0])}; "
            "it needs an expression without the fields"
        )
    if found.is_number:
        real(what, found)
    return found


def constant(what: str, value: object, space: JetSpace) -> sp.Expr:
    """A number, or an expression of named parameters."""
    found = coefficient(what, value, space)
    for symbol in found.free_symbols & set(space.variable_symbols):
        raise ProblemError(f"{what} is {found}, which depends on {symbol}; it needs a number")
    return found


def real(what: str, number: sp.Expr) -> sp.Expr:
    """A number that is real and finite."""
    try:
        value = float(number) if number.is_Rational else float(number.evalf(25))
    except (TypeError, OverflowError, ValueError):
        value = float("nan")
    if value - value != 0:  # infinite or NaN
        raise ProblemError(f"{what} is {number}; it needs a finite real number")
    return number


def own_symbols(what: str, found: sp.Expr, space: JetSpace) -> sp.Expr:
    """No symbol is spelled like one of the space and yet another one (not real, say).

    Such an impostor would be counted as the field or variable of its name and differentiated as a constant.
    """
    for symbol in found.free_symbols:
        slot = space.decode(symbol)
        known = symbol.name in space.variables or slot is not None
        if known and symbol != (space.variable(symbol.name) if slot is None else space.symbol(slot)):
            raise ProblemError(
                f"{what} has a symbol {symbol.name!r} that is not the jet space's own; "
                f"use space.symbol(slot) and space.variable(name), which are real, or read {found} as text"
            )
    return found


def faces(where: str, given: object, legs: int, space: JetSpace) -> tuple[Mapping[str, sp.Expr], ...]:
    """Faces that fit the legs: any for one leg, else none or one for each, all fixing the same variables."""
    found = tuple(_face(where, face, space) for face in members(f"{where}: faces", given, Mapping))  # type: ignore[type-abstract]
    if legs > 1 and found and (len(found) != legs or any(set(face) != set(found[0]) for face in found)):
        raise ProblemError(
            f"{where} has {legs} legs and the faces {[_shown(face) for face in found]}; "
            "it needs as many faces as legs, all fixing the same variables"
        )
    for k, face in enumerate(found):
        if legs == 1 and face in found[:k]:
            raise ProblemError(f"{where} has the face {_shown(face)} twice; each face is listed once")
    return found


def _face(where: str, face: Mapping[Any, object], space: JetSpace) -> dict[str, sp.Expr]:
    return {
        variable_name(f"{where}: a face", name, space): constant(f"{where}: the face at {name}", value, space)
        for name, value in face.items()
    }


def _shown(face: Mapping[str, sp.Expr]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in face.items()) or "everywhere"


def variable_name(where: str, name: object, space: JetSpace) -> str:
    """A name that is one of the variables."""
    if isinstance(name, str) and name in space.variables:
        return name
    raise ProblemError(
        f"{where} names {name!r}, which is not a variable; the variables are {', '.join(space.variables)}"
    )


def mapping(what: str, given: object) -> Mapping[Any, Any]:
    """A mapping."""
    if isinstance(given, Mapping):
        return given
    raise ProblemError(f"{what} is {given!r}; it needs a mapping")


def box(what: str, given: object, space: JetSpace) -> dict[str, Interval]:
    """Intervals of positive length by variable."""
    return {
        variable_name(what, name, space): interval(f"{what}.{name}", ends, space)
        for name, ends in mapping(what, given).items()
    }


def interval(what: str, ends: object, space: JetSpace) -> Interval:
    """Two ends, low < high where both are numbers."""
    if isinstance(ends, str) or not isinstance(ends, Sequence) or len(ends) != 2:
        raise ProblemError(f"{what} is {ends!r}; it needs two ends, [low, high]")
    low, high = (_end(what, end, space) for end in ends)
    if low.is_number and high.is_number and not bool(low < high):
        raise ProblemError(f"{what} is [{low}, {high}]; its first end must be below its second")
    return low, high


def _end(what: str, value: object, space: JetSpace) -> sp.Expr:
    found = coefficient(what, value, space)
    if found.free_symbols & set(space.variable_symbols):
        raise ProblemError(
            f"{what} has the end {found}, which bends with a variable, and domains are boxes; for a curved "
            "domain give the points yourself (points = {group: array}), or use variables that map it to a box"
        )
    return found


def solution(given: object, space: JetSpace) -> dict[str, sp.Expr] | None:
    """One expression of the variables per field; ``None`` where no solution is known."""
    if given is None or given == {}:
        return None
    found = mapping("solution", given)
    if set(found) != set(space.fields):
        raise ProblemError(
            f"solution has {sorted(map(str, found))}; it needs one entry per field, {list(space.fields)}"
        )
    return {name: coefficient(f"solution.{name}", found[name], space) for name in space.fields}


def parameters(given: object, space: JetSpace) -> dict[str, sp.Expr]:
    """Exact numbers by name; no name of a field, derivative or variable."""
    return {name: _parameter(name, value, space) for name, value in mapping("parameters", given).items()}


def _parameter(name: object, value: object, space: JetSpace) -> sp.Expr:
    if not isinstance(name, str) or not _PARAMETER.match(name):
        raise ProblemError(
            f"parameters has the name {name!r}; it needs a letter, then letters, digits, underscores"
        )
    if name in space.variables or space.decode(sp.Symbol(name)) is not None:
        raise ProblemError(
            f"parameters has the name {name!r}, which is a field, a derivative or a variable; rename it"
        )
    number = expression(f"parameters.{name}", value)
    if number.free_symbols:
        raise ProblemError(f"parameters.{name} is {number}; it needs a number")
    return real(f"parameters.{name}", number)


def within(where: str, given: Sequence[Mapping[str, sp.Expr]], domain: Mapping[str, Interval]) -> None:
    """No face lies outside of the domain (asked where all are numbers)."""
    for face in given:
        for name, value in face.items():
            low, high = domain.get(name, (-sp.oo, sp.oo))
            if value.is_number and ((low.is_number and value < low) or (high.is_number and value > high)):
                raise ProblemError(
                    f"{where} lies at {name} = {value}, outside of domain.{name} = [{low}, {high}]; "
                    "move the face or widen the domain"
                )
