"""The limit law far beyond the widths of any network: how its kernels go with N.

Where networks follow the law, it extends the measurement: medians of ‖K‖ at N = 10^20 and 10^40 give the
exponent, the spread at 10^40 tells random from deterministic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.model.network import epsilon_of
from ntk_theory.studies.judging.statistics import relative_range
from ntk_theory.studies.judging.trends import SPREAD_QUANTILES

#: (ε, number of draws, seed) → draws of ‖K‖ and of one bilinear probe per pair.
Draw = Callable[[float, int, int], Mapping[str, tuple[Floats, Floats]]]

#: Widths at which the law stands in for networks.
FAR = (10.0**20, 10.0**40)
#: Where the law's spread there is below the rounding of its size, the spread's slope is taken nearer.
NEARER = ((10.0**10, 10.0**14), (10.0**6, 10.0**8))
#: Draws that differ by less than this, relative to their size, differ by rounding.
ROUNDING = 1e-9
#: Draws from the law at each width that is compared, and at the far ones.
LAW_DRAWS, FAR_DRAWS = 600, 200


@dataclass(frozen=True)
class LawTail:
    """The law far out: slopes of log‖K‖ and of the log spread, the spread relative to the size, the size."""

    slope: float
    spread_slope: float | None
    relative_range: float
    overflows: bool = False
    range_kept: float = 1.0
    near_slope: float | None = None
    size: float = math.nan


@dataclass
class LawTable:
    """Draws from the law by ε, made once and shared by all pairs."""

    draw: Draw
    seed: int
    _known: dict[tuple[float, bool], Mapping[str, tuple[Floats, Floats]]] = field(default_factory=dict)

    def near(self, epsilon: float) -> Mapping[str, tuple[Floats, Floats]]:
        """Draws to compare networks with; the seed depends on ε, so that widths are independent."""
        return self._at(epsilon, far=False)

    def far(self, epsilon: float) -> Mapping[str, tuple[Floats, Floats]]:
        """Draws for the tail, with the same random numbers at every ε, so that slopes have no noise."""
        return self._at(epsilon, far=True)

    def _at(self, epsilon: float, *, far: bool) -> Mapping[str, tuple[Floats, Floats]]:
        key = (epsilon, far)
        if key not in self._known:
            offset = 0 if far else 1 + int.from_bytes(np.float64(epsilon).tobytes(), "little") % 2**32
            self._known[key] = self.draw(epsilon, FAR_DRAWS if far else LAW_DRAWS, self.seed + offset)
        return self._known[key]


def law_tail(law: LawTable, pair: str, s: Fraction, widths: tuple[float, float] = FAR) -> LawTail:
    """The law of one block between two far widths, with the same random numbers at both."""
    sizes, ranges = [], []
    for width in widths:
        norms, probes = law.far(epsilon_of(width, s))[pair]
        if not np.isfinite(norms).all():
            return LawTail(math.inf, None, math.inf, overflows=True)
        sizes.append(float(np.median(norms)))
        ranges.append(max(relative_range(norms), relative_range(probes)))
    if min(sizes) <= 0:
        return LawTail(-math.inf, None, 0.0)
    kept = ranges[1] / ranges[0] if ranges[0] > ROUNDING else 0.0
    for pair_of_widths in (widths, *NEARER) if widths == FAR else (widths,):
        slope = _spread_slope(law, pair, s, pair_of_widths)
        if slope is not None:
            break
    near = _norm_slope(law, pair, s, NEARER[0]) if widths == FAR else None
    return LawTail(
        _exponent(sizes, widths), slope, ranges[1], range_kept=kept, near_slope=near, size=sizes[1]
    )


def _norm_slope(law: LawTable, pair: str, s: Fraction, widths: tuple[float, float]) -> float | None:
    """The exponent of the median ‖K‖ between two widths; ``None`` where it is 0 or not finite."""
    sizes = [float(np.median(law.far(epsilon_of(width, s))[pair][0])) for width in widths]
    return _exponent(sizes, widths) if min(sizes) > 0 and math.isfinite(sum(sizes)) else None


def _spread(probes: Floats) -> float:
    low, high = np.quantile(probes, SPREAD_QUANTILES)
    return float(high - low)


def _exponent(values: Sequence[float], widths: Sequence[float]) -> float:
    """X of values ~ N^x between two widths."""
    return (math.log(values[1]) - math.log(values[0])) / (math.log(widths[1]) - math.log(widths[0]))


def _spread_slope(law: LawTable, pair: str, s: Fraction, widths: tuple[float, float]) -> float | None:
    """The exponent of the law's spread; ``None`` where that is below rounding or not finite."""
    spreads = []
    for width in widths:
        norms, probes = law.far(epsilon_of(width, s))[pair]
        if not np.isfinite(probes).all():
            return None
        spreads.append(_spread(probes))
        if spreads[-1] <= ROUNDING * float(np.median(norms)):
            return None
    return _exponent(spreads, widths)
