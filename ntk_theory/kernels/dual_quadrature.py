"""Gaussian moments E[φ^(a)(U) φ^(b)(V)] of activation derivatives, for many pairs, by the trapezoid rule.

For (U, V) ~ N(0, [[p, q], [q, r]]) put U = √p z₁, V = (q/√p) z₁ + σ z₂ with σ² = r − q²/p and z₁, z₂
independent N(0,1). The trapezoid rule on |z| ≤ 9.5 in both directions converges geometrically for
functions analytic in a strip: the error is of the order exp(−2πd/h) with h the spacing and d the
distance of the nearest singularity of the integrand from the real line, and the cut costs
2 Φ(−9.5) ≈ 2e-21 relative to a bounded integrand. σ = 0 (x = x') leaves a rule in one dimension.
"""

from __future__ import annotations

import math

import numpy as np

from ntk_theory.arrays import Floats, Ints
from ntk_theory.kernels.dual_tables import BY_ERF, BY_SINE, BY_TANH, BY_TAYLOR
from ntk_theory.kernels.jit import helper, kernel
from ntk_theory.kernels.taylor import CHUNK, fill
from ntk_theory.kernels.threads import share

#: The rules cover |z| ≤ REACH, or a little more where powers of z weigh the tail.
REACH = 9.5
#: Below this relative conditional variance U and V are one variable: it is the rounding of r − q²/p.
DEGENERATE = 4e-15
#: Nodes of V are handled in strips of this many, which stay in the first-level cache.
STRIP = 256
#: Sums over nodes may be taken in any order, which lets them vectorise.
SUMS = ("contract", "reassoc")


@helper(())
def _base(family: int, kappa: float, z: Floats, y: Floats, w: Floats, t: Floats) -> None:
    """y, w, t of ``dual_tables`` at z. Underflow of w far out is harmless: it is a factor."""
    if family == BY_TANH:
        for n in range(z.shape[0]):
            e = math.exp(-2.0 * kappa * abs(z[n]))
            d = 1.0 / (1.0 + e)
            y[n] = math.copysign((1.0 - e) * d, z[n])
            w[n] = 4.0 * e * d * d
            t[n] = y[n]
    elif family == BY_ERF:
        root = math.sqrt(kappa)
        for n in range(z.shape[0]):
            y[n] = math.erf(root * z[n])
            w[n] = math.exp(-kappa * z[n] * z[n])
            t[n] = z[n]
    elif family == BY_SINE:
        for n in range(z.shape[0]):
            y[n] = math.sin(z[n])
            w[n] = math.cos(z[n])
            t[n] = 1.0
    else:
        raise ValueError("this family of activations has no base functions in kernels/dual_quadrature.py")


@helper(())
def _by_taylor(code: int, z: Floats, out: Floats) -> None:
    """Write φ^(k)(z) = k! φ_k(z) to ``out`` (K+1, n), from the Taylor recursion of the activation."""
    top = out.shape[0] - 1
    for start in range(0, z.shape[0], CHUNK):
        size = min(CHUNK, z.shape[0] - start)
        coefficients = np.empty((top + 1, CHUNK))
        fill(code, 0, z[start : start + size], size, top, coefficients)
        factorial = 1.0
        for k in range(top + 1):
            factorial *= max(k, 1)
            for n in range(size):
                out[k, start + n] = factorial * coefficients[k, n]


@helper(())
def _log_two_cosh_half(z: float) -> float:
    return 0.5 * abs(z) + math.log1p(math.exp(-abs(z)))


@helper(SUMS)
def _derivative_into(
    k: int, z: Floats, y: Floats, w: Floats, t: Floats, linear: Floats, A: Floats, B: Floats, out: Floats
) -> None:
    """Write φ^(k)(z) to ``out``, from the table; ``linear``, ``A``, ``B`` as in ``ActivationTable``."""
    degree = A.shape[1]
    top_a, top_b = degree - 1, degree - 1
    while top_a > 0 and A[k, top_a] == 0.0:
        top_a -= 1
    while top_b > 0 and B[k, top_b] == 0.0:
        top_b -= 1
    for n in range(z.shape[0]):
        out[n] = A[k, top_a]
    for m in range(top_a - 1, -1, -1):
        for n in range(z.shape[0]):
            out[n] = out[n] * t[n] + A[k, m]
    if top_b > 0 or B[k, 0] != 0.0:
        second = np.empty(z.shape[0])
        for n in range(z.shape[0]):
            second[n] = B[k, top_b]
        for m in range(top_b - 1, -1, -1):
            for n in range(z.shape[0]):
                second[n] = second[n] * t[n] + B[k, m]
        for n in range(z.shape[0]):
            out[n] += z[n] * second[n]
    a, slope, b, bend = linear[k, 0], linear[k, 1], linear[k, 2], linear[k, 3]
    for n in range(z.shape[0]):
        out[n] = out[n] * w[n] + (a + slope * y[n]) + z[n] * (b + bend * y[n])
    if linear[k, 4] != 0.0:
        for n in range(z.shape[0]):
            out[n] += linear[k, 4] * _log_two_cosh_half(z[n])


@helper(())
def _derivatives(
    z: Floats, family: int, kappa: float, linear: Floats, A: Floats, B: Floats, code: int
) -> Floats:
    """φ^(k)(z) for k = 0..K at the points z (n,), shape (K+1, n)."""
    out = np.empty((linear.shape[0], z.shape[0]))
    if family == BY_TAYLOR:
        _by_taylor(code, z, out)
        return out
    y, w, t = np.empty_like(z), np.empty_like(z), np.empty_like(z)
    _base(family, kappa, z, y, w, t)
    for k in range(linear.shape[0]):
        _derivative_into(k, z, y, w, t, linear, A, B, out[k])
    return out


@helper(())
def _rule(count: int, reach: float) -> tuple[Floats, Floats]:
    """Nodes and weights for E f(z), z ~ N(0,1): ``count`` equally spaced nodes on |z| ≤ reach."""
    step = 2.0 * reach / (count - 1)
    nodes = np.empty(count)
    weights = np.empty(count)
    for n in range(count):
        nodes[n] = -reach + n * step
        weights[n] = step / math.sqrt(2.0 * math.pi) * math.exp(-0.5 * nodes[n] * nodes[n])
    return nodes, weights


@helper(SUMS)
def _weighted_sum(values: Floats, weights: Floats) -> float:
    total = 0.0
    for n in range(values.shape[0]):
        total += values[n] * weights[n]
    return total


@helper(())
def _smoothed(
    centre: float,
    nodes: Floats,
    weights: Floats,
    family: int,
    kappa: float,
    linear: Floats,
    A: Floats,
    B: Floats,
    code: int,
    work: Floats,
    out: Floats,
) -> None:
    """out[k, v] = Σ_j weights[v, j] φ^(k)(centre + nodes_j); ``work`` (5, STRIP) is scratch space."""
    for k in range(out.shape[0]):
        for v in range(out.shape[1]):
            out[k, v] = 0.0
    if family == BY_TAYLOR:
        values = _derivatives(centre + nodes, family, kappa, linear, A, B, code)
        for k in range(out.shape[0]):
            for v in range(out.shape[1]):
                out[k, v] = _weighted_sum(values[k], weights[v])
        return
    for start in range(0, nodes.shape[0], STRIP):
        stop = min(start + STRIP, nodes.shape[0])
        z, y, w = work[0, : stop - start], work[1, : stop - start], work[2, : stop - start]
        t, value = work[3, : stop - start], work[4, : stop - start]
        for n in range(stop - start):
            z[n] = centre + nodes[start + n]
        _base(family, kappa, z, y, w, t)
        for k in range(out.shape[0]):
            _derivative_into(k, z, y, w, t, linear, A, B, value)
            for v in range(out.shape[1]):
                out[k, v] += _weighted_sum(value, weights[v, start:stop])


@helper(())
def _powered(weights: Floats, nodes: Floats, degree: int) -> Floats:
    """The products weights · nodes^v for v = 0..degree, shape (degree + 1, n)."""
    out = np.empty((degree + 1, nodes.shape[0]))
    for n in range(nodes.shape[0]):
        power = weights[n]
        out[0, n] = power
        for v in range(1, degree + 1):
            power *= nodes[n]
            out[v, n] = power
    return out


@kernel(
    "void(int64, int64, float64[::1], float64[::1], float64[::1], int64[::1], int64[::1], int64, float64,"
    "int64, float64, float64[:, ::1], float64[:, ::1], float64[:, ::1], int64, float64[:, :, :, :, ::1])",
    (),
)
def pair_moments(
    start: int,
    stop: int,
    p: Floats,
    q: Floats,
    r: Floats,
    outer: Ints,
    inner: Ints,
    degree: int,
    reach: float,
    family: int,
    kappa: float,
    linear: Floats,
    A: Floats,
    B: Floats,
    code: int,
    result: Floats,
) -> None:
    """Add :func:`moments` of the pairs ``start`` to ``stop`` to ``result``."""
    count = linear.shape[0]
    for n in range(start, stop):
        nodes, weights = _rule(outer[n], reach)
        size = nodes.shape[0]
        root = math.sqrt(p[n])
        mean = q[n] / root
        variance = r[n] - mean * mean
        powered = _powered(weights, nodes, degree)
        scaled = np.empty(size)
        for m in range(size):
            scaled[m] = root * nodes[m]
        first = _derivatives(scaled, family, kappa, linear, A, B, code)
        second = np.zeros((size, count, degree + 1))
        if variance <= DEGENERATE * r[n]:
            for m in range(size):
                scaled[m] = mean * nodes[m]
            same = _derivatives(scaled, family, kappa, linear, A, B, code)
            for m in range(size):
                for b in range(count):
                    second[m, b, 0] = same[b, m]
        else:
            inner_nodes, inner_weights = _rule(inner[n], reach)
            inner_powered = _powered(inner_weights, inner_nodes, degree)
            deviation = math.sqrt(variance)
            for m in range(inner_nodes.shape[0]):
                inner_nodes[m] *= deviation
            work = np.empty((5, STRIP))
            for m in range(size):
                centre = mean * nodes[m]
                _smoothed(
                    centre, inner_nodes, inner_powered, family, kappa, linear, A, B, code, work, second[m]
                )
        for m in range(size):
            for a in range(count):
                for u in range(degree + 1):
                    weighted = first[a, m] * powered[u, m]
                    for b in range(count):
                        for v in range(degree + 1 - u):
                            result[n, a, b, u, v] += weighted * second[m, b, v]


def moments(
    p: Floats,
    q: Floats,
    r: Floats,
    outer: Ints,
    inner: Ints,
    degree: int,
    reach: float,
    family: int,
    kappa: float,
    linear: Floats,
    A: Floats,
    B: Floats,
    code: int,
) -> Floats:
    """M[n, a, b, u, v] = E[φ^(a)(U) φ^(b)(V) z₁^u z₂^v] for pairs n, a, b = 0..K and u + v ≤ degree.

    Shape (P, K+1, K+1, degree+1, degree+1); entries with u + v > degree are 0. Where U and V are one
    variable, z₂ does not exist and entries with v > 0 are 0 as well.

    ``p``, ``q``, ``r`` (P,) are the covariances, p, r > 0 and q² ≤ pr; ``outer``, ``inner`` (P,) the
    node counts for z₁ and z₂. The arguments after ``reach`` are those of an ``ActivationTable``.
    """
    count = linear.shape[0]
    result = np.zeros((p.shape[0], count, count, degree + 1, degree + 1))
    share(
        lambda start, stop: pair_moments(
            start, stop, p, q, r, outer, inner, degree, reach, family, kappa, linear, A, B, code, result
        ),
        p.shape[0],
    )
    return result
