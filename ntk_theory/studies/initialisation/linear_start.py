"""The claim on starts whose first layer fades: wide networks are linear, every derivative costs a power of N.

Where the first layer's weights are of order N^(-1/2) and no bias starts at random, z = w·x is small and an
odd φ has only odd powers of it, so that ∂^α is of order |w|^k with k the least odd number ≥ |α|, k(0) = 1, at
every depth. With the rates of the standard parameterisation (THEORY §4) [D]

    S_α ~ N^{−k/2},   T_αα ~ N^{1−k}.
"""

from __future__ import annotations

from collections.abc import Iterator

from ntk_theory.setting.activations import Activation
from ntk_theory.studies.initialisation.evidence import KernelClaim, Measured, ProblemEvidence
from ntk_theory.studies.initialisation.observed_limit import plain
from ntk_theory.studies.judging.trends import Trend
from ntk_theory.studies.judging.verdict import LARGER_WIDTHS, MORE_SEEDS, Outcome, Reason, Remedy, Verdict
from ntk_theory.symbolic.jets import Slot


def linear_start(claim: KernelClaim, e: ProblemEvidence) -> Iterator[Verdict]:
    """The verdict on the sizes of all slots together: refuted by the first that is settled elsewhere."""
    start, phi = e.classification.kernel.start, Activation.of(e.classification.activation)
    if start is None or not start.shrinks:
        yield claim.verdict(Outcome.NOT_APPLICABLE, "the first layer's weights do not fade as networks grow")
        return
    if phi.parity >= 0 or start.has_biases or e.measured is None:
        yield claim.verdict(
            Outcome.NOT_APPLICABLE, f"the powers are derived for odd activations; {phi.name} is not odd"
        )
        return
    trends = {
        (name, power): trend for slot in slots(e) for name, power, trend in _of_slot(slot, e.measured, e)
    }
    worst: tuple[str, Remedy] | None = None
    for (name, power), trend in trends.items():
        low, high = trend.whole.low, trend.whole.high
        text = (
            f"{name} goes like N^x with x in [{low:.3f}, {high:.3f}] over the widths, {plain(power)} expected"
        )
        # T has hardly any noise, and corrections of order 1/N that grow with the depth.
        is_elsewhere = trend.onward.excludes(power, e.criterion.slope_margin)
        if is_elsewhere and trend.excludes(power, e.criterion.slope_exclusion):
            yield claim.verdict(Outcome.REFUTED, Reason(text, "slope"), "", None, plain(power), f"{low:.3f}")
            return
        if worst is None and not trend.whole.within(power, e.criterion.slope_margin):
            worst = text, MORE_SEEDS if low <= power <= high else LARGER_WIDTHS
    if worst is not None:
        yield claim.verdict(Outcome.UNDECIDED, Reason(worst[0], remedy=worst[1]))
        return
    off = max(abs(trend.whole.value - power) for (_, power), trend in trends.items())
    yield claim.verdict(
        Outcome.SUPPORTED, Reason(f"{len(trends)} sizes have the predicted powers of N, within {off:.3f}")
    )


def slots(e: ProblemEvidence) -> list[Slot]:
    """The slots of the problem, each once."""
    problem = e.classification.problem
    return list(dict.fromkeys(s for group in problem.groups for leg in group.legs for s in leg.slots))


def power_of(order: int) -> int:
    """K: how many first-layer weights an order of derivative of an odd network takes.

    >>> [power_of(n) for n in range(5)]
    [1, 1, 3, 3, 5]
    """
    return order + (order + 1) % 2


def _of_slot(slot: Slot, measured: Measured, e: ProblemEvidence) -> Iterator[tuple[str, float, Trend]]:
    name = e.classification.problem.space.name(slot)
    k = power_of(sum(slot.index))
    sizes = ((f"field:{name}:0", f"|{name}|", -k / 2), (f"jetntk:{name}:{name}:0", f"T of {name}", 1.0 - k))
    for quantity, words, power in sizes:
        yield words, power, measured.trend_of_networks(quantity, e.criterion)
