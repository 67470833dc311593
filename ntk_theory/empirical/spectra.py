"""Spectra of kernels: what the eigenvalues say about training, per group and for the whole kernel.

With the loss L = ½ Σ_g λ_g Σ_x R_g(x)² the residuals obey R' = −KΛR (THEORY §5), so that an eigenvector of
Λ^{1/2}KΛ^{1/2} with eigenvalue μ decays like e^{−μt}, and plain gradient descent is stable for learning rates
below 2/μ_max.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.model.blocks import Kernel, condition_number, effective_rank
from ntk_theory.shown import Brief, Shown


@dataclass(frozen=True, eq=False, repr=False)
class Spectrum(Shown):
    """The eigenvalues of a kernel or of a group's diagonal block, largest first.

    ``group`` is ``None`` for the whole kernel.
    """

    group: str | None
    eigenvalues: Floats

    def brief(self) -> Brief:
        """Size, trace, largest eigenvalue, condition number and effective rank."""
        part = "the whole kernel" if self.group is None else f"the group {self.group}"
        numbers = (self.trace, self.largest, self.condition_number, self.effective_rank)
        head = ("size", "trace", "λ max", "condition", "effective rank")
        return Brief(f"spectrum of {part}", head, ((str(self.size), *(f"{x:.3g}" for x in numbers)),))

    @property
    def size(self) -> int:
        """The number of rows."""
        return len(self.eigenvalues)

    @property
    def trace(self) -> float:
        """Σ_k λ_k."""
        return float(self.eigenvalues.sum())

    @property
    def largest(self) -> float:
        """λ_max."""
        return float(self.eigenvalues[0])

    @property
    def condition_number(self) -> float:
        """λ_max/λ_min, infinite where λ_min is below rounding."""
        return condition_number(self.eigenvalues)

    @property
    def effective_rank(self) -> float:
        """The exponential of the entropy of λ_k/Σλ (Roy & Vetterli, EUSIPCO 2007)."""
        return effective_rank(self.eigenvalues)

    @property
    def stable_rank(self) -> float:
        """Σλ/λ_max, the trace in units of the largest eigenvalue; 0 for K = 0."""
        return self.trace / self.largest if self.largest > 0 else 0.0

    @property
    def largest_learning_rate(self) -> float:
        """2/λ_max: gradient descent on ½ΣR² diverges above it where K is constant; infinite for K = 0."""
        return 2 / self.largest if self.largest > 0 else float("inf")


def spectrum(
    kernel: Kernel, group: str | None = None, weights: Mapping[str, float] | None = None
) -> Spectrum:
    """The spectrum of a kernel, of a group's block, or of Λ^{1/2}KΛ^{1/2} with loss weights λ_g.

    Parameters
    ----------
    kernel:
        Any kernel of named blocks.
    group:
        A group's name, "b" or "f"; ``None`` for the whole kernel.
    weights:
        λ_g > 0 for every group, as :meth:`Kernel.trace_ratio_weights` gives them.

    Examples
    --------
    >>> from ntk_theory.model.blocks import KernelGroup
    >>> from ntk_theory.symbolic.problem import GroupKind
    >>> groups = (KernelGroup("b", GroupKind.VALUE, 1), KernelGroup("f", GroupKind.EQUATION, 1))
    >>> kernel = Kernel(np.diag([1.0, 100.0]), groups)
    >>> spectrum(kernel).condition_number
    100.0
    >>> round(spectrum(kernel, weights=kernel.trace_ratio_weights()).condition_number, 12)
    1.0
    """
    scaled = kernel if weights is None else weighted(kernel, weights)
    return Spectrum(group, scaled.eigenvalues(group))


def spectra(kernel: Kernel, weights: Mapping[str, float] | None = None) -> tuple[Spectrum, ...]:
    """The spectrum of the whole kernel, then that of every group's diagonal block.

    ``kernel`` and ``weights`` as in :func:`spectrum`.
    """
    scaled = kernel if weights is None else weighted(kernel, weights)
    return tuple(Spectrum(name, scaled.eigenvalues(name)) for name in (None, *_blocks(scaled)))


def weighted(kernel: Kernel, weights: Mapping[str, float]) -> Kernel:
    """Λ^{1/2}KΛ^{1/2}, the kernel of the loss ½ Σ_g λ_g Σ R_g²; ``weights`` are λ_g > 0, one per group."""
    missing = [name for name in kernel.names if name not in weights]
    unknown = sorted(set(weights) - set(kernel.names))
    if missing or unknown:
        raise InputError(
            f"weights has the groups {sorted(weights)}; it needs one number for each of {kernel.names}"
        )
    roots = []
    for group in kernel.groups:
        weight = float(weights[group.name])
        if not (weight > 0 and np.isfinite(weight)):
            raise InputError(f"weights[{group.name!r}] is {weight}; it needs a finite number above 0")
        roots.append(np.full(group.size, np.sqrt(weight)))
    root = np.concatenate(roots)
    return Kernel(root[:, None] * kernel.matrix * root, kernel.groups, kernel.metadata)


def _blocks(kernel: Kernel) -> tuple[str, ...]:
    """Group names that mean one group alone ("b" among other value groups means them all)."""
    sizes = {group.name: group.size for group in kernel.groups}
    return tuple(name for name in kernel.names if len(kernel.rows(name)) == sizes[name])
