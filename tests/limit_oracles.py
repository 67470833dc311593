"""Slow, independent computations of infinite-width quantities, for the tests of ``ntk_theory.limit``."""

from __future__ import annotations

import itertools
import math

import mpmath as mp
import numpy as np

from ntk_theory.empirical.reference import formula_function
from ntk_theory.setting.activations import ACTIVATIONS

#: Smooth activations: the formula of every line of the table, the oldest written out here once more.
FUNCTIONS = {name: formula_function(phi) for name, phi in ACTIVATIONS.items() if phi.is_smooth} | {
    "tanh": mp.tanh,
    "sigmoid": lambda z: 1 / (1 + mp.exp(-z)),
    "softplus": lambda z: mp.log(1 + mp.exp(z)),
    "sin": mp.sin,
    "erf": mp.erf,
    "gaussian": lambda z: mp.exp(-z * z),
    "silu": lambda z: z / (1 + mp.exp(-z)),
    "gelu": lambda z: z * mp.ncdf(z),
}


def mehler_dual(name, i, j, p, q, r, digits=40, terms=80):
    """E[φ^(i)(U) φ^(j)(V)] = Σ_k ρ^k f_k g_k with f_k = E[φ^(i)(√p z) He_k(z)]/√k! (Mehler 1866).

    One-dimensional integrals in 40-digit arithmetic; needs |ρ| well below 1. The trapezoid rule with
    spacing 1/10 on |z| ≤ 12 is exact to more than 20 digits for √p ≤ 0.9.
    """
    with mp.workdps(digits + 10):
        p, q, r = mp.mpf(p), mp.mpf(q), mp.mpf(r)
        left = _hermite_coefficients(FUNCTIONS[name], i, mp.sqrt(p), terms)
        right = _hermite_coefficients(FUNCTIONS[name], j, mp.sqrt(r), terms)
        rho = q / mp.sqrt(p * r)
        return mp.fsum(rho**k * a * b for k, (a, b) in enumerate(zip(left, right, strict=True)))


def _hermite_coefficients(function, order, scale, terms):
    nodes = [mp.mpf(n) / 10 for n in range(-120, 121)]
    values = [
        mp.taylor(function, scale * z, order)[order]
        * mp.factorial(order)
        * mp.exp(-z * z / 2)
        / (10 * mp.sqrt(2 * mp.pi))
        for z in nodes
    ]
    before, current = [mp.mpf(0)] * len(nodes), [mp.mpf(1)] * len(nodes)
    out = []
    for k in range(terms):
        out.append(mp.fsum(v * h for v, h in zip(values, current, strict=True)))
        # Normalised: h_{k+1} = (z h_k − √k h_{k−1})/√(k+1).
        root, last = mp.sqrt(k + 1), mp.sqrt(k)
        before, current = (
            current,
            [(z * h - last * b) / root for z, h, b in zip(nodes, current, before, strict=True)],
        )
    return out


def tanh_derivatives(z, order):
    """tanh^(k)(z) for k ≤ order by Leibniz' rule on y' = 1 − y²."""
    out = [np.tanh(z)]
    for k in range(order):
        square = sum(math.comb(k, m) * out[m] * out[k - m] for m in range(k + 1))
        out.append((1.0 if k == 0 else 0.0) - square)
    return out


def depth_one_integral(points, indices, *, spacing=0.14, reach=9.2):
    """Σ and T of a tanh network of depth 1 in two variables, by a 3-D trapezoid rule over (w₁, w₂, b).

    Σ_αβ = E[w^{α+β} φ^(|α|)(u) φ^(|β|)(v)], u = w·x + b, and T = Σ + Σ_k E[∂^α(x_k φ'(u)) ∂^β(x'_k φ'(v))]
    with x_3 = 1 for the bias and ∂^α(x_k φ'(u)) = x_k w^α φ^(|α|+1) + α_k w^{α−e_k} φ^(|α|).
    """
    half = np.arange(0.0, reach, spacing)
    grid = np.concatenate([-half[:0:-1], half])
    weight = spacing / math.sqrt(2 * math.pi) * np.exp(-(grid**2) / 2)
    w2, b = (a.ravel() for a in np.meshgrid(grid, grid, indexing="ij"))
    plane = np.outer(weight, weight).ravel()
    order = max(map(sum, indices))
    size = len(indices) * len(points)
    sigma, hidden = np.zeros((size, size)), np.zeros((size, size))
    for w1, share in zip(grid, weight, strict=True):
        if w1 < -spacing / 4:
            continue  # every product is even in (w, b)
        twice = share if w1 < spacing / 4 else 2 * share
        rows = [[] for _ in range(4)]
        for alpha in indices:
            power = w1 ** alpha[0] * w2 ** alpha[1]
            for x in points:
                phi = tanh_derivatives(w1 * x[0] + w2 * x[1] + b, order + 1)
                rows[0].append(power * phi[sum(alpha)])
                for k in range(3):
                    term = (x[k] if k < 2 else 1.0) * power * phi[sum(alpha) + 1]
                    if k < 2 and alpha[k]:
                        lower = w1 ** (alpha[0] - (k == 0)) * w2 ** (alpha[1] - (k == 1))
                        term = term + alpha[k] * lower * phi[sum(alpha)]
                    rows[k + 1].append(term)
        scaled = [np.array(row) * np.sqrt(plane * twice) for row in rows]
        sigma += scaled[0] @ scaled[0].T
        hidden += sum(row @ row.T for row in scaled[1:])
    shape = (len(indices), len(points), len(indices), len(points))
    return sigma.reshape(shape), (sigma + hidden).reshape(shape)


def price_series(dual, p, q, r, order):
    """D(p(h), q(h, h'), r(h')) for d = 1 by Price's theorem, as plain dictionaries {(a, b): coefficient}.

    ``dual(i, j)`` gives E[φ^(i) φ^(j)] at the base point; p and r are lists of coefficients, q a dictionary.
    """

    def times(f, g):
        out = {}
        for (a, b), x in f.items():
            for (c, d), y in g.items():
                if a + c <= order and b + d <= order:
                    out[a + c, b + d] = out.get((a + c, b + d), 0.0) + x * y
        return out

    def power(f, n):
        out = {(0, 0): 1.0}
        for _ in range(n):
            out = times(out, f)
        return out

    dp = {(a, 0): p[a] for a in range(1, order + 1)}
    dr = {(0, b): r[b] for b in range(1, order + 1)}
    dq = {key: value for key, value in q.items() if key != (0, 0)}
    total = {}
    for i, k in itertools.product(range(order + 1), repeat=2):
        for j in range(2 * order - i - k + 1):
            factor = dual(j + 2 * i, j + 2 * k) / 2 ** (i + k)
            factor /= math.factorial(i) * math.factorial(j) * math.factorial(k)
            for key, value in times(times(power(dp, i), power(dr, k)), power(dq, j)).items():
                total[key] = total.get(key, 0.0) + factor * value
    return total
