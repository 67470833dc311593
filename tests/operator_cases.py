"""Operators with their case, D, s1, s2 and regimes, derived by hand; one line of derivation each.

Notation of the derivations: F_0 = ∂F/∂u and F_x, F_t, … the other slots; p, P the largest behaviour of
all F_α as ε → 0 and ε → ∞, p0, P0 that of F_0. With a trained output bias

    m_ff = min(2 + 2p, 2 p0),  m_bf = min(2 + p, p0)        (s > 1/2, exponent (1/2 − s)·m)
    M_ff = max(2 + 2P, 2 P0),  M_bf = max(2 + P, P0)        (s < 1/2),

without one (bias "none") the second entries are absent. ``None`` as a degree: no exponent (faster
than any power, only up to logarithms, undefined).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as Q

import sympy as sp

A, HOM, NA = "A", "homogeneous", "not applicable"
Z, DET, RAND, DIV, UNDEF = "zero", "deterministic", "random", "diverges", "undefined"


@dataclass(frozen=True)
class Case:
    """One operator: what was typed, for which output bias, and the hand-derived answer."""

    text: str
    case: str
    D: int | None
    ff: tuple  # (M_ff, limit below, limit at 1/2, m_ff, limit above)
    bf: tuple  # (M_bf, limit below, limit at 1/2, m_bf, limit above)
    why: str
    bias: str = "zero"

    @property
    def s1(self) -> str | None:
        """(2D+1)/(2D+2) in the homogeneous case."""
        return str(Q(2 * self.D + 1, 2 * self.D + 2)) if self.case == HOM else None

    @property
    def s2(self) -> str | None:
        """(D+1)/(D+2) in the homogeneous case."""
        return str(Q(self.D + 1, self.D + 2)) if self.case == HOM else None

    def __str__(self) -> str:
        return f"{self.text} [{self.bias}]"


def exponent(degree) -> sp.Expr | None:
    """(1/2 − s)·degree as an expression in s."""
    return (
        None
        if degree is None
        else sp.expand((sp.Rational(1, 2) - sp.Symbol("s", real=True)) * sp.nsimplify(degree))
    )


LINEAR = (2, DIV, DET, 2, Z)
CASES = (
    Case("u_t - u_xx", HOM, 0, LINEAR, LINEAR, "F_t = 1, F_xx = -1: p = P = 0, F_0 = 0"),
    Case("u_xx + u_yy", HOM, 0, LINEAR, LINEAR, "Laplace: constants, F_0 = 0"),
    Case("u_t + c*u_x", HOM, 0, LINEAR, LINEAR, "advection: constants, F_0 = 0"),
    Case("u_tt - u_xx", HOM, 0, LINEAR, LINEAR, "wave: constants, F_0 = 0"),
    Case("u_tt + u_xxxx", HOM, 0, LINEAR, LINEAR, "beam: constants, F_0 = 0"),
    Case("u_t - x*u_xx - sin(x)", HOM, 0, LINEAR, LINEAR, "coefficients of x count as constants"),
    Case(
        "u_tt - u_xx + u", A, 0, (2, DIV, DET, 0, DET), (2, DIV, DET, 0, DET), "F_0 = 1: p = p0 = 0, affine"
    ),
    Case("u_xx + u_yy + k^2*u", A, 0, (2, DIV, DET, 0, DET), (2, DIV, DET, 0, DET), "Helmholtz: F_0 = k^2"),
    Case(
        "u_t + u*u_x + u_xxx",
        A,
        1,
        (4, DIV, RAND, 2, Z),
        (3, DIV, RAND, 1, Z),
        "F_0 = u_x: 1, F_x = u: 1, others 0; m = min(2, 2), min(2, 1); P = P0 = 1",
    ),
    Case("u_t + u*u_x", A, 1, (4, DIV, RAND, 2, Z), (3, DIV, RAND, 1, Z), "as KdV"),
    Case("u_t + u*u_x - nu*u_xx", A, 1, (4, DIV, RAND, 2, Z), (3, DIV, RAND, 1, Z), "as KdV"),
    Case(
        "u_t + 6*u^2*u_x + u_xxx",
        A,
        2,
        (6, DIV, RAND, 2, Z),
        (4, DIV, RAND, 2, Z),
        "F_0 = 12 u u_x: 2, F_x = 6u^2: 2, F_t = 1: m = min(2, 4), min(2, 2); P = P0 = 2",
    ),
    Case(
        "u_tt - u_xx + sin(u)",
        A,
        None,
        (2, DIV, RAND, 0, DET),
        (2, DIV, RAND, 0, DET),
        "F_0 = cos u: 1 at 0, bounded at infinity",
    ),
    Case(
        "u_tt - u_xx + sinh(u)",
        A,
        None,
        (None, DIV, RAND, 0, DET),
        (None, DIV, RAND, 0, DET),
        "F_0 = cosh u: 1 at 0, faster than any power at infinity",
    ),
    Case("u_xx + exp(u)", A, None, (None, DIV, RAND, 0, DET), (None, DIV, RAND, 0, DET), "F_0 = exp u"),
    Case(
        "u_x^2 + u_y^2 - 1",
        HOM,
        1,
        (4, DIV, RAND, 4, Z),
        (3, DIV, RAND, 3, Z),
        "F_x = 2u_x: p = P = 1, F_0 = 0",
    ),
    Case(
        "u_t + u_x^2/2 - nu*u_xx",
        HOM,
        1,
        (4, DIV, RAND, 2, Z),
        (3, DIV, RAND, 2, Z),
        "KPZ: F_x = u_x: 1, F_t = 1: p = 0, P = 1",
    ),
    Case(
        "u_t + u_x^3", HOM, 2, (6, DIV, RAND, 2, Z), (4, DIV, RAND, 2, Z), "F_x = 3u_x^2: p = 0 by F_t, P = 2"
    ),
    Case(
        "u_xx*u_yy - u_xy^2 - 1",
        HOM,
        1,
        (4, DIV, RAND, 4, Z),
        (3, DIV, RAND, 3, Z),
        "Monge-Ampère: p = P = 1",
    ),
    Case(
        "(1+u_y^2)*u_xx - 2*u_x*u_y*u_xy + (1+u_x^2)*u_yy",
        HOM,
        2,
        (6, DIV, RAND, 2, Z),
        (4, DIV, RAND, 2, Z),
        "minimal surface: F_xx = 1 + u_y^2: p = 0, P = 2",
    ),
    Case(
        "u_x^2*u_xx",
        HOM,
        2,
        (6, DIV, RAND, 6, Z),
        (4, DIV, RAND, 4, Z),
        "F_x = 2u_x u_xx, F_xx = u_x^2: p = P = 2",
    ),
    Case(
        "u_t + u_xx + u_xxxx + u_x^2/2",
        HOM,
        1,
        (4, DIV, RAND, 2, Z),
        (3, DIV, RAND, 2, Z),
        "Kuramoto-Sivashinsky, integral form: F_x = u_x, F_t = 1",
    ),
    Case(
        "u_t - u_xx + u^3 - u",
        A,
        2,
        (6, DIV, RAND, 0, DET),
        (4, DIV, RAND, 0, DET),
        "F_0 = 3u^2 - 1: p0 = 0, P0 = 2",
    ),
    Case(
        "u_t - u_xx - u*(1-u)",
        A,
        1,
        (4, DIV, RAND, 0, DET),
        (3, DIV, RAND, 0, DET),
        "F_0 = 2u - 1: p0 = 0, P0 = 1",
    ),
    Case(
        "u_t - diff(u^2, x, 2)",
        A,
        1,
        (4, DIV, RAND, 2, Z),
        (3, DIV, RAND, 1, Z),
        "porous medium: F_0 = -2u_xx: 1, F_xx = -2u, F_t = 1",
    ),
    Case(
        "u_t - u_xxt + 3*u*u_x - 2*u_x*u_xx - u*u_xxx",
        A,
        1,
        (4, DIV, RAND, 2, Z),
        (3, DIV, RAND, 1, Z),
        "Camassa-Holm: F_0 = 3u_x - u_xxx: 1, F_t = 1",
    ),
    Case(
        "u_t + u_x + u*u_x - u_xxt",
        A,
        1,
        (4, DIV, RAND, 2, Z),
        (3, DIV, RAND, 1, Z),
        "BBM: F_0 = u_x, F_x = 1 + u",
    ),
    Case(
        "u_tt - u_xx - u_xxxx - 3*diff(u^2, x, 2)",
        A,
        1,
        (4, DIV, RAND, 2, Z),
        (3, DIV, RAND, 1, Z),
        "Boussinesq: F_0 = -6u_xx: 1",
    ),
    Case(
        "u_t + diff(u^3*u_xxx, x)",
        A,
        3,
        (8, DIV, RAND, 2, Z),
        (5, DIV, RAND, 2, Z),
        "thin film: F_0 = 6u u_x u_xxx + 3u^2 u_xxxx: 3, F_t = 1; P = P0 = 3",
    ),
    Case(
        "u^2", A, 1, (4, DIV, RAND, 2, Z), (3, DIV, RAND, 1, Z), "F_0 = 2u: p = p0 = 1; min(4, 2), min(3, 1)"
    ),
    Case(
        "u^3",
        A,
        2,
        (6, DIV, RAND, 4, Z),
        (4, DIV, RAND, 2, Z),
        "F_0 = 3u^2: p = p0 = 2; min(6, 4), min(4, 2)",
    ),
    Case(
        "u_t - u_xx + |u|^(1/2)",
        A,
        None,
        (2, DIV, RAND, -1, DIV),
        (2, DIV, RAND, Q(-1, 2), DIV),
        "F_0 ~ |u|^(-1/2): p = p0 = -1/2: min(1, -1), min(3/2, -1/2); P = 0 by F_t",
    ),
    Case(
        "u_t + |u|^(3/2)*u_x",
        A,
        None,
        (5, DIV, RAND, 2, Z),
        (Q(7, 2), DIV, RAND, Q(3, 2), Z),
        "F_0 = 3/2 |u|^(1/2) sign(u) u_x: 3/2, F_x: 3/2, F_t = 1: min(2, 3), min(2, 3/2); P = 3/2",
    ),
    Case(
        "|u|^(1/2)*u_t + u_x",
        A,
        None,
        (3, DIV, RAND, 1, Z),
        (Q(5, 2), DIV, RAND, Q(1, 2), Z),
        "F_0 = |u|^(-1/2) sign(u) u_t/2: 1/2, F_t: 1/2, F_x = 1: min(2, 1), min(2, 1/2); P = 1/2",
    ),
    Case(
        "atan(u)",
        A,
        None,
        (-2, Z, RAND, 0, DET),
        (0, RAND, RAND, 0, DET),
        "F_0 = 1/(1+u^2): p0 = 0, P = -2: max(-2, -4), max(0, -2)",
    ),
    Case(
        "u/(1+u^2)",
        A,
        None,
        (-2, Z, RAND, 0, DET),
        (0, RAND, RAND, 0, DET),
        "F_0 = (1-u^2)/(1+u^2)^2: p0 = 0, P = -2",
    ),
    Case(
        "1/(1+u^2)",
        A,
        None,
        (-4, Z, RAND, 2, Z),
        (-1, Z, RAND, 1, Z),
        "F_0 = -2u/(1+u^2)^2: p0 = 1, P = -3: max(-4, -6), max(-1, -3)",
    ),
    Case(
        "tanh(u)",
        A,
        None,
        (None, Z, RAND, 0, DET),
        (None, Z, RAND, 0, DET),
        "F_0 = 1 - tanh^2: 1 at 0, flat at infinity",
    ),
    Case(
        "log(1+u_x^2)",
        A,
        None,
        (0, RAND, RAND, 4, Z),
        (1, DIV, RAND, 3, Z),
        "F_x = 2u_x/(1+u_x^2): p = 1, P = -1, F_0 = 0",
    ),
    Case(
        "sqrt(1+u_x^2)",
        A,
        None,
        (2, DIV, RAND, 4, Z),
        (2, DIV, RAND, 3, Z),
        "F_x = u_x/sqrt(1+u_x^2): p = 1, P = 0",
    ),
    Case(
        "u_t - exp(-u_x^2)",
        A,
        None,
        (2, DIV, RAND, 2, Z),
        (2, DIV, RAND, 2, Z),
        "F_x = 2u_x exp(-u_x^2): 1 and flat; F_t = 1",
    ),
    Case(
        "u_t + sin(u)*u_x",
        A,
        None,
        (4, DIV, RAND, 2, Z),
        (3, DIV, RAND, 1, Z),
        "F_0 = cos(u) u_x: 1, F_x = sin u: 1 at 0, 0 at infinity; F_t = 1",
    ),
    Case(
        "u_t - diff(|u_x|*u_x, x)",
        A,
        None,
        (4, DIV, RAND, 2, Z),
        (3, DIV, RAND, 2, Z),
        "= u_t - 2|u_x|u_xx: F_x, F_xx: 1, F_t = 1, F_0 = 0; |u_x| is not a polynomial",
    ),
    Case(
        "|u_x| - 1",
        A,
        None,
        (2, DIV, RAND, 2, Z),
        (2, DIV, RAND, 2, Z),
        "F_x = sign(u_x): degree 0 at both ends",
    ),
    Case("|u|", A, None, (2, DIV, RAND, 0, RAND), (2, DIV, RAND, 0, RAND), "F_0 = sign(u): a random sign"),
    Case(
        "log(|u_x|)",
        NA,
        None,
        (0, RAND, RAND, 0, RAND),
        (1, DIV, RAND, 1, Z),
        "F_x = 1/u_x: p = P = -1, F_0 = 0",
    ),
    Case(
        "u*log(|u|)",
        A,
        None,
        (None, DIV, RAND, None, DIV),
        (None, DIV, RAND, None, DIV),
        "F_0 = log|u| + 1: powers up to logarithms; F is continuous at 0",
    ),
    Case(
        "log(u)",
        NA,
        None,
        (None, UNDEF, UNDEF, None, UNDEF),
        (None, UNDEF, UNDEF, None, UNDEF),
        "not real for u < 0",
    ),
    Case(
        "u_t + u^(3/2)",
        NA,
        None,
        (None, UNDEF, UNDEF, None, UNDEF),
        (None, UNDEF, UNDEF, None, UNDEF),
        "not real for u < 0",
    ),
    Case(
        "log(1+u)",
        NA,
        None,
        (None, UNDEF, UNDEF, 0, DET),
        (None, UNDEF, UNDEF, 0, DET),
        "F_0 = 1/(1+u): near u = 0 it is real, else not",
    ),
    Case("u_x + sin(u)^2 + cos(u)^2 - 1", HOM, 0, LINEAR, LINEAR, "F_0 = 0 after simplification"),
    Case("cosh(u)^2*u_x - sinh(u)^2*u_x", HOM, 0, LINEAR, LINEAR, "u_x in disguise"),
    Case(
        "cos(u)*u_t",
        A,
        None,
        (4, DIV, RAND, 2, Z),
        (3, DIV, RAND, 2, Z),
        "F_0 = -sin(u) u_t: 2 at 0, 1 at infinity; F_t = cos u: 0: min(2, 4), min(2, 2), P = 1",
    ),
    # Other output biases
    Case(
        "u_tt - u_xx + sin(u)",
        A,
        None,
        (2, DIV, RAND, 0, RAND),
        (2, DIV, RAND, 0, RAND),
        "F_0 = cos c is random",
        "normal",
    ),
    Case(
        "u_t + u*u_x + u_xxx",
        A,
        1,
        (4, DIV, RAND, 2, Z),
        (3, DIV, RAND, 1, Z),
        "F_0 = ε v_x: 1, F_x = c: 0",
        "normal",
    ),
    Case(
        "u_t - u_xx + u^3 - u",
        A,
        2,
        (6, DIV, RAND, 0, RAND),
        (4, DIV, RAND, 0, RAND),
        "F_0 = 3c^2 - 1 is random",
        "normal",
    ),
    Case(
        "u_tt - u_xx + u", A, 0, (2, DIV, DET, 0, DET), (2, DIV, DET, 0, DET), "F_0 = 1 whatever c", "normal"
    ),
    Case(
        "u_t - u_xx + |u|^(1/2)",
        A,
        None,
        (2, DIV, RAND, 0, RAND),
        (2, DIV, RAND, 0, RAND),
        "F_0 = |c|^(-1/2) sign(c)/2 is random",
        "normal",
    ),
    Case(
        "|u|",
        A,
        None,
        (2, DIV, RAND, 0, DET),
        (2, DIV, RAND, 0, RAND),
        "F_0 = sign(c): K_ff → sign(c)^2 = 1, K_bf → sign(c)",
        "normal",
    ),
    Case("u_t - u_xx", NA, 0, LINEAR, LINEAR, "p = 0 and no bias term", "none"),
    Case("u_tt - u_xx + u", NA, 0, LINEAR, LINEAR, "p = 0 and no bias term", "none"),
    Case(
        "u_t + u*u_x + u_xxx",
        NA,
        1,
        (4, DIV, RAND, 2, Z),
        (3, DIV, RAND, 2, Z),
        "m = 2 + 2p, 2 + p with p = 0; P = 1",
        "none",
    ),
    Case(
        "u_t - u_xx + |u|^(1/2)",
        NA,
        None,
        (2, DIV, RAND, 1, Z),
        (2, DIV, RAND, Q(3, 2), Z),
        "p = -1/2: 2 + 2p = 1, 2 + p = 3/2; P = 0",
        "none",
    ),
    Case(
        "u*log(|u|)",
        NA,
        None,
        (None, DIV, RAND, None, Z),
        (None, DIV, RAND, None, Z),
        "ε^2 log^2 ε → 0",
        "none",
    ),
)
