"""Networks with features: kernels, Jacobians and jets against JAX, the slow reference and plain networks."""

import numpy as np
import pytest
from peers_jax import JaxPeer

import ntk_theory as nt
from ntk_theory.empirical.jet_ntk import jet_ntk
from ntk_theory.empirical.jets import scaled_jets
from ntk_theory.empirical.ntk import ntk
from ntk_theory.empirical.reference import reference_kernel
from ntk_theory.empirical.residuals import Residuals
from ntk_theory.errors import InputError
from ntk_theory.model.network import Network
from ntk_theory.model.points import draw_points
from ntk_theory.setting.features import FeatureMap
from ntk_theory.symbolic.jets import Slot
from ntk_theory.training.objective import Objective

MAPS = {
    "periodic": {"x": {"periodic": 2}},
    "harmonics": {"x": {"periodic": "2*pi", "harmonics": 3}, "t": {"affine": [0.5, 0.25]}},
    "both periodic": {"x": {"periodic": 2}, "t": {"periodic": "3/2"}},
    "fourier": {"fourier": 5, "sigma": 0.4, "seed": 3},
    "frequencies": {"frequencies": [[0.5, 0.0], [0.25, -0.5], [0.0, 1.0]]},
}
#: Problem, map, widths, s, output bias, activation, input map onto [−1, 1].
CASES = [
    ("kdv", "periodic", (7,), "1/2", "zero", "tanh", True),
    ("kdv", "fourier", (7,), "2/3", "normal", "sin", False),
    ("sine-gordon", "harmonics", (6, 5), "3/4", "none", "gelu", True),
    ("sine-gordon", "fourier", (6, 5), "1/2", "zero", "erf", True),
    ("brusselator", "frequencies", (5, 4, 6), "1/2", "zero", "tanh", True),
    ("kuramoto-sivashinsky", "both periodic", (5, 6), "1/2", "zero", "tanh", False),
    ("burgers", "periodic", (4, 5, 3), "2/5", "normal", "sigmoid", True),
    # Starts of libraries, with the rates of their parameterisation.
    ("kdv", "plain", (7,), "1/2", "zero", "tanh", True, "pytorch"),
    ("kdv", "plain", (6, 5), "1/2", "none", "tanh", True, "glorot-uniform"),
    ("burgers", "plain", (4, 5, 3), "1/2", "zero", "sin", True, "he"),
    ("burgers", "periodic", (7,), "3/4", "normal", "tanh", True, "pytorch"),
    ("sine-gordon", "fourier", (6, 5), "1/2", "zero", "gelu", True, "glorot-normal"),
    ("heat", "fourier", (4, 5, 6), "2/5", "zero", "erf", True, "lecun"),
    ("heat", "harmonics", (6, 5), "1/2", "zero", "tanh", True, {"sigma_w": 0.5, "law": "uniform"}),
]
SLOTS = tuple(Slot("u", index) for index in ((0, 0), (3, 0), (1, 1), (0, 2)))


def setting(name, features, width, s="1/2", bias="zero", activation="tanh", mapped=False, start=None):
    problem = nt.zoo(name)
    box = {v: tuple(map(float, problem.domain[v])) for v in problem.variables} if mapped else None
    columns = MAPS.get(features) if isinstance(features, str) else features
    if columns and "frequencies" in columns and len(problem.variables) != 2:
        columns = {"frequencies": [[0.5] * len(problem.variables), [0.25] * len(problem.variables)]}
    network = Network(
        problem.variables, problem.fields, width, s=s, activation=activation, output_bias=bias,
        input_map=box, features=columns, initialisation=start,
    )  # fmt: skip
    return problem, network, network.init(4), draw_points(problem, 4, seed=3)


def difference(found, wanted):
    return np.linalg.norm(found - wanted) / np.linalg.norm(wanted)


@pytest.mark.oracle
@pytest.mark.parametrize(
    "given", CASES, ids=lambda given: f"{given[0]}-{given[1]}-{len(given[2])}-{given[7:]}"
)
def test_kernels_equal_jax(given):
    problem, network, parameters, points = setting(*given)
    wanted = JaxPeer(problem, network).kernel(parameters, points)
    for path in ("jet", "contracted"):
        assert difference(ntk(problem, network, parameters, points, path=path).matrix, wanted) <= 1e-10


@pytest.mark.oracle
def test_a_wrong_feature_map_would_be_seen():
    problem, network, parameters, points = setting("kdv", "fourier", (7,))
    wanted = JaxPeer(problem, network).kernel(parameters, points)
    for change in ({"seed": 4}, {"sigma": 0.4001}):
        _, other, _, _ = setting("kdv", {**MAPS["fourier"], **change}, (7,))
        assert difference(ntk(problem, other, parameters, points).matrix, wanted) > 1e-5


@pytest.mark.parametrize("features", MAPS)
def test_kernels_equal_the_slow_reference(features):
    problem = nt.problem("u_t - u_xx + u^2")
    network = Network(("x", "t"), ("u",), (3, 2), s="3/4", features=MAPS[features])
    points = {"f": np.array([[0.3, -0.2], [-0.7, 0.4]]), "b": np.array([[0.1, 0.9]])}
    want = reference_kernel(problem, network, network.init(3), points)
    got = ntk(problem, network, network.init(3), points).matrix
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("features", MAPS)
@pytest.mark.parametrize("width", [(7,), (6, 5)])
def test_the_jacobian_the_products_and_the_kernel_are_of_one_piece(features, width):
    problem, network, parameters, points = setting("kdv", features, width)
    here = Residuals.of(problem, network, points).at(parameters)
    rows = np.stack([here.vjp(e).flatten() for e in np.eye(len(here.values))])
    columns = np.stack([here.jvp(parameters.replaced(e)) for e in np.eye(parameters.size)]).T
    assert difference(columns, rows) < 1e-12
    weights = {group.name: 1.0 for group in problem.groups}
    objective = Objective.of(problem, network, parameters, points, weights)
    assert difference(objective.jacobian(parameters.flatten())[1], rows) < 1e-12
    assert difference(ntk(problem, network, parameters, points).matrix, rows @ rows.T) < 1e-12


@pytest.mark.parametrize("width", [9, (6, 5)])
def test_affine_features_are_the_plain_network_bit_for_bit(width):
    mapped = {"x": {"affine": [0.5, -0.25]}, "t": {"affine": [2, 1]}}
    plain = Network(("x", "t"), ("u",), width, input_map=nt.InputMap((0.5, 2.0), (-0.25, 1.0)))
    network = Network(("x", "t"), ("u",), width, features=mapped)
    assert network == plain
    assert Network(("x", "t"), ("u",), width, features={}).features is None
    problem, points = nt.zoo("kdv"), draw_points(nt.zoo("kdv"), 4, seed=0)
    mine = ntk(problem, network, network.init(0), points).matrix
    np.testing.assert_array_equal(mine, ntk(problem, plain, plain.init(0), points).matrix)


def test_wide_layers_in_tiles_give_the_same_numbers():
    _, network, parameters, points = setting("kdv", "fourier", (700,))
    whole = jet_ntk(network, parameters, points["f"], SLOTS)
    tiles = jet_ntk(network, parameters, points["f"], SLOTS, neuron_tile=64, point_tile=1)
    assert difference(tiles, whole) < 1e-13


def test_periodic_features_make_periodic_networks():
    _, network, parameters, points = setting("kdv", "periodic", (6, 5))
    moved = points["f"] + np.array([2.0, 0.0])
    left, right = (scaled_jets(network, parameters, x, SLOTS) for x in (points["f"], moved))
    np.testing.assert_allclose(left, right, rtol=1e-11, atol=1e-11)


def test_frequencies_have_their_moments_and_belong_to_the_seed():
    waves = FeatureMap.of({"fourier": 4000, "sigma": 2}, ("x", "t")).waves
    drawn = np.array(waves.frequencies(2))
    # 8000 draws: the mean is within 5·2/√8000, the variance within 5·√2·4/√8000, 1e-6 by chance.
    assert abs(drawn.mean()) < 0.112
    assert abs(drawn.var() - 4) < 0.32
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 5 / np.sqrt(4000)
    again = FeatureMap.of({"fourier": 4000, "sigma": 2, "seed": 1}, ("x", "t")).waves.frequencies(2)
    assert not np.array_equal(drawn, again)
    # Computed once from Python's Mersenne twister; never regenerate.
    first = FeatureMap.of({"fourier": 1}, ("x",)).waves.frequencies(1)
    assert first == ((0.09637157846515239,),)


def test_networks_with_features_are_saved_and_read(tmp_path):
    starts = (None, "pytorch", "glorot-normal", {"sigma_a": 2, "law": "uniform"}, "paper")
    for features, start in zip(MAPS.values(), starts, strict=True):
        network = Network(("x", "t"), ("u",), 4, features=features, initialisation=start)
        nt.save(tmp_path / "n.npz", network, network.init(0))
        again, parameters = nt.load(tmp_path / "n.npz")
        assert again == network
        np.testing.assert_array_equal(parameters.flatten(), network.init(0).flatten())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"y": {"periodic": 2}}, "variables out of x, t"),
        ({"x": {"periodic": 0}}, "positive number"),
        ({"x": {"periodic": "two"}}, "positive number"),
        ({"x": {"periodic": 2, "harmonics": 0}}, "from 1 to"),
        ({"x": {"period": 2}}, "periodic = P"),
        ({"x": {"affine": [0, 1]}}, "scale ≠ 0"),
        ({"fourier": 8, "sigma": -1}, "positive number"),
        ({"fourier": 10**9}, "from 1 to"),
        ({"fourier": 8, "x": {"periodic": 2}}, "only fourier, sigma, seed"),
        ({"fourier": 8, "seed": -1}, "non-negative integer"),
        ({"frequencies": [[1.0]]}, "one per variable"),
        ({"frequencies": [[1.0, float("nan")]]}, "finite"),
        ("fourier", "a mapping"),
    ],
)
def test_what_does_not_fit_is_named(given, says):
    with pytest.raises(InputError, match=says):
        Network(("x", "t"), ("u",), 4, features=given)
