"""Doumèche et al.: a kernel method is more accurate than PINNs; our analogue with K^∞.

Their kernel is that of a Sobolev norm in Fourier coefficients; ours is K^∞, the kernel of infinitely wide
networks on the same points: what is decided here is the analogue, not their theorem.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.claims.common import REFUTED, SUPPORTED, linear_only, open_finding
from ntk_theory.claims.exhibit import Exhibit
from ntk_theory.claims.nonlinear import is_linear, known_coefficients, median_interval
from ntk_theory.claims.source import EXHIBIT, Measures, Reading, Source, SourceClaim
from ntk_theory.limit.function_space import at_rest
from ntk_theory.limit.law import LimitLaw, limit_law
from ntk_theory.model.assembly import linearise, network_jets
from ntk_theory.model.assembly import residuals as stacked
from ntk_theory.studies.judging.own_claims import Finding
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Group, GroupKind, Problem
from ntk_theory.training.defaults import default_network
from ntk_theory.training.solution import TestGrid
from ntk_theory.training.train import train

#: The networks: one layer of this width, trained by Adam, as is usual, and by Gauss–Newton, so many steps.
WIDTH, STEPS = 64, {"adam": 2000, "gauss-newton": 100}
#: A grid of about so many points; eigenvalues of K^∞ below this share are left out of its inverse.
GRID, CUT = 200, 1e-12
#: How the groups begin whose values are the answer; no group of a problem does.
ASKED = "asked"
#: Networks of a full and of a quick exhibit (6 is the least of which an interval of the median is known at
#: the level), and 1 − coverage of that interval.
RUNS, LEVEL = (12, 6), 0.05
#: The kernel's error over the networks': it is better below, and is not above.
BETTER, WORSE = 0.5, 2.0


def _stated(problem: Problem) -> str:
    if problem.solution is None:
        return "no solution is stated"
    if problem.ansatz is not None:
        return "the problem has an ansatz"
    return known_coefficients(problem)


def _linear_and_stated(problem: Problem) -> str:
    return _stated(problem) or linear_only(problem)


def kernel_error(exhibit: Exhibit) -> float:
    """‖û − u‖/‖u‖ on a grid, û = −K^∞(·,X)K^∞(X,X)^{-1}R_0 the interpolant at the exhibit's points.

    The values on the grid are rows of the same kernel: groups of their own, that no residual is asked of.
    Of a nonlinear problem û is the smallest function of the kernel that meets it at the points, by
    Gauss–Newton (Chen, Hosseini, Owhadi & Stuart, J. Comput. Phys. 447 (2021), 110668).
    """
    problem = exhibit.problem
    grid = TestGrid.of(problem, GRID)
    space = problem.space
    asked = [
        Group(f"{ASKED}{k}", GroupKind.EQUATION, (Operator(space, space.symbol(space.value(name))),))
        for k, name in enumerate(problem.fields)
    ]
    whole = replace(problem, equations=(*problem.equations, *asked), solution=None)
    shape = default_network(problem, width=1024, depth=1, activation="erf")
    law = limit_law(whole, shape, {**exhibit.points(), **{group.name: grid.points for group in asked}})
    if not is_linear(problem):
        return _error(grid, asked, *_at_rest(law))
    kernel, rows = law.deterministic(1.0), law.rows
    here = linearise(rows, network_jets(rows, np.zeros((len(law.slots), len(rows.points))), 1.0, None))
    start = stacked(rows, here.values)
    names = _names(law)
    at = np.isin(names, [group.name for group in asked])
    own = kernel[np.ix_(~at, ~at)]
    scale = 1 / np.sqrt(np.diagonal(own))
    inverse = np.linalg.pinv(own * scale[:, None] * scale, rcond=CUT, hermitian=True)
    found = -kernel[np.ix_(at, ~at)] @ (scale * (inverse @ (scale * start[~at])))
    return _error(grid, asked, found, names[at])


def _names(law: LimitLaw) -> Any:
    groups = law.rows.groups
    return np.repeat([group.name for group in groups], [group.size for group in groups])


def _at_rest(law: LimitLaw) -> tuple[Floats, Any]:
    """All residuals where Gauss–Newton of those that are asked for comes to rest, and their groups."""
    names = _names(law)
    jets, _, _ = at_rest(law, ~np.char.startswith(names, ASKED), CUT)
    return stacked(law.rows, linearise(law.rows, jets).values), names


def _error(grid: TestGrid, asked: list[Group], found: Floats, names: Any) -> float:
    """‖û − u‖/‖u‖, û in ``found`` beside the names of the groups."""
    order = np.concatenate([np.flatnonzero(names == group.name) for group in asked])
    return float(np.linalg.norm(found[order] - grid.values.ravel()) / np.linalg.norm(grid.values))


def against(method: str, steps: int) -> Callable[[Exhibit], Measures]:
    """The kernel's error, and those of networks of one method after so many steps, from the same points."""

    def measure(exhibit: Exhibit) -> Measures:
        network = default_network(exhibit.problem, width=WIDTH, depth=1)
        runs = [
            train(
                exhibit.problem, network, network.init(1000 * exhibit.seed + k), exhibit.points(),
                method=method, until=steps, weights="scaled", drift=False, evidence=False,
            )
            for k in range(RUNS[exhibit.quick])
        ]  # fmt: skip
        errors = [float("inf") if run.error is None else run.error for run in runs]
        return {"kernel": kernel_error(exhibit), "networks": errors, "method": method, "steps": steps}

    return measure


def judge_kernel(numbers: Measures) -> Finding:
    """By the kernel's error against the interval of the median of the networks'."""
    errors = sorted(numbers["networks"])
    low, high = median_interval(errors, LEVEL)
    text = (
        f"relative error {numbers['kernel']:.1e} of the kernel, {np.median(errors):.1e} in [{low:.1e}, "
        f"{high:.1e}] of {len(errors)} networks of width {WIDTH} after {numbers['steps']} steps of "
        f"{numbers['method']} (median)"
    )
    if numbers["kernel"] <= BETTER * low:
        return Finding(SUPPORTED, text)
    return Finding(REFUTED, text) if numbers["kernel"] >= WORSE * high else open_finding(text)


def _claim(code: str, method: str) -> SourceClaim:
    return SourceClaim(
        code,
        "a kernel method is more accurate than networks on the same points (our analogue, K^∞; the networks "
        f"by {method})",
        Reading.OURS,
        f"linear, a solution is stated, one layer of {WIDTH} neurons, s = 1/2",
        "the interpolant of K^∞ has the smaller error",
        f"networks whose error is {WORSE:g} times smaller",
        EXHIBIT,
        applies=_linear_and_stated,
        measure=against(method, STEPS[method]),
        judge=judge_kernel,
        reaches=_stated,
    )


SOURCE = Source(
    "doumeche-2024",
    "Doumèche et al., Physics-informed kernel learning, 2024",
    "https://arxiv.org/abs/2409.13786",
    (_claim("kernel-beats-adam", "adam"), _claim("kernel-beats-gauss-newton", "gauss-newton")),
    ("poisson", "heat"),
)
