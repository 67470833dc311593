"""The functions φ_k of exponential integrators.

φ_0(z) = e^z,   φ_{k+1}(z) = (φ_k(z) − 1/k!)/z,   φ_k(0) = 1/k!,   φ_k(z) = Σ_j z^j/(j + k)!
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats

#: The series is used for |z| below this; the recursion loses about k digits/z^k there.
SMALL = 1.0
#: Terms of the series: SMALL^TERMS/TERMS! is below 2^{-53}.
TERMS = 20


def phi(k: int, z: ArrayLike) -> Floats:
    """φ_k(z) elementwise for real z ≤ 0 (or small).

    >>> phi(1, 0.0).item(), phi(2, 0.0).item()
    (1.0, 0.5)
    """
    z = np.asarray(z, dtype=np.float64)
    small = np.abs(z) < SMALL
    near, far = np.where(small, z, 0.0), np.where(small, -1.0, z)
    series = np.zeros_like(z)
    for j in range(TERMS, -1, -1):
        series = series * near + 1 / math.factorial(j + k)
    value = np.exp(far)
    for j in range(k):
        value = (value - 1 / math.factorial(j)) / far
    return np.asarray(np.where(small, series, value))
