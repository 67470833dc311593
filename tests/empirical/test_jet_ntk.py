import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_network import plain_jet_ntk, plain_scaled_jets

from ntk_theory.empirical import cost
from ntk_theory.empirical.cost import cost_of, estimate
from ntk_theory.empirical.jet_ntk import contracted_ntk, jet_ntk
from ntk_theory.empirical.jet_request import jet_request
from ntk_theory.empirical.jets import jets, scaled_jets
from ntk_theory.errors import InputError, NonFiniteError, ResourceError, SmoothnessError
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.resources import thread_limit
from ntk_theory.setting.activations import ACTIVATIONS, Activation
from ntk_theory.symbolic.jets import Slot

KDV = (Slot("u", (0, 0)), Slot("u", (0, 1)), Slot("u", (1, 0)), Slot("u", (3, 0)))
MIXED = (Slot("u", (2, 1)), Slot("v", (0, 0)), Slot("v", (0, 2)), Slot("u", (1, 0)))
NAMES = [*ACTIVATIONS, "relu^5"]
#: Those that bear the operators of these tests.
SMOOTH = [name for name in NAMES if Activation.of(name).is_smooth or name == "relu^5"]
MAP = {"x": (-3, 1), "t": (0, 2)}


def points(n, d=2, seed=0):
    return np.random.default_rng(seed).uniform(-1.5, 1.5, (n, d))


def relative(found, want):
    return np.linalg.norm(found - want) / np.linalg.norm(want)


def make(width, fields=("u",), variables=("x", "t"), rates=False, seed=0, **options):
    net = Network(variables, fields, width=width, **options)
    th = net.init(seed)
    if rates:
        eta = tuple(0.5 + 0.3 * k for k in range(len(list(th.blocks()))))
        th = Parameters(th.hidden, th.readout, th.output_bias, eta)
    return net, th


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("width", [5, (4, 5), (3, 4, 2, 3)])
def test_jets_and_jet_ntk_equal_their_slow_twins(name, width):
    net, th = make(width, activation=name, rates=True, input_map=MAP)
    X = points(4)
    slow = plain_scaled_jets(net, th.hidden, th.readout, X, KDV).real
    assert relative(scaled_jets(net, th, X, KDV), slow) < 1e-12
    assert relative(jet_ntk(net, th, X, KDV), plain_jet_ntk(net, th, X, KDV)) < 1e-12


def test_plain_relu_serves_values_only():
    net, th = make((4, 5), activation="relu")
    X, value = points(4), (Slot("u", (0, 0)),)
    assert relative(jet_ntk(net, th, X, value), plain_jet_ntk(net, th, X, value)) < 1e-12
    with pytest.raises(SmoothnessError, match=r"relu\^4"):
        jet_ntk(net, th, X, KDV)
    assert jets(net, th, X, (Slot("u", (1, 0)),)).shape == (1, 4)


@pytest.mark.parametrize("width", [6, (4, 5), (4, 3, 4)])
def test_several_outputs_and_mixed_derivatives(width):
    net, th = make(width, fields=("u", "v"), rates=True)
    X = points(3)
    assert relative(jet_ntk(net, th, X, MIXED), plain_jet_ntk(net, th, X, MIXED)) < 1e-12
    slow = plain_scaled_jets(net, th.hidden, th.readout, X, MIXED).real
    assert relative(scaled_jets(net, th, X, MIXED), slow) < 1e-13


@pytest.mark.parametrize(
    ("variables", "index"),
    [
        (("x",), (8,)),
        (("x", "t"), (5, 3)),
        (("x", "y", "t"), (2, 2, 1)),
        (("x", "y", "z", "t"), (1, 1, 1, 1)),
    ],
)
def test_high_orders_in_several_variables(variables, index):
    net, th = make((3, 4), variables=variables)
    X = 0.5 * points(2, len(variables))
    slots = (Slot("u", index), Slot("u", (0,) * len(index)))
    assert relative(jet_ntk(net, th, X, slots), plain_jet_ntk(net, th, X, slots)) < 1e-11


def test_jets_carry_the_scale_and_the_output_bias():
    net, th = make((4, 5), s="3/4", output_bias="normal")
    X = points(5)
    want = 5.0 ** (0.5 - 0.75) * scaled_jets(net, th, X, KDV)
    want[0] += th.output_bias[0]
    np.testing.assert_allclose(jets(net, th, X, KDV), want, rtol=1e-14)


@given(
    width=st.lists(st.integers(1, 40), min_size=1, max_size=3).map(tuple),
    n=st.integers(1, 9),
    m=st.integers(1, 2),
    name=st.sampled_from(SMOOTH),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None)
def test_contracted_seeds_equal_the_jet_ntk(width, n, m, name, seed):
    net, th = make(width, fields=("u", "v")[:m], activation=name, seed=seed, rates=True)
    slots = KDV if m == 1 else MIXED
    X = points(n, seed=seed)
    T = jet_ntk(net, th, X, slots)
    w = np.random.default_rng(seed).standard_normal((len(slots), n))
    K = contracted_ntk(net, th, X, slots, w)
    scale = np.einsum("ax,axby,by->xy", abs(w), abs(T), abs(w)).max()
    assert np.abs(K - np.einsum("ax,axby,by->xy", w, T, w)).max() <= 1e-12 * scale
    flat = T.reshape(len(slots) * n, -1)
    assert np.abs(flat - flat.T).max() <= 1e-12 * np.abs(flat).max()
    eigenvalues = np.linalg.eigvalsh(flat)
    assert eigenvalues[0] >= -1e-10 * eigenvalues[-1]


@pytest.mark.parametrize("width", [700, (30, 40), (20, 30, 20)])
def test_tiles_and_threads_change_nothing_but_rounding(width, monkeypatch):
    monkeypatch.setattr(cost, "WORTH_SHARING", 0.0)  # threads share even this little
    net, th = make(width)
    X, w = points(11), np.random.default_rng(1).standard_normal((4, 11))
    with thread_limit(1):
        T, K = jet_ntk(net, th, X, KDV), contracted_ntk(net, th, X, KDV, w)
    for threads in (1, 2, 3):
        with thread_limit(threads):
            for options in ({}, {"point_tile": 3}, {"point_tile": 4, "neuron_tile": 64}):
                again = jet_ntk(net, th, X, KDV, **options)
                assert relative(again, T) < 1e-12
                np.testing.assert_array_equal(again, jet_ntk(net, th, X, KDV, **options))
                row = contracted_ntk(net, th, X, KDV, w, **options)
                assert relative(row, K) < 1e-12
                np.testing.assert_array_equal(row, contracted_ntk(net, th, X, KDV, w, **options))


def test_threads_share_only_what_is_worth_it():
    tiny, large = (jet_request(*make((w, w)), points(20), KDV) for w in (20, 600))
    with thread_limit(2):
        assert cost_of(tiny, contracted=True).point_tile == 20
        assert cost_of(large, contracted=True).point_tile == 10
    with thread_limit(1):
        assert cost_of(large, contracted=True).point_tile == 20


def test_recomputed_tiles_give_the_kernel_of_kept_ones():
    net, th = make((60, 60))
    X = points(40)
    ask = jet_request(net, th, X, KDV)
    slim = 8.0 * (4 * 40) ** 2 + 500_000
    assert not cost_of(ask, contracted=False, memory_limit=slim).keeps
    assert relative(jet_ntk(net, th, X, KDV, memory_limit=slim), jet_ntk(net, th, X, KDV)) < 1e-12


def test_memory_beyond_the_limit_is_refused_before_the_run():
    net, th = make((60, 60))
    with pytest.raises(ResourceError, match="memory_limit is 1e\\+05 bytes"):
        jet_ntk(net, th, points(40), KDV, memory_limit=1e5)
    with pytest.raises(InputError, match="positive number of bytes"):
        jet_ntk(net, th, points(2), KDV, memory_limit=0)


def test_estimates_grow_with_the_work():
    small = cost_of(jet_request(*make((64, 64)), points(8), KDV), contracted=False)
    large = cost_of(jet_request(*make((128, 128)), points(8), KDV), contracted=False)
    assert estimate(make((128, 128))[0], 8, KDV) == large
    assert large.flops > 2 * small.flops
    assert 0 < small.seconds < large.seconds
    assert small.bytes < large.bytes


def test_progress_reaches_one():
    net, th = make((20, 20))
    seen = []
    jet_ntk(net, th, points(9), KDV, point_tile=2, progress=seen.append)
    assert seen == sorted(seen)
    assert math.isclose(seen[-1], 1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"points": np.zeros((3, 3))}, r"points has shape \(3, 3\)"),
        ({"points": np.zeros((0, 2))}, "points has no rows"),
        ({"points": [[0.0, np.nan]]}, "points row 0"),
        ({"points": "ab"}, "points is not an array"),
        ({"slots": ()}, "slots is empty"),
        ({"slots": (Slot("w", (0, 0)),)}, "field 'w'"),
        ({"slots": (Slot("u", (1,)),)}, "2 non-negative orders"),
        ({"slots": (Slot("u", (1, 0)),) * 2}, "repeats"),
    ],
)
def test_bad_requests_are_refused(change, message):
    net, th = make((3, 3))
    arguments = {"points": points(2), "slots": KDV, **change}
    with pytest.raises(InputError, match=message):
        jet_ntk(net, th, **arguments)
    with pytest.raises(InputError, match=message):
        jets(net, th, **arguments)


def test_weights_are_checked():
    net, th = make((3, 3))
    with pytest.raises(InputError, match=r"weights has shape \(4, 3\); it needs \(4, 2\)"):
        contracted_ntk(net, th, points(2), KDV, np.ones((4, 3)))
    with pytest.raises(NonFiniteError, match="the weight of slot"):
        contracted_ntk(net, th, points(2), KDV, np.full((4, 2), np.inf))


def test_overflow_is_reported_with_slot_and_point():
    net = Network(("x",), ("u",), width=2, activation="relu^5")
    th = Parameters(((np.full((2, 1), 1e80), np.zeros(2)),), np.ones((1, 2)), np.zeros(1))
    with np.errstate(all="ignore"), pytest.raises(NonFiniteError, match="at point 1"):
        jet_ntk(net, th, [[-1.0], [1.0]], (Slot("u", (0,)),))
