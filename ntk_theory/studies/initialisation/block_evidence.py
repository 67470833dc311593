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
from ntk_theory.studies.judging.statistics import Interval, against_law, law_ranks, mean_rank
from ntk_theory.studies.judging.trends import NO_TREND, Trend, trend

#: log(‖K‖/‖K with T^∞‖) at the largest width from which on the networks may be said to leave the law.
NOTICEABLE = 0.1


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
    if norm.shape[1] < 4 or not np.isfinite(log_norm).all():
        notes.append("fewer than four complete networks, or a kernel that is exactly 0")
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
    measured = [_snapped(x, y) for x, y in zip(measured, drawn, strict=True)]
    if not constant:
        # A width at which the law is one number, and is met, has no ranks: its ties would be a lump at 1/2.
        told = [(x, y) for x, y in zip(measured, drawn, strict=True) if not _is_met(x, y)]
        measured, drawn = [x for x, _ in told], [y for _, y in told]
    ranks = law_ranks(measured, drawn)
    p = against_law(ranks, sum(map(len, drawn)))
    return p, mean_rank(ranks, criterion.level), law_tail(law, rows.pair, rows.s), constant


def _is_constant(law: Floats) -> bool:
    return bool(np.ptp(law) <= ROUNDING * abs(float(np.median(law))))


def _is_met(sample: Floats, law: Floats) -> bool:
    """Is the law one number here, and every network at it?"""
    return _is_constant(law) and bool(np.all(sample == np.median(law)))


def _snapped(sample: Floats, law: Floats) -> Floats:
    """A law that is one number: values that agree with it to rounding are that number."""
    centre = float(np.median(law))
    if _is_constant(law):
        return np.where(np.abs(sample - centre) <= 1e-8 * abs(centre), centre, sample)
    return sample
