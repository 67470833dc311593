"""Cells and what comes of them: keys, rows, failures, results. The engine knows no kind of study."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ntk_theory.arrays import Floats, ShortInts
from ntk_theory.studies.question.study import Cell


class Key(NamedTuple):
    """What a value is: pair and s are "" where they do not matter."""

    pair: str
    s: str
    quantity: str


class Row(NamedTuple):
    """One tidy row."""

    case: str
    activation: str
    width: int
    seed: int
    pair: str
    s: str
    quantity: str
    value: float


class Failure(NamedTuple):
    """Why some rows of a cell are absent; "" for pair or s: not of one pair or s only."""

    cell: Cell
    pair: str
    s: str
    message: str


@dataclass(frozen=True, eq=False)
class CellResult:
    """A cell's numbers: ``values[k]`` belongs to ``keys[ids[k]]`` of its case's layout."""

    cell: Cell
    ids: ShortInts
    values: Floats
    failures: tuple[Failure, ...] = ()
    seconds: float = 0.0

    def rows(self, keys: tuple[Key, ...]) -> list[Row]:
        """Tidy rows, given the layout of the case."""
        return [
            Row._make((*self.cell, *keys[k], float(v))) for k, v in zip(self.ids, self.values, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class LawResult:
    """What a case needs of the infinite-width law for one activation.

    Attributes
    ----------
    jet_ntk:
        T^∞ between slots and rows, (A, R, A, R); ``None`` where it cannot be computed, ``note`` says why.
    accuracy:
        The law's own error estimate.
    values:
        ``jetntk:…`` at T^∞, and for ``field:<slot>:<j>`` the variance w_jᵀ Σ w_j of that Gaussian.
    """

    case: str
    activation: str
    jet_ntk: Floats | None
    accuracy: float | None
    values: Mapping[str, float]
    note: str = ""


class Context(Protocol):
    """What the cells of one case and activation share; it travels to the workers."""

    @property
    def keys(self) -> tuple[Key, ...]:
        """The layout: every value that a cell of this case can have, in a fixed order."""

    def compute(self, width: int, seed: int) -> CellResult:
        """All quantities of one network. Pure: the same arguments give the same bits."""


class LawContext(Context, Protocol):
    """A context whose cells need the infinite-width law first."""

    def law(self) -> LawResult:
        """The law of this case and activation; with a note where it cannot be had."""


def init_seed(root: int, width: int, seed: int) -> int:
    """The seed of a network's parameters: independent for every (root, width, seed).

    The plain ``seed`` would give a wide network the normals of a narrow one over again, and the widths of a
    study would not be independent samples.
    """
    text = f"network {root} {width} {seed}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
