"""Which blocks of a kernel a study watches, and the few numbers kept of each.

With v_j, w_j fixed probe vectors (standard normal entries over √length, one per set of rows), a block K^{gh}
of shape (n_g, n_h) is kept as

    norm = ‖K‖_F,    probe:j = v_jᵀ K w_j (j = 0, 1),    trace = Σ_i K_ii (g = h only).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ntk_theory.arrays import Floats, Places
from ntk_theory.model.blocks import UNIONS, KernelGroup
from ntk_theory.symbolic.problem import GroupKind
from ntk_theory.theory import Classification

#: Probe vectors per set of rows.
PROBES = 2
#: The name of the set of all rows, legs counted singly; no group can have it.
ALL_ROWS = "*"


def watched_pairs(groups: Sequence[KernelGroup], fields: int) -> tuple[str, ...]:
    """The pairs "g,h" of a problem that a study watches, in a fixed order.

    "b,b", "b,f", "f,f"; then every pair of single groups, g before h, of which one is neither a value
    group nor an equation, and for systems (several fields or equations) all pairs of single groups.

    >>> groups = [KernelGroup("b", GroupKind.VALUE, 2), KernelGroup("slope", GroupKind.CONDITION, 2),
    ...           KernelGroup("f", GroupKind.EQUATION, 2)]
    >>> watched_pairs(groups, 1)
    ('b,b', 'b,f', 'f,f', 'b,slope', 'slope,slope', 'slope,f')
    """
    kinds = [group.kind for group in groups]
    has_b, has_f = GroupKind.VALUE in kinds, GroupKind.EQUATION in kinds
    union = (["b,b"] if has_b else []) + (["b,f"] if has_b and has_f else []) + (["f,f"] if has_f else [])
    is_system = fields > 1 or kinds.count(GroupKind.EQUATION) > 1
    single = [
        f"{g.name},{h.name}"
        for k, g in enumerate(groups)
        for h in groups[k:]
        if is_system or GroupKind.CONDITION in (g.kind, h.kind)
    ]
    return tuple(dict.fromkeys([*union, *single]))


def split(pair: str) -> tuple[str, str]:
    """The two names of "g,h"."""
    g, h = pair.split(",")
    return g, h


def block_name(pair: str, classification: Classification) -> str:
    """The classification's name of a watched pair: "b,f" is its "bf"."""
    joined = pair.replace(",", "")
    return joined if joined in ("bb", "bf", "ff") and joined in classification.sharp else pair


def probe_vector(seed: int, name: str, number: int, length: int) -> Floats:
    """w_j of a set of rows: standard normals over √length, from the seed, the set's name and j."""
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(1, key, number))))
    return np.asarray(rng.standard_normal(length) / np.sqrt(length))


@dataclass(frozen=True, eq=False)
class BlockReader:
    """Reads the watched numbers off kernel matrices (…, n, n) whose rows follow ``groups``."""

    groups: tuple[KernelGroup, ...]
    fields: int
    seed: int

    @cached_property
    def pairs(self) -> tuple[str, ...]:
        """See :func:`watched_pairs`."""
        return watched_pairs(self.groups, self.fields)

    def members(self, name: str) -> tuple[KernelGroup, ...]:
        """The groups of a set of rows: one group, or all of the union "b" or "f"."""
        kind = UNIONS.get(name)
        return tuple(g for g in self.groups if (g.kind is kind if kind else g.name == name))

    @cached_property
    def _rows(self) -> Mapping[str, Places]:
        starts = dict(
            zip(
                [g.name for g in self.groups],
                np.cumsum([0, *(g.size for g in self.groups)])[:-1],
                strict=True,
            )
        )
        names = {name for pair in self.pairs for name in split(pair)}
        return {
            name: np.concatenate([starts[g.name] + np.arange(g.size) for g in self.members(name)])
            for name in sorted(names)
        }

    @cached_property
    def _probes(self) -> Mapping[str, Floats]:
        """(PROBES, n_g) per set of rows."""
        return {
            name: np.stack([probe_vector(self.seed, name, j, len(rows)) for j in range(PROBES)])
            for name, rows in self._rows.items()
        }

    def block(self, matrix: Floats, pair: str) -> Floats:
        """K^{gh} (…, n_g, n_h)."""
        g, h = split(pair)
        return np.ascontiguousarray(matrix[..., self._rows[g][:, None], self._rows[h]])

    def read(self, matrix: Floats) -> Iterator[tuple[str, str, Floats]]:
        """(pair, quantity, values (…)) for a matrix (…, n, n); not finite where the block is not."""
        for pair in self.pairs:
            g, h = split(pair)
            block = self.block(matrix, pair)
            yield pair, "norm", frobenius(block)
            with np.errstate(over="ignore", invalid="ignore"):
                for j in range(PROBES):
                    right = (block * self._probes[h][j]).sum(axis=-1)
                    yield pair, f"probe:{j}", (right * self._probes[g][j]).sum(axis=-1)
                if g == h:
                    yield pair, "trace", np.trace(block, axis1=-2, axis2=-1)


def frobenius(block: Floats) -> Floats:
    """‖K‖_F over the last two axes; squares neither overflow nor underflow."""
    top = np.abs(block).max(axis=(-2, -1))
    # Dividing by a power of two is exact, so that ordinary norms keep their last bit.
    exponent = np.frexp(np.where(np.isfinite(top) & (top > 0), top, 1.0))[1] - 1
    unit = np.ldexp(1.0, np.maximum(exponent, -1022))
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = block / unit[..., None, None]
        return np.asarray(unit * np.sqrt((scaled * scaled).sum(axis=(-2, -1))))
