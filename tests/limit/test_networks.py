"""T^∞ and Σ of deep networks against finite networks, and how the error falls with the width.

False-alarm rates: 0.01 per test, family-wise over its entries (Bonferroni), seeds fixed in advance.
"""

import functools

import numpy as np
import pytest
from limit_statistics import mean_p_value

from ntk_theory.empirical.jet_ntk import jet_ntk
from ntk_theory.empirical.jets import scaled_jets
from ntk_theory.limit import infinite_jets
from ntk_theory.model.network import InputMap, Network
from ntk_theory.symbolic.jets import Slot

pytestmark = pytest.mark.statistics
INDICES = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (3, 0))
SLOTS = tuple(Slot("u", index) for index in INDICES)
POINTS = np.array([[0.3, -0.7], [-0.9, 0.4], [0.8, 0.6]])
UPPER = np.triu_indices(len(INDICES) * len(POINTS))


@functools.cache
def tangents(width, depth, seeds, activation="tanh", slots=SLOTS):
    """The upper triangles of T_N over seeds, (seeds, entries)."""
    network = Network(("x", "t"), ("u",), width, depth, activation=activation)
    size = len(slots) * len(POINTS)
    upper = np.triu_indices(size)
    samples = [jet_ntk(network, network.init(seed), POINTS, slots).reshape(size, size) for seed in seeds]
    return np.array(samples)[:, upper[0], upper[1]]


def limit(depth, activation="tanh", indices=INDICES):
    size = len(indices) * len(POINTS)
    law = infinite_jets(activation, depth, POINTS, indices)
    return law.jet_ntk.reshape(size, size)[np.triu_indices(size)]


@pytest.mark.parametrize("depth", [2, 3])
def test_mean_of_64_networks_of_width_2048(depth):
    samples = tangents(2048, depth, range(64))
    assert mean_p_value(samples, limit(depth)) > 0.01
    # The same test must see a wrong depth and a wrong activation.
    assert mean_p_value(samples, limit(5 - depth)) < 1e-6
    assert mean_p_value(samples, limit(depth, "sigmoid")) < 1e-6


@pytest.mark.parametrize(
    "activation", ["sigmoid", "softplus", "sin", "erf", "gaussian", "silu", "gelu", "relu^4"]
)
def test_every_activation_at_depth_two(activation):
    samples = tangents(1024, 2, range(100, 164), activation)
    assert mean_p_value(samples, limit(2, activation)) > 0.01


@pytest.mark.parametrize("depth", [2, 3])
def test_spread_falls_like_the_inverse_root_of_the_width(depth):
    # sd ~ N^{−1/2}: from 128 to 2048 a factor 4. The log of an sd over 64 seeds has a standard error of
    # about 0.09 for a Gaussian and more for skewed entries; the median over 171 correlated entries is
    # within ±0.35 of log 4 with error probability below 0.01.
    spread = [tangents(width, depth, range(64)).std(axis=0) for width in (128, 2048)]
    assert abs(np.median(np.log(spread[0] / spread[1])) - np.log(4.0)) < 0.35


def test_bias_is_of_order_one_over_the_width():
    # For L ≥ 2 the mean of T_N differs from T^∞ by C/N (THEORY §6). N times the difference was
    # measured as 5.8 ± 0.5 and 5.5 ± 0.7 with 6000 other networks, so that 4000 give about 8 and 6.5
    # standard errors; it must be 3 from 0, and the same within 3 standard errors and a quarter for terms
    # of order 1/N². A bias of order N^{−1/2} would make the second number twice the first.
    slots = (Slot("u", (2, 0)),)
    truth = limit(3, indices=((2, 0),))[0]
    scaled, error = [], []
    for width in (16, 64):
        samples = tangents(width, 3, range(10_000, 14_000), slots=slots)[:, 0] / truth - 1.0
        scaled.append(width * samples.mean())
        error.append(width * samples.std() / np.sqrt(len(samples)))
    assert min(np.array(scaled) / error) > 3.0
    assert abs(scaled[1] - scaled[0]) < 3 * np.hypot(*error) + 0.25 * scaled[0]


def test_covariance_with_an_input_map():
    mapping = InputMap((0.5, 2.0), (0.1, -0.2))
    network = Network(("x", "t"), ("u",), 512, 2, input_map=mapping)
    fields = np.array(
        [scaled_jets(network, network.init(seed), POINTS, SLOTS).reshape(-1) for seed in range(300)]
    )
    products = fields[:, UPPER[0]] * fields[:, UPPER[1]]
    law = infinite_jets("tanh", 2, POINTS, INDICES, scale=mapping.scale, shift=mapping.shift)
    size = len(INDICES) * len(POINTS)
    covariance = law.covariance.reshape(size, size)[UPPER]
    assert mean_p_value(products, covariance) > 0.01
    plain = infinite_jets("tanh", 2, POINTS, INDICES).covariance.reshape(size, size)[UPPER]
    assert mean_p_value(products, plain) < 1e-6
