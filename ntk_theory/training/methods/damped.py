"""Damped least squares: min_δ ‖Aδ + r‖² + μ‖δ‖², for one factorisation and several right-hand sides.

With m = min(n, P) the two classical forms have a matrix of size m [D]:

    n ≥ P   (AᵀA + μI) δ = −Aᵀr                     parameter space
    n < P   δ = −Aᵀ (AAᵀ + μI)^{-1} r               function space: K + μI with the kernel K = AAᵀ

Forming the Gram matrix BᵀB (B = A or Aᵀ) squares the condition number: directions with
σ² < 2^{-52} σ_max² are lost. While μ is far above that, Cholesky is as good and several times
cheaper; below, the triangle C of the QR factorisation of the augmented matrix [B; √μ I] is used:
CᵀC = BᵀB + μI without forming it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from ntk_theory.arrays import Floats

#: Cholesky while μ ≥ GRAM_SAFE · tr(BᵀB): its relative error is then below 2^{-52}/GRAM_SAFE ≈ 2e-5.
GRAM_SAFE = 1e-11


@dataclass(frozen=True, eq=False)
class DampedSystem:
    """The factorised system; ``by_qr`` says which way it was done."""

    matrix: Floats
    triangle: Floats
    by_qr: bool

    @classmethod
    def of(cls, matrix: Floats, damping: float) -> DampedSystem:
        """Factorise for A = ``matrix`` (n, P) and μ = ``damping`` > 0."""
        tall = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
        trace = float(np.einsum("ij,ij->", matrix, matrix))
        if damping >= GRAM_SAFE * trace:
            gram = tall.T @ tall
            gram.flat[:: len(gram) + 1] += damping
            try:
                triangle = scipy.linalg.cholesky(gram, overwrite_a=True, check_finite=False)
            except scipy.linalg.LinAlgError:
                pass
            else:
                return cls(matrix, triangle, False)
        m = tall.shape[1]
        augmented = np.empty((tall.shape[0] + m, m), order="F")
        augmented[: tall.shape[0]] = tall
        augmented[tall.shape[0] :] = np.sqrt(damping) * np.eye(m)
        (triangle,) = scipy.linalg.qr(augmented, mode="r", overwrite_a=True, check_finite=False)
        return cls(matrix, triangle[:m], True)

    def solve(self, r: Floats) -> Floats:
        """δ for the right-hand side r (n,)."""
        factor = (self.triangle, False)
        if self.matrix.shape[0] >= self.matrix.shape[1]:
            solved = scipy.linalg.cho_solve(factor, self.matrix.T @ r, check_finite=False)
        else:
            solved = self.matrix.T @ scipy.linalg.cho_solve(factor, r, check_finite=False)
        return np.asarray(-solved)
