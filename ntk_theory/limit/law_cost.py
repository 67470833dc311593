"""What the limit law of a problem will take, before it is computed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.kernels.dual_tables import activation_table
from ntk_theory.kernels.multiindex import closure
from ntk_theory.limit.cost import Cost, estimate
from ntk_theory.model.assembly import stack_rows
from ntk_theory.model.lowering import lower_problem
from ntk_theory.model.network import Network
from ntk_theory.symbolic.problem import Problem


def law_cost(
    problem: Problem, network: Network, points: Mapping[str, ArrayLike], *, rtol: float = 1e-8
) -> Cost:
    """Bytes and seconds of :func:`ntk_theory.limit.law.limit_law`, with the same arguments.

    The seconds are good to a factor of three.
    """
    rows = stack_rows(lower_problem(problem, trained=True), points)
    unique = np.unique(rows.points, axis=0)
    indices = tuple(dict.fromkeys(slot.index for slot in rows.slots))
    full = closure(indices, len(network.variables))
    table = None if network.phi.closed_form else activation_table(network.phi, full.order + 1)
    return estimate(network.inputs(unique), len(network.widths), full, len(indices), table, rtol)
