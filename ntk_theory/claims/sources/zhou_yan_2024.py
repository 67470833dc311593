"""Zhou & Yan: for which output scaling does the NTK of a PINN converge, and stay? (THEORY §2, §5)."""

from __future__ import annotations

from ntk_theory.claims.common import of_kind
from ntk_theory.claims.source import Reading, Source
from ntk_theory.studies.kinds import DEFAULT, TRAINING

_SCOPE = "a smooth activation, one equation with continuous coefficients, an output bias"

SOURCE = Source(
    "zhou-yan-2024",
    "Zhou & Yan, Is the neural tangent kernel of PINNs deep learning general partial differential equations "
    "always convergent?, 2024",
    "https://arxiv.org/abs/2412.06158",
    (
        *(
            of_kind(DEFAULT, code, Reading.PARAPHRASE, _SCOPE, predicts)
            for code, predicts in (
                ("paper-bb", "K_bb converges from its threshold on"),
                ("paper-ff", "K_ff converges from s1 on"),
                ("paper-bf", "K_bf converges from s2 on"),
                ("converse-ff", "below s1 K_ff fails to"),
                ("converse-bf", "below s2 K_bf fails to"),
            )
        ),
        of_kind(TRAINING, "theorem-2.3", Reading.PARAPHRASE, _SCOPE, "the drift goes to 0 for s > 1/4"),
    ),
    ("kdv", "sine-gordon"),
)
