"""Where T^∞ is even or odd in the covariance of the first layer (THEORY §3 "Reflection") [D].

z = Wy + b of the first layer at two places has the covariance q̃ = σ_w² q + σ_b², q = y·y', and

    T^∞ = (1 + q) E φ'(z)φ'(z') + E φ(z)φ(z')        for one hidden layer.

(z, z') → (z, −z') turns q̃ into −q̃ and leaves the variances. So, where σ_w = σ_b, both terms are odd in
1 + q for odd φ and even for even φ; a constant c in φ = c + odd adds c², a linear part in φ = ℓz + even
adds 2ℓ²(1 + q), and nothing else. At q = −1 every derivative of g(p, q, r) of the other parity in q is 0.

A second layer sees Σ² = E φφ' + 1. Of an even φ all is even in 1 + q again, whatever the depth; of an odd φ
it is not. With the rates of a library's start the readout and the weights of later layers lead (their hidden
biases fade), and the leading part is even or odd in q̃ at every depth.

The test of :mod:`~ntk_theory.theory.symmetry` knows no depth and no φ; this is what it misses.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from ntk_theory.setting.activations import Activation
from ntk_theory.setting.initialisation import Initialisation


@dataclass(frozen=True)
class Reflection:
    """T^∞(−q̃) = ``parity`` · T^∞(q̃), but for one derivative.

    ``origin`` is the q = y·y' at which q̃ = 0, ``kept`` the orders in p, q, r of the derivative of g that
    stays there in spite of its parity.
    """

    parity: int
    origin: Fraction
    kept: tuple[int, int, int] | None = None

    def cancels(self, q: Fraction | sp.Expr, orders: tuple[int, int, int]) -> bool:
        """Is this derivative of g 0 at a place with this y·y'?

        >>> odd = Reflection(-1, Fraction(-1))
        >>> odd.cancels(Fraction(-1), (0, 0, 0)), odd.cancels(Fraction(-1), (0, 1, 0))
        (True, False)
        """
        return q == self.origin and (-1) ** orders[1] != self.parity and orders != self.kept


def reflection(phi: Activation, depth: int | None, start: Initialisation | None) -> Reflection | None:
    """The reflection of a network, if it has one; for ``depth=None`` the one that every depth has.

    >>> from ntk_theory.setting.activations import Activation
    >>> reflection(Activation.of("tanh"), 1, None), reflection(Activation.of("tanh"), 2, None)
    (Reflection(parity=-1, origin=Fraction(-1, 1), kept=None), None)
    """
    origin = Fraction(-1) if start is None else -start.first_bias_share
    if start is not None and start.is_standard:
        return Reflection(phi.parity, origin) if phi.parity else None
    if origin != -1:  # 1 + q and E φφ' have different zeros
        return None
    if depth == 1:
        kept = {"": None, "constant": (0, 0, 0), "linear": (0, 1, 0)}[phi.beside]
        return Reflection(phi.core, origin, kept) if phi.core else None
    return Reflection(1, origin) if phi.parity > 0 else None
