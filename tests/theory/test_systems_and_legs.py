"""Systems keep their fields apart; the two legs of a periodic pair cancel the output bias."""

import pytest
import sympy as sp

import ntk_theory as nt
from ntk_theory.symbolic import from_toml
from ntk_theory.theory import Limit

PERIODIC = """
equations = ["u_t - u_xx = 0"]
[domain]
x = [0, 1]
t = [0, 1]
[[conditions]]
name = "ends"
equation = "u"
periodic = [{ x = 0 }, { x = 1 }]
[[conditions]]
name = "slopes"
equation = "u_x"
periodic = [{ x = 0 }, { x = 1 }]
[[conditions]]
name = "initial"
equation = "u = sin(2*pi*x)"
on = [{ t = 0 }]
[[conditions]]
name = "robin"
equation = "u + u_x = 0"
on = [{ x = 0 }]
"""


def limits(c, block):
    return [str(r.limit) for r in c.sharp[block].regimes]


def test_periodic_pair_has_no_bias_term():
    c = nt.classify(from_toml(PERIODIC))
    # F_0 sums to 1 − 1 = 0 over the legs: only the hidden part ε²T is left, degree 2.
    assert c.regime("ends,ends", "3/4").limit is Limit.ZERO
    assert str(c.regime("ends,ends", "3/4").norm_exponent) == "1 - 2*s"
    # A Dirichlet group keeps its bias term, F_0 = 1.
    assert c.regime("initial,initial", "3/4").limit is Limit.DETERMINISTIC
    # Robin has F_0 = 1 too, and is never part of "b".
    assert c.regime("robin,robin", "3/4").limit is Limit.DETERMINISTIC
    assert c.regime("bb", 1) == c.regime("initial,initial", 1)


def test_periodic_pair_in_the_papers_criterion_is_not_case_a():
    pairs = nt.classify(from_toml(PERIODIC)).paper.pairs()
    assert pairs["ends,ends"] == sp.Rational(1, 2)
    assert pairs["robin,robin"] == 1


def test_groups_without_a_common_field_keep_only_the_fluctuation():
    # f2 = v_x and the value group of u share no field: T^∞ = 0 and T ~ N^(-1/2), random.
    c = nt.classify("u_t + u; v_x", output_bias="zero")
    block = c.sharp["b1,f2"]
    assert [(r.where, str(r.limit), str(r.norm_exponent)) for r in block.regimes] == [
        ("s < 1/4", "diverges", "1/2 - 2*s"),
        ("s = 1/4", "random", "0"),
        ("1/4 < s < 1/2", "zero", "1/2 - 2*s"),
        ("s = 1/2", "zero", "-1/2"),
        ("s > 1/2", "zero", "1/2 - 2*s"),
    ]
    assert block.threshold == (sp.Rational(1, 4), False)


def test_linear_system_with_a_bias_term():
    c = nt.classify("u_t - v; v_t - u_xx")
    assert limits(c, "f1,f1") == ["diverges", "deterministic", "deterministic"]  # F_v = −1
    assert limits(c, "f2,f2") == ["diverges", "deterministic", "zero"]
    assert limits(c, "ff") == ["diverges", "deterministic", "deterministic"]
    assert c.paper.case == "not applicable"


def test_only_the_shared_field_decides_randomness():
    # The first equation is nonlinear in v alone; against the value of u only F_u = 1 counts.
    c = nt.classify("u_t + v^2; v_t + u")
    assert c.regime("b1,f1", "1/2").limit is Limit.DETERMINISTIC
    assert c.regime("b2,f1", "1/2").limit is Limit.RANDOM


def test_opposite_parity_on_an_initial_face_leaves_only_the_fluctuation():
    # T^∞_{u,u_t} = 0 at t = t' = 0: the law of the network does not know the sign of t.
    c = nt.classify("sine-gordon")
    assert [(r.where, str(r.limit)) for r in c.sharp["initial,velocity"].regimes] == [
        ("s < 1/4", "diverges"),
        ("s = 1/4", "random"),
        ("1/4 < s < 1/2", "zero"),
        ("s = 1/2", "zero"),
        ("s > 1/2", "zero"),
    ]
    assert any(step.rule == "symmetry" for step in c.steps)
    # Even against even is not affected.
    assert limits(c, "velocity,velocity") == ["diverges", "deterministic", "zero"]


def test_spread_of_linear_and_random_kernels():
    c = nt.classify("u_t - u_xx")
    # THEORY §3: a linear K has sd ~ N^(1/2 − 2s) on both sides.
    assert [str(r.spread_exponent) for r in c.sharp["ff"].regimes] == ["1/2 - 2*s", "-1/2", "1/2 - 2*s"]
    k = nt.classify("u_t + u*u_x + u_xxx").sharp["ff"]
    assert [str(r.spread_exponent) for r in k.regimes] == ["2 - 4*s", "0", "1 - 2*s"]
    # sine-Gordon, s > 1/2: K → 1 deterministic; cos²(εv) varies at ε², T-term at ε² N^(-1/2).
    assert str(nt.classify("u_tt - u_xx + sin(u)").sharp["ff"].above[0].spread_exponent) == "1 - 2*s"


@pytest.mark.parametrize(
    ("text", "bias", "threshold"),
    [
        ("u_t - u_xx", "zero", (sp.Rational(1, 2), True)),
        ("u_t + u*u_x", "zero", (sp.Rational(1, 2), False)),
        ("sin(u)", "normal", (None, False)),
        ("log(|u_x|)", "zero", (None, False)),
        ("sign(u)", "zero", (-sp.oo, False)),
    ],
)
def test_thresholds(text, bias, threshold):
    assert nt.classify(text, output_bias=bias).sharp["ff"].threshold == threshold
