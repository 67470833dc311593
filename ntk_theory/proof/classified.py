"""A classification as a certificate: operators, the steps of its derivation, and what it says of every block.

What is claimed comes from the rules (:mod:`ntk_theory.theory`), in SymPy; the checker derives it again from
the operators alone, every test whether a sum is 0 included, in rational arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import Any

import sympy as sp

from ntk_theory.errors import InputError
from ntk_theory.proof.asked import Asked
from ntk_theory.proof.certificate import Certificate
from ntk_theory.proof.rows import faces_of, group_of
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.problem import Group, Problem
from ntk_theory.theory import Classification, classify
from ntk_theory.theory.exponents import Limit

#: s at which exponents are compared: below and above 1/2, two each; if they are not (1/2 − s)n with one n,
#: the block changes its class in between, or is only a fluctuation.
BELOW, ABOVE = (Fraction(1, 4), Fraction(2, 5)), (Fraction(3, 5), Fraction(1))
HALF = Fraction(1, 2)
BIASES = ("zero", "none")


def classification(asked: Asked) -> Certificate:
    """Those blocks of the named groups, or of all, whose leading orders do not cancel."""
    problem = asked.problem
    if len(problem.fields) > 1:
        raise InputError("the problem has several fields; a certificate of a classification needs one")
    if asked.output_bias not in BIASES:
        raise InputError(
            f"output_bias is {asked.output_bias!r}; a certificate needs one of {', '.join(BIASES)}"
        )
    groups = [group_of(problem, name) for name in asked.names] or list(problem.groups)
    value = problem.space.value(problem.fields[0])
    slots = list(
        dict.fromkeys([value, *(slot for group in groups for leg in group.legs for slot in leg.slots)])
    )
    terms = {group.name: _terms(problem, group, slots) for group in groups}
    faces = {group.name: faces_of(group) for group in groups}
    answer = classify(problem, output_bias=asked.output_bias, input_map=asked.input_map)
    names = [group.name for group in groups]
    pairs = combinations_with_replacement(names, 2)
    blocks = [[*pair, *found] for pair in pairs if (found := _claimed(answer, *pair)) is not None]
    if not blocks:
        raise InputError(
            f"no block of {', '.join(names)} has one power of N below s = 1/2 and one above; "
            "try vanishing for blocks that are 0"
        )
    parts = {
        "setting": {
            name: asked.setting[name] for name in ("variables", "fields", "scale", "shift", "activation")
        },
        "bias": asked.output_bias,
        "jets": [list(slot.index) for slot in slots],
        "operators": {name: [terms[name], faces[name]] for name in names},
        "degrees": {group.name: _degrees(problem, group, slots, faces[group.name]) for group in groups},
        "blocks": blocks,
    }
    return Certificate.of("classification", _words(asked.output_bias, blocks), parts)


def _words(bias: str, blocks: Sequence[Any]) -> str:
    told = []
    for one, other, high, kind, low in blocks:
        above = f"goes to zero like N^({low}(1/2-s))" if low else "is deterministic"
        told.append(f"K_{one},{other} diverges like N^({high}(1/2-s)), is {kind}, {above}")
    return f"for s < 1/2, s = 1/2, s > 1/2 (output bias {bias}, generic φ): {'; '.join(told)}"


def _claimed(answer: Classification, one: str, other: str) -> tuple[int, str, int] | None:
    """N, class at 1/2, n: ‖K‖ ~ N^{(1/2−s)n} below and above; ``None`` where the block has no such answer."""
    block = f"{one},{other}"
    if block not in answer.sharp:
        block = one + other
    powers = []
    for exponents in (BELOW, ABOVE):
        found = set()
        for s in exponents:
            size = answer.regime(block, s).norm_exponent_at(s)
            found.add(None if size is None else Fraction(size.p, size.q) / (HALF - s))
        power = found.pop()
        if found or power is None or power.denominator != 1:
            return None
        powers.append(int(power))
    at = answer.regime(block, HALF).limit
    above = answer.regime(block, ABOVE[0]).limit
    if at not in (Limit.RANDOM, Limit.DETERMINISTIC) or above not in (Limit.ZERO, Limit.DETERMINISTIC):
        return None
    return powers[0], str(at), powers[1]


def _terms(problem: Problem, group: Group, slots: Sequence[Slot]) -> list[Any]:
    """[number, powers of variables and jets] of a group's operator."""
    if len(group.legs) > 1:
        raise InputError(f"the group {group.name!r} has several legs; name groups of one leg with groups")
    jets = list(map(problem.space.symbol, slots))
    symbols = [*problem.space.variable_symbols, *jets]
    whole = group.legs[0].expression
    expression = sp.expand(whole - whole.xreplace(dict.fromkeys(jets, sp.S.Zero)))  # a source is in no kernel
    poly = sp.Poly(expression, *symbols) if expression.is_polynomial(*symbols) else None
    if poly is None or not all(a.is_Rational for a in poly.coeffs()):
        raise InputError(
            f"the group {group.name!r} is {whole}; a certificate needs a polynomial of u, its derivatives "
            "and the variables with rational numbers; name other groups with groups"
        )
    return [[str(a), [int(n) for n in powers]] for powers, a in poly.terms()]


def _degrees(problem: Problem, group: Group, slots: Sequence[Slot], faces: Sequence[Any]) -> list[Any]:
    """Per face and jet the degrees in all jets of ∂F/∂u_α, ascending."""
    jets = [problem.space.symbol(slot) for slot in slots]
    symbols = dict(zip(problem.variables, problem.space.variable_symbols, strict=True))
    found = []
    for face in faces:
        pinned = {symbols[name]: sp.Rational(value) for name, value in face.items()}
        row = []
        for jet in jets:
            slope = sp.Poly(sp.diff(group.legs[0].expression.xreplace(pinned), jet), *jets)
            row.append(sorted({sum(powers) for powers, a in slope.terms() if a != 0}))
        found.append(row)
    return found
