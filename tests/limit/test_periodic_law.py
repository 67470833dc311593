"""The law of a periodic pair keeps its size where ε² is far below rounding."""

from __future__ import annotations

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.limit import limit_law
from ntk_theory.model.network import Network
from ntk_theory.model.points import draw_points


@pytest.mark.parametrize("epsilon", [1e-2, 1e-10, 1e-20])
def test_the_bias_of_a_periodic_pair_cancels_before_epsilon_is_added(epsilon):
    problem = nt.zoo("advection")
    points = draw_points(problem, 3, 0)
    law = limit_law(problem, Network(problem.variables, problem.fields, 8, s="1", activation="erf"), points)
    kernels = law.sample(epsilon, 2, 0)
    at_one = law.sample(1.0, 2, 0)
    # A linear group without u's constant part: K = ε² Σ F F' T, for every ε.
    for k in range(2):
        block, reference = kernels["periodic,periodic"][k], at_one["periodic,periodic"][k]
        np.testing.assert_allclose(block, epsilon**2 * reference, rtol=1e-9, atol=1e-12 * epsilon**2)
    assert np.abs(at_one["periodic,periodic"]).max() > 0.01
