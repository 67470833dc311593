"""What exhibited claims are computed from: limit kernels, and a few networks of fixed seeds.

All at s = 1/2, where ε = 1 and K of a linear problem has one fixed limit K^∞ (THEORY §4). What there is of a
problem that is not linear stands in :mod:`ntk_theory.claims.nonlinear`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.limit.law import limit_law
from ntk_theory.model.network import InputMap, Network
from ntk_theory.model.points import draw_points
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import problem as as_problem

#: Points per group, and networks per width, of a full and of a quick exhibit.
POINTS, NETWORKS = (40, 20), (20, 8)


@dataclass(frozen=True, eq=False)
class Exhibit:
    """A problem at fixed points, with what is computed of it kept."""

    problem: Problem
    quick: bool = False
    seed: int = 0
    _known: dict[Any, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, what: Any, *, quick: bool = False, seed: int = 0) -> Exhibit:
        """Of anything that :func:`ntk_theory.problem` takes."""
        return cls(as_problem(what), quick, seed)

    @property
    def networks(self) -> int:
        """Networks per width."""
        return NETWORKS[self.quick]

    def points(self, count: int | None = None) -> Mapping[str, Floats]:
        """The points of every group, by default as many as of a full or a quick exhibit."""
        number = POINTS[self.quick] if count is None else count
        found: Mapping[str, Floats] = self.once(
            ("points", number), lambda: draw_points(self.problem, number, self.seed)
        )
        return found

    def once(self, key: Any, compute: Callable[[], Any]) -> Any:
        """What is computed once for all claims that look at this problem."""
        if key not in self._known:
            self._known[key] = compute()
        return self._known[key]

    def rows(self, points: Mapping[str, Floats]) -> dict[str, slice]:
        """Where the rows of every group stand in a kernel at these points."""
        ends = np.cumsum([0, *(len(points[group.name]) for group in self.problem.groups)])
        names = [group.name for group in self.problem.groups]
        return {name: slice(int(a), int(b)) for name, a, b in zip(names, ends, ends[1:], strict=False)}

    def network(self, width: int = 1024, *, activation: str = "tanh", **options: Any) -> Network:
        """A network of the problem's outputs at s = 1/2."""
        return Network(
            self.problem.variables,
            self.problem.outputs,
            width=width,
            s="1/2",
            activation=activation,
            **options,
        )

    def box(self) -> list[tuple[float, float]]:
        """The ends of the domain along every variable; those of [0, 1] where none are given."""
        domain, values = self.problem.domain, self.problem.parameters
        ends = [domain.get(v, (sp.S.Zero, sp.S.One)) for v in self.problem.variables]
        return [(float(bind(a, values)), float(bind(b, values))) for a, b in ends]

    def normalised(self) -> InputMap:
        """x̃ = (x − centre)·√12/length: mean 0 and variance 1 for points that fill the domain evenly."""
        ends = self.box()
        scale = [float(np.sqrt(12)) / (b - a) for a, b in ends]
        return InputMap(tuple(scale), tuple(-k * (a + b) / 2 for k, (a, b) in zip(scale, ends, strict=True)))

    def limit(
        self,
        *,
        activation: str = "tanh",
        points: Mapping[str, Floats] | None = None,
        is_normalised: bool = False,
    ) -> Any:
        """K^∞ as one matrix over all groups, and the rows of each: (matrix, {group: slice})."""
        key = ("limit", activation, is_normalised)
        if key in self._known and points is None:
            return self._known[key]
        given = self.points() if points is None else points
        network = self.network(activation=activation, input_map=self.normalised() if is_normalised else None)
        law = limit_law(self.problem, network, given)
        matrix, rows = law.deterministic(1.0), self.rows(given)
        if points is None:
            self._known[key] = matrix, rows
        return matrix, rows


def eigenvalues(matrix: Floats) -> Floats:
    """Largest first; what is below rounding as it is."""
    return np.asarray(np.linalg.eigvalsh(matrix)[::-1])


def effective_rank(values: Floats) -> float:
    """Exp of the entropy of λ_k/Σλ (Roy & Vetterli, EUSIPCO 2007), negative rounding left out."""
    share = values[values > 0] / values[values > 0].sum()
    return float(np.exp(-(share * np.log(share)).sum()))
