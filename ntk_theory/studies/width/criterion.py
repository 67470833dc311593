"""The numbers that turn errors of trained networks into verdicts."""

from __future__ import annotations

from dataclasses import dataclass

from ntk_theory.studies.judging.criterion import CriterionBase, number


@dataclass(frozen=True)
class WidthCriterion(CriterionBase):
    """The numbers that turn errors of trained networks into verdicts; fixed before the first is drawn."""

    level: float = number(
        0.05,
        "Family-wise error of every claim over the whole study (Bonferroni over problems, activations, "
        "methods and s): every interval covers with probability 1 − level over their number.",
    )
    margin: float = number(
        0.25,
        "An error falls with width when its exponent of N is shown to lie below 0, and that of the upper "
        "half of the widths does so too; it does not fall when the exponent is shown to lie above −margin, "
        "and the other does. The default is half of 1/2, the rate at which the best of N neurons approximate "
        "(Barron 1993, IEEE Trans. Inf. Theory 39, 930-945).",
    )
    floor: float = number(
        1e-9,
        "Errors whose median is below this at some width are rounding: nothing is said of their exponent.",
    )
    seed: int = number(20261127, "Seed of all resampling.")
