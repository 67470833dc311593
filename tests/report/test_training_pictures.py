"""Pictures of a training run show its numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.empirical.ntk import ntk
from ntk_theory.errors import InputError
from ntk_theory.model.network import Network
from ntk_theory.model.points import draw_points
from ntk_theory.report.figures.drift import draw_against_width
from ntk_theory.report.figures.palette import svg_text
from ntk_theory.report.figures.run import draw_kernel, draw_losses, draw_solution, draw_training
from ntk_theory.report.figures.slices import solution_slice
from ntk_theory.report.terminal.run import heading, record
from ntk_theory.training import Flow, train


def trained(name, **more):
    problem = nt.problem(name)
    network = Network(problem.variables, problem.fields, 5, 2)
    points = draw_points(problem, 5, 2)
    return problem, train(problem, network, network.init(1), points, **({"until": 6, "drift": True} | more))


@pytest.fixture(scope="module")
def heat():
    return trained("heat")


def test_the_difference_is_that_of_the_fields(heat):
    problem, run = heat
    cut = solution_slice(problem, run.network, run.parameters)
    assert cut.names == ("t", "x")  # time runs across
    at = (40, 70)
    point = np.array([[cut.axes[1][at[1]], cut.axes[0][at[0]]]])
    value = nt.jets(run.network, run.parameters, point, [problem.space.slot("u")])[0, 0]
    assert cut.found[0][at] == pytest.approx(value, rel=1e-13)
    mesh = draw_solution(problem, run).axes[2].collections[0].get_array()
    shown = np.asarray(mesh).reshape(len(cut.axes[1]), len(cut.axes[0]))
    np.testing.assert_allclose(shown, (cut.found[0] - cut.exact[0]).T, rtol=1e-13, atol=1e-15)


def test_losses_errors_and_drift_are_the_run_s(heat):
    problem, run = heat
    left, right = draw_losses(run).axes
    curves = {line.get_label(): line.get_ydata() for line in left.lines}
    assert set(curves) == {"sum", "initial", "ends", "f"}
    np.testing.assert_array_equal(curves["sum"], run.losses)
    np.testing.assert_array_equal(right.lines[0].get_ydata(), run.errors[:, 1])
    spectrum, drift = draw_kernel(problem, run).axes
    values = ntk(problem, run.network, run.parameters, run.points).eigenvalues()
    shown = next(line for line in spectrum.lines if line.get_label() == "end").get_ydata()
    np.testing.assert_allclose(shown, values[: len(shown)], rtol=1e-12)
    assert len(drift.lines) == len(run.drift.principal_blocks()) == 4
    np.testing.assert_array_equal(drift.lines[0].get_ydata()[1:], run.drift.relative()[1:])


@pytest.mark.parametrize(
    ("name", "panels"), [("poisson", 2), ("heat", 3), ("heat-2d", 3), ("schroedinger", 6), ("u_t + u*u_x", 1)]
)
def test_every_dimension_has_its_picture(name, panels):
    problem, run = trained(name, until=2, drift=None)
    figure = draw_solution(problem, run, "title")
    assert sum(bool(axes.get_title(loc="left")) for axes in figure.axes) == panels
    assert len(svg_text(draw_training(problem, run))) > 10_000
    assert (run.drift is None) == (len(draw_kernel(problem, run).axes) == 1)


def test_a_flow_is_drawn_against_time():
    problem, run = trained("heat", method=Flow(0.01, "dop853", 1e-6), until=None)
    assert draw_losses(run).axes[0].get_xlabel() == "time"
    assert draw_training(problem, run).axes


def test_words_name_the_problem_and_the_network(heat):
    problem, run = heat
    assert heading(problem, run) == ("Heat equation", "gauss-newton, 5-5 tanh, s = 1/2, output bias zero")
    other = replace(run, network=replace(run.network, initialisation="lecun"))
    assert heading(problem, other)[1].endswith("output bias zero, initialisation lecun")
    expression, other = trained("u_t + u*u_x", until=1)
    assert heading(expression, other)[0] == "u_t + u*u_x"
    data = record(problem, run)
    assert data["points"] == {"initial": 5, "ends": 5, "f": 5}
    assert data["first_loss"] == run.losses[0]
    assert record(expression, other)["field_errors"] is None


def test_curves_against_width_are_medians_with_their_seeds():
    values = {"1/2": [[1.0, 2.0, 9.0], [0.5, 0.1, 0.3]], "1": [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]}
    figure = draw_against_width({"loss": values}, (64, 128), limits={"loss": 2.5}, columns=1)
    curves = {line.get_label(): line for line in figure.axes[0].lines}
    np.testing.assert_array_equal(curves["$s=1/2$"].get_ydata(), [2.0, 0.3])
    seeds = [line for line in figure.axes[0].lines if line.get_linestyle() == "None"]
    np.testing.assert_array_equal(np.sort(seeds[0].get_ydata()), np.sort(np.ravel(values["1/2"])))
    assert [2.5, 2.5] in [list(line.get_ydata()) for line in figure.axes[0].lines]
    with pytest.raises(InputError, match="at least one"):
        draw_against_width({}, (64, 128))
    with pytest.raises(InputError, match="shape"):
        draw_against_width({"loss": {"1": [1.0, 2.0, 3.0]}}, (64, 128))
