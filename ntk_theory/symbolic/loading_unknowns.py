"""Making parameters of a problem unknown, and saying where they cannot be."""

from __future__ import annotations

from dataclasses import replace

from ntk_theory.errors import InputError, ProblemError
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.unknowns import read_unknowns, starts


def with_unknowns(problem: Problem, given: object) -> Problem:
    """The problem with some of its parameters unknown.

    Raises
    ------
    ProblemError
        A name that the problem lacks, or that stands where it cannot be trained; it is named.
    """
    if given is None:
        return problem
    if problem.construction is not None:
        raise ProblemError(
            "unknowns come before an ansatz; give both in one call, or both in the problem file"
        )
    found = read_unknowns(given)
    values = {**problem.parameters, **starts(found)}
    return replace(problem, parameters=values, unknowns=found)


def refuse_unknowns(problem: Problem, what: str) -> None:
    """Say that ``what`` knows of no trained coefficients.

    Raises
    ------
    InputError
        The problem has unknowns.
    """
    for name in problem.unknowns:
        raise InputError(
            f"the problem has the unknown {name!r}, and {what} speaks of kernels without trained "
            "coefficients; make it a parameter with a value, or take kernel or train"
        )
