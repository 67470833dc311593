"""Doumèche et al.: a kernel method is more accurate than PINNs; our analogue with K^∞.

Their kernel is that of a Sobolev norm in Fourier coefficients; ours is K^∞, the kernel of infinitely wide
networks on the same points: what is decided here is the analogue, not their theorem.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ntk_theory.claims.common import REFUTED, SUPPORTED, linear_only, open_finding
from ntk_theory.claims.exhibit import Exhibit
from ntk_theory.claims.source import EXHIBIT, Measures, Reading, Source, SourceClaim
from ntk_theory.limit.law import limit_law
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
#: The kernel's error over the networks': it is better below, and is not above.
BETTER, WORSE = 0.5, 2.0


def _stated(problem: Problem) -> str:
    if problem.solution is None:
        return "no solution is stated"
    if problem.ansatz is not None:
        return "the problem has an ansatz"
    return linear_only(problem)


def kernel_error(exhibit: Exhibit) -> float:
    """‖û − u‖/‖u‖ on a grid, û = −K^∞(·,X)K^∞(X,X)^{-1}R_0 the interpolant at the exhibit's points.

    The values on the grid are rows of the same kernel: groups of their own, that no residual is asked of.
    """
    problem = exhibit.problem
    grid = TestGrid.of(problem, GRID)
    space = problem.space
    asked = [
        Group(f"asked{k}", GroupKind.EQUATION, (Operator(space, space.symbol(space.value(name))),))
        for k, name in enumerate(problem.fields)
    ]
    whole = replace(problem, equations=(*problem.equations, *asked), solution=None)
    shape = default_network(problem, width=1024, depth=1, activation="erf")
    law = limit_law(whole, shape, {**exhibit.points(), **{group.name: grid.points for group in asked}})
    kernel, rows = law.deterministic(1.0), law.rows
    here = linearise(rows, network_jets(rows, np.zeros((len(law.slots), len(rows.points))), 1.0, None))
    start = stacked(rows, here.values)
    names = np.repeat([group.name for group in rows.groups], [group.size for group in rows.groups])
    at = np.isin(names, [group.name for group in asked])
    own = kernel[np.ix_(~at, ~at)]
    scale = 1 / np.sqrt(np.diagonal(own))
    inverse = np.linalg.pinv(own * scale[:, None] * scale, rcond=CUT, hermitian=True)
    found = -kernel[np.ix_(at, ~at)] @ (scale * (inverse @ (scale * start[~at])))
    order = np.concatenate([np.flatnonzero(names[at] == group.name) for group in asked])
    return float(np.linalg.norm(found[order] - grid.values.ravel()) / np.linalg.norm(grid.values))


def _against(method: str) -> Callable[[Exhibit], Measures]:
    """The kernel's error and the median error of networks of one method, from the same points."""

    def measure(exhibit: Exhibit) -> Measures:
        network = default_network(exhibit.problem, width=WIDTH, depth=1)
        runs = [
            train(
                exhibit.problem, network, network.init(1000 * exhibit.seed + k), exhibit.points(),
                method=method, until=STEPS[method], weights="scaled", drift=False, evidence=False,
            )
            for k in range(max(3, exhibit.networks // 4))
        ]  # fmt: skip
        errors = [run.error for run in runs if run.error is not None]
        return {"kernel": kernel_error(exhibit), "networks": float(np.median(errors)), "method": method}

    return measure


def judge_kernel(numbers: Measures) -> Finding:
    """By the share of the kernel's error in the networks'."""
    text = (
        f"relative error {numbers['kernel']:.1e} of the kernel, {numbers['networks']:.1e} of networks of "
        f"width {WIDTH} after {STEPS[numbers['method']]} steps of {numbers['method']} (median)"
    )
    share = numbers["kernel"] / numbers["networks"]
    if share <= BETTER:
        return Finding(SUPPORTED, text)
    return Finding(REFUTED, text) if share >= WORSE else open_finding(text)


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
        applies=_stated,
        measure=_against(method),
        judge=judge_kernel,
    )


SOURCE = Source(
    "doumeche-2024",
    "Doumèche et al., Physics-informed kernel learning, 2024",
    "https://arxiv.org/abs/2409.13786",
    (_claim("kernel-beats-adam", "adam"), _claim("kernel-beats-gauss-newton", "gauss-newton")),
    ("poisson", "heat"),
)
