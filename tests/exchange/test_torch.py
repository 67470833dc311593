"""torch modules: their own kernels, by torch.func; round trips; what is refused, by name."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from exchange import torch_modules
from torch import nn

import ntk_theory as nt

pytestmark = pytest.mark.oracle
MODULES = torch_modules.modules()
EQUATION = "u_t + u*u_x - u_xx/10"


def called(module, parameters, point):
    buffers = dict(module.named_buffers())
    x = point[None, :]
    two = isinstance(module, torch_modules.Normalised)
    args = (x[:, 0:1], x[:, 1:2]) if two else (x,)
    return torch.func.functional_call(module, {**parameters, **buffers}, args)[0]


def kernel_by_torch(module, points):
    """Σ_θ ∂_θR ∂_θR' of u and of the Burgers residual, over the parameters that are trained."""
    trained = {k: p.detach() for k, p in module.named_parameters() if p.requires_grad}
    fixed = {k: p.detach() for k, p in module.named_parameters() if not p.requires_grad}

    def u(theta, y):
        return called(module, {**fixed, **theta}, y)[0]

    def f(theta, y):
        gradient = torch.func.grad(u, argnums=1)
        u_xx = torch.func.grad(lambda z: gradient(theta, z)[0])(y)[0]
        first = gradient(theta, y)
        return first[1] + u(theta, y) * first[0] - u_xx / 10

    rows = []
    for name, residual in (("b", u), ("f", f)):
        y = torch.as_tensor(points[name])
        gradients = torch.func.vmap(torch.func.grad(residual), (None, 0))(trained, y)
        rows.append(torch.cat([g.reshape(len(y), -1) for g in gradients.values()], dim=1))
    J = torch.cat(rows)
    return (J @ J.T).numpy()


@pytest.mark.parametrize("name", MODULES)
def test_the_kernel_is_that_of_the_module_s_own_parameters(name):
    module = MODULES[name]
    rng = np.random.default_rng(3)
    points = {"b": rng.uniform(0.1, 0.9, (3, 2)), "f": rng.uniform(0.1, 0.9, (4, 2))}
    model = nt.from_torch(module, variables=("x", "t"))
    problem = model.under(nt.problem(EQUATION, variables=["x", "t"]))
    found = nt.ntk(problem, model.network, model.parameters, points).matrix
    wanted = kernel_by_torch(module, points)
    assert np.linalg.norm(found - wanted) <= 1e-10 * np.linalg.norm(wanted)


def test_two_outputs():
    torch.manual_seed(1)
    module = torch_modules.stack([2, 6, 5, 2], nn.Tanh).double()
    network, parameters = nt.from_torch(module, fields=("p", "q"))
    points = np.random.default_rng(0).normal(size=(4, 2))
    values = nt.jets(network, parameters, points, [nt.Slot(n, (0, 0)) for n in ("p", "q")])
    np.testing.assert_allclose(values.T, module(torch.as_tensor(points)).detach().numpy(), rtol=1e-12)


def test_the_kernel_of_two_outputs():
    """A system of two equations in two fields and their values, every block by torch.func."""
    torch.manual_seed(1)
    module = torch_modules.Normalised(torch_modules.stack([2, 6, 5, 2], nn.Tanh), [0.0, 0.0], [2.0, 1.0])
    module = module.double()
    model = nt.from_torch(module, variables=("x", "t"), fields=("p", "q"))
    problem = model.under(
        nt.problem("p_t - q_x*p; q_t + p_xx/10 + q^2", fields=["p", "q"], variables=["x", "t"])
    )
    trained = {k: p.detach() for k, p in module.named_parameters()}
    points = {g.name: np.random.default_rng(3).uniform(0.1, 0.9, (4, 2)) for g in problem.groups}

    def residuals(theta, y):
        def u(z):
            return called(module, theta, z)

        first = torch.func.jacrev(u)(y)
        p_xx = torch.func.jacrev(torch.func.jacrev(u))(y)[0, 0, 0]
        p, q = u(y)
        return torch.stack([p, q, first[0, 1] - first[1, 0] * p, first[1, 1] + p_xx / 10 + q**2])

    rows = []
    for k, name in enumerate(points):
        y = torch.as_tensor(points[name])
        one = torch.func.grad(lambda theta, z, k=k: residuals(theta, z)[k])
        found = torch.func.vmap(one, (None, 0))(trained, y)
        rows.append(torch.cat([g.reshape(len(y), -1) for g in found.values()], dim=1))
    J = torch.cat(rows)
    wanted = (J @ J.T).numpy()
    kernel = nt.ntk(problem, model.network, model.parameters, points)
    assert list(points) == ["b1", "b2", "f1", "f2"]
    assert np.abs(kernel["f1,f2"]).max() > 1e-3  # the fields do share their layers
    assert np.linalg.norm(kernel.matrix - wanted) <= 1e-10 * np.linalg.norm(wanted)


@pytest.mark.parametrize("name", ["default", "deep glorot", "gelu", "silu without biases", "frozen"])
def test_to_torch_gives_the_same_arrays_back(name):
    module = MODULES[name]
    again = nt.to_torch(nt.from_torch(module))
    for mine, theirs in zip(again.parameters(), module.parameters(), strict=True):
        assert torch.equal(mine, theirs)
        assert mine.requires_grad == theirs.requires_grad


def test_a_network_of_this_package_as_a_module():
    network = nt.Network(("x", "t"), ("u",), width=(6, 5), s="3/4", input_map={"x": (0, 2), "t": (0, 1)})
    parameters = network.init(2)
    module = nt.to_torch(network, parameters)
    points = np.random.default_rng(0).uniform(size=(5, 2))
    u = nt.jets(network, parameters, points, [nt.Slot("u", (0, 0))])[0]
    np.testing.assert_allclose(module(torch.as_tensor(points)).detach().numpy()[:, 0], u, rtol=1e-13)
    assert nt.from_torch(module).network.input_map == network.input_map


def test_the_module_is_made_again_with_other_numbers():
    model = nt.from_torch(MODULES["ntk scaled"], variables=("x", "t")).drawn(3)
    again = nt.from_torch(model.made(), variables=("x", "t"))
    for mine, theirs in zip(model.parameters.blocks(), again.parameters.blocks(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_transform_is_not_lost_silently():
    with pytest.raises(nt.NTKTheoryError, match="output transform"):
        network, parameters = nt.from_torch(MODULES["deepxde hard"])  # noqa: RUF059
    heat = nt.from_torch(MODULES["deepxde hard"]).under(nt.zoo("heat"))
    assert set(heat.met_by_construction) == {"initial", "ends"}


class Skip(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(2, 4), nn.Linear(4, 4), nn.Linear(4, 1)

    def forward(self, x):
        h = torch.tanh(self.a(x))
        return self.c(h + torch.tanh(self.b(h)))


class Tied(Skip):
    def forward(self, x):
        h = torch.tanh(self.b(torch.tanh(self.a(x))))
        return self.c(torch.tanh(self.b(h)))


class Branch(Skip):
    def forward(self, x):
        return self.c(torch.tanh(self.a(x))) if x.sum() > 0 else self.c(torch.sin(self.a(x)))


class Mixed(Skip):
    def forward(self, x):
        return self.c(torch.tanh(self.b(torch.sin(self.a(x)))))


class Scale(Skip):
    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(2.0))

    def forward(self, x):
        return self.c(torch.tanh(self.slope * self.a(x)))


class Broadcast(Skip):
    def forward(self, x):
        return x[:, 0] * self.c(torch.tanh(self.a(x)))


def stack_with(*parts):
    return nn.Sequential(nn.Linear(2, 4), nn.Tanh(), *parts, nn.Linear(4, 1))


@pytest.mark.parametrize(
    ("module", "word"),
    [
        (Skip(), "skip connection"),
        (Tied(), "two places"),
        (Branch(), "depend on values"),
        (Mixed(), "activations sin and tanh"),
        (Scale(), "slope"),
        (Broadcast(), r"\(n, n\)"),
        (stack_with(nn.LayerNorm(4)), "LayerNorm"),
        (stack_with(nn.Dropout(0.5)), "Dropout"),
        (nn.Sequential(nn.Linear(2, 4), nn.GELU(approximate="tanh"), nn.Linear(4, 1)), "approximate"),
        (nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(2, 4)), nn.Tanh(), nn.Linear(4, 1)),
         "Parametrized"),
        (nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 1)), "without an activation"),
        (nn.Sequential(nn.Linear(2, 1)), "at least one hidden layer"),
        (stack_with().requires_grad_(False), "no parameter of the model is trained"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_named(module, word):
    with pytest.raises(nt.errors.InputError, match=word):
        nt.from_torch(module.double())


def test_torch_is_not_imported_by_the_package():
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    code = (
        "import sys, numpy as np, ntk_theory as nt;"
        "nt.from_weights([np.ones((2, 4)), np.zeros(4), np.ones((4, 1)), np.zeros(1)]);"
        "print(sorted({'torch', 'jax', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
