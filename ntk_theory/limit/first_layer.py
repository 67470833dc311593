"""E φ(z)φ(z') and E φ'(z)φ'(z') over first-layer weights that are not normal (THEORY §4) [D].

From the second layer on only variances matter at infinite width; in the first one z = w·γ(x) + b keeps the
law of (w, b). Its duals are plain expectations over k = m + 1 numbers (m where σ_b = 0), here by tensor
Gauss–Legendre rules for few numbers, refined until two rules agree, else by scrambled Sobol points whose
scramblings give the standard error. Along a number that moves z by up to a, a rule of n nodes errs like
e^{−2nr}, r = arsinh(strip/a), so that nodes are shared out like 1/r. The Taylor series in (h, h') are Gram
products of the jets of φ(z).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from ntk_theory.arrays import Floats, Ints
from ntk_theory.errors import InputError
from ntk_theory.kernels import compose, taylor
from ntk_theory.kernels.multiindex import IndexSet
from ntk_theory.limit.pair_series import PairSeries
from ntk_theory.model.lift import Lift
from ntk_theory.setting.activations import Activation
from ntk_theory.setting.initialisation import CUT, TRUNCATED_DEVIATION, UNIFORM, Law, LayerStart

#: Numbers (w, b) for which a tensor rule is taken; nodes of the one that needs most, tried in this order.
MOST_TENSOR, NODES = 3, (10, 16, 24, 36, 54, 80, 112, 150, 200)
#: More nodes than this are not taken in all.
MOST_NODES = 2**19
#: Nodes of a number that hardly moves z: so many, and more with those of the one that needs most.
FEWEST, MORE = 8, 1 / 8
#: The strip that shares out nodes where φ has a kink or is entire.
PLAIN_STRIP = math.pi / 2
#: Sobol points per scrambling (log2), and scramblings.
SOBOL, SCRAMBLINGS = 13, 16
#: Nodes whose jets are held at a time, in numbers.
CHUNK = 2**22


@dataclass(frozen=True, eq=False)
class AverageComposer:
    """The duals of the first layer, from their values at all pairs of points, each (A, n, A, n)."""

    value: Floats
    slope: Floats
    accuracy: float

    def __call__(
        self, own: Floats, first: Ints, second: Ints, covariance: PairSeries
    ) -> tuple[PairSeries, PairSeries]:
        """See :class:`ntk_theory.limit.composition.Composer`."""
        indices = covariance.left
        value, slope = (
            PairSeries(np.ascontiguousarray(array[:, first, :, second]), indices, indices)
            for array in (self.value, self.slope)
        )
        return value, slope


def average(
    phi: Activation, start: LayerStart, lift: Lift, points: Floats, indices: IndexSet, rtol: float
) -> AverageComposer:
    """Both duals of φ for (w, b) ~ (σ_w D, σ_b D) at points (n, d).

    Raises
    ------
    InputError
        Tensor rules of all sizes differ by more than ``rtol``.
    """
    jets = lift.jets(points, indices)
    count = lift.size + (start.bias > 0)
    if count > MOST_TENSOR:
        return _by_sobol(phi, start, jets, indices, count)
    before, error = None, math.inf
    for nodes in NODES:
        shared = _shared(nodes, phi, start, jets[0], count)
        if math.prod(shared) > MOST_NODES:
            break
        now = _grams(phi, start, jets, indices, *_tensor(start.law, shared))
        if before is not None:
            error = max(_change(a, b) for a, b in zip(before, now, strict=True))
            if error <= rtol:
                return AverageComposer(now[0], now[1], error)
        before = now
    raise InputError(
        f"rtol = {rtol} was not reached for a first layer of {start.law.name} weights (two rules differ by "
        f"{error:.1e}): ask for less, take a smooth activation, or bring the inputs near [-1, 1]"
    )


def _by_sobol(
    phi: Activation, start: LayerStart, jets: Floats, indices: IndexSet, count: int
) -> AverageComposer:
    weights = np.full(2**SOBOL, 2.0**-SOBOL)
    drawn = []
    for seed in range(SCRAMBLINGS):
        unit = qmc.Sobol(count, seed=seed).random_base2(SOBOL)
        drawn.append(_grams(phi, start, jets, indices, _quantile(start.law, unit), weights))
    means = [np.mean([pair[k] for pair in drawn], axis=0) for k in range(2)]
    errors = [np.std([pair[k] for pair in drawn], axis=0, ddof=1) / math.sqrt(SCRAMBLINGS) for k in range(2)]
    accuracy = max(_change(m + 2 * e, m) for m, e in zip(means, errors, strict=True))
    return AverageComposer(means[0], means[1], accuracy)


def _shared(most: int, phi: Activation, start: LayerStart, values: Floats, count: int) -> list[int]:
    """Nodes per number (w, b), at most ``most``; ``values`` (n, m) are the features γ at the points."""
    moved = [start.weight * start.law.reach * size for size in np.abs(values).max(axis=0)]
    moved += [start.bias * start.law.reach] * (count - len(moved))
    strip = phi.strip if 0 < phi.strip < math.inf else PLAIN_STRIP
    rates = [math.asinh(strip / a) if a > 0 else math.inf for a in moved]
    least = min(most, FEWEST + math.ceil(MORE * most))
    return [max(least, math.ceil(most * min(rates) / rate - 1e-9)) for rate in rates]


def _tensor(law: Law, nodes: Sequence[int]) -> tuple[Floats, Floats]:
    """Nodes (Q, k) and weights (Q,) of k numbers of a law of variance 1 by Gauss and Legendre."""
    axes, shares = [], []
    for n in nodes:
        x, w = np.polynomial.legendre.leggauss(n)
        z = law.reach * x
        if law is not UNIFORM:
            w = w * np.exp(-((z * TRUNCATED_DEVIATION) ** 2) / 2)
        axes.append(z)
        shares.append(w / w.sum())
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    weights = np.ones(())
    for share in shares:
        weights = np.multiply.outer(weights, share)
    return grid, weights.ravel()


def _quantile(law: Law, unit: Floats) -> Floats:
    if law is UNIFORM:
        return np.asarray(law.reach * (2 * unit - 1))
    low = 0.5 * math.erfc(CUT / math.sqrt(2))
    return np.asarray(ndtri(low + (1 - 2 * low) * unit) / TRUNCATED_DEVIATION)


def _grams(
    phi: Activation, start: LayerStart, jets: Floats, indices: IndexSet, nodes: Floats, weights: Floats
) -> tuple[Floats, Floats]:
    """Σ_q w_q [φ(z_q)]_α [φ(z_q)]_β' and the same of φ', each (A, n, A, n)."""
    size, n, m = jets.shape
    total = np.zeros((2, size * n, size * n))
    for part in _parts(len(nodes), max(1, CHUNK // (size * n))):
        neurons = nodes[part]
        raw = np.ascontiguousarray(jets @ (start.weight * neurons[:, :m]).T)
        bias = start.bias * neurons[:, m] if start.bias else np.zeros(len(neurons))
        for k, array in enumerate(_composed(phi, raw, bias, indices)):
            flat = array.reshape(size * n, -1)
            total[k] += (flat * weights[part]) @ flat.T
    value, slope = total.reshape(2, size, n, size, n)
    return value, slope


def _composed(phi: Activation, raw: Floats, bias: Floats, indices: IndexSet) -> tuple[Floats, Floats]:
    """φ and φ' of z_α = raw_α + [α = 0] b."""
    values, slopes = np.empty_like(raw), np.empty_like(raw)
    items = raw.shape[1] * -(-raw.shape[2] // taylor.CHUNK)
    compose.hidden_layer(
        0,
        items,
        phi.code,
        phi.number,
        1.0,
        raw,
        np.ascontiguousarray(bias),
        indices.orders,
        indices.powers,
        values,
        slopes,
    )
    return values, slopes


def _parts(count: int, size: int) -> Iterator[slice]:
    for at in range(0, count, size):
        yield slice(at, min(at + size, count))


def _change(a: Floats, b: Floats) -> float:
    """The largest difference in units of √(diagonal × diagonal)."""
    size, n = b.shape[:2]
    scale = np.sqrt(np.abs(b.reshape(size * n, size * n).diagonal())).reshape(size, n)
    unit = scale[:, :, None, None] * scale
    # A slot that vanishes identically (unit 0) must agree to rounding of the whole.
    gap = np.abs(a - b)
    return float(np.max(gap / np.maximum(unit, 1e-12 * unit.max())))
