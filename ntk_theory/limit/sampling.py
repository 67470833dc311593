"""Drawing Gaussian fields with all their derivatives, and holding the kernels drawn from a law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.model.blocks import Kernel, KernelGroup
from ntk_theory.shown import Brief, Shown

#: Eigenvalues of the correlation matrix below this share of the largest are rounding and count as 0.
RANK_TOLERANCE = 1e-13


def gaussian_factor(covariance: Floats) -> Floats:
    """B with Σ = B Bᵀ, (A, n, rank), for Σ (A, n, A, n): from the eigenvectors of the correlation matrix.

    Slots differ by orders of magnitude, hence correlations. Σ may be singular (repeated points, polynomial
    fields): eigenvalues below RANK_TOLERANCE of the largest are dropped, and negative ones with them,
    which changes every standard deviation by less than the root of that share. No jitter is added.
    """
    size, count = covariance.shape[:2]
    matrix = covariance.reshape(size * count, size * count)
    scale = np.sqrt(np.maximum(matrix.diagonal(), 0.0))
    unit = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(matrix / unit[:, None] / unit)
    keep = values > RANK_TOLERANCE * values[-1]
    root = scale[:, None] * vectors[:, keep] * np.sqrt(values[keep])
    return np.ascontiguousarray(root.reshape(size, count, -1))


@dataclass(frozen=True, eq=False, repr=False)
class KernelSample(Shown):
    """Kernels drawn from a law: ``matrix`` (size, n, n); ``sample["g,h"]`` is (size, n_g, n_h)."""

    matrix: Floats
    groups: tuple[KernelGroup, ...]

    def brief(self) -> Brief:
        """How many, and of which groups."""
        parts = ", ".join(f"{group.name} ({group.size})" for group in self.groups)
        return Brief(f"{len(self)} kernels of {parts}, drawn from a limit law")

    def __len__(self) -> int:
        return len(self.matrix)

    def __getitem__(self, key: str | tuple[str, str]) -> Floats:
        template = self.kernel(0)
        g, h = template.pair(key)
        return np.ascontiguousarray(self.matrix[:, template.rows(g)][:, :, template.rows(h)])

    def kernel(self, k: int) -> Kernel:
        """Draw number k as a :class:`Kernel`."""
        return Kernel(self.matrix[k], self.groups, {"draw": int(k)})
