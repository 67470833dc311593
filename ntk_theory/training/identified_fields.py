"""Unknown fields at the end of a run: a(x) on a grid, its standard error, and whether anything determines it.

All trained numbers θ (the network's, those of the fields and unknown coefficients) have a Gaussian prior of
deviation U (1 for a field's, :data:`BROAD` times its size for a coefficient), residuals are linearised, rows
weighted as in :mod:`~ntk_theory.training.identified`. With A = W^{1/2} J U = Σ_i s_i p_i q_iᵀ and
g = U ∂a(x)/∂θ the posterior variance of a(x) is [D]

    var a(x) = gᵀ (I + AᵀA)^{−1} g = |g − Σ_i q_i q_iᵀg|² + Σ_i (q_i·g)²/(1 + s_i²).

A field is not identifiable where the residuals leave more than :data:`UNTOLD` of its prior deviation |g|
anywhere on the grid. Limits: one linearisation; the field is as smooth as its network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.model.parameters import Parameters
from ntk_theory.model.program import compile_expressions
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.operator import partial
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.unknown_field import UnknownField
from ntk_theory.training.identified import data_weights
from ntk_theory.training.objective import Objective

#: Share of the prior deviation above which the residuals are said to tell nothing: less than two bits.
UNTOLD = 0.25
#: The prior of an unknown coefficient beside a field is so many times its size: of it nothing is known.
BROAD = 100.0
#: Points of the grid along each variable.
GRID = {1: 33, 2: 9}
FEWEST = 5


@dataclass(frozen=True)
class IdentifiedField:
    """An unknown field at the end of a run.

    Attributes
    ----------
    name, of:
        The field and its variables.
    points:
        (k, d) the grid, in the domain.
    values, errors:
        (k,) a and its standard error there.
    off:
        Root mean square difference from the field that the problem states, relative to it; ``None`` without.
    untold:
        The largest share of its prior deviation that the residuals leave.
    """

    name: str
    of: tuple[str, ...]
    points: Floats
    values: Floats
    errors: Floats
    off: float | None
    untold: float

    @property
    def is_identifiable(self) -> bool:
        """Do the residuals determine it everywhere?"""
        return self.untold <= UNTOLD

    def __str__(self) -> str:
        name = f"{self.name}({', '.join(self.of)})"
        if not self.is_identifiable:
            where = self.points[int(np.argmax(self.errors))]
            at = ", ".join(f"{v} = {x:.3g}" for v, x in zip(self.of, where, strict=True))
            return f"{name} is not identifiable: {self.untold:.0%} of its uncertainty is left, most at {at}"
        known = "" if self.off is None else f", {self.off:.1e} from the stated one"
        return (
            f"{name} from {self.values.min():.4g} to {self.values.max():.4g}, "
            f"± {self.errors.max():.1g} at most{known}"
        )

    def record(self) -> dict[str, Any]:
        """JSON-like data."""
        return {
            "of": list(self.of),
            "points": self.points.tolist(),
            "values": self.values.tolist(),
            "standard_errors": self.errors.tolist(),
            "error": self.off,
            "identifiable": self.is_identifiable,
            "untold": self.untold,
        }


def identified_fields(
    problem: Problem, objective: Objective, parameters: Parameters
) -> tuple[IdentifiedField, ...]:
    """Every unknown field of a problem at trained parameters (top of this module).

    Parameters
    ----------
    problem:
        With unknown fields.
    objective:
        Its points and weights.
    parameters:
        The trained ones.
    """
    if not problem.unknown_fields:
        return ()
    assert parameters.unknowns is not None
    values, jacobian = objective.jacobian(parameters.flatten())
    weights, _ = data_weights(problem, objective, values)
    count = len(parameters.unknowns)
    scale = objective.prior.copy()
    names, members = list(problem.unknowns), {m for f in problem.unknown_fields.values() for m in f.members}
    sizes = BROAD * np.maximum(np.abs(parameters.unknowns), 1.0)
    scale[-count:] = [1.0 if name in members else s for name, s in zip(names, sizes, strict=True)]
    A = np.sqrt(weights)[:, None] * jacobian * scale
    _, singular, axes = np.linalg.svd(A, full_matrices=False)  # A Aᵀ would lose half of the digits
    found = []
    for name, field in problem.unknown_fields.items():
        points = grid(problem, field.of)
        rows = [names.index(member) for member in field.members]
        at, slopes = evaluated(problem, field, points, parameters.unknowns[rows])
        g = np.zeros((len(points), len(scale)))
        g[:, np.array(rows) + len(scale) - count] = slopes
        g *= scale
        seen = g @ axes.T
        prior = np.sum(g**2, axis=1)
        variance = np.sum((g - seen @ axes) ** 2, axis=1) + np.sum(seen**2 / (1 + singular**2), axis=1)
        off = None
        if field.solution is not None:
            wanted = _stated(problem, field, points)
            off = float(np.sqrt(np.mean((at - wanted) ** 2) / np.mean(wanted**2)))
        untold = float(np.max(np.sqrt(variance / prior)))
        found.append(IdentifiedField(name, field.of, points, at, np.sqrt(variance), off, untold))
    return tuple(found)


def grid(problem: Problem, of: Sequence[str]) -> Floats:
    """Points of the domain's box in some variables, (k, d); [−1, 1] where there is none."""
    unit = (sp.Integer(-1), sp.S.One)
    boxes = [problem.domain.get(v, unit) for v in of]
    ends = [tuple(float(bind(end, problem.parameters)) for end in box) for box in boxes]
    count = GRID.get(len(of), FEWEST)
    mesh = np.meshgrid(*(np.linspace(low, high, count) for low, high in ends), indexing="ij")
    return np.stack([axis.ravel() for axis in mesh], axis=1)


def evaluated(
    problem: Problem, field: UnknownField, points: Floats, numbers: Floats
) -> tuple[Floats, Floats]:
    """A (k,) and ∂a/∂numbers (k, m) at points of its own variables (k, d)."""
    held = {name: value for name, value in problem.parameters.items() if name not in field.members}
    expression = bind(field.expression, held)
    by_name = {s.name: s for s in expression.free_symbols}
    symbols = [by_name[member] for member in field.members]
    inputs = [by_name.get(v, sp.Symbol(v, real=True)) for v in field.of]
    program = compile_expressions(
        [expression, *(partial(expression, s) for s in symbols)], [*inputs, *symbols]
    )
    results = program.run([*points.T, *map(np.float64, numbers)])
    table = np.stack([np.broadcast_to(np.asarray(r, dtype=np.float64), len(points)) for r in results])
    return table[0], table[1:].T


def _stated(problem: Problem, field: UnknownField, points: Floats) -> Floats:
    expression = bind(sp.S(field.solution), problem.parameters)
    symbols = {s.name: s for s in expression.free_symbols}
    inputs = [symbols.get(v, sp.Symbol(v, real=True)) for v in field.of]
    (found,) = compile_expressions([expression], inputs).run(list(points.T))
    return np.broadcast_to(np.asarray(found, dtype=np.float64), len(points))
