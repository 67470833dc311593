"""Scrambled Sobol points, the same for every version of every library.

Point k of dimension j is the exclusive or of the direction numbers v_{j,r} over the binary digits r of k that
are 1 (Sobol 1967), with the direction numbers of Joe & Kuo (SIAM J. Sci. Comput. 30, 2635–2654, 2008), file
new-joe-kuo-6. Each dimension is scrambled by a random lower-triangular binary matrix and a random digital
shift (Matoušek, J. Complexity 14, 527–556, 1998), which keep the net and make every point uniform.
"""

from __future__ import annotations

import numpy as np

from ntk_theory.arrays import Bits, Floats
from ntk_theory.errors import InputError

#: Binary digits of a coordinate, and so the logarithm of the largest number of points.
DIGITS = 32

#: (a, m_1 … m_s) per dimension from the second on: a codes the primitive polynomial of degree s.
_JOE_KUO: tuple[tuple[int, tuple[int, ...]], ...] = (
    (0, (1,)),
    (1, (1, 3)),
    (1, (1, 3, 1)),
    (2, (1, 1, 1)),
    (1, (1, 1, 3, 3)),
    (4, (1, 3, 5, 13)),
    (2, (1, 1, 5, 5, 17)),
    (4, (1, 1, 5, 5, 5)),
    (7, (1, 1, 7, 11, 19)),
)

#: The largest dimension.
LARGEST = 1 + len(_JOE_KUO)


def sobol(n: int, dimension: int, rng: np.random.Generator | None = None) -> Floats:
    """The first n points of the sequence in [0, 1)^dimension, (n, dimension).

    With ``rng`` they are scrambled, and then in the open cube.

    >>> sobol(4, 2).tolist()
    [[0.0, 0.0], [0.5, 0.5], [0.25, 0.75], [0.75, 0.25]]
    """
    if not 1 <= dimension <= LARGEST:
        raise InputError(
            f"dimension is {dimension}; Sobol points are there for 1 to {LARGEST}, else use 'uniform'"
        )
    if n > 1 << DIGITS:
        raise InputError(f"n is {n}; Sobol points are there up to 2^{DIGITS}")
    index = np.arange(n, dtype=np.uint64)
    columns = []
    for j in range(dimension):
        numbers = _directions(j)
        start = np.uint64(0)
        if rng is not None:
            numbers = _scrambled(numbers, rng)
            start = np.uint64(rng.integers(1 << DIGITS))
        value = np.full(n, start, dtype=np.uint64)
        for digit in range(max(n - 1, 1).bit_length()):
            chosen = (index >> np.uint64(digit)) & np.uint64(1)
            value ^= chosen * numbers[digit]
        # Half a unit of the last digit keeps a random point off the faces of the cube.
        columns.append((value + (0.0 if rng is None else 0.5)) / 2.0**DIGITS)
    return np.stack(columns, axis=1)


def _directions(dimension: int) -> Bits:
    """v_1 … v_32 of one dimension (counted from 0), as integers of 32 digits."""
    if dimension == 0:
        return np.array([1 << (DIGITS - r) for r in range(1, DIGITS + 1)], dtype=np.uint64)
    a, start = _JOE_KUO[dimension - 1]
    s = len(start)
    v = [m << (DIGITS - r) for r, m in enumerate(start, start=1)]
    for r in range(s, DIGITS):
        new = v[r - s] ^ (v[r - s] >> s)
        for k in range(1, s):
            if a >> (s - 1 - k) & 1:
                new ^= v[r - k]
        v.append(new)
    return np.array(v, dtype=np.uint64)


def _scrambled(numbers: Bits, rng: np.random.Generator) -> Bits:
    """Direction numbers times a random lower-triangular matrix with ones on its diagonal, modulo 2."""
    matrix = np.tril(rng.integers(0, 2, size=(DIGITS, DIGITS)), -1) + np.eye(DIGITS, dtype=np.int64)
    places = np.arange(DIGITS - 1, -1, -1, dtype=np.uint64)  # the first digit is the highest bit
    digits = ((numbers[:, None] >> places) & np.uint64(1)).astype(np.int64)
    mixed = ((digits @ matrix.T) % 2).astype(np.uint64)
    return np.asarray((mixed << places).sum(axis=1, dtype=np.uint64))
