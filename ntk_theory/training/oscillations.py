"""How often a solution oscillates over its domain, from the equations alone, and waves for a network.

Linearised at u = 0, a point x of the equations has the symbol in one variable x_j, with half edge h_j,

    P(z) = Σ_k A_k z^k,   (A_k)_gi = F^g_{α,i}(x) h_j^{−k},   α = k e_j,

the m by m matrix by which exp(z (x_j − c_j)/h_j) is multiplied if it depends on no other variable. Roots of
det P are the eigenvalues of its companion pencil. A root with |Re z| < |Im z| oscillates n = |Im z|/π times
over the box before it dies out [D]. A tanh network of default size resolves few oscillations; above
:data:`MANY` it gets waves in its first layer, z¹ = W¹γ(x) + b¹ with cosines and sines of these frequencies,
and of an eighth of a turn in every variable, which stand for the variable itself. It need then learn the
envelope only.

Sources and data that oscillate (:mod:`ntk_theory.training.data_waves`) n times in a variable x_k do so in the
solution; where det P with z_k = iπn held has roots that oscillate in x_j, so does the answer: a wave of
u_tt = c² u_xx that starts as sin kx has the frequency ck in t.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import scipy.linalg
import sympy as sp

from ntk_theory.arrays import Complexes, Floats
from ntk_theory.errors import InputError, NTKTheoryError
from ntk_theory.model.assembly import Rows, linearise, stack_rows
from ntk_theory.model.lowering import lower_problem
from ntk_theory.model.points import draw_points
from ntk_theory.setting.features import Period
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.problem import Group, GroupKind, Problem
from ntk_theory.training.data_waves import data_waves

#: More oscillations than this over the box are asked of waves; fewer than the second are no waves.
MANY, LEAST = 3.0, 0.4
#: The symbol is taken at so many points; their seed is fixed, since waves belong to the problem.
POINTS, SEED = 16, 0
#: Frequencies closer than this ratio are one, and so many are kept at most per variable.
CLOSE, MOST = 1.1, 4
#: Turns of x̃ ∈ [−1, 1] of the waves that stand for a variable itself.
SLOW = 0.125
#: Coefficients that vary by more than this share of the largest are not constant.
VARIES = 1e-9
#: Eigenvalues of the pencil beyond this are those at infinity, where A_k of the highest k is singular.
INFINITE = 1e8


def oscillations(problem: Problem) -> dict[str, tuple[float, ...]]:
    """The numbers of oscillations over the domain, above :data:`MANY`, by variable.

    Empty where there are none, where the domain is not a box, where equations and outputs are not equally
    many, and where the equations have no value at u = 0.

    >>> from ntk_theory import problem
    >>> counts = oscillations(problem("u_tt + 1600*pi^2*u"))  # on 0 < t < 1
    >>> {name: [round(n, 6) for n in found] for name, found in counts.items()}
    {'t': [20.0]}
    """
    box = _box(problem)
    if box is None:
        return {}
    halves = [(high - low) / 2 for low, high in box.values()]
    given = {name: _distinct(counts, LEAST) for name, counts in data_waves(problem, box).items()}
    try:
        lowered = lower_problem(problem, trained=True).only(g.name for g in problem.equations)
        rows = stack_rows(lowered, draw_points(problem, POINTS, SEED))
        weights = linearise(rows, np.zeros((len(rows.slots), len(rows.points)))).weights
    except NTKTheoryError:  # advice only: what is not defined there, training itself will say
        return {}
    found = {name: list(counts) for name, counts in given.items()}
    starting = starting_variables(problem)
    for axis, name in enumerate(problem.variables):
        if not starting - {name}:  # else steady states, which nothing asks for
            own = np.abs(_oscillating(symbol_roots(problem, rows, weights, axis, halves)).imag) / np.pi
            found[name] += _distinct(own, MANY)
        for other, its in enumerate(problem.variables):
            for n in given[its] if other != axis else ():
                held = (other, 1j * np.pi * n)
                answer = _oscillating(symbol_roots(problem, rows, weights, axis, halves, held))
                found[name] += _distinct(np.abs(answer.imag) / np.pi, LEAST)
    counts = {name: _distinct(many, LEAST) for name, many in found.items()}
    if max((n for many in counts.values() for n in many), default=0.0) <= MANY:
        return {}
    return {name: many for name, many in counts.items() if many}


def wave_features(problem: Problem) -> dict[str, Any] | None:
    """The feature map with waves of the problem's own frequencies; ``None`` where it has few oscillations.

    >>> from ntk_theory import zoo
    >>> wave_features(zoo("poisson")) is None
    True
    """
    counts = oscillations(problem)
    if not counts:
        return None
    periods = periodic_variables(problem)
    names, rows = problem.variables, []
    for axis, name in enumerate(names):
        # n oscillations over [−1, 1] are n/2 turns of x̃; a period holds whole ones only.
        turns = [n / 2 for n in counts.get(name, ())]
        if name in periods:
            turns = sorted({0.5, *(round(n) / 2 for n in counts.get(name, ()) if round(n))})
        else:
            turns = [SLOW, *turns]
        rows += [[turn if j == axis else 0.0 for j in range(len(names))] for turn in turns]
    return {"frequencies": rows}


def own_features(problem: Problem, *, waves: bool = True) -> dict[str, Any] | None:
    """The first layer that a problem asks for: its waves (unless left out), else its periods, else ``None``.

    >>> from ntk_theory import zoo
    >>> own_features(zoo("advection"))
    {'x': {'periodic': '2*pi'}}
    """
    found = wave_features(problem) if waves else None
    if found is not None:
        return found
    periods = periodic_variables(problem)
    return {name: {"periodic": period} for name, period in periods.items()} or None


def periodic_variables(problem: Problem) -> dict[str, str]:
    """The variables in which the problem is periodic over its whole interval, with the period.

    In x every field has pairs u(x = a) = u(x = b) at the ends of the domain, of all derivatives in x of order
    below the highest that an equation holds: with these a solution of the equations goes on periodically, so
    that features of this period ask for nothing that is not stated [D].
    """
    found: dict[str, str] = {}
    for axis, name in enumerate(problem.variables):
        if name not in problem.domain:
            continue
        low, high = (bind(end, problem.parameters) for end in problem.domain[name])
        pairs = {slot for group in problem.conditions for slot in _paired(problem, group, name, (low, high))}
        used = [slot for group in problem.equations for leg in group.legs for slot in leg.slots]
        orders = {
            f: max((slot.index[axis] for slot in used if slot.field == f), default=0) for f in problem.fields
        }
        along = [
            tuple(k if j == axis else 0 for j in range(len(problem.variables)))
            for k in range(max(orders.values(), default=0))
        ]
        wanted = {Slot(f, index) for f, order in orders.items() for index in along[: max(order, 1)]}
        if pairs and wanted <= pairs:
            text = str(sp.nsimplify(high - low)).replace(" ", "")
            try:
                Period.of(text)
            except InputError:  # a length that features cannot have
                continue
            found[name] = text
    return found


def _paired(problem: Problem, group: Group, name: str, ends: tuple[sp.Expr, sp.Expr]) -> list[Slot]:
    """The slot whose values at both ends are equal, if this is what the group says."""
    if len(group.legs) != 2 or group.target != 0 or any(set(face) != {name} for face in group.faces):
        return []
    at = [bind(sp.sympify(face[name]), problem.parameters) for face in group.faces]
    first, second = (leg.expression for leg in group.legs)
    slot = problem.space.decode(first) if first.is_Symbol else None
    return [slot] if slot is not None and first == -second and {*at} == {*ends} else []


def told(problem: Problem, *, waves: bool = True) -> str | None:
    """The sentence that preflight says of the first layer; ``waves`` as for :func:`own_features`."""
    counts = oscillations(problem) if waves else {}
    if counts:
        parts = (f"{', '.join(f'{n:.3g}' for n in many)} times over {name}" for name, many in counts.items())
        return (
            f"by its data and the roots of its symbol a solution oscillates {' and '.join(parts)}: the first "
            "layer has waves of these frequencies (--no-waves leaves them out)"
        )
    periods = periodic_variables(problem)
    if not periods:
        return None
    parts = (f"{name} with the period {period}" for name, period in periods.items())
    return f"the problem is periodic in {' and '.join(parts)}: so is the first layer (--features replaces it)"


def starting_variables(problem: Problem) -> set[str]:
    """Variables like time: all conditions that fix one of them do so at one and the same place."""
    places: dict[str, set[sp.Expr]] = {}
    for group in problem.conditions:
        for face in group.faces:
            for name, at in face.items():
                places.setdefault(name, set()).add(bind(sp.sympify(at), problem.parameters))
    return {name for name, found in places.items() if len(found) == 1}


def _box(problem: Problem) -> dict[str, tuple[float, float]] | None:
    """The domain's box by variable."""
    if any(name not in problem.domain for name in problem.variables):
        return None
    ends = {
        name: [bind(end, problem.parameters) for end in problem.domain[name]] for name in problem.variables
    }
    return {name: (float(low), float(high)) for name, (low, high) in ends.items()}


def _oscillating(roots: Complexes) -> Complexes:
    """Those with |Re z| < |Im z|."""
    return np.asarray(roots[np.abs(roots.real) < np.abs(roots.imag)])


def symbol_roots(
    problem: Problem,
    rows: Rows,
    weights: Floats,
    axis: int,
    halves: list[float],
    held: tuple[int, complex] | None = None,
) -> Complexes:
    """The finite roots z of det P at all points; ``held``: another variable's place and its z."""
    fields = problem.outputs
    equations = [k for k, group in enumerate(rows.problem.groups) if group.kind is GroupKind.EQUATION]
    legs = [[leg for leg in rows.legs if leg.group == k] for k in equations]
    if len(legs) != len(fields) or any(len(one) != 1 for one in legs):
        return np.zeros(0, dtype=np.complex128)
    other, factor = (axis, 1.0) if held is None else held
    along = [
        (s, slot)
        for s, slot in enumerate(rows.slots)
        if sum(slot.index) == sum(slot.index[j] for j in {axis, other})
    ]
    order = max((slot.index[axis] for _, slot in along), default=0)
    if not order:
        return np.zeros(0, dtype=np.complex128)
    symbol = np.zeros((POINTS, order + 1, len(fields), len(fields)), dtype=np.complex128)
    for g, (leg,) in enumerate(legs):
        for s, slot in along:
            k = slot.index[axis]
            size = complex(halves[axis] ** -k)
            if held is not None:
                size = size * (factor / halves[other]) ** slot.index[other]
            symbol[:, k, g, fields.index(slot.field)] += weights[s, leg.rows][:POINTS] * size
    if held is not None and np.abs(symbol - symbol[:1]).max() > VARIES * np.abs(symbol).max():
        return np.zeros(0, dtype=np.complex128)  # no wave of one frequency answers another
    found = np.concatenate([_pencil(one) for one in symbol])
    return np.asarray(found[np.isfinite(found) & (np.abs(found) < INFINITE)])


def _pencil(symbol: Complexes) -> Complexes:
    """The eigenvalues of the companion pencil of Σ_k A_k z^k, ``symbol`` (K + 1, m, m)."""
    order, m = len(symbol) - 1, symbol.shape[1]
    left = np.zeros((order * m, order * m), dtype=np.complex128)
    right = np.eye(order * m, dtype=np.complex128)
    left[: (order - 1) * m, m:] = np.eye((order - 1) * m)
    left[-m:] = -np.concatenate(list(symbol[:-1]), axis=1)
    right[-m:, -m:] = symbol[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        try:
            return np.asarray(scipy.linalg.eigvals(left, right, check_finite=True))
        except (ValueError, np.linalg.LinAlgError):
            return np.zeros(0, dtype=np.complex128)


def _distinct(counts: Iterable[float], least: float) -> tuple[float, ...]:
    """At most :data:`MOST` numbers above ``least``, those closer than :data:`CLOSE` taken for one.

    >>> _distinct([1.0, 10.0, 10.0, 30.0], 3.0)
    (10.0, 30.0)
    """
    kept: list[list[float]] = []
    for n in sorted(n for n in counts if n > least):
        if kept and n <= CLOSE * kept[-1][0]:
            kept[-1].append(float(n))
        else:
            kept.append([float(n)])
    middles = [float(np.median(one)) for one in kept]
    if len(middles) > MOST:
        middles = [middles[i] for i in np.round(np.linspace(0, len(middles) - 1, MOST)).astype(int)]
    return tuple(middles)
