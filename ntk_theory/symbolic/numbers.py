"""Exact numbers from what users write: ``"3/4"``, ``0.75``, Fraction(3, 4), a SymPy Rational."""

from __future__ import annotations

from fractions import Fraction
from numbers import Rational

import sympy as sp

from ntk_theory.errors import InputError

#: Longer texts are not read as a number.
MAX_DIGITS = 60


def exact(value: object, argument: str) -> sp.Rational:
    """The rational number that ``value`` stands for; a float counts as it prints.

    >>> exact("3/4", "s"), exact(0.1, "s")
    (3/4, 1/10)
    """
    if isinstance(value, sp.Rational):
        return value
    if isinstance(value, bool):
        raise InputError(f"{argument} is {value}; it needs a number such as 3/4")
    try:
        if isinstance(value, Rational):
            fraction = Fraction(int(value.numerator), int(value.denominator))
        else:
            text = str(value).strip()
            if len(text) > MAX_DIGITS or (
                "e" in text.lower() and abs(int(text.lower().split("e")[1])) > MAX_DIGITS
            ):
                raise ValueError
            fraction = Fraction(text)
    except (ValueError, ZeroDivisionError, IndexError):
        shown = str(value)[:MAX_DIGITS]
        raise InputError(
            f"{argument} is {shown!r}; it needs an exact number such as 3/4, 0.75 or 1"
        ) from None
    return sp.Rational(fraction.numerator, fraction.denominator)
