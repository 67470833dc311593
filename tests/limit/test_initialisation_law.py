"""Laws at a network's own σ, law of weights and rates: direct quadrature, and finite networks.

False-alarm rates: 0.01 per test, family-wise over its entries, seeds fixed in advance.
"""

import math

import numpy as np
import pytest
from limit_samples import INDICES, POINTS, SIZE, jet_ntks, jet_products, upper
from limit_statistics import mean_p_value
from scipy.integrate import dblquad

import ntk_theory as nt
from ntk_theory.errors import InputError
from ntk_theory.limit import first_layer as first_layer_module
from ntk_theory.limit import infinite_jets
from ntk_theory.limit.recursion import first_layer
from ntk_theory.model.network import Network

STARTS = {
    "pytorch": "pytorch",
    "glorot-uniform": "glorot-uniform",
    "he": "he",
    "numbers": {"sigma_w": 1.5, "sigma_b": 0.5, "sigma_a": 2, "law": "uniform"},
}


def network(start, width=2048, depth=1, **options):
    return Network(("x", "t"), ("u",), width, depth, initialisation=STARTS.get(start), **options)


def limit(net):
    return infinite_jets(net.activation, len(net.widths), POINTS, INDICES, **first_layer(net))


@pytest.mark.parametrize("law", ["uniform", "truncated normal"])
def test_the_first_layer_against_direct_quadrature(law):
    """Σ and T of one input, depth 1, by SciPy's adaptive rule over (w, b), to 1e-7 of their size."""
    start = {"sigma_w": 1.3, "sigma_b": 0.7, "sigma_a": 1.1, "law": law}
    net = Network(("x",), ("u",), 64, initialisation=start)
    x, y, sigma_w, sigma_b = 0.8, -0.5, 1.3, 0.7
    got = infinite_jets("tanh", 1, [[x], [y]], [(0,), (1,)], **first_layer(net))

    def density(z):
        # N(0,1) cut at 2 has the standard deviation 0.87962566103423978 (Johnson, Kotz & Balakrishnan).
        if law == "uniform":
            return 1 / (2 * math.sqrt(3))
        inner = z * 0.87962566103423978
        return (
            0.87962566103423978
            * math.exp(-inner * inner / 2)
            / math.sqrt(2 * math.pi)
            / math.erf(math.sqrt(2))
        )

    reach = math.sqrt(3) if law == "uniform" else 2 / 0.87962566103423978

    def mean(f):
        def weighted(b, w):
            return f(sigma_w * w, sigma_b * b) * density(w) * density(b)

        return dblquad(weighted, -reach, reach, -reach, reach, epsabs=1e-10, epsrel=1e-10)[0]

    def slope(z):
        return 1 - math.tanh(z) ** 2

    values = mean(lambda w, b: math.tanh(w * x + b) * math.tanh(w * y + b))
    slopes = mean(lambda w, b: w * w * slope(w * x + b) * slope(w * y + b))
    product = mean(lambda w, b: slope(w * x + b) * slope(w * y + b))
    assert abs(got.covariance[0, 0, 0, 1] - 1.21 * values) < 1e-7
    assert abs(got.covariance[1, 0, 1, 1] - 1.21 * slopes) < 1e-7
    assert abs(got.jet_ntk[0, 0, 0, 1] - (1.21 * (x * y + 1) * product + values)) < 1e-7
    # The Gaussian law of the same variance is another one, and would be seen.
    normal = Network(("x",), ("u",), 64, initialisation={**start, "law": "normal"})
    other = infinite_jets("tanh", 1, [[x], [y]], [(0,), (1,)], **first_layer(normal))
    assert abs(other.covariance[1, 0, 1, 1] - got.covariance[1, 0, 1, 1]) > 1e-3


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("burgers", {"law": "truncated normal", "sigma_w": 1.5, "sigma_b": 0.2}),
        ("kdv", {"law": "uniform"}),
    ],
)
def test_steep_first_layers_on_wide_domains_have_a_law(name, start, monkeypatch):
    """Weights times inputs up to 7: the numbers of Sobol points, within their own stated error."""
    problem = nt.zoo(name)
    net = Network(problem.variables, problem.fields, 64, initialisation=start)
    points = nt.draw_points(problem, 2, seed=0)
    law = nt.limit_law(problem, net, points)
    monkeypatch.setattr(first_layer_module, "MOST_TENSOR", 0)
    sobol = nt.limit_law(problem, net, points)
    assert law.accuracy < 1e-8 < sobol.accuracy
    sizes = np.sqrt(np.einsum("arar->ar", law.covariance))
    gap = np.abs(sobol.covariance - law.covariance) / np.multiply.outer(sizes, sizes)
    assert gap.max() < 3 * sobol.accuracy


def test_sobol_points_agree_with_the_tensor_rule(monkeypatch):
    """Three numbers by both ways; the error that is reported for Sobol points, two standard errors, holds."""
    by_rule = Network(("x", "t"), ("u",), 8, initialisation="pytorch")
    from_rule = infinite_jets("tanh", 1, POINTS, INDICES, **first_layer(by_rule))
    monkeypatch.setattr(first_layer_module, "MOST_TENSOR", 0)
    sobol = infinite_jets("tanh", 1, POINTS, INDICES, start=by_rule.start)
    scale = np.sqrt(np.diagonal(from_rule.covariance.reshape(SIZE, SIZE)))
    gap = np.abs(upper(sobol.covariance - from_rule.covariance) / upper(np.outer(scale, scale)))
    assert 0 < sobol.accuracy < 1e-3
    assert gap.max() < 3 * sobol.accuracy


@pytest.mark.statistics
@pytest.mark.parametrize(
    ("start", "depth"), [("pytorch", 1), ("pytorch", 2), ("glorot-uniform", 1), ("he", 3), ("numbers", 2)]
)
def test_mean_of_48_networks_of_width_2048(start, depth):
    net = network(start, depth=depth)
    samples = jet_ntks(net, 48)
    assert mean_p_value(samples, upper(limit(net).jet_ntk)) > 0.01
    assert mean_p_value(samples, upper(limit(network(None, depth=depth)).jet_ntk)) < 1e-6


@pytest.mark.statistics
@pytest.mark.parametrize("start", STARTS)
def test_covariance_of_300_networks(start):
    net = network(start, width=1024, depth=2)
    products = jet_products(net, 300)
    assert mean_p_value(products, upper(limit(net).covariance)) > 0.01
    assert mean_p_value(products, upper(limit(network(None, depth=2)).covariance)) < 1e-6


@pytest.mark.statistics
def test_the_law_of_the_first_layer_is_seen_at_depth_one():
    """Uniform weights of σ = 3/2 are not normal ones of the same σ: the wrong law is rejected."""
    start = {"sigma_w": 1.5, "sigma_b": 1.5, "law": "uniform"}
    net, wrong = (
        Network(("x", "t"), ("u",), 4096, initialisation={**start, "law": law})
        for law in ("uniform", "normal")
    )
    samples = jet_ntks(net, 48)
    assert mean_p_value(samples, upper(limit(net).jet_ntk)) > 0.01
    assert mean_p_value(samples, upper(limit(wrong).jet_ntk)) < 1e-6


def test_a_law_of_a_library_s_start_holds_at_its_width_only():
    law = nt.limit_law("heat", Network(("x", "t"), ("u",), 256, initialisation="pytorch"))
    assert law.at(256, "1/2").sample(3, seed=0)["f,f"].shape[0] == 3
    with pytest.raises(InputError, match="depends"):
        law.at(512, "1/2")


def test_a_first_layer_without_variance_is_refused():
    with pytest.raises(InputError, match="variance 0"):
        infinite_jets("tanh", 1, [[0.0, 0.0]], INDICES, **first_layer(network("he")))


def test_a_kink_under_uniform_weights_is_refused_or_accurate():
    with pytest.raises(InputError, match="not reached"):
        infinite_jets("relu", 1, POINTS, [(0, 0)], **first_layer(network("pytorch")))
