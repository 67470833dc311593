"""A = 0, B = 1, γ = x, σ = 1: every answer of the plain network, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.training import train

ONES = {"sigma_w": 1, "sigma_b": 1, "sigma_a": 1, "law": "normal"}


def both(name: str, depth: int, width: int = 24):
    """A problem and a network for it; the same under an ansatz, features and a start that change nothing."""
    plain = nt.zoo(name)
    field, variables = plain.fields[0], plain.variables
    dressed = nt.problem(plain, ansatz=f"{field} = 0 + 1*w")
    features = {variable: {"affine": [1, 0]} for variable in variables}
    networks = (
        nt.Network(variables, plain.fields, width, depth=depth),
        nt.Network(variables, dressed.outputs, width, depth=depth, features=features, initialisation=ONES),
    )
    return (plain, networks[0]), (dressed, networks[1])


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("name", ["heat", "burgers", "kdv"])
def test_kernels_and_laws_are_the_plain_ones(name: str, depth: int) -> None:
    points = nt.draw_points(nt.zoo(name), 3, seed=2)
    kernels, laws = [], []
    for problem, network in both(name, depth):
        kernels.append(nt.ntk(problem, network, network.init(1), points).matrix)
        laws.append(nt.limit_law(problem, network, points))
    np.testing.assert_array_equal(*kernels)
    np.testing.assert_array_equal(laws[0].jet_ntk, laws[1].jet_ntk)
    np.testing.assert_array_equal(laws[0].covariance, laws[1].covariance)
    np.testing.assert_array_equal(*(law.sample(0.5, 3, 1).matrix for law in laws))


@pytest.mark.parametrize("name", ["heat", "burgers", "kdv", "sine-gordon"])
def test_rules_are_the_plain_ones(name: str) -> None:
    (plain, _), (dressed, network) = both(name, 1)
    old = nt.classify(plain)
    new = nt.classify(dressed, features=network.features, initialisation=ONES)
    for s in ("1/4", "1/2", "3/4", "1"):
        for block in ("bb", "bf", "ff"):
            mine, theirs = (found.regime(block, s) for found in (old, new))
            assert mine.limit is theirs.limit
            assert mine.norm_exponent_at(s) == theirs.norm_exponent_at(s)


def test_training_is_the_plain_one() -> None:
    runs = []
    for problem, network in both("burgers", 2, 12):
        points = nt.draw_points(problem, 20, seed=0)
        runs.append(train(problem, network, points=points, until=6, seed=3, error=False, evidence=False))
    np.testing.assert_array_equal(*(run.parameters.flatten() for run in runs))
