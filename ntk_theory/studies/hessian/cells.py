"""Cells of a study of Hessians: one network, ∇²R at one point of every equation, for every s.

    pair "g,g", s:   norm    ‖∇²R_g(x)‖₂ at the first point of the group
                     first   the norm of its first part: the largest |eigenvalue| of M·J, M = (F_{αβ}) at the
                             network's jets, J = ε²T + Σ_i e_{i0}e_{i0}ᵀ (c trained) of the same network
                     gap     the larger error of an extreme eigenvalue of M·J, relative to the norm
                     quotient
                             |v·∇²R v|/|v|² at the eigenvector v of the first part's largest |eigenvalue|: no
                             more than the norm, whatever the rest of ∇²R is; absent where M = 0

Parameters at initialisation do not depend on s, so one draw serves every s.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.empirical.hessian import Curvature, ResidualHessian
from ntk_theory.empirical.jet_ntk import jet_ntk
from ntk_theory.errors import NTKTheoryError
from ntk_theory.model.parameters import Parameters
from ntk_theory.resources import thread_limit
from ntk_theory.studies.engine.cell import CellResult, Failure, Key, LawResult, init_seed
from ntk_theory.studies.engine.cost import CellCost, one_pass
from ntk_theory.studies.hessian.settings import HessianSettings
from ntk_theory.studies.question.case import Case
from ntk_theory.studies.question.study import Cell, Study

QUANTITIES = ("norm", "first", "gap", "quotient")
#: Products with ∇²R that Lanczos' method takes for both ends, and passes of the network in each.
PRODUCTS, PASSES = 120, 6


@dataclass(frozen=True, eq=False)
class HessianContext:
    """What the cells of one case and activation share; it travels to the workers."""

    study: Study
    case: Case
    activation: str

    @classmethod
    def of(cls, study: Study, case: Case, activation: str, law: LawResult | None = None) -> HessianContext:
        """The context of a case and activation, which asks for no law."""
        return cls(study, case, activation)

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The equations."""
        return tuple(group.name for group in self.case.problem.equations)

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """The layout: every value that a cell of this case can have, in a fixed order."""
        return tuple(
            Key(f"{g},{g}", str(s), quantity)
            for g in self.groups
            for s in self.study.s
            for quantity in QUANTITIES
        )

    @cached_property
    def positions(self) -> Mapping[Key, int]:
        """Where each key stands in the layout."""
        return {key: k for k, key in enumerate(self.keys)}

    def compute(self, width: int, seed: int) -> CellResult:
        """All quantities of one network. Pure: the same arguments give the same bits."""
        start = time.perf_counter()
        cell = Cell(self.case.label, self.activation, width, seed)
        values, failures = np.full(len(self.keys), np.nan), []
        base = self.study.network(self.case, self.activation, width)
        parameters = base.init(init_seed(self.study.seed, width, seed))
        with thread_limit(1):  # the last bits depend on the number of threads
            for group in self.groups:
                for s in self.study.s:
                    try:
                        found = self._of(group, s, width, parameters)
                    except NTKTheoryError as error:
                        failures.append(Failure(cell, f"{group},{group}", str(s), str(error)))
                        continue
                    for quantity, value in zip(QUANTITIES, found, strict=True):
                        values[self.positions[Key(f"{group},{group}", str(s), quantity)]] = value
        present = np.flatnonzero(np.isfinite(values))
        spent = time.perf_counter() - start
        return CellResult(cell, present.astype(np.int32), values[present], tuple(failures), spent)

    def _of(self, group: str, s: Fraction, width: int, parameters: Parameters) -> tuple[float, ...]:
        settings = self.study.settings
        assert isinstance(settings, HessianSettings)
        network = self.study.network(self.case, self.activation, width, s)
        points = {group: self.case.points[group][:1]}
        curvature = Curvature.of(self.case.problem, network, parameters.for_s(s), points, group)
        hessian = ResidualHessian(curvature, 0)
        found = hessian.extremes(accuracy=settings.accuracy)
        ends = np.array([found.low, found.high])
        first, vector = first_part(curvature)
        norm = float(np.abs(ends).max())
        gap = float(np.abs(ends - first).max()) / norm if norm else 0.0
        quotient = np.nan if vector is None else abs(float(vector @ (hessian @ vector)))
        return norm, float(np.abs(first).max()), gap, quotient


def first_part(curvature: Curvature) -> tuple[Floats, Floats | None]:
    """Of G M Gᵀ, G = (∇u_α) at the only point: the ends of its spectrum (2,), and a unit eigenvector (P,).

    The ends have 0 between them; the eigenvector is that of the larger, ``None`` where M = 0.

    Its nonzero eigenvalues are those of M·J with J = GᵀG, or of the symmetric Λ^{1/2}QᵀMQΛ^{1/2} where
    J = QΛQᵀ; an eigenvector y of the latter belongs to G Q Λ^{-1/2} y.
    """
    ask = curvature.here.ask
    slots = list(ask.slots)
    T = jet_ntk(ask.network, curvature.parameters, ask.points, slots)[:, 0, :, 0]
    J = ask.network.epsilon**2 * T
    if ask.parameters.output_bias is not None:
        for k in curvature.here.residuals.rows.value_slots:
            J[k, k] += 1.0
    M = curvature.matrix()
    if not np.any(M):
        return np.zeros(2), None
    sizes, vectors = np.linalg.eigh(J)
    kept = sizes > 1e-14 * sizes[-1]
    half = vectors[:, kept] * np.sqrt(sizes[kept])
    values, inner = np.linalg.eigh(half.T @ M @ half)
    top = int(np.argmax(np.abs(values)))
    weights = vectors[:, kept] @ (inner[:, top] / np.sqrt(sizes[kept]))
    vector = curvature.here.jet_vjp(weights[:, None]).flatten()
    ends = np.array([min(float(values[0]), 0.0), max(float(values[-1]), 0.0)])
    return ends, vector / np.linalg.norm(vector)


def cell_cost(study: Study, case: Case, width: int) -> CellCost:
    """The products of Lanczos' method for every equation and s, and its vectors."""
    one = one_pass(study, case, width)
    points = sum(len(array) for array in case.points.values())
    work = len(study.s) * len(case.problem.equations) * PRODUCTS
    seconds = work * (2e-4 + PASSES * one.seconds / max(points, 1) ** 2)
    return CellCost(seconds, one.bytes + 40 * one.parameter_bytes)


def cell_kernels(study: Study) -> tuple[str, ...]:
    """Which compiled kernels the cells use, the slowest to compile first."""
    every = ("compose.hidden_layer", "compose.first_layer", "compose.adjoint", "gram.combine")
    return every if study.depth == 1 else (*every, "compose.multiply")
