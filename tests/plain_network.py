"""Slow, obvious twins of the fast path: Taylor coefficients, jets and the jet NTK in plain NumPy.

A truncated polynomial is a dict from multi-index to array; products and compositions are written out; the
derivatives by the parameters are complex steps, Im f(θ + ih)/h, exact to rounding for analytic f.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import erf

from ntk_theory.kernels.multiindex import closure
from ntk_theory.setting.activations import ERF, GAUSSIAN, GELU, SIGMOID, SILU, SIN, SOFTPLUS, TANH

STEP = 1e-100


def plain_taylor(phi, z, order):
    """φ^{(k)}(z)/k! for k = 0..order, real or complex z, shape (order + 1, *z.shape)."""
    z = np.asarray(z)
    if phi.code == TANH:
        return _riccati(np.tanh(z), order, 1.0, 0.0)
    logistic = 1 / (1 + np.exp(-z))
    if phi.code == SIGMOID:
        return _riccati(logistic, order, 0.0, 1.0)
    if phi.code == SOFTPLUS:
        return _integral(np.log(1 + np.exp(z)), _riccati(logistic, order, 0.0, 1.0))
    if phi.code == SIN:
        return np.stack([np.sin(z + k * np.pi / 2) / math.factorial(k) for k in range(order + 1)])
    if phi.code == ERF:
        return _integral(erf(z), _gauss(z, order, 1.0) * (2 / math.sqrt(math.pi)))
    if phi.code == GAUSSIAN:
        return _gauss(z, order, 1.0)
    if phi.code == SILU:
        return _times_z(z, _riccati(logistic, order, 0.0, 1.0))
    if phi.code == GELU:
        density = _gauss(z, order, 0.5) / math.sqrt(2 * math.pi)
        return _times_z(z, _integral((1 + erf(z / math.sqrt(2))) / 2, density))
    positive = np.where(z.real > 0, z, 0)
    terms = [
        math.comb(phi.power, k) * positive ** (phi.power - k) * (z.real > 0)
        if k <= phi.power
        else np.zeros_like(z)
        for k in range(order + 1)
    ]
    return np.stack(terms)


def _riccati(y0, order, constant, linear):
    y = [y0]
    for k in range(order):
        w = linear * y[k] - sum(y[i] * y[k - i] for i in range(k + 1)) + (constant if k == 0 else 0.0)
        y.append(w / (k + 1))
    return np.stack(y)


def _gauss(z, order, c):
    g = [np.exp(-c * z * z)]
    for k in range(order):
        g.append(-2 * c * (z * g[k] + (g[k - 1] if k else 0.0)) / (k + 1))
    return np.stack(g)


def _integral(value, derivative):
    return np.stack([value] + [derivative[k] / (k + 1) for k in range(len(derivative) - 1)])


def _times_z(z, y):
    return np.stack([z * y[0]] + [z * y[k] + y[k - 1] for k in range(1, len(y))])


def plus(a, b):
    return tuple(i + j for i, j in zip(a, b, strict=True))


def plain_product(a, b, index_set):
    out = dict.fromkeys(index_set, 0.0)
    for i, x in a.items():
        for j, y in b.items():
            if plus(i, j) in out:
                out[plus(i, j)] = out[plus(i, j)] + x * y
    return out


def plain_compose(phi, z, index_set):
    """φ(z) by Horner's rule in z − z_0."""
    zero = index_set.indices[0]
    f = plain_taylor(phi, z[zero], index_set.order)
    rest = {index: value for index, value in z.items() if index != zero}
    out = {zero: f[-1]}
    for k in range(index_set.order - 1, -1, -1):
        out = plain_product(out, rest, index_set)
        out[zero] = out[zero] + f[k]
    return out


def plain_scaled_jets(network, hidden, readout, points, slots):
    """S_α of THEORY §3 at points, (slots, n); parameters may be complex."""
    index_set = closure((slot.index for slot in slots), len(network.variables))
    inputs = network.inputs(points)
    d = inputs.shape[1]
    h = {index_set.indices[0]: inputs.astype(complex)}
    for j in range(d):
        e = tuple(int(k == j) for k in range(d))
        if e in index_set.position:
            h[e] = np.zeros_like(inputs, dtype=complex)
            h[e][:, j] = network.scale[j]
    for layer, (weight, bias) in enumerate(hidden):
        scale = 1.0 if layer == 0 else 1 / math.sqrt(weight.shape[1])
        z = {index: scale * value @ weight.T for index, value in h.items()}
        z[index_set.indices[0]] = z[index_set.indices[0]] + bias
        h = plain_compose(network.phi, z, index_set)
    rows = []
    for slot in slots:
        factor = math.prod(math.factorial(k) for k in slot.index) / math.sqrt(readout.shape[1])
        rows.append(factor * h[slot.index] @ readout[network.fields.index(slot.field)])
    return np.stack(rows)


def plain_jet_ntk(network, parameters, points, slots):
    """T by the Jacobian of S, one complex step per parameter."""
    blocks = [np.array(b, dtype=complex) for layer in parameters.hidden for b in layer]
    blocks.append(np.array(parameters.readout, dtype=complex))
    rates = parameters.rates
    columns = []
    for block, rate in zip(blocks, rates, strict=False):
        for place in np.ndindex(block.shape):
            block[place] += 1j * STEP
            hidden = [(blocks[2 * k], blocks[2 * k + 1]) for k in range(len(parameters.hidden))]
            value = plain_scaled_jets(network, hidden, blocks[-1], points, slots)
            columns.append(math.sqrt(rate) * value.imag / STEP)
            block[place] -= 1j * STEP
    jacobian = np.stack(columns, axis=-1)
    return np.einsum("axp,byp->axby", jacobian, jacobian)
