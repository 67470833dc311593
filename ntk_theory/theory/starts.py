"""What an initialisation changes in the rules, and where it leaves none (THEORY §3 "Initialisation") [D].

σ_w, σ_b, σ_a that do not depend on N change no exponent. A library's start, with the rates of the standard
parameterisation (η = n), multiplies T by N: every hidden term gets the offset 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from ntk_theory.setting.activations import Activation
from ntk_theory.setting.initialisation import Initialisation
from ntk_theory.theory.rows import ResidualRow
from ntk_theory.theory.vanishing import Verdict


def unruled(
    start: Initialisation, activation: Activation, rows: Sequence[ResidualRow], verdict: Verdict
) -> tuple[str, ...]:
    """Why no rule speaks of two rows under an initialisation; empty where one does."""
    if start.shrinks:
        return (
            f"{start}: the first layer's weights go to 0 like N^(-1/2) and every derivative costs a power "
            "of its own; exponents of blocks are not derived, the limit law at a width is",
        )
    if not start.first_law.is_normal and (verdict.vanishes or verdict.by_orders):
        return (
            "T^∞ cancels here for a first layer of Gaussian weights, or may; for one of "
            f"{start.first_law.name} weights no rule is stated",
        )
    variables = len(rows[0].group.legs[0].space.variables)
    is_point = any(len(face) == variables for row in rows for face in row.faces)
    if not start.has_biases and activation.parity != 0 and is_point:
        parity = "odd" if activation.parity < 0 else "even"
        return (f"without biases the network is {parity}: at single points no rule is stated",)
    return ()
