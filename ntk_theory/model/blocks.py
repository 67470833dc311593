"""Kernel: a symmetric matrix with named blocks, one per pair of constraint groups.

K^{gh}(x, x') = Σ_θ ∂_θR_g(x) ∂_θR_h(x') in rows and columns that follow the groups: conditions in
declared order, then equations.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.files import not_a, read_archive, write_archive
from ntk_theory.frames import pandas
from ntk_theory.shown import Brief, Shown
from ntk_theory.symbolic.problem import GroupKind

#: Unions of groups: all value groups, all equations.
UNIONS = {"b": GroupKind.VALUE, "f": GroupKind.EQUATION}

#: Written into every file; a reader of another layout refuses it.
FORMAT = "ntk-theory kernel 1"


@dataclass(frozen=True)
class KernelGroup:
    """Rows of a kernel: the group's name, what it constrains, and its number of points."""

    name: str
    kind: GroupKind
    size: int


@dataclass(frozen=True, eq=False)
class Kernel(Shown):
    """The kernel of a problem, in named blocks.

    ``matrix`` is (n, n), n = Σ_g n_g. ``kernel["g,h"]`` is the (n_g, n_h) block K^{gh}, ``kernel["h,g"]``
    its transpose; one-letter names may be joined (``kernel["bf"]``). "b" stands for all value groups,
    stacked, and "f" for all equations. ``metadata`` is JSON-like and travels with the file.

    >>> groups = (KernelGroup("b", GroupKind.VALUE, 1), KernelGroup("f", GroupKind.EQUATION, 2))
    >>> kernel = Kernel(np.diag([1.0, 2.0, 5.0]), groups)
    >>> kernel["bf"].shape, kernel.trace("ff"), kernel.eigenvalues().tolist()
    ((1, 2), 7.0, [5.0, 2.0, 1.0])
    """

    matrix: Floats
    groups: tuple[KernelGroup, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = sum(group.size for group in self.groups)
        # A view: it is made read-only below, and the caller's own array is not.
        matrix = np.ascontiguousarray(self.matrix, dtype=np.float64).view()
        if matrix.shape != (n, n):
            raise InputError(f"matrix has shape {matrix.shape}; the groups need ({n}, {n})")
        names = [group.name for group in self.groups]
        if len(set(names)) != len(names):
            raise InputError(f"groups has the names {names}; each must be its own")
        for group in self.groups:
            if group.name in UNIONS and group.kind is not UNIONS[group.name]:
                raise InputError(
                    f"the group {group.name!r} is a {group.kind}, but {group.name!r} stands for all "
                    f"{UNIONS[group.name]} groups; rename it"
                )
        object.__setattr__(self, "matrix", matrix)
        self._require_finite()
        matrix.flags.writeable = False

    def brief(self) -> Brief:
        """One row per group: rows, trace and largest eigenvalue of its diagonal block."""
        rows = tuple(
            (
                g.name,
                str(g.kind),
                str(g.size),
                f"{self.trace(g.name):.4g}",
                f"{self.eigenvalues(g.name)[0]:.4g}",
            )
            for g in self.groups
        )
        return Brief(repr(self), ("group", "kind", "rows", "trace", "λ max"), rows)

    def to_pandas(self) -> Any:
        """The matrix, rows and columns labelled by (group, number of its point)."""
        labels = [(group.name, k) for group in self.groups for k in range(group.size)]
        index = pandas().MultiIndex.from_tuples(labels, names=["group", "point"])
        return pandas().DataFrame(self.matrix, index=index, columns=index)

    def __repr__(self) -> str:
        parts = ", ".join(f"{group.name} ({group.size})" for group in self.groups)
        about = ", ".join(f"{name} {value}" for name, value in self.metadata.items())
        return f"Kernel of {parts}" + (f": {about}" if about else "")

    def _require_finite(self) -> None:
        with np.errstate(all="ignore"):
            if np.isfinite(self.matrix.sum()):  # proves all entries finite, without a mask of n² entries
                return
        bad = np.argwhere(~np.isfinite(self.matrix))
        if len(bad):
            (g, i), (h, j) = (self._locate(int(k)) for k in bad[0])
            raise NonFiniteError(
                f"the kernel block {g},{h} is {self.matrix[tuple(bad[0])]} at points {i} and {j}; "
                "the residual's derivatives there are too large to be squared"
            )

    def _locate(self, row: int) -> tuple[str, int]:
        for group in self.groups:
            if row < group.size:
                return group.name, row
            row -= group.size
        raise IndexError(row)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the groups, in the order of the rows."""
        return tuple(group.name for group in self.groups)

    def rows(self, name: str) -> Floats:
        """The rows of a group, or of the union "b" or "f"; shape (n_g,), integers."""
        kind = UNIONS.get(name)
        ends = np.cumsum([0, *(group.size for group in self.groups)])
        found = [
            np.arange(start, start + group.size)
            for group, start in zip(self.groups, ends, strict=False)
            if (group.kind is kind if kind else group.name == name)
        ]
        if not found:
            raise InputError(f"there is no group {name!r} in this kernel; it has {self._available()}")
        return np.concatenate(found)

    def __getitem__(self, key: str | tuple[str, str]) -> Floats:
        g, h = self.pair(key)
        return np.ascontiguousarray(self.matrix[np.ix_(self.rows(g), self.rows(h))])

    def pair(self, key: str | tuple[str, str]) -> tuple[str, str]:
        """The two group names that a key stands for: "g,h", or "gh" for one-letter names."""
        if isinstance(key, str):
            parts = tuple(part.strip() for part in key.split(",")) if "," in key else tuple(key)
        else:
            parts = tuple(key)
        if len(parts) != 2 or not all(isinstance(part, str) for part in parts):
            example = f"{self.names[0]},{self.names[-1]}"
            raise InputError(f"the block {key!r} is not a pair of groups; write {example!r}")
        return parts

    def _available(self) -> str:
        unions = [name for name, kind in UNIONS.items() if any(group.kind is kind for group in self.groups)]
        return ", ".join(dict.fromkeys([*self.names, *unions]))

    def _square(self, key: str | None) -> Floats:
        """The matrix, or the diagonal block of a group name or of a pair of equal names."""
        if key is None:
            return self.matrix
        if key in UNIONS or key in self.names:
            return self[key, key]
        g, h = self.pair(key)
        if g != h:
            raise InputError(f"{key!r} is an off-diagonal block; this needs a diagonal one such as '{g},{g}'")
        return self[g, h]

    def trace(self, key: str | None = None) -> float:
        """The trace of K, or tr K^{gg} of a group (``"f"``, ``"ff"`` or ``"f,f"``)."""
        return float(np.trace(self._square(key)))

    def eigenvalues(self, key: str | None = None) -> Floats:
        """Eigenvalues of K or of a diagonal block, largest first; shape (n,)."""
        return np.ascontiguousarray(np.linalg.eigvalsh(self._square(key))[::-1], dtype=np.float64)

    def condition_number(self, key: str | None = None) -> float:
        """λ_max/λ_min; infinite where λ_min is not above rounding, n · 2^{-52} · λ_max."""
        return condition_number(self.eigenvalues(key))

    def effective_rank(self, key: str | None = None) -> float:
        """e^H with H = −Σ_k p_k log p_k, p_k = λ_k/Σλ (Roy & Vetterli, EUSIPCO 2007).

        It lies between 1 and n; for K = 0 it is 0.
        """
        return effective_rank(self.eigenvalues(key))

    def trace_ratio_weights(self) -> dict[str, float]:
        """Loss weights λ_g = tr K / tr K^{gg} for every group (Wang, Yu & Perdikaris 2022)."""
        total = self.trace()
        weights = {}
        for group in self.groups:
            rows = slice(*self._span(group.name))
            own = float(np.trace(self.matrix[rows, rows]))
            if not own > 0:
                raise InputError(f"group {group.name!r} has a kernel of trace {own}; no weight balances it")
            weights[group.name] = total / own
        return weights

    def _span(self, name: str) -> tuple[int, int]:
        at = self.names.index(name)
        start = sum(group.size for group in self.groups[:at])
        return start, start + self.groups[at].size

    def to_npz(self, path: str | PathLike[str]) -> None:
        """Write matrix, groups and metadata (as JSON text) to an .npz file; nothing in it is pickled."""
        entries: dict[str, ArrayLike] = {
            "matrix": self.matrix,
            "names": np.array(self.names),
            "kinds": np.array([str(group.kind) for group in self.groups]),
            "sizes": np.array([group.size for group in self.groups], dtype=np.int64),
            "metadata": json.dumps(dict(self.metadata), sort_keys=True),
        }
        write_archive(path, FORMAT, entries)

    @classmethod
    def from_npz(cls, path: str | PathLike[str]) -> Kernel:
        """Read what :meth:`to_npz` wrote; a damaged or foreign file raises InputError."""
        data = read_archive(path, FORMAT, what="kernel", writer="to_npz")
        try:
            groups = tuple(
                KernelGroup(str(name), GroupKind(str(kind)), int(size))
                for name, kind, size in zip(data["names"], data["kinds"], data["sizes"], strict=True)
            )
            return cls(data["matrix"], groups, json.loads(str(data["metadata"])))
        except Exception as error:  # whatever a text or an array of the right type may still hold
            raise not_a(path, "kernel", "to_npz", error) from error


def condition_number(eigenvalues: Sequence[float] | Floats) -> float:
    """λ_max/λ_min of a positive semidefinite spectrum; infinite where λ_min is below rounding."""
    values = np.asarray(eigenvalues, dtype=np.float64)
    top, bottom = float(values.max()), float(values.min())
    return top / bottom if bottom > len(values) * np.finfo(np.float64).eps * top else float("inf")


def effective_rank(eigenvalues: Sequence[float] | Floats) -> float:
    """e^H, H the entropy of λ_k/Σλ; negative rounding errors count as 0. 0 for a zero spectrum."""
    values = np.clip(np.asarray(eigenvalues, dtype=np.float64), 0.0, None)
    if not values.any():
        return 0.0
    p = values / values.sum()
    p = p[p > 0]
    return float(np.exp(-np.sum(p * np.log(p))))
