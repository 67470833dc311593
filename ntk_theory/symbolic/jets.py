"""Slots (partial derivatives of fields) and the jet space that names them.

With independent variables x = (x_1, …, x_d) and a multi-index α in N^d, the slot (i, α) stands for
the jet value u^i_α = ∂^α u^i. Its SymPy symbol is real and made here, never by a user.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import sympy as sp

from ntk_theory.errors import InputError, ProblemError

#: Fields, variables: a letter, then letters and digits. The underscore is the derivative mark.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*\Z")
#: A field may belong to a part of the domain, ``u@upper``; its derivatives are spelled ``u_y@upper``.
FIELD = re.compile(r"[A-Za-z][A-Za-z0-9]*(@[a-z][a-z0-9_]*)?\Z")
#: Order in which undeclared variables stand (then alphabetically).
VARIABLE_ORDER = ("x", "y", "z", "t")


def part_of(field: str) -> str:
    """The part of the domain that a field belongs to; empty for a field of the whole domain.

    >>> part_of("u@upper"), part_of("u")
    ('upper', '')
    """
    return field.partition("@")[2]


def base_of(field: str) -> str:
    """The field's name without its part."""
    return field.partition("@")[0]


def spelling(name: str) -> tuple[str, str]:
    """A name as a field and the letters of a derivative.

    >>> spelling("u_yy@upper"), spelling("u")
    (('u@upper', 'yy'), ('u', ''))
    """
    head, at, part = name.partition("@")
    field, _, letters = head.partition("_")
    return field + at + part, letters


@dataclass(frozen=True, order=True)
class Slot:
    """The derivative ∂^α u^i of one field: ``field`` names i, ``index`` is α.

    >>> Slot("u", (2, 1)).order
    3
    """

    field: str
    index: tuple[int, ...]

    @property
    def order(self) -> int:
        """|α| = α_1 + … + α_d."""
        return sum(self.index)

    @property
    def is_value(self) -> bool:
        """Is this the field itself, α = 0?"""
        return not any(self.index)


@dataclass(frozen=True)
class JetSpace:
    """Named fields over named variables; gives every slot its symbol and canonical name.

    >>> space = JetSpace(("u",), ("x", "t"))
    >>> space.name(Slot("u", (2, 1)))
    'u_xxt'
    """

    fields: tuple[str, ...]
    variables: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", _names("fields", self.fields, FIELD))
        object.__setattr__(self, "variables", _names("variables", self.variables, NAME))
        both = set(map(base_of, self.fields)) & set(self.variables)
        if both:
            raise ProblemError(f"{sorted(both)[0]!r} is both a field and a variable; rename one of them")

    @property
    def dimension(self) -> int:
        """The number of variables, d."""
        return len(self.variables)

    def slot(self, field: str, **orders: int) -> Slot:
        """The slot of ``field`` with the given order per variable.

        >>> JetSpace(("u",), ("x", "t")).slot("u", x=2)
        Slot(field='u', index=(2, 0))

        Raises
        ------
        InputError
            There is no such field or variable.
        """
        if field not in self.fields:
            raise InputError(
                f"field is {field!r}; it needs one of {', '.join(self.fields)}, and derivatives as orders by "
                f"variable: slot({self.fields[0]!r}, {self.variables[0]}=1)"
            )
        wrong = next((name for name in orders if name not in self.variables), None)
        if wrong is not None:
            raise InputError(f"variable is {wrong!r}; it needs one of {', '.join(self.variables)}")
        return Slot(field, tuple(orders.get(name, 0) for name in self.variables))

    def value(self, field: str) -> Slot:
        """The slot of the field itself, α = 0."""
        return Slot(field, (0,) * self.dimension)

    def raised(self, slot: Slot, variable: str) -> Slot:
        """The slot of ∂/∂variable of ``slot``."""
        at = self.variables.index(variable)
        return Slot(slot.field, tuple(n + (k == at) for k, n in enumerate(slot.index)))

    def name(self, slot: Slot) -> str:
        """The canonical spelling: ``u_xxt``, or ``diff(u, x1, 2)`` if a variable has a long name."""
        if slot.is_value:
            return slot.field
        if all(len(name) == 1 for name in self.variables):
            head, at, part = slot.field.partition("@")
            letters = "".join(v * n for v, n in zip(self.variables, slot.index, strict=True))
            return f"{head}_{letters}{at}{part}"
        parts = [slot.field]
        for variable, n in zip(self.variables, slot.index, strict=True):
            if n:
                parts.append(variable if n == 1 else f"{variable}, {n}")
        return f"diff({', '.join(parts)})"

    def symbol(self, slot: Slot) -> sp.Symbol:
        """The real SymPy symbol that stands for the jet value of ``slot``."""
        return sp.Symbol(self.name(slot), real=True)

    def variable(self, name: str) -> sp.Symbol:
        """The real SymPy symbol of an independent variable."""
        return sp.Symbol(name, real=True)

    @cached_property
    def variable_symbols(self) -> tuple[sp.Symbol, ...]:
        """The symbols of all variables, in order."""
        return tuple(self.variable(name) for name in self.variables)

    def decode(self, symbol: sp.Symbol) -> Slot | None:
        """The slot that ``symbol`` stands for, or ``None`` (a variable, a parameter)."""
        return _decode(self, symbol.name)

    def slots_of(self, expression: sp.Expr) -> tuple[Slot, ...]:
        """The slots that occur, ordered by field (as declared), order, then x before t."""
        found = (self.decode(symbol) for symbol in expression.free_symbols)
        return self.sorted(slot for slot in found if slot is not None)

    def sorted(self, slots: Iterable[Slot]) -> tuple[Slot, ...]:
        """Slots in canonical order: field, order, then the earlier variable first."""
        return tuple(
            sorted(
                set(slots), key=lambda s: (self.fields.index(s.field), s.order, tuple(-n for n in s.index))
            )
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)


def _names(what: str, given: object, pattern: re.Pattern[str]) -> tuple[str, ...]:
    """Distinct names, at least one, as a tuple."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ProblemError(f"{what} is {given!r}; it needs a tuple of names, such as ('u', 'v')")
    names = tuple(given)
    if not names:
        raise ProblemError(f"{what} is empty; it needs at least one name")
    for name in names:
        if not isinstance(name, str) or not pattern.match(name):
            raise ProblemError(
                f"{what} has the name {name!r}; it needs a letter followed by letters and digits"
            )
    if len(set(names)) != len(names):
        raise ProblemError(f"{what} = {names} repeats a name; each must be its own")
    return names


@lru_cache(maxsize=4096)
def _decode(space: JetSpace, name: str) -> Slot | None:
    if name in space.fields:
        return space.value(name)
    orders = dict.fromkeys(space.variables, 0)
    if name.startswith("diff("):
        field, *rest = name[5:-1].split(", ")
        last = ""
        for item in rest:
            if item.isdigit():
                orders[last] = int(item)
            else:
                last = item
                orders[last] = 1
        return Slot(field, tuple(orders.values()))
    field, letters = spelling(name)
    if not letters or field not in space.fields or not set(letters) <= set(space.variables):
        return None
    for letter in letters:
        orders[letter] += 1
    return Slot(field, tuple(orders.values()))
