"""From rows to evidence: what the networks and the limit law say of one kernel block at one s.

The evidence rests on the parts of THEORY §6 and never on the symbolic prediction:

(a) the identity of the ε-calculus, against kernels obtained without it;
(b) the fields S_N against the Gaussian G;
(c) the jet NTK T_N against T^∞: its mean, and a spread that falls like N^{-1/2};
(d) the kernel with T^∞ in place of T_N, network by network, against the law at that ε.

Where (d) agrees, the law extends the measurement to widths that no network reaches: medians of
‖K‖ at N = 10^20 and 10^40 give the slope, the spread at 10^40 tells random from deterministic.
Where the law's kernel vanishes (groups without a common field), and where the networks' own ‖K‖ leaves
the law's (fluctuations between fields that the law lacks), the slope of the networks decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ntk_theory.arrays import Bools, Floats
from ntk_theory.errors import NonFiniteError
from ntk_theory.model.network import epsilon_of
from ntk_theory.studies.initialisation.criterion import Criterion
from ntk_theory.studies.initialisation.law_tail import ROUNDING, LawTable, LawTail, law_tail
from ntk_theory.studies.judging.statistics import (
    Interval,
    against_law,
    law_ranks,
    mean_rank,
    stray_p_value,
)
from ntk_theory.studies.judging.trends import NO_TREND, Trend, trend

#: log(‖K‖/‖K with T^∞‖) at the largest width from which on the networks may be said to leave the law.
NOTICEABLE = 0.1
#: A network meets a law that is one number up to this share of it: rounding, and the accuracy of T^∞.
MET = 1e-8


#: The note on a block that some network has exactly 0 in: identically, or below the range of floats.
EXACTLY_ZERO = "a kernel that is exactly 0"
#: The note of a study of one width: no limit is seen there, whatever the law says of others.
ONE_WIDTH = "one width only"
#: The note where weights start by N: the law of a width says nothing of other widths.
OWN_LAWS = "every width has a limit law of its own, none says where they go"


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
class BlockEvidence:
    """Everything that a verdict on one block at one s may use.

    ``norm`` and ``spread`` are trends of the median log‖K‖ and of the log spread of K. ``law_is_constant``:
    the law's kernel is one number at every width compared. ``leaves_law``: the networks' own ‖K‖ grows away
    from the one with T^∞ in it, so that fluctuations of T outweigh what the law describes.
    """

    pair: str
    s: Fraction
    networks: int
    norm: Trend
    spread: Trend
    law_p: float | None
    law_rank: Interval | None
    tail: LawTail | None
    identity: float | None
    notes: tuple[str, ...] = ()
    law_is_constant: bool = False
    leaves_law: bool = False

    @property
    def norm_slope(self) -> Interval:
        """The exponent of N in the median ‖K‖ over the widths."""
        return self.norm.whole

    @property
    def spread_slope(self) -> Interval:
        """The exponent of N in the spread of K over the widths."""
        return self.spread.whole

    @property
    def is_exactly_zero(self) -> bool:
        """Is some network's kernel exactly 0 here? It has no logarithm, and no seed gives it one."""
        return EXACTLY_ZERO in self.notes

    @property
    def law_vanishes(self) -> bool:
        """Is the law's kernel 0 here, so that only fluctuations are left?"""
        return self.tail is None and "the law's kernel vanishes" in self.notes


def block_evidence(rows: BlockRows, law: LawTable | None, criterion: Criterion) -> BlockEvidence:
    """Reduce the rows of one block to evidence."""
    complete: Bools = np.asarray(np.isfinite(rows.norm).all(axis=0))
    norm, probe = rows.norm[:, complete], rows.probe[:, :, complete]
    log_widths = np.log(np.asarray(rows.widths, dtype=np.float64))
    notes: list[str] = []
    with np.errstate(divide="ignore"):
        log_norm = np.log(norm)
    few = norm.shape[1] < 4
    if few or not np.isfinite(log_norm).all():
        notes.append("fewer than four complete networks" if few else EXACTLY_ZERO)
        return BlockEvidence(
            rows.pair, rows.s, norm.shape[1], NO_TREND, NO_TREND, None, None, None, None, tuple(notes)
        )
    how = (criterion.level, criterion.seed)
    finite = rows.identity[np.isfinite(rows.identity)]
    found = BlockEvidence(
        rows.pair,
        rows.s,
        norm.shape[1],
        trend(log_widths, log_norm, "median", *how),
        trend(log_widths, probe, "log_spread", *how),
        None,
        None,
        None,
        float(finite.max()) if finite.size else None,
    )
    if len(rows.widths) < 2:
        notes.append(ONE_WIDTH)
    if law is not None and rows.norm_limit is not None:
        p, rank, tail, constant = _with_law(rows, complete, law, criterion, notes)
        leaves = tail is not None and _leaves(log_widths, log_norm, rows.norm_limit[:, complete], criterion)
        found = replace(found, law_p=p, law_rank=rank, tail=tail, law_is_constant=constant, leaves_law=leaves)
    return replace(found, notes=tuple(notes))


def _leaves(log_widths: Floats, log_norm: Floats, norm_limit: Floats, criterion: Criterion) -> bool:
    """Does log(‖K‖/‖K with T^∞‖), network by network, grow away from 0 with the width?"""
    with np.errstate(divide="ignore"):
        gap = log_norm - np.log(norm_limit)
    if not np.isfinite(gap).all():
        return False
    top = float(np.median(gap[-1]))
    slope = trend(log_widths, gap, "median", criterion.level, criterion.seed).whole
    outward = slope.low if top > 0 else -slope.high
    return abs(top) > NOTICEABLE and outward > criterion.slope_exclusion


def _with_law(
    rows: BlockRows, complete: Bools, law: LawTable, criterion: Criterion, notes: list[str]
) -> tuple[float | None, Interval | None, LawTail | None, bool]:
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
        return None, None, None, False
    if all(
        np.median(norms) <= 1e-14 * max(np.median(rows.norm[k, complete]), 1e-300)
        for k, norms in zip(top, drawn, strict=True)
    ):
        notes.append("the law's kernel vanishes")
        return None, None, None, False
    constant = all(map(_is_constant, drawn))
    p, rank = _against(measured, drawn, criterion)
    return p, rank, law_tail(law, rows.pair, rows.s), constant


def _against(
    measured: Sequence[Floats], drawn: Sequence[Floats], criterion: Criterion
) -> tuple[float, Interval]:
    """p-value that networks follow their law, and their mean rank in it, over widths.

    A width at which the law is one number has no ranks, whose ties would be a lump at 1/2: there the networks
    that are off it are counted.
    """
    told = [pair for pair in zip(measured, drawn, strict=True) if not _is_constant(pair[1])]
    fixed = [pair for pair in zip(measured, drawn, strict=True) if _is_constant(pair[1])]
    strays = sum(int(np.sum(_is_off(x, y))) for x, y in fixed)
    p_fixed = stray_p_value(strays, sum(len(x) for x, _ in fixed), sum(len(y) for _, y in fixed))
    if not told:
        return p_fixed, mean_rank(_sides(fixed), criterion.level)
    ranks = law_ranks([x for x, _ in told], [y for _, y in told], criterion.seed)
    p = against_law(ranks, sum(len(y) for _, y in told))
    return (min(1.0, 2 * min(p, p_fixed)) if strays else p), mean_rank(ranks, criterion.level)


def _sides(fixed: Sequence[tuple[Floats, Floats]]) -> Floats:
    """1/2 for networks that meet a law that is one number, 0 and 1 for those below and above."""
    return np.concatenate(
        [np.where(_is_off(x, y), (np.sign(x - np.median(y)) + 1) / 2, 0.5) for x, y in fixed]
    )


def _is_off(sample: Floats, law: Floats) -> Bools:
    centre = float(np.median(law))
    return np.asarray(np.abs(sample - centre) > MET * abs(centre))


def _is_constant(law: Floats) -> bool:
    return bool(np.ptp(law) <= ROUNDING * abs(float(np.median(law))))
