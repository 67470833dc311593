"""Values of named parameters: for a problem that is read already, and for a text, where each must occur."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ntk_theory.errors import InputError
from ntk_theory.symbolic.grammar import exact_values
from ntk_theory.symbolic.problem import Problem


def refuse_foreign(given: Collection[str], known: Collection[str], what: str) -> None:
    """Say that ``what`` has no parameter of a name that was given.

    Raises
    ------
    InputError
        A name is not among the known ones; both are in the message.

    >>> refuse_foreign(["nuu"], ["nu"], "the text")
    Traceback (most recent call last):
    ntk_theory.errors.InputError: parameters names 'nuu', which the text lacks; it has: nu
    """
    for name in given:
        if name not in known:
            have = ", ".join(known) or "none"
            raise InputError(f"parameters names {name!r}, which {what} lacks; it has: {have}")


def with_parameters(problem: Problem, given: Mapping[str, object] | None) -> Problem:
    """The problem with numbers for all of its parameters that have none yet.

    A parameter that has a value keeps it: conditions, domain and solution were read with that value.

    Raises
    ------
    InputError
        A name that the problem lacks or has a value for, something that is no number, or one left out.
    """
    if not given:
        return problem
    values = exact_values(given)
    legs = [leg for group in problem.groups for leg in group.legs]
    free = sorted({s.name for leg in legs for s in leg.parameters} - {*problem.parameters, *problem.unknowns})
    refuse_foreign(values, [*free, *problem.parameters], "the problem")
    for name in values:
        if name not in free:
            raise InputError(
                f"parameters names {name!r}, which is {problem.parameters[name]} in this problem already; "
                f"give its value where the problem is read, as in "
                f"nt.problem(what, parameters={{{name!r}: ...}})"
            )
    return problem.bind({name: value for name, value in values.items() if value is not None}, trained=True)
