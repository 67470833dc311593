"""Liu, Zhu & Belkin: on the linearity of large non-linear models."""

from __future__ import annotations

from collections.abc import Iterator

from ntk_theory.claims.common import kinds_own, of_kind
from ntk_theory.claims.source import Reading, Source
from ntk_theory.studies.hessian.evidence import HessianEvidence
from ntk_theory.studies.judging.own_claims import Finding
from ntk_theory.studies.judging.verdict import Outcome
from ntk_theory.studies.kinds import HESSIAN


def _vanishes(e: HessianEvidence) -> Iterator[Finding]:
    """Does the Hessian of an equation that is not linear go to zero? By the kind's claim that it does not.

    The slope of the norm tells nothing there at reachable widths: the part that vanishes is the larger one
    for long (THEORY §10). The claim bounds the norm from below by the part that may stay.
    """
    turned = {Outcome.SUPPORTED: Outcome.REFUTED, Outcome.REFUTED: Outcome.SUPPORTED}
    for v in kinds_own(HESSIAN, "hessian-nonlinear").verdicts(e):
        yield Finding(turned.get(v.outcome, v.outcome), v.reasons, v.block, v.s, "", v.observed)


SOURCE = Source(
    "liu-2020",
    "Liu, Zhu & Belkin, On the linearity of large non-linear models: when and why the tangent kernel is "
    "constant, "
    "NeurIPS 2020",
    "https://arxiv.org/abs/2010.01092",
    (
        of_kind(
            HESSIAN, "hessian-linear", Reading.OURS,
            "stated of the network's output; here of residuals that are linear in the jets, s = 1/2",
            "the spectral norm of the Hessian goes to zero like 1/√N", decide_beyond=_vanishes,
        ),
    ),
    ("heat", "advection"),
)  # fmt: skip
