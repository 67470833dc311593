"""Infinite-width covariance and jet NTK of a network of any depth, with all mixed derivatives.

All hidden widths to infinity, in the parameterisation of THEORY §1, the scaled outputs S^i are
independent centred Gaussian fields of covariance Σ and T becomes deterministic (THEORY §4, [D]):

    Σ¹ = x̃·x̃' + 1 (γ·γ' + 1 with a feature map γ),  Θ¹ = Σ¹,
    Σ^{l+1} = D_φφ + 1,  Θ^{l+1} = Θ^l D_φ'φ' + Σ^{l+1}          (l = 1, …, L−1),
    Σ = D_φφ,  T = Θ^L D_φ'φ' + D_φφ                             (duals of Σ^l at (x,x), (x,x'), (x',x')).

With W ~ σ_w D, b ~ σ_b D, a ~ σ_a D and rates η of their blocks the same is [D]

    Σ¹ = σ_w² x̃·x̃' + σ_b²,  Θ¹ = η_w x̃·x̃' + η_b,
    Σ^{l+1} = σ_w² D_φφ + σ_b²,  Θ^{l+1} = σ_w² Θ^l D_φ'φ' + η_w D_φφ + η_b,
    output: Σ = σ_a² D_φφ,  T = σ_a² Θ^L D_φ'φ' + η_a D_φφ;

the duals of the first layer are Gaussian only if its weights are (:mod:`ntk_theory.limit.first_layer`).

Every quantity is a truncated Taylor series in (h, h') about each pair of points. A pair needs besides its
own series only those of its two points with themselves, so the diagonal pairs go first and the others
follow in chunks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats, Ints
from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.kernels.dual_tables import activation_table
from ntk_theory.kernels.multiindex import IndexSet, MultiIndex, closure
from ntk_theory.limit.composition import Composer, composer
from ntk_theory.limit.cost import check_cost, chunk_pairs, estimate
from ntk_theory.limit.duals import ATTEMPTS
from ntk_theory.limit.first_layer import AverageComposer, average
from ntk_theory.limit.pair_series import PairSeries
from ntk_theory.limit.resolution import REFINEMENT
from ntk_theory.model.lift import Lift
from ntk_theory.model.network import Network
from ntk_theory.setting.activations import Activation, require_smooth
from ntk_theory.setting.features import Line
from ntk_theory.setting.initialisation import PAPER, LayerStart


@dataclass(frozen=True, eq=False)
class InfiniteJets:
    """Σ_αβ(x, x') and T_αβ(x, x') of one output between true derivatives.

    ``covariance`` and ``jet_ntk`` are (A, n, A, n) for the A multi-indices ``indices`` and n points.
    ``accuracy`` is the largest change of an entry between two quadrature rules, in units of
    √(diagonal × diagonal), over both arrays; 0 where closed forms were used (rounding only).
    """

    indices: tuple[MultiIndex, ...]
    covariance: Floats
    jet_ntk: Floats
    accuracy: float


@dataclass(frozen=True, eq=False)
class _Setting:
    """What every chunk needs: x̃ or γ at the points, chain factors, depth, index set; γ_α·γ_β' for a γ."""

    points: Floats
    scale: Floats
    depth: int
    indices: IndexSet
    start: tuple[LayerStart, ...]
    products: Floats | None = None
    average: AverageComposer | None = None


def infinite_jets(
    name: str,
    depth: int,
    points: ArrayLike,
    indices: Sequence[MultiIndex],
    *,
    rtol: float = 1e-8,
    scale: ArrayLike | None = None,
    shift: ArrayLike | None = None,
    lift: Lift | None = None,
    start: tuple[LayerStart, ...] | None = None,
    closed: bool = True,
    memory_limit: float | None = None,
    time_limit: float | None = None,
) -> InfiniteJets:
    """Σ and T of an infinitely wide network at all pairs of points and multi-indices.

    Parameters
    ----------
    name:
        Activation, as for :class:`ntk_theory.model.network.Network`.
    depth:
        Number of hidden layers, L ≥ 1.
    points:
        (n, d), before the input map.
    indices:
        The A multi-indices α, each of length d.
    rtol:
        Accuracy asked for, in the units of :attr:`InfiniteJets.accuracy`.
    scale, shift:
        The input map x̃ = scale·x + shift, shape (d,); default none.
    lift:
        The feature map γ in place of x̃ (:attr:`ntk_theory.model.network.Network.lift`).
    start:
        σ, law and rates of the hidden layers and the readout (``Network.start``); default all 1, normal.
    closed:
        Use the closed form of the dual where there is one.
    memory_limit, time_limit:
        Bytes (default 4 GiB, or what the process may take), seconds; a larger estimate is refused at once.

    Raises
    ------
    InputError
        Arguments do not fit, or ``rtol`` cannot be reached.
    SmoothnessError
        ReLU^k with k < n + 1 for slots of order n.
    ResourceError
        The estimate exceeds a limit.

    >>> law = infinite_jets("relu", 1, [[0.0]], [(0,)])  # Σ = E relu(b)² = 1/2; T = (Σ¹ P(b > 0)) + Σ
    >>> law.covariance.item(), law.jet_ntk.item()
    (0.5, 1.0)
    """
    phi = Activation.of(name)
    asked = tuple(tuple(int(k) for k in index) for index in indices)
    setting = _setting(points, scale, shift, depth, asked)
    raw = np.asarray(points, dtype=np.float64)
    if lift is not None:
        setting = _lifted(setting, lift, raw)
    if start is not None:
        setting = _started(setting, phi, start, lift, raw, rtol)
    require_smooth(phi, setting.indices.order)
    exact = phi.closed_form != "" and (closed or not phi.is_smooth)
    table = None if exact else activation_table(phi, setting.indices.order + 1)
    cost = estimate(setting.points, setting.depth, setting.indices, len(asked), table, rtol)
    check_cost(cost, memory_limit, time_limit)
    if exact:
        sigma, theta = _arrays(setting, composer(phi, setting.indices, rtol, 1.0))
        accuracy = 0.0 if setting.average is None else setting.average.accuracy
    else:
        sigma, theta, accuracy = _refined(phi, setting, rtol)
    select = [setting.indices.position[index] for index in asked]
    factor = setting.indices.factorials[select]
    covariance, jet_ntk = (_derivatives(array, select, factor) for array in (sigma, theta))
    if not (np.isfinite(covariance).all() and np.isfinite(jet_ntk).all()):
        raise NonFiniteError(
            f"the infinite-width jets of {phi.name} overflow at these points; "
            "give the network an input_map that brings them near [-1, 1]"
        )
    return InfiniteJets(asked, covariance, jet_ntk, accuracy)


def first_layer(network: Network) -> dict[str, Any]:
    """What :func:`infinite_jets` must know of the inputs of a network."""
    if network.folding is not None:
        raise InputError(
            f"the network is {network.folding}; limit laws are those of plain networks: replace(network, "
            "fold=None) has the law of its side of the mirror"
        )
    start = network.start if network.initialisation is not None else None
    if network.lift is not None:
        return {"lift": network.lift, "start": start}
    return {"start": start} | {
        "scale": network.scale,
        "shift": network.inputs(np.zeros((1, len(network.variables))))[0],
    }


def _setting(
    points: ArrayLike,
    scale: ArrayLike | None,
    shift: ArrayLike | None,
    depth: int,
    asked: tuple[MultiIndex, ...],
) -> _Setting:
    raw = np.asarray(points, dtype=np.float64)
    if raw.ndim != 2 or not raw.size or not np.isfinite(raw).all():
        raise InputError(f"points has shape {raw.shape}; it needs (n, d) with n ≥ 1 and finite entries")
    if isinstance(depth, bool) or int(depth) != depth or depth < 1:
        raise InputError(f"depth is {depth!r}; it needs a positive integer")
    if not asked:
        raise InputError("indices is empty; it needs at least one multi-index")
    d = raw.shape[1]
    scales = np.ones(d) if scale is None else np.asarray(scale, dtype=np.float64)
    shifts = np.zeros(d) if shift is None else np.asarray(shift, dtype=np.float64)
    if scales.shape != (d,) or shifts.shape != (d,):
        raise InputError(
            f"scale and shift have shapes {scales.shape}, {shifts.shape}; they need ({d},), one per variable"
        )
    plain = (PAPER,) * (int(depth) + 1)
    return _Setting(raw * scales + shifts, scales, int(depth), closure(asked, d), plain)


def _lifted(setting: _Setting, lift: Lift, points: Floats) -> _Setting:
    """The same with γ for x̃; all products γ_α(x)·γ_β(x') are made once, (A, n, A, n)."""
    size, n = setting.indices.size, len(points)
    jets = lift.jets(points, setting.indices).reshape(size * n, lift.size)
    products = (jets @ jets.T).reshape(size, n, size, n)
    return replace(setting, points=lift.values(points), products=products)


def _started(
    setting: _Setting,
    phi: Activation,
    start: tuple[LayerStart, ...],
    lift: Lift | None,
    points: Floats,
    rtol: float,
) -> _Setting:
    """The same with scales and rates, and the duals of a first layer whose weights are not normal."""
    if len(start) != setting.depth + 1:
        raise InputError(f"start has {len(start)} layers; it needs {setting.depth + 1}, the readout last")
    setting = replace(setting, start=start)
    still = np.flatnonzero((setting.points**2).sum(axis=1) + start[0].bias == 0)
    if len(still):
        raise InputError(
            f"the first layer has variance 0 at the point {points[still[0]].tolist()}: without biases inputs "
            "of 0 say nothing there; leave the point out, map the inputs elsewhere, or take biases"
        )
    if start[0].law.is_normal:
        return setting
    if lift is None:
        shift = (setting.points - points * setting.scale)[0]
        pairs = enumerate(zip(setting.scale.tolist(), shift.tolist(), strict=True))
        lift = Lift(tuple(Line(j, a, b) for j, (a, b) in pairs), ())
    return replace(setting, average=average(phi, start[0], lift, points, setting.indices, rtol))


def _refined(phi: Activation, setting: _Setting, rtol: float) -> tuple[Floats, Floats, float]:
    """Both arrays by a rule and a finer one, made finer still until they agree to ``rtol``."""
    aim = rtol
    for _ in range(ATTEMPTS):
        coarse, fine = (
            _arrays(setting, composer(phi, setting.indices, aim, factor, closed=False))
            for factor in (1.0, REFINEMENT)
        )
        accuracy = max(_change(a, b) for a, b in zip(coarse, fine, strict=True))
        if accuracy <= rtol:
            return (*fine, accuracy if setting.average is None else max(accuracy, setting.average.accuracy))
        aim *= 1e-2
    raise InputError(
        f"rtol = {rtol} was not reached (two rules differ by {accuracy:.1e}): rounding limits high orders at "
        "points far from 0; ask for less, or give the network an input_map onto [-1, 1]"
    )


def _change(a: Floats, b: Floats) -> float:
    size, n = b.shape[:2]
    scale = np.sqrt(np.abs(b.reshape(size * n, size * n).diagonal())).reshape(size, n)
    unit = scale[:, :, None, None] * scale
    # A slot that vanishes identically (unit 0) must agree exactly.
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(a == b, 0.0, np.abs(a - b) / unit)
    return float(np.max(np.where(np.isnan(ratio), np.inf, ratio)))


def _arrays(setting: _Setting, duals: Composer) -> tuple[Floats, Floats]:
    """Taylor coefficients of Σ and T, (A, n, A, n)."""
    n, size = len(setting.points), setting.indices.size
    outputs = np.empty((2, size, n, size, n))
    own = np.arange(n)
    own_series: list[Floats] = []
    for output, array in zip(outputs, _layers(setting, duals, own, own, own_series), strict=True):
        # T(x, x) is symmetric in its slots; rounding is not.
        output[:, own, :, own] = 0.5 * (array + np.swapaxes(array, 1, 2))
    for first, second in _chunks(n, chunk_pairs(setting.indices)):
        for output, array in zip(outputs, _layers(setting, duals, first, second, own_series), strict=True):
            output[:, first, :, second] = array
            output[:, second, :, first] = np.swapaxes(array, 1, 2)
    return outputs[0], outputs[1]


def _chunks(n: int, size: int) -> Iterator[tuple[Ints, Ints]]:
    first, second = (index.astype(np.int64) for index in np.triu_indices(n, 1))
    for start in range(0, len(first), size):
        yield first[start : start + size], second[start : start + size]


def _layers(
    setting: _Setting, duals: Composer, first: Ints, second: Ints, own_series: list[Floats]
) -> tuple[Floats, Floats]:
    """Σ and T of some pairs; fills ``own_series``, one (n, A, A) per layer, when called with x = x'."""
    inputs, begin = _first_layer(setting, first, second), setting.start[0]
    sigma = inputs * begin.weight**2 + begin.bias**2
    theta = inputs * begin.weight_rate + begin.bias_rate
    for layer in range(setting.depth):
        if layer == len(own_series):
            own_series.append(np.ascontiguousarray(sigma.coefficients))
        here = duals if layer or setting.average is None else setting.average
        value, slope = here(own_series[layer], first, second, sigma)
        after = setting.start[layer + 1]
        sigma, through, own = value * after.weight**2, theta * after.weight**2, value * after.weight_rate
        if layer < setting.depth - 1:
            sigma, own = sigma + after.bias**2, own + after.bias_rate
        theta = through * slope + own
    return sigma.coefficients, theta.coefficients


def _first_layer(setting: _Setting, first: Ints, second: Ints) -> PairSeries:
    """x̃·x̃' with x̃ = (point) + scale·h, or γ·γ'."""
    indices = setting.indices
    if setting.products is not None:
        # Two index arrays with a slice between them put the pairs first: (pairs, A, A).
        return PairSeries(np.ascontiguousarray(setting.products[:, first, :, second]), indices, indices)
    left, right = setting.points[first], setting.points[second]
    out = np.zeros((len(first), indices.size, indices.size))
    out[:, 0, 0] = np.einsum("ka,ka->k", left, right)
    for axis, at in enumerate(indices.units):
        if at >= 0:
            out[:, at, 0] = setting.scale[axis] * right[:, axis]
            out[:, 0, at] = setting.scale[axis] * left[:, axis]
            out[:, at, at] = setting.scale[axis] ** 2
    return PairSeries(out, indices, indices)


def _derivatives(array: Floats, select: list[int], factor: Floats) -> Floats:
    chosen = array[np.ix_(select, range(array.shape[1]), select, range(array.shape[3]))]
    return np.ascontiguousarray(chosen * factor[:, None, None, None] * factor[None, None, :, None])
