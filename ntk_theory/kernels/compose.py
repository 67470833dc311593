"""Jets through one layer: forward (composition with φ) and backward (multiplication by φ'(z)).

Arrays of jets are (A, n, N): position in the index set, point, neuron. Work is cut into items, one
chunk of neurons at one point; a call does the items ``start`` to ``stop``, so that threads share a layer
and every item is computed by the same instructions whoever does it (bit-identical results).

Forward [D]. With h = z − z_0 (no constant term) and P_k = h^k,

    [φ(z)]_α = Σ_{1≤k≤|α|} φ_k(z_0) P_{k,α},     [φ'(z)]_α = Σ_{1≤k≤|α|} (k+1) φ_{k+1}(z_0) P_{k,α},

since P_{k,α} = 0 for k > |α|. At the first layer z is affine in x, hence P_{k,α} = [|α| = k] (|α|!/α!) w^α.

Backward [D]. In normalised coefficients ∂y_α/∂z_β = [∂y/∂z]_{α−β}, so that the Taylor coefficients
of backprop δ = φ'(z)·g are the truncated product, δ_α = Σ_{β+γ=α} [φ'(z)]_β g_γ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ntk_theory.kernels.jit import kernel
from ntk_theory.kernels.taylor import CHUNK, fill

FloatArray = NDArray[np.float64]
IntTable = NDArray[np.int64]


@kernel(
    "void(int64, int64, int64, int64, float64[:, ::1], float64[:, ::1], int64[::1],"
    "float64[:, :, ::1], float64[:, :, ::1])"
)
def first_layer(
    start: int,
    stop: int,
    code: int,
    power: int,
    z0: FloatArray,
    monomials: FloatArray,
    orders: IntTable,
    values: FloatArray,
    slopes: FloatArray,
) -> None:
    """values, slopes = φ(z), φ'(z) for affine z: z0 (n, N), monomials (|α|!/α!) w^α of shape (A, N)."""
    A, _, N = values.shape
    top = orders[A - 1] + 1
    f = np.empty((top + 1, CHUNK))
    chunks = (N + CHUNK - 1) // CHUNK
    for item in range(start, stop):
        x = item // chunks
        k0 = (item % chunks) * CHUNK
        c = min(CHUNK, N - k0)
        fill(code, power, z0[x, k0 : k0 + c], c, top, f)
        for a in range(A):
            order = orders[a]
            slope = order + 1.0
            for i in range(c):
                m = monomials[a, k0 + i]
                values[a, x, k0 + i] = f[order, i] * m
                slopes[a, x, k0 + i] = slope * f[order + 1, i] * m


@kernel(
    "void(int64, int64, int64, int64, float64, float64[:, :, ::1], float64[::1], int64[::1], int64[:, ::1],"
    "float64[:, :, ::1], float64[:, :, ::1])"
)
def hidden_layer(
    start: int,
    stop: int,
    code: int,
    power: int,
    scale: float,
    raw: FloatArray,
    bias: FloatArray,
    orders: IntTable,
    powers: IntTable,
    values: FloatArray,
    slopes: FloatArray,
) -> None:
    """values, slopes = φ(z), φ'(z) for z_α = scale·raw_α + [α = 0] bias; all jets (A, n, N)."""
    A, _, N = values.shape
    top = orders[A - 1] + 1
    f = np.empty((top + 1, CHUNK))
    h = np.empty((A, CHUNK))
    p = np.empty((A, CHUNK))
    q = np.empty((A, CHUNK))
    y = np.empty((A, CHUNK))
    w = np.empty((A, CHUNK))
    chunks = (N + CHUNK - 1) // CHUNK
    for item in range(start, stop):
        x = item // chunks
        k0 = (item % chunks) * CHUNK
        c = min(CHUNK, N - k0)
        for i in range(c):
            h[0, i] = scale * raw[0, x, k0 + i] + bias[k0 + i]
        fill(code, power, h[0], c, top, f)
        for i in range(c):
            y[0, i] = f[0, i]
            w[0, i] = f[1, i]
        for a in range(1, A):
            for i in range(c):
                h[a, i] = scale * raw[a, x, k0 + i]
                p[a, i] = h[a, i]
                y[a, i] = f[1, i] * h[a, i]
                w[a, i] = 2.0 * f[2, i] * h[a, i]
        row = 0
        for k in range(2, top):
            for a in range(1, A):
                if orders[a] >= k:
                    for i in range(c):
                        q[a, i] = 0.0
            while row < powers.shape[0] and powers[row, 0] == k:
                a, b, g = powers[row, 1], powers[row, 2], powers[row, 3]
                for i in range(c):
                    q[a, i] += h[b, i] * p[g, i]
                row += 1
            slope = k + 1.0
            for a in range(1, A):
                if orders[a] >= k:
                    for i in range(c):
                        y[a, i] += f[k, i] * q[a, i]
                        w[a, i] += slope * f[k + 1, i] * q[a, i]
            p, q = q, p
        for a in range(A):
            for i in range(c):
                values[a, x, k0 + i] = y[a, i]
                slopes[a, x, k0 + i] = w[a, i]


@kernel(
    "void(int64, int64, float64, float64[:, :, ::1], float64[:, :, ::1], int64[:, ::1], float64[:, :, ::1])"
)
def multiply(
    start: int,
    stop: int,
    scale: float,
    slopes: FloatArray,
    g: FloatArray,
    products: IntTable,
    out: FloatArray,
) -> None:
    """Truncated product out = scale · slopes · g; all (A, n, N)."""
    A, _, N = out.shape
    y = np.empty((A, CHUNK))
    chunks = (N + CHUNK - 1) // CHUNK
    for item in range(start, stop):
        x = item // chunks
        k0 = (item % chunks) * CHUNK
        c = min(CHUNK, N - k0)
        for a in range(A):
            for i in range(c):
                y[a, i] = 0.0
        for row in range(products.shape[0]):
            a, b, d = products[row, 0], products[row, 1], products[row, 2]
            for i in range(c):
                y[a, i] += slopes[b, x, k0 + i] * g[d, x, k0 + i]
        for a in range(A):
            for i in range(c):
                out[a, x, k0 + i] = scale * y[a, i]


@kernel(
    "void(int64, int64, float64, float64[:, :, ::1], float64[:, :, ::1], int64[:, ::1], float64[:, :, ::1])"
)
def adjoint(
    start: int,
    stop: int,
    scale: float,
    slopes: FloatArray,
    g: FloatArray,
    products: IntTable,
    out: FloatArray,
) -> None:
    """The transpose of :func:`multiply` in g: out_γ = scale Σ_{β+γ=α} slopes_β g_α; all (A, n, N).

    With g_α the derivative of a scalar by y_α, y = φ(z), this is its derivative by z_γ.
    """
    A, _, N = out.shape
    y = np.empty((A, CHUNK))
    chunks = (N + CHUNK - 1) // CHUNK
    for item in range(start, stop):
        x = item // chunks
        k0 = (item % chunks) * CHUNK
        c = min(CHUNK, N - k0)
        for a in range(A):
            for i in range(c):
                y[a, i] = 0.0
        for row in range(products.shape[0]):
            a, b, d = products[row, 0], products[row, 1], products[row, 2]
            for i in range(c):
                y[d, i] += slopes[b, x, k0 + i] * g[a, x, k0 + i]
        for a in range(A):
            for i in range(c):
                out[a, x, k0 + i] = scale * y[a, i]
