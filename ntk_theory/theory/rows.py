"""Rows of a kernel: one constraint group on one of its faces, expanded in ε (THEORY §3) [D].

Pinned coordinates are substituted before anything else is asked: x·u_x + x·u² on the face x = 0 is
identically 0. Every leg has jets of its own; a leg whose coordinates are all pinned sits at one given
point, and its jets are the same in every row that has a leg there. The other side of a block has jets
and coordinates of its own (:meth:`Side.mirrored`); the constants c it shares.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

import sympy as sp

from ntk_theory.setting.output_bias import OutputBias
from ntk_theory.symbolic.asymptotics import (
    KEEP,
    Degree,
    Growth,
    Trouble,
    degree_of,
    domain_fault,
    expand,
)
from ntk_theory.symbolic.intervals import Intervals
from ntk_theory.symbolic.operator import partial
from ntk_theory.symbolic.pieces import Piece, without_pieces
from ntk_theory.symbolic.places import End, Point, expansion_point
from ntk_theory.symbolic.problem import Face, Group
from ntk_theory.symbolic.series import Series
from ntk_theory.symbolic.signs import Sign, sign_of
from ntk_theory.symbolic.transseries import Value
from ntk_theory.symbolic.unknown_functions import Functions
from ntk_theory.symbolic.unknowns import Unknown, starts
from ntk_theory.symbolic.zero import is_zero
from ntk_theory.theory.columns import UnknownColumn, bias_label, unknown_columns

NONE: Mapping[str, Unknown] = MappingProxyType({})
NO_FUNCTIONS: Functions = MappingProxyType({})
Domain = Mapping[str, tuple[sp.Expr, sp.Expr]]


@dataclass(frozen=True)
class Entry:
    """One F_{iα} of one leg, with pinned coordinates substituted; ``symbol`` is the jet u_{iα} there."""

    leg: int
    field: str
    alpha: tuple[int, ...]
    expression: sp.Expr
    symbol: sp.Expr

    @property
    def is_value(self) -> bool:
        """Is α = 0?"""
        return not any(self.alpha)


@dataclass(frozen=True)
class Expanded:
    """An expansion and the degree that it shows."""

    value: Value | Trouble
    degree: Degree

    @property
    def is_absent(self) -> bool:
        """Is it exactly 0?"""
        return isinstance(self.value, Value) and self.value.is_exact_zero

    def xreplace(self, swap: Mapping[sp.Expr, sp.Expr]) -> Expanded:
        """The same in other symbols."""
        if isinstance(self.value, Trouble):
            return self
        coefficient = self.degree.coefficient
        renamed = replace(
            self.degree, coefficient=None if coefficient is None else coefficient.xreplace(swap)
        )
        return Expanded(self.value.xreplace(swap), renamed)


@dataclass(frozen=True)
class Side:
    """A row at one end, in one branch of signs: every F_{iα} expanded, and :attr:`ResidualRow.columns`."""

    point: Point
    hidden: tuple[tuple[Entry, Expanded], ...]
    columns: Mapping[str, Expanded]

    def mirrored(self) -> Side:
        """The same at another point: jets and coordinates of its own, the shared symbols as they are."""
        return self.xreplace(mirror(self.point))

    def xreplace(self, swap: Mapping[sp.Expr, sp.Expr]) -> Side:
        """The same in other symbols."""
        if not swap:
            return self
        point = self.point

        def of(symbols: frozenset[sp.Symbol]) -> frozenset[sp.Symbol]:
            return frozenset().union(*(s.xreplace(swap).free_symbols for s in symbols))

        renamed = replace(
            point,
            random=of(point.random),
            constants=of(point.constants),
            shared=of(point.shared),
            coordinates=of(point.coordinates),
            intervals=tuple((s.xreplace(swap), low, high) for s, low, high in point.intervals),
            signs=tuple((a.xreplace(swap), s) for a, s in point.signs),
            path=tuple((a.xreplace(swap), s, d) for a, s, d in point.path),
            replaced={s: e.xreplace(swap) for s, e in point.replaced.items()},
        )
        hidden = tuple((entry, expanded.xreplace(swap)) for entry, expanded in self.hidden)
        return Side(renamed, hidden, {f: e.xreplace(swap) for f, e in self.columns.items()})


def mirror(point: Point) -> dict[sp.Expr, sp.Expr]:
    """Own symbols of a place → those of the other side of a block."""
    own = (point.random - point.shared) | point.coordinates
    return {s: primed(s) for s in own}


def primed(symbol: sp.Symbol) -> sp.Symbol:
    """The symbol of the other side that corresponds to this one."""
    return sp.Symbol(f"{symbol.name}'", **symbol.assumptions0)


@dataclass(frozen=True, eq=False)
class ResidualRow:
    """A group on one of its faces (one face per leg), for one output bias."""

    group: Group
    faces: tuple[Face, ...]
    bias: OutputBias
    domain: Domain
    #: Is it 0 for every network, by the feature map? Then nothing of it is left.
    is_met: bool = False
    unknowns: Mapping[str, Unknown] = field(default_factory=dict)
    #: The jets of unknown fields, which are numbers of a place like its coordinates.
    functions: Functions = field(default_factory=dict)
    #: Do unknowns stay where they start? Then they add nothing to the kernel.
    is_frozen: bool = False

    @cached_property
    def is_pinned(self) -> bool:
        """Does the row live on less than the whole domain: a face, or two legs that belong together?"""
        return len(self.faces) > 1 or any(self.faces)

    def is_at_one_point(self, leg: int) -> bool:
        """Does the face of this leg fix every coordinate?"""
        return set(self.faces[leg]) >= set(self.group.legs[0].space.variables)

    def _suffix(self, leg: int) -> str:
        if self.is_at_one_point(leg):
            return "@(" + ", ".join(f"{v}={value}" for v, value in sorted(self.faces[leg].items())) + ")"
        # A single leg keeps its names, so that reasons can be read.
        return f"@{leg}" if len(self.faces) > 1 else ""

    @cached_property
    def _renamed(self) -> tuple[dict[sp.Expr, sp.Expr], ...]:
        """Per leg: slot symbols → those of the leg, pinned coordinates and unknowns → their values."""
        found = []
        values = starts(self.unknowns)
        for k, (operator, face) in enumerate(zip(self.group.legs, self.faces, strict=True)):
            space = operator.space
            swap: dict[sp.Expr, sp.Expr] = {space.variable(v): value for v, value in face.items()}
            swap |= {s: values[s.name] for s in operator.parameters if s.name in values}
            for slot in operator.slots:
                name = f"{space.name(slot)}{self._suffix(k)}"
                swap[space.symbol(slot)] = sp.Symbol(name, real=True)
            found.append(swap)
        return tuple(found)

    @cached_property
    def expressions(self) -> tuple[sp.Expr, ...]:
        """F of every leg on its face."""
        return tuple(
            self._on_domain(leg.expression.xreplace(swap))
            for leg, swap in zip(self.group.legs, self._renamed, strict=True)
        )

    def _on_domain(self, expression: sp.Expr) -> sp.Expr:
        """The same with the signs that coordinates have everywhere on the domain put in."""
        if not expression.has(sp.sign, sp.Abs, Piece):
            return expression
        plain = without_pieces(expression)
        swap: dict[sp.Expr, sp.Expr] = {}
        for node in plain.atoms(sp.sign, sp.Abs):
            inner = node.args[0]
            held = inner.free_symbols
            if not held or not held <= self._placed_symbols:
                continue
            found = sign_of(inner, frozenset(), self._intervals_of(held))
            if found.is_definite:
                sign = sp.S.One if found is Sign.POSITIVE else sp.S.NegativeOne
                swap[node] = sign if isinstance(node, sp.sign) else sign * inner
        return plain.xreplace(swap) if swap else expression

    @cached_property
    def _placed_symbols(self) -> frozenset[sp.Symbol]:
        return frozenset(self.group.legs[0].space.variable_symbols) | set(self.functions)

    def _intervals_of(self, coordinates: frozenset[sp.Symbol]) -> Intervals:
        known = {**self.domain, **{s.name: jet.interval for s, jet in self.functions.items()}}
        return tuple((s, *known.get(s.name, (sp.S.Zero, sp.oo))) for s in sorted(coordinates, key=str))

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Every F_{iα} that does not vanish on the face.

        Coordinates are put in before F is differentiated: √|x u_x| is 0 at x = 0, and so is its derivative;
        taken first, it has the form 0/0 there.
        """
        found: list[Entry] = []
        if self.is_met:
            return ()
        for k, (operator, swap) in enumerate(zip(self.group.legs, self._renamed, strict=True)):
            placed = operator.expression.xreplace(swap)
            for slot in operator.support:
                symbol = swap[operator.space.symbol(slot)]
                expression = self._on_domain(partial(placed, symbol))
                if expression.has(sp.zoo, sp.nan, sp.oo) or not is_zero(expression):
                    found.append(Entry(k, slot.field, slot.index, expression, symbol))
        return tuple(found)

    @cached_property
    def likeness(self) -> Hashable:
        """Rows of one kind, which differ in name and place only, have this in common.

        Their degrees are the same, and so is what they contribute to a block, unless the contraction with
        T^∞ depends on the places. A reason that tells the name of a group makes it a kind of its own.
        """
        name = self.group.name if self.is_singular else ""
        places = tuple((frozenset(face), self.is_at_one_point(k)) for k, face in enumerate(self.faces))
        every = (self.expressions, self.entries, *self.columns.items())
        return (name, every, places, self.bias, self.intervals)

    @cached_property
    def is_singular(self) -> bool:
        """Has F or some F_α no value on the face (1/x at x = 0)?"""
        return any(e.has(sp.zoo, sp.nan, sp.oo) for e in self._every)

    @cached_property
    def _every(self) -> tuple[sp.Expr, ...]:
        return (*self.expressions, *(e.expression for e in self.entries), *self._of_unknowns.values())

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields on which the row depends."""
        return tuple(dict.fromkeys(e.field for e in self.entries))

    @property
    def order(self) -> int:
        """The largest |α| whose T matters; a jet in a column needs one derivative of φ less."""
        orders = [sum(e.alpha) for e in self.entries]
        held = frozenset().union(*(e.free_symbols for e in self._of_unknowns.values()))
        for operator, swap in zip(self.group.legs, self._renamed, strict=True):
            orders += [s.order - 1 for s in operator.slots if swap[operator.space.symbol(s)] in held]
        return max(orders, default=0)

    @cached_property
    def bias_sums(self) -> dict[str, sp.Expr]:
        """F_{i0} summed over the legs, by field; fields without one are absent."""
        sums: dict[str, sp.Expr] = {}
        for entry in self.entries:
            if entry.is_value:
                sums[entry.field] = sums.get(entry.field, sp.S.Zero) + entry.expression
        return {field: total for field, total in sums.items() if not is_zero(total)}

    @cached_property
    def _of_unknowns(self) -> dict[str, sp.Expr]:
        """∂R/∂π of every unknown at the start, by label; those that vanish are absent."""
        if self.is_frozen:
            return {}
        every = unknown_columns(self.group, self.faces, self._renamed, self.unknowns, self.functions)
        found = {label: self._on_domain(expression) for label, expression in every.items()}
        return {label: expression for label, expression in found.items() if not is_zero(expression)}

    @cached_property
    def columns(self) -> dict[str, sp.Expr]:
        """The derivatives by trained numbers outside the layers: output biases (if trained), unknowns."""
        biases = self.bias_sums if self.bias.is_trained else {}
        return {**{bias_label(f): e for f, e in biases.items()}, **self._of_unknowns}

    @property
    def trained(self) -> tuple[str, ...]:
        """The unknowns on which the row depends where they start."""
        return tuple({c.unknown: c for c in self.columns if isinstance(c, UnknownColumn)})

    @cached_property
    def jets(self) -> frozenset[sp.Symbol]:
        """The symbols of all jets of all legs."""
        return frozenset().union(*(self._slot_symbols(k) for k in range(len(self.faces))))

    def _slot_symbols(self, leg: int) -> frozenset[sp.Symbol]:
        operator = self.group.legs[leg]
        return frozenset(self._renamed[leg][operator.space.symbol(s)] for s in operator.slots)

    @cached_property
    def pinned_jets(self) -> frozenset[sp.Symbol]:
        """The jets of legs that sit at one given point."""
        legs = [k for k in range(len(self.faces)) if self.is_at_one_point(k)]
        return frozenset().union(*(self._slot_symbols(k) for k in legs))

    @cached_property
    def coordinates(self) -> frozenset[sp.Symbol]:
        """The symbols of coordinates, and of unknown fields' jets there, that occur."""
        return self._placed_symbols & self._free

    @cached_property
    def _free(self) -> frozenset[sp.Symbol]:
        return frozenset().union(*(e.free_symbols for e in self._every)) - self.jets

    @cached_property
    def intervals(self) -> Intervals:
        """Coordinates in the domain (positive where it has no interval), parameters positive."""
        parameters = sorted(self._free - self.coordinates, key=str)
        return (*self._intervals_of(self.coordinates), *((s, sp.S.Zero, sp.oo) for s in parameters))

    def point(self, end: End) -> Point:
        """Where to expand: every leg with directions of its own."""
        merged = Point({}, frozenset(), end, intervals=self.intervals, coordinates=self.coordinates)
        for k, operator in enumerate(self.group.legs):
            swap, space = self._renamed[k], operator.space
            names = {swap[space.symbol(s)]: s.field for s in operator.slots}
            values = frozenset(swap[space.symbol(s)] for s in operator.slots if s.is_value)
            own = expansion_point(names, values, end=end, start=self.bias.start, leg="")
            pinned = own.random if self.is_at_one_point(k) else own.constants
            merged = replace(
                merged,
                values={**merged.values, **own.values},
                random=merged.random | own.random,
                constants=merged.constants | own.constants,
                shared=merged.shared | own.constants | pinned,
            )
        return merged

    @cached_property
    def generic(self) -> Point:
        """The place for ε of order one (s = 1/2): every jet is its own finite random value."""
        return Point(
            {s: Series.constant(s) for s in self.jets},
            self.jets,
            End.ZERO,
            intervals=self.intervals,
            coordinates=self.coordinates,
            shared=self.pinned_jets,
        )

    def fault(self, end: End | None) -> Degree | None:
        """The degree that says F is undefined (or cannot be shown to be defined); ``None``: all is well."""
        if self.is_singular:
            face = ", ".join(f"{v} = {value}" for f in self.faces for v, value in f.items())
            return Degree(Growth.UNDEFINED, reason=f"{self.group.name} has no value on {face}")
        point = self.generic if end is None else self.point(end)
        found = (domain_fault(expression, point) for expression in self.expressions)
        return next((fault for fault in found if fault is not None), None)

    def sides(self, end: End, level: int = 0) -> tuple[Side, ...]:
        """The row expanded, one side per branch of signs; ``level`` asks for more terms."""
        if (end, level) not in self._sides:
            self._sides[end, level] = self._expanded(end, level)
        return self._sides[end, level]

    @cached_property
    def _sides(self) -> dict[tuple[End, int], tuple[Side, ...]]:
        return {}

    def _expanded(self, end: End, level: int) -> tuple[Side, ...]:
        distinct = list(dict.fromkeys([*(e.expression for e in self.entries), *self.columns.values()]))
        sides = []
        for branch in expand(distinct, self.point(end), KEEP[level:]):
            known = {
                expression: Expanded(value, degree_of(value, branch.point))
                for expression, value in zip(distinct, branch.values, strict=True)
            }
            hidden = tuple((e, known[e.expression]) for e in self.entries)
            sides.append(Side(branch.point, hidden, {f: known[e] for f, e in self.columns.items()}))
        return tuple(sides)


def rows_of(
    group: Group,
    bias: OutputBias,
    domain: Domain,
    unknowns: Mapping[str, Unknown] = NONE,
    functions: Functions = NO_FUNCTIONS,
    *,
    is_frozen: bool = False,
) -> tuple[ResidualRow, ...]:
    """A group as rows: one per face, or a single one with all its legs."""
    several = [tuple(group.faces or ({},) * len(group.legs))] if len(group.legs) > 1 else None
    places = several or [(face,) for face in group.faces or ({},)]
    return tuple(
        ResidualRow(group, faces, bias, domain, False, unknowns, functions, is_frozen) for faces in places
    )
