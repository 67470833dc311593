"""Loss gradients and dense Jacobians against JAX, to 1e-10 of their norm (Jacobian: of the row's norm)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from peers_jax import JaxPeer, leaves

import ntk_theory as nt
from ntk_theory.model.network import Network
from ntk_theory.model.points import draw_points
from ntk_theory.training.objective import Objective

pytestmark = pytest.mark.oracle

#: Third order; non-polynomial; a system; fourth order with a periodic pair, if the zoo has one.
CASES = [
    ("kdv", (17,), "1/2", "zero", "tanh"),
    ("kdv", (9, 8, 7), "3/4", "none", "sin"),
    ("sine-gordon", (8, 9), "1/4", "normal", "gelu"),
    ("shallow-water", (7, 6), "1/2", "zero", "erf"),
    ("kuramoto-sivashinsky", (6, 5), "1/2", "zero", "tanh"),
]


def case(name, widths, s, bias, activation):
    problem = nt.zoo(name)
    box = {v: tuple(map(float, problem.domain[v])) for v in problem.variables}
    network = Network(
        problem.variables,
        problem.fields,
        width=widths,
        s=s,
        activation=activation,
        output_bias=bias,
        input_map=box,
    )
    points = draw_points(problem, 5, seed=3)
    theta = network.init(4)
    weights = {group.name: 0.5 + k for k, group in enumerate(problem.groups)}
    return problem, network, theta, points, Objective.of(problem, network, theta, points, weights)


def jax_residuals(problem, network, objective, points):
    """Leaves → R (n,), targets subtracted."""
    peer = JaxPeer(problem, network)
    groups = objective.residuals.rows.problem.groups
    parts = []
    for group, lowered in zip(problem.groups, groups, strict=True):
        places = points[group.name]
        first = places if len(group.legs) == 1 else places[:, 0]
        parts.append((peer.residual(group), jnp.asarray(places), lowered.target(first)))
    return lambda theta: jnp.concatenate(
        [jax.vmap(f, (None, 0))(theta, x) - target for f, x, target in parts]
    )


@pytest.mark.parametrize("given", CASES, ids=lambda given: f"{given[0]}-{len(given[1])}-{given[4]}")
def test_gradient_and_jacobian_equal_jax(given) -> None:
    problem, network, theta, points, objective = case(*given)
    residuals = jax_residuals(problem, network, objective, points)
    weights = jnp.asarray(objective.weights)

    @jax.jit  # one compilation for R, the gradient and the Jacobian
    def oracle(leaf):
        value, pull = jax.vjp(residuals, leaf)
        return value, pull(weights * value)[0], jax.vmap(pull)(jnp.eye(len(value)))[0]

    wanted, want, rows = oracle(leaves(theta))
    want = np.concatenate([np.asarray(block).ravel() for block in want])
    values, gradient = objective.gradient(theta.flatten())
    assert np.linalg.norm(gradient - want) <= 1e-10 * np.linalg.norm(want)
    np.testing.assert_allclose(values, wanted, rtol=1e-10, atol=1e-10)
    rows = np.concatenate([np.asarray(block).reshape(objective.size, -1) for block in rows], axis=1)
    mine, dense = objective.jacobian(theta.flatten())
    np.testing.assert_allclose(mine, values, rtol=1e-12, atol=1e-12)
    assert (np.linalg.norm(dense - rows, axis=1) <= 1e-10 * np.linalg.norm(rows, axis=1)).all()


def test_another_s_would_be_seen() -> None:
    """Negative control: the gradient at a slightly different exponent is far outside the tolerance."""
    problem, network, theta, points, objective = case(*CASES[0])
    _, gradient = objective.gradient(theta.flatten())
    other = Network(problem.variables, problem.fields, network.widths, s="0.501", input_map=network.input_map)
    wrong_s = Objective.of(problem, other, theta.for_s("0.501"), points, objective.group_weights)
    _, wrong = wrong_s.gradient(theta.flatten())
    assert np.linalg.norm(gradient - wrong) > 1e-4 * np.linalg.norm(gradient)
