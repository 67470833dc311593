"""A network in another library's parameterisation, written plainly in JAX: its own kernel, of its own θ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import peers_jax  # noqa: F401 - switches JAX to float64
import pytest

import ntk_theory as nt
from ntk_theory.empirical.ntk import ntk
from ntk_theory.model.network import Network
from ntk_theory.model.parameterisation import from_ntk, from_standard
from ntk_theory.model.points import draw_points

pytestmark = pytest.mark.oracle

Layers = Sequence[tuple[Any, Any]]
WIDTHS = (12, 9, 14)
SW, SB = 1.4, 0.3


def standard(layers: Layers, x: Any) -> Any:
    for weight, bias in layers[:-1]:
        x = jnp.tanh(weight @ x + bias)
    return (layers[-1][0] @ x + layers[-1][1])[0]


def ntk_scaled(layers: Layers, x: Any) -> Any:
    for weight, bias in layers[:-1]:
        x = jnp.tanh(SW / np.sqrt(len(x)) * weight @ x + SB * bias)
    return (SW / np.sqrt(len(x)) * layers[-1][0] @ x + SB * layers[-1][1])[0]


def kdv_kernel(u: Callable[[Layers, Any], Any], layers: Layers, points: dict[str, Any]) -> np.ndarray:
    """Σ_θ ∂_θR ∂_θR' of the groups initial, ends, slope and f of KdV, written out by hand."""

    def along(f: Any, j: int) -> Any:
        return lambda x: jax.grad(f)(x)[j]

    def f(theta: Layers, x: Any) -> Any:
        field = lambda y: u(theta, y)  # noqa: E731 - the network at fixed parameters
        u_x, u_t = along(field, 0), along(field, 1)
        return u_t(x) + field(x) * u_x(x) + along(along(u_x, 0), 0)(x)

    def slope(theta: Layers, x: Any) -> Any:
        return jax.grad(lambda y: u(theta, y))(x)[0]

    rows = []
    for name, residual in (("initial", u), ("ends", u), ("slope", slope), ("f", f)):
        gradient = jax.vmap(jax.grad(residual), (None, 0))(layers, jnp.asarray(points[name]))
        rows.append(
            jnp.concatenate([leaf.reshape(len(leaf), -1) for leaf in jax.tree.leaves(gradient)], axis=1)
        )
    jacobian = jnp.concatenate(rows)
    return np.asarray(jacobian @ jacobian.T)


@pytest.mark.parametrize("s", ["1/2", "1"])
@pytest.mark.parametrize("name", ["standard", "ntk"])
def test_a_foreign_network_s_own_kernel(name: str, s: str) -> None:
    rng = np.random.default_rng(8)
    sizes = (2, *WIDTHS, 1)
    layers = [(rng.normal(size=(m, n)), rng.normal(size=m)) for n, m in pairwise(sizes)]
    problem = nt.zoo("kdv")
    assert [group.name for group in problem.groups] == ["initial", "ends", "slope", "f"]
    points = {k: v / 5 for k, v in draw_points(problem, 3, seed=1).items()}
    network = Network(problem.variables, problem.fields, WIDTHS, s=s)
    if name == "standard":
        parameters = from_standard(layers, s)
        wanted = kdv_kernel(standard, layers, points)
    else:
        parameters = from_ntk(layers, s, weight_scale=SW, bias_scale=SB)
        wanted = kdv_kernel(ntk_scaled, layers, points)
    for path in ("jet", "contracted"):
        found = ntk(problem, network, parameters, points, path=path).matrix
        assert np.linalg.norm(found - wanted) <= 1e-10 * np.linalg.norm(wanted)
