"""A study's numbers as arrays over widths and seeds, for statistics and export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.studies.engine.cell import CellResult, Failure, Key, LawResult, Row
from ntk_theory.studies.question.study import Study
from ntk_theory.symbolic.numbers import fraction


@dataclass(frozen=True, eq=False)
class Block:
    """The values of one case and activation, (keys, widths, seeds), NaN where there is none.

    ``seconds`` (widths, seeds) is NaN for cells not computed yet.
    """

    values: Floats
    seconds: Floats

    @classmethod
    def empty(cls, keys: int, study: Study) -> Block:
        """No value yet."""
        shape = (len(study.widths), study.seeds)
        return cls(np.full((keys, *shape), np.nan), np.full(shape, np.nan))

    def put(self, result: CellResult, study: Study) -> None:
        """Put one cell in its place."""
        at = (study.widths.index(result.cell.width), result.cell.seed)
        self.values[(result.ids, *at)] = result.values
        self.seconds[at] = result.seconds


@dataclass(frozen=True, eq=False)
class StudyData:
    """What a store holds; :meth:`ntk_theory.studies.engine.store.Store.data` makes it.

    Attributes
    ----------
    layouts:
        Per case, the keys (pair, s, quantity) in their fixed order.
    blocks:
        Per (case, activation), the arrays behind :meth:`values`.
    """

    study: Study
    layouts: Mapping[str, tuple[Key, ...]]
    blocks: Mapping[tuple[str, str], Block]
    all_failures: tuple[Failure, ...]
    laws: Mapping[tuple[str, str], LawResult]

    @cached_property
    def _positions(self) -> dict[str, dict[Key, int]]:
        return {case: {key: k for k, key in enumerate(keys)} for case, keys in self.layouts.items()}

    def values(self, case: str, activation: str, pair: str, s: Any, quantity: str) -> Floats:
        """One quantity over (widths, seeds), NaN where missing; ``s`` is exact, "" where it does not matter.

        Raises
        ------
        InputError
            The study has no such case, activation, pair, s or quantity.
        """
        key = Key(pair, s if s == "" else str(fraction(s)), quantity)
        if (case, activation) not in self.blocks:
            raise InputError(
                f"the study has no case {case!r} with {activation!r}; it has {list(self.blocks)}"
            )
        if key not in self._positions[case]:
            raise InputError(self._absent(case, key))
        return np.asarray(self.blocks[case, activation].values[self._positions[case][key]])

    def _absent(self, case: str, key: Key) -> str:
        """What is wrong with a key that the layout lacks: its pair, its s, or its quantity."""
        if key.pair and key.pair not in self.pairs(case):
            return f"pair is {key.pair!r}; case {case!r} has the pairs {', '.join(self.pairs(case))}"
        if key.s not in {own.s for own in self.layouts[case] if own.pair == key.pair}:
            have = ", ".join(map(str, self.study.s)) if key.pair else "'', for it depends on no s"
            return f"s is {key.s!r}; case {case!r} has {have}"
        of = f"of the pair {key.pair!r}" if key.pair else "of no pair"
        have = ", ".join(self.quantities(case, key.pair))
        return f"quantity is {key.quantity!r}; case {case!r} has, {of}: {have}"

    def pairs(self, case: str) -> tuple[str, ...]:
        """The pairs "g,h" of a case, in their fixed order."""
        return tuple(dict.fromkeys(key.pair for key in self.layouts[case] if key.pair))

    def quantities(self, case: str, pair: str = "") -> tuple[str, ...]:
        """The quantities of a pair; by default those that belong to no pair."""
        return tuple(dict.fromkeys(key.quantity for key in self.layouts[case] if key.pair == pair))

    def failures(self, case: str | None = None, pair: str | None = None) -> tuple[Failure, ...]:
        """The failures, of one case or pair if named (a failure of the whole cell counts for every pair)."""
        return tuple(
            f
            for f in self.all_failures
            if case in (None, f.cell.case) and (pair is None or f.pair in ("", pair))
        )

    def law(self, case: str, activation: str) -> LawResult | None:
        """The infinite-width law; ``None`` if it was not computed yet."""
        return self.laws.get((case, activation))

    @property
    def computed(self) -> int:
        """The number of cells that are computed."""
        return sum(int(np.isfinite(block.seconds).sum()) for block in self.blocks.values())

    @property
    def is_complete(self) -> bool:
        """Is every cell computed?"""
        return self.computed == len(self.study.cells())

    def rows(self) -> Iterator[Row]:
        """All tidy rows, sorted by case, activation, width, seed and key."""
        for (case, activation), block in self.blocks.items():
            keys = self.layouts[case]
            for w, width in enumerate(self.study.widths):
                for seed in range(self.study.seeds):
                    cell = block.values[:, w, seed]
                    for k in np.flatnonzero(~np.isnan(cell)):
                        yield Row(case, activation, width, seed, *keys[k], float(cell[k]))
