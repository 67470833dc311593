"""What an infinitely wide network that is trained to its end answers at s = 1/2 [D].

For linear problems; of nonlinear ones the smallest function that meets them at the points, by Gauss–Newton
(:mod:`ntk_theory.limit.function_space`), with everything else as of the problem linearised there.

A network u_θ that follows the gradient flow of ½Σ R² at points X, and whose kernel is the constant K^∞ of
THEORY §4, has R' = −K^∞(X,X) R and, at any other functional ℓ of u (a value, a derivative), ℓ' = −K^∞(ℓ,X) R.
With L the linear part of the residuals, R = Lu − f, and u_0 the network at the start,

    ℓ(t) = ℓ(u_0) − K(ℓ,X) K^{-1} (1 − e^{−Kt}) (L u_0 − f),     ‖R(t)‖² = Σ_k e^{−2λ_k t} (v_k·R(0))²,

K = K^∞(X,X) = Σ λ_k v_k v_kᵀ. For t → ∞ one network ends at ℓ(u_0) − K(ℓ,X)K^{-1}R_0: its initial function
stays in it. u_0 is a Gaussian field of covariance Σ (plus c), so that over networks the answer is Gaussian,

    mean        −K(ℓ,X)K^{-1}R̄_0,   R̄_0 = L0 − f: the kernel interpolant
    covariance  Σ_{ℓℓ} − Σ_{ℓX}A − AᵀΣ_{Xℓ} + AᵀΣ_{XX}A,   A = K^{-1}K(X,ℓ),   Σ_{XX} = LΣLᵀ and so on.

K is scaled to unit diagonal before it is inverted, and eigenvalues below a share of the largest are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.empirical.jets import jets
from ntk_theory.empirical.residuals import Residuals
from ntk_theory.errors import InputError
from ntk_theory.limit.function_space import asked_for, at_rest, inverse, start_jets
from ntk_theory.limit.law import LimitLaw, limit_law
from ntk_theory.model.assembly import fold_kernel, linearise, row_kernel
from ntk_theory.model.network import InputMap, Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.model.points import draw_points
from ntk_theory.model.program import compile_expressions
from ntk_theory.shown import Brief, Shown
from ntk_theory.symbolic.grammar import render
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Group, GroupKind, Problem
from ntk_theory.symbolic.reading import problem as as_problem

#: Points per group of the problem, and points at which the answer is given, where none are named.
POINTS, PLACES = 48, 200
#: Eigenvalues of K (unit diagonal) below this share of the largest are left out of its inverse.
CUT = 1e-12
#: The name of the groups that stand for what is asked, which no problem's group has.
ASKED = "asked{}"


@dataclass(frozen=True, eq=False, repr=False)
class InfiniteSolution(Shown):
    """The answer of infinitely wide networks; made by :func:`infinite_solution`.

    Attributes
    ----------
    problem, network, points:
        The problem, the shape of the networks, the points X by group.
    at:
        Where the answer is given, (m, d).
    slots:
        What is given there, S of them: values and derivatives.
    kernel, cross:
        K^∞(X,X), (n, n), and K^∞(ℓ,X), (S·m, n).
    covariance:
        Of Lu_0 at X and then of what is asked, (n + S·m, n + S·m).
    start:
        R̄_0, the residual of u = 0 (or of the constant at which c starts), (n,); of a nonlinear problem that
        of its linearisation at the answer.
    steps:
        Of Gauss–Newton; 0 for a linear problem.
    left:
        ‖F‖ at the answer over ‖F‖ at the start, of a nonlinear problem.
    """

    problem: Problem
    network: Network
    points: Mapping[str, Floats]
    at: Floats
    slots: tuple[Slot, ...]
    kernel: Floats
    cross: Floats
    covariance: Floats
    start: Floats
    steps: int = 0
    left: float = 0.0

    @cached_property
    def _inverse(self) -> Floats:
        return inverse(self.kernel, CUT)

    @cached_property
    def mean(self) -> Floats:
        """The mean over networks, (S, m): the kernel interpolant."""
        return self._shaped(-self.cross @ (self._inverse @ self.start))

    @cached_property
    def deviation(self) -> Floats:
        """The standard deviation over networks, (S, m)."""
        n = len(self.kernel)
        pull = self._inverse @ self.cross.T
        own = np.diagonal(self.covariance)[n:]
        mixed = np.einsum("xa,ax->a", pull, self.covariance[n:, :n])
        inner = np.einsum("xa,xy,ya->a", pull, self.covariance[:n, :n], pull)
        return self._shaped(np.sqrt(np.maximum(own - 2 * mixed + inner, 0.0)))

    @cached_property
    def spectrum(self) -> tuple[Floats, Floats]:
        """λ_k, largest first, and (v_k·R̄(0))²: how fast each mode of the residual decays, what it holds."""
        values, vectors = np.linalg.eigh(self.kernel)
        return values[::-1], np.asarray((vectors.T @ self.start)[::-1] ** 2)

    def residual(self, times: ArrayLike) -> Floats:
        """‖R(t)‖ of the mean network along the gradient flow of ½ΣR², shape of ``times``."""
        values, held = self.spectrum
        t = np.asarray(times, dtype=np.float64)
        decay = np.exp(-2 * np.maximum(values, 0.0) * t[..., None])
        return np.asarray(np.sqrt(decay @ held))

    def of(self, parameters: Parameters) -> Floats:
        """What this very network ends at if its kernel is K^∞: ℓ(u_0) − K(ℓ,X)K^{-1}R_0, (S, m).

        Raises
        ------
        InputError
            The problem is not linear: its kernel moves in training.
        """
        if self.steps:
            raise InputError(
                "the problem is not linear, so that its kernel moves in training; train solves it"
            )
        own = jets(self.network, parameters, self.at, self.slots)
        here = Residuals.of(self.problem, self.network, self.points).at(parameters)
        return np.asarray(own + self._shaped(-self.cross @ (self._inverse @ here.values)))

    @cached_property
    def error(self) -> float | None:
        """‖mean − u‖/‖u‖ over all fields at ``at``; ``None`` where no solution is known or no value asked."""
        known = [k for k, slot in enumerate(self.slots) if slot.is_value]
        if not self.problem.solution or len(known) < len(self.problem.fields):
            return None
        expressions = [bind(self.problem.solution[f], self.problem.parameters) for f in self.problem.fields]
        program = compile_expressions(expressions, self.problem.space.variable_symbols)
        exact = np.stack([np.broadcast_to(row, len(self.at)) for row in program.run(list(self.at.T))])
        ours = np.stack([self.mean[k] for k in known])
        return float(np.linalg.norm(ours - exact) / np.linalg.norm(exact))

    def _shaped(self, flat: Floats) -> Floats:
        return np.asarray(flat.reshape(len(self.slots), len(self.at)))

    def to_dict(self) -> dict[str, Any]:
        """Points, mean and deviation by slot, the error, eigenvalues and what their modes hold."""
        names = [self.problem.space.name(slot) for slot in self.slots]
        values, held = self.spectrum
        return {
            "problem": self.problem.name or None,
            "activation": self.network.activation,
            "depth": len(self.network.widths),
            "points": {name: len(array) for name, array in self.points.items()},
            "at": self.at.tolist(),
            "mean": dict(zip(names, self.mean.tolist(), strict=True)),
            "deviation": dict(zip(names, self.deviation.tolist(), strict=True)),
            "error": self.error,
            "steps": self.steps,
            "left": self.left,
            "eigenvalues": values.tolist(),
            "modes": held.tolist(),
        }

    def brief(self) -> Brief:
        """Per slot the size of the answer and its spread over networks."""
        name = self.problem.name or "; ".join(
            render(g.legs[0].expression, self.problem.space) for g in self.problem.equations
        )
        rows = tuple(
            (self.problem.space.name(slot), f"{np.abs(mean).max():.4g}", f"{spread.max():.3g}")
            for slot, mean, spread in zip(self.slots, self.mean, self.deviation, strict=True)
        )
        shape = f"{self.network.activation}, depth {len(self.network.widths)}"
        error = "" if self.error is None else f", relative error of the mean {self.error:.3g}"
        title = f"infinitely wide networks on {name} ({shape}, {len(self.kernel)} residuals{error})"
        notes = (
            f"{self.steps} steps of Gauss-Newton leave {self.left:.0e} of the residuals;",
            "the deviation is that of the problem linearised there",
        )
        head = ("", "largest |mean|", "largest deviation over networks")
        return Brief(title, head, rows, notes if self.steps else ())


def infinite_solution(
    problem: Problem | Operator | str,
    points: Mapping[str, ArrayLike] | None = None,
    *,
    network: Network | None = None,
    at: ArrayLike | None = None,
    slots: Sequence[str] | None = None,
    seed: int = 0,
) -> InfiniteSolution:
    """What infinitely wide networks answer at s = 1/2: at the end of training, for a linear problem.

    For a nonlinear one the smallest function of the same kernel that meets it at the points, by Gauss–Newton
    among functions; its spread and modes are those of the problem linearised there.

    Parameters
    ----------
    problem:
        Without ansatz and unknowns.
    points:
        Group → points, see :func:`ntk_theory.draw_points`; omitted: 48 per group.
    network:
        Its shape (depth, activation, output bias, input map, features); omitted: one layer of erf, whose Σ
        and T are closed forms (tanh has the same shape and takes a hundred times as long), the domain mapped
        to [−1, 1].
    at:
        Where the answer is given, (m, d); omitted: 200 points of the domain.
    slots:
        What is given: names such as ``u`` or ``u_x``; omitted: the fields.
    seed:
        Of the points that are drawn.

    Raises
    ------
    InputError
        The problem has an ansatz or unknowns; a slot has no such name.
    TrainingError
        Of a nonlinear problem: Gauss–Newton does not come to rest.

    >>> found = infinite_solution("poisson", at=[[0.25], [0.5]])
    >>> found.mean.shape, found.error < 1e-4
    ((1, 2), True)
    """
    asked = as_problem(problem)
    _refuse(asked)
    shape = default_shape(asked) if network is None else replace(network, s="1/2")
    chosen = {
        name: np.asarray(array, dtype=np.float64)
        for name, array in (draw_points(asked, POINTS, seed) if points is None else points).items()
    }
    places = _places(asked, seed) if at is None else np.asarray(at, dtype=np.float64)
    if places.ndim != 2 or places.shape[1] != len(asked.variables):
        raise InputError(f"at has shape {places.shape}; it needs (m, {len(asked.variables)})")
    wanted = _slots(asked, slots)
    groups = [
        Group(ASKED.format(k), GroupKind.EQUATION, (Operator(asked.space, asked.space.symbol(slot)),))
        for k, slot in enumerate(wanted)
    ]
    whole = replace(asked, equations=(*asked.equations, *groups), solution=None)
    law = limit_law(whole, shape, {**chosen, **{group.name: places for group in groups}})
    jets, steps, left = start_jets(law), 0, 0.0
    if not all(leg.is_linear for group in asked.groups for leg in group.legs):
        names = np.repeat([g.name for g in law.rows.groups], [g.size for g in law.rows.groups])
        jets, steps, left = at_rest(law, ~np.isin(names, [group.name for group in groups]), CUT)
    K, C, start = _joint(law, jets)
    rows = {group.name: k for k, group in enumerate(whole.groups)}
    order = _order(law, [rows[g.name] for g in asked.groups] + [rows[g.name] for g in groups])
    K, C, start = K[np.ix_(order, order)], C[np.ix_(order, order)], start[order]
    n = len(order) - len(wanted) * len(places)
    return InfiniteSolution(
        asked, shape, chosen, places, wanted, K[:n, :n], K[n:, :n], C, start[:n], steps, left
    )


def _joint(law: LimitLaw, jets: Floats) -> tuple[Floats, Floats, Floats]:
    """K^∞, the covariance of Lu_0 and the mean R_0 over all rows, of the problem linearised at some jets."""
    rows, bias = law.rows, law.network.bias
    here = linearise(rows, jets)
    K, C = (
        fold_kernel(rows, row_kernel(rows, here.weights, matrix, 1.0, float(rate)))
        for matrix, rate in ((law.jet_ntk, bias.is_trained), (law.covariance, bias.is_random))
    )
    return K, C, -asked_for(rows, here, jets - start_jets(law))


def _order(law: LimitLaw, groups: Sequence[int]) -> list[int]:
    """The rows of the kernel, group after group in the order asked for."""
    sizes = [group.size for group in law.rows.groups]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return [row for k in groups for row in range(int(starts[k]), int(starts[k + 1]))]


def _refuse(problem: Problem) -> None:
    if problem.ansatz is not None:
        raise InputError("the problem has an ansatz; infinite_solution needs the fields to be the outputs")
    if problem.unknowns:
        raise InputError("the problem has unknown coefficients; infinite_solution needs numbers")


def default_shape(problem: Problem, activation: str = "erf", depth: int = 1) -> Network:
    """Networks of a problem with its domain mapped to [−1, 1]; the width does not matter."""
    ends = [problem.domain[v] for v in problem.variables if v in problem.domain]
    mapped = InputMap.from_domain(ends) if len(ends) == len(problem.variables) else None
    return Network(
        problem.variables,
        problem.fields,
        width=1024,
        depth=depth,
        s="1/2",
        activation=activation,
        input_map=mapped,
    )


def _places(problem: Problem, seed: int) -> Floats:
    group = problem.equations[0]
    drawn = draw_points(problem, PLACES, seed + 1, groups=group.name)[group.name]
    return np.asarray(np.sort(drawn, axis=0) if drawn.shape[1] == 1 else drawn)


def _slots(problem: Problem, names: Sequence[str] | None) -> tuple[Slot, ...]:
    space = problem.space
    if names is None:
        return tuple(space.value(field) for field in problem.fields)
    found = []
    for name in (names,) if isinstance(names, str) else names:
        parsed = as_problem(name, fields=problem.fields, variables=problem.variables)
        (leg,) = parsed.equations[0].legs
        if len(leg.slots) != 1 or leg.expression != leg.space.symbol(leg.slots[0]):
            raise InputError(f"slots has {name!r}; it needs names of values and derivatives, such as u_x")
        found.append(leg.slots[0])
    return tuple(found)
