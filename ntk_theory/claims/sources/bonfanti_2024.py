"""Bonfanti, Bruno & Cipriani: the challenges of the nonlinear regime for PINNs."""

from __future__ import annotations

from ntk_theory.claims.common import REFUTED, SUPPORTED, drift_at_half, limit_at_half, of_kind
from ntk_theory.claims.source import Reading, Source, SourceClaim
from ntk_theory.studies.flow.evidence import Movement
from ntk_theory.studies.initialisation.observed_limit import Observed
from ntk_theory.studies.kinds import HESSIAN, TRAINING

_SCOPE = "a nonlinear equation, s = 1/2"

SOURCE = Source(
    "bonfanti-2024",
    "Bonfanti, Bruno & Cipriani, The challenges of the nonlinear regime for physics-informed neural "
    "networks, "
    "NeurIPS 2024",
    "https://arxiv.org/abs/2402.03864",
    (
        SourceClaim(
            "bonfanti-random",
            "nonlinear, s = 1/2: the kernel is random at initialisation however wide the network",
            Reading.PARAPHRASE, _SCOPE, "K_ff keeps its size and its randomness",
            "a K_ff that becomes deterministic",
            decide=limit_at_half(
                {Observed.RANDOM: SUPPORTED, Observed.DETERMINISTIC: REFUTED, Observed.ZERO: REFUTED},
                linear=False,
            ),
        ),
        SourceClaim(
            "bonfanti-moving",
            "nonlinear, s = 1/2: the kernel is not constant along training however wide the network",
            Reading.PARAPHRASE, _SCOPE, "sup ‖K(t) − K(0)‖ does not vanish",
            "a drift that goes to zero", TRAINING,
            decide=drift_at_half(
                {Movement.STAYS: SUPPORTED, Movement.GROWS: SUPPORTED, Movement.ZERO: REFUTED}, linear=False
            ),
        ),
        of_kind(HESSIAN, "hessian-nonlinear", Reading.PARAPHRASE, _SCOPE, "‖∇²R‖ stays"),
    ),
    ("burgers", "sine-gordon", "kdv"),
    {  # drifts and Hessians of nonlinear equations scatter widely
        TRAINING: {"s": ("1/2",), "widths": (256, 1024, 4096), "seeds": 48, "points": 2},
        HESSIAN: {"widths": (64, 256, 1024, 4096), "seeds": 64},
    },
)  # fmt: skip
