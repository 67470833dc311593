"""The PINN NTK in PyTorch: torch.func.vmap(grad(residual)), then J Jᵀ. Peer of the benchmarks.

Two ways to the derivatives of the network in x: nested ``torch.func.grad`` and nested ``torch.func.jvp``.
PyTorch has no Taylor mode. float64 throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from peer_expressions import bound, evaluate
from torch.func import grad, jvp, vmap

from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.problem import Group, Problem

VARIANTS = ("grad", "jvp")

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    name: getattr(torch, name)
    for name in (
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "tanh",
        "exp",
        "log",
        "abs",
        "sign",
        "erf",
        "sqrt",
        "atan",
    )
}

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "tanh": torch.tanh,
    "sigmoid": lambda z: 1 / (1 + torch.exp(-z)),
    "softplus": lambda z: torch.log1p(torch.exp(z)),
    "sin": torch.sin,
    "erf": torch.erf,
    "gaussian": lambda z: torch.exp(-z * z),
    "silu": lambda z: z / (1 + torch.exp(-z)),
    "mish": lambda z: z * torch.tanh(torch.log1p(torch.exp(z))),
    "gelu": lambda z: z * (1 + torch.erf(z / 2**0.5)) / 2,
}


def activation(name: str) -> Callable[[Any], Any]:
    """φ; ``relu^k`` is max(z, 0)^k."""
    if name.startswith("relu"):
        power = int(name.partition("^")[2] or 1)
        return lambda z: torch.clamp(z, min=0.0) ** power
    return ACTIVATIONS[name]


def network_function(network: Network) -> Callable[[Sequence[Any], Any], Any]:
    """u(leaves, x) → (m,) for one point x (d,)."""
    phi, depth = activation(network.activation), len(network.widths)

    def u(theta: Sequence[Any], x: Any) -> Any:
        h = x
        if network.input_map is not None:
            h = h * torch.tensor(network.input_map.scale, dtype=torch.float64)
            h = h + torch.tensor(network.input_map.shift, dtype=torch.float64)
        for layer in range(depth):
            h = phi(theta[2 * layer] @ h / (1.0 if layer == 0 else len(h) ** 0.5) + theta[2 * layer + 1])
        out = network.output_scale * (theta[2 * depth] @ h)
        return out if network.output_bias == "none" else out + theta[2 * depth + 1]

    return u


def _partial_grad(f: Callable[[Any], Any], j: int) -> Callable[[Any], Any]:
    return lambda x: grad(f)(x)[j]


def _partial_jvp(f: Callable[[Any], Any], direction: Any) -> Callable[[Any], Any]:
    return lambda x: jvp(f, (x,), (direction,))[1]


def _nested_grad(f: Callable[[Any], Any], index: Sequence[int]) -> Callable[[Any], Any]:
    for j, n in enumerate(index):
        for _ in range(n):
            f = _partial_grad(f, j)
    return f


def _nested_jvp(f: Callable[[Any], Any], index: Sequence[int]) -> Callable[[Any], Any]:
    for j, n in enumerate(index):
        for _ in range(n):
            f = _partial_jvp(f, torch.eye(len(index), dtype=torch.float64)[j])
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


_JETS = {"grad": _grad_jets, "jvp": _jvp_jets}


@dataclass(frozen=True)
class TorchPeer:
    """Kernels of one problem and network; ``variant`` is one of :data:`VARIANTS`."""

    problem: Problem
    network: Network
    variant: str = "jvp"
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def residual(self, group: Group) -> Callable[[Sequence[Any], Any], Any]:
        """R_g(leaves, x) without its target, x (d,) or (k, d) with k legs."""
        u, fields = network_function(self.network), self.network.fields
        jets = _JETS[self.variant]
        numbers = {**self.problem.parameters, **self.numbers}
        legs = [(leg, bound(leg, numbers)) for leg in group.legs]

        def residual(theta: Sequence[Any], x: Any) -> Any:
            total = torch.zeros((), dtype=torch.float64)
            for place, (leg, expression) in zip([x] if len(legs) == 1 else x.unbind(0), legs, strict=True):
                found = jets(lambda x: u(theta, x), leg.slots, fields, place)
                values = {leg.space.symbol(slot): value for slot, value in found.items()}
                values |= {leg.space.variable(v): place[k] for k, v in enumerate(leg.space.variables)}
                total = total + evaluate(expression, values, FUNCTIONS)
            return total

        return residual

    @cached_property
    def residuals(self) -> list[Callable[..., Any]]:
        """vmap(grad(R_g)) per group."""
        return [vmap(grad(self.residual(group)), (None, 0)) for group in self.problem.groups]

    def prepare(self, parameters: Parameters, points: Mapping[str, Any]) -> Callable[[], torch.Tensor]:
        """A call without arguments that computes the kernel from tensors made beforehand."""
        theta = tuple(torch.tensor(block) for block in parameters.blocks())
        places = [torch.tensor(np.asarray(points[g.name], dtype=np.float64)) for g in self.problem.groups]

        def kernel() -> torch.Tensor:
            rows = [r(theta, x) for r, x in zip(self.residuals, places, strict=True)]
            total = torch.zeros((), dtype=torch.float64)
            for k, rate in enumerate(parameters.rates):
                jacobian = torch.cat([row[k].reshape(len(row[k]), -1) for row in rows])
                total = total + rate * (jacobian @ jacobian.T)
            return total

        return kernel

    def kernel(self, parameters: Parameters, points: Mapping[str, Any]) -> np.ndarray:
        """K (n, n), rows as in ``Kernel.matrix``."""
        return self.prepare(parameters, points)().numpy()
