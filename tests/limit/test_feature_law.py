"""Σ and T^∞ of networks with features against finite networks, and the kernels that they stand for.

False-alarm rates: 0.01 per test, family-wise over its entries, seeds fixed in advance.
"""

import numpy as np
import pytest
from limit_samples import INDICES, POINTS, jet_ntks, jet_products, upper
from limit_statistics import mean_p_value

import ntk_theory as nt
from ntk_theory.limit import infinite_jets
from ntk_theory.model.network import Network

MAPS = {
    "periodic": {"x": {"periodic": 2}},
    "harmonics": {"x": {"periodic": "pi", "harmonics": 2}, "t": {"periodic": 3}},
    "fourier": {"fourier": 6, "sigma": 0.3, "seed": 1},
}


def network(features, width=2048, depth=1, activation="tanh"):
    return Network(("x", "t"), ("u",), width, depth, activation=activation, features=MAPS.get(features))


def limit(net):
    return infinite_jets(net.activation, len(net.widths), POINTS, INDICES, lift=net.lift)


@pytest.mark.statistics
@pytest.mark.parametrize(
    ("features", "depth"), [("periodic", 1), ("harmonics", 2), ("fourier", 1), ("fourier", 3)]
)
def test_mean_of_64_networks_of_width_2048(features, depth):
    """T_N against T^∞; the mean of 64 sees the wrong law of another map, below 1e-6."""
    net = network(features, depth=depth)
    samples = jet_ntks(net, 64)
    assert mean_p_value(samples, upper(limit(net).jet_ntk)) > 0.01
    other = network("periodic" if features == "fourier" else "fourier", depth=depth)
    for wrong in (other, network(None, depth=depth)):
        assert mean_p_value(samples, upper(limit(wrong).jet_ntk)) < 1e-6


@pytest.mark.statistics
@pytest.mark.parametrize("features", MAPS)
def test_covariance_of_300_networks(features):
    net = network(features, width=1024, depth=2)
    products = jet_products(net, 300)
    assert mean_p_value(products, upper(limit(net).covariance)) > 0.01
    assert mean_p_value(products, upper(limit(network(None, depth=2)).covariance)) < 1e-6


@pytest.mark.parametrize("features", MAPS)
def test_closed_form_and_quadrature_agree(features):
    net = network(features, depth=2, activation="erf")
    closed, by_rule = (
        infinite_jets("erf", 2, POINTS, INDICES, lift=net.lift, closed=choice) for choice in (True, False)
    )
    np.testing.assert_allclose(by_rule.jet_ntk, closed.jet_ntk, rtol=1e-6, atol=1e-7)


def test_many_frequencies_have_the_gaussian_kernel():
    """Σ¹ → exp(−2π²σ²|x−x'|²) + 1: 4096 frequencies, 5 standard errors (σ of a cosine < 1)."""
    lift = Network(("x", "t"), ("u",), 4, features={"fourier": 4096, "sigma": 0.25}).lift
    gamma = lift.values(POINTS)
    apart = ((POINTS[:, None] - POINTS) ** 2).sum(axis=-1)
    want = np.exp(-2 * np.pi**2 * 0.25**2 * apart)
    assert np.abs(gamma @ gamma.T - want).max() < 5 / np.sqrt(4096)


def test_a_periodic_pair_has_no_kernel_under_periodic_features():
    """u(−1, t) − u(1, t) vanishes identically, so does its row of K; with another period it does not."""
    problem = nt.zoo("advection")
    low, high = (float(end) for end in problem.domain["x"])
    group = next(g.name for g in problem.groups if len(g.legs) == 2)
    points = nt.draw_points(problem, 3, seed=0)
    for period, gone in ((high - low, True), (1.5 * (high - low), False)):
        net = Network(problem.variables, problem.fields, 8, features={"x": {"periodic": period}})
        matrix = nt.limit_law(problem, net, points).deterministic(1.0, f"{group},{group}")
        assert (np.abs(matrix).max() < 1e-12) == gone
