"""The claims on training that a study puts to the test, one table line each (THEORY §5)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

from ntk_theory.studies.flow.criterion import FlowCriterion
from ntk_theory.studies.flow.evidence import FlowEvidence, Movement, movements
from ntk_theory.studies.judging.claim import Claim
from ntk_theory.studies.judging.statistics import Interval, holm
from ntk_theory.studies.judging.trends import Trend
from ntk_theory.studies.judging.verdict import (
    MORE_SEEDS,
    SEEDS_OR_WIDTHS,
    Need,
    Outcome,
    Reason,
    Reasons,
    Remedy,
    Verdict,
)

HALF, QUARTER = Fraction(1, 2), Fraction(1, 4)
SEEDS_OR_TIME = Remedy((Need.SEEDS, Need.TIME), "needs more seeds or a shorter time")


@dataclass(frozen=True, eq=False)
class TrainingEvidence:
    """What is known of one problem with one activation under training.

    Attributes
    ----------
    at:
        The evidence by s.
    is_linear:
        Are all its operators affine in the jets?
    setting:
        Why Theorem 2.3 does not speak of this question at all; empty where it does.
    unbounded:
        By s, why F_α cannot be bounded along training by what the operator is (ε-calculus); absent or
        empty where nothing is known against it.
    limit_note:
        Why there is no limiting dynamics; empty where there is.
    level:
        This problem's share of the study's family-wise error.
    """

    at: Mapping[Fraction, FlowEvidence]
    is_linear: bool
    setting: str
    unbounded: Mapping[Fraction, str]
    limit_note: str
    criterion: FlowCriterion
    level: float
    output_bias: str = "zero"
    clock: str = "raw"
    failures: Mapping[Fraction, str] | None = None

    @cached_property
    def drift(self) -> Mapping[Fraction, Movement]:
        """What the spectral drift does at each s."""
        trends = {s: e.spectral_trend for s, e in self.at.items()}
        found = movements(trends, self.criterion.drift_margin, self.level)
        return {s: Movement.ZERO if self.at[s].vanishes else m for s, m in found.items()}

    @cached_property
    def gap(self) -> Mapping[Fraction, Movement]:
        """What the distance from the limiting dynamics does, where that moves."""
        gaps = {s: e.gap_trend for s, e in self.at.items() if e.gap_trend is not None}
        return movements(gaps, self.criterion.drift_margin, self.level)

    def meets_limit(self, s: Fraction) -> bool:
        """Is the measured drift that of a limiting dynamics which moves?"""
        ratio = self.at[s].ratio
        return ratio is not None and ratio.within(1.0, self.criterion.limit_margin)

    @cached_property
    def _growing(self) -> Mapping[str, bool]:
        """Which of the assumptions' quantities grow with the width: Holm over all of them and every s."""
        p_values = {
            f"{s}|{bound.name}": bound.trend.p_above(self.criterion.growth_exclusion)
            for s, e in self.at.items()
            for bound in (e.parameters, *e.gradients)
        }
        return holm(p_values, self.level)

    def broken_assumption(self, s: Fraction) -> Reason | None:
        """Which assumption of Theorem 2.3 fails at this s, and when; ``None`` where none is seen to."""
        e, c = self.at[s], self.criterion
        if self.unbounded.get(s):
            return Reason(f"(ii) fails: {self.unbounded[s]}")
        for bound in e.gradients:
            grows = self._growing[f"{s}|{bound.name}"]
            if grows or bound.factor > c.growth_factor:
                when = "from the start" if bound.time == 0 else f"first fully at t = {bound.time:.2g}"
                how = f"like N^{bound.trend.whole.value:.2f}" if grows else f"by a factor {bound.factor:.1e}"
                text = f"(ii) fails: max |F_α| of group {bound.name} grows {how}, {when}"
                cause = f"gradient-{'grows' if grows else 'jumps'}-{bound.name}"
                return Reason(text, cause if bound.time else f"{cause}-at-once")
        if self._growing[f"{s}|{e.parameters.name}"] or e.parameters.value > c.parameter_bound:
            return Reason(f"(i) fails: ‖θ‖_∞ reaches {e.parameters.value:.2f} √(2 ln P)", "parameters-grow")
        return None

    def open_assumption(self, s: Fraction) -> str:
        """Which assumption is not shown to hold at this s: "(i)", "(ii)" or neither."""
        e, margin = self.at[s], self.criterion.growth_margin
        named = (("(i)", e.parameters), *(("(ii)", bound) for bound in e.gradients))
        return next((name for name, bound in named if not bound.trend.whole.high < margin), "")

    def assumptions_hold(self, s: Fraction) -> bool:
        """Are both assumptions seen to hold at this s?"""
        return not self.broken_assumption(s) and not self.open_assumption(s)

    def assumption_words(self, s: Fraction) -> str:
        """Both assumptions in numbers."""
        e = self.at[s]
        largest = max((b.value for b in e.gradients), default=math.nan)
        return f"(i) ‖θ‖_∞ ≤ {e.parameters.value:.2f} √(2 ln P), (ii) |F_α| ≤ {largest:.3g}"


#: What is found at one s: (s, outcome, reason, predicted, observed).
Found: TypeAlias = tuple[Fraction | None, Outcome, Reasons, str, str]
#: A claim on training.
TrainingClaim: TypeAlias = Claim[TrainingEvidence]


def _by_s(find: Callable[[TrainingEvidence], Iterator[Found]]) -> Callable[..., Iterator[Verdict]]:
    """How a claim is decided s by s, with no block."""

    def decide(claim: TrainingClaim, evidence: TrainingEvidence) -> Iterator[Verdict]:
        for s, outcome, reason, predicted, observed in find(evidence):
            yield claim.verdict(outcome, reason, "", s, predicted, observed)

    return decide


def _power(interval: Interval) -> str:
    if not math.isfinite(interval.half_width):
        return "like no power that these networks show"
    return f"like N^x with x in [{interval.low:.2f}, {interval.high:.2f}]"


def _too_few(e: TrainingEvidence, s: Fraction, remedy: Remedy = MORE_SEEDS) -> Reason | None:
    """Why there is no drift to judge, where there is none."""
    if math.isfinite(e.at[s].spectral_trend.whole.half_width):
        return None
    first = (e.failures or {}).get(s, "")
    text = f"{e.at[s].networks} networks have a drift at every width" + (f"; {first}" if first else "")
    return Reason(text, "" if first else "too-few", remedy)


def _theorem(e: TrainingEvidence) -> Iterator[Found]:
    for s, at in e.at.items():
        moved, size = e.drift[s], f"the drift goes {_power(at.spectral_trend.whole)}"
        seen = str(moved)
        if e.setting or e.clock != "raw":
            why = e.setting or "the theorem fixes [0, T] in raw time, these flows end at T in kernel time"
            yield s, Outcome.NOT_APPLICABLE, why, "", seen
        elif s <= QUARTER:
            text = f"the theorem says nothing for s ≤ 1/4 (a control): {size}"
            yield s, Outcome.NOT_APPLICABLE, Reason(text, "control"), "", seen
        elif broken := e.broken_assumption(s):
            yield s, Outcome.NOT_APPLICABLE, broken, str(Movement.ZERO), seen
        elif few := _too_few(e, s, SEEDS_OR_TIME):
            yield s, Outcome.UNDECIDED, few, str(Movement.ZERO), ""
        else:
            yield s, *_theorem_at(e, s, size), str(Movement.ZERO), seen


def _theorem_at(e: TrainingEvidence, s: Fraction, size: str) -> tuple[Outcome, Reason]:
    at, moved, held = e.at[s], e.drift[s], e.assumption_words(s)
    if not e.assumptions_hold(s):
        which = e.open_assumption(s)
        text = f"whether {which} stays bounded as the width grows is open, with {held} at the largest"
        return Outcome.UNDECIDED, Reason(text, f"open-{which}", MORE_SEEDS)
    if moved is Movement.ZERO:
        if at.vanishes:
            return Outcome.SUPPORTED, Reason(f"the drift is below rounding, with {held}", "rounding")
        return Outcome.SUPPORTED, Reason(f"{size}, with {held}", "drift")
    if e.meets_limit(s) and at.limit is not None and at.ratio is not None:
        text = (
            f"the drift is {at.ratio.value:.3f} times {at.limit:.3g}, that of the limiting dynamics for "
            f"s > 1/2, with {held}"
        )
        return Outcome.REFUTED, Reason(text, "limiting")
    if moved in (Movement.STAYS, Movement.GROWS):
        return Outcome.REFUTED, Reason(f"{size}, with {held}", "drift")
    return Outcome.UNDECIDED, Reason(size, "drift", SEEDS_OR_WIDTHS)


def _limiting(e: TrainingEvidence) -> Iterator[Found]:
    for s, at in e.at.items():
        if s <= HALF:
            continue
        if e.clock != "raw":
            yield s, Outcome.NOT_APPLICABLE, "in kernel time the output bias moves infinitely fast", "", ""
        elif at.limit is None:
            if e.limit_note:
                yield s, Outcome.NOT_APPLICABLE, e.limit_note, "", ""
            else:
                none = Reason("no limiting dynamics was computed", remedy=MORE_SEEDS)
                yield s, Outcome.UNDECIDED, _too_few(e, s) or none, "", ""
        elif few := _too_few(e, s):
            yield s, Outcome.UNDECIDED, few, f"{at.limit:.3g}", ""
        elif at.limit == 0 or at.ratio is None:
            yield s, *_to_zero(e, s), "0", f"{at.spectral[-1]:.3g}"
        else:
            yield s, *_to_limit(e, s, at.ratio), f"{at.limit:.3g}", f"{at.spectral[-1]:.3g}"


def _to_zero(e: TrainingEvidence, s: Fraction) -> tuple[Outcome, Reason]:
    moved, size = e.drift[s], f"the drift goes {_power(e.at[s].spectral_trend.whole)}"
    if moved is Movement.ZERO:
        return Outcome.SUPPORTED, Reason(f"it goes to zero: {size}", "drift")
    if moved is Movement.OPEN:
        return Outcome.UNDECIDED, Reason(size, "drift", SEEDS_OR_WIDTHS)
    return Outcome.REFUTED, Reason(size, "drift")


def _to_limit(e: TrainingEvidence, s: Fraction, ratio: Interval) -> tuple[Outcome, Reason]:
    where = (
        f"measured/limiting is {ratio.value:.3f} at the largest width, in [{ratio.low:.3f}, {ratio.high:.3f}]"
    )
    gap = e.at[s].gap_trend
    text = f"{where}; " + (f"the distance goes {_power(gap.whole)}" if gap is not None else "")
    if e.meets_limit(s) or e.gap.get(s) is Movement.ZERO:
        return Outcome.SUPPORTED, Reason(text, "ratio")
    if e.gap.get(s) in (Movement.STAYS, Movement.GROWS) and ratio.excludes(1.0, e.criterion.limit_margin):
        return Outcome.REFUTED, Reason(text, "ratio")
    return Outcome.UNDECIDED, Reason(text, "ratio", SEEDS_OR_WIDTHS)


def _rates(
    e: TrainingEvidence, trends: Mapping[Fraction, Trend], exponents: Mapping[Fraction, float], what: str
) -> Iterator[Found]:
    """Measured exponents against conjectured ones, as fixed in the criterion."""
    c = e.criterion
    rejected = holm({str(s): t.p_value(exponents[s]) for s, t in trends.items()}, e.level)
    for s, found in trends.items():
        value, seen = exponents[s], f"{found.whole.value:.2f}"
        if few := _too_few(e, s):
            yield s, Outcome.UNDECIDED, few, f"{value:g}", ""
            continue
        reason = Reason(f"{what} goes {_power(found.whole)}", "slope")
        if found.whole.within(value, c.rate_margin):
            outcome = Outcome.SUPPORTED
        elif rejected[str(s)] and found.excludes(value, c.rate_exclusion):
            outcome = Outcome.REFUTED
        else:
            outcome, reason = Outcome.UNDECIDED, replace(reason, remedy=SEEDS_OR_WIDTHS)
        yield s, outcome, reason, f"{value:g}", seen


def _linear_half(e: TrainingEvidence) -> Iterator[Found]:
    if HALF not in e.at:
        return
    if not e.is_linear:
        yield HALF, Outcome.NOT_APPLICABLE, "the problem is not linear", "-1", ""
        return
    yield from _rates(e, {HALF: e.at[HALF].relative_trend}, {HALF: -1.0}, "the relative drift")


def _linear_below(e: TrainingEvidence) -> Iterator[Found]:
    below = [s for s in e.at if QUARTER < s < HALF]
    if not e.is_linear:
        for s in below:
            yield s, Outcome.NOT_APPLICABLE, "the problem is not linear", f"{float(-2 * s):g}", ""
        return
    c = e.criterion
    wide = {s: e.at[s].late_trend for s in below if e.at[s].late_widths >= 3}
    for s in below:
        if s not in wide:
            whole = e.at[s].spectral_trend.whole
            text = f"over the narrower widths the drift goes {_power(whole)}, which says nothing yet"
            wider = Remedy((Need.WIDTHS,), f"needs three widths from {c.rate_width}")
            why = Reason(text, "narrow", wider)
            yield s, Outcome.UNDECIDED, why, f"{float(-2 * s):g}", f"{whole.value:.2f}"
    exponents = {s: float(-2 * s) for s in below}
    yield from _rates(e, wide, exponents, f"from width {c.rate_width} on the drift")


def _nonlinear(e: TrainingEvidence) -> Iterator[Found]:
    here = [s for s in e.at if QUARTER < s <= HALF]
    if e.is_linear:
        for s in here:
            yield s, Outcome.NOT_APPLICABLE, "the problem is linear", "", ""
        return
    trends = {s: e.at[s].relative_trend for s in here}
    yield from _rates(e, trends, dict.fromkeys(here, 0.0), "the relative drift")


#: All claims on training, in the order of the report. A new claim is one line here.
TRAINING_CLAIMS: tuple[TrainingClaim, ...] = (
    TrainingClaim("theorem-2.3", "sup_t ‖K(t) − K(0)‖₂ → 0 for s > 1/4, if θ (i) and F_α (ii) stay bounded",
                  "[ZY] Theorem 2.3", "a drift that stays or grows while both assumptions hold",
                  _by_s(_theorem)),
    TrainingClaim("limiting-drift", "for s > 1/2 the drift tends to that of c' = −Σ λ R F_0, K = F_0 F_0'",
                  "[D] limiting dynamics", "a drift that keeps another value", _by_s(_limiting)),
    TrainingClaim("linear-rate-half", "linear, s = 1/2: the relative drift goes like N^(-1)",
                  "[C]", "a settled slope that excludes −1", _by_s(_linear_half)),
    TrainingClaim("linear-rate-below", "linear, 1/4 < s < 1/2: the drift goes like N^(-2s)",
                  "[C]", "a settled slope over wide networks that excludes −2s", _by_s(_linear_below)),
    TrainingClaim("nonlinear-drift", "nonlinear, 1/4 < s ≤ 1/2: the relative drift goes like N^0",
                  "[C] after Bonfanti et al. 2024", "a settled slope that excludes 0", _by_s(_nonlinear)),
)  # fmt: skip


def decide_training(evidence: TrainingEvidence) -> tuple[Verdict, ...]:
    """The verdict on every claim."""
    return tuple(verdict for claim in TRAINING_CLAIMS for verdict in claim.verdicts(evidence))
