"""The claim on hard constraints and other ansätze: above s = 1/2 K goes to a frozen kernel (THEORY §8).

With u = Φ(x, v) the network's output v stays where the output bias starts, so that [D]

    K^{gh} → Σ_i F^g_{i0} F^h_{i0}'   at v ≡ c, all derivatives of v 0,

of the operator *in v*: for u = A + B v it is F linearised at A (at A + Bc), for a linear F and c trained
case A with a limit that is not 0, without a trained c it is 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.errors import NonFiniteError
from ntk_theory.model.assembly import Rows, add_trained, linearise
from ntk_theory.setting.output_bias import OutputBias
from ntk_theory.studies.initialisation.evidence import KernelClaim, ProblemEvidence
from ntk_theory.studies.initialisation.observed_limit import plain
from ntk_theory.studies.judging.verdict import LARGER_WIDTHS, MORE_SEEDS, Outcome, Reason, Verdict
from ntk_theory.symbolic.problem import Problem

#: The law's kernel far out and the frozen one are the same up to this share; another one misses by more.
SAME, OTHER = 1e-3, 1e-2


def frozen_limit(claim: KernelClaim, e: ProblemEvidence) -> Iterator[Verdict]:
    """A verdict for every block and s above 1/2."""
    if e.classification.problem.construction is None:
        yield claim.verdict(Outcome.NOT_APPLICABLE, "the problem has no ansatz: its outputs are the fields")
        return
    for block in e.block_names:
        for s in (s for s in e.s_measured(block) if s > Fraction(1, 2)):
            yield _of_block(claim, e, block, s)


def _of_block(claim: KernelClaim, e: ProblemEvidence, block: str, s: Fraction) -> Verdict:
    size = None if e.frozen is None else e.frozen(block)
    if size is None or has_kinks(e.classification.problem):
        nowhere = "the output bias starts at random, or some F_α jumps or has no value where it starts"
        return claim.verdict(Outcome.NOT_APPLICABLE, nowhere, block, s)
    found = e.blocks[block, s]
    statement = f"K_{block} → {'0' if size == 0 else f'a kernel of norm {size:.4g}'} at s = {s}"
    predicted = "0" if size == 0 else f"{size:.4g}"
    if found.tail is None or not e.law_decides(block, s):
        why = Reason("the networks are not shown to follow the limit law", remedy=MORE_SEEDS)
        return claim.verdict(Outcome.UNDECIDED, why, block, s, predicted, statement=statement)
    seen = found.tail.size
    here = (
        f"networks of the largest width have {_largest(e, block, s):.4g}, the law that they follow {seen:.4g}"
    )
    if size == 0:
        slope = found.tail.slope
        text = f"{here} at N = 10^40, like N^{plain(slope)}"
        outcome = Outcome.SUPPORTED if slope < -e.criterion.slope_exclusion else Outcome.REFUTED
        return claim.verdict(outcome, Reason(text, "frozen"), block, s, predicted, f"{seen:.4g}", statement)
    off = abs(seen / size - 1)
    reason = Reason(f"{here} at N = 10^40, {off:.1e} of it off", "frozen")
    outcome = Outcome.SUPPORTED if off <= SAME else Outcome.REFUTED
    if SAME < off <= OTHER:
        outcome, reason = Outcome.UNDECIDED, Reason(reason.text, "frozen", LARGER_WIDTHS)
    return claim.verdict(outcome, reason, block, s, predicted, f"{seen:.4g}", statement)


def _largest(e: ProblemEvidence, block: str, s: Fraction) -> float:
    values = None if e.measured is None else e.measured.values(block, s, "norm")
    return float("nan") if values is None or not values.size else float(np.median(values[-1]))


def has_kinks(problem: Problem) -> bool:
    """Is a field under |·| or sign in some F, so that the limit need not be F_α at the constant itself?"""
    space = problem.space
    return any(
        space.decode(symbol)
        for group in problem.groups
        for leg in group.legs
        for node in leg.expression.atoms(sp.Abs, sp.sign)
        for symbol in node.free_symbols
    )


def frozen_kernel(rows: Rows, bias: OutputBias) -> Floats | None:
    """Σ_i F_{i0} F_{i0}' + Σ_k ∂_kR ∂_kR' where the output bias starts, (n, n); ``None``: undefined."""
    if bias.start is None:
        return None
    jets = np.zeros((len(rows.slots), len(rows.points)))
    jets[list(rows.value_slots)] = float(bias.start)
    try:
        here = linearise(rows, jets)
    except NonFiniteError:
        return None
    n = sum(group.size for group in rows.groups)
    return add_trained(np.zeros((n, n)), rows, here, float(bias.is_trained))
