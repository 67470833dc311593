"""Which names mean what: fields, variables, parameters, derivatives, functions.

Declared names are taken exactly as declared. Undeclared, a text may use the fields u, v, w, the
variables x, y, z, t, and the customary names of parameters; anything else is an unknown name, and
the message says how to declare it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from ntk_theory.errors import InputError
from ntk_theory.symbolic.grammar.outside import BY_NAME, DELAY
from ntk_theory.symbolic.grammar.source_text import SourceText, clipped, near
from ntk_theory.symbolic.grammar.tree import (
    Call,
    Coordinate,
    Equation,
    Jet,
    Name,
    Node,
    Parameter,
    Position,
    children,
)
from ntk_theory.symbolic.jets import FIELD, NAME, VARIABLE_ORDER, Slot, base_of, part_of, spelling
from ntk_theory.symbolic.limits import MAX_NAMES

#: What a user may give for a parameter.
Value = str | int | float | Fraction | sp.Expr

FUNCTIONS = (
    *("sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "sech"),
    *("exp", "log", "sqrt", "abs", "sign", "erf"),
)
#: Functions of the variables alone (see :mod:`ntk_theory.symbolic.pieces`).
IN_PIECES = ("heaviside", "max", "min", "piecewise", "scraper", "scraper_p")
OPERATORS = ("diff", "D", "laplacian", "grad", "div", "dot")
DEFAULT_FIELDS = ("u", "v", "w")
_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"),
    *("nu", "xi", "omicron", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
#: Parameters that need no declaration, each also with digits behind it (``c1``).
CONVENTIONAL = frozenset(
    [
        *"abcdgklmnpqr",
        *"ABCDGHKLMPQR",
        *_GREEK,
        *(name.capitalize() for name in _GREEK),
        "eps",
        "Re",
        "Pe",
        "Pr",
        "Ra",
    ]
)
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*\Z")
#: Names that have another meaning somewhere else, with what to write here.
_INSTEAD = {
    "e": "exp(1)",
    "E": "exp(1)",
    "ln": "log",
    "Abs": "abs",
    "fabs": "abs",
    "sgn": "sign",
    "nabla": "grad",
    "Laplacian": "laplacian",
    "lap": "laplacian",
    "Heaviside": "heaviside",
    "theta": "heaviside",
    "step": "heaviside",
    "Max": "max",
    "maximum": "max",
    "Min": "min",
    "minimum": "min",
    "Piecewise": "piecewise",
    "where": "piecewise",
    "iif": "piecewise",
    "Derivative": "diff",
    "derivative": "diff",
    "d": "diff",
    "divergence": "div",
    "gradient": "grad",
    "inner": "dot",
    "cosec": "1/sin",
    "sec": "1/cos",
    "csc": "1/sin",
    "cot": "1/tan",
    "coth": "1/tanh",
    "csch": "1/sinh",
    "Pi": "pi",
    "PI": "pi",
}


@dataclass(frozen=True)
class Vocabulary:
    """The names of one text. ``parameters`` maps a name to its value, or to ``None`` (symbolic).

    ``lenient`` accepts any well-formed name as a parameter: a SymPy symbol was made on purpose.
    """

    fields: tuple[str, ...]
    variables: tuple[str, ...]
    parameters: Mapping[str, sp.Expr | None]
    lenient: bool = False
    notes: tuple[str, ...] = ()

    @property
    def spatial(self) -> tuple[str, ...]:
        """All variables but the time t."""
        return tuple(name for name in self.variables if name != "t")

    def known(self) -> list[str]:
        """Every name that a text may use, likely ones first (for suggestions)."""
        fields, variables = self._likely_fields(), self.variables or VARIABLE_ORDER
        derivatives = [f"{field}_{variable}" for field in fields for variable in variables]
        return [*fields, *variables, *derivatives, *self.parameters, *FUNCTIONS, *IN_PIECES, *OPERATORS, "pi"]

    def _likely_fields(self) -> tuple[str, ...]:
        """The fields, or the customary ones while none was found."""
        return self.fields or DEFAULT_FIELDS

    def resolve(self, source: SourceText, name: Name) -> Jet | Coordinate | Parameter:
        """What a name stands for; raises :class:`ParseError` with a near miss where there is one."""
        text = name.name
        if text in self.fields:
            return Jet(Slot(text, (0,) * len(self.variables)), name.at)
        if text in self.variables:
            return Coordinate(text, name.at)
        if text in self.parameters or text == "pi":
            return Parameter(text, name.at)
        head, mark, tail = base_of(text).partition("_")
        field = spelling(text)[0]
        if mark and field in self.fields:
            return Jet(Slot(field, self._index(source, head, tail, name.at)), name.at)
        if part_of(text):
            raise self._unknown_part(source, text, name.at)
        if is_conventional(text) or (self.lenient and _PARAMETER.match(text)):
            return Parameter(text, name.at)
        raise self._unknown(source, text, name.at)

    def _index(self, source: SourceText, field: str, letters: str, at: Position) -> tuple[int, ...]:
        """The multi-index that the letters behind the underscore spell."""
        names = ", ".join(self.variables)
        if not letters:
            at_end = None if at is None else at + len(field) + 1
            raise source.error(
                f"the derivative {field}_ names no variable",
                at_end,
                expected=f"a variable ({names}) behind the underscore",
                suggestion=f"{field}_{self.variables[0]}" if self.variables else None,
            )
        parts = spelled(letters, self.variables)
        if parts is None:
            raise self._bad_letters(source, field, letters, at)
        return tuple(parts.count(variable) for variable in self.variables)

    def _bad_letters(self, source: SourceText, field: str, letters: str, at: Position) -> Exception:
        good = next(
            n for n in range(len(letters), -1, -1) if spelled(letters[:n], self.variables) is not None
        )
        bad = letters[good]
        place = None if at is None else at + len(field) + 1 + good
        expected = f"one of the variables {', '.join(self.variables)} in the derivative {field}_…"
        lowered = letters.replace("_", "").lower()
        fits = spelled(lowered, self.variables) is not None
        suggestion = f"{field}_{lowered}" if fits and lowered else None
        if bad in self.fields:
            return source.error(
                f"{bad!r} is a field; derivatives are taken along variables", place, expected=expected
            )
        hint = (
            ""
            if suggestion or not bad.isalpha()
            else f"; declare it (variables={_declaration(self.variables, bad)}) if it is one"
        )
        return source.error(
            f"{bad!r} is not a variable{hint}", place, expected=expected, suggestion=suggestion
        )

    def _unknown(self, source: SourceText, text: str, at: Position) -> Exception:
        if text in FUNCTIONS + OPERATORS + IN_PIECES:
            example = (
                piecewise_example(text, self.variables)
                if text in IN_PIECES
                else f"{text}({self._likely_fields()[0]})"
            )
            return source.error(f"{text!r} is a function and needs an argument", at, suggestion=example)
        if text in ("i", "j", "I"):
            return source.error(
                f"the name {text!r} is unknown, and everything here is real",
                at,
                expected="the real and the imaginary part as two fields (u and v), in two equations",
            )
        head, mark, tail = text.partition("_")
        meant = _INSTEAD.get(text) or self._meant(source, text, at)
        suggestion = meant or near(text, self.known())
        if mark:
            field = near(head, list(self._likely_fields()))
            fits = spelled(tail.lower(), (*self.variables, *VARIABLE_ORDER))
            suggestion = f"{field}_{tail.lower()}" if field and fits and not meant else suggestion
            how = (
                f"fields={_declaration(self.fields, head)}"
                if NAME.match(head)
                else "fields=, letters and digits"
            )
        else:
            how = f"fields=, variables= or parameters=, for instance parameters=({text!r},)"
        return source.error(
            f"the name {clipped(text)} is unknown",
            at,
            expected=f"a known name, or its declaration ({how})",
            suggestion=suggestion,
        )

    def _meant(self, source: SourceText, text: str, at: Position) -> str | None:
        """``u_t`` for du/dt, ``u_xx`` for uxx, ``u*u_x`` for uu_x."""
        fields, variables = self._likely_fields(), (*self.variables, *VARIABLE_ORDER)
        quotient = re.match(r"d(\w+)\s*/\s*d(\w+)", (source.text or "")[at:]) if at is not None else None
        if quotient and quotient[1] in fields and spelled(quotient[2], variables):
            return f"{quotient[1]}_{quotient[2]}"
        for field in fields:
            rest = text.removeprefix(field)
            base, mark, index = rest.partition("_")
            if text.startswith(field) and spelled(rest, variables):
                return f"{field}_{rest}"
            if text.startswith(field) and base in fields and (not mark or spelled(index, variables)):
                return f"{field}*{rest}"
        return None

    def _unknown_part(self, source: SourceText, text: str, at: Position) -> Exception:
        parts = list(dict.fromkeys(part for name in self.fields if (part := part_of(name))))
        here = [base_of(name) for name in self.fields if part_of(name) == part_of(text)]
        place = None if at is None else at + (0 if here else len(base_of(text)) + 1)
        near_part = near(part_of(text), parts)
        near_field = near(base_of(text), here)
        suggestion = near_field and f"{near_field}@{part_of(text)}"
        if not here:
            suggestion = near_part and f"{base_of(text)}@{near_part}"
        have = (", ".join(parts) or "none") if not here else ", ".join(f"{n}@{part_of(text)}" for n in here)
        return source.error(
            f"the name {clipped(text)} is unknown",
            place,
            expected=f"one of the {'fields' if here else 'parts'} ({have}); a part is an equation of a "
            "problem file with name and where",
            suggestion=suggestion,
        )

    def unknown_function(self, source: SourceText, call: Call) -> Exception:
        """The error for a call of a name that is no function."""
        if call.name in self.fields or spelling(call.name)[0] in self.fields:
            if any(not isinstance(a, Name) or a.name not in self.variables for a in call.arguments):
                return source.error(DELAY[0], call.at, expected=DELAY[1])
            return source.error(
                f"the field {call.name!r} is written without arguments", call.at, suggestion=call.name
            )
        if (reason := BY_NAME.get(call.name.lower())) is not None:
            return source.error(f"{call.name}: {reason[0]}", call.at, expected=reason[1])
        if call.name in self.variables or call.name in self.parameters or is_conventional(call.name):
            return source.error(
                f"{call.name!r} is not a function",
                call.at,
                expected="an operator such as *",
                suggestion=f"{call.name}*(…",
            )
        return source.error(
            f"the function {clipped(call.name)} is unknown",
            call.at,
            expected="one of " + ", ".join(FUNCTIONS + IN_PIECES + OPERATORS),
            suggestion=_INSTEAD.get(call.name) or near(call.name, [*FUNCTIONS, *IN_PIECES, *OPERATORS]),
        )


def piecewise_example(function: str, variables: Sequence[str]) -> str:
    """How a function in pieces is written."""
    x = variables[0] if variables else "x"
    arguments = {"heaviside": f"{x} - 1/2", "piecewise": f"1, {x} > 0, 2"}
    return f"{function}({arguments.get(function, f'{x}, 0')})"


def is_conventional(name: str) -> bool:
    """May ``name`` be used as a parameter without a declaration?

    >>> is_conventional("nu"), is_conventional("c1"), is_conventional("nuu")
    (True, True, False)
    """
    return name.rstrip("0123456789") in CONVENTIONAL


def spelled(letters: str, variables: Sequence[str]) -> list[str] | None:
    """``letters`` as a sequence of variable names, the longest first; ``None`` if they are none.

    >>> spelled("xx1t", ("x", "x1", "t"))
    ['x', 'x1', 't']
    """
    longest_first = sorted(variables, key=len, reverse=True)
    # rest[n] spells letters[n:]; filled from the end, so that no choice is ever undone.
    rest: list[list[str] | None] = [None] * len(letters) + [[]]
    for n in range(len(letters) - 1, -1, -1):
        for name in longest_first:
            tail = rest[n + len(name)] if letters.startswith(name, n) else None
            if tail is not None:
                rest[n] = [name, *tail]
                break
    return rest[0]


def _declaration(names: Iterable[str], new: str) -> str:
    return repr((*names, new))


def walk(equations: Iterable[Equation]) -> Iterator[Node]:
    """All nodes of the equations, without recursion."""
    stack: list[Node] = []
    for equation in equations:
        stack += [equation.left] + ([equation.right] if equation.right is not None else [])
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))


def vocabulary_of(
    equations: Sequence[Equation],
    fields: Sequence[str] | None,
    variables: Sequence[str] | None,
    parameters: Mapping[str, sp.Expr | None],
    *,
    lenient: bool = False,
) -> Vocabulary:
    """The vocabulary of a text: what is declared, and the customary names that occur."""
    # A called field, u(x, t), counts as one: the message is then about the brackets.
    names = {node.name for node in walk(equations) if isinstance(node, Name | Call)}
    notes: tuple[str, ...] = ()
    heads = {spelling(name)[0] for name in names if name not in parameters}
    if fields is None:
        taken = {*(variables or ()), *parameters}
        fields = [name for name in DEFAULT_FIELDS if name in heads and name not in taken]
        fields += sorted(name for name in heads if part_of(name) and base_of(name) in DEFAULT_FIELDS)
    if variables is None:
        tails = "".join(letters for field, letters in map(spelling, names) if field in fields)
        candidates = [name for name in VARIABLE_ORDER if name not in fields and name not in parameters]
        variables = [name for name in candidates if name in names or name in tails] or candidates[:1]
        is_spatial = bool(names & {"laplacian", "grad", "div"})
        if is_spatial and "x" in candidates and not {"x", "y", "z"} & (names | set(tails)):
            variables = ["x", *(name for name in variables if name == "t")]
            notes = ("x was taken as the only spatial variable",)
    for name in fields:
        if name in variables:
            raise InputError(f"{name!r} is both a field and a variable; rename one of them")
    for name in sorted({*fields, *variables} & set(parameters)):
        raise InputError(
            f"{name!r} is declared as a parameter and as a field or variable; rename one of them"
        )
    return Vocabulary(tuple(fields), tuple(variables), parameters, lenient, notes)


def checked_names(what: str, names: Sequence[str] | str | None) -> tuple[str, ...] | None:
    """Declared names as a tuple; one name may come as a plain string."""
    if names is None:
        return None
    listed = (names,) if isinstance(names, str) else tuple(names)
    if len(listed) > MAX_NAMES:
        raise InputError(f"{what} has {len(listed)} names; at most {MAX_NAMES} are read")
    for name in listed:
        if not isinstance(name, str) or not (FIELD if what == "fields" else NAME).match(name):
            raise InputError(
                f"{what} has the name {name!r}; it needs a letter followed by letters and digits"
            )
        if name in FUNCTIONS + IN_PIECES or (name in OPERATORS and name != "D") or name == "pi":
            raise InputError(
                f"{what} has the name {name!r}, which is a function of the grammar; choose another"
            )
    return listed


def checked_parameter(name: str) -> str:
    """A declared parameter's name: letters, digits, and inner underscores (``k_1``)."""
    if not isinstance(name, str) or not _PARAMETER.match(name):
        raise InputError(
            f"parameters has the name {name!r}; it needs a letter, then letters, digits, underscores"
        )
    if name in FUNCTIONS + IN_PIECES or (name in OPERATORS and name != "D") or name == "pi":
        raise InputError(
            f"parameters has the name {name!r}, which is a function of the grammar; choose another"
        )
    return name
