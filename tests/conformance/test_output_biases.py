"""What every output bias must fulfil: each line of the table runs through all of this.

Theory, limit law and finite network each read the facts of the line by themselves; here they must agree.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.advice.initial_residuals import Starts
from ntk_theory.empirical.ntk import ntk
from ntk_theory.empirical.reference import reference_kernel
from ntk_theory.errors import InputError
from ntk_theory.limit.law import limit_law
from ntk_theory.model.network import Network
from ntk_theory.setting.output_bias import OUTPUT_BIASES, OutputBias, table
from ntk_theory.theory.exponents import Limit
from ntk_theory.training.trajectory import load_network, save_network

OPERATORS = (
    "u_t - u_xx + u^2",
    "u_t - u_xx + u",
    "u_t + u*u_x + u_xx",
    "u_t - u_xx + sin(u)",
    "u_t - u_xx + (u - 1)^2",
    "u_t - u_xx + |u|",
    "u_t - u_xx + u^3*u_x",
)
POINTS = {"f": np.array([[0.3, -0.2], [-0.7, 0.4], [0.9, 0.8]]), "b": np.array([[0.1, 0.9]])}
MEMBERS = pytest.mark.parametrize("name", list(OUTPUT_BIASES))


def network(name, width=64, s="1"):
    return Network(("x", "t"), ("u",), width, activation="erf", output_bias=name, s=s)


@MEMBERS
def test_networks_start_as_the_line_says(name, tmp_path):
    bias, net = OutputBias.of(name), network(name)
    first, second = net.init(0), net.init(1)
    assert net.bias is bias
    assert bias.name == name
    assert bias.description
    assert net.parameter_count == first.size
    assert (first.output_bias is None) == (not bias.is_trained)
    if bias.is_trained and bias.start is not None:
        assert first.output_bias.tolist() == second.output_bias.tolist() == [float(bias.start)]
    if bias.is_random:
        draws = np.array([net.init(seed).output_bias[0] for seed in range(400)])
        # N(0, 1): mean and variance within 4.5 standard errors, 1.4e-5 by chance.
        assert abs(draws.mean()) < 4.5 / 20
        assert abs(draws.var() - 1) < 4.5 * np.sqrt(2) / 20
    save_network(tmp_path / "net.npz", net, first)
    loaded, parameters = load_network(tmp_path / "net.npz")
    assert loaded == net
    assert net.digest(parameters) == net.digest(first)


@MEMBERS
@pytest.mark.parametrize("text", OPERATORS)
def test_theory_says_above_one_half_what_the_law_does(name, text):
    """The limit class of K_ff at s = 1 against 24 draws of the law at ε = 1e-4 and 1e-6."""
    found = nt.classify(text, output_bias=name).regime("ff", 1).limit
    law = limit_law(text, network(name), POINTS)
    sizes, spreads = [], []
    for epsilon in (1e-4, 1e-6):
        draws = law.sample(epsilon, 24, 0).matrix[:, -3:, -3:]
        sizes.append(np.abs(draws).max())
        spreads.append(draws.std(axis=0).max())
    seen = Limit.ZERO if sizes[1] < 0.02 * sizes[0] else Limit.DETERMINISTIC
    if seen is Limit.DETERMINISTIC and spreads[1] > 0.02 * sizes[1]:
        seen = Limit.RANDOM
    assert found is seen


@MEMBERS
def test_the_network_s_kernel_is_the_law_s_at_large_width(name):
    """K_ff of u_t - u_xx + u² at s = 1 tends to the law's frozen kernel at the network's own c, like ε.

    ε = N^(-1/2) = 1/128; a deviation of 40 ε relative to 1 + |K| allows jets of a few units.
    """
    problem, net = nt.problem("u_t - u_xx + u^2"), network(name, 2**14)
    parameters = net.init(5)
    kernel = ntk(problem, net, parameters, POINTS)["f,f"]
    frozen = limit_law(problem, net, POINTS).frozen(bias=parameters.output_bias)["f,f"]
    assert np.abs(kernel - frozen).max() < 40 * net.epsilon * (1 + np.abs(frozen).max())
    if net.bias.is_trained and net.bias.start != 0:
        c = parameters.output_bias[0]
        np.testing.assert_allclose(frozen, 4 * c * c)


@MEMBERS
def test_kernels_equal_the_slow_reference(name):
    problem = nt.problem("u_t - u_xx + u^2")
    net = Network(("x", "t"), ("u",), (3, 2), output_bias=name, s="3/4")
    want = reference_kernel(problem, net, net.init(3), POINTS)
    np.testing.assert_allclose(ntk(problem, net, net.init(3), POINTS).matrix, want, rtol=1e-9, atol=1e-11)


@MEMBERS
def test_initial_residuals_are_those_of_the_constant(name):
    """Of u_t - u_xx + u² at ε → 0: c², here by quantiles over 400 networks."""
    start = OutputBias.of(name).start
    found = Starts(limit_law("u_t - u_xx + u^2", network(name), POINTS), 0).at(1e-6).residuals["f"]
    if start is not None:
        assert abs(found.median - float(start) ** 2) < 1e-4
    else:
        assert 0.2 < found.median < 0.8  # the median of χ²₁ is 0.455


def test_an_untrained_bias_starts_at_zero():
    with pytest.raises(InputError, match="write a fixed c into the operator"):
        OutputBias("fixed", start=None, is_trained=False)


def test_two_lines_that_cannot_be_told_apart_are_refused():
    zero = OutputBias("zero")
    assert list(table(zero, OutputBias("one", start=Fraction(1)))) == ["zero", "one"]
    with pytest.raises(TypeError, match="the name 'zero' of an output bias is taken"):
        table(zero, OutputBias("zero", start=Fraction(1)))
    with pytest.raises(TypeError, match="'one' starts at 0, trained, as 'zero' does; give it a start"):
        table(zero, OutputBias("one"))
