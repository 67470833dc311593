"""Is the activation smooth enough for an operator of order n? (THEORY §3, §7.2) [D].

K needs φ^{(n+1)}: T_αβ with |α| = n holds E φ^{(n+1)} φ^{(n+1)}. For ReLU^k that is a bounded function
iff k ≥ n + 1; below, the derivative vanishes almost everywhere or is a distribution, and what a program
computes with it is not the kernel of anything that converges.
"""

from __future__ import annotations

import re

#: Activations that are smooth and have bounded derivatives (of order >= 1).
SMOOTH = ("tanh", "sigmoid", "softplus", "sin", "erf", "gaussian", "silu", "gelu")
RELU = re.compile(r"relu(?:\^(\d+))?\Z")


def too_rough(activation: str, order: int) -> str:
    """Why ReLU^k does not serve an operator of this order; empty where the activation does.

    >>> too_rough("relu^1", 2)[:36], too_rough("relu^3", 2), too_rough("tanh", 9)
    ('relu^1 with derivatives of order 2: ', '', '')
    """
    power = RELU.match(activation)
    if power is None or int(power[1] or 1) >= order + 1:
        return ""
    return (
        f"{activation} with derivatives of order {order}: K needs its derivative of order {order + 1}, "
        f"which is no function; use relu^{order + 1} or a smooth activation"
    )
