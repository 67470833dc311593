"""Some groups only: points, residuals and kernels of a part are that part of the whole."""

from __future__ import annotations

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.model.groups import chosen, spread

KDV = nt.zoo("kdv")
#: A scalar problem with four groups, one with periodic pairs (two legs), and a system.
PROBLEMS = ("kdv", "advection", "gray-scott")


def network(problem):
    return nt.Network(problem.variables, problem.fields, width=12, depth=2, output_bias="normal")


def names(groups):
    return [group.name for group in groups]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (None, ["initial", "ends", "slope", "f"]),
        ("f", ["f"]),
        ("b", ["initial", "ends"]),
        (("f", "b"), ["initial", "ends", "f"]),
        (["slope", "initial"], ["initial", "slope"]),
        (["f", "f"], ["f"]),
    ],
)
def test_names_and_unions(asked, found):
    assert names(chosen(KDV.groups, asked)) == found


def test_f_stands_for_every_equation_of_a_system():
    system = nt.zoo("gray-scott")
    assert names(chosen(system.groups, "f")) == names(system.equations)


@pytest.mark.parametrize("asked", ["initail", ["f", "g"], [1], [], "", ["f", None]])
def test_unknown_groups_are_refused_with_the_known_ones(asked):
    with pytest.raises(nt.errors.InputError, match=r"initial, ends, slope, f"):
        chosen(KDV.groups, asked)


def test_no_value_group_no_b():
    only_equation = [group for group in KDV.groups if group.name == "f"]
    with pytest.raises(nt.errors.InputError, match="'b'"):
        chosen(only_equation, "b")


def test_spread_fills_only_what_is_not_given():
    assert spread(KDV.groups, {"b": 1, "ends": 2, "f": 3}) == {"initial": 1, "ends": 2, "f": 3}


@pytest.mark.parametrize("name", PROBLEMS)
def test_points_of_some_groups_are_those_of_all(name):
    problem = nt.zoo(name)
    every = nt.draw_points(problem, 5, seed=3)
    for group in names(problem.groups):
        part = nt.draw_points(name, 5, seed=3, groups=group)
        assert list(part) == [group]
        np.testing.assert_array_equal(part[group], every[group])


def test_counts_are_needed_for_the_chosen_groups_only():
    assert nt.draw_points(KDV, {"f": 3}, groups="f")["f"].shape == (3, 2)
    with pytest.raises(nt.errors.InputError, match="counts lacks the group 'slope'"):
        nt.draw_points(KDV, {"f": 3}, groups=["f", "slope"])


@pytest.mark.parametrize("path", ["jet", "contracted"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_a_kernel_of_some_groups_is_a_part_of_the_whole(name, path):
    problem = nt.zoo(name)
    net = network(problem)
    theta, points = net.init(1), nt.draw_points(problem, 4, seed=1)
    whole = nt.ntk(problem, net, theta, points, path=path)
    for asked in ("f", names(problem.groups)[0], names(problem.groups)[-2:]):
        part = nt.ntk(problem, net, theta, points, groups=asked, path=path)
        for g in part.names:
            for h in part.names:
                np.testing.assert_allclose(
                    part[g, h], whole[g, h], rtol=1e-10, atol=1e-12 * abs(whole[g, h]).max()
                )
        assert set(part.names) == set(names(chosen(problem.groups, asked)))


def test_points_of_the_chosen_groups_are_enough():
    net = network(KDV)
    drawn = nt.draw_points(KDV, 3, groups="f")
    assert nt.ntk(KDV, net, net.init(0), drawn, groups="f").names == ("f",)
    with pytest.raises(nt.errors.InputError, match="points lacks the group 'initial'"):
        nt.ntk(KDV, net, net.init(0), drawn)


@pytest.mark.parametrize("name", PROBLEMS)
def test_residuals_by_group_are_those_of_the_stacked_ones(name):
    problem = nt.zoo(name)
    net = network(problem)
    theta, points = net.init(2), nt.draw_points(problem, 4, seed=2)
    stacked = nt.Residuals.of(problem, net, points).at(theta).values
    found = nt.residuals(problem, net, theta, points)
    assert list(found) == names(problem.groups)
    np.testing.assert_array_equal(np.concatenate(list(found.values())), stacked)
    alone = nt.residuals(name, net, theta, points, groups="f")
    assert list(alone) == names(problem.equations)
    for group, values in alone.items():
        np.testing.assert_allclose(values, found[group], rtol=1e-10, atol=1e-12)


def test_a_residual_is_what_its_formula_says():
    """u = a tanh(w x + b) + c by hand: R = u_x - 2 u + 1 at three points."""
    w, b, a, c = 0.7, -0.2, 1.3, 0.4
    theta = nt.Parameters(((np.array([[w]]), np.array([b])),), np.array([a]), np.array([c]))
    net = nt.Network(("x",), ("u",), width=1)
    x = np.array([[-0.5], [0.1], [0.9]])
    h = np.tanh(w * x[:, 0] + b)
    expected = a * w * (1 - h**2) - 2 * (a * h + c) + 1
    found = nt.residuals("u_x - 2*u + 1", net, theta, {"f": x}, groups="f")["f"]
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_points_for_b_and_f_stand_for_all_their_groups():
    net = network(KDV)
    points = nt.draw_points(KDV, 4)
    short = {"b": points["initial"], "slope": points["slope"], "f": points["f"]}
    long = {**points, "ends": points["initial"]}
    a, b = (nt.ntk(KDV, net, net.init(0), given).matrix for given in (short, long))
    np.testing.assert_array_equal(a, b)
