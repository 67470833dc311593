"""Wang, Yu & Perdikaris: when and why PINNs fail to train, an NTK perspective (linear equations)."""

from __future__ import annotations

import numpy as np

from ntk_theory.claims.common import (
    REFUTED,
    SUPPORTED,
    drift_at_half,
    limit_at_half,
    open_finding,
    with_conditions,
)
from ntk_theory.claims.exhibit import Exhibit
from ntk_theory.claims.source import EXHIBIT, Measures, Reading, Source, SourceClaim
from ntk_theory.studies.flow.evidence import Movement
from ntk_theory.studies.initialisation.observed_limit import Observed
from ntk_theory.studies.judging.own_claims import Finding
from ntk_theory.studies.kinds import TRAINING
from ntk_theory.symbolic.problem import GroupKind

#: Groups differ where their mean eigenvalues do by this factor, and do not below the other.
FAR, NEAR = 10.0, 3.0


def disparity(exhibit: Exhibit, activation: str = "tanh") -> float:
    """The larger of tr K_bb/n_b and tr K_ff/n_f over the smaller, of the limit kernel.

    Inputs are normalised to mean 0 and variance 1, as the sources train their networks.
    """
    matrix, rows = exhibit.limit(activation=activation, is_normalised=True)
    diagonal, means = np.diagonal(matrix), []
    for kind in (GroupKind.VALUE, GroupKind.EQUATION):
        own = [diagonal[rows[g.name]] for g in exhibit.problem.groups if g.kind is kind]
        means.append(float(np.mean(np.concatenate(own))))
    return max(means) / min(means)


def _measure(exhibit: Exhibit) -> Measures:
    return {"ratio": disparity(exhibit)}


def judge_disparity(numbers: Measures) -> Finding:
    """By the factor between the groups' mean eigenvalues."""
    text = f"the mean eigenvalues of K_bb and K_ff differ by a factor {numbers['ratio']:.3g}"
    if numbers["ratio"] >= FAR:
        return Finding(SUPPORTED, text)
    return Finding(REFUTED, text) if numbers["ratio"] <= NEAR else open_finding(text)


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
            decide=limit_at_half(
                {Observed.DETERMINISTIC: SUPPORTED, Observed.RANDOM: REFUTED, Observed.DIVERGES: REFUTED,
                 Observed.ZERO: REFUTED},
                linear=True,
            ),
        ),
        SourceClaim(
            "wang-constant", "linear, s = 1/2: the kernel stays constant along gradient flow as N grows",
            Reading.PARAPHRASE, _SCOPE, "sup ‖K(t) − K(0)‖ → 0", "a drift that stays or grows", TRAINING,
            decide=drift_at_half(
                {Movement.ZERO: SUPPORTED, Movement.STAYS: REFUTED, Movement.GROWS: REFUTED}, linear=True
            ),
        ),
        SourceClaim(
            "wang-disparity", "the groups of a PINN's loss converge at rates of different size",
            Reading.PARAPHRASE, "a linear problem with value conditions, inputs of mean 0 and variance 1",
            "tr K_bb/n_b and tr K_ff/n_f far apart",
            f"mean eigenvalues within a factor {NEAR:g}", EXHIBIT,
            applies=with_conditions, measure=_measure, judge=judge_disparity,
        ),
    ),
    ("poisson", "heat"),
    {TRAINING: {"s": ("1/2",), "seeds": 24}},
)  # fmt: skip
