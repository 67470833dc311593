"""Least squares with more residuals than parameters, from tiles of rows: J is never in memory.

The rows come in tiles A_k of :data:`TILE` residuals, made by one backward pass and used at once [D]:

    AᵀA = Σ_k A_kᵀA_k,   Aᵀr = Σ_k A_kᵀr_k                       :func:`normal_equations`
    AᵀA = CᵀC,   C ← triangle of the QR factors of [C; A_k]      :func:`triangle`

The first takes n·P² operations, a symmetric rank update; the second twice as many, and keeps what
AᵀA loses, the directions with σ² < 2^{-52} σ_max². Memory: P² and one tile.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.linalg import lapack

from ntk_theory.arrays import Floats
from ntk_theory.empirical.in_place import add_block
from ntk_theory.empirical.jacobian import JacobianRows
from ntk_theory.errors import NTKTheoryError
from ntk_theory.kernels.threads import each
from ntk_theory.resources import BLAS

#: Residuals of a tile.
TILE = 1024
#: Columns of a block of AᵀA, one thread's work; matrices are cut into at least two.
BLOCK = 1024
#: Columns of a panel of the triangular–rectangular QR.
PANEL = 48


def normal_equations(rows: JacobianRows, right: Floats) -> tuple[Floats, Floats]:
    """AᵀA (P, P), its lower blocks alone, and Aᵀr (P,).

    Parameters
    ----------
    rows:
        A, (n, P).
    right:
        r, (n,).

    Returns
    -------
    gram, pulled:
        Entries of ``gram`` above the diagonal are undefined.
    """
    n, size = rows.shape
    gram, pulled = np.zeros((size, size)), np.zeros(size)
    cuts = np.linspace(0, size, max(min(2, size), -(-size // BLOCK)) + 1).astype(int).tolist()
    spans = [slice(*pair) for pair in pairwise(cuts)]
    blocks = [(a, b) for k, a in enumerate(spans) for b in spans[: k + 1]]
    blocks.sort(key=lambda block: block[0] == block[1])  # the diagonal, half the work, comes last
    space = np.empty((min(TILE, n), size))
    for start in range(0, n, TILE):
        tile = space[: min(TILE, n - start)]
        rows.fill(start, start + len(tile), tile)
        each(lambda block, tile=tile: add_block(gram, tile, *block), blocks)  # type: ignore[misc]
        with BLAS.limited(1):  # a second thread would wait longer than it works
            pulled += right[start : start + len(tile)] @ tile
    return gram, pulled


def triangle(rows: JacobianRows) -> Floats:
    """C (P, P), upper triangular with CᵀC = AᵀA, by orthogonal transformations of n ≥ 1 rows."""
    n, size = rows.shape
    found = np.zeros((size, size), order="F")
    space = np.empty((min(TILE, n), size))
    for start in range(0, n, TILE):
        tile = space[: min(TILE, n - start)]
        rows.fill(start, start + len(tile), tile)
        found = stacked(found, tile)
    return found


def damped_triangle(upper: Floats, damping: float) -> Floats:
    """The triangle of [C; √μ I], whose CᵀC is AᵀA + μI; ``upper`` is left as it is."""
    below = np.zeros_like(upper, order="F")
    np.fill_diagonal(below, np.sqrt(damping))
    return stacked(np.array(upper, order="F"), below, len(upper))


def stacked(upper: Floats, below: Floats, trapezoid: int = 0) -> Floats:
    """The triangle of [upper; below], in place of ``upper``; the last rows of ``below`` may be triangular.

    ``trapezoid`` is the number of those rows. One thread: LAPACK holds the interpreter's lock, and two
    threads of BLAS would wait for each other at every panel.
    """
    with BLAS.limited(1):
        found, _, _, info = lapack.dtpqrt(
            trapezoid, min(PANEL, len(upper)), upper, np.asfortranarray(below), overwrite_a=1, overwrite_b=1
        )
    if info:
        raise NTKTheoryError(f"LAPACK's tpqrt refuses its argument {-info}")
    return np.asarray(found)
