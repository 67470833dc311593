"""What must be refused: activations without the derivatives that K needs, derivatives across a jump.

Neither is read off a formula. An activation is smooth enough for an operator of order n where
E[(Δ_h^{n+1}φ(z)/h^{n+1})²] stays bounded as h → 0: K needs φ^{(n+1)} in L². A flux q(y) has a derivative
without a point mass where q(δ) − q(−δ) → 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb

import numpy as np

import ntk_theory as nt


@dataclass(frozen=True)
class Kink:
    """An operator in one field, its order, and an activation ReLU^k."""

    operator: str
    order: int
    power: int


#: Orders and powers on both sides of the line.
KINKS = tuple(
    Kink(operator, order, k)
    for operator, order in (
        ("u_t + u*u_x", 1),
        ("u_xx", 2),
        ("u_t - u_xx", 2),
        ("u_xx + u^3", 2),
        ("u_t + u*u_x + u_xxx", 3),
        ("u_tt + u_xxxx", 4),
    )
    for k in (1, 2, 3, 4, 5)
)


def roughness(kink: Kink, step: float) -> float:
    """E[(Δ_h^{n+1}φ/h^{n+1})²] over z ~ N(0, 1), by a fine sum."""
    order = kink.order + 1
    z = np.arange(-6, 6, step / 40)
    differences = sum(
        (-1) ** (order - j) * comb(order, j) * np.maximum(z + (j - order / 2) * step, 0.0) ** kink.power
        for j in range(order + 1)
    )
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return float(np.sum((differences / step**order) ** 2 * density) * step / 40)


def is_too_rough(kink: Kink) -> bool:
    """Whether the derivative that K needs is no function: its size grows as the step shrinks."""
    return roughness(kink, 0.01) > 1.5 * roughness(kink, 0.04) + 1e-9


@dataclass(frozen=True)
class Flux:
    """A flux q of a smooth field along y as text and as a function of (y, u, u_y)."""

    text: str
    value: Callable[[float, float, float], float]


FLUXES = (
    Flux("sign(y)*u_y", lambda y, _u, uy: np.sign(y) * uy),
    Flux("(2 + sign(y))*u_y", lambda y, _u, uy: (2 + np.sign(y)) * uy),
    Flux("sign(y - 1/2)*u_y", lambda y, _u, uy: np.sign(y - 0.5) * uy),
    Flux("sign(y)*u", lambda y, u, _uy: np.sign(y) * u),
    Flux("sign(y)*u*u_y", lambda y, u, uy: np.sign(y) * u * uy),
    Flux("(1 + abs(y)/y)*u_y", lambda y, _u, uy: (1 + np.sign(y)) * uy),
    Flux("exp(sign(y))*u_y", lambda y, _u, uy: np.exp(np.sign(y)) * uy),
    Flux("sign(y)*u^3", lambda y, u, _uy: np.sign(y) * u**3),
    Flux("sign(y^2 - 1/4)*u_y", lambda y, _u, uy: np.sign(y * y - 0.25) * uy),
    Flux("u_y/(2 + sign(y))", lambda y, _u, uy: uy / (2 + np.sign(y))),
    Flux("atan(1/y)*u_y", lambda y, _u, uy: np.arctan(1 / y) * uy),
    Flux("tanh(y)*u_y", lambda y, _u, uy: np.tanh(y) * uy),
    Flux("abs(y)*u_y", lambda y, _u, uy: abs(y) * uy),
    Flux("sign(y)*y*u_y", lambda y, _u, uy: np.sign(y) * y * uy),
    Flux("y*u", lambda y, u, _uy: y * u),
    Flux("abs(u_y)*u_y", lambda _y, _u, uy: abs(uy) * uy),
)


def jumps(flux: Flux) -> bool:
    """Whether the flux of a smooth field jumps at some y of [−1, 1]."""
    y = -1 + 2 * (np.arange(40_000) + 0.317) / 40_000
    u, slope = np.sin(1.3 * y + 0.4), 1.3 * np.cos(1.3 * y + 0.4)
    q = np.array([flux.value(*row) for row in zip(y, u, slope, strict=True)])
    return bool(np.max(np.abs(np.diff(q))) > 0.01)


def refuses(text: str, **given: str) -> bool:
    """Whether ``classify`` refuses, or is undecided in every regime."""
    try:
        found = nt.classify(text, **given)
    except nt.NTKTheoryError:
        return True
    return all(
        str(found.regime(block, s).limit) == "undecided" for block in ("ff",) for s in ("1/4", "1/2", "3/4")
    )
