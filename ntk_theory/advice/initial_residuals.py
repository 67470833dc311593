"""Random networks at their start, infinitely wide but at the ε of a finite width: residuals and stable rates.

G is drawn from the limit law, u_α = ε G_α + δ_{α0} c, and with T^∞ in place of T (THEORY §3) [D]

    K = ε² H + B,   H = Σ F_α F_β' T^∞_αβ,   B = Σ_i F_{i0} F_{i0}' + Σ_k ∂_kR ∂_kR',

the last sum over unknown coefficients, where they start.

For the mean loss L = ½ Σ_g (1/n_g) Σ_x R_g² gradient descent is stable up to 2/λ_max(Λ^{1/2}KΛ^{1/2}), as far
as the kernel is constant; with means λ_max hardly depends on the number of points. With the factor
ε^{−2} = N^{2s−1} on all but output bias and unknowns K becomes H + B.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.limit.law import LimitLaw
from ntk_theory.model.assembly import add_trained, fold_kernel, linearise, network_jets, residuals, row_kernel
from ntk_theory.model.network import epsilon_of

#: Networks drawn; so many of them for eigenvalues.
SAMPLES, KERNELS = 400, 200
#: The quantiles told: one network in ten lies outside.
LOW, HIGH = 0.05, 0.95


@dataclass(frozen=True)
class Quantiles:
    """5 %, median and 95 % over random networks."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Floats) -> Quantiles:
        """Those of a sample."""
        return cls(*(float(q) for q in np.quantile(values, (LOW, 0.5, HIGH))))


@dataclass(frozen=True)
class Start:
    """What networks look like before their first step.

    Attributes
    ----------
    residuals:
        Root mean square of R_g over the points, by group.
    rate:
        2/λ_max: the largest stable rate of gradient descent on the mean loss.
    factored_rate:
        The same with the factor N^{2s−1} on all but the output bias and unknowns.
    """

    residuals: dict[str, Quantiles]
    rate: Quantiles
    factored_rate: Quantiles


@dataclass(frozen=True, eq=False)
class Starts:
    """Draws from the law of a problem and a network; the same G for every ε."""

    law: LimitLaw
    seed: int

    @cached_property
    def _scaled(self) -> Floats:
        return self.law.sample_jets(SAMPLES, self.seed)

    @cached_property
    def _bias(self) -> Floats:
        shape = (len(self.law.problem.fields), SAMPLES)
        start = self.law.network.bias.start
        if start is not None:
            return np.full(shape, float(start))
        return np.random.default_rng([self.seed, 1]).standard_normal(shape)

    def at(self, epsilon: float) -> Start | None:
        """Networks at ε; None where F is undefined or overflows in a draw."""
        rows = self.law.rows
        try:
            here = linearise(rows, network_jets(rows, self._scaled, epsilon, self._bias))
            sizes = self._sizes(residuals(rows, here.values))
            weights = np.ascontiguousarray(here.weights[:, :KERNELS])
            hidden = fold_kernel(rows, row_kernel(rows, weights, self.law.jet_ntk, 1.0, 0.0))
            few = replace(here, weights=weights, unknowns=here.unknowns[:, :KERNELS])
            rate = float(self.law.network.bias.is_trained)
            bias = add_trained(np.zeros_like(hidden), rows, few, rate)
            rates = [self._rate(scale * hidden + bias) for scale in (epsilon**2, 1.0)]
        except NonFiniteError:
            return None
        return Start(sizes, *rates)

    def _sizes(self, values: Floats) -> dict[str, Quantiles]:
        found, at = {}, 0
        for group in self.law.rows.groups:
            part = values[:, at : at + group.size]
            largest = np.abs(part).max(axis=1)
            scale = np.where(largest > 0, largest, 1.0)
            found[group.name] = Quantiles.of(scale * np.sqrt(np.mean((part / scale[:, None]) ** 2, axis=1)))
            at += group.size
        return found

    def _rate(self, kernels: Floats) -> Quantiles:
        root = np.concatenate([np.full(g.size, g.size**-0.5) for g in self.law.rows.groups])
        weighted = root[:, None] * kernels * root
        if not np.isfinite(weighted).all():
            raise NonFiniteError("a kernel entry overflows; take a smaller width or a larger s")
        largest = np.linalg.eigvalsh(weighted)[:, -1]
        return Quantiles.of(2 / np.maximum(largest, np.finfo(np.float64).tiny))


def safe_epsilon(width: int, s: Fraction) -> float:
    """ε = N^{1/2−s}, which must be a positive number that its square does not over- or underflow."""
    try:
        epsilon = epsilon_of(width, s)
    except OverflowError:
        epsilon = math.inf
    if not 1e-150 < epsilon < 1e150:
        raise InputError(
            f"s is {float(s):g}; with width {width} N^(1/2 - s) is out of range, take s nearer to 1/2"
        )
    return epsilon
