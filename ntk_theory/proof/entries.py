"""Entries of T∞ between two groups: not 0 at a point, by its value, or 0 everywhere, by symmetry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import mpmath
import numpy as np
import sympy as sp

from ntk_theory.errors import InputError
from ntk_theory.limit.recursion import infinite_jets
from ntk_theory.proof.asked import Asked, around
from ntk_theory.proof.certificate import Certificate
from ntk_theory.proof.rows import faces_of, group_of, groups_of, rows_of
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.operator import Operator

#: Relative half width of the claim on an entry: the limit is known to about 1e-8.
WIDTH = 1e-6


def nonzero(asked: Asked) -> Certificate:
    """Both rows at the first point of the first group at which the entry is not 0."""
    problem, names = asked.problem, asked.names
    if len(names) != 2:
        raise InputError("groups needs two names, such as 'ends,f', for an entry of T∞")
    setting = {**asked.setting, "groups": groups_of(problem, names)}
    if any(len(legs) > 1 for legs in setting["groups"].values()):
        raise InputError("groups needs two groups of one leg each for an entry at one point")
    legs = [group_of(problem, name).legs[0] for name in names]
    for _, places in rows_of((names[0],), asked.points):
        value = _entry(asked, legs, [float(Fraction(text)) for text in places[0]])
        if value:
            break
    else:
        raise InputError(
            f"the entry of {names[0]} and {names[1]} is 0 to rounding at all points of {names[0]}; "
            "try vanishing"
        )
    claim = around(mpmath.mpf(value), WIDTH)
    statement = (
        f"the entry of T∞ of {names[0]} and {names[1]} at their point in [{claim[0]}, {claim[1]}], not 0 "
        f"({setting['activation']}, one hidden layer)"
    )
    rows = [[name, places] for name in names]
    return Certificate.of("nonzero", statement, {"setting": setting, "rows": rows, "value": claim})


def _entry(asked: Asked, legs: Sequence[Operator], point: list[float]) -> float:
    """Σ c_α d_β T_αβ at one point; 0 where it is not more than the accuracy of T."""
    slots = list(dict.fromkeys(slot for leg in legs for slot in leg.support))
    indices = list(dict.fromkeys(slot.index for slot in slots))
    scale, shift = ([float(Fraction(text)) for text in asked.setting[name]] for name in ("scale", "shift"))
    made = infinite_jets(asked.setting["activation"], 1, np.array([point]), indices, scale=scale, shift=shift)
    T = made.jet_ntk[:, 0, :, 0]
    place = dict(zip(asked.problem.space.variable_symbols, point, strict=True))
    parts = [
        c * d * T[indices.index(first.index), indices.index(second.index)]
        for first, c in _numbers(legs[0], place)
        for second, d in _numbers(legs[1], place)
        if first.field == second.field
    ]
    value = float(sum(parts))
    return value if abs(value) > 1e-7 * sum(map(abs, parts)) else 0.0


def _numbers(leg: Operator, place: Mapping[sp.Symbol, float]) -> list[tuple[Slot, float]]:
    return [(slot, float(factor.subs(place))) for slot, factor in leg.gradient.items() if factor != 0]


def vanishing(asked: Asked) -> Certificate:
    """Two groups and their faces; the checker finds out."""
    problem, names = asked.problem, asked.names
    if len(names) != 2:
        raise InputError("groups needs two names, such as 'ends,slope', for a block of T∞")
    setting = {**asked.setting, "groups": groups_of(problem, names)}
    rows = []
    for name in names:
        group = group_of(problem, name)
        faces = faces_of(group)
        legs = len(group.legs)
        rows.append([name, [faces] if legs > 1 and len(faces) == legs else [[face] * legs for face in faces]])
    statement = (
        f"T∞ of {names[0]} and {names[1]} is 0 at all points of their faces, for every activation and depth"
    )
    return Certificate.of("vanishing", statement, {"setting": setting, "rows": rows})
