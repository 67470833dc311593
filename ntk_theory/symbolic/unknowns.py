"""Unknown coefficients of a problem: named numbers that are trained with the network.

    [unknowns]
    k = 1.0                                 # where it starts
    D = { start = 0.5, positive = true }    # trained as log D

An unknown is a parameter that stays a symbol in equations and conditions, and whose value is its start;
residuals of a network see the trained value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from ntk_theory.errors import InputError, ProblemError
from ntk_theory.symbolic.numbers import exact

UNKNOWN_KEYS = ("start", "positive")


@dataclass(frozen=True)
class Unknown:
    """Where an unknown starts, and whether it is trained as its logarithm.

    >>> Unknown(sp.Integer(-1), positive=True)
    Traceback (most recent call last):
    ntk_theory.errors.ProblemError: an unknown starts at -1; a positive one needs a positive start
    """

    start: sp.Expr
    positive: bool = False

    def __post_init__(self) -> None:
        if self.positive and not self.start > 0:
            raise ProblemError(f"an unknown starts at {self.start}; a positive one needs a positive start")


def read_unknowns(given: object) -> dict[str, Unknown]:
    """The table ``[unknowns]``: a start by name, or ``{ start = 1, positive = true }``.

    Raises
    ------
    ProblemError
        Something else; the name is in the message.

    >>> read_unknowns({"k": 0.5, "D": {"start": "1/3", "positive": True}})
    {'k': Unknown(start=1/2, positive=False), 'D': Unknown(start=1/3, positive=True)}
    """
    if not isinstance(given, Mapping):
        raise ProblemError(f"unknowns is {str(given)[:60]!r}; it must be a table, [unknowns]")
    return {str(name): _read(str(name), entry) for name, entry in given.items()}


def _read(name: str, entry: object) -> Unknown:
    if isinstance(entry, Unknown):
        return entry
    table = entry if isinstance(entry, Mapping) else {"start": entry}
    for key in table:
        if key not in UNKNOWN_KEYS:
            raise ProblemError(f"unknowns.{name} has the unknown key {key!r}; it may have: start, positive")
    start, positive = table.get("start", 1), table.get("positive", False)
    if not isinstance(positive, bool):
        raise ProblemError(f"unknowns.{name}: positive is {positive!r}; it needs true or false")
    try:
        return Unknown(exact(start, f"unknowns.{name}"), positive)
    except (InputError, ProblemError) as cause:
        raise ProblemError(f"unknowns.{name}: {cause}") from None


def starts(unknowns: Mapping[str, Unknown]) -> dict[str, sp.Expr]:
    """The start of each by name."""
    return {name: unknown.start for name, unknown in unknowns.items()}


def written(unknowns: Mapping[str, Unknown]) -> dict[str, dict[str, Any]]:
    """The table ``[unknowns]`` as plain data, which :func:`read_unknowns` reads again."""
    return {name: {"start": str(u.start), "positive": u.positive} for name, u in unknowns.items()}


def check_unknowns(problem: Any) -> None:
    """Every unknown occurs in an operator or a target, and nowhere else."""
    for name in problem.unknowns:
        used = {
            s.name
            for group in problem.groups
            for e in (*(leg.expression for leg in group.legs), sp.S(group.target))
            for s in e.free_symbols
        }
        if name not in used:
            raise ProblemError(
                f"unknowns names {name!r}, which no equation or condition contains as a symbol; "
                f"{_candidates(problem)}"
            )
        for where, expressions in _places(problem).items():
            if any(name in {s.name for s in sp.S(e).free_symbols} for e in expressions):
                raise ProblemError(
                    f"{where} contains the unknown {name!r}; an unknown may stand in equations and "
                    "conditions only: write a number there"
                )


def _candidates(problem: Any) -> str:
    """What may be unknown: the symbols and parameters of the equations and conditions."""
    found = {
        s.name
        for group in problem.groups
        for leg in group.legs
        for s in (*leg.parameters, *sp.S(group.target).free_symbols)
    }
    # A parameter has its value in the equations, unless it is named among the unknowns.
    found |= set(problem.parameters) - set(problem.unknowns)
    names = sorted(found - set(problem.variables))
    return f"they contain {', '.join(names)}" if names else "they contain numbers only, write a name for one"


def _places(problem: Any) -> dict[str, list[sp.Expr]]:
    found = {
        "domain": [end for ends in problem.domain.values() for end in ends],
        "solution": list((problem.solution or {}).values()),
        "ansatz": list(problem.ansatz.expressions.values()) if problem.ansatz else [],
    }
    for group in problem.groups:
        ends = [end for box in group.where.values() for end in box]
        found[f"the place of group {group.name!r}"] = [
            e for face in group.faces for e in face.values()
        ] + ends
    return found
