"""One hidden layer, many points: jets and the contracted kernel in one pass over the neurons.

At depth 1 z = Wx̃ + b is affine, so that [φ(z)]_α = φ_{|α|}(z) (|α|!/α!) w^α and only univariate Taylor
coefficients are needed. With row weights c_{sx} = w_{sx} α_s! and μ_α = (|α|!/α!) w^α [D],

    r_i   = Σ_{s of field i} c_s φ_{|α|} μ_α                              (readout),
    D_0   = Σ_s c_s a^{i(s)} (|α|+1) φ_{|α|+1} μ_α,
    D_{e_j} = Σ_{s: α_j > 0} c_s a^{i(s)} |α| φ_{|α|} μ_{α−e_j},

and the gradient of the row is (r_i; x̃_j D_0 + scale_j D_{e_j}; D_0)/√N: m + d + 1 features per neuron. They
are made for a few neurons at a time, points along the fast axis, and added to K while in cache.
"""

from __future__ import annotations

import numpy as np

from ntk_theory.arrays import Floats, Ints
from ntk_theory.kernels.jit import inlined, kernel
from ntk_theory.kernels.rank_update import add_gram
from ntk_theory.kernels.taylor import CHUNK, fill

#: Features (rows of F) that are made before they are added to K: a block of F fits the second cache.
DEPTH = 128


@inlined
def _preactivation(z: Floats, weight: Floats, bias: float, inputs: Floats) -> None:
    """Bias + Wx̃; the first two variables in one pass."""
    first = min(weight.size, 2)
    if first == 2:
        a, b = weight[0], weight[1]
        x, y = inputs[0], inputs[1]
        for i in range(z.size):
            z[i] = bias + a * x[i] + b * y[i]
    else:
        a = weight[0]
        x = inputs[0]
        for i in range(z.size):
            z[i] = bias + a * x[i]
    for j in range(first, weight.size):
        factor = weight[j]
        x = inputs[j]
        for i in range(z.size):
            z[i] += factor * x[i]


@inlined
def _add(y: Floats, factor: float, c: Floats, f: Floats) -> None:
    for i in range(y.size):
        y[i] += factor * c[i] * f[i]


@inlined
def _value_slot(r: Floats, d: Floats, c: Floats, f: Floats, g: Floats, rho: float, delta: float) -> None:
    """A slot of order 0: r += ρ c f and D_0 += δ c g in one pass."""
    for i in range(c.size):
        r[i] += rho * (c[i] * f[i])
        d[i] += delta * (c[i] * g[i])


@inlined
def _slot(
    r: Floats,
    d: Floats,
    e: Floats,
    c: Floats,
    f: Floats,
    g: Floats,
    rho: float,
    delta: float,
    gamma: float,
) -> None:
    """Any other slot: r += ρ c f, D_0 += δ c g and, for the first j with α_j > 0, D_{e_j} += γ c f."""
    for i in range(c.size):
        both = c[i] * f[i]
        r[i] += rho * both
        d[i] += delta * (c[i] * g[i])
        e[i] += gamma * both


@inlined
def _axpy(y: Floats, factor: float, f: Floats) -> None:
    for i in range(y.size):
        y[i] += factor * f[i]


@inlined
def _zero(y: Floats) -> None:
    for i in range(y.size):
        y[i] = 0.0


@inlined
def _input_feature(y: Floats, rate: float, x: Floats, value: Floats, factor: float, slope: Floats) -> None:
    for i in range(y.size):
        y[i] = rate * (x[i] * value[i] + factor * slope[i])


@inlined
def _first_features(
    y: Floats,
    last: Floats,
    rate: float,
    bias_rate: float,
    x: Floats,
    value: Floats,
    factor: float,
    slope: Floats,
) -> None:
    """The features of the first input and of the bias, both from D_0."""
    for i in range(y.size):
        y[i] = rate * (x[i] * value[i] + factor * slope[i])
        last[i] = bias_rate * value[i]


@kernel(
    "void(int64, int64, float64[:, ::1], float64[::1], float64[:, ::1], float64[:, ::1], float64[:, ::1],"
    "int64[::1], int64[::1], float64[:, ::1])"
)
def shallow_jets(
    code: int,
    power: int,
    weight: Floats,
    bias: Floats,
    readout: Floats,
    monomials: Floats,
    inputs: Floats,
    orders: Ints,
    outputs: Ints,
    out: Floats,
) -> None:
    """out[s, x] += Σ_k a_k^{i(s)} μ_{s,k} φ_{|α_s|}(z_k(x)); monomials (S, N), inputs (d, n), out (S, n)."""
    n = inputs.shape[1]
    top = orders.max()
    f = np.empty((top + 1, CHUNK))
    z = np.empty(CHUNK)
    for start in range(0, n, CHUNK):
        c = min(CHUNK, n - start)
        stop = start + c
        for k in range(bias.size):
            _preactivation(z[:c], weight[k], bias[k], inputs[:, start:stop])
            fill(code, power, z, c, top, f)
            for s in range(orders.size):
                _axpy(out[s, start:stop], readout[outputs[s], k] * monomials[s, k], f[orders[s]])


@kernel(
    "void(int64, int64, float64[:, ::1], float64[::1], float64[:, ::1], float64[:, ::1], float64[:, ::1],"
    "float64[::1], float64[:, ::1], int64[:, ::1], int64[:, ::1], int64, float64[::1], float64[:, ::1],"
    "float64[:, ::1])"
)
def shallow_contract(
    code: int,
    power: int,
    weight: Floats,
    bias: Floats,
    readout: Floats,
    monomials: Floats,
    inputs: Floats,
    scale: Floats,
    coefficients: Floats,
    slots: Ints,
    mixed: Ints,
    top: int,
    factors: Floats,
    features: Floats,
    out: Floats,
) -> None:
    """Add the kernel of these neurons to ``out``, blocks on and above the diagonal only.

    Parameters
    ----------
    code, power, weight, bias, readout, monomials:
        The activation; W (N, d), b (N,), a (m, N), μ (A, N).
    inputs, scale:
        x̃ (d, n) and its chain factors (d,).
    coefficients:
        c (S, n).
    slots:
        Per slot (field, |α|, position of μ_α, j + 1, position of μ_{α−e_j}) with the first j for which
        α_j > 0; j + 1 = 0 where α = 0.
    mixed:
        (slot, field, |α|, j + 1, position of μ_{α−e_j}) for every further j of a mixed derivative.
    top:
        The highest order of φ, max |α| + 1.
    factors:
        √η of readout, W, b, each over √N.
    features:
        Workspace (DEPTH + m + d + 1, ≥ p), zero from column n on.
    out:
        (p, p) with p ≥ n the padded number of points.
    """
    d, n = inputs.shape
    m = readout.shape[0]
    f = np.empty((top + 1, CHUNK))
    z = np.empty(CHUNK)
    D = np.empty((d + 1, CHUNK))
    per = m + d + 1
    used = 0
    for k in range(bias.size):
        for start in range(0, n, CHUNK):
            c = min(CHUNK, n - start)
            stop = start + c
            _preactivation(z[:c], weight[k], bias[k], inputs[:, start:stop])
            fill(code, power, z, c, top, f)
            for i in range(m):
                _zero(features[used + i, start:stop])
            for j in range(d + 1):
                _zero(D[j, :c])
            for t in range(slots.shape[0]):
                field, order, place = slots[t, 0], slots[t, 1], slots[t, 2]
                j, lower = slots[t, 3], slots[t, 4]
                a = readout[field, k]
                rho = factors[0] * monomials[place, k]
                delta = a * monomials[place, k] * (order + 1)
                r, row = features[used + field, start:stop], coefficients[t, start:stop]
                if j == 0:
                    _value_slot(r, D[0, :c], row, f[order], f[order + 1], rho, delta)
                else:
                    gamma = a * monomials[lower, k] * order
                    _slot(r, D[0, :c], D[j, :c], row, f[order], f[order + 1], rho, delta, gamma)
            for t in range(mixed.shape[0]):
                slot, field, order, j, lower = mixed[t, 0], mixed[t, 1], mixed[t, 2], mixed[t, 3], mixed[t, 4]
                gamma = readout[field, k] * monomials[lower, k] * order
                _add(D[j, :c], gamma, coefficients[slot, start:stop], f[order])
            y, last = features[used + m, start:stop], features[used + m + d, start:stop]
            _first_features(y, last, factors[1], factors[2], inputs[0, start:stop], D[0], scale[0], D[1])
            for j in range(1, d):
                y = features[used + m + j, start:stop]
                _input_feature(y, factors[1], inputs[j, start:stop], D[0], scale[j], D[j + 1])
        used += per
        if used + per > DEPTH or k == bias.size - 1:
            add_gram(features, used, out)
            used = 0


@kernel("void(float64[:, ::1], int64, float64[:, ::1])")
def rank_update(features: Floats, depth: int, out: Floats) -> None:
    """The contraction alone, ``out`` += FᵀF over ``depth`` rows: for tests and for measuring its rate."""
    add_gram(features, depth, out)
