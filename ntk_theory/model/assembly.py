"""Assembly: jets, jet NTK and operator gradients become kernel blocks (THEORY §3).

The points of all legs of all groups are stacked into rows r = 0 … R−1. Row r carries one weight per slot,
w_{α r} = F_α(x_r, jets_r) of its leg's operator, 0 for slots which that operator lacks. With ε = N^{1/2−s},
the jet NTK T_{α r, β r'} of the network without its output bias, and the rate η_c of the output bias
(1 if it is trained, 0 if it is absent),

    K_{rr'} = ε² Σ_{αβ} w_{αr} T_{αr,βr'} w_{βr'}  +  η_c Σ_i w_{i0,r} w_{i0,r'},                    [D]

i running over the fields; then the rows of a group's legs are added. The empirical and the
infinite-width kernel are both made here, each from its own T.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.model.blocks import Kernel, KernelGroup
from ntk_theory.model.groups import spread
from ntk_theory.model.lowering import LoweredGroup, LoweredOperator, LoweredProblem
from ntk_theory.model.points import check_group_points
from ntk_theory.symbolic.jets import Slot


@dataclass(frozen=True)
class Leg:
    """One leg of a group: its rows are start … stop−1, ``slots`` where its slots stand in the problem's."""

    group: int
    operator: LoweredOperator
    start: int
    stop: int
    slots: tuple[int, ...]

    @property
    def rows(self) -> slice:
        """The rows of this leg."""
        return slice(self.start, self.stop)


@dataclass(frozen=True, eq=False)
class Rows:
    """The stacked points (R, d) of a problem, which rows belong to which leg, the unknowns' K numbers."""

    problem: LoweredProblem
    points: Floats
    legs: tuple[Leg, ...]
    unknowns: tuple[float, ...] = ()

    def at(self, unknowns: Floats | None) -> Rows:
        """The same at trained numbers of the unknowns; ``None``: where they start."""
        if unknowns is None or not self.problem.starts:
            return self
        if len(unknowns) != len(self.problem.starts):
            raise InputError(
                f"parameters has {len(unknowns)} unknowns; the problem has {len(self.problem.starts)}"
            )
        return replace(self, unknowns=tuple(map(float, unknowns)))

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots that every row's jets and weights are given for."""
        return self.problem.slots

    @cached_property
    def groups(self) -> tuple[KernelGroup, ...]:
        """Name, kind and number of points of each group."""
        sizes = {leg.group: leg.stop - leg.start for leg in self.legs}
        return tuple(KernelGroup(g.name, g.kind, sizes[k]) for k, g in enumerate(self.problem.groups))

    @cached_property
    def value_slots(self) -> tuple[int, ...]:
        """The positions of the slots (i, 0), those that the output bias moves."""
        return tuple(k for k, slot in enumerate(self.slots) if slot.is_value)

    @cached_property
    def targets(self) -> Floats:
        """target_g at the points of all groups, stacked like the residuals: it does not depend on θ."""
        return np.concatenate([group.target(at) for group, at in self._first_legs()])

    @cached_property
    def precision(self) -> Floats:
        """1/σ² of measured data in units of its mean, 1 elsewhere, stacked like the residuals."""
        return np.concatenate([group.precision(at) for group, at in self._first_legs()])

    def _first_legs(self) -> Iterator[tuple[LoweredGroup, Floats]]:
        """Every group with the points of its first leg."""
        for number, group in enumerate(self.problem.groups):
            first = next(leg for leg in self.legs if leg.group == number)
            yield group, self.points[first.rows]


@dataclass(frozen=True, eq=False)
class Linearisation:
    """F and its gradient per row: ``values`` (…, R), ``weights`` (A, …, R) in the problem's slot order.

    ``unknowns`` (K, …, R) are the derivatives by the trained numbers of the unknowns.
    """

    values: Floats
    weights: Floats
    unknowns: Floats


def stack_rows(problem: LoweredProblem, points: Mapping[str, ArrayLike]) -> Rows:
    """Stack the points of all legs, group by group and leg by leg.

    ``points`` maps group name → (n, d), or (n, k, d) for k legs, each is checked; "b" may stand for all value
    groups and "f" for all equations. Points of groups that the problem lacks are left alone.
    """
    stacked: list[Floats] = []
    legs: list[Leg] = []
    start = 0
    given = spread(problem.groups, points)
    for number, group in enumerate(problem.groups):
        array = _group_points(problem, group, given)
        for j, operator in enumerate(group.legs):
            at = array if len(group.legs) == 1 else array[:, j]
            legs.append(Leg(number, operator, start, start + len(at), tuple(problem.positions(operator))))
            stacked.append(at)
            start += len(at)
    array = np.ascontiguousarray(np.concatenate(stacked))
    return Rows(problem, array, tuple(legs), problem.starts)


def linearise(rows: Rows, jets: Floats) -> Linearisation:
    """F and F_α of every row at its jets.

    Parameters
    ----------
    rows:
        The stacked points.
    jets:
        u_α of the *network* (with ε and the output bias) for ``rows.slots``: (A, R) or (A, …, R).

    Raises
    ------
    NonFiniteError
        A residual or a derivative is not finite; the message names group and point.
    """
    jets = _shaped("jets", jets, rows)
    values = np.zeros(jets.shape[1:] if rows.slots else (len(rows.points),))
    weights = np.zeros_like(jets)
    unknowns = np.zeros((len(rows.unknowns), *values.shape))
    for leg in rows.legs:
        own = jets[list(leg.slots), ..., leg.rows]
        value, gradient = leg.operator.evaluate(rows.points[leg.rows], own, rows.unknowns)
        values[..., leg.rows] = value
        weights[list(leg.slots), ..., leg.rows] = gradient[: len(leg.slots)]
        unknowns[..., leg.rows] = gradient[len(leg.slots) :]
    return Linearisation(values, weights, unknowns)


def with_unknowns(kernel: Kernel, rows: Rows, here: Linearisation) -> Kernel:
    """K + Σ_k ∂_kR ∂_kR' over the unknowns' trained numbers, η_k = 1; K itself where there are none."""
    if not len(here.unknowns):
        return kernel
    columns = fold_rows(rows, here.unknowns)
    return replace(kernel, matrix=kernel.matrix + columns.T @ columns)


def add_trained(kernel: Floats, rows: Rows, here: Linearisation, bias_rate: float) -> Floats:
    """Add to the hidden part (…, n, n), legs folded, what numbers outside the layers give; in place.

    η_c Σ_i b_i b_i' + Σ_k ∂_kR ∂_kR', with b_i the sum of w_{i0} over the legs. Added to the rows before, a
    periodic pair's bias would swallow an ε² of 1e-20, which is all that such a pair has.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        for k in rows.value_slots if bias_rate else ():
            b = fold_rows(rows, here.weights[k])
            kernel += bias_rate * b[..., :, None] * b[..., None, :]
        for one in here.unknowns:
            b = fold_rows(rows, one)
            kernel += b[..., :, None] * b[..., None, :]
    return kernel


def network_jets(rows: Rows, scaled: Floats, epsilon: float | Floats, output_bias: Floats | None) -> Floats:
    """u^i_α = ε S^i_α + δ_{α0} c^i from scaled jets S (A, …, R); c is (m,) or (m, …) or absent."""
    jets = np.asarray(epsilon) * _shaped("scaled", scaled, rows)
    if output_bias is not None:
        for k in rows.value_slots:
            c = np.asarray(output_bias)[rows.problem.space.fields.index(rows.slots[k].field)]
            jets[k] += c[..., None] if c.ndim else c
    return jets


def residuals(rows: Rows, values: Floats) -> Floats:
    """R_g(x) = Σ_j F^{g,j} − target_g for all groups, stacked; ``values`` (…, R) as in a Linearisation."""
    return np.asarray(fold_rows(rows, values) - rows.targets)


def row_kernel(
    rows: Rows, weights: Floats, jet_ntk: Floats, epsilon: float, bias_rate: float = 1.0
) -> Floats:
    """K over rows from the jet NTK, the formula at the top of this module.

    Parameters
    ----------
    rows:
        The stacked points.
    weights:
        (A, …, R); batch axes in the middle are kept.
    jet_ntk:
        T, (A, R, A, R), true derivatives, without ε² and without the output bias.
    epsilon:
        N^{1/2−s}.
    bias_rate:
        η_c: 0 where the network has no output bias.

    Returns
    -------
    (…, R, R)
    """
    n_slots, n = len(rows.slots), len(rows.points)
    weights = _shaped("weights", weights, rows)
    if np.shape(jet_ntk) != (n_slots, n, n_slots, n):
        raise InputError(
            f"jet_ntk has shape {np.shape(jet_ntk)}; "
            f"it needs {(n_slots, n, n_slots, n)}, (slots, rows, slots, rows)"
        )
    kernel = np.zeros((*weights.shape[1:], n))
    for p, left in enumerate(rows.legs):
        for right in rows.legs[p:]:
            block = _leg_block(left, right, weights, jet_ntk)
            kernel[..., left.rows, right.rows] = block
            if left is not right:
                kernel[..., right.rows, left.rows] = np.swapaxes(block, -1, -2)
    with np.errstate(over="ignore", invalid="ignore"):
        kernel *= epsilon**2
    return _with_bias(rows, weights, kernel, bias_rate)


def fold_rows(rows: Rows, stacked: Floats) -> Floats:
    """Add the legs of each group along the last axis: (…, R) → (…, n)."""
    parts = []
    for number in range(len(rows.problem.groups)):
        spans = [leg.rows for leg in rows.legs if leg.group == number]
        parts.append(sum((stacked[..., span] for span in spans[1:]), stacked[..., spans[0]]))
    return np.concatenate(parts, axis=-1)


def fold_kernel(rows: Rows, kernel: Floats) -> Floats:
    """Add the legs of each group in both directions: (…, R, R) → (…, n, n)."""
    if len(rows.legs) == len(rows.problem.groups):
        return kernel
    half = fold_rows(rows, kernel)
    return np.swapaxes(fold_rows(rows, np.swapaxes(half, -1, -2)), -1, -2)


def assemble(
    rows: Rows,
    weights: Floats,
    jet_ntk: Floats,
    epsilon: float,
    bias_rate: float = 1.0,
    *,
    metadata: Mapping[str, Any] | None = None,
) -> Kernel:
    """The kernel of a problem from its jet NTK; arguments as in :func:`row_kernel`, one (A, R) of weights."""
    return _kernel(rows, row_kernel(rows, weights, jet_ntk, epsilon, bias_rate), metadata)


def assemble_contracted(
    rows: Rows,
    weights: Floats,
    contracted: Floats,
    epsilon: float,
    bias_rate: float = 1.0,
    *,
    metadata: Mapping[str, Any] | None = None,
) -> Kernel:
    """The kernel from C_{rr'} = Σ_{αβ} w_{αr} T_{αr,βr'} w_{βr'} (R, R), obtained without forming T."""
    n = len(rows.points)
    if np.shape(contracted) != (n, n):
        raise InputError(f"contracted has shape {np.shape(contracted)}; it needs {(n, n)}, (rows, rows)")
    scaled = epsilon**2 * np.asarray(contracted, dtype=np.float64)
    return _kernel(rows, _with_bias(rows, _shaped("weights", weights, rows), scaled, bias_rate), metadata)


def _kernel(rows: Rows, kernel: Floats, metadata: Mapping[str, Any] | None) -> Kernel:
    return Kernel(fold_kernel(rows, kernel), rows.groups, dict(metadata or {}))


def _leg_block(left: Leg, right: Leg, weights: Floats, jet_ntk: Floats) -> Floats:
    """Σ_{αβ} w_α T_{αβ} w_β over the slots that the two legs have."""
    n, m = left.stop - left.start, right.stop - right.start
    block = np.zeros((*weights.shape[1:-1], n, m))
    with np.errstate(over="ignore", invalid="ignore"):  # a kernel that overflows is reported as one
        for a in left.slots:
            inner = np.zeros_like(block)
            for b in right.slots:
                inner += jet_ntk[a, left.rows, b, right.rows] * weights[b][..., None, right.rows]
            block += weights[a][..., left.rows, None] * inner
    return block


def _with_bias(rows: Rows, weights: Floats, kernel: Floats, bias_rate: float) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        for k in rows.value_slots if bias_rate else ():
            kernel += bias_rate * weights[k][..., :, None] * weights[k][..., None, :]
    return kernel


def _group_points(problem: LoweredProblem, group: LoweredGroup, points: Mapping[str, ArrayLike]) -> Floats:
    if group.name not in points:
        names = ", ".join(g.name for g in problem.groups)
        raise InputError(f"points lacks the group {group.name!r}; give an array for each of {names}")
    return check_group_points(group.name, len(group.legs), problem.space.variables, points[group.name])


def _shaped(name: str, array: Floats, rows: Rows) -> Floats:
    array = np.asarray(array, dtype=np.float64)
    a, n = len(rows.slots), len(rows.points)
    if array.ndim < 2 or array.shape[0] != a or array.shape[-1] != n:
        raise InputError(f"{name} has shape {array.shape}; it needs ({a}, {n}), (slots, rows)")
    if not np.isfinite(array).all():
        raise NonFiniteError(f"{name} has a non-finite entry at {_first_bad(array, rows)}")
    return array


def _first_bad(array: Floats, rows: Rows) -> str:
    at: Sequence[int] = [int(k) for k in np.argwhere(~np.isfinite(array))[0]]
    leg = next(leg for leg in rows.legs if leg.start <= at[-1] < leg.stop)
    slot = rows.problem.space.name(rows.slots[at[0]])
    return f"slot {slot}, group {rows.problem.groups[leg.group].name!r}, point {at[-1] - leg.start}"
