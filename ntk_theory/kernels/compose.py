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

from ntk_theory.arrays import Floats, Ints
from ntk_theory.kernels.jit import inlined, kernel
from ntk_theory.kernels.taylor import CHUNK, fill

# Rows of one chunk. Kernels pass slices, whose loops start at zero: indexing ``row[k0 + i]`` directly would
# make the compiler allow for negative indices, and gather element by element.


@inlined
def _zero(y: Floats) -> None:
    for i in range(y.size):
        y[i] = 0.0


@inlined
def _scaled(y: Floats, factor: float, x: Floats) -> None:
    for i in range(y.size):
        y[i] = factor * x[i]


@inlined
def _affine(y: Floats, factor: float, x: Floats, bias: Floats) -> None:
    for i in range(y.size):
        y[i] = factor * x[i] + bias[i]


@inlined
def _product(y: Floats, factor: float, a: Floats, b: Floats) -> None:
    for i in range(y.size):
        y[i] = factor * a[i] * b[i]


@inlined
def _add_product(y: Floats, a: Floats, b: Floats) -> None:
    for i in range(y.size):
        y[i] += a[i] * b[i]


@inlined
def _add_scaled_product(y: Floats, factor: float, a: Floats, b: Floats) -> None:
    for i in range(y.size):
        y[i] += factor * a[i] * b[i]


@kernel(
    "void(int64, int64, int64, int64, float64[:, ::1], float64[:, ::1], int64[::1],"
    "float64[:, :, ::1], float64[:, :, ::1])"
)
def first_layer(
    start: int,
    stop: int,
    code: int,
    power: int,
    z0: Floats,
    monomials: Floats,
    orders: Ints,
    values: Floats,
    slopes: Floats,
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
            m = monomials[a, k0 : k0 + c]
            _product(values[a, x, k0 : k0 + c], 1.0, f[order], m)
            _product(slopes[a, x, k0 : k0 + c], order + 1.0, f[order + 1], m)


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
    raw: Floats,
    bias: Floats,
    orders: Ints,
    powers: Ints,
    values: Floats,
    slopes: Floats,
) -> None:
    """values, slopes = φ(z), φ'(z) for z_α = scale·raw_α + [α = 0] bias; all jets (A, n, N)."""
    A, _, N = values.shape
    top = orders[A - 1] + 1
    f = np.empty((top + 1, CHUNK))
    h = np.empty((A, CHUNK))
    powers_of_h = np.empty((2, A, CHUNK))
    chunks = (N + CHUNK - 1) // CHUNK
    for item in range(start, stop):
        x = item // chunks
        k0 = (item % chunks) * CHUNK
        c = min(CHUNK, N - k0)
        _affine(h[0, :c], scale, raw[0, x, k0 : k0 + c], bias[k0 : k0 + c])
        fill(code, power, h[0], c, top, f)
        _scaled(values[0, x, k0 : k0 + c], 1.0, f[0])
        _scaled(slopes[0, x, k0 : k0 + c], 1.0, f[1])
        for a in range(1, A):
            _scaled(h[a, :c], scale, raw[a, x, k0 : k0 + c])
            _product(values[a, x, k0 : k0 + c], 1.0, f[1], h[a])
            _product(slopes[a, x, k0 : k0 + c], 2.0, f[2], h[a])
        row = 0
        for k in range(2, top):
            # p is P_{k−1}: h itself at first, then the two buffers in turn.
            for a in range(1, A):
                if orders[a] >= k:
                    _zero(powers_of_h[k % 2, a, :c])
            while row < powers.shape[0] and powers[row, 0] == k:
                a, b, g = powers[row, 1], powers[row, 2], powers[row, 3]
                if k == 2:
                    _add_product(powers_of_h[0, a, :c], h[b], h[g])
                else:
                    _add_product(powers_of_h[k % 2, a, :c], h[b], powers_of_h[(k + 1) % 2, g])
                row += 1
            for a in range(1, A):
                if orders[a] >= k:
                    q = powers_of_h[k % 2, a]
                    _add_product(values[a, x, k0 : k0 + c], f[k], q)
                    _add_scaled_product(slopes[a, x, k0 : k0 + c], k + 1.0, f[k + 1], q)


@kernel(
    "void(int64, int64, float64, float64[:, :, ::1], float64[:, :, ::1], int64[:, ::1], float64[:, :, ::1])"
)
def multiply(
    start: int,
    stop: int,
    scale: float,
    slopes: Floats,
    g: Floats,
    products: Ints,
    out: Floats,
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
            _zero(y[a, :c])
        for row in range(products.shape[0]):
            a, b, d = products[row, 0], products[row, 1], products[row, 2]
            _add_product(y[a, :c], slopes[b, x, k0 : k0 + c], g[d, x, k0 : k0 + c])
        for a in range(A):
            _scaled(out[a, x, k0 : k0 + c], scale, y[a])


@kernel(
    "void(int64, int64, float64, float64[:, :, ::1], float64[:, :, ::1], int64[:, ::1], float64[:, :, ::1])"
)
def adjoint(
    start: int,
    stop: int,
    scale: float,
    slopes: Floats,
    g: Floats,
    products: Ints,
    out: Floats,
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
            _zero(y[a, :c])
        for row in range(products.shape[0]):
            a, b, d = products[row, 0], products[row, 1], products[row, 2]
            _add_product(y[d, :c], slopes[b, x, k0 : k0 + c], g[a, x, k0 : k0 + c])
        for a in range(A):
            _scaled(out[a, x, k0 : k0 + c], scale, y[a])
