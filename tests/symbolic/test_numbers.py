"""One reading of exact numbers, for theory, networks and studies alike."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.errors import InputError
from ntk_theory.model.network import Network
from ntk_theory.symbolic.numbers import MAX_BITS, MAX_DIGITS, exact, fraction
from ntk_theory.theory import classify


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("3/4", Fraction(3, 4)),
        (" 3/4 ", Fraction(3, 4)),
        ("-1.25e2", Fraction(-125)),
        (0.1, Fraction(1, 10)),
        (np.float64(0.1), Fraction(1, 10)),
        (np.float32(0.1), Fraction(1, 10)),
        (np.int64(3), Fraction(3)),
        (sp.Rational(2, 3), Fraction(2, 3)),
        (sp.Float(0.1), Fraction(1, 10)),
        (Decimal("0.30"), Fraction(3, 10)),
        (Fraction(1, 10**80), Fraction(1, 10**80)),
        (10**61, Fraction(10**61)),
        (1e61, Fraction(10**61)),  # the same number as the line above
        ("1e61", Fraction(10**61)),
        (1e-61, Fraction(1, 10**61)),
        (5e-324, Fraction(5, 10**324)),
        (1.7976931348623157e308, Fraction(17976931348623157) * 10**292),
    ],
)
def test_numbers(value: object, number: Fraction) -> None:
    assert fraction(value) == number
    assert exact(value, "s") == sp.Rational(number.numerator, number.denominator)


@pytest.mark.parametrize(
    "value",
    [
        *("", "abc", "1/0", "0x10", "1e", "1e5/2", "1e400", "1e-999999999", "1e" + "9" * 30),
        *("1" * (MAX_DIGITS + 1), "0." + "3" * MAX_DIGITS),
        *(True, False, None, np.bool_(True), float("inf"), float("-inf"), float("nan"), 1 + 0j, [1], b"1"),
        *(sp.pi, sp.oo, sp.nan, sp.Symbol("s"), Decimal("NaN")),
        pytest.param(10**5000, id="huge"),
        pytest.param(Fraction(1, 10**5000), id="tiny"),
    ],
)  # fmt: skip
def test_what_is_no_number_of_bounded_length_is_refused_in_one_line(value: object) -> None:
    for read in (fraction, lambda v: exact(v, "s")):
        with pytest.raises(InputError, match=r"^s is .*; it needs an exact number such as") as seen:
            read(value)
        assert len(str(seen.value)) < 2 * MAX_DIGITS + 60


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_is_a_number(value: float) -> None:
    assert float(fraction(value)) == value


@given(st.fractions())
def test_fractions_survive_their_text(value: Fraction) -> None:
    assert fraction(value) == value
    assert len(str(value)) > MAX_DIGITS or fraction(str(value)) == value
    assert value.numerator.bit_length() <= MAX_BITS


@pytest.mark.parametrize("s", ["3/4", 0.75, "1e61", 1e61, 10**61])
def test_theory_and_networks_read_s_alike(s: object) -> None:
    answer = classify("u_t - u_xx").regime("ff", s)
    network = Network(("x", "t"), ("u",), 8, s=s)  # type: ignore[arg-type]
    assert classify("u_t - u_xx").regime("ff", network.exponent) == answer
