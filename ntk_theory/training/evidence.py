"""What a run shows beside its training loss: residuals at fresh points, and an error without a solution.

Fresh points are drawn from the same places as the training points, as many and at least 2800 of all equations
(2048 of each in one variable), from a seed of their own. For the estimate the problem is linearised at the
trained u, and the correction δ with

    F'[u] δ = −F[u]   at the fresh points, in least squares over equations and conditions,

is sought in polynomials (:mod:`ntk_theory.training.polynomials`), of each output on the box where it is
defined. With B_gi the size of group g's operator on output i, row x of group g is divided by s_g √n_g and
output i measured in units U_i, such that

    max_i B_gi U_i = s_g,   max_g B_gi U_i / s_g = 1:

groups and outputs of any units count alike. Rows of measured data count :data:`MEASURED` of that: equations
and conditions are exact, and δ is among what meets them whatever noise the data have. The coefficients F_α
are those of the exact symbolic derivatives at the network's jets [D]. Then

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
from dataclasses import dataclass, replace

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.empirical.jets import jets
from ntk_theory.empirical.residuals import Linearised, Residuals
from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.model.assembly import fold_rows, linearise
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.model.points import draw_points
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training.identified import MISSED
from ntk_theory.training.polynomials import Basis, block_sizes, equilibrated, group_rms, least_squares
from ntk_theory.training.solution import domain_grid, inside_place, solved_fields

#: Mixed into the user's seed: fresh points are never the training points.
FRESH_SEED = 0x5EED
#: At least so many of them has every condition: what few points see is known by none.
CONDITION_POINTS = 160
#: And every equation in one variable: polynomials of high degree swing between few points.
POINTS_OF_ONE = 2048
#: So many polynomials: the more of them, the less of a residual at a front is left unexplained. With fewer
#: residuals than this for each, they would follow what two neighbouring points say by chance.
FUNCTIONS, ROWS = 700, 4
#: Singular values below this share of the largest are rounding.
RANK = 1e-13
#: A direction of mean square 1 whose scaled residual is below this leaves the problem as it is: what grows by
#: e^14 from its initial data moves them by 1e-6 only, and is determined.
NULL = 1e-8
#: What a row of measured data counts beside one of an equation.
MEASURED = 1e-3
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
        Largest √mean R_g² / Σ_i B_gi ‖u^i‖ over the groups: the relative residual.
    null:
        Number of polynomials, of mean square 1, that change no residual by more than :data:`NULL`.
    homogeneous:
        Zero meets all equations and conditions.
    noise:
        The part of measured data that their own standard deviations leave open, √mean R²/√mean y²: no
        solution is known better. 0 without standard deviations, and where the data are missed by more.
    missed:
        √mean (R/σ)² over the data, of several groups the largest: about 1 where they are met as σ says.
    measured:
        The groups of measured data.
    """

    error: float
    unexplained: float
    residual: float
    null: int
    homogeneous: bool
    noise: float = 0.0
    missed: float = 0.0
    measured: tuple[str, ...] = ()


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

    @classmethod
    def beside(cls, problem: Problem, network: Network, counts: Mapping[str, int], seed: int) -> Fresh | None:
        """At least as many points per group as are trained on."""
        least = {group.name: CONDITION_POINTS for group in problem.conditions}
        each = math.ceil(ROWS * FUNCTIONS / len(problem.equations))
        many = POINTS_OF_ONE if len(problem.variables) == 1 else each
        least |= {group.name: many for group in problem.equations}
        return cls.of(
            problem, network, {name: max(counts.get(name, 1), n) for name, n in least.items()}, seed
        )

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
        """The estimate of the error by one linearised correction; ``None`` where the domain is not a box."""
        problem, rows = self.problem, self.residuals.rows
        if any(name not in problem.domain for name in problem.variables):
            return None
        try:
            here = self.residuals.at(parameters)
            return self._estimated(here, Basis.of(problem, self.residuals, FUNCTIONS, ROWS), parameters)
        except (NonFiniteError, np.linalg.LinAlgError):
            homogeneous = met_by_zero(self.residuals)
            return Estimate(math.inf, 1.0, math.inf, 0, homogeneous) if len(rows.points) else None

    def _estimated(self, here: Linearised, basis: Basis, parameters: Parameters) -> Estimate:
        rows = self.residuals.rows
        weights = here.linearisation.weights
        blocks = block_sizes(basis, rows, weights)
        groups, outputs = equilibrated(blocks)
        sizes = np.array([group.size for group in rows.groups])
        measured = [MEASURED if group.data is not None else 1.0 for group in self.problem.groups]
        scale = np.repeat(groups * np.sqrt(sizes) / measured, sizes)
        units = np.repeat(outputs, len(basis.degrees))
        matrix = basis.residual_rows(self.residuals, weights) * (units / scale[:, None])
        # Turned by Qᵀ of [M | r] = QR: the same norms and singular values, with a fraction of the rows.
        turned = np.asarray(np.linalg.qr(np.column_stack((matrix, -here.values / scale)), mode="r"))
        matrix, right = turned[:, :-1], turned[:, -1]
        found = least_squares(matrix, right, RANK)
        total, rest = float(np.linalg.norm(right)), float(np.linalg.norm(matrix @ found - right))
        size, moved = self._norms(parameters, basis, units * found)
        told = blocks @ self._output_sizes(parameters, basis, size)
        noise, missed = self._noise(here.values)
        relative = group_rms(rows, here.values) / np.where(told > 0, told, 1.0)
        return Estimate(
            error=moved / size if size else math.inf,
            unexplained=rest / total if total else 0.0,
            residual=float(relative.max()) if size else math.inf,
            null=int(np.count_nonzero(np.linalg.svd(matrix, compute_uv=False) < NULL)),
            homogeneous=met_by_zero(self.residuals),
            noise=noise,
            missed=missed,
            measured=tuple(group.name for group in self.problem.groups if group.data is not None),
        )

    def _noise(self, values: Floats) -> tuple[float, float]:
        """Largest √mean R²/√mean y² over data y that are missed as σ says, largest √mean (R/σ)² of all."""
        ends = np.cumsum([group.size for group in self.residuals.rows.groups])[:-1]
        found, missed = 0.0, 0.0
        for group, part in zip(self.problem.groups, np.split(values, ends), strict=True):
            if group.data is None or group.data.sigma is None:
                continue
            targets = np.array(group.data.targets)
            size = float(np.sqrt(np.mean(targets**2)))
            square = float(np.mean((part / np.array(group.data.sigma)[: len(part)]) ** 2))
            missed = max(missed, math.sqrt(square))
            if size and square <= MISSED:
                found = max(found, float(np.sqrt(np.mean(part**2))) / size)
        return found, missed

    def _output_sizes(self, parameters: Parameters, basis: Basis, size: float) -> Floats:
        """√mean (v^i)² over the grid, (m,); under an ansatz the size of the fields for all."""
        problem, network = self.problem, self.residuals.network
        if problem.ansatz is not None:
            return np.full(len(network.fields), size)
        found = jets(
            network, parameters, domain_grid(problem, GRID), map(problem.space.value, problem.fields)
        )
        return np.asarray(np.sqrt(np.mean(found**2, axis=1)))

    def _norms(self, parameters: Parameters, basis: Basis, coefficients: Floats) -> tuple[float, float]:
        """Root mean squares over the grid of U(v) and of U(v + δ) − U(v)."""
        problem, network = self.problem, self.residuals.network
        grid = domain_grid(problem, GRID)
        names = problem.solved.fields
        inside = np.array([inside_place(problem, name, grid) for name in names])
        before = solved_fields(problem, network, parameters, grid)

        def change(slots: Sequence[Slot]) -> Floats:
            return basis.jets(coefficients, grid, slots)

        after = solved_fields(problem, network, parameters, grid, change)
        if problem.ansatz is not None:  # which may be singular at points of the faces, as at a corner
            inside &= np.isfinite(before)
        count = math.sqrt(inside.shape[1])
        return (
            float(np.linalg.norm(before[inside])) / count,
            float(np.linalg.norm((after - before)[inside])) / count,
        )


def of_both(half: Estimate | None, whole: Estimate | None) -> Estimate | None:
    """The worse of what a half and its whole say: one knows of the mirror, the other of further solutions."""
    if half is None or whole is None:
        return half or whole
    return replace(
        whole,
        error=max(half.error, whole.error),
        unexplained=max(half.unexplained, whole.unexplained),
        residual=max(half.residual, whole.residual),
    )


def met_by_zero(residuals: Residuals) -> bool:
    """Does zero meet everything? Where the residual of zero is not finite, it does not."""
    rows = residuals.rows
    try:
        values = linearise(rows, np.zeros((len(rows.slots), len(rows.points)))).values
    except NonFiniteError:
        return False
    return not np.any(fold_rows(rows, values) - rows.targets)
