"""How often a solution oscillates over its domain, from the equations alone, and waves for a network.

Linearised at u = 0, a point x of the equations has the symbol in one variable x_j, with half edge h_j,

    P(z) = Σ_k A_k z^k,   (A_k)_gi = F^g_{α,i}(x) h_j^{−k},   α = k e_j,

the m by m matrix by which exp(z (x_j − c_j)/h_j) is multiplied if it depends on no other variable. Roots of
det P are the eigenvalues of its companion pencil. A root with |Re z| < |Im z| oscillates n = |Im z|/π times
over the box before it dies out [D]. A tanh network of default size resolves few oscillations; above
:data:`MANY` it gets waves in its first layer, z¹ = W¹γ(x) + b¹ with cosines and sines of these frequencies,
and of an eighth of a turn in every variable, which stand for the variable itself. It need then learn the
envelope only. What oscillates because its data do is not seen: data say so at the points themselves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from ntk_theory.arrays import Floats
from ntk_theory.errors import NTKTheoryError
from ntk_theory.model.assembly import Rows, linearise, stack_rows
from ntk_theory.model.lowering import lower_problem
from ntk_theory.model.points import draw_points
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.problem import GroupKind, Problem

#: More oscillations than this over the box are asked of waves.
MANY = 3.0
#: The symbol is taken at so many points; their seed is fixed, since waves belong to the problem.
POINTS, SEED = 16, 0
#: Frequencies closer than this ratio are one, and so many are kept at most per variable.
CLOSE, MOST = 1.1, 4
#: Turns of x̃ ∈ [−1, 1] of the waves that stand for a variable itself.
SLOW = 0.125
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
    halves = _halves(problem)
    if halves is None:
        return {}
    try:
        lowered = lower_problem(problem, trained=True).only(g.name for g in problem.equations)
        rows = stack_rows(lowered, draw_points(problem, POINTS, SEED))
        weights = linearise(rows, np.zeros((len(rows.slots), len(rows.points)))).weights
    except NTKTheoryError:  # advice only: what is not defined there, training itself will say
        return {}
    found = {}
    for axis, name in enumerate(problem.variables):
        counts = _distinct(np.abs(_roots(problem, rows, weights, axis, halves[axis]).imag) / np.pi)
        if counts:
            found[name] = counts
    return found


def wave_features(problem: Problem) -> dict[str, Any] | None:
    """The feature map with waves of the problem's own frequencies; ``None`` where it has few oscillations.

    >>> from ntk_theory import zoo
    >>> wave_features(zoo("poisson")) is None
    True
    """
    counts = oscillations(problem)
    if not counts:
        return None
    d = len(problem.variables)
    rows = [[SLOW if j == axis else 0.0 for j in range(d)] for axis in range(d)]
    for axis, name in enumerate(problem.variables):
        # n oscillations over [−1, 1] are n/2 turns of x̃.
        rows += [[n / 2 if j == axis else 0.0 for j in range(d)] for n in counts.get(name, ())]
    return {"frequencies": rows}


def told(problem: Problem) -> str | None:
    """The sentence that preflight says of it."""
    counts = oscillations(problem)
    if not counts:
        return None
    parts = (f"{', '.join(f'{n:.3g}' for n in many)} times over {name}" for name, many in counts.items())
    return (
        f"by the roots of its symbol a solution oscillates {' and '.join(parts)}: the first layer has waves "
        "of these frequencies (--no-waves leaves them out)"
    )


def _halves(problem: Problem) -> list[float] | None:
    """Half the edges of the domain's box."""
    if any(name not in problem.domain for name in problem.variables):
        return None
    ends = [[float(bind(end, problem.parameters)) for end in problem.domain[n]] for n in problem.variables]
    return [(b - a) / 2 for a, b in ends]


def _roots(problem: Problem, rows: Rows, weights: Floats, axis: int, half: float) -> Floats:
    """The roots z with |Re z| < |Im z| at all points."""
    fields = problem.outputs
    equations = [k for k, group in enumerate(rows.problem.groups) if group.kind is GroupKind.EQUATION]
    legs = [[leg for leg in rows.legs if leg.group == k] for k in equations]
    if len(legs) != len(fields) or any(len(one) != 1 for one in legs):
        return np.zeros(0)
    along = [(s, slot) for s, slot in enumerate(rows.slots) if sum(slot.index) == slot.index[axis]]
    order = max((slot.index[axis] for _, slot in along), default=0)
    if not order:
        return np.zeros(0)
    symbol = np.zeros((POINTS, order + 1, len(fields), len(fields)))
    for g, (leg,) in enumerate(legs):
        for s, slot in along:
            k = slot.index[axis]
            symbol[:, k, g, fields.index(slot.field)] += weights[s, leg.rows][:POINTS] / half**k
    found = np.concatenate([_pencil(one) for one in symbol])
    finite = np.isfinite(found) & (np.abs(found) < INFINITE)
    return np.asarray(found[finite & (np.abs(found.real) < np.abs(found.imag))])


def _pencil(symbol: Floats) -> Floats:
    """The eigenvalues of the companion pencil of Σ_k A_k z^k, ``symbol`` (K + 1, m, m)."""
    order, m = len(symbol) - 1, symbol.shape[1]
    left, right = np.zeros((order * m, order * m)), np.eye(order * m)
    left[: (order - 1) * m, m:] = np.eye((order - 1) * m)
    left[-m:] = -np.concatenate(list(symbol[:-1]), axis=1)
    right[-m:, -m:] = symbol[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        try:
            return np.asarray(scipy.linalg.eigvals(left, right, check_finite=True))
        except (ValueError, np.linalg.LinAlgError):
            return np.zeros(0)


def _distinct(counts: Floats) -> tuple[float, ...]:
    """At most :data:`MOST` numbers above :data:`MANY`, those closer than :data:`CLOSE` taken for one.

    >>> _distinct(np.array([1.0, 10.0, 10.0, 30.0]))
    (10.0, 30.0)
    """
    kept: list[list[float]] = []
    for n in np.sort(counts[counts > MANY]):
        if kept and n <= CLOSE * kept[-1][0]:
            kept[-1].append(float(n))
        else:
            kept.append([float(n)])
    middles = [float(np.median(one)) for one in kept]
    if len(middles) > MOST:
        middles = [middles[i] for i in np.round(np.linspace(0, len(middles) - 1, MOST)).astype(int)]
    return tuple(middles)
