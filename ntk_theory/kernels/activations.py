"""Activations: one table line and one Taylor kernel each.

Every activation is known by its normalised Taylor coefficients φ_k(z) = φ^{(k)}(z)/k! at a point; the
composition with a multivariate jet is the same for all of them (:mod:`ntk_theory.kernels.compose`).
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from ntk_theory.errors import InputError, SmoothnessError


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
