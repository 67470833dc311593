"""Gauss–Newton among functions: the smallest function of a kernel that meets equations at points [D].

With T the jet NTK of infinitely wide networks at s = 1/2 (and 1 between values where c is trained), H its
space of functions, and L_k the derivative of the residuals F at u_k,

    u_{k+1} = the smallest ‖u − u_start‖_H with F(u_k) + L_k (u − u_k) = 0 at the points X
            = u_start + T L_kᵀ (L_k T L_kᵀ)^{-1} (L_k (u_k − u_start) − F(u_k)),

which a linear problem reaches in one step. Where it comes to rest u = u_start + T Lᵀ α, L taken at u: the
first condition of the smallest function with F(u) = 0 at X (Chen, Hosseini, Owhadi & Stuart 2021, J. Comput.
Phys. 447, 110668, for kernels in general). A step is shortened where the residuals would grow.

It is not what gradient flow of a wide network ends at: for a nonlinear problem the kernel L T Lᵀ moves along
training, and the end depends on the way.
"""

from __future__ import annotations

import numpy as np

from ntk_theory.arrays import Bools, Floats
from ntk_theory.errors import NonFiniteError, TrainingError
from ntk_theory.limit.law import LimitLaw
from ntk_theory.model.assembly import (
    Linearisation,
    Rows,
    fold_kernel,
    fold_rows,
    linearise,
    network_jets,
    row_kernel,
)
from ntk_theory.model.assembly import residuals as stacked_residuals

#: Steps at most, and halvings of one.
STEPS, HALVINGS = 60, 12
#: It rests where residuals are this share of the first ones at most, and a step takes less than a tenth off
#: them: the inverse leaves out what is below rounding, and they end there.
MET, SLOW = 1e-3, 0.9


def start_jets(law: LimitLaw) -> Floats:
    """The jets of the constant at which c starts, 0 where it starts at random: (A, R)."""
    rows, bias = law.rows, law.network.bias
    zero = np.zeros((len(law.slots), len(rows.points)))
    fixed = np.full(len(law.network.fields), float(bias.start or 0)) if bias.is_trained else None
    return network_jets(rows, zero, 1.0, None if bias.is_random else fixed)


def at_rest(law: LimitLaw, own: Bools, cut: float) -> tuple[Floats, int, float]:
    """The jets (A, R) where Gauss–Newton comes to rest, its steps, and ‖F‖ over that at the start.

    Parameters
    ----------
    law:
        Of the problem's groups, and of others where the answer is wanted.
    own:
        Which residuals (n,) the problem asks for.
    cut:
        Eigenvalues below this share of the largest are left out of the inverse (unit diagonal).

    Raises
    ------
    TrainingError
        It does not come to rest: no shortened step lowers the residuals, which are not met.
    """
    rows, first = law.rows, start_jets(law)
    jets, here = first, linearise(rows, first)
    begin = size = _size(rows, here, own)
    for step in range(1, STEPS + 1):
        change = _newton(law, here, jets - first, own, cut) - (jets - first)
        found = _shortened(rows, jets, change, own, size)
        if found is None:
            break
        jets, here, before, size = *found, size, _size(rows, found[1], own)
        if size <= MET * begin and size > SLOW * before:
            return jets, step, size / begin
    if size <= MET * begin:
        return jets, step, size / begin
    raise TrainingError(
        f"Gauss-Newton among functions ends after {step} steps with residuals of {size:.1e}, {begin:.1e} at "
        "the start: take more or other points, or train a network"
    )


def _shortened(
    rows: Rows, jets: Floats, change: Floats, own: Bools, size: float
) -> tuple[Floats, Linearisation] | None:
    """The longest of the halved steps that lowers the residuals; ``None`` where none does."""
    for k in range(HALVINGS):
        moved = jets + change / 2**k
        try:
            here = linearise(rows, moved)
        except NonFiniteError:
            continue
        if _size(rows, here, own) < size:
            return moved, here
    return None


def _size(rows: Rows, here: Linearisation, own: Bools) -> float:
    return float(np.linalg.norm(stacked_residuals(rows, here.values)[own]))


def asked_for(rows: Rows, here: Linearisation, moved: Floats) -> Floats:
    """L (u − u_start) − F(u), (n,): what the smallest function is asked to be under L."""
    linear = fold_rows(rows, np.einsum("ar,ar->r", here.weights, moved))
    return np.asarray(linear - stacked_residuals(rows, here.values))


def _newton(law: LimitLaw, here: Linearisation, moved: Floats, own: Bools, cut: float) -> Floats:
    """The next u − u_start, as jets (A, R)."""
    rows, rate = law.rows, float(law.network.bias.is_trained)
    kernel = fold_kernel(rows, row_kernel(rows, here.weights, law.jet_ntk, 1.0, rate))
    alpha = np.zeros(len(own))
    alpha[own] = inverse(kernel[np.ix_(own, own)], cut) @ asked_for(rows, here, moved)[own]
    spread = fold_rows(rows, np.eye(len(rows.points))) @ alpha  # legs of a group share their number
    pull = here.weights * spread
    found = np.einsum("arbq,bq->ar", law.jet_ntk, pull, optimize=True)
    for k in rows.value_slots:
        found[k] += rate * pull[k].sum()
    return np.asarray(found)


def inverse(kernel: Floats, cut: float) -> Floats:
    """K^{-1}, scaled to unit diagonal; eigenvalues below the share ``cut`` of the largest are left out.

    So is a row of zeros, of a residual that does not depend on the function to first order.
    """
    sizes = np.diagonal(kernel)
    scale = np.where(sizes > 0, 1 / np.sqrt(np.where(sizes > 0, sizes, 1.0)), 0.0)
    values, vectors = np.linalg.eigh(kernel * scale[:, None] * scale)
    kept = values > cut * values[-1]
    half = scale[:, None] * vectors[:, kept]
    return np.asarray((half / values[kept]) @ half.T)
