"""The equation of a condition: a place that is written into it, u(x, 0) = sin(x), belongs beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import sympy as sp

from ntk_theory.errors import ParseError, ProblemError
from ntk_theory.symbolic.grammar import Parsed, parse_text
from ntk_theory.symbolic.grammar.outside import DELAY

#: A name with its arguments, in which brackets may stand once more.
_CALL = re.compile(r"([^\W\d][\w@]*)\s*\(((?:[^()]|\([^()]*\))*)\)")
#: Numbers that stand in a file without quotation marks.
_PLAIN = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?\Z")
_EXAMPLE = ("u = sin(x)", "on = [{ t = 0 }]")
_LIKE = "it like {}; two places are periodic = [{{ x = 0 }}, {{ x = 1 }}]"
#: Characters of an equation that is written again in a message.
_MOST = 80


def parse_condition(
    text: str,
    name: str,
    *,
    fields: Sequence[str],
    variables: Sequence[str],
    parameters: Mapping[str, sp.Expr | None],
) -> Parsed:
    """The equation of the condition ``name``; a field at a place is refused with the way to write it."""
    try:
        return parse_text(text, fields=fields, variables=variables, parameters=parameters)
    except ParseError as cause:
        if cause.message != DELAY[0]:
            raise
        found = _beside(text, fields, variables)
        write = 'equation = "{}" and {}'.format(*(found or _EXAMPLE))
        raise ProblemError(
            f'condition {name}: equation = "{text[:_MOST]}" takes the field at a place; the place stands '
            f"beside the equation: write {write if found else _LIKE.format(write)}"
        ) from None


def _beside(text: str, fields: Sequence[str], variables: Sequence[str]) -> tuple[str, str] | None:
    """The equation without its place and the place, if it is at one place, which the text tells."""
    places: list[str] = []
    for call in _CALL.finditer(text):
        if call[1].split("_")[0] in fields:
            place = _place([part.strip() for part in call[2].split(",")], variables)
            if place is None:
                return None
            places.append(place)
    if len(text) > _MOST or len(set(places)) != 1:
        return None
    bare = _CALL.sub(lambda call: call[1] if call[1].split("_")[0] in fields else call[0], text)
    return bare, f"on = [{{ {places[0]} }}]"


def _place(arguments: Sequence[str], variables: Sequence[str]) -> str | None:
    """``t = 0`` of the arguments x and 0; None where they are not the variables and numbers, in order."""
    if len(arguments) != len(variables):
        return None
    found = []
    for variable, given in zip(variables, arguments, strict=True):
        if given == variable:
            continue
        if not given or any(re.search(rf"\b{re.escape(other)}\b", given) for other in variables):
            return None
        found.append(f"{variable} = {given if _PLAIN.match(given) else chr(34) + given + chr(34)}")
    return ", ".join(found) or None
