"""Activations: one table line and one Taylor kernel each.

Every activation is known by its normalised Taylor coefficients φ_k(z) = φ^{(k)}(z)/k! at a point; the
composition with a multivariate jet is the same for all of them (:mod:`ntk_theory.kernels.compose`).
:func:`reference_taylor` is the slow, obvious form of the kernels, in NumPy.
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ntk_theory.errors import InputError, SmoothnessError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Activation:
    """One line of the table.

    Attributes
    ----------
    name:
        Canonical name; ``relu^k`` for the powers of ReLU.
    code:
        The integer by which kernels choose the Taylor recursion.
    formula:
        φ(z) as text.
    power:
        k of ReLU^k, else 0.
    """

    name: str
    code: int
    formula: str
    power: int = 0

    @property
    def is_smooth(self) -> bool:
        """Are all derivatives continuous and bounded from the first on?"""
        return self.power == 0

    @property
    def derivatives(self) -> int | None:
        """The number of derivatives that are bounded almost everywhere; ``None``: all of them."""
        return None if self.is_smooth else self.power


TANH, SIGMOID, SOFTPLUS, SIN, ERF, GAUSSIAN, SILU, GELU, RELU = range(9)

#: Name → activation. ``relu^k`` is made on demand by :func:`activation`.
TABLE: dict[str, Activation] = {
    line.name: line
    for line in (
        Activation("tanh", TANH, "tanh(z)"),
        Activation("sigmoid", SIGMOID, "1/(1 + exp(-z))"),
        Activation("softplus", SOFTPLUS, "log(1 + exp(z))"),
        Activation("sin", SIN, "sin(z)"),
        Activation("erf", ERF, "erf(z)"),
        Activation("gaussian", GAUSSIAN, "exp(-z^2)"),
        Activation("silu", SILU, "z/(1 + exp(-z))"),
        Activation("gelu", GELU, "z*(1 + erf(z/sqrt(2)))/2"),
        Activation("relu", RELU, "max(z, 0)", power=1),
    )
}
_RELU_POWER = re.compile(r"relu\^?([1-9]\d?)\Z")


def activation(name: str) -> Activation:
    """The activation called ``name``; ``relu2`` and ``relu^2`` are max(z, 0)².

    >>> activation("relu^3").derivatives
    3
    """
    if isinstance(name, str):
        if name in TABLE:
            return TABLE[name]
        match = _RELU_POWER.match(name)
        if match:
            k = int(match.group(1))
            return TABLE["relu"] if k == 1 else Activation(f"relu^{k}", RELU, f"max(z, 0)^{k}", power=k)
    known = ", ".join([*TABLE, "relu^k"])
    near = difflib.get_close_matches(str(name).lower(), TABLE, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise InputError(f"activation is {name!r}; it needs one of {known}{hint}")


def require_smooth(phi: Activation, order: int, *, extra: int = 1) -> None:
    """Refuse an activation whose ``order + extra``-th derivative is not bounded almost everywhere.

    The kernel of an operator of order n differentiates n times in x and once in θ, hence needs
    φ^{(n+1)}: ReLU^k serves if k ≥ n + 1 [D]. The jets themselves need ``extra=0``.
    """
    have = phi.derivatives
    if have is not None and have < order + extra:
        raise SmoothnessError(
            f"activation {phi.name} has only {have} derivative(s) bounded almost everywhere, but a slot of "
            f"order {order} needs {order + extra}; the smallest power that serves is "
            f"relu^{order + extra}, or choose a smooth activation such as tanh"
        )


def reference_taylor(phi: Activation, z: FloatArray, order: int) -> FloatArray:
    """φ^{(k)}(z)/k! for k = 0..order, shape (order + 1, *z.shape); the slow form of the kernels.

    The recursions follow from y' = w(y) or y' = w(z, y) by comparing coefficients: for tanh w = 1 − y²,
    for the sigmoid w = y − y², for e^{−cz²} w = −2czy. ReLU^k takes its derivatives almost everywhere.
    """
    from scipy.special import erf, expit  # noqa: PLC0415 (only here; the kernels do without SciPy)

    z = np.asarray(z, dtype=np.float64)
    if phi.code == TANH:
        return _logistic_like(np.tanh(z), order, 1.0, 0.0)
    if phi.code == SIGMOID:
        return _logistic_like(expit(z), order, 0.0, 1.0)
    if phi.code == SOFTPLUS:
        return _integral(np.logaddexp(z, 0.0), _logistic_like(expit(z), order, 0.0, 1.0))
    if phi.code == SIN:
        return np.stack([np.sin(z + k * np.pi / 2) / math.factorial(k) for k in range(order + 1)])
    if phi.code == ERF:
        return _integral(erf(z), _gauss(z, order, 1.0) * (2 / math.sqrt(math.pi)))
    if phi.code == GAUSSIAN:
        return _gauss(z, order, 1.0)
    if phi.code == SILU:
        return _times_z(z, _logistic_like(expit(z), order, 0.0, 1.0))
    if phi.code == GELU:
        density = _gauss(z, order, 0.5) / math.sqrt(2 * math.pi)
        return _times_z(z, _integral((1 + erf(z / math.sqrt(2))) / 2, density))
    positive = np.maximum(z, 0.0)
    terms = [
        math.comb(phi.power, k) * positive ** (phi.power - k) * (z > 0)
        if k <= phi.power
        else np.zeros_like(z)
        for k in range(order + 1)
    ]
    return np.stack(terms)


def _logistic_like(y0: FloatArray, order: int, constant: float, linear: float) -> FloatArray:
    """Coefficients of the solution of y' = constant + linear·y − y²."""
    y = [y0]
    for k in range(order):
        w = linear * y[k] - sum(y[i] * y[k - i] for i in range(k + 1)) + (constant if k == 0 else 0.0)
        y.append(w / (k + 1))
    return np.stack(y)


def _gauss(z: FloatArray, order: int, c: float) -> FloatArray:
    """Coefficients of exp(−c z²)."""
    g = [np.exp(-c * z * z)]
    for k in range(order):
        g.append(-2 * c * (z * g[k] + (g[k - 1] if k else 0.0)) / (k + 1))
    return np.stack(g)


def _integral(value: FloatArray, derivative: FloatArray) -> FloatArray:
    """Coefficients of y from y and those of y'."""
    return np.stack([value] + [derivative[k] / (k + 1) for k in range(len(derivative) - 1)])


def _times_z(z: FloatArray, y: FloatArray) -> FloatArray:
    """Coefficients of z·y."""
    return np.stack([z * y[0]] + [z * y[k] + y[k - 1] for k in range(1, len(y))])
