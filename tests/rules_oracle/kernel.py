"""T^∞ between the slots of two places: by quadrature where both are faces, generic numbers elsewhere.

Between points of which one is generic no sum of entries vanishes, so there any numbers serve. Between faces
the entries come from :mod:`rules_oracle.neuron`, and those that agree up to a small rational factor are made
to agree exactly, so that a sum that vanishes by symmetry vanishes in any precision.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from mpmath import mp, mpf

from rules_oracle.neuron import jet_ntk
from rules_oracle.tree import Slot

if TYPE_CHECKING:
    from rules_oracle.truth import Entry, Point

#: Relative to the largest entry, what the quadrature cannot tell from 0; and equality of two entries.
NOISE, SAME = 1e-9, 1e-8
RATIOS = sorted({Fraction(p, q) for p in range(1, 5) for q in range(1, 5)})

Numbers = dict[tuple[int, int, tuple[int, ...], tuple[int, ...]], float]
Table = dict[tuple[int, int, tuple[int, ...], tuple[int, ...]], Fraction]
RawTable = dict[tuple[int, int, tuple[int, ...], tuple[int, ...]], tuple[int, int, int, int]]


class Kernel:
    """Tables of T^∞, one per pair of places and points."""

    def __init__(self, slots: Sequence[Slot], rng: random.Random) -> None:
        self.random = rng
        self.indices = sorted({index for _, index in slots})
        self._tables: dict[object, Table] = {}
        self._raw: dict[object, RawTable] = {}
        self._matrices: dict[object, np.ndarray] = {}

    def table(self, entry: Entry) -> Table:
        """T^∞ by (leg, leg', α, β)."""
        first, second = entry.left.points[0][entry.pair], entry.right.points[1][entry.pair]
        if (first, second) not in self._tables:
            pinned = all(place.faces[0] for place in (entry.left, entry.right))
            raw = self._quadrature(first, second) if pinned else self._generic(len(first), len(second))
            self._tables[first, second] = snap(raw)
        return self._tables[first, second]

    def raw_table(self, entry: Entry) -> RawTable:
        """The table at the precision that is set, without its zeros."""
        key = (entry.left.points[0][entry.pair], entry.right.points[1][entry.pair], mp.prec)
        if key not in self._raw:
            table = self.table(entry).items()
            self._raw[key] = {k: (mpf(t.numerator) / t.denominator)._mpf_ for k, t in table if t}
        return self._raw[key]

    def _generic(self, legs: int, others: int) -> Numbers:
        return {
            (i, j, a, b): self.random.gauss(0, 1)
            for i in range(legs)
            for j in range(others)
            for a in self.indices
            for b in self.indices
        }

    def _quadrature(self, first: Sequence[Point], second: Sequence[Point]) -> Numbers:
        raw = {}
        for i, p in enumerate(first):
            for j, q in enumerate(second):
                if (p, q) not in self._matrices:
                    sides = [[float(value) for _, value in point] for point in (p, q)]
                    self._matrices[p, q] = jet_ntk(*sides, self.indices)
                for (a, alpha), (b, beta) in product(enumerate(self.indices), repeat=2):
                    raw[i, j, alpha, beta] = float(self._matrices[p, q][a, b])
        return raw


def snap(raw: Numbers) -> Table:
    """Entries that are 0, or equal up to a small rational factor, become exactly so."""
    largest = max(map(abs, raw.values()))
    known: list[Fraction] = []
    found: Table = {}
    for key, value in raw.items():
        if abs(value) <= NOISE * largest:
            found[key] = Fraction(0)
            continue
        for reference in known:
            ratio = abs(value) / float(reference)
            near = min(RATIOS, key=lambda r: abs(float(r) - ratio))
            if abs(ratio - float(near)) <= SAME * ratio:
                found[key] = reference * near * (1 if value > 0 else -1)
                break
        else:
            exact = Fraction(value)
            known.append(abs(exact))
            found[key] = exact
    return found
