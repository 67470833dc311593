"""The numbers that turn measured drifts into verdicts."""

from __future__ import annotations

from dataclasses import dataclass

from ntk_theory.studies.judging.criterion import CriterionBase, number

_RATES = (
    "A conjectured exponent is confirmed when the interval of the measured slope lies within "
    "the margin of it, and refuted when the interval misses it by the exclusion, that of the "
    "upper half of the widths misses it too, the slope does not move towards it, and Holm "
    "over all rates rejects it."
)
_BOUNDS = (
    "A bound along training holds when the interval of its exponent of N ends below the "
    "margin; it fails when the exponent is shown to exceed the exclusion."
)


@dataclass(frozen=True)
class FlowCriterion(CriterionBase):
    """The numbers that turn measured drifts into verdicts; fixed before the first network is trained."""

    level: float = number(
        0.05,
        "Family-wise error of every kind of test over the whole study (Holm over the s of a "
        "problem, Bonferroni over problems and activations); also 1 − coverage of every single "
        "interval.",
    )
    drift_margin: float = number(
        0.15,
        "A drift goes to zero when its exponent of N is shown to lie below −margin, stays when it "
        "is shown to lie within ± margin of 0, and grows when it is shown to lie above + margin.",
    )
    limit_margin: float = number(
        0.05,
        "A drift meets that of the limiting dynamics when the interval of the median ratio at the "
        "largest width lies within this of 1.",
    )
    rate_margin: float = number(
        0.2,
        _RATES,
    )
    rate_exclusion: float = number(
        0.02,
        _RATES,
    )
    rate_width: int = number(
        4096,
        "The least width from which rates below s = 1/2 are judged: measured slopes approach "
        "theirs only there (THEORY §5).",
    )
    growth_margin: float = number(
        0.1,
        _BOUNDS,
    )
    growth_exclusion: float = number(
        0.02,
        _BOUNDS,
    )
    growth_factor: float = number(
        1e3, "It fails as well where max |F_α| grows by more than this factor within a median run."
    )
    parameter_bound: float = number(
        2.0,
        "Assumption (i) is read as ‖θ(t)‖_∞ ≤ bound·√(2 ln P), since Gaussian weights reach √(2 "
        "ln P) at t = 0.",
    )
    seed: int = number(20241217, "Seed of all resampling.")
