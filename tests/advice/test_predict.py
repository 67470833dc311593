"""``predict``: the law at widths and s, from nothing but a problem."""

from __future__ import annotations

import numpy as np

import ntk_theory as nt


def test_a_text_alone_is_enough():
    """Heat is linear, so its law is one number at every s and N; Burgers' K_ff is random at s = 1/2 only."""
    heat = nt.predict("heat", size=20)
    assert {str(s) for s in heat.exponents} == {"2/5", "1/2", "3/4"}
    assert all(block.is_constant for block in heat.blocks)
    burgers = nt.predict("u_t + u*u_x", size=20)
    random = {str(b.s) for b in burgers.blocks if b.block == "ff" and str(b.regime.limit) == "random"}
    assert random == {"1/2"}


def test_defaults_are_what_they_say():
    problem = nt.problem("u_t + u*u_x")
    network = nt.Network(problem.variables, problem.fields, width=3, s="2/3")  # width and s do not matter
    points = nt.draw_points(problem, 8, 5)
    spelt = nt.predict(problem, network, points, ["2/5", "1/2", "3/4"], [1024], size=20, seed=5)
    short = nt.predict("u_t + u*u_x", size=20, seed=5)
    for mine, theirs in zip(short.blocks, spelt.blocks, strict=True):
        np.testing.assert_array_equal(mine.norms, theirs.norms)


def test_the_rules_are_asked_about_the_network_that_was_given():
    """With its input map, its start and its depth: symmetries depend on all three."""
    problem = nt.problem("u_t - u_xx")
    network = nt.Network(
        ("x", "t"),
        ("u",),
        64,
        2,
        input_map={"x": (0, 2), "t": (0, 1)},
        initialisation={"sigma_w": 2.0, "sigma_b": 1.0},
    )
    asked = nt.predict(problem, network, size=10).reader.classification.kernel
    assert [float(a) for a in asked.inputs.scale] == [1.0, 2.0]
    assert asked.start is not None
    assert asked.depth == 2
