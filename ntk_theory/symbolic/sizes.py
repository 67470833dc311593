"""How large an expression gets when it is expanded, predicted from its parts.

A :class:`ExpandedSize` bounds the expansion of an expression from above: the number of terms, of nodes,
the digits of a coefficient, the order of a derivative. The rules need the parts' shapes only, so
they serve our tree (before SymPy exists) and SymPy expressions (after a total derivative) alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, comb, log10, prod

from ntk_theory.symbolic.limits import (
    MAX_COEFFICIENT_DIGITS,
    MAX_EXPONENT,
    MAX_ORDER,
    MAX_ROOT,
    MAX_SIZE,
    MAX_TERMS,
)


@dataclass(frozen=True, slots=True)
class ExpandedSize:
    """Upper bounds after expansion.

    ``terms`` counts terms, ``size`` nodes, ``digits`` and ``denominators`` decimal digits of the
    largest numerator and of the common denominator, ``order`` is the highest derivative.
    """

    terms: int = 1
    size: int = 1
    digits: float = 0.0
    denominators: float = 0.0
    order: int = 0

    def excess(self) -> str | None:
        """What exceeds the budget, in words, or ``None``."""
        if self.terms > MAX_TERMS:
            return f"expands to about {_count(self.terms)} terms; at most {MAX_TERMS} are allowed"
        if self.size > MAX_SIZE:
            return f"expands to about {_count(self.size)} operations; at most {MAX_SIZE} are allowed"
        if max(self.digits, self.denominators) > MAX_COEFFICIENT_DIGITS:
            return f"has coefficients of more than {MAX_COEFFICIENT_DIGITS} digits"
        if self.order > MAX_ORDER:
            return f"has a derivative of order {self.order}; at most {MAX_ORDER} is allowed"
        return None


LEAF = ExpandedSize()


def _count(number: int) -> str:
    return str(number) if number < 10**9 else f"10^{int(log10(number))}"


def number_size(value: Fraction) -> ExpandedSize:
    """The shape of a rational constant."""
    return ExpandedSize(digits=log10(abs(value.numerator) or 1), denominators=log10(value.denominator))


def sum_size(parts: Sequence[ExpandedSize]) -> ExpandedSize:
    """Terms add up; a common denominator is at most the product of all."""
    denominators = sum(part.denominators for part in parts)
    return ExpandedSize(
        terms=sum(part.terms for part in parts),
        size=sum(part.size for part in parts) + 1,
        digits=max(part.digits + denominators - part.denominators for part in parts) + log10(len(parts)),
        denominators=denominators,
        order=max(part.order for part in parts),
    )


def product_size(parts: Sequence[ExpandedSize]) -> ExpandedSize:
    """Every term of one factor meets every term of the others."""
    terms = prod(part.terms for part in parts)
    return ExpandedSize(
        terms=terms,
        size=sum(part.size * (terms // part.terms) for part in parts) + terms,
        digits=sum(part.digits for part in parts) + log10(terms),
        denominators=sum(part.denominators for part in parts),
        order=max(part.order for part in parts),
    )


def power_size(base: ExpandedSize, exponent: ExpandedSize, constant: Fraction | None) -> ExpandedSize:
    """The multinomial theorem: the n-th power of t terms has C(t + n − 1, n) terms.

    ``constant`` is the rational part of the exponent and n = ⌈|constant|⌉, at least 1. A root or a
    reciprocal counts like the whole power: its terms are out of sight, but SymPy expands below the
    bar and under the root, and they surface in a further power.
    """
    # Larger powers are refused by their exponent; the cap keeps this estimate cheap.
    n = min(max(1, ceil(abs(constant)) if constant is not None else 1), 10 * MAX_EXPONENT)
    terms = comb(base.terms + n - 1, n)
    per_term = -(-base.size // base.terms)
    size = terms * (min(n, base.terms) * (per_term + 2) + 1)
    radical = base.size + exponent.size + 1
    if constant is None or constant <= 1 or exponent.size != 1:
        size += radical
    elif constant.denominator != 1:
        size += terms * radical  # every term of the whole part meets the root
    inverted = constant is None or constant < 0
    below = max(base.denominators, base.digits) if inverted else base.denominators
    return ExpandedSize(
        terms=terms,
        size=size,
        digits=max((n + 1) * (base.digits + log10(base.terms)), exponent.digits),
        denominators=max((n + 1) * below, exponent.denominators),
        order=max(base.order, exponent.order),
    )


def function_size(argument: ExpandedSize, *, is_absolute: bool = False) -> ExpandedSize:
    """A function of an argument is one term; exp of a sum expands to a product.

    An absolute value keeps its argument's terms: SymPy turns |a|^2 into a^2, which expands.
    """
    return ExpandedSize(
        terms=argument.terms if is_absolute else 1,
        size=argument.size + argument.terms + 1,
        digits=argument.digits,
        denominators=argument.denominators,
        order=argument.order,
    )


def pieces_size(arguments: Sequence[ExpandedSize]) -> ExpandedSize:
    """A function in pieces is one term; its derivative compares the arguments with each other."""
    return ExpandedSize(
        terms=1,
        size=sum(argument.size + argument.terms for argument in arguments) + 1,
        digits=max(argument.digits for argument in arguments),
        denominators=sum(argument.denominators for argument in arguments),
        order=max(argument.order for argument in arguments),
    )


def exponent_excess(constant: Fraction) -> str | None:
    """Why a rational exponent is outside of the budget, or ``None``."""
    if abs(constant) > MAX_EXPONENT:
        return f"an exponent is larger than {MAX_EXPONENT} in size"
    if constant.denominator > MAX_ROOT:
        return f"an exponent's denominator is larger than {MAX_ROOT}"
    return None
