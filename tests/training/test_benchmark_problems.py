"""The benchmark problems, their references, and the first layers that problems ask for."""

import math

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.symbolic.reading import zoo_text
from ntk_theory.training.data_waves import data_waves
from ntk_theory.training.oscillations import LEAST, oscillations, own_features, periodic_variables
from ntk_theory.training.reference import reference
from ntk_theory.training.solution import TestGrid, solved_fields
from ntk_theory.training.stated import check_solution

NAMES = nt.zoo_names(benchmark=True)


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_source_and_something_to_compare_with(name):
    problem = nt.zoo(name)
    assert problem.benchmark
    assert problem.source
    assert (problem.solution is None) == (reference(problem) is not None)
    if problem.solution is not None:
        check_solution(problem)
    assert TestGrid.of(problem).points.shape[1] == len(problem.variables)


def test_the_zoo_keeps_its_equations_apart():
    assert not set(NAMES) & set(nt.zoo_names())
    assert set(nt.zoo_names(benchmark=None)) == {*NAMES, *nt.zoo_names()}
    assert "benchmark = true" in zoo_text("kdv-cosine")


def test_a_changed_problem_has_no_reference(tmp_path):
    text = zoo_text("kdv-cosine")
    for change in (("cos(pi*x)", "cos(2*pi*x)"), ("t = [0, 1]", "t = [0, 2]"), ("22/1000", "23/1000")):
        file = tmp_path / "kdv-cosine.toml"
        file.write_text(text.replace(*change))
        assert reference(nt.problem(str(file))) is None
    file.write_text(text)
    assert reference(nt.problem(str(file))) is not None


@pytest.mark.oracle
def test_references_meet_the_literature():
    """The cavity's least u on x = 1/2, -0.2140424 at y = 0.4581 (Botella & Peyret 1998, Computers & Fluids
    27, 421-433, as cited by later benchmarks); Burgers' steepest slope -152.00516 at t = 1.6037/pi
    (Basdevant et al. 1986); the breather's |h(0, pi/4)| = 4 and the masses of periodic problems."""
    cavity = reference(nt.zoo("cavity-100"))
    from scipy.interpolate import CubicSpline  # noqa: PLC0415

    middle = int(np.argmin(np.abs(cavity.axes["x"] - 0.5)))
    line = CubicSpline(cavity.axes["y"], cavity.fields["u"][middle])
    y = np.linspace(0.3, 0.6, 3001)
    assert line(y).min() == pytest.approx(-0.2140424, abs=2 * cavity.accuracy)
    burgers = reference(nt.zoo("burgers-shock"))
    x, t = burgers.axes["x"], burgers.axes["t"]
    slopes = CubicSpline(x, burgers.fields["u"])(0.0, 1)
    assert slopes.min() == pytest.approx(-152.00516, rel=0.02)
    assert t[slopes.argmin()] == pytest.approx(1.6037 / math.pi, abs=0.02)
    breather = reference(nt.zoo("schroedinger-breather"))
    size = np.hypot(breather.fields["u"], breather.fields["v"])
    assert size[64, 25] == pytest.approx(4, rel=2e-3)  # exact on the line, not on the period
    np.testing.assert_allclose((size[:-1] ** 2).sum(axis=0), (size[:-1, 0] ** 2).sum(), rtol=1e-5)
    kdv = reference(nt.zoo("kdv-cosine")).fields["u"][:-1]
    np.testing.assert_allclose(kdv.mean(axis=0), 0, atol=1e-9)  # 128 of 768 points: the rest aliases
    np.testing.assert_allclose((kdv**2).mean(axis=0), 0.5, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("helmholtz-1-4", {"x": (1,), "y": (4,)}),
        ("wave-two-modes", {"x": (0.5, 2), "t": (1, 4)}),
        ("advection-fast", {"x": (1,), "t": (25 / math.pi,)}),
        ("poisson-two-scales", {"x": (1, 5)}),
        ("oscillator-stiff", {"t": (math.sqrt(396) / (2 * math.pi),)}),
        ("bloch", {"t": (45 / (2 * math.pi),)}),
        ("allen-cahn-interfaces", {}),
        ("kdv-cosine", {}),
    ],
)
def test_waves_of_data_and_what_the_equations_answer(name, counts):
    found = oscillations(nt.zoo(name))
    assert set(found) == set(counts)
    for variable, expected in counts.items():
        np.testing.assert_allclose(found[variable], expected, rtol=1e-8)


def test_ten_more_data_with_waves():
    rng = np.random.default_rng(5)
    for _ in range(10):
        n, shift, rate = int(rng.integers(8, 30)), int(rng.integers(1, 9)), int(rng.integers(-2, 3))
        problem = nt.problem(f"u_xx - exp({rate}*x)*cos({n}*pi*x + {shift})")
        found = data_waves(problem, {"x": (0.0, 1.0)})["x"]
        np.testing.assert_allclose(found, n / 2, rtol=1e-6)  # one on each line
        assert found


def test_data_without_waves_have_none():
    for source in ("tanh(20*x)", "exp(-50*x^2)", "1/(1 + 25*x^2)", "x^5", "sqrt(x + 2)", "log(x + 3)"):
        found = data_waves(nt.problem(f"u_xx - {source}"), {"x": (-1.0, 1.0)})["x"]
        assert max(found, default=0) < LEAST, source  # powers are exponentials of rate 0, many times


PERIODIC = """
fields = ["u"]
variables = ["x", "t"]
equations = ["u_t + u*u_x + u_xxx = 0"]
[domain]
x = [0, 3]
t = [0, 1]
"""
PAIRS = [
    f'[[conditions]]\nname = "p{k}"\nequation = "{name}"\nperiodic = [{{ x = 0 }}, {{ x = 3 }}]\n'
    for k, name in enumerate(("u", "u_x", "u_xx"))
]


@pytest.mark.parametrize(
    ("kept", "period"), [((0, 1, 2), {"x": "3"}), ((0, 1), {}), ((0, 2), {}), ((1, 2), {})]
)
def test_a_period_is_taken_only_where_every_derivative_is_stated(tmp_path, kept, period):
    file = tmp_path / "p.toml"
    file.write_text(PERIODIC + "".join(PAIRS[k] for k in kept))
    problem = nt.problem(str(file))
    assert periodic_variables(problem) == period
    assert own_features(problem) == ({"x": {"periodic": "3"}} if period else None)


def test_a_reference_is_that_of_the_stated_fields(tmp_path):
    """The cavity has an ansatz; the problem without it, and with another, has the same reference."""
    text = zoo_text("cavity-100")
    start, end = text.index("[ansatz]"), text.index("[domain]")
    for ansatz in ("", '[ansatz]\nu = "y*a"\nv = "b"\np = "q"\n'):
        file = tmp_path / "cavity-100.toml"
        file.write_text(text[:start] + ansatz + text[end:])
        known = reference(nt.problem(str(file)))
        assert known is not None
        assert known.fields.keys() == {"u", "v"}


def test_the_cavity_takes_off_what_is_singular_at_the_lid_s_corners():
    """With a network of zeros it has, near a corner, the walls' velocities beside the other corner's (1, 0),
    and it is free of divergence."""
    problem = nt.zoo("cavity-100")
    network = nt.training.default_network(problem)
    start = network.init(0)
    zero = start.replaced(0 * start.flatten())
    r = 1e-6
    points = np.array([[r, 1.0], [0.0, 1 - r], [1 - r, 1.0], [1.0, 1 - r]])
    u, v, _ = solved_fields(problem, network, zero, points)
    np.testing.assert_allclose(u - 1, [1, 0, 1, 0], atol=1e-3)
    np.testing.assert_allclose(v, 0, atol=1e-3)
    assert str(problem.equations[2].legs[0].expression) == "a_x + b_y"


def test_fields_that_a_reference_lacks_have_no_error():
    """The cavity's reference has no pressure: velocities are compared, and told by field."""
    problem = nt.zoo("cavity-100")
    network = nt.training.default_network(problem)
    found = nt.training.field_errors(problem, network, network.init(0))
    assert set(found) == {"u", "v"}
    assert all(math.isfinite(error) for error in found.values())
