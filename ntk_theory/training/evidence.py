"""What a run shows beside its training loss: residuals at fresh points, and an error without a solution.

Fresh points are drawn from the same places as the training points, as many by default, from a seed of their
own. For the estimate the problem is linearised at the trained u, and the correction δ with

    F'[u] δ = −F[u]   at the fresh points, in least squares over equations and conditions,

is sought in polynomials, δ^i(x) = Σ_k c_ik φ_k(z), z the box's coordinates in [−1, 1]^d, φ_k products of
Legendre polynomials with mean square 1 over the box, up to a total degree. Row x of group g stands with the
weight 1/(s_g √n_g), where

    s_g² = mean_x (Σ_α |F_α(x)| h^{−α})²,   h half the box's edges,

is the size of the operator on functions of size 1 that vary over the box, so that groups of any units count
alike. The coefficients F_α are those of the exact symbolic derivatives at the network's jets [D]. Then

    estimate = ‖U(v + δ) − U(v)‖ / ‖U(v)‖

over a grid of the domain, v the network's outputs and U the ansatz (U(v) = v without one).

Limits. It is one Newton step: above about 0.3 it says only that the error is large. What the polynomials
cannot resolve (layers thinner than the box over the square of the degree) is not corrected; ``unexplained``,
the share of ‖R‖ that is left over, tells. δ of a problem with several solutions is the smallest of them;
``null`` counts the directions along which R does not move.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.polynomial import legendre

from ntk_theory.arrays import Floats
from ntk_theory.empirical.residuals import Linearised, Residuals
from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.model.assembly import fold_rows, linearise
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.model.points import draw_points
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training.solution import domain_grid, inside_place, solved_fields

#: Mixed into the user's seed: fresh points are never the training points.
FRESH_SEED = 0x5EED
#: At most so many polynomials in all, at most this degree, at least so many residuals for each.
FUNCTIONS, DEGREE, RESIDUALS_PER_FUNCTION = 360, 40, 2
#: Singular values below this share of the largest are rounding.
RANK = 1e-13
#: A direction of mean square 1 whose scaled residual is below this leaves the problem as it is.
NULL = 1e-6
#: About so many points has the grid that norms are taken over.
GRID = 2500


@dataclass(frozen=True)
class Estimate:
    """How far the solution is, as the problem itself says.

    Attributes
    ----------
    error:
        ‖δ‖/‖u‖, infinite where u is zero or not finite.
    unexplained:
        ‖R + F'δ‖/‖R‖, of the scaled residuals.
    residual:
        Largest √mean R_g² / (s_g ‖u‖) over the groups: the relative residual.
    null:
        Number of polynomials, of mean square 1, that change no residual by more than :data:`NULL`.
    homogeneous:
        Zero meets all equations and conditions.
    """

    error: float
    unexplained: float
    residual: float
    null: int
    homogeneous: bool


@dataclass(frozen=True, eq=False)
class Fresh:
    """The residuals of a problem at points that nothing is trained on."""

    problem: Problem
    residuals: Residuals

    @classmethod
    def of(cls, problem: Problem, network: Network, counts: Mapping[str, int], seed: int) -> Fresh | None:
        """As many points per group as ``counts`` says; ``None`` where the domain does not say where."""
        own = int(np.random.SeedSequence([seed, FRESH_SEED]).generate_state(1)[0])
        try:
            points = draw_points(problem, counts, own)
        except InputError:
            return None
        return cls(problem, Residuals.of(problem, network, points))

    def rms(self, parameters: Parameters) -> dict[str, float]:
        """√mean R_g² by group; infinite where a residual is not finite."""
        groups = self.residuals.rows.groups
        try:
            values = self.residuals.at(parameters).values
        except NonFiniteError:
            return {group.name: math.inf for group in groups}
        ends = np.cumsum([group.size for group in groups])[:-1]
        parts = zip(groups, np.split(values, ends), strict=True)
        return {group.name: float(np.sqrt(np.mean(part**2))) for group, part in parts}

    def estimate(self, parameters: Parameters) -> Estimate | None:
        """The error estimate (top of this module); ``None`` where the domain is not a box."""
        problem, rows = self.problem, self.residuals.rows
        if any(name not in problem.domain for name in problem.variables):
            return None
        try:
            here = self.residuals.at(parameters)
            return self._estimated(here, _Basis.of(problem, self.residuals), parameters)
        except (NonFiniteError, np.linalg.LinAlgError):
            homogeneous = _homogeneous(self.residuals)
            return Estimate(math.inf, 1.0, math.inf, 0, homogeneous) if len(rows.points) else None

    def _estimated(self, here: Linearised, basis: _Basis, parameters: Parameters) -> Estimate:
        rows = self.residuals.rows
        weights = here.linearisation.weights
        scale = _sizes(self.residuals, weights, basis.half)
        matrix = basis.residual_rows(self.residuals, weights) / scale[:, None]
        right = -here.values / scale
        left, singular, turned = np.linalg.svd(matrix, full_matrices=False)
        kept = singular > RANK * singular[0]
        along = (left.T @ right)[kept]
        coefficients = turned[kept].T @ (along / singular[kept])
        total = float(np.linalg.norm(right))
        rest = math.sqrt(max(total**2 - float(along @ along), 0.0))
        size, moved = self._norms(parameters, basis, coefficients)
        parts = np.split(right, np.cumsum([group.size for group in rows.groups])[:-1])
        worst = max(float(np.linalg.norm(part)) for part in parts)
        return Estimate(
            error=moved / size if size else math.inf,
            unexplained=rest / total if total else 0.0,
            residual=worst / size if size else math.inf,
            null=int(np.count_nonzero(singular < NULL)),
            homogeneous=_homogeneous(self.residuals),
        )

    def _norms(self, parameters: Parameters, basis: _Basis, coefficients: Floats) -> tuple[float, float]:
        """Root mean squares over the grid of U(v) and of U(v + δ) − U(v)."""
        problem, network = self.problem, self.residuals.network
        grid = domain_grid(problem, GRID)
        names = problem.solved.fields
        inside = np.array([inside_place(problem, name, grid) for name in names])
        before = solved_fields(problem, network, parameters, grid)

        def change(slots: Sequence[Slot]) -> Floats:
            return basis.jets(coefficients, grid, slots)

        after = solved_fields(problem, network, parameters, grid, change)
        count = math.sqrt(inside.shape[1])
        return (
            float(np.linalg.norm(before[inside])) / count,
            float(np.linalg.norm((after - before)[inside])) / count,
        )


@dataclass(frozen=True, eq=False)
class _Basis:
    """Products of Legendre polynomials on a box, the same for every field."""

    fields: tuple[str, ...]
    centre: Floats
    half: Floats
    degrees: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, problem: Problem, residuals: Residuals) -> _Basis:
        ends = np.array(
            [[float(bind(end, problem.parameters)) for end in problem.domain[v]] for v in problem.variables]
        )
        fields = residuals.network.fields
        most = min(FUNCTIONS, residuals.size // RESIDUALS_PER_FUNCTION) // len(fields)
        degree = _degree(len(problem.variables), most)
        every = product(range(degree + 1), repeat=len(problem.variables))
        degrees = tuple(index for index in every if sum(index) <= degree)
        return cls(fields, ends.mean(axis=1), (ends[:, 1] - ends[:, 0]) / 2, degrees)

    def functions(self, points: Floats, index: Sequence[int]) -> Floats:
        """∂^α φ_k in the problem's own variables at points (n, d): (n, functions)."""
        z = (points - self.centre) / self.half
        degree = max(max(k) for k in self.degrees)
        found = np.ones((len(points), len(self.degrees)))
        for j, order in enumerate(index):
            scaled = np.diag(np.sqrt(2.0 * np.arange(degree + 1) + 1))
            derived = legendre.legder(scaled, order, axis=0) if order else scaled
            columns = legendre.legvander(z[:, j], len(derived) - 1) @ derived
            found *= columns[:, [k[j] for k in self.degrees]] / self.half[j] ** order
        return found

    def residual_rows(self, residuals: Residuals, weights: Floats) -> Floats:
        """F'[u] φ for every field and polynomial: (residuals, fields times functions)."""
        rows, many = residuals.rows, len(self.degrees)
        stacked = np.zeros((len(self.fields) * many, len(rows.points)))
        for slot, weight in zip(rows.slots, weights, strict=True):
            at = self.fields.index(slot.field) * many
            touched = np.flatnonzero(weight)
            values = self.functions(rows.points[touched], slot.index) * weight[touched, None]
            stacked[at : at + many, touched] += values.T
        return np.asarray(fold_rows(rows, stacked).T)

    def jets(self, coefficients: Floats, points: Floats, slots: Sequence[Slot]) -> Floats:
        """∂^α δ^i at points, (slots, n)."""
        parts = coefficients.reshape(len(self.fields), -1)
        return np.array(
            [self.functions(points, slot.index) @ parts[self.fields.index(slot.field)] for slot in slots]
        )


def _degree(dimension: int, most: int) -> int:
    """The largest total degree with at most ``most`` polynomials, at least 1."""
    degree = 1
    while degree < DEGREE and math.comb(degree + 1 + dimension, dimension) <= most:
        degree += 1
    return degree


def _sizes(residuals: Residuals, weights: Floats, half: Floats) -> Floats:
    """s_g √n_g for every residual, (n,); 1 for s_g where an operator vanishes."""
    rows = residuals.rows
    units = np.array([np.prod(half ** -np.array(slot.index, dtype=float)) for slot in rows.slots])
    size = fold_rows(rows, units @ np.abs(weights))
    parts = np.split(size, np.cumsum([group.size for group in rows.groups])[:-1])
    return np.concatenate([np.full(len(p), float(np.linalg.norm(p)) or math.sqrt(len(p))) for p in parts])


def _homogeneous(residuals: Residuals) -> bool:
    """Does zero meet everything? Where the residual of zero is not finite, it does not."""
    rows = residuals.rows
    try:
        values = linearise(rows, np.zeros((len(rows.slots), len(rows.points)))).values
    except NonFiniteError:
        return False
    return not np.any(fold_rows(rows, values) - rows.targets)
