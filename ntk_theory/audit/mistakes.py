"""The mistakes that are looked for: one entry of a table each, made from the Jacobian's rows or columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import permutations
from typing import NamedTuple

import numpy as np
import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.audit.bench import Bench
from ntk_theory.errors import NTKTheoryError
from ntk_theory.symbolic.group import Group
from ntk_theory.symbolic.jets import Slot

#: Variables whose orders are tried.
MOST_VARIABLES = 3

Rows = Iterator[tuple[str, Callable[[], Floats]]]


Columns = Iterator[tuple[str, Callable[[Floats], Floats]]]


class RowMistake(NamedTuple):
    """Its code, and what it makes of a group's rows: words and J_g."""

    code: str
    make: Callable[[Bench, Group], Rows]


class ColumnMistake(NamedTuple):
    """Its code, and what it makes of the columns of any J, in words and as a function."""

    code: str
    make: Callable[[Bench], Columns]


def outputs(bench: Bench, group: Group) -> Rows:
    """The kernel of an output instead of the residual."""
    space = bench.problem.space
    for name in space.fields:
        u = space.symbol(space.value(name))
        if any(leg.expression != u for leg in group.legs):
            yield f"the output {name} in place of the residual", partial(_alone, bench, group, u)


def _alone(bench: Bench, group: Group, expression: sp.Expr) -> Floats:
    return bench.of(expression, group)[1]


def terms(bench: Bench, group: Group) -> Rows:
    """A term with another sign or coefficient, left out, or alone."""
    for number, leg in enumerate(group.legs):
        parts = sp.Add.make_args(sp.expand(leg.expression))
        parts = [part for part in parts if bench.problem.space.slots_of(part)]
        for part in parts if len(parts) > 1 or len(group.legs) > 1 else []:
            for factor, words in (
                (-1, f"the sign of {part}"),
                (0, f"{part} left out"),
                (2, f"{part} taken twice"),
                (sp.Rational(1, 2), f"{part} halved"),
                (1 / abs(part.as_coeff_Mul()[0]), f"{part} without its coefficient"),
            ):
                if factor != 1:
                    yield words, _changed(bench, group, number, part, float(factor - 1))
        for part in parts if len(parts) > 1 and len(group.legs) == 1 else []:
            yield f"{part} alone", partial(_alone, bench, group, part)


def orders(bench: Bench, group: Group) -> Rows:
    """A derivative of another order, or by another variable."""
    space = bench.problem.space
    for number, leg in enumerate(group.legs):
        for slot in leg.slots:
            for other in _near(slot):
                swap = {space.symbol(slot): space.symbol(other)}
                change = sp.expand(leg.expression.xreplace(swap) - leg.expression)
                words = f"{space.name(other)} in place of {space.name(slot)}"
                yield words, _changed(bench, group, number, change)


def _near(slot: Slot) -> Iterator[Slot]:
    index = slot.index
    for k in range(len(index)):
        for step in (-1, 1):
            if index[k] + step >= 0 and slot.order + step <= 4:
                yield Slot(slot.field, (*index[:k], index[k] + step, *index[k + 1 :]))
    for k, j in permutations(range(len(index)), 2):
        if index[k]:
            yield Slot(slot.field, tuple(n - (i == k) + (i == j) for i, n in enumerate(index)))
    if len(set(index)) > 1:
        for k in range(1, len(index)):
            yield Slot(slot.field, index[k:] + index[:k])


def _changed(
    bench: Bench, group: Group, number: int, change: sp.Expr, factor: float = 1.0
) -> Callable[[], Floats]:
    """The rows of F + factor·change; gradients are linear in F."""
    return lambda: bench.rows(group) + factor * bench.of(change, group, number)[1]


def detached(bench: Bench, group: Group) -> Rows:
    """A factor of a term held constant."""
    space = bench.problem.space
    if len(group.legs) > 1 or group.legs[0].is_linear is not False:
        return
    for part in sp.Add.make_args(sp.expand(group.legs[0].expression)):
        slots = space.slots_of(part)
        for slot in slots if len(slots) > 1 else ():

            def rows(part: sp.Expr = part, slot: Slot = slot) -> Floats:
                symbol = space.symbol(slot)
                values, _ = bench.of(sp.diff(part, symbol), group)
                return bench.rows(group) - values[:, None] * bench.of(symbol, group)[1]

            yield f"{space.name(slot)} detached in {part}", rows


def coordinates(bench: Bench, group: Group) -> Rows:
    """The inputs in another order: t where x belongs."""
    names = bench.problem.space.variables
    for order in permutations(range(len(names))) if len(names) <= MOST_VARIABLES else ():
        if order != tuple(range(len(names))):
            words = ", ".join(names[k] for k in order)
            yield f"the points' coordinates in the order {words}", partial(_reordered, bench, group, order)


def _reordered(bench: Bench, group: Group, order: Sequence[int]) -> Floats:
    return bench.reordered(order).rows(group)


#: What may be wrong with the rows of one group.
ROWS = (
    RowMistake("wrong-row", outputs),
    RowMistake("operator", terms),
    RowMistake("operator", orders),
    RowMistake("detached", detached),
    RowMistake("permuted", coordinates),
)


def layers(bench: Bench) -> Columns:
    """Some layers only."""
    depth = len(bench.network.widths)
    own = [{f"W{k + 1}", f"b{k + 1}"} for k in range(depth)] + [{"a", "c"}]
    every = set().union(*own)
    names = [f"layer {k + 1}" for k in range(depth)] + ["the output layer"]
    for one, name in zip(own, names, strict=True):
        yield f"{name} only", _kept(bench, one)
        yield f"{name} left out", _kept(bench, every - one)
    for k in range(2, depth):
        yield f"the first {k} layers only", _kept(bench, set().union(*own[:k]))
        yield f"the last {k} layers only", _kept(bench, set().union(*own[-k:]))
    for one in own:
        for name in sorted(one):
            yield f"{name} only (W weights, b biases, a, c of the output)", _kept(bench, {name})
            yield f"{name} left out (W weights, b biases, a, c of the output)", _kept(bench, every - {name})


def biases(bench: Bench) -> Columns:
    """Biases left out."""
    names = set(bench.columns)
    hidden = {name for name in names if name[0] == "b"}
    yield "the output bias left out", _kept(bench, names - {"c"})
    yield "all biases left out", _kept(bench, names - hidden - {"c"})
    yield "the hidden biases left out", _kept(bench, names - hidden)


def sums(bench: Bench) -> Columns:
    """The square of a sum in place of the sum of squares."""
    spans = list(bench.columns.values())
    yield "(Σ_θ ∂R)² in place of Σ_θ (∂R)²", lambda J: J.sum(axis=1, keepdims=True)
    yield (
        "the square of a sum in every parameter tensor",
        lambda J: np.stack([J[:, s].sum(axis=1) for s in spans], 1),
    )


def rates(bench: Bench) -> Columns:
    """Another parameterisation."""
    scale = np.where(bench.scale > 0, bench.scale, 1.0)
    yield "the NTK parameterisation (W/√n) in place of the model's own", lambda J: J / scale


def _kept(bench: Bench, names: set[str]) -> Callable[[Floats], Floats]:
    spans = [span for name, span in bench.columns.items() if name in names]

    def kept(J: Floats) -> Floats:
        return np.concatenate([J[:, s] for s in spans], axis=1) if spans else np.zeros((len(J), 1))

    return kept


#: What may be wrong with the columns of all groups.
COLUMNS = (
    ColumnMistake("missing-bias", biases),
    ColumnMistake("partial-layers", layers),
    ColumnMistake("square-of-sum", sums),
    ColumnMistake("factor", rates),
)


def term_rows(bench: Bench, group: Group) -> list[tuple[str, Floats]]:
    """Every term of a group's first operator in words, and its rows: for a coefficient that is not known."""
    leg = group.legs[0].expression
    parts = [part for part in sp.Add.make_args(sp.expand(leg)) if bench.problem.space.slots_of(part)]
    return [(str(part), bench.of(part, group)[1]) for part in parts] if len(parts) > 1 else []


def candidates(bench: Bench, group: Group) -> Iterator[tuple[str, str, Floats]]:
    """Code, words and rows of everything that may be wrong with a group; the right rows come first."""
    yield "", "", bench.rows(group)
    for mistake in ROWS:
        for words, rows in mistake.make(bench, group):
            try:
                yield mistake.code, words, rows()
            except NTKTheoryError:
                continue  # not differentiable so often, or not finite: then nobody has computed it
