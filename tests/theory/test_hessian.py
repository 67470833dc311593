"""Exponents of ‖∇²R‖ against 40 operators derived by hand (THEORY §10), and what they say in general."""

from __future__ import annotations

from fractions import Fraction

import pytest

import ntk_theory as nt
from ntk_theory.theory.exponents import Limit

HALF = Fraction(1, 2)
#: Every line: the operator; the degree d of the leading ε^d of the first part for s > 1/2 without output
#: bias, with one that starts at 0, with one that starts at N(0,1); for s < 1/2; the same of the second
#: part without its N^(-1/2) and ε. By hand: a monomial of k jets, v of them u itself and m = k − v
#: derivatives, has d = k, k − min(v, 2), m for s > 1/2 and k below; of a sum the least counts above and
#: the largest below. None: no first part, the operator is linear.
BY_HAND = [
    ("u", None, None, None, None, (0, 0, 0, 0)),
    ("u_x", None, None, None, None, (0, 0, 0, 0)),
    ("u_t - u_xx", None, None, None, None, (0, 0, 0, 0)),
    ("u_tt - u_xx + 3*u", None, None, None, None, (0, 0, 0, 0)),
    ("u_t + x*u_x", None, None, None, None, (0, 0, 0, 0)),
    ("u_xxxx + u_x", None, None, None, None, (0, 0, 0, 0)),
    ("u^2", 2, 0, 0, 2, (1, 1, 0, 1)),
    ("u^3", 3, 1, 0, 3, (2, 2, 0, 2)),
    ("u^4", 4, 2, 0, 4, (3, 3, 0, 3)),
    ("u*u_x", 2, 1, 1, 2, (1, 1, 0, 1)),
    ("u*u_xx", 2, 1, 1, 2, (1, 1, 0, 1)),
    ("u^2*u_x", 3, 1, 1, 3, (2, 2, 0, 2)),
    ("u^3*u_x", 4, 2, 1, 4, (3, 3, 0, 3)),
    ("u_x^2", 2, 2, 2, 2, (1, 1, 1, 1)),
    ("u_x^3", 3, 3, 3, 3, (2, 2, 2, 2)),
    ("u_x*u_t", 2, 2, 2, 2, (1, 1, 1, 1)),
    ("u_x^2*u_xx", 3, 3, 3, 3, (2, 2, 2, 2)),
    ("u*u_x^2", 3, 2, 2, 3, (2, 2, 1, 2)),
    ("u^2*u_x^2", 4, 2, 2, 4, (3, 3, 1, 3)),
    ("u_t + u*u_x", 2, 1, 1, 2, (0, 0, 0, 1)),
    ("u_t + u*u_x - u_xx", 2, 1, 1, 2, (0, 0, 0, 1)),
    ("u_t + 6*u*u_x + u_xxx", 2, 1, 1, 2, (0, 0, 0, 1)),
    ("u_t + u^2*u_x + u_xxx", 3, 1, 1, 3, (0, 0, 0, 2)),
    ("u_t - u_xx - u + u^3", 3, 1, 0, 3, (0, 0, 0, 2)),
    ("u_t - u_xx - u*(1 - u)", 2, 0, 0, 2, (0, 0, 0, 1)),
    ("u_tt - u_xx + u_x^2", 2, 2, 2, 2, (0, 0, 0, 1)),
    ("u_t + u_x^2/2 + u_xx + u_xxxx", 2, 2, 2, 2, (0, 0, 0, 1)),
    ("u_t - u*u_xx - u_x^2", 2, 1, 1, 2, (0, 0, 0, 1)),
    ("u_t*u_x + u_x^3", 2, 2, 2, 3, (1, 1, 1, 2)),
    ("u^2 + u_x^4", 2, 0, 0, 4, (1, 1, 0, 3)),
    ("u*v", 2, 0, 0, 2, (1, 1, 0, 1)),
    ("u*v_x", 2, 1, 1, 2, (1, 1, 0, 1)),
    ("u_x*v_x", 2, 2, 2, 2, (1, 1, 1, 1)),
    ("u_t + u*v*u_x", 3, 1, 1, 3, (0, 0, 0, 2)),
    # F'' = −sin u: as u for small jets, bounded for large ones
    ("sin(u)", 3, 1, 0, 2, (0, 0, 0, 0)),
    ("u_tt - u_xx + sin(u)", 3, 1, 0, 2, (0, 0, 0, 0)),
    # F'' → 1 at 0
    ("cos(u) + u_t", 2, 0, 0, 2, (0, 0, 0, 0)),
    # F'' = −2 + O(u²) at 0, 6/u⁴ far away; F' = −2u and −2/u³
    ("1/(1 + u^2)", 2, 0, 0, -2, (1, 1, 0, -3)),
    # F'' = −u and, far away, −2 sign(u)/|u|³·…: atan'' = −2u/(1 + u²)²
    ("atan(u)", 3, 1, 0, -1, (0, 0, 0, -2)),
    # F'' = (1 + u²)^(-3/2): 1 and |u|^(-3); F' = u and ±1
    ("sqrt(1 + u^2)", 2, 0, 0, -1, (1, 1, 0, 0)),
]


def expected(first: int | None, second: int, s: Fraction) -> Fraction:
    """The larger of both parts at one s."""
    lines = [(HALF - s) * (1 + second) - HALF]
    if first is not None:
        lines.append((HALF - s) * first)
    return max(lines)


def test_there_are_forty_different_ones():
    assert len({line[0] for line in BY_HAND}) == 40


@pytest.mark.parametrize("line", BY_HAND, ids=[line[0] for line in BY_HAND])
def test_exponents_are_those_derived_by_hand(line):
    text, none, zero, normal, below, second = line
    above = {"none": (none, second[0]), "zero": (zero, second[1]), "normal": (normal, second[2])}
    for bias, (first, other) in above.items():
        found = nt.classify(text, output_bias=bias).hessians.by_group["f"]
        for s in (Fraction(3, 5), Fraction(1), Fraction(7, 4)):
            assert Fraction(str(found.regime(s).norm_exponent_at(s))) == expected(first, other, s), (bias, s)
        for s in (Fraction(1, 10), Fraction(2, 5)):
            assert Fraction(str(found.regime(s).norm_exponent_at(s))) == expected(below, second[3], s), (
                bias,
                s,
            )
        at = found.at
        assert str(at.norm_exponent) == ("0" if none is not None else "-1/2")
        assert (at.limit is Limit.ZERO) == (none is None)


def test_the_limit_at_one_half_is_random_where_second_derivatives_are():
    assert nt.classify("u*u_x").hessians.by_group["f"].at.limit is Limit.DETERMINISTIC
    assert nt.classify("u^2*u_x").hessians.by_group["f"].at.limit is Limit.RANDOM


def test_the_record_holds_them_for_equations_and_groups():
    found = nt.classify("kdv").to_dict()
    (equation,) = found["equations"]
    assert equation["hessian"]["at"]["limit"] == "deterministic"
    assert equation["hessian"]["above"]["norm_exponent"] == "1/2 - s"
    assert found["hessian"] == equation["hessian"]
    assert {g["name"]: g["hessian"]["at"]["limit"] for g in found["groups"]}["initial"] == "zero"


@pytest.mark.parametrize(
    ("what", "options", "why"),
    [
        ("u*u_x", {"activation": "relu^2"}, "derivative"),
        ("u*u_x", {"initialisation": "pytorch"}, "initialisation"),
    ],
)
def test_where_no_rule_speaks_it_says_so(what, options, why):
    at = nt.classify(what, **options).hessians.by_group["f"].at
    assert at.limit is Limit.UNDECIDED
    assert why in at.remark
