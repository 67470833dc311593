"""Draws from the limit law, read off its kernels as a study reads its networks'."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import NonFiniteError
from ntk_theory.limit.law import LimitLaw
from ntk_theory.studies.initialisation.blocks import BlockReader, frobenius
from ntk_theory.studies.initialisation.law_tail import Draw


def draw_from(law: LimitLaw, probe_seed: int) -> Draw:
    """Draws of ‖K‖ and of the first probe, read off the law's kernels as a study reads its networks'."""

    def draw(epsilon: float, size: int, seed: int) -> Mapping[str, tuple[Floats, Floats]]:
        try:
            sample = law.sample(epsilon, size, seed)
        except NonFiniteError:
            return _affine_blocks(law, reader, epsilon, size)
        found: dict[str, dict[str, Floats]] = {}
        for pair, quantity, values in reader.read(sample.matrix):
            found.setdefault(pair, {})[quantity] = values
        return {pair: (q["norm"], q["probe:0"]) for pair, q in found.items()}

    reader = BlockReader(law.rows.groups, len(law.problem.fields), probe_seed)
    return draw


def _affine_blocks(
    law: LimitLaw, reader: BlockReader, epsilon: float, size: int
) -> dict[str, tuple[Floats, Floats]]:
    """Where a draw overflows, blocks of affine groups still have their one value; the others are ∞."""
    infinite = np.full(size, np.inf)
    found = dict.fromkeys(reader.pairs, (infinite, infinite))
    for pair in reader.pairs:
        if law.is_fixed(pair):
            value = float(frobenius(law.deterministic(epsilon, pair)))
            found[pair] = (np.full(size, value), np.full(size, value))
    return found
