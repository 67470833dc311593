"""Pictures of kernels and of limit laws show the numbers they are given."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.advice.law_table import predict
from ntk_theory.empirical.kernel_cost import kernel_cost
from ntk_theory.errors import InputError
from ntk_theory.limit.law_cost import law_cost
from ntk_theory.model.blocks import Kernel, KernelGroup
from ntk_theory.report.figures.kernel import decade_ticks, draw_kernel_matrix, linear_width, row_order
from ntk_theory.report.figures.law import draw_limit_law
from ntk_theory.report.figures.palette import svg_text
from ntk_theory.symbolic.problem import GroupKind


@pytest.fixture(scope="module")
def kdv():
    problem = nt.zoo("kdv")
    network = nt.Network(problem.variables, problem.fields, 16, 2)
    points = nt.draw_points(problem, 5, 0)
    return nt.ntk(problem, network, network.init(0), points), points


@pytest.fixture(scope="module")
def prediction():
    problem = nt.problem("u_t + u*u_x")
    network = nt.Network(problem.variables, problem.fields, 1, activation="erf")
    points = nt.draw_points(problem, 3, 0)
    return predict(problem, network, points, ["3/4", "2/5", "1/2"], [16, 256], size=50)


def test_rows_are_sorted_within_their_group(kdv):
    kernel, points = kdv
    order = row_order(kernel, points)
    np.testing.assert_array_equal(np.sort(order), np.arange(20))
    for k, name in enumerate(kernel.names):
        own = order[5 * k : 5 * k + 5] - 5 * k
        assert set(own) == set(range(5))
        column = next(c for c in points[name].T if np.ptp(c) > 0)
        assert (np.diff(column[own]) >= 0).all()
    np.testing.assert_array_equal(row_order(kernel, None), np.arange(20))


def test_the_heat_map_and_the_spectra_are_the_kernel_s(kdv):
    kernel, points = kdv
    entries, cosines, curves = draw_kernel_matrix(kernel, "title", points).axes[:3]
    order = row_order(kernel, points)
    matrix = kernel.matrix[np.ix_(order, order)]
    np.testing.assert_array_equal(entries.images[0].get_array(), matrix)
    shown = np.asarray(cosines.images[0].get_array())
    np.testing.assert_allclose(shown.diagonal(), 1.0, rtol=1e-12)
    assert shown[3, 7] == pytest.approx(matrix[3, 7] / np.sqrt(matrix[3, 3] * matrix[7, 7]), rel=1e-12)
    assert [label.get_text() for label in entries.get_yticklabels()] == list(kernel.names)
    lines = {line.get_label(): line.get_ydata() for line in curves.lines}
    assert set(lines) == {"all of $K$", *kernel.names}
    values = kernel.eigenvalues("f")
    np.testing.assert_allclose(lines["f"], values[: len(lines["f"])], rtol=1e-12)
    # Two lines between groups in each direction: three ends of groups.
    assert len(entries.lines) == 6


@pytest.mark.parametrize("matrix", [np.zeros((3, 3)), np.diag([1e-300, 1.0, 1e12])])
def test_a_kernel_of_zeros_or_of_many_magnitudes_is_drawn(matrix):
    groups = (KernelGroup("b", GroupKind.VALUE, 1), KernelGroup("f", GroupKind.EQUATION, 2))
    kernel = Kernel(matrix, groups)
    assert len(svg_text(draw_kernel_matrix(kernel))) > 10_000
    top = np.abs(matrix).max() or 1.0
    assert 0 < linear_width(kernel) <= top
    ticks = decade_ticks(linear_width(kernel), top)
    assert 1 <= len(ticks) <= 7
    assert max(ticks) <= top


def test_the_law_s_picture_has_its_medians_and_bars(prediction):
    at = [block for block in prediction.blocks if block.width == 256]
    networks = {("ff", Fraction(1, 2)): at[-1].norms}
    figure = draw_limit_law(prediction.blocks, at, "title", networks=networks)
    assert len(figure.axes) == 6
    upper, lower = figure.axes[2], figure.axes[5]  # K_ff
    medians = {tuple(line.get_ydata()) for line in upper.lines}
    for s in prediction.exponents:
        own = [b for b in prediction.blocks if b.block == "ff" and b.s == s]
        assert tuple(np.median(b.norms) for b in own) in medians
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:3] == ["$s = 2/5$", "$s = 1/2$", "$s = 3/4$"]
    assert labels[-1] == "networks (bars)"
    assert len(lower.patches) == 6  # an outline and a filling for each s
    constant = figure.axes[3]  # K_bb: three lines, no histogram
    assert len(constant.lines) == 3
    assert not constant.patches
    with pytest.raises(InputError, match="at least one"):
        draw_limit_law([], at)


def test_a_law_without_finite_draws_is_said_to_have_none():
    problem = nt.problem("log(u)")
    network = nt.Network(problem.variables, problem.fields, 1, activation="erf")
    found = predict(problem, network, nt.draw_points(problem, 3, 0), ["1/2"], [64], size=20)
    figure = draw_limit_law(found.blocks, found.blocks)
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert texts == ["no finite draws"] * 2


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("name", ["heat", "kdv", "schroedinger"])
def test_the_cost_foresees_route_and_parameters(name, depth):
    problem = nt.zoo(name)
    network = nt.Network(problem.variables, problem.fields, 32, depth)
    ahead = kernel_cost(problem, network, 4)
    theta = network.init(0)
    assert network.parameter_count == ahead.parameters == theta.size
    kernel = nt.ntk(problem, network, theta, nt.draw_points(problem, 4, 0))
    assert kernel.metadata["path"] == ("contracted" if ahead.cost.contracted else "jet")
    assert ahead.bytes >= 8 * kernel.matrix.size + 8 * theta.size


def test_the_law_s_cost_counts_distinct_points():
    problem = nt.zoo("heat")
    network = nt.Network(problem.variables, problem.fields, 1)
    points = nt.draw_points(problem, 4, 0)
    assert law_cost(problem, network, points).pairs == 12 * 13 // 2
    points["ends"] = points["initial"]
    assert law_cost(problem, network, points).pairs == 8 * 9 // 2
    assert law_cost(problem, network, points, rtol=1e-12).seconds > law_cost(problem, network, points).seconds
