"""Rules under an initialisation: exponents of the kernel in its users' parameterisation, by brute force."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.errors import InputError
from ntk_theory.setting.initialisation import PRESETS, Initialisation
from ntk_theory.theory.exponents import Limit

#: Blocks of N(0,1) networks in one variable: case, s and what the exponents are there by hand.
HEAT, BURGERS = "u_t - u_xx", "u_t + u*u_x - u_xx"


def exponents(text, s, **more):
    c = nt.classify(text, **more)
    return {b: c.regime(b, s).norm_exponent_at(Fraction(s)) for b in ("bb", "bf", "ff")}


def test_sigmas_that_do_not_depend_on_n_change_no_regime():
    start = {"sigma_w": 2.0, "sigma_b": 0.5, "sigma_a": 3.0}
    for text in (HEAT, BURGERS, "u_t - u^2 + v; v_t - u"):
        plain, other = (nt.classify(text, initialisation=i) for i in (None, start))
        for name, found in plain.sharp.items():
            assert found == other.sharp[name]


@pytest.mark.parametrize("name", ["pytorch", "lecun", "he"])
def test_a_library_s_start_multiplies_the_hidden_part_by_n(name):
    """Linear: N^(1−2s) becomes N^(2−2s), beside the output bias, which keeps its 1 in K_bb."""
    for s in ("2/5", "1/2", "3/4", "1", "5/4"):
        hidden = 2 - 2 * Fraction(s)
        want = {"bb": max(hidden, 0), "bf": hidden, "ff": hidden}
        assert exponents(HEAT, s, initialisation=name) == want
    sharp = nt.classify(HEAT, initialisation=name).sharp
    assert all(block.threshold == (1, True) for block in sharp.values())


@pytest.mark.statistics
@pytest.mark.parametrize(("name", "depth"), [("lecun", 1), ("he", 2), ("pytorch", 2)])
@pytest.mark.parametrize("text", [HEAT, BURGERS])
def test_exponents_are_those_of_networks(name, depth, text):
    """Median ‖K‖ of 16 networks at N = 128 and 1024, fixed seeds, against N^x.

    ‖K‖ varies by a factor of about e^{0.5} between networks, so the median's logarithm by 0.5·1.25/4 = 0.16
    and the slope by 0.11: 0.45 off is 4 standard errors, and below the distance 1 of the rules without rates.
    Terms of order 1 beside those of order N cost 0.1 more at depth 2.
    """
    problem = nt.problem(text)
    at = nt.draw_points(problem, 4, 1)
    for s in ("1/2", "1"):
        sizes = []
        for width in (128, 1024):
            network = nt.Network(
                problem.variables, problem.fields, width, depth=depth, s=s, initialisation=name
            )
            kernels = [nt.ntk(problem, network, network.init(seed), at) for seed in range(16)]
            sizes.append({b: np.median([np.linalg.norm(k[b]) for k in kernels]) for b in ("b,b", "f,f")})
        for block, pair in (("bb", "b,b"), ("ff", "f,f")):
            slope = np.log(sizes[1][pair] / sizes[0][pair]) / np.log(8)
            assert abs(slope - float(exponents(text, s, initialisation=name)[block])) < 0.45, (s, block)


def test_where_the_first_layer_fades_no_exponent_is_given():
    fading = [name for name in PRESETS if Initialisation.of(name).shrinks]
    assert fading == ["glorot-uniform", "glorot-normal"]
    for name in fading:
        c = nt.classify(HEAT, initialisation=name)
        assert {r.limit for b in c.sharp.values() for r in b.regimes} == {Limit.UNDECIDED}
        assert "every derivative costs a power" in c.sharp["ff"].at.remark


def test_the_paper_speaks_of_its_own_network_only():
    c = nt.classify(HEAT, initialisation="he")
    assert not c.paper.applies
    assert str(c.paper.steps["initialisation"].answer) == "no"
    assert c.paper.threshold("ff") is None
    assert "initialisation" not in nt.classify(HEAT).paper.steps
    assert nt.classify(HEAT, initialisation="paper").paper.applies


def test_a_symmetry_of_gaussian_weights_is_not_claimed_of_uniform_ones():
    """Sine-Gordon: the initial value against the initial velocity cancels by t → −t."""
    plain = nt.classify("sine-gordon")
    cancelled = [
        n for n in plain.sharp if plain.regime(n, "2/5").norm_exponent_at(Fraction(2, 5)) == Fraction(-3, 10)
    ]
    assert cancelled
    start = {"law": "uniform"}
    for name, block in nt.classify("sine-gordon", initialisation=start).sharp.items():
        undecided = block.at.limit is Limit.UNDECIDED
        assert undecided == (name in cancelled)
        if undecided:
            assert "for one of uniform weights no rule is stated" in block.at.remark


def test_a_point_of_a_network_without_biases_is_not_generic():
    """The origin of an odd one: u(0) = c whatever its weights are."""
    start = {"sigma_b": 0.0}
    for activation, wanted in (("tanh", True), ("gaussian", True), ("softplus", False)):
        c = nt.classify("poisson", activation=activation, initialisation=start)
        assert (c.sharp["bb"].at.limit is Limit.UNDECIDED) == wanted
        assert c.sharp["ff"].at.limit is not Limit.UNDECIDED


def test_the_answer_says_what_it_assumes():
    c = nt.classify(HEAT, initialisation="lecun")
    assert any("standard parameterisation" in a["what"] for a in c.to_dict()["assumptions"])
    assert c.to_dict()["initialisation"] == "lecun"
    assert nt.classify(HEAT).to_dict()["initialisation"] is None
    assert "lecun" in str(c)


@pytest.mark.parametrize("given", ["xavier", 3, {"sigma": 1}])
def test_what_is_no_initialisation_is_refused(given):
    with pytest.raises(InputError, match="initialisation"):
        nt.classify(HEAT, initialisation=given)


def test_below_and_above_one_half_meet():
    """The hidden exponent is one line through s = 1/2 for a linear problem."""
    c = nt.classify(HEAT, initialisation="lecun")
    values = [c.regime("ff", s).norm_exponent_at(Fraction(s)) for s in ("49/100", "1/2", "51/100")]
    assert all(a - b == Fraction(1, 50) for a, b in itertools.pairwise(values))
