"""From rows to evidence: what the networks and the limit law say of one kernel block at one s.

The evidence rests on the parts of THEORY §6 and never on the symbolic prediction:

(a) the identity of the ε-calculus, against kernels obtained without it;
(b) the fields S_N against the Gaussian G;
(c) the jet NTK T_N against T^∞: its mean, and a spread that falls like N^{-1/2};
(d) the kernel with T^∞ in place of T_N, network by network, against the law at that ε.

Where (d) agrees, the law extends the measurement to widths that no network reaches: medians of
‖K‖ at N = 10^20 and 10^40 give the slope, the spread at 10^40 tells random from deterministic.
Where the law's kernel vanishes (groups without a common field), the slope of the networks decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ntk_theory.errors import NonFiniteError
from ntk_theory.studies.statistics import Interval, against_law, law_ranks, mean_rank, relative_range, slope

Floats = NDArray[np.float64]
#: (ε, number of draws, seed) → draws of ‖K‖ and of one bilinear probe per pair.
Draw = Callable[[float, int, int], Mapping[str, tuple[Floats, Floats]]]

#: Widths at which the law stands in for networks.
FAR = (10.0**20, 10.0**40)
#: Draws from the law at each width that is compared, and at the far ones.
LAW_DRAWS, FAR_DRAWS = 600, 200


class Observed(StrEnum):
    """What was seen of a block as N grows."""

    ZERO = "zero"
    DETERMINISTIC = "deterministic"
    RANDOM = "random"
    DIVERGES = "diverges"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Criterion:
    """The numbers that turn evidence into verdicts; fixed before the first network is drawn.

    Attributes
    ----------
    level:
        Family-wise error of every family of tests (Holm).
    top_widths:
        The largest widths, whose samples are compared with the law.
    rank_margin:
        Largest distance of the mean rank among the law's draws from 1/2 that counts as agreement
        (0.15: a shift of half a standard deviation).
    slope_margin, slope_exclusion:
        An exponent is confirmed when the interval of the measured slope lies within the margin of
        it, refuted when the interval misses it by the exclusion.
    law_slope_margin:
        The same for the law's own slope between N = 10^20 and 10^40, which has no noise to speak of.
    constant_range:
        Relative range of 200 draws at N = 10^40 below which a limit counts as deterministic.
    identity:
        Largest relative difference that (a) allows.
    seed:
        Seed of all draws from laws and of all resampling.
    """

    level: float = 0.01
    top_widths: int = 3
    rank_margin: float = 0.15
    slope_margin: float = 0.2
    slope_exclusion: float = 0.02
    law_slope_margin: float = 0.02
    constant_range: float = 0.02
    identity: float = 1e-10
    seed: int = 20241217

    def to_dict(self) -> dict[str, float | int]:
        """The numbers by name."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class BlockRows:
    """The rows of one block at one s: (widths, networks), NaN where a cell is missing or failed.

    ``probe`` has one more axis in front, for several bilinear probes of the block.
    """

    pair: str
    s: Fraction
    widths: Sequence[int]
    norm: Floats
    norm_limit: Floats | None
    probe: Floats
    identity: Floats


@dataclass(frozen=True)
class LawTail:
    """The law far out: slopes of log‖K‖ and of the log spread, the spread relative to the size."""

    slope: float
    spread_slope: float | None
    relative_range: float
    overflows: bool = False


@dataclass(frozen=True)
class BlockEvidence:
    """Everything that a verdict on one block at one s may use."""

    pair: str
    s: Fraction
    networks: int
    norm_slope: Interval
    spread_slope: Interval
    law_p: float | None
    law_rank: Interval | None
    tail: LawTail | None
    identity: float | None
    notes: tuple[str, ...] = ()

    @property
    def law_vanishes(self) -> bool:
        """Is the law's kernel 0 here, so that only fluctuations are left?"""
        return self.tail is None and "the law's kernel vanishes" in self.notes


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


def epsilon_of(width: float, s: Fraction) -> float:
    """ε = N^{1/2−s}."""
    return math.pow(width, Fraction(1, 2) - s)


def block_evidence(rows: BlockRows, law: LawTable | None, criterion: Criterion) -> BlockEvidence:
    """Reduce the rows of one block to evidence."""
    complete: NDArray[np.bool_] = np.asarray(np.isfinite(rows.norm).all(axis=0))
    norm, probe = rows.norm[:, complete], rows.probe[:, :, complete]
    log_widths = np.log(np.asarray(rows.widths, dtype=np.float64))
    notes: list[str] = []
    with np.errstate(divide="ignore"):
        log_norm = np.log(norm)
    if norm.shape[1] < 4 or not np.isfinite(log_norm).all():
        nothing = Interval(math.nan, -math.inf, math.inf)
        notes.append("fewer than four complete networks, or a kernel that is exactly 0")
        return BlockEvidence(
            rows.pair, rows.s, norm.shape[1], nothing, nothing, None, None, None, None, tuple(notes)
        )
    norm_slope = slope(log_widths, log_norm, "median", criterion.level, criterion.seed)
    spread_slope = slope(log_widths, probe, "log_iqr", criterion.level, criterion.seed)
    finite = rows.identity[np.isfinite(rows.identity)]
    identity = float(finite.max()) if finite.size else None
    p, rank, tail = None, None, None
    if law is not None and rows.norm_limit is not None:
        p, rank, tail = _with_law(rows, complete, law, criterion, notes)
    return BlockEvidence(
        rows.pair, rows.s, norm.shape[1], norm_slope, spread_slope, p, rank, tail, identity, tuple(notes)
    )


def _with_law(
    rows: BlockRows, complete: NDArray[np.bool_], law: LawTable, criterion: Criterion, notes: list[str]
) -> tuple[float | None, Interval | None, LawTail | None]:
    assert rows.norm_limit is not None
    top = range(max(0, len(rows.widths) - criterion.top_widths), len(rows.widths))
    measured, drawn = [], []
    try:
        for k in top:
            norms, _ = law.near(epsilon_of(rows.widths[k], rows.s))[rows.pair]
            if not np.isfinite(norms).all():
                raise NonFiniteError(f"‖K‖ at N = {rows.widths[k]} leaves the range of floats")
            measured.append(rows.norm_limit[k, complete])
            drawn.append(norms)
    except NonFiniteError as cause:
        notes.append(f"the law overflows: {cause}")
        return None, None, None
    if all(
        np.median(norms) <= 1e-14 * max(np.median(rows.norm[k, complete]), 1e-300)
        for k, norms in zip(top, drawn, strict=True)
    ):
        notes.append("the law's kernel vanishes")
        return None, None, None
    measured = [_snapped(x, y) for x, y in zip(measured, drawn, strict=True)]
    ranks = law_ranks(measured, drawn)
    p = against_law(ranks, sum(map(len, drawn)))
    return p, mean_rank(ranks, criterion.level), law_tail(law, rows.pair, rows.s)


def _snapped(sample: Floats, law: Floats) -> Floats:
    """A law that is one number: values that agree with it to rounding are that number."""
    centre = float(np.median(law))
    if np.ptp(law) <= 1e-9 * abs(centre):
        return np.where(np.abs(sample - centre) <= 1e-8 * abs(centre), centre, sample)
    return sample


def law_tail(law: LawTable, pair: str, s: Fraction, widths: tuple[float, float] = FAR) -> LawTail:
    """The law of one block between two far widths, with the same random numbers at both."""
    sizes, spreads = [], []
    for width in widths:
        norms, probes = law.far(epsilon_of(width, s))[pair]
        if not np.isfinite(norms).all():
            return LawTail(math.inf, None, math.inf, overflows=True)
        sizes.append(float(np.median(norms)))
        low, high = np.quantile(probes, [0.25, 0.75])
        spreads.append(float(high - low))
    decades = math.log(widths[1]) - math.log(widths[0])
    if min(sizes) <= 0:
        return LawTail(-math.inf, None, 0.0)
    spread_slope = None
    if all(spread > 1e-9 * size for spread, size in zip(spreads, sizes, strict=True)):
        spread_slope = (math.log(spreads[1]) - math.log(spreads[0])) / decades
    return LawTail(
        (math.log(sizes[1]) - math.log(sizes[0])) / decades,
        spread_slope,
        max(relative_range(norms), relative_range(probes)),
    )


def observed_limit(e: BlockEvidence, criterion: Criterion, *, law_rejected: bool) -> tuple[Observed, str]:
    """The limit class that the evidence shows, with the reason."""
    if e.tail is not None and not law_rejected and agrees(e, criterion):
        return limit_by_law(e.tail, criterion)
    if e.law_vanishes or e.tail is None or law_rejected:
        return _by_slope(e, criterion)
    assert e.law_rank is not None
    return (
        Observed.UNDECIDED,
        f"the networks fit the law only loosely: {e.law_rank.remedy(criterion.rank_margin)}",
    )


def agrees(e: BlockEvidence, criterion: Criterion) -> bool:
    """Do the networks stand among the law's draws as draws from it would, within the margin?"""
    return e.law_rank is not None and e.law_rank.within(0.5, criterion.rank_margin)


def limit_by_law(tail: LawTail, criterion: Criterion) -> tuple[Observed, str]:
    """The limit class that the law shows, with the reason."""
    if tail.overflows:
        return Observed.DIVERGES, "networks follow the law, which leaves the range of floats as N grows"
    text = f"networks follow the law, whose ‖K‖ goes like N^{tail.slope:.3f} up to N = 10^40"
    if tail.slope > criterion.law_slope_margin:
        return Observed.DIVERGES, text
    if tail.slope < -criterion.law_slope_margin:
        return Observed.ZERO, text
    if tail.relative_range > criterion.constant_range:
        return Observed.RANDOM, f"{text} with a relative range of {tail.relative_range:.2g}"
    return Observed.DETERMINISTIC, f"{text} with a relative range of {tail.relative_range:.1e}"


def _by_slope(e: BlockEvidence, criterion: Criterion) -> tuple[Observed, str]:
    interval = e.norm_slope
    text = f"slope of log‖K‖ in [{interval.low:.3f}, {interval.high:.3f}]"
    if interval.low > criterion.slope_exclusion:
        return Observed.DIVERGES, text
    if interval.high < -criterion.slope_exclusion:
        return Observed.ZERO, text
    return (
        Observed.UNDECIDED,
        f"{text} contains 0 and no law to compare with: {interval.remedy(criterion.slope_margin)}",
    )
