from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import ntk_theory as nt
from ntk_theory.empirical.residuals import loss_gradient, vjp
from ntk_theory.errors import InputError
from ntk_theory.model.network import InputMap, Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.resources import thread_limit
from ntk_theory.setting.output_bias import OUTPUT_BIASES
from ntk_theory.symbolic.jets import Slot


def network(**changes):
    arguments = {"variables": ("x", "t"), "fields": ("u", "v"), "width": (3, 2), "output_bias": "normal"}
    return Network(**{**arguments, **changes})


# Computed once from NumPy 2.4.6's PCG64 with SeedSequence(7, spawn_key=(layer, kind)); never regenerate.
GOLDEN = [
    [0.1489874334251287, -0.6382234586634595],
    [1.3842236184391183, 1.082362221191774],
    [1.5726389232764795, -0.1529727204572689],
    [-1.2281723747391016, -1.179416260792692],
    [0.49007210333205337, -0.035643046965087195],
    [0.7277188570688675, -0.3700160729949427],
]


def test_a_seed_gives_the_same_parameters_for_ever():
    found = [block.ravel()[:2].tolist() for block in network().init(7).blocks()]
    assert found == GOLDEN


def test_initialisation_ignores_s_threads_and_output_bias():
    reference = network().init(7)
    with thread_limit(1):
        assert network().digest(network(s="3/4").init(7)) == network().digest(reference)
    zero = network(output_bias="zero").init(7)
    for (W, b), (V, c) in zip(reference.hidden, zero.hidden, strict=True):
        np.testing.assert_array_equal(W, V)
        np.testing.assert_array_equal(b, c)
    np.testing.assert_array_equal(reference.readout, zero.readout)
    assert zero.output_bias.tolist() == [0.0, 0.0]
    assert network(output_bias="none").init(7).output_bias is None


def test_arrays_are_independent_streams():
    th = Network(("x",), ("u",), width=(50, 50, 50)).init(0)
    flat = [block.ravel()[:50] for block in th.blocks() if block.size >= 50]
    correlations = np.corrcoef(np.stack(flat)) - np.eye(len(flat))
    # 21 pairs of independent samples of 50: |r| > 0.65 has probability below 1e-5 in all.
    assert np.abs(correlations).max() < 0.65
    assert not np.array_equal(th.flatten(), Network(("x",), ("u",), width=(50, 50, 50)).init(1).flatten())


@pytest.mark.parametrize("s", ["3/4", 0.75, Fraction(3, 4), sp.Rational(3, 4)])
def test_exponents_are_exact(s):
    net = network(width=256, depth=2, s=s)
    assert net.exponent == Fraction(3, 4)
    assert net.epsilon == 256**-0.25
    assert net.output_scale == 256**-0.75
    assert net.widths == (256, 256)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0}, "width"),
        ({"width": 2.5}, "width"),
        ({"width": True}, "width"),
        ({"width": ()}, "width"),
        ({"width": (3, 2), "depth": 3}, "depth is 3"),
        ({"depth": 0}, "depth"),
        ({"s": "half"}, "s is 'half'"),
        ({"s": float("nan")}, "s is nan"),
        ({"activation": "tahn"}, "did you mean 'tanh'"),
        ({"output_bias": "trained"}, ", ".join(OUTPUT_BIASES)),
        ({"variables": ("x", "x")}, "variables"),
        ({"fields": ()}, "fields"),
        ({"input_map": {"x": (0, 1)}}, "lacks the variable 't'"),
        ({"input_map": {"x": (1, 0), "t": (0, 1)}}, "low < high"),
        ({"input_map": InputMap((1.0,), (0.0,))}, "input_map"),
    ],
)
def test_bad_networks_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        network(**changes)


@pytest.mark.parametrize("seed", [-1, 1.5, True, None])
def test_bad_seeds_are_refused(seed):
    with pytest.raises(InputError, match="non-negative integer"):
        network().init(seed)


def test_input_map_takes_the_box_to_the_unit_cube():
    net = network(input_map={"x": (-3, 1), "t": (0, 2)})
    np.testing.assert_allclose(net.inputs([[-3, 0], [1, 2], [-1, 1]]), [[-1, -1], [1, 1], [0, 0]])
    assert net.scale.tolist() == [0.5, 1.0]


@given(st.integers(0, 2**31))
def test_flatten_and_replaced_are_inverse(seed):
    th = network().init(seed)
    again = th.replaced(th.flatten())
    for a, b in zip(th.blocks(), again.blocks(), strict=True):
        np.testing.assert_array_equal(a, b)


W1, B1, W2, B2 = np.ones((3, 2)), np.ones(3), np.ones((2, 3)), np.ones(2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": ()}, "hidden is empty"),
        ({"hidden": ((W1, B2),)}, "as many rows as biases"),
        ({"hidden": ((W1, B1), (W1, B1))}, "3 columns"),
        ({"hidden": ((W1 * np.nan, B1), (W2, B2))}, r"hidden\[0\] weight holds nan at \(0, 0\)"),
        ({"readout": np.ones((1, 5))}, "readout has shape"),
        ({"output_bias": np.ones(2)}, "output_bias has 2 entries"),
        ({"hidden": (("a", B1),)}, "not an array of real numbers"),
        ({"layer_rates": (1.0, 2.0)}, "it needs 5"),
        ({"layer_rates": (1.0, 1.0, 1.0, -1.0, 1.0)}, "non-negative"),
    ],
)
def test_bad_parameters_are_refused(arguments, message):
    good = {"hidden": ((W1, B1), (W2, B2)), "readout": np.ones((1, 2))}
    with pytest.raises(InputError, match=message):
        Parameters(**{**good, **arguments})


def test_parameters_of_another_shape_are_refused():
    net = network()
    with pytest.raises(InputError, match="hidden shapes"):
        net.check(network(width=(4, 2)).init(0))
    with pytest.raises(InputError, match="output bias"):
        net.check(network(output_bias="none").init(0))
    with pytest.raises(InputError, match="readout"):
        net.check(network(fields=("u",)).init(0))


#: Every public call that takes a network and its parameters.
CALLS = {
    "ntk": lambda net, th, at: nt.ntk("heat", net, th, at),
    "jets": lambda net, th, at: nt.jets(net, th, at["f"], [SLOT]),
    "scaled_jets": lambda net, th, at: nt.scaled_jets(net, th, at["f"], [SLOT]),
    "jet_ntk": lambda net, th, at: nt.jet_ntk(net, th, at["f"], [SLOT]),
    "jets_and_ntk": lambda net, th, at: nt.jets_and_ntk(net, th, at["f"], [SLOT]),
    "residuals": lambda net, th, at: nt.residuals("heat", net, th, at),
    "vjp": lambda net, th, at: vjp(nt.zoo("heat"), net, th, at, np.ones(sum(map(len, at.values())))),
    "loss_gradient": lambda net, th, at: loss_gradient(nt.zoo("heat"), net, th, at),
    "train": lambda net, th, at: nt.train("heat", net, th, at, until=1),
}
SLOT = Slot("u", (1, 0))


@pytest.mark.parametrize("call", CALLS)
def test_parameters_made_for_another_s_are_refused(call):
    net = Network(("x", "t"), ("u",), width=4)
    at = nt.draw_points(nt.zoo("heat"), 2)
    trained = nt.train("heat", net, points=at, until=1).parameters
    assert trained.s == Fraction(1, 2)
    CALLS[call](net, trained, at)
    other = replace(net, s="3/4")
    with pytest.raises(
        InputError, match=r"made for s = 1/2, but the network has s = 3/4;.*ntk_for_exponents"
    ):
        CALLS[call](other, trained, at)
    CALLS[call](other, trained.for_s("3/4"), at)
    CALLS[call](other, trained.for_s(None), at)


def test_kernels_at_several_s_take_parameters_of_any():
    net = Network(("x", "t"), ("u",), width=4)
    at = nt.draw_points(nt.zoo("heat"), 2)
    (one,) = nt.ntk_for_exponents("heat", replace(net, s=1), net.init(0), at, ["3/4"])
    other = replace(net, s="3/4")
    want = nt.ntk("heat", other, other.init(0), at).matrix
    np.testing.assert_allclose(one.matrix, want, rtol=1e-12, atol=1e-12 * np.abs(want).max())


@pytest.mark.parametrize("wrong", ["a half", float("nan"), "1/0"])
def test_the_s_of_parameters_is_a_number(wrong):
    with pytest.raises(InputError, match="needs an exact number"):
        network().init(0).for_s(wrong)
    with pytest.raises(InputError, match="needs an exact number"):
        Parameters(((W1, B1),), np.ones((1, 3)), s=wrong)
