"""Kernels of networks that DeepXDE builds (torch under it) against torch.func, and their differences.

Needs ``pip install deepxde torch``; it sets DeepXDE's and torch's default precision, so it is a script and no
test. Prints one line per network, and exits with 1 where one differs by more than 1e-10.

    python benchmarks/agreement_deepxde.py
"""

from __future__ import annotations

import os
import sys

os.environ["DDE_BACKEND"] = "pytorch"

import deepxde as dde
import numpy as np
import torch

import ntk_theory as nt

TOLERANCE = 1e-10
EQUATION = "u_t + u*u_x - u_xx/10"


def hard(x, y):
    """A wall at x = 0 and x = 1, and a start."""
    return torch.sin(np.pi * x[:, 0:1]) + x[:, 1:2] * x[:, 0:1] * (1 - x[:, 0:1]) * y


def waves(x):
    """Periodic in x."""
    return torch.cat([torch.cos(2 * np.pi * x[:, 0:1]), torch.sin(2 * np.pi * x[:, 0:1]), x[:, 1:2]], 1)


def networks():
    """Name → network."""
    made = {
        a: dde.nn.FNN([2, 8, 9, 1], a, "Glorot uniform") for a in ("tanh", "sin", "swish", "gelu", "sigmoid")
    }
    made["deep, Glorot normal"] = dde.nn.FNN([2, 7, 8, 6, 1], "tanh", "Glorot normal")
    made["output transform"] = dde.nn.FNN([2, 8, 9, 1], "tanh", "Glorot normal")
    made["output transform"].apply_output_transform(hard)
    made["inputs on [-1, 1]"] = dde.nn.FNN([2, 8, 9, 1], "tanh", "Glorot normal")
    made["inputs on [-1, 1]"].apply_feature_transform(lambda x: 2 * x - 1)
    made["periodic features"] = dde.nn.FNN([3, 8, 9, 1], "tanh", "Glorot normal")
    made["periodic features"].apply_feature_transform(waves)
    return made


def kernel_by_torch(net, points):
    """Of u and of the residual of Burgers' equation, over the network's own parameters."""
    theta = {k: p.detach() for k, p in net.named_parameters()}

    def u(t, y):
        return torch.func.functional_call(net, t, (y[None],))[0, 0]

    def f(t, y):
        gradient = torch.func.grad(u, argnums=1)
        first = gradient(t, y)
        return first[1] + u(t, y) * first[0] - torch.func.grad(lambda z: gradient(t, z)[0])(y)[0] / 10

    rows = []
    for name, residual in (("b", u), ("f", f)):
        found = torch.func.vmap(torch.func.grad(residual), (None, 0))(theta, torch.as_tensor(points[name]))
        rows.append(torch.cat([g.reshape(len(points[name]), -1) for g in found.values()], dim=1))
    J = torch.cat(rows)
    return (J @ J.T).detach().numpy()


def main() -> int:
    """Compare all."""
    dde.config.set_default_float("float64")
    torch.set_default_dtype(torch.float64)
    rng = np.random.default_rng(0)
    points = {"b": rng.uniform(0.1, 0.9, (4, 2)), "f": rng.uniform(0.1, 0.9, (6, 2))}
    worst = 0.0
    problem = nt.problem(EQUATION, variables=["x", "t"])
    for name, made in networks().items():
        net = made.double()
        found = nt.audit(net, problem, points, kernel_by_torch(net, points))
        print(f"{name:22} {found.comparison.difference:.1e}")
        worst = max(worst, found.comparison.difference)
    interval = dde.geometry.Interval(0, 1)
    data = dde.data.PDE(interval, lambda x, y: dde.grad.hessian(y, x), [], num_domain=4)
    print("a whole Model:", nt.from_torch(dde.Model(data, dde.nn.FNN([1, 8, 1], "tanh", "Glorot normal"))))
    return int(not worst <= TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
