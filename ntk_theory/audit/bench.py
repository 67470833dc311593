"""Rows of the Jacobian for any expression in place of a group's residual: what wrong kernels are made of.

With J_g the gradients of a group's residuals by the model's own parameters (columns times √η), K^{gh} is
J_g J_hᵀ. A mistake changes the rows (another operator, a part held constant) or the columns (layers left out,
sums).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.empirical.jacobian import residuals_and_jacobian
from ntk_theory.empirical.residuals import Residuals
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.resources import require_memory
from ntk_theory.symbolic.bare import bare_problem
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Group, Problem


@dataclass(frozen=True, eq=False)
class Bench:
    """A network at its parameters, and a problem (with numbers for its parameters) at points."""

    problem: Problem
    network: Network
    parameters: Parameters
    points: Mapping[str, Floats]
    _known: dict[tuple[sp.Expr, str, int], tuple[Floats, Floats]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows = sum(len(array) for array in self.points.values())
        require_memory(64.0 * rows * self.parameters.size, "the Jacobians of an audit", "take fewer points")

    @cached_property
    def spans(self) -> dict[str, slice]:
        """The rows of every group."""
        ends = np.cumsum([0, *(len(self.points[g.name]) for g in self.problem.groups)])
        return {g.name: slice(a, b) for g, a, b in zip(self.problem.groups, ends, ends[1:], strict=False)}

    @cached_property
    def scale(self) -> Floats:
        """√η of every column."""
        blocks = zip(self.parameters.blocks(), self.parameters.rates, strict=True)
        found = np.concatenate([np.full(block.size, rate) for block, rate in blocks])
        return np.asarray(np.sqrt(found))

    @cached_property
    def columns(self) -> dict[str, slice]:
        """The columns of every block: W1, b1, …, a, c."""
        depth = len(self.network.widths)
        names = [f"{kind}{k + 1}" for k in range(depth) for kind in ("W", "b")] + ["a", "c"]
        ends = np.cumsum([0, *(block.size for block in self.parameters.blocks())])
        return {name: slice(a, b) for name, a, b in zip(names, ends, ends[1:], strict=False)}

    def of(self, expression: sp.Expr, group: Group, leg: int = 0) -> tuple[Floats, Floats]:
        """Values (n,) and gradients (n, P) of an expression of the outputs at a leg's points."""
        key = (sp.sympify(expression), group.name, leg)
        if key not in self._known:
            self._known[key] = self._made(key[0], group, leg)
        return self._known[key]

    def _made(self, expression: sp.Expr, group: Group, leg: int) -> tuple[Floats, Floats]:
        points = self.points[group.name]
        at = points if len(group.legs) == 1 else points[:, leg]
        made = bare_problem([Operator(self.problem.space, expression)])
        residuals = Residuals.of(made, self.network, {"f": at}, "f")
        values, jacobian = residuals_and_jacobian(residuals, self.parameters)
        return values, jacobian * self.scale

    def reordered(self, order: Sequence[int]) -> Bench:
        """The same where coordinate k of a point is taken for that of ``order[k]``."""
        points = {name: array[..., list(order)] for name, array in self.points.items()}
        return Bench(self.problem, self.network, self.parameters, points)

    def rows(self, group: Group, *expressions: sp.Expr) -> Floats:
        """J of a group, (n_g, P), its legs added; ``expressions`` in place of its operators."""
        own = expressions or tuple(leg.expression for leg in group.legs)
        return np.asarray(np.sum([self.of(e, group, k)[1] for k, e in enumerate(own)], axis=0))
