"""Products of Legendre polynomials on the box of a problem, and least squares in them.

    u^i(x) = Σ_k c_ik φ_k(z),    z the box's coordinates in [−1, 1]^d,

φ_k of mean square 1 over the box, up to a total degree. A basis that shares nothing with the network: it is
asked for the size of a solution before training (:mod:`ntk_theory.training.scaling`) and for its error
after it (:mod:`ntk_theory.training.evidence`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.polynomial import legendre

from ntk_theory.arrays import Floats
from ntk_theory.empirical.residuals import Residuals
from ntk_theory.model.assembly import Rows, fold_rows
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.problem import GroupKind, Problem
from ntk_theory.training.oscillations import oscillations

#: At most so many polynomials in all, at most this degree, at least so many residuals of equations for each:
#: conditions see a face only, however many their points are.
FUNCTIONS, DEGREE, RESIDUALS_PER_FUNCTION = 360, 40, 2
#: The degree in one variable: what grows by e^13 over the box and saturates takes more than 40 to resolve.
DEGREE_OF_ONE = 120
#: A degree of so many times the oscillations over the box resolves them: π, and some more.
OVER = 4.0


@dataclass(frozen=True, eq=False)
class Basis:
    """Products of Legendre polynomials, the same for every output, each on the box where it is defined.

    Attributes
    ----------
    fields:
        The m outputs.
    centre, half:
        (m, d): middle and half edges of their boxes.
    degrees:
        Those of every product, by variable.
    """

    fields: tuple[str, ...]
    centre: Floats
    half: Floats
    degrees: tuple[tuple[int, ...], ...]

    @classmethod
    def of(
        cls,
        problem: Problem,
        residuals: Residuals,
        functions: int = FUNCTIONS,
        rows: int = RESIDUALS_PER_FUNCTION,
    ) -> Basis:
        """As many polynomials as the residuals bear, ``rows`` of them for each, and at most ``functions``."""
        fields = residuals.network.fields
        ends = np.array([_box(problem, name) for name in fields])
        inside = sum(g.size for g in residuals.rows.groups if g.kind is GroupKind.EQUATION)
        most = min(functions, inside // rows) // len(fields)
        degree = _degree(len(problem.variables), most, _cap(problem))
        every = product(range(degree + 1), repeat=len(problem.variables))
        degrees = tuple(index for index in every if sum(index) <= degree)
        return cls(fields, ends.mean(axis=2), (ends[..., 1] - ends[..., 0]) / 2, degrees)

    def functions(self, points: Floats, slot: Slot) -> Floats:
        """∂^α φ_k of the slot's output, in the problem's own variables, at points (n, d): (n, functions)."""
        at = self.fields.index(slot.field)
        z = (points - self.centre[at]) / self.half[at]
        degree = max(max(k) for k in self.degrees)
        found = np.ones((len(points), len(self.degrees)))
        for j, order in enumerate(slot.index):
            scaled = np.diag(np.sqrt(2.0 * np.arange(degree + 1) + 1))
            derived = legendre.legder(scaled, order, axis=0) if order else scaled
            columns = legendre.legvander(z[:, j], len(derived) - 1) @ derived
            found *= columns[:, [k[j] for k in self.degrees]] / self.half[at, j] ** order
        return found

    def units(self, slots: Sequence[Slot]) -> Floats:
        """h^{−α}, the size of u_α of a function of size 1 that varies over its box, (slots,)."""
        halves = (self.half[self.fields.index(slot.field)] for slot in slots)
        return np.array([np.prod(h ** -np.array(s.index, float)) for h, s in zip(halves, slots, strict=True)])

    def residual_rows(self, residuals: Residuals, weights: Floats) -> Floats:
        """F'[u] φ for every field and polynomial: (residuals, fields times functions)."""
        rows, many = residuals.rows, len(self.degrees)
        stacked = np.zeros((len(self.fields) * many, len(rows.points)))
        for slot, weight in zip(rows.slots, weights, strict=True):
            at = self.fields.index(slot.field) * many
            touched = np.flatnonzero(weight)
            values = self.functions(rows.points[touched], slot) * weight[touched, None]
            stacked[at : at + many, touched] += values.T
        return np.asarray(fold_rows(rows, stacked).T)

    def jets(self, coefficients: Floats, points: Floats, slots: Sequence[Slot]) -> Floats:
        """∂^α δ^i at points, (slots, n)."""
        parts = coefficients.reshape(len(self.fields), -1)
        return np.array(
            [self.functions(points, slot) @ parts[self.fields.index(slot.field)] for slot in slots]
        )


def _box(problem: Problem, name: str) -> list[tuple[float, float]]:
    """Where an output is defined; under an ansatz everywhere."""
    place = problem.domain if problem.ansatz is not None else problem.place_of(name)
    ends = (place[variable] for variable in problem.variables)
    return [(float(bind(a, problem.parameters)), float(bind(b, problem.parameters))) for a, b in ends]


def _cap(problem: Problem) -> int:
    """The bound; n oscillations over the box take a degree of πn, and a few more, to be resolved."""
    if len(problem.variables) > 1:  # there the number of polynomials is the bound
        return DEGREE
    most = max((n for counts in oscillations(problem).values() for n in counts), default=0.0)
    return max(DEGREE_OF_ONE, math.ceil(OVER * most))


def _degree(dimension: int, most: int, cap: int) -> int:
    """The largest total degree with at most ``most`` polynomials, from 1 to ``cap``."""
    degree = 1
    while degree < cap and math.comb(degree + 1 + dimension, dimension) <= most:
        degree += 1
    return degree


def block_sizes(basis: Basis, rows: Rows, weights: Floats) -> Floats:
    """B_gi = √mean_x (Σ_α |F_α(x)| h^{−α})² over the slots α of output i, (groups, outputs).

    The size of group g's operator on a function of output i that has size 1 and varies over its box, with
    half edges h; ``weights`` F_α, (slots, rows).
    """
    units, columns = basis.units(rows.slots), []
    for name in basis.fields:
        own = np.array([slot.field == name for slot in rows.slots])
        columns.append(group_rms(rows, fold_rows(rows, (units * own) @ np.abs(weights))))
    return np.array(columns).T


def group_rms(rows: Rows, values: Floats) -> Floats:
    """√mean R_g² of residuals (n,), one per group."""
    parts = np.split(values, np.cumsum([group.size for group in rows.groups])[:-1])
    return np.array([float(np.linalg.norm(part)) / math.sqrt(len(part)) for part in parts])


def equilibrated(blocks: Floats) -> tuple[Floats, Floats]:
    """Sizes s_g of groups and U_i of outputs with max_i B_gi U_i = s_g, max_g B_gi U_i/s_g = 1.

    1 where a group or an output has no entry. Sinkhorn's alternation in the maximum norm; it settles after as
    many rounds as a chain of groups and outputs is long.

    >>> equilibrated(np.array([[1.0, 0.0], [2e11, 1.0]]))
    (array([1.e+00, 2.e+11]), array([1.e+00, 2.e+11]))
    """
    outputs = np.ones(blocks.shape[1])
    for _ in range(sum(blocks.shape) + 1):
        groups = _or_one((blocks * outputs).max(axis=1))
        outputs = 1.0 / _or_one((blocks / groups[:, None]).max(axis=0))
    return _or_one((blocks * outputs).max(axis=1)), outputs


def least_squares(matrix: Floats, right: Floats, rank: float) -> Floats:
    """The c of least norm with ‖Mc − r‖ least, columns brought to norm 1; for every column of ``right``.

    Derivatives of Legendre polynomials of degree k grow like k^{2|α|}: without it the high degrees of a
    fourth derivative alone would use up all digits. Singular values below ``rank`` of the largest are 0.
    """
    norms = _or_one(np.linalg.norm(matrix, axis=0))
    left, singular, turned = np.linalg.svd(matrix / norms, full_matrices=False)
    kept = singular > rank * singular[0]
    return np.asarray(((left.T @ right)[kept].T / singular[kept] @ turned[kept] / norms).T)


def _or_one(values: Floats) -> Floats:
    return np.where(values > 0, values, 1.0)
