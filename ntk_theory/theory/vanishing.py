"""Does the contraction of two rows with the limit T^∞ vanish? (THEORY §3 "Symmetry") [D].

The exact test of :mod:`~ntk_theory.theory.symmetry`, put to the rows of a problem: legs summed, pinned
coordinates substituted, free ones and all jets at random rational values. A row on the whole domain
sees T^∞ at every place, and no generic function of two points is annihilated everywhere; so the test
is for pairs of rows on faces.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import sympy as sp

from ntk_theory.symbolic.effort import nodes_of, spend
from ntk_theory.symbolic.places import Point
from ntk_theory.theory.circles import Circle
from ntk_theory.theory.reflection import Reflection
from ntk_theory.theory.rows import ResidualRow, mirror, primed
from ntk_theory.theory.symmetry import (
    STAND_INS,
    ZERO,
    AffineMap,
    Contraction,
    Key,
    Number,
    number,
    vanishes,
)

#: Independent draws that must all vanish before a contraction is said to, and agree before it is fixed.
DRAWS = 2
#: As many where coefficients jump: a sign comes out alike in every second draw.
DRAWS_OF_SIGNS = 24
#: More products of entries than this are not contracted; T^∞ is then taken as generic.
MAX_PRODUCTS = 4000
#: What one contraction at random places costs, in nodes.
VERDICT_NODES = 200


@dataclass(frozen=True)
class Verdict:
    """What T^∞ does to the hidden part of two rows.

    ``vanishes``: it cancels identically, at every ε. ``by_orders``: the rows are nonlinear and live on
    faces, so single orders in ε may cancel. ``random_at_half``: does the contraction vary with the jets
    at ε = 1? ``gain``: the power of N that the rates η of the initialisation give T. ``reflection`` is that
    of the network, where the rows meet its origin.
    """

    vanishes: bool = False
    by_orders: bool = False
    random_at_half: bool | None = None
    inputs: AffineMap | None = None
    gain: sp.Expr = sp.S.Zero
    reflection: Reflection | None = None


def verdict_of(
    g: ResidualRow, h: ResidualRow, inputs: AffineMap, reflection: Reflection | None = None
) -> Verdict:
    """The verdict for a pair of rows; generic unless both live on faces."""
    if not (g.is_pinned and h.is_pinned) or (inputs.features and inputs.features.waves):
        return Verdict()
    if len(g.entries) * len(h.entries) > MAX_PRODUCTS:
        return Verdict()
    swap = mirror(h.generic)
    terms = [
        ((x.leg, x.alpha, y.leg, y.alpha), x.expression * y.expression.xreplace(swap))
        for x in g.entries
        for y in h.entries
        if x.field == y.field
    ]
    if not terms:
        return Verdict()
    if reflection is not None and not is_reflected(g, h, inputs, reflection):
        reflection = None
    keys = {key for key, _ in terms}
    if (
        reflection is None
        and len(keys) == 1
        and not any(any(alpha) or any(beta) for _, alpha, _, beta in keys)
    ):
        total = sp.Add(*(coefficient for _, coefficient in terms))
        if total.is_Rational and total != 0:  # a number times T^∞ itself, which is positive
            return Verdict(random_at_half=False, inputs=inputs)
    spend(VERDICT_NODES + sum(nodes_of(coefficient) for _, coefficient in terms))
    jets = g.jets | {primed(s) for s in h.jets} | h.jets
    gone, varies = _judge(g, h, inputs, terms, jets, reflection)
    if gone:
        return Verdict(vanishes=True, inputs=inputs, reflection=reflection)
    nonlinear = any(e.expression.free_symbols & row.jets for row in (g, h) for e in row.entries)
    return Verdict(by_orders=nonlinear, random_at_half=varies, inputs=inputs, reflection=reflection)


def is_reflected(g: ResidualRow, h: ResidualRow, inputs: AffineMap, reflection: Reflection) -> bool:
    """Is y·y' at the origin of a reflection for legs of two rows, wherever on their faces they are?"""
    if not (g.is_pinned and h.is_pinned) or (inputs.features and inputs.features.waves):
        return False
    pinned = {name for row in (g, h) for face in row.faces for name in face}
    if len(pinned) < g.group.legs[0].space.dimension:  # a coordinate that is free on both sides moves y·y'
        return False
    rng = random.Random(20251125)
    return all(
        _contraction(g, h, inputs, _coordinates(rng, g, False), _coordinates(rng, h, True)).meets(
            reflection.origin
        )
        for _ in range(DRAWS)
    )


def contraction_verdict(
    g: ResidualRow,
    h: ResidualRow,
    terms: Sequence[tuple[Key, sp.Expr]],
    point: Point,
    verdict: Verdict,
) -> tuple[bool | None, bool | None]:
    """(does Σ k T^∞ vanish, is it random?) for coefficients of one order in ε."""
    mapped = verdict.inputs or AffineMap.identity(g.group.legs[0].space.dimension)
    return _judge(g, h, mapped, terms, point.random, verdict.reflection)


def _judge(
    g: ResidualRow,
    h: ResidualRow,
    inputs: AffineMap,
    terms: Sequence[tuple[Key, sp.Expr]],
    jets: frozenset[sp.Symbol],
    reflection: Reflection | None,
) -> tuple[bool | None, bool | None]:
    """(does Σ k T^∞ vanish, does it vary with the jets?), at random rational points and jets."""
    rng = random.Random(20251125)
    answers: list[bool | None] = []
    varies: bool | None = False
    may_vary = any(k.free_symbols & jets for _, k in terms)
    jumps = any(k.has(sp.sign, sp.Abs) for _, k in terms)
    wanted = DRAWS_OF_SIGNS if jumps else DRAWS
    while len(answers) < wanted and not (False in answers and (varies or not jumps)):
        places = _coordinates(rng, g, False), _coordinates(rng, h, True)
        contraction = replace(_contraction(g, h, inputs, *places), reflection=reflection)
        held = {**places[0], **places[1]}
        first = contraction.of(_valued(terms, _assigned(rng, terms, held)))
        answers.append(vanishes(first))
        if may_vary and not varies:
            second = contraction.of(_valued(terms, _assigned(rng, terms, held)))
            keys = set(first) | set(second)
            same = vanishes({k: first.get(k, ZERO) - second.get(k, ZERO) for k in keys})
            varies = True if same is False else (None if same is None else varies)
    if False in answers:
        return False, varies
    return (None if None in answers else True), varies


def _coordinates(rng: random.Random, row: ResidualRow, other: bool) -> dict[sp.Symbol, sp.Expr]:
    """Random rational values of every coordinate (and unknown field's jet), one set for all legs of a row."""
    symbols = (*row.group.legs[0].space.variable_symbols, *row.functions)
    return {primed(s) if other else s: _rational(rng) for s in symbols}


def _contraction(
    g: ResidualRow,
    h: ResidualRow,
    inputs: AffineMap,
    ours: Mapping[sp.Symbol, sp.Expr],
    theirs: Mapping[sp.Symbol, sp.Expr],
) -> Contraction:
    def mapped(
        row: ResidualRow, values: Mapping[sp.Symbol, sp.Expr], other: bool
    ) -> tuple[tuple[Number | Circle, ...], ...]:
        space = row.group.legs[0].space
        found = []
        for face in row.faces:
            free = [values[primed(s) if other else s] for s in space.variable_symbols]
            at = [face.get(v, own) for v, own in zip(space.variables, free, strict=True)]
            found.append(inputs.at(space.variables, at))
        return tuple(found)

    scale = tuple(number(s.xreplace(STAND_INS)) for s in inputs.scale)
    return Contraction(mapped(g, ours, False), mapped(h, theirs, True), scale)


def _assigned(
    rng: random.Random, terms: Sequence[tuple[Key, sp.Expr]], held: Mapping[sp.Symbol, sp.Expr]
) -> dict[sp.Expr, sp.Expr]:
    """A random rational value for every symbol of the coefficients that has none yet."""
    symbols = set().union(*(k.free_symbols for _, k in terms))
    values: dict[sp.Expr, sp.Expr] = {s: held[s] for s in symbols if s in held}
    for symbol in sorted(symbols - set(held), key=str):
        sign = 1 if symbol.is_positive or rng.random() < 0.5 else -1
        values[symbol] = sign * _rational(rng)
    return {**values, **STAND_INS}


def _valued(terms: Sequence[tuple[Key, sp.Expr]], values: dict[sp.Expr, sp.Expr]) -> list[tuple[Key, Number]]:
    return [(key, number(k.xreplace(values))) for key, k in terms]


def _rational(rng: random.Random) -> sp.Rational:
    return sp.Rational(rng.randint(1_000, 9_000), 7_919)
