"""Liu, Zhu & Belkin: on the linearity of large non-linear models."""

from __future__ import annotations

from ntk_theory.claims.common import of_kind
from ntk_theory.claims.source import Reading, Source
from ntk_theory.studies.kinds import HESSIAN

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
            "the spectral norm of the Hessian goes to zero like 1/√N",
        ),
    ),
    ("heat", "advection"),
)  # fmt: skip
