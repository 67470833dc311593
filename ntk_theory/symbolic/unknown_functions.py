"""Unknown fields as functions: a group with their jets in place of their networks (THEORY §9) [D].

The kernel of a problem with an unknown field a(x) holds, beside that of its network,

    Σ_{αβ} F^g_{a,α}(x) F^h_{a,β}(x') Θ_{αβ}(x, x'),   Θ_{αβ} = Σ_k ∂a_α/∂π_k(x) ∂a_β/∂π_k(x'),

over the numbers π_k of a's own network, which stay as they start while N grows. Rules ask F for its degrees
and know Θ as a generic positive kernel, so a_α is a number of a place like a coordinate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import sympy as sp

from ntk_theory.symbolic.group import Group
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Problem


@dataclass(frozen=True)
class FunctionJet:
    """A derivative of an unknown field in one leg of a group, and where its values lie."""

    slot: Slot
    name: str
    leg: int
    interval: tuple[sp.Expr, sp.Expr]


#: The jets of unknown fields in a group, by the symbols that stand for them.
Functions = Mapping[sp.Symbol, FunctionJet]


def opened(group: Group, problem: Problem) -> tuple[Group, dict[sp.Symbol, FunctionJet]]:
    """The group over the network's fields with symbols for the jets of unknown fields, and these.

    Every leg has symbols of its own, since a differs between their places.
    """
    if not group.unsubstituted or not problem.unknown_fields:
        return group, {}
    jets: dict[sp.Symbol, FunctionJet] = {}
    legs = []
    for k, leg in enumerate(group.unsubstituted):
        swap: dict[sp.Expr, sp.Expr] = {}
        for slot in leg.slots:
            if slot.field not in problem.unknown_fields:
                continue
            name = leg.space.name(slot)
            symbol = sp.Symbol(f"{name}@{k}" if len(group.unsubstituted) > 1 else name, real=True)
            swap[leg.space.symbol(slot)] = symbol
            jets[symbol] = FunctionJet(slot, name, k, _interval(problem, slot))
        legs.append(Operator(problem.space, leg.expression.xreplace(swap)))
    return replace(group, legs=tuple(legs), unsubstituted=()), jets


def _interval(problem: Problem, slot: Slot) -> tuple[sp.Expr, sp.Expr]:
    """Where a jet lies at the start: of one sign where that is proved for the field itself, else anywhere."""
    sign = problem.unknown_fields[slot.field].sign(slot.field, problem.unknowns, problem.domain)
    if not slot.is_value or not sign:
        return -sp.oo, sp.oo
    return (sp.S.Zero, sp.oo) if sign > 0 else (-sp.oo, sp.S.Zero)
