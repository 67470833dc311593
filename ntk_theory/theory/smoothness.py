"""Is the activation smooth enough for an operator of order n? (THEORY §3, §7.2) [D].

K needs φ^{(n+1)}: T_αβ with |α| = n holds E φ^{(n+1)} φ^{(n+1)}. For ReLU^k that is a bounded function
iff k ≥ n + 1; below, the derivative vanishes almost everywhere or is a distribution, and what a program
computes with it is not the kernel of anything that converges.
"""

from __future__ import annotations

from ntk_theory.setting.activations import Activation


def too_rough(activation: Activation, order: int) -> str:
    """Why φ does not serve an operator of this order; empty where it does.

    >>> too_rough(Activation.of("relu"), 2)[:34], too_rough(Activation.of("relu^3"), 2)
    ('relu with derivatives of order 2: ', '')
    """
    if activation.derivatives is None or activation.derivatives >= order + 1:
        return ""
    return (
        f"{activation.name} with derivatives of order {order}: K needs its derivative of order {order + 1}, "
        f"which is no function; use relu^{order + 1} or a smooth activation"
    )
