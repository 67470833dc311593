"""Exact numbers from what users write: ``"3/4"``, ``0.75``, Fraction(3, 4), a SymPy Rational."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from numbers import Rational, Real

import sympy as sp

from ntk_theory.errors import InputError

#: Longer texts are not read as a number.
MAX_DIGITS = 64
#: Largest power of ten, up or down: every double, the least of which is 5e-324, is a number.
MAX_POWER = 330
#: Largest numerator and denominator.
MAX_BITS = (10 ** (MAX_POWER + MAX_DIGITS)).bit_length()


def exact(value: object, argument: str) -> sp.Rational:
    """The rational number that ``value`` stands for; a float counts as it prints.

    >>> exact("3/4", "s"), exact(0.1, "s")
    (3/4, 1/10)
    """
    if isinstance(value, sp.Rational):
        return value
    found = fraction(value, argument)
    return sp.Rational(found.numerator, found.denominator)


def fraction(value: object, argument: str = "s") -> Fraction:
    """As :func:`exact`, as a fraction.

    Raises
    ------
    InputError
        unless ``value`` is a finite number, of at most :data:`MAX_DIGITS` characters where it is a text.

    >>> fraction(0.75), fraction("2/3"), fraction(1e61) == 10**61
    (Fraction(3, 4), Fraction(2, 3), True)
    """
    try:
        if isinstance(value, bool):
            raise ValueError
        found = _of_rational(value) if isinstance(value, Rational) else _of_text(str(value).strip())
        if _bits(found) > MAX_BITS:
            raise ValueError
    except (ValueError, ZeroDivisionError):
        shown = _short(value)
        raise InputError(f"{argument} is {shown}; it needs an exact number such as 3/4, 0.75 or 1") from None
    return found


def bind(expression: sp.Expr, values: Mapping[str, object]) -> sp.Expr:
    """``expression`` with every parameter of a known name replaced by its value.

    A float keeps its binary value, a Fraction or a SymPy number is exact.
    """
    found = {s: _number(s.name, values[s.name]) for s in expression.free_symbols if s.name in values}
    return expression.xreplace(found) if found else expression


def unvalued(where: str, names: Iterable[str]) -> str:
    """The sentence about parameters without a value: which, and the two ways to give one.

    >>> unvalued("f", ["nu"]).partition("; ")[0]
    "f has the parameter 'nu' without a value"
    """
    listed = list(dict.fromkeys(names))
    some, each = ("parameters", "each a number") if len(listed) > 1 else ("parameter", "a number")
    shown = ", ".join(map(repr, listed))
    options = " ".join(f"-p {name}=1" for name in listed)
    values = ", ".join(f"{name!r}: 1" for name in listed)
    return (
        f"{where} has the {some} {shown} without a value; give {each}: {options} on the command "
        f"line, in Python nt.problem(what, parameters={{{values}}})"
    )


def _number(name: str, value: object) -> sp.Expr:
    if isinstance(value, sp.Expr) and not value.free_symbols and value.is_extended_real and value.is_finite:
        return value
    if isinstance(value, Fraction):
        return sp.Rational(value.numerator, value.denominator)
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(float(value)):
        raise InputError(f"parameters[{name!r}] is {value!r}; it needs a finite real number")
    return sp.Integer(int(value)) if isinstance(value, int) else sp.Float(float(value), 17)


def _of_rational(value: Rational) -> Fraction:
    return Fraction(int(value.numerator), int(value.denominator))


def _of_text(text: str) -> Fraction:
    """The number, unless it would have very many digits, as 1e999999999 has."""
    power = text.lower().partition("e")[2]
    if len(text) > MAX_DIGITS or (power and abs(int(power)) > MAX_POWER):
        raise ValueError
    return Fraction(text)


def _bits(number: Fraction) -> int:
    return max(abs(number.numerator), number.denominator).bit_length()


def _short(value: object) -> str:
    """A value as it is shown, cut where it is long; all digits of a huge number are never written."""
    if isinstance(value, Rational) and (bits := _bits(_of_rational(value))) > MAX_BITS:
        return f"a number of {bits} bits"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= MAX_DIGITS else text[:MAX_DIGITS] + "…"
