"""The sizes of a problem, found before it is trained: of its outputs and of its residuals.

A beam in millimetres, steel in pascals or a stiff oscillator have residuals that differ by orders from
group to group, and fields whose size is far from that of a network. Both are divided out:

    outputs      v^i = U_i w^i, w an unscaled network: its readout and output bias are U_i times those of w
    residuals    λ_g = 1/(n_g s_g²) in the loss L = ½ Σ_g λ_g Σ_x R_g(x)²

so that L is half the sum of the mean squares of relative residuals. Nothing else changes: v, R_g, what is
saved and what is reported are in the user's units. A step is one of w: Gauss–Newton's damping, which
measures parameters, takes the readout in units of U_i, the metric η_i = U_i² [D].

*U_i* is the root mean square of output i of the solution of the problem, linearised at 0, in polynomials
(:mod:`ntk_theory.training.polynomials`): conditions, sources and data say it together. It stays 1 within
:data:`NEAR` of 1, where nothing is gained, and where that solution leaves more than :data:`UNEXPLAINED` of
what is asked, of the linear problem or of the problem itself: u_t = 5u − 5u³ is not of the size that
u_t = 5u says. It is a power of two: multiplication by it has no rounding.

*s_g* is the size of the group's operator on functions of these sizes that vary over their boxes, with half
edges h,

    s_g² = mean_x (Σ_α |F_α(x, u)| |u_α|)²,   u_α = U_i h^{−α}.

Where it has no value there (a logarithm, a jet out of its range) the coefficients F_α at u = 0 are taken,
and 1 where these vanish or have none either.

*Near a singular point* coefficients grow beyond any bound, as 1/r does at a corner that an ansatz has taken
a flow's singular part off, and so do residuals that nobody can meet better than relatively. A row whose sum
over α exceeds :data:`SINGULAR` times the median m_g of its group counts as one of that size does,

    λ(x) = λ_g min(1, SINGULAR m_g/Σ_α |F_α| |u_α|)²,

and s_g is the mean of sizes so capped: equations are weighted by r there, as least squares at singular
corners are. Coefficients within that range, constant ones above all, are weighted as ever [D].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.empirical.residuals import Residuals
from ntk_theory.errors import NonFiniteError
from ntk_theory.model.assembly import Rows, fold_rows, linearise
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training.polynomials import Basis, block_sizes, equilibrated, group_rms, least_squares
from ntk_theory.training.solution import domain_grid, inside_place

#: An output between 1/NEAR and NEAR is left as it is.
NEAR = 10.0
#: A solution in polynomials that leaves more than this share of the residual at 0 says no size.
UNEXPLAINED = 0.5
#: Rows of more than so many times the median size of their group are near a singular point.
SINGULAR = 4.0
#: Singular values below this share of the largest are left out of it: sizes need no digits.
RANK = 1e-10
#: Its size is taken at about so many points.
GRID = 2500


@dataclass(frozen=True)
class Scale:
    """U_i by output, s_g by group and the size above which a row counts less, all positive."""

    outputs: Mapping[str, float]
    groups: Mapping[str, float]
    caps: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls, problem: Problem, residuals: Residuals, sizes: Mapping[str, float] | None = None
    ) -> Scale | None:
        """The sizes at the points of ``residuals``; ``None`` where the domain is not a box.

        ``sizes`` of the solution by output, where they are known, go before what polynomials say.
        """
        if any(name not in problem.domain for name in problem.variables):
            return None
        basis = Basis.of(problem, residuals)
        if sizes is None:
            outputs = _outputs(problem, residuals, basis)
        else:
            outputs = np.array([_rounded(sizes[name]) for name in basis.fields])
        names = [group.name for group in residuals.rows.groups]
        _, groups, caps = _groups(residuals, basis, outputs)
        return cls(
            dict(zip(basis.fields, outputs.tolist(), strict=True)),
            dict(zip(names, groups.tolist(), strict=True)),
            dict(zip(names, caps.tolist(), strict=True)),
        )

    def relief(self, problem: Problem, residuals: Residuals) -> Floats | None:
        """min(1, cap/size)² of every residual, (n,); ``None`` where no row is larger than its cap."""
        basis = Basis.of(problem, residuals)
        sizes, *_ = _groups(residuals, basis, np.array([self.outputs[name] for name in basis.fields]))
        caps = np.concatenate([np.full(g.size, self.caps.get(g.name, np.inf)) for g in residuals.rows.groups])
        if not (sizes > caps).any():
            return None
        return np.asarray(np.minimum(1.0, caps / np.maximum(sizes, caps)) ** 2)

    @property
    def spread(self) -> float:
        """Largest s_g over the smallest."""
        return max(self.groups.values()) / min(self.groups.values())

    def text(self) -> str:
        """``outputs divided by their sizes, w 16; residuals by theirs, ends 16, f 6.6``."""
        parts = [f"{name} {size:.3g}" for name, size in self.outputs.items() if size != 1.0]
        groups = ", ".join(f"{name} {size:.3g}" for name, size in self.groups.items())
        first = f"outputs divided by their sizes, {', '.join(parts)}; residuals by theirs, " if parts else ""
        return (first or "residuals divided by their sizes, ") + groups


def _outputs(problem: Problem, residuals: Residuals, basis: Basis) -> Floats:
    """U_i, (m,)."""
    rows, ones = residuals.rows, np.ones(len(basis.fields))
    try:
        here = linearise(rows, np.zeros((len(rows.slots), len(rows.points))))
    except NonFiniteError:
        return ones
    right = rows.targets - fold_rows(rows, here.values)
    groups, outputs = equilibrated(block_sizes(basis, rows, here.weights))
    sizes = np.array([group.size for group in rows.groups])
    scale = np.repeat(groups * np.sqrt(sizes), sizes)
    units = np.repeat(outputs, len(basis.degrees))
    matrix = basis.residual_rows(residuals, here.weights) * (units / scale[:, None])
    right = right / scale
    try:
        found = least_squares(matrix, right, RANK)
    except np.linalg.LinAlgError:
        return ones
    most = UNEXPLAINED * float(np.linalg.norm(right))
    if not np.linalg.norm(matrix @ found - right) <= most:
        return ones
    if not _left(rows, basis.jets(units * found, rows.points, rows.slots), scale) <= most:
        return ones
    grid = domain_grid(problem, GRID)
    values = basis.jets(units * found, grid, [problem.space.value(name) for name in basis.fields])
    places = [problem.ansatz is not None or inside_place(problem, name, grid) for name in basis.fields]
    rows_inside = [row[inside] for row, inside in zip(values, places, strict=True)]
    return np.array([_rounded(float(np.sqrt(np.mean(row**2)))) for row in rows_inside])


def _left(rows: Rows, jets: Floats, scale: Floats) -> float:
    """‖R‖ of functions with these jets (slots, rows), each residual over its scale; infinite if undefined."""
    try:
        values = fold_rows(rows, linearise(rows, jets).values) - rows.targets
    except NonFiniteError:
        return np.inf
    return float(np.linalg.norm(values / scale))


def _rounded(size: float) -> float:
    """The nearest power of two; 1 near 1, and where there is no size.

    >>> _rounded(3.0), _rounded(12.0), _rounded(5e-4), _rounded(0.0)
    (1.0, 16.0, 0.00048828125, 1.0)
    """
    if not np.isfinite(size) or size == 0.0 or 1 / NEAR <= size <= NEAR:
        return 1.0
    return float(2.0 ** np.round(np.log2(size)))


def _groups(residuals: Residuals, basis: Basis, outputs: Floats) -> tuple[Floats, Floats, Floats]:
    """Sizes of all rows (n,), s_g and caps (groups,)."""
    rows = residuals.rows
    units = basis.units(rows.slots) * [outputs[basis.fields.index(slot.field)] for slot in rows.slots]
    ends = np.cumsum([group.size for group in rows.groups])[:-1]
    found, caps = np.zeros(len(rows.groups)), np.full(len(rows.groups), np.inf)
    at = np.zeros(sum(group.size for group in rows.groups))
    for jets in (units, 0 * units):
        try:
            weights = linearise(rows, np.repeat(jets[:, None], len(rows.points), axis=1)).weights
        except NonFiniteError:
            continue
        every = fold_rows(rows, units @ np.abs(weights))
        most = np.array([SINGULAR * float(np.median(part)) for part in np.split(every, ends)])
        most[~(most > 0)] = np.inf
        capped = np.minimum(every, np.repeat(most, [group.size for group in rows.groups]))
        sizes = group_rms(rows, capped)
        new = (found == 0) & (sizes > 0) & np.isfinite(sizes)
        found, caps = np.where(new, sizes, found), np.where(new, most, caps)
        at = np.where(np.repeat(new, [group.size for group in rows.groups]), every, at)
    return at, np.where(found > 0, found, 1.0), caps
