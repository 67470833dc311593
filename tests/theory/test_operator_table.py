"""The hand-derived table: case, D, s1, s2, regimes and exponents."""

import pytest
import sympy as sp
from operator_cases import CASES, exponent

import ntk_theory as nt

FREE = {"c": "1", "k": "1", "nu": "1"}


def test_the_table_is_large_enough():
    assert len({case.text for case in CASES}) >= 40


@pytest.mark.parametrize("case", CASES, ids=str)
def test_paper(case):
    paper = nt.classify(case.text, output_bias=case.bias).to_dict()["paper"]
    assert (paper["case"], paper["degree"], paper["s1"], paper["s2"]) == (
        case.case,
        case.D,
        case.s1,
        case.s2,
    ), case.why


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("block", ["ff", "bf"])
def test_regimes(case, block):
    sharp = nt.classify(case.text, output_bias=case.bias).sharp[block]
    upper, below, at, lower, above = getattr(case, block)
    assert len(sharp.below) == len(sharp.above) == 1
    assert (sharp.below[0].limit, sharp.at.limit, sharp.above[0].limit) == (below, at, above), case.why
    for regime, degree in ((sharp.below[0], upper), (sharp.above[0], lower)):
        expected = exponent(degree)
        if expected is None:
            assert regime.norm_exponent is None, case.why
        else:
            assert sp.simplify(regime.norm_exponent - expected) == 0, case.why


@pytest.mark.parametrize("case", CASES, ids=str)
def test_value_block_is_always_the_known_one(case):
    sharp = nt.classify(case.text, output_bias=case.bias).sharp["bb"]
    above = "zero" if case.bias == "none" else "deterministic"
    assert (sharp.below[0].limit, sharp.at.limit, sharp.above[0].limit) == (
        "diverges",
        "deterministic",
        above,
    )
    assert sharp.threshold == (sp.Rational(1, 2), True)
