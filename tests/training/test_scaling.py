"""The sizes of outputs and groups: badly scaled problems are solved with default options."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.cli.app import run as cli
from ntk_theory.symbolic.loading import from_toml
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training import Until, train
from ntk_theory.training.objective import Objective
from ntk_theory.training.scaling import Scale
from ntk_theory.training.verdict import Ending, judge

#: What is asked of a badly scaled problem.
ERROR = 1e-5

BEAM = """
fields = ["w"]
variables = ["x"]
equations = ["210000*10^7*w_xxxx = 5"]
[domain]
x = [0, 3000]
[solution]
w = "5*x^2*(6*3000^2-4*3000*x+x^2)/(24*210000*10^7)"
[[conditions]]
name = "clamp"
equation = "w = 0"
on = [{ x = 0 }]
[[conditions]]
name = "slope"
equation = "w_x = 0"
on = [{ x = 0 }]
[[conditions]]
name = "moment"
equation = "210000*10^7*w_xx = 0"
on = [{ x = 3000 }]
[[conditions]]
name = "shear"
equation = "210000*10^7*w_xxx = 0"
on = [{ x = 3000 }]
"""
STEEL = """
fields = ["u"]
variables = ["x"]
equations = ["2.1*10^11*u_xx = -SIZE*10^8*sin(3*x)"]
[domain]
x = [0, 1]
[solution]
u = "SIZE*(10^8*sin(3*x)/9 + (2*10^8 - 10^8*cos(3)/3)*x)/(2.1*10^11)"
[[conditions]]
name = "wall"
equation = "u = 0"
on = [{ x = 0 }]
[[conditions]]
name = "pull"
equation = "2.1*10^11*u_x = SIZE*2*10^8"
on = [{ x = 1 }]
"""
OSCILLATOR = """
fields = ["u"]
variables = ["t"]
equations = ["u_tt + 4*u_t + 400*u = 0"]
[domain]
t = [0, 1]
[solution]
u = "exp(-2*t)*(cos(sqrt(396)*t) + 2/sqrt(396)*sin(sqrt(396)*t))"
[[conditions]]
name = "start"
equation = "u = 1"
on = [{ t = 0 }]
[[conditions]]
name = "speed"
equation = "u_t = 0"
on = [{ t = 0 }]
"""


def steel(size: str = "1") -> Problem:
    return from_toml(STEEL.replace("SIZE", size))


@pytest.mark.parametrize(
    "text", [BEAM, STEEL.replace("SIZE", "1"), OSCILLATOR], ids=["beam", "steel", "stiff"]
)
def test_badly_scaled_problems_are_solved_by_default(text: str) -> None:
    run = train(from_toml(text), drift=False)
    assert run.error is not None
    assert run.error <= ERROR
    assert judge(run, ERROR).ending is Ending.SOLVED


def sizes(problem: Problem) -> Scale:
    scale = train(problem, until=1, drift=False, error=False, evidence=False).scale
    assert scale is not None
    return scale


def test_outputs_have_the_size_of_the_solution() -> None:
    x = np.linspace(0, 3000, 4001)
    exact = 5 * x**2 * (6 * 3000**2 - 4 * 3000 * x + x**2) / (24 * 210000 * 1e7)
    size = sizes(from_toml(BEAM)).outputs["w"]
    assert 2**-0.5 < size / np.sqrt(np.mean(exact**2)) < 2**0.5


def test_every_part_has_a_size_of_its_own() -> None:
    scale = sizes(nt.zoo("two-material"))
    assert set(scale.outputs) == {"u@upper", "u@lower"}
    assert min(scale.outputs.values()) >= 32
    assert scale.groups["upper"] > 100 * scale.groups["lower"]


def test_the_unit_of_a_field_changes_nothing() -> None:
    """u and 2^-20 u give the same relative errors, but for the rounding of decimal coefficients."""
    runs = [train(steel(size), until=12, drift=False) for size in ("1", "1/2^20")]
    assert runs[0].errors[:, 1] == pytest.approx(runs[1].errors[:, 1], rel=1e-6)
    assert runs[0].losses == pytest.approx(runs[1].losses, rel=1e-6)
    assert runs[0].errors[0, 1] != pytest.approx(runs[0].errors[-1, 1], rel=0.1)


def test_the_metric_is_that_of_the_network_in_units() -> None:
    problem = steel()
    network = nt.Network(problem.variables, problem.fields, width=5, depth=2)
    points = {"wall": [[0.0]], "pull": [[1.0]], "f": np.linspace(0, 1, 60)[:, None]}
    objective = Objective.of(problem, network, network.init(1), points, "scaled")
    assert objective.scale is not None
    unit = objective.scale.outputs["u"]
    assert objective.metric[-6:] == pytest.approx(unit**2)
    assert objective.metric[:-6] == pytest.approx(1.0)
    before, after = objective.template, objective.begun.template
    assert after.readout == pytest.approx(unit * before.readout)
    assert all(np.array_equal(a, b) for a, b in zip(after.hidden[1], before.hidden[1], strict=True))
    for name, size in objective.scale.groups.items():
        assert objective.group_weights[name] * len(points[name]) * size**2 == pytest.approx(1.0)


def test_given_parameters_and_other_weights_are_left_alone() -> None:
    problem = steel()
    network = nt.Network(problem.variables, problem.fields, width=5, depth=2)
    theta = network.init(1)
    given = train(problem, network, theta, until=1, drift=False, error=False, evidence=False)
    assert np.array_equal(given.initial.flatten(), theta.flatten())
    plain = train(
        problem, network, until=Until(steps=1), weights="mean", drift=False, error=False, evidence=False
    )
    assert plain.scale is None
    assert np.array_equal(plain.initial.flatten(), network.init(0).flatten())


def test_without_a_domain_scaled_is_mean() -> None:
    points = {"b": np.zeros((3, 1)), "f": np.linspace(0, 1, 7)[:, None]}
    network = nt.Network(("x",), ("u",), width=4, depth=1)
    run = train(replace(nt.problem("u_xx - 1"), domain={}), network, points=points, until=1, drift=False)
    assert run.scale is None
    assert run.group_weights == pytest.approx({"b": 1 / 3, "f": 1 / 7})


def test_the_command_tells_the_sizes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "beam.toml"
    path.write_text(BEAM, encoding="utf-8")
    cli(["train", str(path), "--steps", "1", "--no-drift"])
    assert "outputs divided by their sizes, w 16; residuals by theirs, clamp 16" in " ".join(
        capsys.readouterr().out.split()
    )
    cli(["train", str(path), "--steps", "1", "--no-drift", "--json"])
    found = json.loads(capsys.readouterr().out)["scale"]
    assert found["outputs"] == {"w": 16.0}
    assert set(found["groups"]) == {"clamp", "slope", "moment", "shear", "f"}


SINGULAR = """
fields = ["u"]
variables = ["x"]
equations = ["u_x + COEFFICIENT*u = 0"]
[domain]
x = [0, 1]
[[conditions]]
name = "end"
equation = "u = 1"
on = [{ x = 1 }]
"""


def objective(coefficient: str) -> Objective:
    problem = from_toml(SINGULAR.replace("COEFFICIENT", coefficient))
    network = nt.training.default_network(problem)
    points = {"end": [[1.0]], "f": np.linspace(1e-3, 1, 400)[:, None]}
    return Objective.of(problem, network, network.init(0), points, "scaled")


def test_rows_near_a_singular_point_count_by_their_own_size() -> None:
    """With h = 1/2 and U = 1 a row has the size 2 + 1/x; beyond four times the median, that of x = 1/2, which
    is 4, it counts as a row of size 16 does."""
    found = objective("1/x")
    x = found.residuals.rows.points[found.residuals.rows.legs[1].rows][:, 0]
    size = 2 + 1 / x
    cap = 4 * np.median(size)
    assert cap == pytest.approx(16, rel=0.01)
    assert found.weights[0] == pytest.approx(found.group_weights["end"])
    known = found.group_weights["f"] * np.minimum(1, cap / size) ** 2
    np.testing.assert_allclose(found.weights[1:], known, rtol=1e-9)
    assert found.weights[1] < 1e-3 * found.weights[-1]
    capped = np.minimum(size, cap)
    assert found.scale is not None
    assert found.scale.groups["f"] == pytest.approx(float(np.sqrt(np.mean(capped**2))))


@pytest.mark.parametrize("coefficient", ["3", "(1 + x^2)", "cos(9*x)"])
def test_bounded_coefficients_are_weighted_alike(coefficient: str) -> None:
    found = objective(coefficient)
    assert found.relief is None
    assert set(found.weights[1:]) == {found.group_weights["f"]}
