"""Gram matrices of jets, put together to the jet NTK by index tables.

T_αα' += Σ_{β≤α, β'≤α'} D[α−β, α'−β'] ∘ H[β, β'],   D = Δ Δᵀ, H = H Hᵀ over neurons,

one layer at a time, between two tiles of points. A table of pairs in the compressed-row form says for
every slot a which blocks (δ, β) to take: ``pairs[offsets[a]:offsets[a + 1]]``.
"""

from __future__ import annotations

from ntk_theory.arrays import Floats, Ints
from ntk_theory.kernels.jit import inlined, kernel


@inlined
def _add_product(y: Floats, a: Floats, b: Floats) -> None:
    for i in range(y.size):
        y[i] += a[i] * b[i]


@kernel(
    "void(int64, int64, int64, int64, float64[:, ::1], float64[:, ::1], int64[:, ::1], int64[::1],"
    "float64[:, ::1])"
)
def combine(
    start: int,
    stop: int,
    n: int,
    m: int,
    deltas: Floats,
    inputs: Floats,
    pairs: Ints,
    offsets: Ints,
    out: Floats,
) -> None:
    """Add one layer to ``out`` (S·n, S·m), rows a·n + x for x in [start, stop).

    ``deltas`` is (blocks·n, blocks·m), ``inputs`` likewise for the layer's input jets.
    """
    S = offsets.size - 1
    for x in range(start, stop):
        for a in range(S):
            for b in range(S):
                row = out[a * n + x, b * m : b * m + m]
                for r in range(offsets[a], offsets[a + 1]):
                    dr = pairs[r, 0] * n + x
                    hr = pairs[r, 1] * n + x
                    for c in range(offsets[b], offsets[b + 1]):
                        dc = pairs[c, 0] * m
                        hc = pairs[c, 1] * m
                        _add_product(row, deltas[dr, dc : dc + m], inputs[hr, hc : hc + m])


@kernel("void(int64, int64, int64, int64, float64[:, ::1], float64[:, ::1], float64[:, ::1])")
def contract(
    start: int,
    stop: int,
    n: int,
    m: int,
    deltas: Floats,
    inputs: Floats,
    out: Floats,
) -> None:
    """out[x, x'] += Σ_{β,β'} deltas[β·n + x, β'·m + x'] inputs[β·n + x, β'·m + x'], x in [start, stop)."""
    A = deltas.shape[0] // n
    for x in range(start, stop):
        for a in range(A):
            for b in range(A):
                left = deltas[a * n + x, b * m : b * m + m]
                _add_product(out[x], left, inputs[a * n + x, b * m : b * m + m])
