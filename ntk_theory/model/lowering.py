"""Lowering: operators and problems as array programs over points and jets.

F(x, {u_α}) and all F_α = ∂F/∂u_α are compiled together into one postfix program (see
:mod:`ntk_theory.model.program`), so that parts which they share are computed once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.model.groups import chosen
from ntk_theory.model.program import Program, compile_expressions
from ntk_theory.symbolic.data import Data
from ntk_theory.symbolic.jets import JetSpace, Slot
from ntk_theory.symbolic.loading_unknowns import refuse_unknowns
from ntk_theory.symbolic.numbers import bind, unvalued
from ntk_theory.symbolic.operator import Operator, partial
from ntk_theory.symbolic.problem import Group, GroupKind, Problem
from ntk_theory.symbolic.unknowns import Unknown

#: Values of named parameters (a float keeps its binary value, a Fraction or a SymPy number is exact).
ParameterValues = Mapping[str, Any]


@dataclass(frozen=True)
class LoweredOperator:
    """F and its gradient on arrays.

    ``slots`` are the operator's own slots in canonical order; ``program`` has the d variables and then
    the A slots as inputs, and F and then its A partial derivatives as outputs. ``name`` is the group
    that an error message names. ``unknowns`` are K trained numbers: further inputs, and F's derivatives by
    them further outputs.
    """

    space: JetSpace
    slots: tuple[Slot, ...]
    program: Program
    name: str = "operator"
    unknowns: tuple[str, ...] = ()

    def evaluate(self, points: Floats, jets: Floats, unknowns: Sequence[float] = ()) -> tuple[Floats, Floats]:
        """F(x_k, jets_k) and F_α(x_k, jets_k).

        Parameters
        ----------
        points:
            (n, d), columns in the order of ``space.variables``.
        jets:
            (A, n) values u_α of ``slots``; or (A, …, n), any batch of them at the same points.
        unknowns:
            (K,) the trained numbers.

        Returns
        -------
        values, gradient:
            (…, n) and (A + K, …, n), the gradient in the order of ``slots``, then by the unknowns.

        Raises
        ------
        NonFiniteError
            A result overflowed or is undefined (log of a negative jet): the message names group and point.
        """
        points, jets = np.asarray(points, dtype=np.float64), np.asarray(jets, dtype=np.float64)
        self._check_shapes(points, jets)
        shape = jets.shape[1:] if self.slots else points.shape[:1]
        results = self.program.run([*points.T, *jets, *map(np.float64, unknowns)])
        table = np.empty((1 + len(self.slots) + len(self.unknowns), *shape))
        for row, result in zip(table, results, strict=True):
            row[...] = result
        if not np.isfinite(table).all():
            raise NonFiniteError(self._complaint(points, jets, table))
        return table[0], table[1:]

    def _check_shapes(self, points: Floats, jets: Floats) -> None:
        d, a = self.space.dimension, len(self.slots)
        if points.ndim != 2 or points.shape[1] != d:
            raise InputError(f"points has shape {points.shape}; it needs (n, {d}), one column per variable")
        if jets.ndim < 2 or jets.shape[0] != a or jets.shape[-1] != len(points):
            names = ", ".join(map(self.space.name, self.slots))
            raise InputError(
                f"jets has shape {jets.shape}; it needs ({a}, {len(points)}), one row per slot ({names}) "
                "and one column per point"
            )

    def _complaint(self, points: Floats, jets: Floats, table: Floats) -> str:
        row, *_, k = (int(i) for i in np.argwhere(~np.isfinite(table))[0])
        at = tuple(int(i) for i in np.argwhere(~np.isfinite(table))[0])[1:]
        names = [*map(self.space.name, self.slots), *self.unknowns]
        what = "its residual" if row == 0 else f"its derivative with respect to {names[row - 1]}"
        where = ", ".join(f"{v} = {x:.6g}" for v, x in zip(self.space.variables, points[k], strict=True))
        values = ", ".join(f"{self.space.name(s)} = {jets[(i, *at)]:.6g}" for i, s in enumerate(self.slots))
        return (
            f"group {self.name!r} at point {k} ({where}): {what} is {table[(row, *at)]} "
            f"for {values or 'this point'}; change the points, the parameters or s so that it stays finite"
        )


@dataclass(frozen=True)
class LoweredGroup:
    """A constraint group on arrays: R_g(x) = Σ_j F^{g,j}(jets at p_j(x)) − target_g(x)."""

    name: str
    kind: GroupKind
    legs: tuple[LoweredOperator, ...]
    target_program: Program
    data: Data | None = None

    def target(self, points: Floats) -> Floats:
        """target_g at (n, d) points (of the first leg, if there are two), shape (n,)."""
        points = np.asarray(points, dtype=np.float64)
        if self.data is not None:
            return self._measured(points, self.data.targets)
        (result,) = self.target_program.run(list(points.T))
        values = np.array(np.broadcast_to(result, points.shape[:1]), dtype=np.float64)
        if not np.isfinite(values).all():
            k = int(np.flatnonzero(~np.isfinite(values))[0])
            raise NonFiniteError(
                f"group {self.name!r} at point {k} ({points[k].tolist()}): its target is {values[k]}; "
                "change the points or the target so that it stays finite"
            )
        return values

    def precision(self, points: Floats) -> Floats:
        """w_k of measured data (:mod:`ntk_theory.symbolic.data`), ones for any other group, shape (n,)."""
        if self.data is None:
            return np.ones(len(points))
        return self._measured(np.asarray(points, dtype=np.float64), self.data.precision)

    def _measured(self, points: Floats, column: Sequence[float]) -> Floats:
        """What was measured at the points, which must be those of the data or the first of them."""
        assert self.data is not None
        known = np.array(self.data.points)
        if len(points) > len(known) or not np.array_equal(points, known[: len(points)]):
            raise InputError(
                f"points[{self.name!r}] are not those of {self.data.source}; a group of data is known at its "
                f"own {len(known)} points only, in their order: take them from draw_points"
            )
        return np.array(column[: len(points)])


@dataclass(frozen=True)
class LoweredProblem:
    """All groups of a problem, conditions first, and the union of their slots in canonical order.

    ``starts`` are the trained numbers of the unknowns where they start, (K,).
    """

    space: JetSpace
    groups: tuple[LoweredGroup, ...]
    slots: tuple[Slot, ...]
    starts: tuple[float, ...] = ()

    def positions(self, operator: LoweredOperator) -> list[int]:
        """Where the operator's slots stand among ``slots``."""
        return [self.slots.index(slot) for slot in operator.slots]

    def only(self, names: str | Iterable[str] | None) -> LoweredProblem:
        """The same for some groups, see :func:`~ntk_theory.model.groups.chosen`, with the slots they need."""
        return self if names is None else _lowered(self.space, chosen(self.groups, names), self.starts)


def lower(
    operator: Operator, parameters: ParameterValues | None = None, *, name: str = "operator"
) -> LoweredOperator:
    """The array program of an operator and its gradient.

    Parameters
    ----------
    operator:
        F(x, {u_α}).
    parameters:
        A number for every named parameter of ``operator``.
    name:
        What error messages call the operator.

    Raises
    ------
    InputError
        A parameter has no value, a value belongs to no parameter or is not a real number, or the
        expression has a function that cannot be evaluated.

    Examples
    --------
    >>> space = JetSpace(("u",), ("x", "t"))
    >>> u, u_x = space.symbol(space.value("u")), space.symbol(space.slot("u", x=1))
    >>> lowered = lower(Operator(space, u * u_x))
    >>> values, gradient = lowered.evaluate(np.zeros((1, 2)), np.array([[2.0], [5.0]]))
    >>> values.tolist(), gradient.tolist()
    ([10.0], [[5.0], [2.0]])
    """
    given = dict(parameters or {})
    unknown = set(given) - {symbol.name for symbol in operator.parameters}
    if unknown:
        raise InputError(
            f"parameters has {sorted(unknown)[0]!r}, which {name} does not have; "
            f"its parameters are {[s.name for s in operator.parameters]}"
        )
    return _lower(operator, given, name)


def lower_problem(
    problem: Problem, parameters: ParameterValues | None = None, *, trained: bool = False
) -> LoweredProblem:
    """The array programs of all groups of a problem.

    ``parameters`` go before the values that the problem itself carries. Unknowns are inputs of the programs
    if they are ``trained``, else refused. Raises as :func:`lower`.
    """
    values = {**problem.parameters, **(parameters or {})}
    unknown = set(parameters or {}) - {s.name for s in _problem_symbols(problem)} - set(problem.parameters)
    if unknown:
        raise InputError(
            f"parameters has {sorted(unknown)[0]!r}, which the problem does not have; "
            f"its parameters are {sorted(values.keys() - unknown)}"
        )
    # SymPy orders a sum by names: an ansatz that only renames keeps the fields' own.
    own = problem.ansatz is not None and problem.ansatz.is_renaming
    if not trained:
        refuse_unknowns(problem, "what was asked for")
    unknowns = problem.unknowns
    values = {name: value for name, value in values.items() if name not in unknowns}
    groups = tuple(_lower_group(group, problem.space, values, own, unknowns) for group in problem.groups)
    return _lowered(problem.space, groups, tuple(start_values(unknowns).tolist()))


def start_values(unknowns: Mapping[str, Unknown]) -> Floats:
    """Where the trained numbers start, (K,): the logarithm for a positive unknown."""
    return np.array([math.log(u.start) if u.positive else float(u.start) for u in unknowns.values()])


def _lower(
    operator: Operator,
    values: ParameterValues,
    name: str,
    outputs: JetSpace | None = None,
    unknowns: Mapping[str, Unknown] = MappingProxyType({}),
) -> LoweredOperator:
    """The program; with ``outputs`` the operator's fields are these, in order, by other names."""
    space, slots = operator.space, operator.slots
    program = compile_expressions(*_expressions(operator, values, name, unknowns))
    if outputs is None:
        return LoweredOperator(space, slots, program, name, tuple(unknowns))
    renamed = dict(zip(space.fields, outputs.fields, strict=True))
    own = tuple(Slot(renamed[s.field], s.index) for s in slots)
    return LoweredOperator(outputs, own, program, name, tuple(unknowns))


def _expressions(
    operator: Operator, values: ParameterValues, name: str, unknowns: Mapping[str, Unknown]
) -> tuple[list[sp.Expr], list[sp.Symbol]]:
    """F and its derivatives by the slots and the unknowns; the symbols: variables, slots, unknowns."""
    space = operator.space
    names = {symbol.name for symbol in operator.parameters}
    bound = Operator(space, bind(operator.expression, {k: v for k, v in values.items() if k in names}))
    _require_bound([s.name for s in bound.parameters if s.name not in unknowns], name)
    # The slots of the unbound operator: a coefficient that happens to be 0 must not change an answer's shape.
    slots = operator.slots
    gradient = [bound.gradient.get(slot, sp.S.Zero) for slot in slots]
    symbols = [_symbol(bound.expression, unknown) for unknown in unknowns]
    # θ holds log p of a positive p: the programs are those of F(exp θ).
    pairs = zip(symbols, unknowns.values(), strict=True)
    logarithmic = {symbol: sp.exp(symbol) for symbol, unknown in pairs if unknown.positive}
    expression = bound.expression.xreplace(logarithmic)
    outcomes = [expression, *(f.xreplace(logarithmic) for f in gradient)]
    outcomes += [partial(expression, symbol) for symbol in symbols]
    return outcomes, [*space.variable_symbols, *map(space.symbol, slots), *symbols]


def _symbol(expression: sp.Expr, name: str) -> sp.Symbol:
    """The expression's own symbol of this name, or a new one where it has none."""
    return next((s for s in expression.free_symbols if s.name == name), sp.Symbol(name, real=True))


def _lowered(
    space: JetSpace, groups: tuple[LoweredGroup, ...], starts: tuple[float, ...] = ()
) -> LoweredProblem:
    slots = space.sorted(slot for group in groups for leg in group.legs for slot in leg.slots)
    return LoweredProblem(space, groups, slots, starts)


def _lower_group(
    group: Group, space: JetSpace, values: ParameterValues, own: bool, unknowns: Mapping[str, Unknown]
) -> LoweredGroup:
    stated, target = _stated(group, values, own, unknowns)
    outputs = space if own else None
    legs = tuple(_lower(leg, values, group.name, outputs, unknowns) for leg in stated)
    free = target.free_symbols - set(space.variable_symbols)
    if any(space.decode(symbol) for symbol in free):
        raise InputError(f"group {group.name!r} has the target {target}; it needs one without the fields")
    _require_bound(sorted(s.name for s in free), group.name)
    program = compile_expressions([target], space.variable_symbols)
    return LoweredGroup(group.name, group.kind, legs, program, group.data)


def _stated(
    group: Group, values: ParameterValues, own: bool, unknowns: Mapping[str, Unknown]
) -> tuple[tuple[Operator, ...], sp.Expr]:
    """The legs as they are evaluated, and the target."""
    stated = group.stated if own else group.legs
    target = bind(group.target, {n: v for n, v in values.items() if n not in unknowns})
    if any(s.name in unknowns for s in target.free_symbols):  # an unknown target is part of the operator
        first = Operator(stated[0].space, stated[0].expression - target)
        stated, target = (first, *stated[1:]), sp.S.Zero
    return tuple(stated), target


def second_derivatives(problem: Problem) -> dict[str, tuple[Program, ...]]:
    """Per group and leg the program of F_{βγ}, β ≤ γ over the slots and then the unknowns, row by row.

    Its inputs are those of :class:`LoweredOperator`'s program. Raises as :func:`lower`.
    """
    own = problem.ansatz is not None and problem.ansatz.is_renaming
    unknowns = problem.unknowns
    values = {name: value for name, value in problem.parameters.items() if name not in unknowns}

    def program(leg: Operator, name: str) -> Program:
        (_, *gradient), inputs = _expressions(leg, values, name, unknowns)
        by = inputs[leg.space.dimension :]
        second = [partial(f, symbol) for k, f in enumerate(gradient) for symbol in by[k:]]
        return compile_expressions(second, inputs)

    return {
        group.name: tuple(program(leg, group.name) for leg in _stated(group, values, own, unknowns)[0])
        for group in problem.groups
    }


def _require_bound(names: Sequence[str], where: str) -> None:
    if names:
        raise InputError(unvalued(where, names))


def _problem_symbols(problem: Problem) -> set[sp.Symbol]:
    operators = {s for group in problem.groups for leg in group.legs for s in leg.parameters}
    targets = {s for group in problem.groups for s in group.target.free_symbols}
    return operators | targets - set(problem.space.variable_symbols)
