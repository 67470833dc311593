"""Eigenvalues of K^∞ beyond double precision, for smooth activations of one hidden layer in one variable.

At s = 1/2 the kernel of a linear problem is an expectation over one neuron (THEORY §4): with z = w x̃ + b,
x̃ = σx + τ, w, b ~ N(0, 1), and R = Σ_k c_k(x) ∂_x^k u,

    K^∞(x, x') = E[A A' + W W' + B B'] + η_c c_0 c_0',
    A = Σ c_k (σw)^k φ^(k)(z),  B = Σ c_k (σw)^k φ^(k+1)(z),
    W = Σ c_k [x̃ (σw)^k φ^(k+1)(z) + k σ (σw)^{k−1} φ^(k)(z)],

the derivatives of R by the neuron's outer weight, inner weight and bias. The trapezoid rule in (w, b)
converges exponentially, since φ is analytic in a strip: with steps h its error is e^{ca² − 2πa/h} for a shift
by ia. All is summed in integers, in units of 2^{−P}, and the eigenvalues are those of mpmath's ``eigsy``.
Twice, the second time with more digits and finer steps: what both have in common is known.

Points and coefficients are the doubles that they are: K^∞ of just these.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import mpmath as mp
import numpy as np
import sympy as sp
from mpmath.libmp import to_fixed

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError, ResourceError
from ntk_theory.limit.law import LimitLaw
from ntk_theory.model.assembly import fold_kernel, linearise
from ntk_theory.setting.activations import Activation
from ntk_theory.shown import Brief, Shown
from ntk_theory.symbolic.reading import parse

#: Digits that may be asked for, rows of the kernel, and evaluations of φ: some minutes.
LEAST_DIGITS, MOST_DIGITS, MOST_ROWS, MOST_EVALUATIONS = 16, 100, 40, 2e6
#: Digits by which the second computation has more than the first, and by which numbers have more than asked.
FURTHER, GUARD = 10, 12
#: The share of the strip of analyticity that is used: on its edge φ has poles.
INSIDE = 0.9
#: Relative change of the smallest eigenvalue between the two computations, up to which it is known.
KNOWN = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class ExtendedSpectrum(Shown):
    """Eigenvalues of K^∞ in extended precision.

    Attributes
    ----------
    eigenvalues:
        Largest first, as mpmath's numbers.
    digits:
        Decimal digits, relative to the largest eigenvalue, of the second computation.
    change:
        |λ_min of the first − λ_min of the second| / |λ_min of the second|.
    matrix:
        K^∞, rounded to doubles, (n, n).
    """

    eigenvalues: tuple[Any, ...]
    digits: int
    change: float
    matrix: Floats

    @property
    def smallest(self) -> Any:
        """λ_min, an mpmath number."""
        return self.eigenvalues[-1]

    @property
    def is_known(self) -> bool:
        """Do both computations agree on λ_min? Else more digits are needed."""
        return self.change <= KNOWN

    def brief(self) -> Brief:
        """Size, λ_max, λ_min, and whether two precisions agree on it."""
        low, high = (mp.nstr(value, 6) for value in (self.smallest, self.eigenvalues[0]))
        cells = (str(len(self.eigenvalues)), high, low, f"{self.change:.1g}")
        known = () if self.is_known else ("λ_min is not known at these digits; ask for more",)
        title = f"spectrum of K^∞ by {self.digits} digits"
        return Brief(title, ("size", "λ max", "λ min", "change"), (cells,), known)


def extended_spectrum(law: LimitLaw, *, digits: int = 40) -> ExtendedSpectrum:
    """The eigenvalues of K^∞ at s = 1/2 in extended precision, where floats end at 10^−16 of the largest.

    Parameters
    ----------
    law:
        Of a linear problem of one field in one variable, without unknowns, for a network of one hidden layer
        with a smooth activation, started as in THEORY §1 without a feature map.
    digits:
        Decimal digits relative to the largest eigenvalue, 16 to 100; it is computed by these, and by 10 more.

    Raises
    ------
    InputError
        The law is none of these.
    ResourceError
        φ would be evaluated more than 2·10⁶ times.

    Examples
    --------
    >>> problem = nt.problem("u_xx", variables=("x",))
    >>> network = nt.Network(("x",), ("u",), 64, activation="tanh")
    >>> law = nt.limit_law(problem, network, {g.name: [[0.0], [0.5], [1.0]] for g in problem.groups})
    >>> nt.extended_spectrum(law, digits=16).is_known
    True
    """
    if isinstance(digits, bool) or not isinstance(digits, int) or not LEAST_DIGITS <= digits <= MOST_DIGITS:
        raise InputError(
            f"digits is {digits!r}; it needs a whole number from {LEAST_DIGITS} to {MOST_DIGITS}"
        )
    phi = _checked(law)
    start = np.zeros((len(law.slots), len(law.place)))
    weights = linearise(law.rows, start).weights
    evaluations = sum(_grid(law, phi, d).nodes for d in (digits, digits + FURTHER)) * len(law.place)
    if evaluations > MOST_EVALUATIONS:
        raise ResourceError(
            f"{len(law.place)} rows by {digits} digits evaluate {phi.name} about {evaluations:.1e} times, "
            f"above {MOST_EVALUATIONS:.0e}; use fewer points or digits, or an input map onto [-1, 1]"
        )
    (_, first), (matrix, second) = (_by(law, phi, weights, d) for d in (digits, digits + FURTHER))
    with mp.workdps(digits + FURTHER + GUARD):
        change = float(abs(first[-1] - second[-1]) / abs(second[-1])) if second[-1] else math.inf
    return ExtendedSpectrum(second, digits + FURTHER, change, matrix)


def _checked(law: LimitLaw) -> Activation:
    network, problem = law.network, law.problem
    phi = Activation.of(network.activation)
    for wrong, what in (
        (not phi.is_smooth, f"the activation {phi.name}, which is not smooth"),
        (len(network.widths) != 1, f"a network of {len(network.widths)} hidden layers"),
        (len(network.variables) != 1, f"{len(network.variables)} variables"),
        (len(network.fields) != 1, f"{len(network.fields)} fields"),
        (network.initialisation is not None, "a start of its own"),
        (network.features is not None, "a feature map"),
        (bool(problem.unknowns), "unknown coefficients"),
        (not all(leg.is_linear for g in problem.groups for leg in g.legs), "a problem that is not linear"),
        (len(law.place) > MOST_ROWS, f"{len(law.place)} rows, more than {MOST_ROWS}"),
    ):
        if wrong:
            raise InputError(
                f"law has {what}; extended_spectrum needs a linear problem of one field in one variable at "
                "few points, one hidden layer and a smooth activation"
            )
    return phi


@dataclass(frozen=True)
class _Grid:
    """Steps and half widths of the rule in w and b."""

    steps: tuple[float, float]
    reach: float

    @property
    def counts(self) -> tuple[int, int]:
        """Nodes on either side of 0."""
        w, b = (math.ceil(self.reach / step) for step in self.steps)
        return w, b

    @property
    def nodes(self) -> float:
        """About how many lie in the circle, w ≥ 0."""
        return math.pi / 2 * self.counts[0] * self.counts[1]


def _grid(law: LimitLaw, phi: Activation, digits: int) -> _Grid:
    """Steps for which e^{ca² − 2πa/h} is 10^{−digits}; c has room for φ that grow like e^{y²}, y = Im z."""
    decay = digits * math.log(10) + GUARD
    inputs = float(np.abs(law.network.inputs(law.rows.points)).max())
    steps = []
    for factor in (inputs, 1.0):
        growth = 0.5 + 2.5 * factor**2
        strip = INSIDE * phi.strip / factor if factor else math.inf
        shift = min(strip, math.sqrt(decay / growth))
        steps.append(2 * math.pi * shift / (decay + growth * shift**2))
    return _Grid((steps[0], steps[1]), math.sqrt(2 * decay))


def _by(law: LimitLaw, phi: Activation, weights: Floats, digits: int) -> tuple[Floats, tuple[Any, ...]]:
    """K^∞ in doubles and its eigenvalues, by so many digits."""
    with mp.workdps(digits + GUARD):
        bits = int(mp.mp.prec)
        total = np.zeros((len(law.place), len(law.place)), dtype=object)
        for share, rows in _features(law, phi, weights, digits, bits):
            total += (share[:, None] * rows >> bits).T @ rows
        whole = total >> bits
        own = np.array([_fixed(mp.mpf(float(c)), bits) for c in _values(law, weights)], dtype=object)
        if law.network.bias.is_trained:
            whole = whole + (own[:, None] * own >> bits)
        folded: Any = fold_kernel(law.rows, cast(Any, whole))  # integers of any size
        size = len(folded)
        unit = mp.mpf(2) ** -bits
        entries = [[folded[i, j] * unit for j in range(size)] for i in range(size)]
        matrix = mp.matrix([[(entries[i][j] + entries[j][i]) / 2 for j in range(size)] for i in range(size)])
        values = sorted(mp.eigsy(matrix, eigvals_only=True), reverse=True)
        return np.array([[float(x) for x in row] for row in entries]), tuple(+value for value in values)


def _values(law: LimitLaw, weights: Floats) -> Floats:
    """c_0 of every row."""
    return np.asarray(sum((weights[k] for k in law.rows.value_slots), np.zeros(len(law.place))))


def _features(
    law: LimitLaw, phi: Activation, weights: Floats, digits: int, bits: int
) -> Iterator[tuple[Any, Any]]:
    """For every node w: weights ρh² (3n,) and A, W, B (3n, R) at its nodes b, as integers of 2^{−bits}."""
    grid = _grid(law, phi, digits)
    orders = [slot.index[0] for slot in law.slots]
    evaluate = _derivatives(phi, max(orders) + 1)
    network = law.network
    scale = mp.mpf(float(network.scale[0]))
    shift = mp.mpf(float(network.inputs(np.zeros((1, 1)))[0, 0]))
    inputs = [scale * mp.mpf(float(x)) + shift for x in law.rows.points[:, 0]]
    steps = [mp.mpf(step) for step in grid.steps]
    even = phi.parity != 0  # then A, W, B of (−w, −b) are those of (w, b) up to one sign
    count_w, count_b = grid.counts
    density = steps[0] * steps[1] / (2 * mp.pi)
    for i in range(0 if even else -count_w, count_w + 1):
        w = i * steps[0]
        inner = float(grid.reach**2 - (i * grid.steps[0]) ** 2)
        if inner < 0:
            continue
        most = min(count_b, math.ceil(math.sqrt(inner) / grid.steps[1]))
        chain = [(scale * w) ** k for k in range(max(orders) + 1)]
        rows, shares = [], []
        for j in range(-most, most + 1):
            b = j * steps[1]
            share = density * mp.exp(-(w * w + b * b) / 2) * (2 if even and i else 1)
            found = [
                _neuron(weights[:, r], orders, chain, scale, x, evaluate(w * x + b))
                for r, x in enumerate(inputs)
            ]
            rows += [[_fixed(f[part], bits) for f in found] for part in range(3)]
            shares += [_fixed(share, bits)] * 3
        yield np.array(shares, dtype=object), np.array(rows, dtype=object)


def _neuron(
    weights: Floats, orders: list[int], chain: list[Any], scale: Any, x: Any, phi: list[Any]
) -> tuple[Any, Any, Any]:
    """A, W and B of one row at one node."""
    outer = inner = bias = mp.mpf(0)
    for c, k in zip(weights.tolist(), orders, strict=True):
        if c:
            outer += c * chain[k] * phi[k]
            bias += c * chain[k] * phi[k + 1]
            inner += c * x * chain[k] * phi[k + 1]
            if k:
                inner += c * k * scale * chain[k - 1] * phi[k]
    return outer, inner, bias


def _derivatives(phi: Activation, most: int) -> Callable[[Any], list[Any]]:
    """φ, φ', …, φ^(most) in mpmath's numbers, from its formula."""
    operator = parse(phi.formula, fields=["z"], variables=["x"])
    z, value = sp.Symbol("z"), operator.space.symbol(operator.slots[0])
    formula = operator.expression.subs(value, z)
    made: Callable[[Any], list[Any]] = sp.lambdify(
        z, [sp.diff(formula, z, k) for k in range(most + 1)], modules="mpmath", cse=True
    )
    return made


def _fixed(number: Any, bits: int) -> int:
    """An mpmath number in units of 2^{−bits}."""
    return int(to_fixed(mp.mpf(number)._mpf_, bits))
