"""What the limit law predicts at finite widths, for figures: draws of ‖K‖ and of a bilinear probe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import NTKTheoryError
from ntk_theory.limit.law import limit_law
from ntk_theory.model.network import epsilon_of
from ntk_theory.studies.initialisation.blocks import watched_pairs
from ntk_theory.studies.initialisation.cells import CellContext
from ntk_theory.studies.initialisation.collect import block_name, draw_from
from ntk_theory.studies.initialisation.law_tail import Draw
from ntk_theory.studies.initialisation.verify import StudyResult

#: Draws at each ε, from the same random numbers, so that curves are smooth.
DRAWS = 400
_SEED = 7


@dataclass
class LawDraws:
    """Draws from the limit law of one case by ε, each made once.

    ``pairs`` maps a block's name ("bf") to the pair of the stored numbers ("b,f").
    """

    pairs: Mapping[str, str]
    _draw: Draw | None
    _known: dict[float, Mapping[str, tuple[Floats, Floats]]] = field(default_factory=dict)

    @classmethod
    def of(cls, result: StudyResult, label: str, activation: str) -> LawDraws:
        """The draws of a case of a study."""
        study, case = result.study, result.study.case(label)
        context = CellContext.of(study, case, activation)
        classification = result.evidence[label, activation].classification
        pairs = watched_pairs(context.rows.groups, len(case.problem.fields))
        names = {block_name(pair, classification): pair for pair in pairs}
        try:
            draw: Draw | None = draw_from(
                limit_law(case.problem, context.network(8), case.points), study.seed
            )
        except NTKTheoryError:
            draw = None  # ReLU^k, for one, has no law; the figures then show the networks alone
        return cls(names, draw)

    def at(self, block: str, s: Fraction, width: float) -> tuple[Floats, Floats] | None:
        """Draws of ‖K‖ and of the first probe; ``None`` where there is no law, or a draw is not finite."""
        if self._draw is None:
            return None
        epsilon = epsilon_of(width, s)
        if epsilon not in self._known:
            try:
                self._known[epsilon] = self._draw(epsilon, DRAWS, _SEED)
            except NTKTheoryError:
                self._known[epsilon] = {}
        found = self._known[epsilon].get(self.pairs[block])
        return found if found is not None and np.isfinite(found).all() else None
