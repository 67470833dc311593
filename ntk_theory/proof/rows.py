"""A problem's rows as a certificate holds them: exact numbers as texts, lists of terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.symbolic.problem import Group, Problem
from ntk_theory.theory.symmetry import AffineMap


def setting_of(problem: Problem, input_map: Any) -> dict[str, Any]:
    """Variables, fields and the map of the inputs."""
    mapped = AffineMap.of(input_map, problem.domain or {}, problem.variables)
    numbers = {"scale": mapped.scale, "shift": mapped.shift}
    for name, values in numbers.items():
        if not all(sp.sympify(v, strict=True).is_Rational for v in values):
            raise InputError(
                f"input_map has a {name} that is not rational, {values}; a certificate needs fractions"
            )
    return {
        "variables": list(problem.variables),
        "fields": list(problem.fields),
        **{name: [str(v) for v in values] for name, values in numbers.items()},
    }


def group_of(problem: Problem, name: str) -> Group:
    """The group of a name that the problem has."""
    return next(group for group in problem.groups if group.name == name)


def faces_of(group: Group) -> list[dict[str, str]]:
    """{variable: number} of every face; one without any where the group lies inside."""
    return [{v: _rational(x, group.name) for v, x in face.items()} for face in group.faces] or [{}]


def _rational(value: sp.Expr, name: str) -> str:
    if not sp.sympify(value, strict=True).is_Rational:
        raise InputError(f"the group {name!r} lies on a face at {value}; a certificate needs rational faces")
    return str(value)


def groups_of(problem: Problem, names: Sequence[str]) -> dict[str, Any]:
    """[field, orders, coefficient] per term and leg of the groups; a coefficient is a polynomial."""
    return {
        name: [_terms(problem, name, leg.gradient) for leg in group_of(problem, name).legs] for name in names
    }


def _terms(problem: Problem, name: str, gradient: Mapping[Any, sp.Expr]) -> list[Any]:
    symbols = problem.space.variable_symbols
    out = []
    for slot, factor in gradient.items():
        if factor == 0:
            continue
        poly = sp.Poly(factor, *symbols) if factor.is_polynomial(*symbols) else None
        if poly is None or not all(a.is_Rational for a in poly.coeffs()):
            raise InputError(
                f"the group {name!r} has {factor} before {problem.space.name(slot)}; a certificate needs a "
                "linear operator whose coefficients are polynomials of the variables with rational numbers"
            )
        powers = [[str(a), [int(n) for n in exponents]] for exponents, a in poly.terms()]
        out.append([slot.field, list(slot.index), powers])
    return out


def rows_of(names: Sequence[str], points: Mapping[str, Floats]) -> list[Any]:
    """[group, point per leg] of every point."""
    rows = []
    for name in names:
        for place in points[name]:
            legs = place if place.ndim == 2 else place[None]
            rows.append([name, [[str(Fraction(float(x))) for x in leg] for leg in legs]])
    return rows


def targets_of(problem: Problem, points: Mapping[str, Floats]) -> dict[str, list[str]]:
    """The target of every residual, as the float that training has, written exactly."""
    out = {}
    for group in problem.groups:
        if group.data is not None:
            raise InputError(f"the group {group.name!r} is data; a certificate of the drift needs conditions")
        f = sp.lambdify(problem.space.variable_symbols, group.target, "numpy")
        first = points[group.name] if points[group.name].ndim == 2 else points[group.name][:, 0]
        values = np.broadcast_to(np.asarray(f(*first.T), dtype=np.float64), len(first))
        out[group.name] = [str(Fraction(float(v))) for v in values]
    return out


def at_constants(
    problem: Problem, points: Mapping[str, Floats], targets: Mapping[str, Sequence[str]]
) -> list[Any]:
    """[group, terms, target, weight] of residuals at u ≡ c: a c^i sin(c)^j cos(c)^k as [a, [i, j, k]]."""
    rows = []
    for group in problem.groups:
        for place, target in zip(points[group.name], targets[group.name], strict=True):
            legs = place if place.ndim == 2 else place[None]
            rows.append([group.name, _at_constant(problem, group, legs), target, "1"])
    return rows


def _at_constant(problem: Problem, group: Group, places: Floats) -> list[Any]:
    c, sine, cosine = sp.symbols("c sine cosine")
    total = sp.S.Zero
    for leg, place in zip(group.legs, places, strict=True):
        swap: dict[Any, Any] = {
            problem.space.symbol(slot): c if slot.is_value else sp.S.Zero for slot in leg.slots
        }
        exact = [sp.Rational(Fraction(float(x))) for x in place]
        swap |= dict(zip(problem.space.variable_symbols, exact, strict=True))
        total += leg.expression.xreplace(swap)
    plain = sp.expand(total).xreplace({sp.sin(c): sine, sp.cos(c): cosine})
    if not plain.is_polynomial(c, sine, cosine):
        raise InputError(
            f"the group {group.name!r} is {total} at a constant c; a certificate needs a polynomial of c, "
            "sin c and cos c"
        )
    poly = sp.Poly(plain, c, sine, cosine)
    if not all(a.is_Rational for a in poly.coeffs()):
        raise InputError(
            f"the group {group.name!r} is {total} at a constant c; its numbers need to be rational"
        )
    return [[str(a), [int(n) for n in powers]] for powers, a in poly.terms()]
