"""The claim on the special points of odd networks: without biases at the start, S(−x) = −S(x) (THEORY §3).

Where φ is odd and no bias starts at random, every layer is odd in its inputs, at every width and depth [D]:

    S_α(−x) = −(−1)^{|α|} S_α(x),   so S_α(0) = 0 for even |α|,

and of T_αα(0, 0), |α| even, only the trained biases are left: the derivatives by weights are odd there, too.
"""

from __future__ import annotations

from collections.abc import Iterator

from ntk_theory.studies.initialisation.evidence import KernelClaim, ProblemEvidence
from ntk_theory.studies.judging.verdict import Outcome, Reason, Verdict


def odd_points(claim: KernelClaim, e: ProblemEvidence) -> Iterator[Verdict]:
    """One verdict: the parity is exact, so that a single network off it refutes."""
    kernel = e.classification.kernel
    why = _stands_in_the_way(e)
    if why:
        yield claim.verdict(Outcome.NOT_APPLICABLE, why)
        return
    found = None if e.odd is None else e.odd()
    if found is None:
        yield claim.verdict(Outcome.NOT_APPLICABLE, f"no network of {kernel.activation.name} was looked at")
        return
    what, share = found.worst
    if share > e.criterion.identity:
        reason = Reason(f"{what} by {share:.1e} of its size", "difference")
        yield claim.verdict(Outcome.REFUTED, reason, "", None, "0", f"{share:.1e}")
        return
    text = f"{found.networks} networks are odd to {share:.1e} of their sizes, at antipodes and at the origin"
    yield claim.verdict(Outcome.SUPPORTED, Reason(text, "difference"))


def _stands_in_the_way(e: ProblemEvidence) -> str:
    kernel = e.classification.kernel
    if kernel.activation.parity >= 0:
        return f"{kernel.activation.name} is not odd: no point is special"
    if kernel.start is None or kernel.start.has_biases:
        return "biases start at random: no point is special"
    if kernel.inputs.features is not None:
        return "a feature map stands before the first layer: the network is odd in γ, which has no origin"
    return ""
