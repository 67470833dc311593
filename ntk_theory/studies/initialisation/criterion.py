"""The numbers that turn evidence into verdicts."""

from __future__ import annotations

from dataclasses import dataclass

from ntk_theory.studies.judging.criterion import CriterionBase, number

_SLOPES = (
    "An exponent is confirmed when the interval of the measured slope lies within the margin "
    "of it. It is refuted when the interval misses it by the exclusion, that of the upper "
    "half of the widths misses it too, the slope does not move towards it, and Holm over all "
    "slopes rejects it."
)


@dataclass(frozen=True)
class Criterion(CriterionBase):
    """The numbers that turn evidence into verdicts; fixed before the first network is drawn."""

    level: float = number(
        0.01,
        "Family-wise error of every kind of test over the whole study (Holm within a problem, "
        "Bonferroni over problems and activations); also 1 − coverage of every single interval.",
    )
    refutation: float = number(
        1e-4,
        "Family-wise error at which (b), (c) and (d) are refuted. A rejection at ``level`` only is "
        "undecided: among many studies some are rejected by chance, and more seeds tell.",
        later=True,
    )
    top_widths: int = number(3, "The largest widths, whose samples are compared with the law.")
    rank_margin: float = number(
        0.15,
        "Largest distance of the mean rank among the law's draws from 1/2 that counts as "
        "agreement (0.15: a shift of half a standard deviation).",
    )
    slope_margin: float = number(
        0.2,
        _SLOPES,
    )
    slope_exclusion: float = number(
        0.02,
        _SLOPES,
    )
    law_slope_margin: float = number(
        0.02,
        "The same for the law's own slope between N = 10^20 and 10^40, which has no noise to "
        "speak of; it refutes an exponent from ``slope_margin`` on, since some laws settle "
        "slowly.",
    )
    constant_range: float = number(
        0.02,
        "Relative range of 200 draws at N = 10^40 below which a limit that loses its randomness "
        "counts as deterministic.",
    )
    identity: float = number(1e-10, "Largest relative difference that (a) allows.")
    seed: int = number(20241217, "Seed of all draws from laws and of all resampling.")
