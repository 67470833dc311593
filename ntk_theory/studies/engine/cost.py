"""What a study will take, before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from ntk_theory.empirical.cost import cost_of
from ntk_theory.empirical.jet_request import jet_request
from ntk_theory.model.assembly import stack_rows
from ntk_theory.model.lowering import lower_problem
from ntk_theory.studies.question.case import Case
from ntk_theory.studies.question.study import Study

#: Bytes of an idle worker process with everything imported.
WORKER_BYTES = 2.5e8


class CellCost(NamedTuple):
    """Seconds and bytes of one cell (estimates)."""

    seconds: float
    bytes: float


class CostOf(Protocol):
    """How a kind of study tells the cost of a cell."""

    def __call__(self, study: Study, case: Case, width: int) -> CellCost:
        """Seconds and bytes of one cell."""


class Pass(NamedTuple):
    """One pass of the jet NTK over a case: its seconds and bytes, and the bytes of the parameters."""

    seconds: float
    bytes: float
    parameter_bytes: float


@dataclass(frozen=True)
class Estimate:
    """What a study will take: cells, seconds on one core, bytes of the largest cell and per worker."""

    cells: int
    seconds: float
    cell_bytes: float
    worker_bytes: float


def one_pass(study: Study, case: Case, width: int) -> Pass:
    """What fields, jet NTK and all blocks of one network take; every kind of study starts from it."""
    small = study.network(case, "sin", 1)
    rows = stack_rows(lower_problem(case.problem, trained=True), case.points)
    ask = replace(
        jet_request(small, small.init(0), rows.points, rows.slots),
        network=study.network(case, study.activations[0], width),
    )
    way = cost_of(ask, contracted=False, point_tile=study.point_tile, neuron_tile=study.neuron_tile)
    weights = 8.0 * width * (len(case.problem.variables) + 2 + width * (study.depth - 1))
    blocks = 8.0 * (2 * (len(rows.slots) * len(rows.points)) ** 2 + 8 * len(study.s) * len(rows.points) ** 2)
    return Pass(way.seconds, way.bytes + 2 * weights + blocks, weights)


def estimate(study: Study, cost: CostOf) -> Estimate:
    """Cells, seconds on one core, bytes of the largest cell and of the worker that computes it."""
    costs = [cost(study, case, width) for case in study.cases for width in study.widths]
    each = study.seeds * len(study.activations)
    largest = max(c.bytes for c in costs)
    return Estimate(each * len(costs), each * sum(c.seconds for c in costs), largest, largest + WORKER_BYTES)
