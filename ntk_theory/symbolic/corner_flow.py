"""Plane viscous flow at a right-angled corner where one wall slides past the other: its singular part.

In the quarter X, Y > 0 the wall Y = 0 slides with velocity 1 along X, the wall X = 0 rests. The velocity
(ψ_Y, −ψ_X) and the pressure have the expansion

    ψ = ψ₁ + Re ψ₂ + …,   p = P₁/Re + P₂ + …,   ψ_n = rⁿ f_n(θ).

ψ₁ is Stokes flow, Taylor's scraper (1962, On scraping viscous fluid from a plane surface, Miszellaneen der
angewandten Mechanik, 313-315): Δ²ψ₁ = 0 and the walls' velocities leave

    (π² − 4) ψ₁ = π²Y − (4X + 2πY) θ,   (π² − 4) P₁ = −2 (4X + 2πY)/r².

ψ₂ answers its inertia: with G = f₁ + f₁'' and resting walls, f₂''' + 4f₂' = const − f₁G, and
∇P₂ = Δu₂ − u₁·∇u₁ is radial, P₂ = K log r. Their coefficients, as polynomials in X, Y and θ, are in
:data:`TERMS` [D]. A wall that slides with velocity σ = ±1 has σψ₁, σ²ψ₂, σP₁ and σ²P₂, so that with R = σ Re

    ψ = σ (ψ₁ + R ψ₂),   p = σ² (P₁/R + P₂).

Everything is a polynomial in X, Y and θ or r: with z = X + iY, θ = Im log z, and

    ∂_X^a ∂_Y^b log z = iᵇ (−1)^{n−1} (n − 1)! z^{−n},   n = a + b ≥ 1,

Leibniz's rule has every derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import comb, factorial, perm, pi
from typing import Any

_Q = pi**2 - 4
#: ψ_n as coefficients of X^p Y^q θ^m, by (p, q, m).
TERMS: dict[int, dict[tuple[int, int, int], float]] = {
    1: {(0, 1, 0): pi**2 / _Q, (1, 0, 1): -4 / _Q, (0, 1, 1): -2 * pi / _Q},
    2: {
        (0, 2, 0): pi * (pi**4 + 14 * pi**2 - 24) / (32 * _Q**2),
        (1, 1, 0): (pi**4 + 10 * pi**2 + 24) / (16 * _Q**2),
        (2, 0, 1): -(pi**4 + 10 * pi**2 + 24) / (16 * _Q**2),
        (0, 2, 1): -(pi**4 + 6 * pi**2 - 24) / (16 * _Q**2),
        (1, 1, 1): -pi * (pi**2 + 6) / (2 * _Q**2),
        (2, 0, 2): pi / _Q**2,
        (0, 2, 2): -pi / _Q**2,
        (1, 1, 2): 1 / (2 * _Q),
    },
}
#: P₁ = Re(c/z), P₂ = Re(c log z).
PRESSURE: dict[int, complex] = {1: (-8 - 4j * pi) / _Q, 2: pi**2 * (8 - pi**2) / (4 * _Q**2)}
#: The highest order of a derivative.
MOST = 16


def stream(reynolds: float, a: int, b: int, x: Any, y: Any, log: Callable[[Any], Any]) -> Any:
    """∂_X^a ∂_Y^b (ψ₁ + R ψ₂) at numbers or arrays; ``log`` is theirs, of complex values.

    >>> import cmath
    >>> [round(stream(50.0, 0, 1, *at, cmath.log), 12) + 0.0 for at in ((1.0, 0.0), (0.0, 1.0))]
    [1.0, 0.0]
    """
    terms = dict(TERMS[1])
    for powers, factor in TERMS[2].items():
        terms[powers] = terms.get(powers, 0.0) + reynolds * factor
    return _derivative(terms, a, b, x, y, log)


def _derivative(
    terms: Mapping[tuple[int, int, int], float], a: int, b: int, x: Any, y: Any, log: Callable[[Any], Any]
) -> Any:
    """∂_X^a ∂_Y^b of a polynomial in X, Y and θ."""
    z = x + 1j * y
    angles: dict[tuple[int, int, int], Any] = {}

    def angle(m: int, i: int, j: int) -> Any:
        """∂_X^i ∂_Y^j θ^m."""
        if m == 0:
            return float(i == j == 0)
        if (m, i, j) not in angles:
            angles[m, i, j] = sum(
                comb(i, k) * comb(j, h) * _log(k, h, z, log).imag * angle(m - 1, i - k, j - h)
                for k in range(i + 1)
                for h in range(j + 1)
                if m > 1 or (k, h) == (i, j)
            )
        return angles[m, i, j]

    return sum(
        factor
        * comb(a, k)
        * comb(b, h)
        * (perm(p, k) * x ** (p - k))
        * (perm(q, h) * y ** (q - h))
        * angle(m, a - k, b - h)
        for (p, q, m), factor in terms.items()
        for k in range(min(a, p) + 1)
        for h in range(min(b, q) + 1)
    )


def pressure(reynolds: float, a: int, b: int, x: Any, y: Any, log: Callable[[Any], Any]) -> Any:
    """∂_X^a ∂_Y^b (P₁/R + P₂) at numbers or arrays, R ≠ 0.

    >>> import cmath
    >>> round(pressure(1.0, 0, 0, 1.0, 0.0, cmath.log) * (pi**2 - 4), 12)
    -8.0
    """
    z = x + 1j * y
    # 1/z is the derivative of log z along X.
    first, second = _log(a + 1, b, z, log), _log(a, b, z, log)
    return (PRESSURE[1] / reynolds * first + PRESSURE[2] * second).real


def _log(a: int, b: int, z: Any, log: Callable[[Any], Any]) -> Any:
    """∂_X^a ∂_Y^b log z."""
    n = a + b
    return log(z) if n == 0 else 1j**b * ((-1) ** (n - 1) * factorial(n - 1)) / z**n
