"""Modules of torch as people write them, in double precision: what the readers and the audit are tried on."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import nn


def stack(sizes, act, *, bias=True, glorot=False):
    parts = []
    for k, (n, m) in enumerate(pairwise(sizes)):
        layer = nn.Linear(n, m, bias=bias)
        if glorot:
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
        parts += [layer] if k == len(sizes) - 2 else [layer, act()]
    return nn.Sequential(*parts)


class DeepXDE(nn.Module):
    """The fully connected network of DeepXDE: ``linears``, transforms as attributes."""

    def __init__(self, sizes, output=None):
        super().__init__()
        self.linears = nn.ModuleList(nn.Linear(n, m) for n, m in pairwise(sizes))
        self.activation, self._input_transform, self._output_transform = torch.tanh, None, output

    def forward(self, inputs):
        x = inputs
        if self._input_transform is not None:
            x = self._input_transform(x)
        for j, linear in enumerate(self.linears[:-1]):
            x = (
                self.activation[j](linear(x))
                if isinstance(self.activation, list)
                else self.activation(linear(x))
            )
        x = self.linears[-1](x)
        if self._output_transform is not None:
            x = self._output_transform(inputs, x)
        return x


class Normalised(nn.Module):
    """Bounds as buffers, x ↦ 2(x − lo)/(hi − lo) − 1, inputs as two tensors."""

    def __init__(self, net, low, high):
        super().__init__()
        self.net = net
        self.register_buffer("low", torch.tensor(low))
        self.register_buffer("high", torch.tensor(high))

    def forward(self, x, t):
        y = torch.cat([x, t], dim=1)
        return self.net(2.0 * (y - self.low) / (self.high - self.low) - 1.0)


class Siren(nn.Module):
    def __init__(self, sizes, omega):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(n, m) for n, m in pairwise(sizes))
        self.omega = omega

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.sin(self.omega * layer(x))
        return self.layers[-1](x)


class NTKScaled(nn.Module):
    """Plain parameters, W h/√n + 0.1 b, written without Linear."""

    def __init__(self, sizes):
        super().__init__()
        pairs = list(pairwise(sizes))
        self.W = nn.ParameterList(nn.Parameter(torch.randn(n, m)) for n, m in pairs)
        self.b = nn.ParameterList(nn.Parameter(torch.randn(m)) for _, m in pairs)

    def forward(self, x):
        for k in range(len(self.W) - 1):  # a slice of a ParameterList would be new, detached parameters
            W, b = self.W[k], self.b[k]
            x = torch.tanh(x @ W / math.sqrt(W.shape[0]) + 0.1 * b)
        return x @ self.W[-1] / math.sqrt(self.W[-1].shape[0]) + 0.1 * self.b[-1]


class Periodic(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, y):
        x, t = y[:, 0:1], y[:, 1:2]
        return self.net(torch.cat([torch.sin(math.pi * x), t, torch.cos(math.pi * x)], 1))


class Fourier(nn.Module):
    def __init__(self, net, B):
        super().__init__()
        self.net = net
        self.register_buffer("B", B)

    def forward(self, x):
        y = 2 * torch.pi * x @ self.B
        return self.net(torch.cat([torch.cos(y), torch.sin(y)], dim=-1))


class Positive(nn.Module):
    """u = softplus(output), named columns, an activation as a method."""

    def __init__(self):
        super().__init__()
        self.a, self.out = nn.Linear(2, 6), nn.Linear(6, 1)

    def forward(self, y):
        return nn.functional.softplus(self.out(self.a(y).tanh()))


def hard(inputs, v):
    x, t = inputs[:, 0:1], inputs[:, 1:2]
    return torch.sin(math.pi * x) + t * x * (1 - x) * v


def modules():
    """Name → module; every call makes the same numbers."""
    torch.manual_seed(4)
    B = torch.randn(2, 5, dtype=torch.float64)
    frozen = stack([2, 7, 6, 1], nn.Tanh)
    frozen[0].requires_grad_(False)
    made = {
        "default": stack([2, 9, 1], nn.Tanh),
        "deep glorot": stack([2, 8, 7, 6, 1], nn.Tanh, glorot=True),
        "gelu": stack([2, 8, 8, 1], nn.GELU),
        "silu without biases": stack([2, 8, 5, 1], nn.SiLU, bias=False),
        "deepxde": DeepXDE([2, 8, 8, 1]),
        "deepxde hard": DeepXDE([2, 8, 8, 1], hard),
        "normalised": Normalised(stack([2, 8, 8, 1], nn.Tanh), [-1.0, 0.0], [1.0, 0.7]),
        "siren": Siren([2, 9, 6, 1], 3.0),
        "ntk scaled": NTKScaled([2, 8, 5, 1]),
        "periodic": Periodic(stack([3, 8, 6, 1], nn.Tanh)),
        "fourier": Fourier(stack([10, 8, 6, 1], nn.Tanh), B),
        "positive": Positive(),
        "frozen": frozen,
        "scaled output": nn.Sequential(stack([2, 8, 1], nn.Mish), nn.Identity()),
    }
    return {name: module.double() for name, module in made.items()}
