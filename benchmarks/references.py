"""Make the reference solutions of the benchmark problems that have no formula.

    python benchmarks/references.py [NAME ...]

Each is computed twice, the second time finer in space and time, by a method that shares no code with the
package: NumPy and SciPy only. The relative L² difference of both is stored as ``accuracy`` beside the finer
one, and printed. Fourier modes with the exponential Runge-Kutta method of order four (Cox & Matthews 2002,
J. Comput. Phys. 176, 430-455; coefficients by contour integrals, Kassam & Trefethen 2005, SIAM J. Sci.
Comput. 26, 1214-1233) for periodic problems, the Cole-Hopf formula by Gauss-Hermite quadrature for Burgers'
equation, Newton's method on the streamfunction with central differences and Richardson's extrapolation for
the cavity. Training never sees them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

OUT = Path(__file__).parents[1] / "ntk_theory" / "symbolic" / "zoo" / "references"
#: Steps in time between stored rows, and stored rows.
ROWS = 51
FOURIER = "Fourier modes and exponential Runge-Kutta of order four"


def etdrk4(start, linear, nonlinear, end, steps):
    """Rows of the transform of u at ROWS equidistant times of [0, end]; ``steps`` between two rows.

    ``start`` (..., n) is the transform, ``linear`` (..., n) its symbol, ``nonlinear`` maps transforms.
    """
    dt = end / (ROWS - 1) / steps
    whole, half = np.exp(dt * linear), np.exp(dt * linear / 2)
    circle = np.exp(2j * np.pi * (np.arange(64) + 0.5) / 64)
    z = dt * linear[..., None] + circle
    q = dt * np.mean((np.exp(z / 2) - 1) / z, axis=-1)
    f1 = dt * np.mean((-4 - z + np.exp(z) * (4 - 3 * z + z**2)) / z**3, axis=-1)
    f2 = dt * np.mean((2 + z + np.exp(z) * (z - 2)) / z**3, axis=-1)
    f3 = dt * np.mean((-4 - 3 * z - z**2 + np.exp(z) * (4 - z)) / z**3, axis=-1)
    v, rows = start.astype(complex), [start.astype(complex)]
    for _ in range(ROWS - 1):
        for _ in range(steps):
            nv = nonlinear(v)
            a = half * v + q * nv
            na = nonlinear(a)
            b = half * v + q * na
            nb = nonlinear(b)
            c = half * a + q * (2 * nb - nv)
            v = whole * v + f1 * nv + 2 * f2 * (na + nb) + f3 * nonlinear(c)
        rows.append(v)
    return np.array(rows)


def modes(low, high, n):
    """Equidistant x of a period, wavenumbers, and a mask that leaves two thirds of them."""
    k = np.fft.fftfreq(n, 1 / n) * 2 * np.pi / (high - low)
    return low + (high - low) * np.arange(n) / n, k, np.abs(np.fft.fftfreq(n, 1 / n)) < n / 3


def inverse(rows):
    """Back to real values."""
    return np.real(np.fft.ifft(rows, axis=-1))


def stored(low, high, end, values, keep):
    """Every so many-th column with the other end of the period, transposed to (x, t)."""
    every = values.shape[-1] // keep
    kept = values[..., ::every]
    kept = np.concatenate([kept, kept[..., :1]], axis=-1)
    return {"x": np.linspace(low, high, keep + 1), "t": np.linspace(0, end, ROWS)}, np.moveaxis(kept, 0, -1)


def kdv(fine):
    """For u_t + u u_x + 0.022² u_xxx = 0."""
    n, steps = (768, 800) if fine else (512, 400)
    x, k, mask = modes(-1, 1, n)

    def product(v):
        return -0.5j * k * mask * np.fft.fft(inverse(v * mask) ** 2)

    rows = etdrk4(np.fft.fft(np.cos(np.pi * x)), 1j * 0.022**2 * k**3 * mask, product, 1, steps)
    axes, u = stored(-1, 1, 1, inverse(rows), 128)
    return axes, {"u": u}, FOURIER


def allen_cahn(fine):
    """For u_t = 1e-4 u_xx + 5u − 5u³."""
    n, steps = (8192, 80) if fine else (4096, 40)
    x, k, _ = modes(-1, 1, n)
    rows = etdrk4(
        np.fft.fft(x**2 * np.cos(np.pi * x)),
        5 - 1e-4 * k**2,
        lambda v: np.fft.fft(-5 * inverse(v) ** 3),
        1,
        steps,
    )
    axes, u = stored(-1, 1, 1, inverse(rows), 256)
    return axes, {"u": u}, FOURIER


def kuramoto(fine):
    """The coefficients 100/16, 100/16², 100/16⁴."""
    n, steps = (512, 400) if fine else (256, 200)
    x, k, mask = modes(0, 2 * np.pi, n)
    a, b, c = 100 / 16, 100 / 16**2, 100 / 16**4

    def product(v):
        return -0.5j * a * k * mask * np.fft.fft(inverse(v * mask) ** 2)

    start = np.fft.fft(np.cos(x) * (1 + np.sin(x)))
    axes, u = stored(0, 2 * np.pi, 0.5, inverse(etdrk4(start, b * k**2 - c * k**4, product, 0.5, steps)), 128)
    return axes, {"u": u}, FOURIER


def schroedinger(fine):
    """The fields of h = u + iv with i h_t + h_xx/2 + |h|² h = 0."""
    n, steps = (4096, 400) if fine else (2048, 400)
    x, k, _ = modes(-5, 5, n)

    def cubic(v):
        h = np.fft.ifft(v)
        return np.fft.fft(1j * np.abs(h) ** 2 * h)

    rows = np.fft.ifft(etdrk4(np.fft.fft(2 / np.cosh(x)), -0.5j * k**2, cubic, np.pi / 2, steps), axis=-1)
    axes, u = stored(-5, 5, np.pi / 2, rows.real, 128)
    return axes, {"u": u, "v": stored(-5, 5, np.pi / 2, rows.imag, 128)[1]}, FOURIER


def sine_gordon(fine):
    """For u_tt = u_xx − sin u."""
    n, steps = (512, 800) if fine else (256, 400)
    x, k, _ = modes(-5, 5, n)
    u, v = 2 * np.exp(-2 * x**2), np.zeros(n)
    dt, rows = 5 / (ROWS - 1) / steps, [2 * np.exp(-2 * x**2)]

    def force(u):
        return inverse(-(k**2) * np.fft.fft(u)) - np.sin(u)

    for _ in range(ROWS - 1):
        for _ in range(steps):
            k1, l1 = v, force(u)
            k2, l2 = v + dt / 2 * l1, force(u + dt / 2 * k1)
            k3, l3 = v + dt / 2 * l2, force(u + dt / 2 * k2)
            k4, l4 = v + dt * l3, force(u + dt * k3)
            u, v = u + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4), v + dt / 6 * (l1 + 2 * l2 + 2 * l3 + l4)
        rows.append(u)
    axes, u = stored(-5, 5, 5, np.array(rows), 128)
    return axes, {"u": u}, "Fourier modes and the classical Runge-Kutta method"


def gray_scott(fine):
    """Two species, one of them diffusing twice as fast."""
    n, steps = (1024, 200) if fine else (512, 100)
    x, k, _ = modes(-1, 1, n)
    start = np.array([np.fft.fft(1 - 0.5 * np.exp(-40 * x**2)), np.fft.fft(0.25 * np.exp(-40 * x**2))])
    linear = np.array([-2e-4 * k**2 - 0.8, -1e-4 * k**2 - 2.0])

    def reaction(w):
        u, v = inverse(w)
        return np.array([np.fft.fft(0.8 - 20 * u * v**2), np.fft.fft(20 * u * v**2)])

    rows = inverse(etdrk4(start, linear, reaction, 1, steps))
    axes, u = stored(-1, 1, 1, rows[:, 0], 128)
    return axes, {"u": u, "v": stored(-1, 1, 1, rows[:, 1], 128)[1]}, FOURIER


def burgers(nu) -> Callable:
    """The maker for a viscosity."""

    def made(fine):
        z, w = np.polynomial.hermite.hermgauss(240 if fine else 160)
        # Most columns where the layer is.
        x = np.concatenate(
            [np.linspace(-1, -0.1, 37), np.linspace(-0.1, 0.1, 81)[1:-1], np.linspace(0.1, 1, 37)]
        )
        t = np.linspace(0, 1, ROWS)
        u = np.empty((len(x), ROWS))
        u[:, 0] = -np.sin(np.pi * x)
        for j in range(1, ROWS):
            y = x[:, None] - np.sqrt(4 * nu * t[j]) * z
            weight = -np.cos(np.pi * y) / (2 * np.pi * nu)
            weight = w * np.exp(weight - weight.max(axis=1, keepdims=True))
            u[:, j] = -np.sum(np.sin(np.pi * y) * weight, axis=1) / np.sum(weight, axis=1)
        return {"x": x, "t": t}, {"u": u}, "Cole-Hopf formula by Gauss-Hermite quadrature"

    return made


def streamfunction(n):
    """ψ at (n + 1)² points of the unit square with lid speed 1 at Re = 100, by Newton's method.

    ψ = 0 and the wall's speed through one ghost row; Δ²ψ/Re = ψ_y Δψ_x − ψ_x Δψ_y by central differences.
    """
    h, m, re = 1 / n, n - 1, 100.0
    one = np.ones(m)
    first = sparse.diags([-one[1:], one[1:]], [-1, 1]) / (2 * h)
    second = sparse.diags([one[1:], -2 * one, one[1:]], [-1, 0, 1]) / h**2
    eye = sparse.identity(m)
    dx, dy = sparse.kron(first, eye), sparse.kron(eye, first)
    laplace = sparse.kron(second, eye) + sparse.kron(eye, second)
    # The vorticity at a wall, 2ψ/h² (+ 2·speed/h at the lid), enters the outer differences of Δψ.
    edge = np.zeros(m)
    edge[[0, -1]] = 2 / h**2
    wall = sparse.diags(edge)
    lid = np.zeros((m, m))
    lid[:, -1] = 2 / h
    lid = lid.ravel()
    # Ghosts: Δψ on the walls in terms of ψ inside.
    ends = sparse.csr_matrix(([1.0, 1.0], ([0, m - 1], [0, m - 1])), shape=(m, m))
    first_low = sparse.csr_matrix(([-1.0, 1.0], ([0, m - 1], [0, m - 1])), shape=(m, m)) / (2 * h)
    wx, wy = sparse.kron(wall, eye), sparse.kron(eye, wall)
    outer_xx = sparse.kron(ends / h**2, eye) @ wx
    outer_yy = sparse.kron(eye, ends / h**2) @ wy
    outer_x, outer_y = sparse.kron(first_low, eye) @ wx, sparse.kron(eye, first_low) @ wy
    biharmonic = (laplace @ laplace + outer_xx + outer_yy).tocsr()
    lap_x, lap_y = (dx @ laplace + outer_x).tocsr(), (dy @ laplace + outer_y).tocsr()
    lid_source = lid / h**2
    lid_y = lid / (2 * h)
    psi = np.zeros(m * m)
    for _ in range(12):
        px, py, lx, ly = dx @ psi, dy @ psi, lap_x @ psi, lap_y @ psi + lid_y
        left = (biharmonic @ psi + lid_source) / re - py * lx + px * ly
        matrix = biharmonic / re - sparse.diags(lx) @ dy - sparse.diags(py) @ lap_x
        matrix = matrix + sparse.diags(ly) @ dx + sparse.diags(px) @ lap_y
        change = spsolve(matrix.tocsc(), -left)
        psi = psi + change
        if np.abs(change).max() < 1e-12:
            break
    full = np.zeros((n + 1, n + 1))
    full[1:-1, 1:-1] = psi.reshape(m, m)
    return full


def velocities(n, keep):
    """The fields u = ψ_y and v = −ψ_x at ``keep`` + 1 points a side."""
    psi, h, every = streamfunction(n), 1 / n, n // keep
    u, v = np.zeros_like(psi), np.zeros_like(psi)
    u[:, 1:-1] = (psi[:, 2:] - psi[:, :-2]) / (2 * h)
    u[1:-1, -1] = 1.0
    u[0], u[-1] = 0, 0
    v[1:-1] = -(psi[2:] - psi[:-2]) / (2 * h)
    v[:, [0, -1]] = 0
    return u[::every, ::every], v[::every, ::every]


def cavity(fine):
    """Inside, two cells of the stored grid away from the walls, beside the lid's corners nothing."""
    keep = 32
    coarse, finer = (128, 256) if fine else (64, 128)
    (u1, v1), (u2, v2) = velocities(coarse, keep), velocities(finer, keep)
    u, v = (4 * u2 - u1) / 3, (4 * v2 - v1) / 3
    x = np.linspace(0, 1, keep + 1)
    inside = slice(2, -2)
    axes = {"x": x[inside], "y": x[inside]}
    fields = {"u": u[inside, inside], "v": v[inside, inside]}
    return (
        axes,
        fields,
        "Newton's method on the streamfunction, central differences, Richardson's extrapolation",
    )


MAKERS = {
    "allen-cahn-interfaces": allen_cahn,
    "burgers-shock": burgers(0.01 / np.pi),
    "burgers-shock-100": burgers(0.01),
    "cavity-100": cavity,
    "gray-scott-pulses": gray_scott,
    "kdv-cosine": kdv,
    "kuramoto-sivashinsky-chaos": kuramoto,
    "schroedinger-breather": schroedinger,
    "sine-gordon-pulse": sine_gordon,
}


def main() -> None:
    """Make and store."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[*MAKERS, []])
    names = parser.parse_args().names or list(MAKERS)
    OUT.mkdir(exist_ok=True)
    for name in names:
        start = time.perf_counter()
        (_, coarse, _), (axes, fields, method) = MAKERS[name](False), MAKERS[name](True)
        change = np.sqrt(sum(np.sum((coarse[f] - fields[f]) ** 2) for f in fields))
        accuracy = change / np.sqrt(sum(np.sum(value**2) for value in fields.values()))
        arrays = {f"axis/{key}": value for key, value in axes.items()}
        arrays |= {f"field/{key}": np.ascontiguousarray(value) for key, value in fields.items()}
        np.savez_compressed(
            OUT / f"{name}.npz", accuracy=np.array(accuracy), method=np.array(method), **arrays
        )
        print(f"{name}: {accuracy:.1e} ({time.perf_counter() - start:.0f} s) {method}", flush=True)


if __name__ == "__main__":
    main()
