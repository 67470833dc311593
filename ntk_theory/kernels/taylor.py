"""Normalised Taylor coefficients φ_k = φ^{(k)}(z)/k! of the activations, a chunk of neurons at a time.

The recursions are those of an ordinary differential equation y' = w by comparing coefficients,
(k + 1) y_{k+1} = w_k: w = 1 − y² for tanh, y − y² for the sigmoid, −2czy for e^{−cz²}. Every inner
loop runs over the chunk and vectorises; only sin, erf and log1p call the C library.
"""

from __future__ import annotations

import math

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.kernels.elementary import exp, gauss, product, sigmoid_and_slope, tanh_and_slope
from ntk_theory.kernels.jit import inlined, kernel
from ntk_theory.setting.activations import (
    ELU,
    ERF,
    GAUSSIAN,
    GELU,
    MISH,
    RELU,
    SIGMOID,
    SILU,
    SIN,
    SOFTPLUS,
    SWISH,
    TANH,
    THOUSAND,
)

#: Neurons per chunk: (order + 2) rows of it and a few jets stay in the first cache levels.
CHUNK = 256
TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)
SQRT_HALF = math.sqrt(0.5)
#: √½ − SQRT_HALF.
SQRT_HALF_LOW = -4.833646656726457e-17
INV_SQRT_PI = 1.0 / math.sqrt(math.pi)
INV_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)


@inlined
def _riccati(f: Floats, c: int, top: int, linear: float) -> None:
    """Rows 2..top of y' = constant + linear·y − y² from rows 0 and 1.

    (k + 1) y_{k+1} = e y_k − Σ_{0<j<k} y_j y_{k−j} with e = linear − 2y_0. Each term has the factor y_1, so
    that the tails of all rows are as good as row 1, which the caller makes without cancellation. The first
    four are written out: in one pass they stay in registers, and most operators ask for no more.
    """
    first = min(top, 4)
    if first == 2:
        for i in range(c):
            f[2, i] = 0.5 * (linear - 2.0 * f[0, i]) * f[1, i]
    elif first == 3:
        for i in range(c):
            e = linear - 2.0 * f[0, i]
            y1 = f[1, i]
            y2 = 0.5 * e * y1
            f[2, i] = y2
            f[3, i] = (e * y2 - y1 * y1) * (1.0 / 3.0)
    elif first == 4:
        for i in range(c):
            e = linear - 2.0 * f[0, i]
            y1 = f[1, i]
            y2 = 0.5 * e * y1
            y3 = (e * y2 - y1 * y1) * (1.0 / 3.0)
            f[2, i] = y2
            f[3, i] = y3
            f[4, i] = 0.25 * (e * y3 - 2.0 * y1 * y2)
    for k in range(4, top):
        inverse = 1.0 / (k + 1)
        for i in range(c):
            f[k + 1, i] = (linear - 2.0 * f[0, i]) * f[k, i]
        for j in range(1, k):
            for i in range(c):
                f[k + 1, i] -= f[j, i] * f[k - j, i]
        for i in range(c):
            f[k + 1, i] *= inverse


@inlined
def _tanh(f: Floats, z: Floats, c: int, top: int) -> None:
    """Rows 0..top of tanh: y' = 1 − y²."""
    if top == 0:
        for i in range(c):
            f[0, i] = tanh_and_slope(z[i])[0]
    else:
        for i in range(c):
            f[0, i], f[1, i] = tanh_and_slope(z[i])
        _riccati(f, c, top, 0.0)


@inlined
def _sigmoid(f: Floats, z: Floats, c: int, top: int) -> None:
    """Rows 0..top of the logistic function: y' = y − y²."""
    if top == 0:
        for i in range(c):
            f[0, i] = sigmoid_and_slope(z[i])[0]
    else:
        for i in range(c):
            f[0, i], f[1, i] = sigmoid_and_slope(z[i])
        _riccati(f, c, top, 1.0)


@inlined
def _gauss(f: Floats, z: Floats, c: int, top: int, rate: float) -> None:
    """Rows 0..top of exp(−rate z²)."""
    for i in range(c):
        f[0, i] = gauss(rate, z[i])
    for k in range(top):
        factor = -2.0 * rate / (k + 1)
        if k == 0:
            for i in range(c):
                f[1, i] = factor * z[i] * f[0, i]
        else:
            for i in range(c):
                f[k + 1, i] = factor * (z[i] * f[k, i] + f[k - 1, i])


@inlined
def _integrate(f: Floats, c: int, top: int, factor: float) -> None:
    """Rows 1..top of y from those of y'/factor, in place; row 0 is left to the caller."""
    for k in range(top, 0, -1):
        scale = factor / k
        for i in range(c):
            f[k, i] = scale * f[k - 1, i]


@inlined
def _times_z(f: Floats, z: Floats, c: int, top: int) -> None:
    """Rows of z·y from those of y, in place."""
    for k in range(top, 0, -1):
        for i in range(c):
            f[k, i] = z[i] * f[k, i] + f[k - 1, i]
    for i in range(c):
        f[0, i] *= z[i]


@inlined
def _sine(f: Floats, z: Floats, c: int, top: int) -> None:
    """Rows of sin: sin(z + kπ/2)/k!."""
    for i in range(c):
        f[0, i] = math.sin(z[i])
    if top:
        for i in range(c):
            f[1, i] = math.cos(z[i])
    for k in range(2, top + 1):
        scale = -1.0 / (k * (k - 1))
        for i in range(c):
            f[k, i] = scale * f[k - 2, i]


@inlined
def _relu(f: Floats, z: Floats, c: int, top: int, power: int) -> None:
    """Rows of max(z, 0)^power, derivatives almost everywhere."""
    binomial = 1.0
    for k in range(top + 1):
        for i in range(c):
            value = binomial if z[i] > 0.0 else 0.0
            for _ in range(power - k):
                value *= z[i]
            f[k, i] = value
        binomial *= (power - k) / (k + 1.0)  # zero from k = power + 1 on


@inlined
def _elu(f: Floats, z: Floats, c: int, top: int) -> None:
    """Rows of z for z > 0 and of e^z − 1 else, derivatives almost everywhere."""
    for i in range(c):
        f[0, i] = z[i] if z[i] > 0.0 else math.expm1(z[i])
    if top:
        for i in range(c):
            f[1, i] = 1.0 if z[i] > 0.0 else exp(z[i])
    for k in range(2, top + 1):
        inverse = 1.0 / k
        for i in range(c):
            f[k, i] = 0.0 if z[i] > 0.0 else f[k - 1, i] * inverse


@inlined
def _swish(f: Floats, z: Floats, c: int, top: int, beta: float) -> None:
    """Rows of z S(βz), S the logistic function: those of S at βz times β^k, times z."""
    scaled = np.empty(c)
    for i in range(c):
        scaled[i] = beta * z[i]
    _sigmoid(f, scaled, c, top)
    factor = 1.0
    for k in range(1, top + 1):
        factor *= beta
        for i in range(c):
            f[k, i] *= factor
    _times_z(f, z, c, top)


@inlined
def _normal_tail(z: float) -> float:
    """½ erfc(−z/√2), the normal distribution function; the rounding of its argument is put back."""
    x, error = product(-z, SQRT_HALF)
    return 0.5 * math.erfc(x) - INV_SQRT_PI * gauss(0.5, z) * (error - z * SQRT_HALF_LOW)


@inlined
def _gated_tanh(f: Floats, z: Floats, c: int, top: int) -> None:
    """Rows 0..top of y = tanh(log(1 + e^z)): y' = S w with S the logistic function and w = 1 − y².

    y = ((1 + e^z)² − 1)/((1 + e^z)² + 1) and 1 − y are quotients of sums of positive terms. Of the products
    in S w and y² all but one decay faster than the row itself, so that the tails keep their digits.
    """
    gate = np.empty((2, top + 1, c))
    s, w = gate[0], gate[1]
    _sigmoid(s, z, c, top)
    for i in range(c):
        e = exp(-abs(z[i]))
        if z[i] > 0.0:
            below = 1.0 + 2.0 * e
            rest = 2.0 * e * e
            y = below / (below + rest)
            gap = rest / (below + rest)
        else:
            rise = e * (e + 2.0)
            y = rise / (rise + 2.0)
            gap = 2.0 / (rise + 2.0)
        f[0, i] = y
        w[0, i] = gap * (1.0 + y)
    for k in range(top):
        inverse = 1.0 / (k + 1)
        for i in range(c):
            f[k + 1, i] = w[0, i] * s[k, i]
        for j in range(1, k + 1):
            for i in range(c):
                f[k + 1, i] += w[j, i] * s[k - j, i]
        for i in range(c):
            f[k + 1, i] *= inverse
            w[k + 1, i] = -2.0 * f[0, i] * f[k + 1, i]
        for j in range(1, k + 1):
            for i in range(c):
                w[k + 1, i] -= f[j, i] * f[k + 1 - j, i]


@inlined
def fill(code: int, number: int, z: Floats, c: int, top: int, f: Floats) -> None:
    """f[k, i] = φ_k(z[i]) for k ≤ top, i < c; ``number`` is that of the activation."""
    if code == TANH:
        _tanh(f, z, c, top)
    elif code in (SIGMOID, SILU, SOFTPLUS):
        _sigmoid(f, z, c, top)
        if code == SILU:
            _times_z(f, z, c, top)
        elif code == SOFTPLUS:
            _integrate(f, c, top, 1.0)
            for i in range(c):
                f[0, i] = max(z[i], 0.0) + math.log1p(exp(-abs(z[i])))
    elif code == SIN:
        _sine(f, z, c, top)
    elif code == GAUSSIAN:
        _gauss(f, z, c, top, 1.0)
    elif code == ERF:
        _gauss(f, z, c, top, 1.0)
        _integrate(f, c, top, TWO_OVER_SQRT_PI)
        for i in range(c):
            f[0, i] = math.erf(z[i])
    elif code == GELU:
        _gauss(f, z, c, top, 0.5)
        _integrate(f, c, top, INV_SQRT_2PI)
        for i in range(c):
            f[0, i] = _normal_tail(z[i])
        _times_z(f, z, c, top)
    elif code == MISH:
        _gated_tanh(f, z, c, top)
        _times_z(f, z, c, top)
    elif code == RELU:
        _relu(f, z, c, top, number)
    elif code == SWISH:
        _swish(f, z, c, top, number / THOUSAND)
    elif code == ELU:
        _elu(f, z, c, top)
    else:
        raise ValueError("this code of an activation has no Taylor recursion in kernels/taylor.py")


@kernel("void(int64, int64, float64[::1], int64, float64[:, ::1])")
def taylor(code: int, number: int, z: Floats, top: int, out: Floats) -> None:
    """out[k, i] = φ^{(k)}(z_i)/k! for k = 0..top; z (M,), out (top + 1, M)."""
    f = np.empty((top + 1, CHUNK))
    for start in range(0, z.size, CHUNK):
        c = min(CHUNK, z.size - start)
        fill(code, number, z[start : start + c], c, top, f)
        for k in range(top + 1):
            for i in range(c):
                out[k, start + i] = f[k, i]
