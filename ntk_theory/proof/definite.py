"""The kernel of infinitely wide networks is positive definite at points: parameters at which features differ.

With ψ_i(w, b) = Σ_α c_α scale^α w^α φ^(|α|)(w·y_i + b), the part of K∞ at s = 1/2 that the output weights
make is E ψψᵀ, and the rest is positive semidefinite. n functions ψ_i are independent iff det ψ_i(ω_k) ≠ 0 at
some ω_1 … ω_n [D]: these are looked for here, in floats, and the determinant is taken at many digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from scipy.linalg import qr

from ntk_theory.errors import InputError
from ntk_theory.proof.asked import Asked, around
from ntk_theory.proof.certificate import Certificate
from ntk_theory.proof.rows import groups_of, rows_of

#: Digits of determinants, and the relative half width of the claim on one.
DIGITS, WIDTH = 70, 1e-12
#: Parameters to choose from, for each that is needed; a parameter is a multiple of one over this.
CANDIDATES, GRID = 12, 64


def positive_definite(asked: Asked) -> Certificate:
    """Parameters ω at which det ψ_i(ω_k) is far from 0, by pivoted QR among random ones.

    ψ is normalised by row before pivots are chosen, since rows of high order are large.
    """
    problem = asked.problem
    names = asked.names or tuple(g.name for g in problem.groups)
    setting = {**asked.setting, "groups": groups_of(problem, names)}
    rows = rows_of(names, asked.points)
    d, fields, n = len(problem.variables), problem.fields, len(rows)
    rng = np.random.default_rng(np.random.SeedSequence(asked.seed, spawn_key=(23,)))
    drawn = np.round(rng.normal(0, 1.5, (CANDIDATES * n, d + 1)) * GRID).astype(int)
    candidates = [
        (fields[int(k)], [Fraction(int(a), GRID) for a in w])
        for k, w in zip(rng.integers(len(fields), size=len(drawn)), drawn, strict=True)
    ]
    table = np.array([[float(_feature(setting, row, f, w)) for f, w in candidates] for row in rows])
    table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-300)
    order = qr(table, mode="economic", pivoting=True)[2][:n]
    kept = [candidates[k] for k in order]
    with mpmath.workdps(DIGITS):
        psi = mpmath.matrix([[_feature(setting, row, f, w, exact=True) for f, w in kept] for row in rows])
        det = mpmath.det(psi)
        claim = around(det, WIDTH)
    counts = ", ".join(f"{sum(row[0] == name for row in rows)} of {name}" for name in setting["groups"])
    statement = (
        f"λ_min(K∞) > 0 for {n} rows ({counts}), s = 1/2, {setting['activation']}, one hidden layer: "
        f"det ψ in [{claim[0]}, {claim[1]}]"
    )
    parameters = [[field, [str(a) for a in w]] for field, w in kept]
    parts = {"setting": setting, "rows": rows, "parameters": parameters, "determinant": claim}
    return Certificate.of("positive-definite", statement, parts)


def _feature(setting: Mapping[str, Any], row: Any, field: str, w: list[Fraction], exact: bool = False) -> Any:
    """ψ of a row at (w, b), in floats or in mpmath."""
    total: Any = mpmath.mpf(0) if exact else 0.0

    def as_number(value: Fraction) -> Any:
        return mpmath.mpf(value.numerator) / value.denominator if exact else float(value)

    name, places = row
    for leg, place in zip(setting["groups"][name], places, strict=True):
        x = [Fraction(text) for text in place]
        scale = [Fraction(text) for text in setting["scale"]]
        y = [a * t + Fraction(b) for a, t, b in zip(scale, x, setting["shift"], strict=True)]
        z = sum((a * b for a, b in zip(w, y, strict=False)), w[-1])
        for own, orders, coefficient in leg:
            if own != field:
                continue
            number = Fraction(0)
            for value, powers in coefficient:
                term = Fraction(value)
                for t, k in zip(x, powers, strict=True):
                    term *= t**k
                number += term
            for a, v, k in zip(scale, w, orders, strict=False):
                number *= (a * v) ** k
            total += as_number(number) * _derivative(setting["activation"], sum(orders), as_number(z))
    return total


def _derivative(phi: str, k: int, z: Any) -> Any:
    """φ^(k)(z)."""
    if phi not in DERIVATIVES:
        raise InputError(f"activation is {phi!r}; a certificate needs one of {', '.join(DERIVATIVES)}")
    return DERIVATIVES[phi](k, z, mpmath if isinstance(z, mpmath.mpf) else np)


@cache
def _in_tanh(k: int) -> tuple[int, ...]:
    """The coefficients of tanh^(k) as a polynomial in tanh, the highest first."""
    t = sp.Symbol("t")
    found = t
    for _ in range(k):
        found = sp.expand(sp.diff(found, t) * (1 - t**2))
    return tuple(int(a) for a in sp.Poly(found, t).all_coeffs())


def _tanh(k: int, z: Any, library: Any) -> Any:
    value, total = library.tanh(z), 0 * z
    for a in _in_tanh(k):
        total = total * value + a
    return total


def _sine(k: int, z: Any, library: Any) -> Any:
    return (1, 1, -1, -1)[k % 4] * (library.sin(z), library.cos(z))[k % 2]


DERIVATIVES = {"tanh": _tanh, "sin": _sine}
