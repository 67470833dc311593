"""How far the kernel of infinitely wide networks moves for s > 1/2, by the limit of THEORY §5 [D].

Only the output bias moves, c' = −Σ_j R_j(c) R_j'(c), and K(t) = ρρᵀ with ρ_j = R_j'(c). The equation is
solved here in floats; that c(t) lies between two numbers is proved by the time that c needs to reach them.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from scipy.integrate import solve_ivp

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.proof.asked import Asked, around
from ntk_theory.proof.certificate import Certificate
from ntk_theory.proof.rows import at_constants, targets_of

#: Half width of the claim on c, and the relative one on what the kernel moves.
OF_BIAS, WIDTH = Fraction(1, 10**8), 1e-5
#: Where no time is given, the best of so many up to the longest.
LONGEST, TIMES = 1, 200


def drift(asked: Asked) -> Certificate:
    """c(t) by SciPy, between two numbers 10⁻⁸ off."""
    problem, points = asked.problem, asked.points
    if len(problem.fields) > 1:
        raise InputError("the problem has several fields; a certificate of the drift needs one")
    block = list(asked.names or (g.name for g in problem.equations))
    rows = at_constants(problem, points, targets_of(problem, points))
    c = sp.Symbol("c")
    residuals = [(group, _residual(terms, target, c)) for group, terms, target, _ in rows]
    pull = sp.lambdify(c, -sum((r * sp.diff(r, c) for _, r in residuals), sp.S.Zero), "math")
    slopes = sp.lambdify(c, [sp.diff(r, c) for group, r in residuals if group in block], "math")

    def moved(x: float) -> float:
        here, first = np.array(slopes(x), dtype=float), np.array(slopes(0.0), dtype=float)
        return float(np.linalg.norm(np.outer(here, here) - np.outer(first, first)))

    def solved(end: float, times: Floats | None = None) -> Floats:
        made = solve_ivp(
            lambda _, y: [pull(float(y[0]))],
            (0.0, end),
            [0.0],
            method="DOP853",
            t_eval=times,
            rtol=1e-13,
            atol=1e-14,
        )
        return np.asarray(made.y[0])

    if asked.time is None:
        times = np.linspace(0.0, LONGEST, TIMES + 1)
        best = int(np.argmax([moved(float(x)) for x in solved(LONGEST, times)]))
        end = Fraction(LONGEST) * max(best, 1) / TIMES
    else:
        end = Fraction(str(asked.time))
    found = Fraction(round(float(solved(float(end))[-1]) * 10**12), 10**12)
    if abs(found) < 100 * OF_BIAS:
        raise InputError(f"the output bias does not move until t = {end}; other data or times are needed")
    size = moved(float(found))
    if not size > 0:
        raise InputError(
            f"the limiting kernel of {', '.join(block)} does not move: F_0 is the same along c(t)"
        )
    low, high = (f"{float(found + step):.12f}" for step in (-OF_BIAS, OF_BIAS))
    claim = around(mpmath.mpf(size), WIDTH)
    least = f"{size / 2:.2g}".replace("+", "") if asked.least is None else str(asked.least)
    statement = (
        f"for every s > 1/2 and N → ∞, c(0) = 0, at t = {end}, ‖K(t) - K(0)‖_F of {', '.join(block)} in "
        f"[{claim[0]}, {claim[1]}], more than {least}; c(t) in [{low}, {high}]"
    )
    data = {"rows": rows, "start": "0", "time": str(end), "low": low, "high": high, "block": block,
            "drift": claim, "least": least}  # fmt: skip
    return Certificate.of("drift", statement, data)


def _residual(terms: Any, target: str, c: sp.Symbol) -> sp.Expr:
    """R(c) = Σ a c^i sin(c)^j cos(c)^k − τ."""
    parts = (sp.Rational(a) * c**i * sp.sin(c) ** j * sp.cos(c) ** k for a, (i, j, k) in terms)
    return sum(parts, -sp.Rational(target))
