"""Kernels under an ansatz against JAX, which differentiates Φ(x, network) and knows no substitution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from peers_jax import leaves, network_function

import ntk_theory as nt

pytestmark = pytest.mark.oracle

TOLERANCE = 1e-10


def partial(f: Callable[[Any], Any], *order: int) -> Callable[[Any], Any]:
    for k in order:
        f = _partial(f, k)
    return f


def _partial(f: Callable[[Any], Any], k: int) -> Callable[[Any], Any]:
    return lambda x: jax.grad(f)(x)[k]


def _output(net: Callable[..., Any], parameters: Any, j: int) -> Callable[[Any], Any]:
    return lambda x: net(parameters, x)[j]


def _field(phi: Callable[..., Any], v: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    return lambda x: phi(v, x)


def heat(u: Any, x: Any) -> Any:
    return partial(u[0], 1)(x) - partial(u[0], 0, 0)(x) / 5


def burgers(u: Any, x: Any) -> Any:
    return partial(u[0], 1)(x) + u[0](x) * partial(u[0], 0)(x) - partial(u[0], 0, 0)(x) / 10


def sine_gordon(u: Any, x: Any) -> Any:
    return partial(u[0], 1, 1)(x) - partial(u[0], 0, 0)(x) + jnp.sin(u[0](x))


def korteweg(u: Any, x: Any) -> Any:
    return partial(u[0], 1)(x) + u[0](x) * partial(u[0], 0)(x) + partial(u[0], 0, 0, 0)(x)


def vorticity(u: Any, x: Any) -> Any:
    return partial(u[0], 1)(x) * u[1](x) - partial(u[1], 0)(x)


#: (operator, ansatz) as texts, and the same as functions: F(u, x) and u^i(v, x), each by itself.
CASES: dict[str, tuple[str, str, Any, Any]] = {
    "heat, hard": (
        "u_t - u_xx/5", "u = sin(pi*x) + t*x*(1 - x)*w", heat,
        [lambda v, x: jnp.sin(jnp.pi * x[0]) + x[1] * x[0] * (1 - x[0]) * v[0](x)],
    ),
    "burgers, hard": (
        "u_t + u*u_x - u_xx/10", "u = -sin(pi*x) + t*(1 - x^2)*v", burgers,
        [lambda v, x: -jnp.sin(jnp.pi * x[0]) + x[1] * (1 - x[0] ** 2) * v[0](x)],
    ),
    "sine-gordon, positive": (
        "u_tt - u_xx + sin(u)", "u = exp(v)", sine_gordon, [lambda v, x: jnp.exp(v[0](x))],
    ),
    "korteweg-de vries, a derivative of the output": (
        "u_t + u*u_x + u_xxx", "u = x^2*v_x", korteweg, [lambda v, x: x[0] ** 2 * partial(v[0], 0)(x)],
    ),
    "a stream function": (
        "u_t*v - v_x", "u = psi_x; v = -psi_t", vorticity,
        [lambda v, x: partial(v[0], 0)(x), lambda v, x: -partial(v[0], 1)(x)],
    ),
    "two outputs for one field": (
        "u_t + u*u_x - u_xx/10", "u = x*v + t*cos(w)", burgers,
        [lambda v, x: x[0] * v[0](x) + x[1] * jnp.cos(v[1](x))],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("depth", "bias", "s"), [(1, "zero", "1/2"), (2, "normal", "3/4"), (3, "none", "1")])
def test_kernels_agree_with_jax(name: str, depth: int, bias: str, s: str) -> None:
    text, ansatz, operator, fields = CASES[name]
    problem = nt.problem(text, ansatz=ansatz, variables=("x", "t"))
    network = nt.Network(problem.variables, problem.outputs, 6, depth=depth, s=s, output_bias=bias)
    theta = network.init(3)
    points = np.array([[0.3, 0.2], [0.7, 0.9], [-0.4, 0.5]])
    found = nt.ntk(problem, network, theta, {g.name: points for g in problem.groups})["ff"]

    net = network_function(network)

    def residual(parameters: Any, x: Any) -> Any:
        v = [_output(net, parameters, j) for j in range(len(network.fields))]
        return operator([_field(phi, v) for phi in fields], x)

    rows = [jax.grad(residual)(leaves(theta), jnp.array(x)) for x in points]
    flat = np.array([np.concatenate([np.ravel(block) for block in row]) for row in rows])
    expected = flat @ flat.T
    assert np.abs(found - expected).max() <= TOLERANCE * np.abs(expected).max()


def test_a_wrong_ansatz_would_be_seen() -> None:
    """Negative control: another B is far outside the tolerance."""
    points = np.array([[0.3, 0.2], [0.7, 0.9]])
    kernels = []
    for b in ("t*(1 - x^2)", "t*(1 - x^2)*10001/10000"):
        problem = nt.problem("u_t + u*u_x", ansatz=f"u = x + {b}*v")
        network = nt.Network(problem.variables, problem.outputs, 6)
        kernels.append(nt.ntk(problem, network, network.init(0), {"f": points, "b": points})["ff"])
    assert np.abs(kernels[0] - kernels[1]).max() > 1e-5 * np.abs(kernels[0]).max()
