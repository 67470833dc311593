"""What a table or a picture is about, in words: the problem, the network, the cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ntk_theory.symbolic.grammar import render
from ntk_theory.symbolic.problem import Problem

if TYPE_CHECKING:
    from ntk_theory.model.network import Network  # classify names blocks without NumPy


def problem_title(problem: Problem) -> str:
    """Its title or name, else its equations."""
    equations = "; ".join(
        render(group.shown[0].expression, group.shown[0].space) for group in problem.equations
    )
    return problem.title or problem.name or equations


def network_words(network: Network, *, finite: bool = True) -> str:
    """``512-512 tanh, s = 1/2, output bias zero``; an infinite network has a depth and no s."""
    depth = len(network.widths)
    layers = "-".join(str(width) for width in network.widths) if finite else f"depth {depth}"
    words = [f"{layers} {network.activation}"]
    words += [f"s = {network.exponent}"] if finite else []
    words += [f"output bias {network.output_bias}"]
    words += ["inputs mapped to [-1, 1]"] if network.input_map is not None else []
    words += [f"features {network.features}"] if network.features is not None else []
    words += [f"initialisation {network.initialisation}"] if network.initialisation is not None else []
    words += [str(network.folding)] if network.folding is not None else []
    return ", ".join(words)


def size_words(count: float) -> str:
    """Bytes in words: ``1.5 GiB``, ``20 MiB``."""
    for unit, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count:.0f} bytes"


def time_words(seconds: float) -> str:
    """Seconds in words: ``40 s``, ``3 min``, ``2.5 h``."""
    if seconds < 100:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.2g} min" if seconds < 5400 else f"{seconds / 3600:.2g} h"


def finite(value: float) -> float | None:
    """A number as JSON has it: ``None`` for infinity and for what is no number."""
    return float(value) if math.isfinite(value) else None
