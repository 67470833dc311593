"""Reading an ansatz: the table ``[ansatz]``, a text, or expressions; and the hard constraints of a box."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from ntk_theory.errors import ProblemError
from ntk_theory.symbolic.ansatz import Ansatz
from ntk_theory.symbolic.grammar.definitions import read_definitions
from ntk_theory.symbolic.hard import hard_ansatz
from ntk_theory.symbolic.problem import Problem


def under_ansatz(problem: Problem, given: object = None, *, hard: bool = False) -> Problem:
    """The problem of the network's outputs, by an ansatz that is given or built (``hard``).

    Parameters
    ----------
    problem:
        A problem in its own fields.
    given:
        ``"u = A + B*v"``, several separated by ``;``, or a mapping from field to text. ``None``: no ansatz.
    hard:
        Build u = A + B v from the conditions of a box, see :mod:`ntk_theory.symbolic.hard`.

    Raises
    ------
    ProblemError
        The problem has an ansatz already, or both ways are asked for; or as :meth:`Problem.with_ansatz`.
    """
    if given is None and not hard:
        return problem
    if problem.construction is not None:
        raise ProblemError("the problem has an ansatz already; leave out one of the two")
    if given is not None and hard:
        raise ProblemError("an ansatz is given and hard builds one; leave out one of the two")
    return problem.with_ansatz(hard_ansatz(problem) if given is None else read_ansatz(problem, given))


def read_ansatz(problem: Problem, given: object) -> Ansatz:
    """The ansatz that a text or a table describes, for the fields of a problem."""
    outputs, expressions = read_definitions(_text(problem, given), problem.space, _parameters(problem))
    return Ansatz(problem.space, outputs, expressions)


def _text(problem: Problem, given: object) -> str:
    if isinstance(given, str):
        return given
    if not isinstance(given, Mapping) or not given or not all(isinstance(v, str) for v in given.values()):
        raise ProblemError(f"ansatz is {given!r}; it needs a text for each field, such as u = 'x*v'")
    for name in given:
        if name not in problem.fields:
            raise ProblemError(
                f"ansatz names {name!r}, which is no field; the fields are {', '.join(problem.fields)}"
            )
    return "; ".join(f"{name} = {text}" for name, text in given.items())


def _parameters(problem: Problem) -> dict[str, sp.Expr | None]:
    """Parameters with their values, and those that occur without one."""
    free = {s.name: None for g in problem.groups for leg in g.legs for s in leg.parameters}
    return {**free, **problem.parameters}
