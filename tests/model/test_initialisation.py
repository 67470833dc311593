"""How networks start: moments of every law and preset, rates, and the networks of THEORY §1 unchanged."""

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.empirical.jet_ntk import jet_ntk
from ntk_theory.empirical.jets import jets
from ntk_theory.errors import InputError
from ntk_theory.model.drawing import draw
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.setting.initialisation import LAWS, PRESETS
from ntk_theory.symbolic.jets import Slot

X = Slot("u", (1,))
XX = Slot("u", (2,))


def network(width=(40, 30), **options):
    return Network(("x", "t"), ("u",), width, **options)


@pytest.mark.parametrize("name", LAWS)
def test_every_law_has_mean_0_and_variance_1(name):
    """10⁶ draws: mean within 5e-3 and variance within 1e-2, 5 standard errors or more."""
    z = draw(LAWS[name], 1.0, 3, (0, 0), (10**6,))
    assert abs(z.mean()) < 5e-3
    assert abs(z.var() - 1) < 1e-2
    assert np.abs(z).max() <= LAWS[name].reach
    assert LAWS[name].is_normal or np.abs(z).max() > 0.999 * LAWS[name].reach


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_the_layers_of_their_libraries(name):
    """V = W/√n of every layer has the library's variance: n·m ≥ 10⁴ numbers, 6 standard errors."""
    net = Network(tuple(f"x{k}" for k in range(120)), ("u",), (110, 100), initialisation=name)
    theta = net.init(1)
    for k, (weight, bias) in enumerate(theta.hidden):
        m, n = weight.shape
        V = weight if k == 0 else weight / np.sqrt(n)
        want = {"pytorch": 1 / (3 * n), "lecun": 1 / n, "he": 2 / n}.get(name, 2 / (n + m))
        assert abs(V.var() / want - 1) < 6 * np.sqrt(2 / V.size)
        if name == "pytorch":
            assert np.abs(V).max() <= 1 / np.sqrt(n)
            assert 0.5 / np.sqrt(n) < np.abs(bias).max() <= 1 / np.sqrt(n)
        else:
            assert not bias.any()
    assert theta.layer_rates == (1.0, 1.0, 110.0, 1.0, 100.0, 1.0)


def test_the_kernel_is_that_of_the_converted_library_network():
    """Network.init's arrays, written as the library holds them and converted back, with the same rates."""
    net = network(initialisation="pytorch")
    theta = net.init(2)
    (W1, b1), (W2, b2) = theta.hidden
    layers = [(W1, b1), (W2 / np.sqrt(40), b2), (theta.readout / np.sqrt(30), theta.output_bias)]
    again = nt.from_standard(layers, "1/2")
    points, slots = np.array([[0.2, 0.5], [-0.4, 0.1]]), (Slot("u", (0, 0)), Slot("u", (2, 0)))
    mine, theirs = (jet_ntk(net, p, points, slots) for p in (theta, again))
    np.testing.assert_allclose(mine, theirs, rtol=1e-12)


def test_sigma_one_is_the_network_of_before_bit_for_bit():
    plain = network()
    for start in ("paper", {"sigma_w": 1, "sigma_b": [1, 1], "law": "normal"}, {}):
        same = network(initialisation=start)
        assert same.init(5).layer_rates is None
        np.testing.assert_array_equal(same.init(5).flatten(), plain.init(5).flatten())
    assert network(initialisation="paper") == plain


def test_numbers_scale_the_same_draws():
    start = {"sigma_w": [2, 0.5], "sigma_b": 0, "sigma_a": 3}
    plain, scaled = network().init(5), network(initialisation=start).init(5)
    np.testing.assert_array_equal(scaled.hidden[0][0], 2 * plain.hidden[0][0])
    np.testing.assert_array_equal(scaled.hidden[1][0], 0.5 * plain.hidden[1][0])
    np.testing.assert_array_equal(scaled.readout, 3 * plain.readout)
    assert not scaled.hidden[0][1].any()


@pytest.mark.statistics
def test_glorot_networks_become_linear():
    """|u_x| ~ N^{−1/2}, |u_xx| ~ N^{−3/2}, K_{xx,xx} ~ N^{−2} at rates 1 (THEORY §4): σ_w² = 2/(1+N) → 0.

    Medians of 200 networks at 5 widths from 64 to 16384. The standard error of the log of such a median
    is about 0.1, that of a slope 0.02; |·| of u_xx, an average of cubes, has heavier tails. 0.1 is 4 of them.
    """
    widths, point = (64, 256, 1024, 4096, 16384), np.array([[0.7]])
    medians = []
    for width in widths:
        net = Network(("x",), ("u",), width, initialisation="glorot-uniform")
        sizes = []
        for seed in range(200):
            drawn = net.init(seed)
            theta = Parameters(drawn.hidden, drawn.readout, drawn.output_bias)
            values = np.abs(jets(net, theta, point, (X, XX))).ravel()
            kernel = jet_ntk(net, theta, point, (XX,)).item() if seed < 40 else np.nan
            sizes.append([*values, kernel])
        medians.append(np.nanmedian(sizes, axis=0))
    slopes = np.polyfit(np.log(widths), np.log(medians), 1)[0]
    np.testing.assert_allclose(slopes, [-0.5, -1.5, -2.0], atol=0.1)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("glorot", "did you mean 'glorot"),
        ({"sigma": 1}, "only sigma_w"),
        ({"sigma_w": 0}, "positive"),
        ({"sigma_b": -1}, "a number"),
        ({"sigma_w": [1, 2, 3]}, "needs one, or 2"),
        ({"law": "cauchy"}, "needs out of"),
        (7, "one of paper"),
    ],
)
def test_what_does_not_fit_is_named(given, says):
    with pytest.raises(InputError, match=says):
        network(initialisation=given)
