"""Hard constraints on a box: u = A + B v that meets values at faces, initial values and velocities [D].

For every field, along each variable x with conditions u = g at x = a, …:

* P f = Σ_a ℓ_a(x) f(a), Lagrange's interpolation in x; with a velocity u_x = h at the one face x = a it is
  Taylor's, P f = f(a) + (x − a) f_x(a);
* A is built variable by variable, A ← A + P(g − A), so that each face keeps what those before it have where
  the data agree in the corners;
* B = Π (x − a), the factor squared where the velocity is given.

Whether every condition holds is then proved by substitution, not taken for granted.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp

from ntk_theory.errors import ProblemError
from ntk_theory.symbolic.ansatz import Ansatz
from ntk_theory.symbolic.bare import value_groups
from ntk_theory.symbolic.jets import JetSpace, Slot, base_of
from ntk_theory.symbolic.problem import Group, GroupKind, Problem


@dataclass
class _Along:
    """Data along one variable: face value → u there, and u_x there."""

    values: dict[sp.Expr, sp.Expr] = field(default_factory=dict)
    slopes: dict[sp.Expr, sp.Expr] = field(default_factory=dict)


def hard_ansatz(problem: Problem) -> Ansatz:
    """The ansatz u = A + B v that the conditions of a problem on a box ask for.

    Raises
    ------
    ProblemError
        No condition can be built in, each with the reason; or the data do not agree where faces meet.
    """
    if problem.conditions == value_groups(problem.space):
        raise ProblemError(
            "hard builds conditions into the network, and this problem states none; write them into a "
            "problem file ([[conditions]] and [domain]; ntk-theory zoo heat --toml prints one), or give an "
            f"ansatz, such as {_example(problem)!r}"
        )
    reasons: dict[str, str] = {}
    data: dict[str, dict[str, _Along]] = {name: {} for name in problem.fields}
    # Values first: a velocity is built in only where the value is.
    groups = sorted(problem.conditions, key=lambda g: g.kind is not GroupKind.VALUE)
    for group in groups:
        reason = _collect(group, problem.space, data)
        if reason:
            reasons[group.name] = reason
    if not any(data.values()):
        why = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        raise ProblemError(f"hard can build no condition in; {why or 'there is none'}")
    built = [name for name in problem.fields if data[name]]
    outputs = _names(problem, built)
    space = JetSpace(tuple(outputs.get(name, name) for name in problem.fields), problem.variables)
    expressions = {name: _field(name, outputs.get(name, name), data[name], space) for name in problem.fields}
    ansatz = Ansatz(problem.space, space, expressions, reasons)
    _check(problem, ansatz)
    return ansatz


def _example(problem: Problem) -> str:
    name = problem.fields[0]
    return f"{name} = {problem.variables[0]}*{'v' if name != 'v' else 'w'}"


def _collect(group: Group, space: JetSpace, data: dict[str, dict[str, _Along]]) -> str:
    """Take a condition's data; the reason why not, empty if all is well."""
    if len(group.legs) > 1 or group.where or not group.faces or any(len(f) != 1 for f in group.faces):
        return "it does not hold on whole faces of the box with data of its own"
    expression = group.legs[0].expression
    slot = space.decode(expression) if expression.is_Symbol else None
    pinned = {next(iter(face)) for face in group.faces}
    if slot is None or slot.order > 1 or (slot.order == 1 and not _is_normal(slot, pinned, space)):
        return f"{expression} is neither a field nor its derivative across the face"
    for face in group.faces:
        ((name, at),) = face.items()
        along = data[slot.field].setdefault(name, _Along()) if slot.is_value else data[slot.field].get(name)
        if along is None or (not slot.is_value and set(along.values) != {at}):
            return "a derivative is built in only at the one face across which the value is given, too"
        target = group.target.xreplace({space.variable(name): sp.sympify(at)})
        known = along.values if slot.is_value else along.slopes
        if known.setdefault(at, target) != target:
            return f"another condition has {slot.field} at {name} = {at}"
    return ""


def _is_normal(slot: Slot, pinned: set[str], space: JetSpace) -> bool:
    return pinned == {name for name, n in zip(space.variables, slot.index, strict=True) if n}


def _names(problem: Problem, built: list[str]) -> dict[str, str]:
    """A name for the output behind each field."""
    taken = {*problem.fields, *problem.variables, *problem.parameters}
    taken |= {s.name for g in problem.groups for leg in g.legs for s in leg.parameters}
    if len(built) == 1:
        candidates = ["v", "w", "h", *(f"v{k}" for k in range(100))]
        (name,) = built
        return {name: next(n for n in candidates if n not in taken) + name[len(base_of(name)) :]}
    found = {}
    for name in built:
        base, part = base_of(name), name[len(base_of(name)) :]
        found[name] = next(n + part for n in (f"{base}{k}" for k in range(100)) if n not in taken)
    return found


def _field(name: str, output: str, data: dict[str, _Along], space: JetSpace) -> sp.Expr:
    """A + B v of one field."""
    lift, vanishing = sp.S.Zero, sp.S.One
    for variable in space.variables:
        if variable not in data:
            continue
        x, along = space.variable(variable), data[variable]
        for at, g in along.values.items():
            others = [b for b in along.values if b != at]
            weight = sp.Mul(*((x - b) / (at - b) for b in others))
            lift += weight * (g - lift_at(lift, x, at))
            vanishing *= (x - at) ** (2 if at in along.slopes else 1)
        for at, h in along.slopes.items():
            lift += (x - at) * (h - lift_at(sp.diff(lift, x), x, at))
    return sp.expand(lift) + vanishing * space.symbol(space.value(output))


def lift_at(lift: sp.Expr, x: sp.Symbol, at: sp.Expr) -> sp.Expr:
    """A on a face."""
    return lift.xreplace({x: sp.sympify(at)})


def _check(problem: Problem, ansatz: Ansatz) -> None:
    """Every condition that was built in must hold; where it does not, data differ in a corner."""
    made = problem.with_ansatz(ansatz)
    assert made.construction is not None
    for residual in made.construction.left:
        if residual.group not in ansatz.reasons:
            raise ProblemError(
                f"hard cannot build {residual.group!r} in: at {residual.place} {residual.text} is left; "
                "the data of faces that meet must agree there"
            )
