"""The sharp exponents against real networks: the slope of log‖K‖ in log ε for random operators [D].

The prediction comes from the classification, which never sees a network; the measurement from S, T and
the original operator. ε is set directly (S and T do not depend on s), deep in the asymptotic range.
"""

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import operators

import ntk_theory as nt
from ntk_theory.empirical.jet_ntk import jets_and_ntk
from ntk_theory.errors import NTKTheoryError
from ntk_theory.model.assembly import assemble, linearise, network_jets, stack_rows
from ntk_theory.model.lowering import lower_problem
from ntk_theory.model.network import Network
from ntk_theory.symbolic.problem import Group, GroupKind, Problem

pytestmark = pytest.mark.properties

#: Degrees of the operators that are drawn are multiples of 1/2: an error of one is 0.5 in a slope.
TOLERANCE = 0.1


def problem_of(text):
    try:
        operator = nt.parse(text, variables=["x", "t"])
    except NTKTheoryError:
        assume(False)
    return operator, Problem(operator.space, (Group("f", GroupKind.EQUATION, (operator,)),))


def predicted(operator, bias, side):
    """m with ‖K_ff‖ ~ N^{(1/2 − s) m} = ε^m, or None where nothing is claimed."""
    regime = getattr(nt.classify(operator, output_bias=bias).sharp["ff"], side)[0 if side == "below" else -1]
    if regime.norm_exponent is None:
        return None
    (name,) = regime.norm_exponent.free_symbols or {sp.Symbol("s")}
    return float(sp.cancel(regime.norm_exponent / (sp.Rational(1, 2) - name)))


def norms(problem, bias, depth, seed, epsilons):
    network = Network(("x", "t"), ("u",), width=12, depth=depth, output_bias=bias)
    parameters = network.init(seed)
    points = {"f": np.random.default_rng(seed).uniform(0.3, 1.0, (3, 2))}
    rows = stack_rows(lower_problem(problem), points)
    scaled, T = jets_and_ntk(network, parameters, rows.points, rows.slots)
    found = []
    for epsilon in epsilons:
        u = network_jets(rows, scaled, epsilon, parameters.output_bias)
        kernel = assemble(rows, linearise(rows, u).weights, T, epsilon, parameters.output_bias_rate)
        found.append(np.linalg.norm(kernel.matrix))
    return found


def slope(problem, bias, depth, seed, epsilons):
    small, large = norms(problem, bias, depth, seed, epsilons)
    if not (small > 0 and large > 0):
        return None
    return np.log(small / large) / np.log(epsilons[0] / epsilons[1])


@settings(max_examples=30, deadline=None)
@given(
    operators(max_terms=3),
    st.sampled_from(("zero", "normal", "none")),
    st.integers(1, 3),
    st.integers(0, 1000),
)
def test_slope_towards_zero(text, bias, depth, seed):
    operator, problem = problem_of(text)
    m = predicted(operator, bias, "above")
    assume(m is not None)
    found = slope(problem, bias, depth, seed, (1e-6, 1e-5))
    assume(found is not None)
    assert abs(found - m) < TOLERANCE


@settings(max_examples=30, deadline=None)
@given(
    operators(max_terms=3, polynomial=True),
    st.sampled_from(("zero", "normal", "none")),
    st.integers(1, 3),
    st.integers(0, 1000),
)
def test_slope_towards_infinity(text, bias, depth, seed):
    operator, problem = problem_of(text)
    m = predicted(operator, bias, "below")
    assume(m is not None)
    found = slope(problem, bias, depth, seed, (1e7, 1e6))
    assume(found is not None)
    assert abs(found - m) < TOLERANCE


def test_a_wrong_exponent_is_refuted():
    """The negative control: KdV with `zero` has m = 2 at zero and 4 at infinity, not one less or more."""
    operator, problem = problem_of("u_t + u*u_x + u_xxx")
    assert predicted(operator, "zero", "above") == 2
    assert predicted(operator, "zero", "below") == 4
    low = slope(problem, "zero", 2, 0, (1e-6, 1e-5))
    high = slope(problem, "zero", 2, 0, (1e7, 1e6))
    for wrong in (1, 3):
        assert abs(low - wrong) > TOLERANCE
    for wrong in (3, 5):
        assert abs(high - wrong) > TOLERANCE
