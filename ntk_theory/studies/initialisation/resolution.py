"""May a comparison refute? What the identity of §3 says where the terms of K have separated.

A claim on N → ∞ is compared with the limit law between N = 10^20 and 10^40, in floats, or with slopes over
widths. Both show the term that dominates there; with coefficients far apart that need not be the one that
decides, and a randomness of 10^{-30} of K is lost in floats. So before anything is refuted, the law is looked
at in extended precision so far out that all powers of ten between the coefficients are passed, and the claim
stands as *undecided* where it agrees there. Nothing here knows a predicted exponent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import sympy as sp

from ntk_theory.errors import NTKTheoryError
from ntk_theory.limit.extended import ExtendedLaw, FarKernel
from ntk_theory.studies.initialisation.law_tail import ROUNDING
from ntk_theory.studies.initialisation.observed_limit import Observed
from ntk_theory.studies.judging.verdict import NO_REMEDY, Need, Reason, Remedy
from ntk_theory.symbolic.pieces import choose, heaviside

#: Powers of ten of ε that are passed: at least, per power between the coefficients, at most.
LEAST_REACH, REACH_PER_SPAN, MOST_REACH = 40.0, 8.0, 400.0
#: The largest log10 N, which bounds the digits and so the time.
MOST_LOG_WIDTH = 4000.0
#: Slopes of log K between two pairs of far widths that differ by less have settled; so do they from 0.
SETTLED = 0.01
#: Less than this share of the terms' size is left after they cancel: the rounding of T^∞ may be all of it.
CANCELLED = 1e-6
#: Powers of ten by which a relative randomness that dies out falls at least when the far width is squared.
FADES = 1.0
#: Powers of ten beyond the largest watched width at which a line of log K is pinned, and slopes that differ
#: by less are of one line.
LEVER, SAME_LINE = 4.0, 0.2
#: The largest width that a study can reach, as a power of ten.
REACHABLE = 5.0

Names = tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Far:
    """One block where its terms have separated.

    Attributes
    ----------
    log_width:
        How far out that is, log10 N.
    norm, spread:
        Exponents of N in ‖K‖ and in the spread of K; ``None`` where K, or its spread, is exactly 0.
    limit:
        The limit class; ``UNDECIDED`` where ``problem`` says why nothing is known.
    log_relative_range:
        log10 of the range over the size there.
    log_crossover, log_spread_crossover:
        log10 of the width at which the power of N in ‖K‖, or in the spread, that is seen at the watched
        widths gives way to the far one; ``None`` where it does not.
    """

    log_width: float
    norm: float | None
    spread: float | None
    limit: Observed
    log_relative_range: float = -math.inf
    log_crossover: float | None = None
    log_spread_crossover: float | None = None
    problem: str = ""

    @property
    def is_below_rounding(self) -> bool:
        """Is K random there by less than the law's draws can show?"""
        return self.limit is Observed.RANDOM and self.log_relative_range < math.log10(ROUNDING)

    def withholds(
        self, seen: str, is_claimed: Callable[[Far], bool], *, spread: bool = False
    ) -> Reason | None:
        """Why what was ``seen`` does not refute a claim; ``None`` where the far law denies it, too.

        ``spread``: the claim is on the spread of K, not on its size.
        """
        if self.problem:
            return Reason(f"{seen}, but whether that lasts is open: {self.problem}", "far-open", NO_REMEDY)
        if not is_claimed(self):
            return None
        crossover = self.log_spread_crossover if spread else self.log_crossover
        if crossover is not None and (spread or not self.is_below_rounding):
            text = f"{seen}, but another term takes over farther out (the identity in extended precision)"
            return Reason(text, "not-reached", shows_from(crossover))
        text = (
            f"{seen}, but at N = 10^{self.log_width:.0f} the identity in extended precision has what is "
            f"claimed (relative range 10^{self.log_relative_range:.0f})"
        )
        return Reason(text, "not-resolved", NO_REMEDY)


def shows_from(log_width: float) -> Remedy:
    """From which width on a claim could be seen; a need only where networks may be so wide.

    >>> str(shows_from(60.2)), shows_from(60.2).needs, shows_from(4.0).needs
    ('it shows from N ≈ 10^60 on', (), (<Need.WIDTHS: 'widths'>,))
    """
    needs = (Need.WIDTHS,) if log_width <= REACHABLE else ()
    words = f"it shows from N ≈ 10^{max(log_width, 0.0):.0f} on"
    return Remedy(needs, words, log_width=round(log_width, 1))


@dataclass(frozen=True, eq=False)
class Resolution:
    """Looks at the blocks of one problem far out; ``widths`` are those watched."""

    law: ExtendedLaw
    widths: Sequence[int]

    def look(self, names: Names, s: Fraction, *, law_vanishes: bool = False) -> Far:
        """The block between two sets of groups.

        ``law_vanishes``: at the watched widths the law's kernel is rounding beside the networks'. Either T^∞
        cancels in it exactly and only its rounding is left, or fluctuations of large terms outweigh it there.
        """
        distance = abs(float(s) - 0.5)
        reach = min(max(LEAST_REACH, REACH_PER_SPAN * self.law.span), MOST_REACH)
        top = min(reach / distance if distance else 2 * reach, MOST_LOG_WIDTH)
        try:
            # Which of the two it is, the identity tells by what its own terms leave.
            alone = law_vanishes and self.law.kernel(names, top / 4, s).kept < CANCELLED
            low, mid, high = (
                self.law.kernel(names, top * part, s, only_fluctuations=alone) for part in (0.25, 0.5, 1.0)
            )
            found = self._read(low, mid, high, top)
            if found.problem or found.norm is None:
                return found
            if distance and top * distance < 2 * self.law.span:
                return _open(
                    top, f"s = {s} is too near 1/2 to pass the powers of ten between the coefficients"
                )
            if not alone and 0 < high.kept < CANCELLED:
                return _open(top, "the terms of K cancel down to the accuracy of T")
            if found.limit is Observed.DETERMINISTIC and self._jumps(names):
                return _open(top, "F_α jumps, and a jump between near points may be too rare to be drawn")
            near = self._near(names, s, alone)
        except NTKTheoryError as cause:
            return _open(top, str(cause))
        if near is None:
            return found
        spread = (
            None
            if found.spread is None
            else self._crossover([k.spread for k in near], high.spread, found.spread, top)
        )
        return replace(
            found,
            log_crossover=self._crossover([k.size for k in near], high.size, found.norm, top),
            log_spread_crossover=spread,
        )

    @staticmethod
    def _read(low: FarKernel, mid: FarKernel, high: FarKernel, top: float) -> Far:
        if math.isinf(high.size):
            return Far(top, None, None, Observed.ZERO)
        norm, before = (high.size - mid.size) / (top / 2), (mid.size - low.size) / (top / 4)
        spread = (high.spread - mid.spread) / (top / 2) if math.isfinite(high.spread) else None
        if abs(norm) > 100 and norm * before > 0:
            norm = math.copysign(math.inf, norm)  # faster than any power
        elif abs(norm - before) > SETTLED:
            return _open(top, f"the exponent has not settled by N = 10^{top:.0f}")
        if abs(norm) > SETTLED / 2:
            limit = Observed.DIVERGES if norm > 0 else Observed.ZERO
        elif high.relative_range > mid.relative_range - FADES / 3 and math.isfinite(high.relative_range):
            limit = Observed.RANDOM
        elif high.relative_range <= mid.relative_range - FADES or math.isinf(high.relative_range):
            limit = Observed.DETERMINISTIC
        else:
            return _open(top, f"the randomness has not settled by N = 10^{top:.0f}")
        return Far(top, norm, spread, limit, high.relative_range)

    def _near(self, names: Names, s: Fraction, only_fluctuations: bool) -> list[FarKernel] | None:
        """The block at the widths of ``_at``; ``None`` where only one is watched."""
        if self.widths[0] == self.widths[-1]:
            return None
        return [self.law.kernel(names, x, s, only_fluctuations=only_fluctuations) for x in self._at]

    @cached_property
    def _at(self) -> tuple[float, float, float]:
        """log10 of the smallest and the largest watched width, and of one farther out."""
        low, high = math.log10(self.widths[0]), math.log10(self.widths[-1])
        return low, high, high + LEVER

    def _crossover(self, near: Sequence[float], far: float, power: float, top: float) -> float | None:
        """Where the line through the far logarithms meets that through the ``near`` ones.

        Fluctuations of N^{−1/2} tilt a line through watched widths, which moves a meeting far out by powers
        of ten; one that goes on as it begins is taken from farther out.
        """
        seen, beyond = ((near[k + 1] - near[k]) / (self._at[k + 1] - self._at[k]) for k in (0, 1))
        end = 2 if abs(seen - beyond) < SAME_LINE else 1
        slope = beyond if end == 2 else seen
        if math.isinf(power) or not math.isfinite(slope) or abs(slope - power) < 2 * SETTLED:
            return None
        meet = (near[end] - slope * self._at[end] - far + power * top) / (power - slope)
        return meet if meet > self._at[1] else None

    def _jumps(self, names: Names) -> bool:
        """Does some F_α of these groups jump where a jet changes sign?"""
        return any(name in self._jumping for side in names for name in side)

    @cached_property
    def _jumping(self) -> frozenset[str]:
        return frozenset(
            group.name
            for group in self.law.law.problem.groups
            for leg in group.legs
            for f in leg.gradient.values()
            if any(node.free_symbols & leg.jet_symbols for node in f.atoms(sp.sign, heaviside, choose))
        )


def _open(log_width: float, problem: str) -> Far:
    return Far(log_width, None, None, Observed.UNDECIDED, problem=problem)
