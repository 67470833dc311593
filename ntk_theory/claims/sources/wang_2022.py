"""Wang, Yu & Perdikaris: when and why PINNs fail to train, an NTK perspective (linear equations)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.claims.common import (
    REFUTED,
    SUPPORTED,
    drift_at_half,
    limit_at_half,
    open_finding,
)
from ntk_theory.claims.exhibit import Exhibit
from ntk_theory.claims.nonlinear import RANDOM, drawn, is_linear, median_interval, with_values
from ntk_theory.claims.source import EXHIBIT, Measures, Reading, Source, SourceClaim
from ntk_theory.studies.flow.evidence import Movement
from ntk_theory.studies.initialisation.observed_limit import Observed
from ntk_theory.studies.judging.own_claims import Finding
from ntk_theory.studies.kinds import TRAINING
from ntk_theory.symbolic.problem import GroupKind

#: Groups differ where their mean eigenvalues do by this factor, and do not below the other.
FAR, NEAR = 10.0, 3.0
#: Where K is random: 1 − coverage of the interval of the factor's median.
LEVEL = 0.05


def disparity(exhibit: Exhibit, activation: str = "tanh", level: float = LEVEL) -> Measures:
    """The larger of tr K_bb/n_b and tr K_ff/n_f over the smaller, ``ratio``.

    Inputs are normalised to mean 0 and variance 1, as the sources train their networks. Of a linear problem
    K is the limit kernel. Of another it stays random at s = 1/2: then the median over draws of its limit law,
    with the ends ``low`` and ``high`` of its interval.
    """
    if is_linear(exhibit.problem):
        matrix, rows = exhibit.limit(activation=activation, is_normalised=True)
        return {"ratio": float(_factors(exhibit, np.diagonal(matrix)[None], rows)[0])}
    diagonals, rows = exhibit.once(("drawn", activation), lambda: drawn(exhibit, activation))
    found = _factors(exhibit, diagonals, rows)
    low, high = median_interval(found, level)
    return {"ratio": float(np.median(found)), "low": low, "high": high}


def _factors(exhibit: Exhibit, diagonals: Floats, rows: Mapping[str, slice]) -> Floats:
    means = []
    for kind in (GroupKind.VALUE, GroupKind.EQUATION):
        own = [diagonals[:, rows[g.name]] for g in exhibit.problem.groups if g.kind is kind]
        means.append(np.mean(np.concatenate(own, axis=1), axis=1))
    return np.asarray(np.maximum(*means) / np.minimum(*means))


def judge_disparity(numbers: Measures) -> Finding:
    """By the factor between the groups' mean eigenvalues, or the interval of its median."""
    low, high = (numbers.get(end, numbers["ratio"]) for end in ("low", "high"))
    text = f"the mean eigenvalues of K_bb and K_ff differ by a factor {numbers['ratio']:.3g}"
    if "low" in numbers:
        text += f" in [{low:.3g}, {high:.3g}] ({RANDOM})"
    if low >= FAR:
        return Finding(SUPPORTED, text)
    return Finding(REFUTED, text) if high <= NEAR else open_finding(text)


_FIXED = {
    Observed.DETERMINISTIC: SUPPORTED, Observed.RANDOM: REFUTED, Observed.DIVERGES: REFUTED,
    Observed.ZERO: REFUTED,
}  # fmt: skip
_STAYS = {Movement.ZERO: SUPPORTED, Movement.STAYS: REFUTED, Movement.GROWS: REFUTED}


_SCOPE = "a linear equation, s = 1/2, a wide network"

SOURCE = Source(
    "wang-2022",
    "Wang, Yu & Perdikaris, When and why PINNs fail to train: a neural tangent kernel perspective, J. "
    "Comput. "
    "Phys. 449 (2022)",
    "https://arxiv.org/abs/2007.14527",
    (
        SourceClaim(
            "wang-deterministic",
            "linear, s = 1/2: the kernel of wide networks is deterministic at initialisation",
            Reading.PARAPHRASE, _SCOPE, "K_ff of independent networks tends to one matrix",
            "a K_ff that stays random, goes to zero or diverges",
            decide=limit_at_half(_FIXED, linear=True), decide_beyond=limit_at_half(_FIXED, linear=None),
        ),
        SourceClaim(
            "wang-constant", "linear, s = 1/2: the kernel stays constant along gradient flow as N grows",
            Reading.PARAPHRASE, _SCOPE, "sup ‖K(t) − K(0)‖ → 0", "a drift that stays or grows", TRAINING,
            decide=drift_at_half(_STAYS, linear=True), decide_beyond=drift_at_half(_STAYS, linear=None),
        ),
        SourceClaim(
            "wang-disparity", "the groups of a PINN's loss converge at rates of different size",
            Reading.PARAPHRASE,
            "a problem with value conditions, inputs of mean 0 and variance 1, s = 1/2; where it is not "
            "linear K is random, and the median over draws of its limit law is looked at (ours)",
            "tr K_bb/n_b and tr K_ff/n_f far apart",
            f"mean eigenvalues within a factor {NEAR:g}", EXHIBIT,
            applies=with_values, measure=disparity, judge=judge_disparity,
        ),
    ),
    ("poisson", "heat"),
    {TRAINING: {"s": ("1/2",), "seeds": 24}},
)  # fmt: skip
