"""The numbers that turn measured Hessians into verdicts."""

from __future__ import annotations

from dataclasses import dataclass

from ntk_theory.studies.judging.criterion import CriterionBase, number

_RATES = (
    "A predicted exponent is confirmed when the interval of the measured slope lies within the margin of it, "
    "and refuted when the interval misses it by the exclusion, that of the upper half of the widths misses "
    "it too, the slope does not move towards it, and Holm over all rates rejects it."
)


@dataclass(frozen=True)
class HessianCriterion(CriterionBase):
    """The numbers that turn measured Hessians into verdicts; fixed before the first network is drawn."""

    level: float = number(
        0.05,
        "Family-wise error of every kind of test over the whole study (Holm over equations and s, "
        "Bonferroni over problems and activations); also 1 − coverage of every single interval.",
    )
    stays_margin: float = number(
        0.15,
        "A norm goes to zero when its exponent of N is shown to lie below −margin, and stays when it is "
        "shown to lie within ± margin of 0.",
    )
    rate_margin: float = number(0.2, _RATES)
    rate_exclusion: float = number(
        0.05,
        _RATES,
    )
    first_share: float = number(
        0.25,
        "An exponent that the first part leads is not judged while the median distance of the extremes from "
        "those of M·J is more than this of the norm at some width.",
    )
    first_margin: float = number(
        0.05,
        "Extreme eigenvalues are those of M·J when the median of their distance, relative to the norm, is at "
        "most this at the largest width; they are not when it has not fallen since the smallest.",
    )
    seed: int = number(20261126, "Seed of all resampling.")
