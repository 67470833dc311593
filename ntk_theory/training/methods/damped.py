"""Damped least squares: min_δ ‖Aδ + r‖² + μ‖C⁻¹δ‖², for one factorisation and several right-hand sides.

C is diagonal, see :func:`balance`; δ = Cx and AC in place of A leave C = I. With m = min(n, P) the two
classical forms then have a matrix of size m [D]:

    n ≥ P   (AᵀA + μI) δ = −Aᵀr                     parameter space
    n < P   δ = −Aᵀ (AAᵀ + μI)^{-1} r               function space: K + μI with the kernel K = AAᵀ

Forming the Gram matrix BᵀB (B = A or Aᵀ) squares the condition number: directions with
σ² < 2^{-52} σ_max² are lost. While μ is far above that it rules them, and Cholesky, several times
cheaper, gives the step of a μ that is hardly another; below, the triangle C of the QR factorisation
of the augmented matrix [B; √μ I] is used: CᵀC = BᵀB + μI without forming it.

:class:`DenseModel` holds A, for n < P; :class:`TiledModel` has its rows made tile by tile and holds P×P
matrices only (:mod:`ntk_theory.empirical.normal`), and products with A come from the network itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg

from ntk_theory.arrays import Floats
from ntk_theory.empirical.jacobian import JacobianRows
from ntk_theory.empirical.normal import TILE, damped_triangle, normal_equations, triangle
from ntk_theory.empirical.residuals import Linearised
from ntk_theory.errors import TrainingError
from ntk_theory.resources import BLAS, thread_count
from ntk_theory.training.objective import Objective

#: Cholesky while μ ≥ GRAM_SAFE · tr(BᵀB): rounding of BᵀB is then at most 2^{-52}/GRAM_SAFE ≈ 2e-3 of μ,
#: as if the damping were another by so little, and far cheaper.
GRAM_SAFE = 1e-13
#: The power of the column norms in the metric of late steps: 0 is Levenberg's, 1 Marquardt's.
SHARE = 0.375
#: Up to this step the metric is Levenberg's; the power then grows, over as many steps, to its late value.
EARLY = 30
#: Columns smaller than this share of the largest are scaled like it.
FAINT = 1e-8
#: Up to this size one thread factorises: two threads would spend as much time waiting for each other.
ALONE = 4000


@dataclass(frozen=True, eq=False)
class DampedSystem:
    """The factorised system of size m; ``by_qr`` says which way it was done.

    ``pull`` is w ↦ (AC)ᵀw, ``tall`` says n ≥ P, ``c`` is the diagonal of C, ``None`` for ones.
    """

    pull: Callable[[Floats], Floats]
    upper: Floats
    by_qr: bool
    tall: bool
    c: Floats | None = None

    @classmethod
    def of(cls, matrix: Floats, damping: float, c: Floats | None = None) -> DampedSystem:
        """Factorise for A = ``matrix`` (n, P) and μ = ``damping`` > 0."""
        if c is not None:
            matrix = matrix * c
        is_tall = matrix.shape[0] >= matrix.shape[1]
        tall = matrix if is_tall else matrix.T
        found = None
        if damping >= GRAM_SAFE * float(np.einsum("ij,ij->", matrix, matrix)):
            found = _cholesky(tall.T @ tall, damping)
        by_qr = found is None
        if found is None:
            m = tall.shape[1]
            augmented = np.empty((tall.shape[0] + m, m), order="F")
            augmented[: tall.shape[0]] = tall
            augmented[tall.shape[0] :] = np.sqrt(damping) * np.eye(m)
            with BLAS.limited(_threads(m)):
                (factor,) = scipy.linalg.qr(augmented, mode="r", overwrite_a=True, check_finite=False)
            found = factor[:m]
        return cls(lambda w: np.asarray(matrix.T @ w), found, by_qr, is_tall, c)

    def solve(self, r: Floats, pulled: Floats | None = None) -> Floats:
        """δ for the right-hand side r (n,); ``pulled`` is (AC)ᵀr where it is known."""
        factor = (self.upper, False)
        if self.tall:
            right = self.pull(r) if pulled is None else pulled
            found = np.asarray(-scipy.linalg.cho_solve(factor, right, check_finite=False))
        else:
            found = -self.pull(scipy.linalg.cho_solve(factor, r, check_finite=False))
        return found if self.c is None else self.c * found


class LocalModel(ABC):
    """R near θ: A = Λ^{1/2} J η^{1/2} and r = Λ^{1/2} R.

    Attributes
    ----------
    values, r:
        R and r, (n,).
    """

    values: Floats
    r: Floats

    @property
    @abstractmethod
    def squares(self) -> Floats:
        """‖a_j‖² for every column a_j of A, (P,)."""

    @abstractmethod
    def times(self, v: Floats) -> Floats:
        """Av."""

    @abstractmethod
    def damped(self, damping: float, *, exact: bool, p: float = 0.0) -> tuple[DampedSystem, Floats, bool]:
        """The system at μ, its δ for r, and whether μ is too small for a Gram matrix.

        ``exact`` expects that it is: then no Gram matrix is formed in the first place. ``p`` is that of
        :func:`balance`.
        """


def power(step: int) -> float:
    """The p of :func:`balance` after so many steps: 0 up to :data:`EARLY`, :data:`SHARE` from 2 EARLY on."""
    return SHARE * min(max(step / EARLY - 1.0, 0.0), 1.0)


def balance(squares: Floats, p: float) -> Floats | None:
    """The diagonal of C, c_j = (g/m_j)^p for the column norms m_j = ‖a_j‖ of A; (P,).

    g is the geometric mean of the m_j > 0; norms below :data:`FAINT` of the largest count as that. ``None``,
    which is C = I, at p = 0 and where no column is different from 0.

    At p = 0 the damping is Levenberg's, which is blind to how much a parameter moves R; at p = 1 Marquardt's
    D = diag(AᵀA), which lets those that hardly do run away. Early steps are better off with the former, late
    ones, along a narrow valley, with one between the two [C].
    """
    largest = float(squares.max())
    if p == 0 or not (largest > 0 and np.isfinite(largest)):
        return None
    logs = 0.5 * np.log(np.maximum(squares, FAINT**2 * largest))
    return np.asarray(np.exp(p * (logs[squares > 0].mean() - logs)))


def local_model(objective: Objective, vector: Floats) -> LocalModel:
    """The model at θ, dense where there are fewer residuals than parameters."""
    here = objective.at(vector)
    root = np.sqrt(objective.weights)
    plain = objective.template.layer_rates is None and objective.scale is None
    columns = None if plain else np.sqrt(objective.metric)
    rows = JacobianRows.of(here, root, columns)
    n, size = rows.shape
    if n >= size:
        return TiledModel(objective, here, rows, root)
    matrix = np.empty((n, size))
    rows.fill(0, n, matrix)
    return DenseModel(here.values, root * here.values, matrix)


@dataclass(frozen=True, eq=False)
class DenseModel(LocalModel):
    """With A (n, P) itself."""

    values: Floats
    r: Floats
    matrix: Floats

    @cached_property
    def squares(self) -> Floats:
        """See :class:`LocalModel`."""
        return np.asarray(np.einsum("ij,ij->j", self.matrix, self.matrix))

    def times(self, v: Floats) -> Floats:
        """Av."""
        return np.asarray(self.matrix @ v)

    def damped(self, damping: float, *, exact: bool, p: float = 0.0) -> tuple[DampedSystem, Floats, bool]:
        """See :class:`LocalModel`."""
        system = DampedSystem.of(self.matrix, damping, balance(self.squares, p))
        return system, system.solve(self.r), system.by_qr


@dataclass(frozen=True, eq=False)
class TiledModel(LocalModel):
    """With AᵀA, or the triangle of A, from tiles of rows; n ≥ P."""

    objective: Objective
    here: Linearised
    rows: JacobianRows
    root: Floats

    @cached_property
    def values(self) -> Floats:  # type: ignore[override]
        """R."""
        return self.here.values

    @cached_property
    def r(self) -> Floats:  # type: ignore[override]
        """Λ^{1/2} R."""
        return self.root * self.here.values

    @cached_property
    def normal(self) -> tuple[Floats, Floats]:
        """AᵀA, its lower blocks, and Aᵀr."""
        return normal_equations(self.rows, self.r)

    @cached_property
    def upper(self) -> Floats:
        """The triangle of A."""
        return triangle(self.rows)

    @property
    def squares(self) -> Floats:
        """See :class:`LocalModel`; from what is there: a triangle has the column norms of A."""
        if "upper" in self.__dict__:
            return np.asarray(np.einsum("ij,ij->j", self.upper, self.upper))
        return np.array(np.diagonal(self.normal[0]))

    def times(self, v: Floats) -> Floats:
        """Av."""
        direction = v if self.rows.columns is None else self.rows.columns * v
        return self.root * self.here.jvp(self.objective.parameters(direction))

    def pull(self, w: Floats) -> Floats:
        """Aᵀw."""
        pulled = self.here.vjp(self.root * w).flatten()
        return pulled if self.rows.columns is None else self.rows.columns * pulled

    def damped(self, damping: float, *, exact: bool, p: float = 0.0) -> tuple[DampedSystem, Floats, bool]:
        """See :class:`LocalModel`; C comes in where A is small already, in P² operations."""
        if exact:
            _ = self.upper  # before the norms are asked for, which would form AᵀA
        c = balance(self.squares, p)
        trace = float(np.sum(self.squares if c is None else c**2 * self.squares))
        pull = self.pull if c is None else lambda w: c * self.pull(w)
        if not exact and damping >= GRAM_SAFE * trace:
            gram, pulled = self.normal
            found = _cholesky(gram if c is None else gram * c * c[:, None], damping)
            if found is not None:
                system = DampedSystem(pull, found, False, True, c)
                return system, system.solve(self.r, pulled if c is None else c * pulled), False
        upper = self.upper if c is None else self.upper * c
        system = DampedSystem(pull, damped_triangle(upper, damping), True, True, c)
        return system, system.solve(self.r), damping < GRAM_SAFE * trace

    @staticmethod
    def floats(parameters: int) -> float:
        """AᵀA, the triangle, what is factorised and its copy, a tile."""
        return 4.0 * parameters**2 + TILE * parameters


def _threads(size: int) -> int:
    return 1 if size <= ALONE else thread_count()


def _cholesky(gram: Floats, damping: float) -> Floats | None:
    """The triangle of BᵀB + μI from its lower half, or None where rounding made it indefinite."""
    damped = gram.copy()
    damped.flat[:: len(gram) + 1] += damping
    try:
        # In the order of Fortran the lower half is the upper one: in place.
        with BLAS.limited(_threads(len(gram))):
            return np.asarray(scipy.linalg.cholesky(damped.T, overwrite_a=True, check_finite=False))
    except scipy.linalg.LinAlgError:
        return None


def require_slope(model: LocalModel, group: str) -> float:
    """The largest squared column norm of A; raises where it vanishes, naming the group that is not learnt."""
    largest = float(model.squares.max())
    if not largest > 0:
        raise TrainingError(
            "no parameter moves any residual, so that K + μI becomes singular and group "
            f"{group!r} cannot be learnt; take other parameters or another seed"
        )
    return largest
