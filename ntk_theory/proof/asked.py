"""What a certificate is asked of, in the form that all kinds share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.symbolic.problem import Problem


@dataclass(frozen=True)
class Asked:
    """A problem with numbers for its parameters, and points as they enter.

    ``setting`` has the variables, fields, the map of the inputs and the activation, ``names`` are the groups
    that were named, ``time`` and ``least`` those of a drift, ``output_bias`` and ``input_map`` as a
    classification takes them.
    """

    problem: Problem
    setting: Mapping[str, Any]
    names: tuple[str, ...]
    points: Mapping[str, Floats]
    seed: int = 0
    time: object = None
    least: object = None
    output_bias: str = "zero"
    input_map: Any = None


def around(value: Any, width: float) -> list[str]:
    """Two decimals below and above a number, relative half width ``width``.

    >>> around(mpmath.mpf(2), 1e-3)
    ['1.99800', '2.00200']
    """
    low, high = sorted((value * (1 - width), value * (1 + width)))
    digits = 3 - round(np.log10(width))
    return [mpmath.nstr(v, digits, strip_zeros=False).replace("+", "") for v in (low, high)]
