"""Agreement with PyTorch: kernels of torch.nn modules in their own parameterisation, and the timed peers.

1. A ``torch.nn.Sequential`` of ``Linear`` layers with PyTorch's default initialisation, and a module in
   the NTK parameterisation: J Jᵀ of the KdV residual and its conditions over the module's own parameters by
   ``torch.func``, against :func:`ntk` on the converted weights with their layer rates.
2. The peers of peers_torch.py against :func:`ntk` on some problems.

    python benchmarks/agreement_torch.py

Writes results/agreement_torch.json; the exit status is 1 if a difference exceeds 1e-10.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import environment
import numpy as np
import torch
from peers_torch import VARIANTS, TorchPeer
from torch.func import functional_call, grad, vmap

import ntk_theory as nt
from ntk_theory.empirical.ntk import ntk
from ntk_theory.model.network import Network
from ntk_theory.model.parameterisation import from_ntk, from_standard
from ntk_theory.model.points import draw_points

OUTPUT = Path(__file__).parent / "results" / "agreement_torch.json"
TOLERANCE = 1e-10
WIDTHS = (24, 16, 20)
SW, SB = 1.5, 0.4

torch.set_default_dtype(torch.float64)


class ScaledLinear(torch.nn.Module):
    """σ_w/√n V h + σ_b β, all entries N(0, 1) (Jacot et al. 2018)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(outputs, inputs))
        self.bias = torch.nn.Parameter(torch.randn(outputs))

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        """Apply the layer."""
        return SW / self.weight.shape[1] ** 0.5 * h @ self.weight.T + SB * self.bias


def module(layer: Callable[[int, int], torch.nn.Module]) -> torch.nn.Sequential:
    """Tanh between layers of the widths above, two inputs, one output."""
    sizes, parts = (2, *WIDTHS), []
    for n, m in itertools.pairwise(sizes):
        parts += [layer(n, m), torch.nn.Tanh()]
    return torch.nn.Sequential(*parts, layer(WIDTHS[-1], 1))


def own_kernel(net: torch.nn.Module, points: Mapping[str, np.ndarray]) -> np.ndarray:
    """J Jᵀ of KdV's groups initial, ends, slope, f over the module's own parameters."""
    theta = {name: value.detach() for name, value in net.named_parameters()}

    def u(theta: Any, x: Any) -> Any:
        return functional_call(net, theta, (x,))[0]

    def along(f: Any, j: int) -> Any:
        return lambda x: grad(f)(x)[j]

    def slope(theta: Any, x: Any) -> Any:
        return along(lambda y: u(theta, y), 0)(x)

    def f(theta: Any, x: Any) -> Any:
        def field(y: Any) -> Any:
            return u(theta, y)

        u_x = along(field, 0)
        return along(field, 1)(x) + field(x) * u_x(x) + along(along(u_x, 0), 0)(x)

    rows = []
    for name, residual in (("initial", u), ("ends", u), ("slope", slope), ("f", f)):
        gradient = vmap(grad(residual), (None, 0))(theta, torch.tensor(points[name]))
        rows.append(torch.cat([leaf.reshape(len(leaf), -1) for leaf in gradient.values()], dim=1))
    jacobian = torch.cat(rows)
    return (jacobian @ jacobian.T).numpy()


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """‖a − b‖ / ‖b‖ in the Frobenius norm."""
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def parameterisations() -> dict[str, float]:
    """The largest difference over both paths per parameterisation."""
    torch.manual_seed(0)
    problem = nt.zoo("kdv")
    points = draw_points(problem, 4, seed=1)
    network = Network(problem.variables, problem.fields, WIDTHS, s="3/4")
    found = {}
    for name, layer, convert in (
        ("standard", torch.nn.Linear, lambda layers: from_standard(layers, "3/4")),
        ("ntk", ScaledLinear, lambda layers: from_ntk(layers, "3/4", weight_scale=SW, bias_scale=SB)),
    ):
        net = module(layer)
        affine = [part for part in net if hasattr(part, "weight")]
        parameters = convert([(p.weight.detach().numpy(), p.bias.detach().numpy()) for p in affine])
        wanted = own_kernel(net, points)
        found[name] = max(
            difference(ntk(problem, network, parameters, points, path=path).matrix, wanted)
            for path in ("jet", "contracted")
        )
    return found


def peers() -> dict[str, float]:
    """The difference per problem and variant of the timed peer."""
    found = {}
    for name in ("kdv", "sine-gordon", "nonlinear-schroedinger", "swift-hohenberg", "heat-2d"):
        problem = nt.zoo(name)
        bounds = {v: (float(low), float(high)) for v, (low, high) in problem.domain.items()}
        network = Network(problem.variables, problem.fields, (12, 9), s="3/4", input_map=bounds)
        parameters, points = network.init(seed=0), draw_points(problem, 3, seed=1)
        wanted = ntk(problem, network, parameters, points).matrix
        for variant in VARIANTS:
            peer = TorchPeer(problem, network, variant).kernel(parameters, points)
            found[f"{name}, {variant}"] = difference(peer, wanted)
    return found


def main() -> int:
    """Compare, write, and say whether all agree."""
    results = {"parameterisations": parameterisations(), "peers": peers(), "tolerance": TOLERANCE}
    environment.write(OUTPUT, results)
    print(json.dumps(results, indent=1))
    worst = max(*results["parameterisations"].values(), *results["peers"].values())
    return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
