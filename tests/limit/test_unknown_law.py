"""The limit law with unknown coefficients against networks; the law without their term must be rejected."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import ntk_theory as nt
from ntk_theory.errors import InputError

#: operator, unknowns, output bias.
CASES = [
    ("u_t - k*u_xx", {"k": 1}, "zero"),
    ("u_t - u_xx + p*u", {"p": {"start": 2, "positive": True}}, "normal"),
    ("u_t + a*u*u_x", {"a": 0}, "normal"),
    ("u_t - u_xx + q*sin(r*u)", {"q": 1, "r": 2}, "zero"),
]
NETWORKS, WIDTH, DRAWS = 300, 512, 4000
#: p-values below this reject: four cases and two entries, 1e-3 of runs by chance.
LEVEL = 1e-4


def _law(text: str, unknowns: dict, bias: str):
    problem = nt.problem(text, unknowns=unknowns)
    points = {name: 0.8 * x - 0.4 for name, x in nt.draw_points(problem, 2, 1).items()}
    network = nt.Network(problem.variables, problem.fields, WIDTH, output_bias=bias)
    return problem, network, nt.limit_law(problem, network, points), points


@pytest.mark.statistics
@pytest.mark.parametrize(("text", "unknowns", "bias"), CASES)
def test_networks_follow_the_law(text: str, unknowns: dict, bias: str) -> None:
    """What training the unknowns adds to K_ff: T, which fluctuates by N^{-1/2}, has no part in it."""
    problem, network, law, points = _law(text, unknowns, bias)
    known = problem.bind()
    found = []
    for seed in range(NETWORKS):
        theta = network.init(seed)
        found.append(
            nt.ntk(problem, network, theta, points)["f,f"] - nt.ntk(known, network, theta, points)["f,f"]
        )
    laws = (law, nt.limit_law(known, network, points))
    drawn, without = (own.sample(1.0, DRAWS, 7)["f,f"] for own in laws)
    added, seen = drawn - without, np.array(found)
    for i, j in ((0, 0), (0, 1)):
        assert stats.ks_2samp(seen[:, i, j], added[:, i, j]).pvalue > LEVEL
    # A law that is off by the factor p² of a logarithm (2² here), or has no such term, is seen.
    assert stats.ks_2samp(seen[:, 0, 0], 4 * added[:, 0, 0]).pvalue < LEVEL
    assert np.abs(seen).min() > 0


@pytest.mark.parametrize(("text", "unknowns", "bias"), CASES)
def test_the_mean_is_that_of_the_draws(text: str, unknowns: dict, bias: str) -> None:
    """Exact means of every entry within 5 standard errors of 20000 draws: by chance in 2e-5 of runs."""
    _, _, law, _ = _law(text, unknowns, bias)
    drawn = law.sample(0.7, 20_000, 3).matrix
    error = drawn.std(axis=0, ddof=1) / np.sqrt(len(drawn))
    off = np.abs(drawn.mean(axis=0) - law.mean(0.7).matrix)
    assert np.all(off <= 5 * error + 1e-12 * np.abs(drawn).max())


def test_what_is_one_number() -> None:
    _, _, heat, _ = _law("u_t - k*u_xx", {"k": 1}, "zero")
    assert heat.is_fixed("b,f")
    assert not heat.is_fixed("f,f")
    with pytest.raises(InputError, match="derivative by an unknown holds jets"):
        heat.deterministic(1.0)
    problem, _, source, points = _law("u_t - u_xx - q*cos(x)", {"q": 3}, "zero")
    assert source.is_fixed()
    matrix = source.deterministic(0.5)
    np.testing.assert_allclose(source.sample(0.5, 1, 0).matrix[0], matrix, rtol=1e-12)
    network = nt.Network(problem.variables, problem.fields, 8)
    known = nt.limit_law(problem.bind(), network, points).deterministic(0.5)
    column = np.concatenate([np.zeros(2), -np.cos(points["f"][:, 0])])
    np.testing.assert_allclose(matrix - known, np.outer(column, column), atol=1e-12)
    # Above 1/2 the column alone is left, beside that of the output bias.
    bias = np.concatenate([np.ones(2), np.zeros(2)])
    np.testing.assert_allclose(source.frozen().matrix, np.outer(column, column) + np.outer(bias, bias))
