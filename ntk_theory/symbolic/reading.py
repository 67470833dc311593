"""The ways in: a text, a SymPy expression, a zoo name, a problem file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import sympy as sp

from ntk_theory.errors import InputError, ParseError
from ntk_theory.symbolic.bare import bare_problem
from ntk_theory.symbolic.file_names import about_file, refuse_network
from ntk_theory.symbolic.grammar import Parsed, from_sympy, parse_text
from ntk_theory.symbolic.loading import from_toml, load_toml
from ntk_theory.symbolic.loading_ansatz import under_ansatz
from ntk_theory.symbolic.loading_data import with_data
from ntk_theory.symbolic.loading_parameters import refuse_foreign, with_parameters
from ntk_theory.symbolic.loading_unknown_fields import split_unknowns, with_unknown_fields
from ntk_theory.symbolic.loading_unknowns import with_unknowns
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.unknowns import read_unknowns

Values = Mapping[str, object]
_ZOO_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")


def parse(
    expression: str | sp.Basic | Sequence[sp.Basic],
    *,
    fields: Sequence[str] | None = None,
    variables: Sequence[str] | None = None,
    parameters: Values | Sequence[str] | None = None,
) -> Operator:
    """Read one differential operator F from text or from a SymPy expression.

    Parameters
    ----------
    expression:
        ``"u_t + u*u_x + u_xxx"``, an equation with one ``=``, or a SymPy expression in
        ``Function("u")(x, t)`` and its derivatives.
    fields, variables:
        Names, in order. Default: those of u, v, w and of x, y, z, t that occur.
    parameters:
        Named constants, symbolic (a list of names) or with exact values (a mapping). Each must occur.

    Returns
    -------
    Operator
        F = left side − right side.

    Raises
    ------
    ParseError
        The text is not in the grammar, too large, or holds several equations
        (:func:`problem` takes systems).
    InputError
        A parameter that the expression lacks, or whose value is no number.

    >>> parse("u_t + u*u_x + u_xxx").order
    3
    """
    parsed = _parsed(expression, fields, variables, parameters)
    if len(parsed.equations) != 1:
        raise ParseError(
            f"the text holds {len(parsed.equations)} equations; parse reads one operator, "
            "problem() reads systems"
        )
    _refuse_absent(parsed, parameters)
    return Operator(parsed.space, parsed.equations[0])


def _refuse_absent(parsed: Parsed, parameters: Values | Sequence[str] | None) -> None:
    names = [parameters] if isinstance(parameters, str) else list(parameters or ())
    refuse_foreign(names, sorted({*parsed.parameters, *parsed.given}), "the equation")


def _parsed(
    expression: str | sp.Basic | Sequence[sp.Basic],
    fields: Sequence[str] | None,
    variables: Sequence[str] | None,
    parameters: Values | Sequence[str] | None,
) -> Parsed:
    names = {"fields": fields, "variables": variables, "parameters": parameters}
    if isinstance(expression, str):
        return parse_text(expression, **names)  # type: ignore[arg-type]  # validated there
    return from_sympy(expression, **names)  # type: ignore[arg-type]  # validated there


def problem(
    what: str | Path | Problem | Operator | sp.Basic | Sequence[sp.Basic],
    *,
    fields: Sequence[str] | None = None,
    variables: Sequence[str] | None = None,
    parameters: Values | None = None,
    unknowns: object = None,
    data: object = None,
    ansatz: object = None,
    hard: bool = False,
) -> Problem:
    """Anything that names a problem, as a :class:`Problem`.

    ``what`` is a zoo name (``"kdv"``), the path of a problem file (``"my.toml"``), an expression or
    a system (``"u_t = v_x; v_t = u_x"``), a SymPy expression, an Operator or a Problem. An
    expression gets one value group per field and the unit box as its domain.

    ``fields`` and ``variables`` are those of an expression, found in it where they are left out;
    ``parameters`` are names that stand for numbers, with their values: each must occur, and of a Problem
    that is read already, be without a value. ``unknowns`` are names that are trained with the network,
    ``{"k": 1.0}`` or ``{"k": {"start": 1, "positive": True}}``: of a problem, some of its parameters.
    ``data`` is a table or a list of tables of measurements,
    ``{"file": "probes.csv", "observe": "u", "sigma": "sigma"}`` or with arrays,
    ``{"values": {"x": x, "t": t, "u": u}, "sigma": 0.01}``, each a group of the problem. ``ansatz`` gives the
    fields by the network's outputs, ``"u = sin(pi*x) + t*(1 - x^2)*v"``, as a text or a mapping from field
    to text;
    ``hard`` builds such an ansatz from the conditions of a box, so that they hold by construction.
    """
    coefficients, functions = split_unknowns(unknowns)
    is_file = isinstance(what, Path) or (isinstance(what, str) and (what.endswith(".toml") or what in _zoo()))
    if is_file:
        stated = _problem(what, fields, variables, parameters, unknowns)
    else:
        bare = _problem(what, fields, variables, parameters, coefficients or None)
        stated = with_unknown_fields(bare, functions)
    found = with_data(stated, data)
    return under_ansatz(found, ansatz, hard=hard)


def _problem(
    what: str | Path | Problem | Operator | sp.Basic | Sequence[sp.Basic],
    fields: Sequence[str] | None,
    variables: Sequence[str] | None,
    parameters: Values | None,
    unknowns: object,
) -> Problem:
    if isinstance(what, Problem | Operator):
        read = what if isinstance(what, Problem) else bare_problem([what])
        return with_unknowns(with_parameters(read, parameters), unknowns)
    if isinstance(what, Path) or (isinstance(what, str) and what.endswith(".toml")):
        refuse_network(Path(what))
        return load_toml(what, parameters=parameters, unknowns=unknowns)
    if isinstance(what, str) and what in _zoo():
        return from_toml(zoo_text(str(what)), name=str(what), parameters=parameters, unknowns=unknowns)
    names: Any = parameters
    if unknowns is not None:
        names = {**dict(parameters or {}), **dict.fromkeys(read_unknowns(unknowns))}
    try:
        parsed = _parsed(what, fields, variables, names)
    except ParseError as cause:
        near = _meant(what) if isinstance(what, str) else None
        if near is not None:
            raise InputError(f"there is no problem {what!r} in the zoo; did you mean {near}?") from None
        file = about_file(what) if isinstance(what, str) else None
        if file is not None:
            raise file from None
        raise cause
    _refuse_absent(parsed, parameters)
    return with_unknowns(bare_problem([Operator(parsed.space, e) for e in parsed.equations]), unknowns)


def _meant(text: str) -> str | None:
    """The problem that words such as ``kdvv``, ``heat equation`` or ``Navier-Stokes`` are near to."""
    name = "-".join(text.lower().removesuffix("equations").removesuffix("equation").split()).strip("-")
    if not _ZOO_NAME.match(name) or len(name) < len("kdv"):
        return None
    longer = [known for known in _zoo() if known.startswith(f"{name}-")]
    exact = [name] if name in _zoo() else []
    return next(iter([*exact, *difflib.get_close_matches(name, _zoo(), 1), *longer]), None)


@lru_cache(maxsize=1)
def zoo_names(*, benchmark: bool | None = False) -> tuple[str, ...]:
    """The names of the zoo's equations, or of its benchmark problems, or of both (``None``); sorted."""
    every = _zoo()
    return tuple(sorted(name for name, (_, own) in every.items() if benchmark is None or own is benchmark))


@cache
def _zoo() -> dict[str, tuple[Traversable, bool]]:
    """Every problem file of the zoo by name, and whether it is a benchmark."""
    folder = files("ntk_theory.symbolic") / "zoo"
    return {
        file.name.removesuffix(".toml"): (file, own)
        for place, own in ((folder, False), (folder / "benchmarks", True))
        for file in place.iterdir()
        if file.name.endswith(".toml")
    }


def zoo_text(name: str) -> str:
    """The problem file of a zoo problem, as it stands."""
    if name not in _zoo():
        near = difflib.get_close_matches(name, _zoo(), 1)
        hint = f"did you mean {near[0]}?" if near else "ntk-theory zoo lists them"
        raise InputError(f"there is no problem {name[:60]!r} in the zoo; {hint}")
    return _zoo()[name][0].read_text(encoding="utf-8")


def zoo(name: str, *, parameters: Values | None = None) -> Problem:
    """A named problem with its conditions, domain, source and (where known) solution.

    ``name`` is one of :func:`zoo_names`; ``parameters`` replace values of its named parameters.
    """
    return from_toml(zoo_text(name), name=name, parameters=parameters)
