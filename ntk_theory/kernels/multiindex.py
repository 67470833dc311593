"""Downward-closed sets of multi-indices and the integer tables that kernels loop over.

A truncated Taylor polynomial in h ∈ R^d is z(h) = Σ_{α∈I} z_α h^α with *normalised* coefficients
z_α = ∂^α z / α!. If I contains with every α all β ≤ α, the coefficients of a product or of a
composition inside I depend only on coefficients inside I, so that truncation to I commutes with
arithmetic. Everything here is built once per set and cached; a partial differential equation only
chooses the set.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from ntk_theory.arrays import Floats, Ints
from ntk_theory.errors import InputError

MultiIndex = tuple[int, ...]


@dataclass(frozen=True)
class IndexSet:
    """A downward-closed set I of multi-indices in N^d, graded: 0 first, then by order |α|.

    Within one order the earlier variable comes first: (2,0), (1,1), (0,2). Build it with
    :func:`closure`; the positions in :attr:`indices` are the first axis of every array of Taylor
    coefficients, called A (its length) in shapes.
    """

    indices: tuple[MultiIndex, ...]

    @property
    def size(self) -> int:
        """A, the number of multi-indices."""
        return len(self.indices)

    @property
    def dimension(self) -> int:
        """The number of variables, d."""
        return len(self.indices[0])

    @property
    def order(self) -> int:
        """The largest |α|."""
        return sum(self.indices[-1])

    @cached_property
    def position(self) -> dict[MultiIndex, int]:
        """Where each multi-index stands in :attr:`indices`."""
        return {index: at for at, index in enumerate(self.indices)}

    @cached_property
    def orders(self) -> Ints:
        """|α| for every position, shape (A,)."""
        return np.array([sum(index) for index in self.indices], dtype=np.int64)

    @cached_property
    def table(self) -> Ints:
        """The multi-indices themselves, shape (A, d)."""
        return np.array(self.indices, dtype=np.int64).reshape(self.size, self.dimension)

    @cached_property
    def factorials(self) -> Floats:
        """α! = Π α_j!, shape (A,): derivative = α! × Taylor coefficient."""
        return np.array(
            [math.prod(math.factorial(n) for n in index) for index in self.indices], dtype=np.float64
        )

    @cached_property
    def units(self) -> Ints:
        """Position of e_j for every variable j, −1 where I lacks it, shape (d,)."""
        found = [self.position.get(unit(j, self.dimension), -1) for j in range(self.dimension)]
        return np.array(found, dtype=np.int64)

    @cached_property
    def products(self) -> Ints:
        """All (α, β, γ) with β + γ = α as positions, shape (P, 3), ordered by α, then β.

        (z·w)_α = Σ z_β w_γ over the rows of α.
        """
        rows = []
        for at, alpha in enumerate(self.indices):
            for beta in below(alpha):
                gamma = tuple(a - b for a, b in zip(alpha, beta, strict=True))
                rows.append((at, self.position[beta], self.position[gamma]))
        return np.array(sorted(rows), dtype=np.int64).reshape(-1, 3)

    @cached_property
    def product_offsets(self) -> Ints:
        """Rows ``product_offsets[a]:product_offsets[a + 1]`` of :attr:`products` belong to α = a."""
        counts = np.bincount(self.products[:, 0], minlength=self.size)
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    @cached_property
    def powers(self) -> Ints:
        """Program for the powers P_k = (z − z_0)^k: rows (k, α, β, γ), shape (Q, 4), ordered by k.

        P_{k,α} = Σ (z − z_0)_β P_{k−1,γ} over the rows of (k, α), for 2 ≤ k ≤ |α|; P_1 = z − z_0.
        Rows with |γ| < k − 1 or β = 0 are absent, since their factor is zero.
        """
        rows = [
            (k, a, b, c)
            for k in range(2, self.order + 1)
            for a, b, c in self.products.tolist()
            if b != 0 and self.orders[a] >= k and self.orders[c] >= k - 1
        ]
        return np.array(rows, dtype=np.int64).reshape(-1, 4)

    @cached_property
    def euler(self) -> Ints:
        """Program for y' = w·z': rows (α, β, γ, j, β_j, α_j), shape (E, 6), ordered by α.

        For α ≠ 0 and the first variable j with α_j > 0,  α_j y_α = Σ β_j z_β w_γ  over the rows of α.
        """
        rows = []
        for a, b, c in self.products.tolist():
            if a == 0:
                continue
            j = next(k for k, n in enumerate(self.indices[a]) if n)
            if self.indices[b][j]:
                rows.append((a, b, c, j, self.indices[b][j], self.indices[a][j]))
        return np.array(rows, dtype=np.int64).reshape(-1, 6)

    def __iter__(self) -> Iterator[MultiIndex]:
        return iter(self.indices)


def unit(j: int, dimension: int) -> MultiIndex:
    """The multi-index e_j.

    >>> unit(1, 3)
    (0, 1, 0)
    """
    return tuple(int(k == j) for k in range(dimension))


def below(alpha: MultiIndex) -> Iterable[MultiIndex]:
    """All β ≤ α, componentwise.

    >>> list(below((1, 1)))
    [(0, 0), (0, 1), (1, 0), (1, 1)]
    """
    return itertools.product(*(range(n + 1) for n in alpha))


def closure(indices: Iterable[MultiIndex], dimension: int) -> IndexSet:
    """The smallest downward-closed set that contains ``indices`` and 0.

    >>> closure([(2, 1)], 2).indices
    ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (2, 1))
    """
    given = frozenset(tuple(int(n) for n in index) for index in indices)
    for index in given:
        if len(index) != dimension or min(index, default=0) < 0:
            raise InputError(
                f"indices has {index}; it needs {dimension} non-negative integers, one per variable"
            )
    return _closure(given, int(dimension))


def total_order(order: int, dimension: int) -> IndexSet:
    """All multi-indices of order at most ``order`` in ``dimension`` variables."""
    every = itertools.product(range(order + 1), repeat=dimension)
    return closure([index for index in every if sum(index) <= order], dimension)


@lru_cache(maxsize=256)
def _closure(given: frozenset[MultiIndex], dimension: int) -> IndexSet:
    found = {(0,) * dimension}
    for index in given:
        found.update(below(index))
    graded = sorted(found, key=lambda index: (sum(index), tuple(-n for n in index)))
    return IndexSet(tuple(graded))
