"""Saadat et al.: the NTK of PINNs for advection and diffusion."""

from __future__ import annotations

from ntk_theory.claims.common import REFUTED, SUPPORTED, open_finding, with_conditions
from ntk_theory.claims.exhibit import Exhibit
from ntk_theory.claims.nonlinear import RANDOM, with_values
from ntk_theory.claims.source import EXHIBIT, Measures, Reading, Source, SourceClaim
from ntk_theory.claims.sources.wang_2022 import FAR, LEVEL, NEAR, disparity, judge_disparity
from ntk_theory.studies.judging.own_claims import Finding

#: sin helps where it brings the factor between the groups to at most this share, and not where it raises it.
HELPS, RAISES = 0.8, 1.0


def _with_sine(exhibit: Exhibit) -> Measures:
    tanh, sine = (disparity(exhibit, activation, LEVEL / 2) for activation in ("tanh", "sin"))
    numbers = {"tanh": tanh["ratio"], "sin": sine["ratio"]}
    if "low" not in tanh:
        return numbers
    return {**numbers, "low": sine["low"] / tanh["high"], "high": sine["high"] / tanh["low"]}


def judge_sine(numbers: Measures) -> Finding:
    """By the factors between the groups' mean eigenvalues with tanh and with sin.

    Where they are medians, by an interval of their share: both have half of the level.
    """
    factors = f"{numbers['tanh']:.3g} with tanh, {numbers['sin']:.3g} with sin"
    text = f"the groups' mean eigenvalues differ by {factors}"
    share = numbers["sin"] / numbers["tanh"]
    low, high = (numbers.get(end, share) for end in ("low", "high"))
    if "low" in numbers:
        text += f", a share in [{low:.3g}, {high:.3g}] ({RANDOM})"
    if high <= HELPS:
        return Finding(SUPPORTED, text)
    return Finding(REFUTED, text) if low >= RAISES else open_finding(text)


_SCOPE = "linear advection or diffusion with value conditions, normalised inputs, s = 1/2"

SOURCE = Source(
    "saadat-2022",
    "Saadat, Gjorgiev, Das & Sansavini, Neural tangent kernel analysis of PINN for advection-diffusion "
    "equation, "
    "2022",
    "https://arxiv.org/abs/2211.11716",
    (
        SourceClaim(
            "saadat-disparity",
            "the parts of the loss differ in their rates though the solution has no high frequency",
            Reading.ABSTRACT, _SCOPE, f"mean eigenvalues of the groups a factor {FAR:g} apart",
            f"mean eigenvalues within a factor {NEAR:g}", EXHIBIT,
            applies=with_conditions, measure=disparity, judge=judge_disparity, reaches=with_values,
        ),
        SourceClaim(
            "saadat-sine", "a periodic activation lessens the disparity of the rates",
            Reading.ABSTRACT, _SCOPE, "groups nearer to each other with sin than with tanh",
            "groups no nearer with sin than with tanh", EXHIBIT,
            applies=with_conditions, measure=_with_sine, judge=judge_sine, reaches=with_values,
        ),
    ),
    ("advection", "heat"),
)  # fmt: skip
