"""The evidence on a whole problem that verdicts are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Protocol, TypeAlias

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.studies.initialisation.block_evidence import BlockEvidence
from ntk_theory.studies.initialisation.criterion import Criterion
from ntk_theory.studies.initialisation.observed_limit import Observed, law_decides, observed_limit
from ntk_theory.studies.initialisation.odd_networks import OddPoints
from ntk_theory.studies.initialisation.resolution import Far
from ntk_theory.studies.judging.claim import Claim
from ntk_theory.studies.judging.statistics import holm
from ntk_theory.studies.judging.trends import NO_TREND, Trend, trend
from ntk_theory.studies.judging.verdict import Need, Outcome, Reason, Verdict
from ntk_theory.theory import Classification, Regime

#: With fewer networks a quantity has no trend.
LEAST_NETWORKS = 4


@dataclass(frozen=True)
class PartResult:
    """A part of the finite-ε law tested as a whole: its outcome and the evidence."""

    outcome: Outcome
    reason: Reason


class Data(Protocol):
    """What the evidence needs of a store."""

    def values(self, case: str, activation: str, pair: str, s: str, quantity: str) -> Floats:
        """(widths, seeds), NaN where missing."""

    def quantities(self, case: str, pair: str = "") -> tuple[str, ...]:
        """Of a pair, or those that belong to no pair."""


@dataclass(frozen=True, eq=False)
class Measured:
    """The stored numbers of one problem with one activation, for claims on a quantity of their own.

    With K the kernel of one network and w_j a vector over the n points of independent normal numbers of
    variance 1/n, the same for all networks (j = 0, 1), the quantities of a block K_gh at one s are

    ===================  ==========================================================================
    ``norm``             ‖K_gh‖, Frobenius
    ``trace``            tr K_gh, only where g = h
    ``probe:j``          w_jᵀ K_gh w_j', which is linear in K
    ``norm_limit``       ‖K_gh‖ where T^∞, the jet NTK of infinite width, stands in for the network's own T
    ``probe_limit:j``    the probe of the same
    ``identity``         ‖K_gh − K'_gh‖/‖K'_gh‖ with K' had another way: rounding; of few small networks
    ===================  ==========================================================================

    and of a network without block and s ``field:u_x:j``, w_jᵀS_α of a derivative of the field (without its
    output bias, over ε), and ``jetntk:u:u_x:j``, w_jᵀT_αβ w_j of its jet NTK. :meth:`quantities` lists them.

    Attributes
    ----------
    case, activation, widths:
        What the numbers belong to.
    pairs:
        The pair of a block by its name: "bf" is the pair "b,f".
    """

    data: Data
    case: str
    activation: str
    widths: Sequence[int]
    pairs: Mapping[str, str]

    def quantities(self, block: str = "") -> tuple[str, ...]:
        """The names of what is stored of a block at each s; without a block, of a network by itself."""
        return self.data.quantities(self.case, self._pair(block) if block else "")

    def _pair(self, block: str) -> str:
        if block not in self.pairs:
            raise InputError(f"block is {block!r}; {self.case!r} has the blocks {', '.join(self.pairs)}")
        return self.pairs[block]

    def values(self, block: str, s: Fraction, quantity: str) -> Floats:
        """A quantity of a block, such as ``trace``, over (widths, networks) without the incomplete ones.

        Raises
        ------
        InputError
            There is no such block, s or quantity; those that there are stand in the message.
        """
        found = self.data.values(self.case, self.activation, self._pair(block), str(s), quantity)
        return np.asarray(found[:, np.isfinite(found).all(axis=0)])

    def trend(self, block: str, s: Fraction, quantity: str, criterion: Criterion) -> Trend:
        """The slope of the median log|quantity| over the widths, as for ‖K‖."""
        return self._trend(self.values(block, s, quantity), criterion)

    def trend_of_networks(self, quantity: str, criterion: Criterion) -> Trend:
        """The same of a quantity that knows no block and no s, such as ``field:u_x:0``."""
        found = self.data.values(self.case, self.activation, "", "", quantity)
        return self._trend(np.asarray(found[:, np.isfinite(found).all(axis=0)]), criterion)

    def _trend(self, found: Floats, criterion: Criterion) -> Trend:
        values = np.abs(found)
        if values.shape[1] < LEAST_NETWORKS or not values.all():
            return NO_TREND
        log_widths = np.log(np.asarray(self.widths, dtype=np.float64))
        return trend(log_widths, np.log(values), "median", criterion.level, criterion.seed)


@dataclass(frozen=True)
class ProblemEvidence:
    """What is known of one problem with one activation: prediction, evidence per block and s, parts.

    ``rejected`` holds the blocks and s at which part (d) was rejected (Holm over all of them), ``doubted``
    those of them at which it was not at the level that refutes; ``level`` is this problem's share of the
    study's family-wise error. ``measured`` has the numbers themselves. ``far`` looks at a block where its
    terms have separated, asked only before a claim is refuted; without it what was seen is taken to last.
    ``frozen`` is ‖K‖ of a block where the network stands at its output bias, all derivatives 0; ``odd`` looks
    at networks at antipodes and at the origin.
    """

    classification: Classification
    blocks: Mapping[tuple[str, Fraction], BlockEvidence]
    rejected: frozenset[tuple[str, Fraction]]
    parts: Mapping[str, PartResult]
    criterion: Criterion
    level: float
    measured: Measured | None = None
    far: Callable[[str, Fraction], Far] | None = None
    doubted: frozenset[tuple[str, Fraction]] = frozenset()
    frozen: Callable[[str], float | None] | None = None
    odd: Callable[[], OddPoints | None] | None = None

    def withheld(
        self, block: str, s: Fraction, seen: str, is_claimed: Callable[[Far], bool], *, spread: bool = False
    ) -> Reason | None:
        """Why what was ``seen`` at one s may not refute a claim that ``is_claimed`` tests far out.

        ``None``: it may, for the claim does not hold there either.
        """
        return None if self.far is None else self.far(block, s).withholds(seen, is_claimed, spread=spread)

    def with_help(
        self,
        block: str,
        s: Fraction,
        reason: Reason,
        is_claimed: Callable[[Far], bool],
        *,
        spread: bool = False,
    ) -> Reason:
        """The reason why a claim is undecided, without a remedy that cannot help.

        Asked where the law, followed, would not confirm the claim either: then no seed shows what is claimed
        if it sets in beyond the law's widths, nor do widths that nobody can compute.
        """
        if reason.remedy is None or self.far is None:
            return reason
        if not {Need.SEEDS, Need.WIDTHS} & set(reason.remedy.needs):
            return reason
        found = self.withheld(block, s, reason.text, is_claimed, spread=spread)
        hides = found is not None and (found.cause == "not-reached" or self.far(block, s).is_below_rounding)
        return found if found is not None and hides else reason

    def observed(self, block: str, s: Fraction) -> tuple[Observed, Reason]:
        """The limit class that was seen, with the reason."""
        return observed_limit(
            self.blocks[block, s],
            self.criterion,
            law_rejected=self.law_rejected(block, s),
            slope_holds=self._moving[block, s],
        )

    def law_rejected(self, block: str, s: Fraction) -> bool:
        """Is the law out of question for this block: by (d), or by (c) where (d) compares constants?"""
        e = self.blocks[block, s]
        if e.tail is not None and e.tail.relative_range == 0.0:
            # A constant law is met to rounding by construction; then (c) must carry the verdict.
            jet_ntk = self.parts.get("c")
            if jet_ntk is not None and jet_ntk.outcome is Outcome.REFUTED:
                return True
        return (block, s) in self.rejected

    def law_decides(self, block: str, s: Fraction) -> bool:
        """May the law speak for widths that no network reaches?"""
        return law_decides(self.blocks[block, s], self.criterion, law_rejected=self.law_rejected(block, s))

    @cached_property
    def _moving(self) -> Mapping[tuple[str, Fraction], bool]:
        """Where the slope of log‖K‖ is not 0: Holm over all blocks and s at which the law does not decide."""
        silent = [key for key in self.blocks if not self.law_decides(*key)]
        found = self.slopes_rejected(dict.fromkeys(silent, 0.0), spread=False)
        return {key: found.get(key, False) for key in self.blocks}

    def slopes_rejected(
        self, exponents: Mapping[tuple[str, Fraction], float], *, spread: bool
    ) -> Mapping[tuple[str, Fraction], bool]:
        """Which of these exponents, all tested together (Holm), the slopes over the widths reject."""
        trends = {key: self.blocks[key].spread if spread else self.blocks[key].norm for key in exponents}
        p_values = {f"{b}|{s}": trends[b, s].p_value(value) for (b, s), value in exponents.items()}
        bad = holm(p_values, self.level)
        return {(b, s): bad[f"{b}|{s}"] for b, s in exponents}

    def s_measured(self, block: str) -> list[Fraction]:
        """The s at which the block was measured, ascending."""
        return sorted(s for name, s in self.blocks if name == block)

    @property
    def block_names(self) -> list[str]:
        """The blocks in the order of the classification."""
        measured = {name for name, _ in self.blocks}
        return [name for name in self.classification.sharp if name in measured]

    def regime(self, block: str, s: Fraction) -> Regime:
        """The predicted regime."""
        return self.classification.regime(block, s)


#: A claim on kernels at initialisation, and how one is decided.
KernelClaim: TypeAlias = Claim[ProblemEvidence]
Decide: TypeAlias = Callable[[KernelClaim, ProblemEvidence], Iterator[Verdict]]
