"""The PINN NTK in JAX: jit(vmap(grad(residual))), then J Jᵀ. Peer of the benchmarks, oracle of the tests.

Three ways to the derivatives of the network in x: nested ``jax.grad``, nested ``jax.jvp`` and
``jax.experimental.jet`` (Taylor mode). float64 throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import jet
from jax.scipy.special import erf
from peer_expressions import bound, evaluate

from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.setting.features import Period
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.problem import Group, Problem

jax.config.update("jax_enable_x64", True)

VARIANTS = ("grad", "jvp", "jet")

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sin": jnp.sin,
    "cos": jnp.cos,
    "tan": jnp.tan,
    "sinh": jnp.sinh,
    "cosh": jnp.cosh,
    "tanh": jnp.tanh,
    "exp": jnp.exp,
    "log": jnp.log,
    "abs": jnp.abs,
    "sign": jnp.sign,
    "erf": erf,
    "sqrt": jnp.sqrt,
    "atan": jnp.arctan,
}

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "tanh": jnp.tanh,
    "sigmoid": lambda z: 1 / (1 + jnp.exp(-z)),
    "softplus": lambda z: jnp.log1p(jnp.exp(z)),
    "sin": jnp.sin,
    "erf": erf,
    "gaussian": lambda z: jnp.exp(-z * z),
    "silu": lambda z: z / (1 + jnp.exp(-z)),
    "mish": lambda z: z * jnp.tanh(jnp.log1p(jnp.exp(z))),
    "gelu": lambda z: z * (1 + erf(z / np.sqrt(2.0))) / 2,
}


def activation(name: str) -> Callable[[Any], Any]:
    """φ; ``relu^k`` is max(z, 0)^k."""
    if name.startswith("relu"):
        power = int(name.partition("^")[2] or 1)
        return lambda z: jnp.maximum(z, 0.0) ** power
    return ACTIVATIONS[name]


def leaves(parameters: Parameters) -> list[jax.Array]:
    """The parameter arrays W¹, b¹, …, readout (, output bias)."""
    return [jnp.asarray(block) for block in parameters.blocks()]


def network_function(network: Network) -> Callable[[Sequence[Any], Any], Any]:
    """u(leaves, x) → (m,) for one point x (d,)."""
    phi, depth = activation(network.activation), len(network.widths)
    scale = network.output_scale

    def u(theta: Sequence[Any], x: Any) -> Any:
        h = x
        if network.input_map is not None:
            h = h * np.array(network.input_map.scale) + np.array(network.input_map.shift)
        if network.features is not None:
            h = features(network, x, h)
        for layer in range(depth):
            weight, bias = theta[2 * layer], theta[2 * layer + 1]
            h = phi(weight @ h / (1.0 if layer == 0 else np.sqrt(len(h))) + bias)
        out = scale * (theta[2 * depth] @ h)
        return out if network.output_bias == "none" else out + theta[2 * depth + 1]

    return u


def features(network: Network, x: Any, mapped: Any) -> Any:
    """γ(x), written from the plain data of the feature map; frequencies act on the mapped inputs."""
    given = network.features.to_dict()
    if network.features.waves is not None:
        omega = np.array(network.features.waves.frequencies(len(network.variables)))
        angle = 2 * np.pi * (omega @ mapped)
        return jnp.concatenate([jnp.cos(angle), jnp.sin(angle)]) / np.sqrt(len(omega))
    lines, angles, sizes = [], [], []
    for j, name in enumerate(network.variables):
        entry = given.get(name, {})
        if "periodic" in entry:
            count = entry.get("harmonics", 1)
            period = float(Period.of(entry["periodic"]))
            angles += [2 * np.pi * k * x[j] / period for k in range(1, count + 1)]
            sizes += [count**-0.5] * count
        elif "affine" in entry:
            lines.append(entry["affine"][0] * x[j] + entry["affine"][1])
        else:
            lines.append(mapped[j])
    waves = jnp.stack(angles)
    columns = [np.array(sizes) * jnp.cos(waves), np.array(sizes) * jnp.sin(waves)]
    return jnp.concatenate([*([jnp.stack(lines)] if lines else []), *columns])


def _partial_grad(f: Callable[[Any], Any], j: int) -> Callable[[Any], Any]:
    return lambda x: jax.grad(f)(x)[j]


def _partial_jvp(f: Callable[[Any], Any], direction: Any) -> Callable[[Any], Any]:
    return lambda x: jax.jvp(f, (x,), (direction,))[1]


def _nested_grad(f: Callable[[Any], Any], index: Sequence[int]) -> Callable[[Any], Any]:
    for j, n in enumerate(index):
        for _ in range(n):
            f = _partial_grad(f, j)
    return f


def _nested_jvp(f: Callable[[Any], Any], index: Sequence[int]) -> Callable[[Any], Any]:
    for j, n in enumerate(index):
        for _ in range(n):
            f = _partial_jvp(f, np.eye(len(index))[j])
    return f


def _output(u: Callable[[Any], Any], i: int) -> Callable[[Any], Any]:
    return lambda x: u(x)[i]


def _grad_jets(
    u: Callable[[Any], Any], slots: Sequence[Slot], fields: Sequence[str], x: Any
) -> dict[Slot, Any]:
    return {s: _nested_grad(_output(u, fields.index(s.field)), s.index)(x) for s in slots}


def _jvp_jets(
    u: Callable[[Any], Any], slots: Sequence[Slot], fields: Sequence[str], x: Any
) -> dict[Slot, Any]:
    return {s: _nested_jvp(u, s.index)(x)[fields.index(s.field)] for s in slots}


def _taylor_jets(
    u: Callable[[Any], Any], slots: Sequence[Slot], fields: Sequence[str], x: Any
) -> dict[Slot, Any]:
    """All orders along one variable from one Taylor-mode call; other variables by nested jvp inside."""
    orders: dict[tuple[int, tuple[int, ...]], int] = {}
    place: dict[Slot, tuple[tuple[int, tuple[int, ...]], int]] = {}
    for slot in slots:
        j = int(np.argmax(slot.index))
        key = (j, tuple(0 if k == j else n for k, n in enumerate(slot.index)))
        place[slot] = key, slot.index[j]
        orders[key] = max(orders.get(key, 0), slot.index[j])
    series = {}
    for (j, rest), order in orders.items():
        inner = _nested_jvp(u, rest)
        if order == 0:
            series[j, rest] = [inner(x)]
            continue
        direction = [jnp.eye(len(x))[j]] + [jnp.zeros(len(x))] * (order - 1)
        value, terms = jet.jet(inner, (x,), (direction,))
        series[j, rest] = [value, *terms]
    return {s: series[key][n][fields.index(s.field)] for s, (key, n) in place.items()}


_JETS = {"grad": _grad_jets, "jvp": _jvp_jets, "jet": _taylor_jets}


@dataclass(frozen=True)
class JaxPeer:
    """Kernels of one problem and network; ``variant`` is one of :data:`VARIANTS`.

    ``own`` (leaves, x) → values of the problem's fields stands in for the network's outputs where given.
    """

    problem: Problem
    network: Network
    variant: str = "jvp"
    numbers: Mapping[str, Any] = field(default_factory=dict)
    own: Callable[[Sequence[Any], Any], Any] | None = None

    def residual(self, group: Group) -> Callable[[Sequence[Any], Any], Any]:
        """R_g(leaves, x) without its target (which holds no unknown), x (d,) or (k, d) with k legs."""
        u, fields = network_function(self.network), self.network.fields
        if self.own is not None:
            u, fields = self.own, self.problem.fields
        jets = _JETS[self.variant]
        unknowns = self.problem.unknowns
        numbers = {k: v for k, v in {**self.problem.parameters, **self.numbers}.items() if k not in unknowns}
        open_ = {s.name: s for leg in group.legs for s in leg.parameters if s.name in unknowns}
        legs = [(leg, bound(leg, {**numbers, **open_})) for leg in group.legs]

        def residual(theta: Sequence[Any], x: Any) -> Any:
            total = 0.0
            for place, (leg, expression) in zip([x] if len(legs) == 1 else x, legs, strict=True):
                found = jets(lambda x: u(theta, x), leg.slots, fields, place)
                values = {leg.space.symbol(slot): value for slot, value in found.items()}
                values |= {leg.space.variable(v): place[k] for k, v in enumerate(leg.space.variables)}
                for k, (name, unknown) in enumerate(unknowns.items()):  # the last leaf; log p of a positive p
                    trained = jnp.exp(theta[-1][k]) if unknown.positive else theta[-1][k]
                    values |= {symbol: trained for symbol in expression.free_symbols if symbol.name == name}
                total = total + evaluate(expression, values, FUNCTIONS)
            return total

        return residual

    @cached_property
    def function(self) -> Callable[..., jax.Array]:
        """Jit of (leaves, rates, points per group) → K (n, n)."""
        residuals = [self.residual(group) for group in self.problem.groups]

        def kernel(theta: Sequence[Any], rates: Any, points: Sequence[Any]) -> Any:
            rows = [
                jax.vmap(jax.grad(r), (None, 0))(theta, x) for r, x in zip(residuals, points, strict=True)
            ]
            total = 0.0
            for k in range(len(theta)):
                jacobian = jnp.concatenate([row[k].reshape(len(row[k]), -1) for row in rows])
                total = total + rates[k] * (jacobian @ jacobian.T)
            return total

        return jax.jit(kernel)

    def prepare(self, parameters: Parameters, points: Mapping[str, Any]) -> Callable[[], jax.Array]:
        """A call without arguments that computes the kernel from arrays already on the device."""
        theta, rates = leaves(parameters), jnp.asarray(parameters.rates)
        places = [jnp.asarray(points[group.name], dtype=jnp.float64) for group in self.problem.groups]
        return lambda: self.function(theta, rates, places).block_until_ready()

    def kernel(self, parameters: Parameters, points: Mapping[str, Any]) -> np.ndarray:
        """K (n, n), rows as in ``Kernel.matrix``."""
        return np.asarray(self.prepare(parameters, points)())
