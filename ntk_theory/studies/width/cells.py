"""Cells of a study of width: one network, trained from one start by every method, for every s.

    pair <method>, s:   error      ‖u_θ − u‖/‖u‖ on a grid that nothing is trained on, where u is stated
                        fresh      (Σ_g mean R_g²/s_g²)^{1/2} at fresh points
                        residual   the same at the points trained on: √(2L) with weights ``scaled``
    pair "longer", "oversampled", s:
                        the same three of two references that tell the parts of an error apart

All minimise the same loss, ½ Σ_g mean R_g²/s_g² with s_g the size of the operator of group g
(:mod:`ntk_theory.training.scaling`). The references are Gauss–Newton runs of ``reference`` steps from the
same start: *longer* at the same points, *oversampled* at ``oversampling`` times as many. With e the error, or
the fresh residual where no solution is stated, each network has

    e = e_oversampled · (e_longer / e_oversampled) · (e / e_longer)
        approximation     sampling                     optimisation

an identity [D]; so the exponents of N add up. What it means rests on Gauss–Newton: a network of this width
that is better than *oversampled* may exist.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import NTKTheoryError
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.model.points import draw_points
from ntk_theory.resources import thread_limit
from ntk_theory.studies.engine.cell import CellResult, Failure, Key, LawResult, init_seed
from ntk_theory.studies.engine.cost import CellCost, one_pass
from ntk_theory.studies.question.case import Case
from ntk_theory.studies.question.study import Cell, Study
from ntk_theory.studies.width.settings import LONGER, OVERSAMPLED, WidthSettings
from ntk_theory.training.defaults import default_network, measured_counts
from ntk_theory.training.evidence import Fresh
from ntk_theory.training.methods.registry import method_class
from ntk_theory.training.objective import Objective
from ntk_theory.training.run import Plan, Run
from ntk_theory.training.solution import TestGrid
from ntk_theory.training.stated import check_solution
from ntk_theory.training.train import resolved
from ntk_theory.training.weighting import SCALED

QUANTITIES = ("error", "fresh", "residual")
REFERENCE = "gauss-newton"
#: About so many points has the grid of errors.
GRID = 2500


@dataclass(frozen=True, eq=False)
class WidthContext:
    """What the cells of one case and activation share; it travels to the workers."""

    study: Study
    case: Case
    activation: str

    @classmethod
    def of(cls, study: Study, case: Case, activation: str, law: LawResult | None = None) -> WidthContext:
        """The context of a case and activation, which asks for no law."""
        return cls(study, case, activation)

    @property
    def settings(self) -> WidthSettings:
        """The settings of the study."""
        assert isinstance(self.study.settings, WidthSettings)
        return self.study.settings

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """The layout: every value that a cell of this case can have, in a fixed order."""
        rows = (*self.settings.methods, LONGER, OVERSAMPLED)
        return tuple(
            Key(row, str(s), quantity) for row in rows for s in self.study.s for quantity in QUANTITIES
        )

    @cached_property
    def positions(self) -> Mapping[Key, int]:
        """Where each key stands in the layout."""
        return {key: k for k, key in enumerate(self.keys)}

    @cached_property
    def grid(self) -> TestGrid | None:
        """Where errors are measured; ``None`` where no solution is stated.

        Raises
        ------
        ProblemError
            The stated solution does not solve the problem.
        """
        if self.case.problem.solution is None:
            return None
        check_solution(self.case.problem)
        return TestGrid.of(self.case.problem, GRID)

    @cached_property
    def more_points(self) -> Mapping[str, Floats]:
        """The points of the oversampled reference; measurements stay as they are."""
        problem, times = self.case.problem, self.settings.oversampling
        counts = {name: times * len(array) for name, array in self.case.points.items()}
        return draw_points(problem, counts | measured_counts(problem), self.study.seed)

    def network(self, width: int, s: Fraction) -> Network:
        """The network of a cell at one s, its inputs mapped onto [−1, 1]^d."""
        study = self.study
        return default_network(
            self.case.problem,
            width=width,
            depth=study.depth,
            s=s,
            activation=self.activation,
            output_bias=study.output_bias,
            features=study.features,
            initialisation=study.initialisation,
        )

    def compute(self, width: int, seed: int) -> CellResult:
        """All quantities of one network. Pure: the same arguments give the same bits."""
        start = time.perf_counter()
        cell = Cell(self.case.label, self.activation, width, seed)
        values, failures = np.full(len(self.keys), np.nan), []
        root = init_seed(self.study.seed, width, seed)
        with thread_limit(1):  # the last bits depend on the number of threads
            for s in self.study.s:
                network = self.network(width, s)
                parameters = network.init(root)
                for row, end, points in self._runs():
                    try:
                        found = self._trained(network, parameters, row, end, points)
                    except NTKTheoryError as error:
                        failures.append(Failure(cell, row, str(s), str(error)))
                        continue
                    for quantity, value in zip(QUANTITIES, found, strict=True):
                        values[self.positions[Key(row, str(s), quantity)]] = value
        present = np.flatnonzero(np.isfinite(values))
        spent = time.perf_counter() - start
        return CellResult(cell, present.astype(np.int32), values[present], tuple(failures), spent)

    def _runs(self) -> Iterator[tuple[str, float, Mapping[str, Floats]]]:
        """Row, end and points of everything that a network is trained by."""
        for name, end in self.settings.methods.items():
            yield name, end, self.case.points
        yield LONGER, self.settings.reference, self.case.points
        yield OVERSAMPLED, self.settings.reference, self.more_points

    def _trained(
        self,
        network: Network,
        parameters: Parameters,
        row: str,
        end: float,
        points: Mapping[str, Floats],
    ) -> tuple[float, ...]:
        """Error, fresh residual and training residual; the error is NaN where no solution is stated."""
        problem, seed = self.case.problem, self.study.seed
        method, rules = resolved(REFERENCE if row in (LONGER, OVERSAMPLED) else row, end)
        objective = Objective.of(problem, network, parameters, points, SCALED).begun
        plan = Plan(problem, points, method, rules, SCALED, False, None, None, seed, evidence=False)
        run = Run(plan, objective, None, None, None, 1).go()
        grid = self.grid
        error = math.nan if grid is None else grid.error(problem, network, run.parameters)
        return error, self._fresh(objective, run.parameters), math.sqrt(2 * run.loss)

    def _fresh(self, objective: Objective, parameters: Parameters) -> float:
        """(Σ_g mean R_g²/s_g²)^{1/2} at fresh points; NaN where the domain does not say where."""
        counts = {name: len(array) for name, array in self.case.points.items()}
        fresh = Fresh.beside(self.case.problem, objective.network, counts, self.study.seed)
        if fresh is None:
            return math.nan
        sizes = {g.name: g.size * objective.group_weights[g.name] for g in objective.residuals.rows.groups}
        return math.sqrt(sum(sizes[name] * rms**2 for name, rms in fresh.rms(parameters).items()))


def cell_cost(study: Study, case: Case, width: int) -> CellCost:
    """Steps of every method, by the slower of calling and computing, and the matrices of Gauss–Newton."""
    settings = study.settings
    assert isinstance(settings, WidthSettings)
    one = one_pass(study, case, width)
    points = sum(len(array) for array in case.points.values())
    small = default_network(case.problem, width=width, depth=study.depth)
    size, many = small.parameter_count, settings.oversampling * points
    seconds, floats = 0.0, 0.0
    runs = [(name, end, points) for name, end in settings.methods.items()]
    runs += [(REFERENCE, settings.reference, n) for n in (points, many)]
    for name, end, n in runs:
        facts = method_class(name).facts
        steps = end if facts.end_option is None else STEPS_IN_TIME
        each = CALL + NEURON * n * sum(small.widths) * study.depth
        if facts.needs_jacobian:
            short, long = sorted((n, size))
            each += CALL + ENTRY * short * long * (1 + short / BLOCK)
            floats = max(floats, 3.0 * short * long)
        seconds += steps * each
    return CellCost(len(study.s) * seconds, one.bytes + 8 * floats + 24 * one.parameter_bytes)


#: Seconds of a call that computes nothing, of a neuron's jets at a point, of an entry of the Jacobian; size
#: from which products count more than entries; steps of a flow. By ``benchmarks/cluster.py``.
CALL, NEURON, ENTRY, BLOCK, STEPS_IN_TIME = 7e-4, 4e-8, 4e-9, 16, 300


def cell_kernels(study: Study) -> tuple[str, ...]:
    """Which compiled kernels the cells use, the slowest to compile first."""
    if study.depth == 1:
        return "compose.first_layer", "compose.adjoint", "shallow.shallow_jets"
    return "compose.hidden_layer", "compose.first_layer", "compose.adjoint"
