"""Rules under feature maps against the limit law: a block vanishes by the exact test iff its numbers do."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import sympy as sp

import ntk_theory as nt
from ntk_theory.symbolic.jets import JetSpace, Slot
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Group, GroupKind, Problem

SPACE = JetSpace(("u",), ("x", "t"))
LEFT, RIGHT, CENTRE, START = ({"x": sp.Integer(-1)}, {"x": sp.Integer(1)}, {"x": sp.S.Zero}, {"t": sp.S.Zero})


def u(x=0, t=0):
    return SPACE.symbol(Slot("u", (x, t)))


def group(name, faces, *legs):
    return Group(name, GroupKind.CONDITION, tuple(Operator(SPACE, leg) for leg in legs), faces=faces)


GROUPS = (
    group("pair", (LEFT, RIGHT), u(), -u()),
    group("slopes", (LEFT, RIGHT), u(1), -u(1)),
    group("mean", (LEFT, RIGHT), u(), u()),
    group("bend", (LEFT, RIGHT), u(2), -u(2)),
    group("left", (LEFT,), u(1)),
    group("centre", (CENTRE,), u()),
    group("flux", (CENTRE,), u(1)),
    group("initial", (START,), u()),
    group("velocity", (START,), u(0, 1)),
)
PROBLEM = Problem(
    SPACE,
    (Group("f", GroupKind.EQUATION, (Operator(SPACE, u(0, 1) - u(2)),)),),
    GROUPS,
    domain={"x": (sp.Integer(-1), sp.Integer(1)), "t": (sp.S.Zero, sp.S.One)},
)
MAPS = [
    {"x": {"periodic": 2}},
    {"x": {"periodic": 4}},
    {"x": {"periodic": 1, "harmonics": 2}},
    {"x": {"periodic": 8}},
    {"x": {"periodic": "5/2", "harmonics": 3}},
    {"x": {"periodic": "2*pi"}},
    {"x": {"periodic": 4}, "t": {"periodic": 2}},
    {"t": {"periodic": 3}},
    {"t": {"affine": [2, -1]}},
]


@pytest.mark.parametrize("features", MAPS, ids=str)
def test_a_block_of_conditions_vanishes_iff_its_law_does(features):
    """All 45 pairs of nine conditions: the limit at s = 1/2 is zero iff T^∞ contracts to 0 in numbers."""
    answer = nt.classify(PROBLEM, features=features, output_bias="none")
    network = nt.Network(("x", "t"), ("u",), 8, features=features, output_bias="none")
    law = nt.limit_law(PROBLEM, network, nt.draw_points(PROBLEM, 4, seed=1))
    for g, h in itertools.combinations_with_replacement([group.name for group in GROUPS], 2):
        numbers = np.abs(law.deterministic(1.0, f"{g},{h}"))
        size = np.sqrt(np.abs(law.deterministic(1.0, f"{g},{g}")).max()) + 1.0
        size *= np.sqrt(np.abs(law.deterministic(1.0, f"{h},{h}")).max()) + 1.0
        gone = numbers.max() < 1e-7 * size
        assert (str(answer.regime(f"{g},{h}", "1/2").limit) == "zero") == gone, (g, h)


def test_the_table_of_cases_has_both_kinds():
    """Without blocks that vanish and blocks that do not, the comparison above would say nothing."""
    answers = [nt.classify(PROBLEM, features=features, output_bias="none") for features in MAPS]
    names = [f"{g.name},{h.name}" for g, h in itertools.combinations_with_replacement(GROUPS, 2)]
    zeros = [str(a.regime(name, "1/2").limit) == "zero" for a in answers for name in names]
    assert 40 < sum(zeros) < len(zeros) - 40


@pytest.mark.parametrize(("period", "met"), [(2, True), (1, True), ("2/3", True), (4, False), (3, False)])
def test_periodic_pairs_are_met_by_their_features(period, met):
    answer = nt.classify(PROBLEM, features={"x": {"periodic": period}})
    regime = answer.regime("pair,pair", "1/4")
    assert (str(regime.limit) == "zero") == met
    told = [entry for entry in answer.to_dict()["assumptions"] if "met by the features" in entry["what"]]
    assert bool(told) == met
    assert not met or told[0]["what"].split(": ")[1] == "pair, slopes, bend"


def test_a_network_s_own_pair_is_exactly_zero():
    """What is met is so for every finite network, not in the limit only."""
    network = nt.Network(("x", "t"), ("u",), 8, features={"x": {"periodic": 2}})
    kernel = nt.ntk(PROBLEM, network, network.init(0), nt.draw_points(PROBLEM, 4, seed=1))
    assert np.abs(kernel["pair,f"]).max() < 1e-12 * np.abs(kernel["f,f"]).max()


def test_plain_features_change_nothing():
    plain = nt.classify(PROBLEM).to_dict()
    assert nt.classify(PROBLEM, features={}).to_dict() == plain
    assert plain["features"] is None


def test_frequencies_are_taken_as_generic_and_said_so():
    answer = nt.classify(PROBLEM, features={"fourier": 4, "sigma": 1})
    assert str(answer.regime("pair,slopes", "1/2").limit) == "deterministic"
    assert any("generic frequencies" in entry["why"] for entry in answer.to_dict()["assumptions"])
