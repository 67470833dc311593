"""Is the activation smooth enough for an operator of order n? (THEORY §3, §7.2) [D].

K needs φ^{(n+1)}: T_αβ with |α| = n holds E φ^{(n+1)} φ^{(n+1)}. For ReLU^k that is a bounded function
iff k ≥ n + 1; below, the derivative vanishes almost everywhere or is a distribution, and what a program
computes with it is not the kernel of anything that converges.
"""

from __future__ import annotations

from ntk_theory.errors import SmoothnessError
from ntk_theory.setting.activations import Activation, require_smooth
from ntk_theory.symbolic.problem import Problem


def need_smooth(problem: Problem, activation: str) -> None:
    """Refuse an activation that does not serve a problem.

    Raises
    ------
    SmoothnessError
        Some operator has a derivative of an order that φ does not bear.
    """
    order = max(leg.order for group in problem.groups for leg in group.legs)
    require_smooth(Activation.of(activation), order)


def too_rough(activation: Activation, order: int) -> str:
    """Why φ does not serve an operator of this order; empty where it does.

    >>> too_rough(Activation.of("relu"), 2)[:34], too_rough(Activation.of("relu^3"), 2)
    ('activation relu has only 1 derivat', '')
    """
    try:
        require_smooth(activation, order)
    except SmoothnessError as cause:
        return str(cause)
    return ""
