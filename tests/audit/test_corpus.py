"""Seeded mistakes, written in torch from their descriptions, and what the audit says of them.

The kernel under audit is that of Burgers' equation, u_t + u u_x − ν u_xx, with values of u.
Nothing here uses this package but the audit itself.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import ntk_theory as nt

pytestmark = pytest.mark.oracle
PROBLEM = nt.problem("u_t + u*u_x - 3/10*u_xx", variables=["x", "t"])
NU = 0.3
SIZES = {"b": 5, "f": 6}


def module(seed=2, dtype=torch.float64):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 7), nn.Tanh(), nn.Linear(7, 1)).to(dtype)


def points(seed=0, sizes=SIZES):
    rng = np.random.default_rng(seed)
    return {name: rng.uniform(0.1, 0.9, (n, 2)) for name, n in sizes.items()}


def derivatives(net, y):
    """u, u_x, u_t, u_xx of every point by autograd; y requires a gradient."""
    u = net(y)[:, 0]
    first = torch.autograd.grad(u.sum(), y, create_graph=True)[0]
    u_x, u_t = first[:, 0], first[:, 1]
    second = torch.autograd.grad(u_x.sum(), y, create_graph=True)[0]
    return u, u_x, u_t, second[:, 0], second[:, 1]


def burgers(net, y):
    u, u_x, u_t, u_xx, _ = derivatives(net, y)
    return u_t + u * u_x - NU * u_xx


def value(net, y):
    return net(y)[:, 0]


def jacobian(net, residual, y, keep=lambda name: True):
    """One list of gradients per point: [(name, tensor)]."""
    y = torch.as_tensor(y, dtype=next(net.parameters()).dtype).requires_grad_(True)
    r = residual(net, y)
    named = [(n, p) for n, p in net.named_parameters() if keep(n)]
    out = []
    for k in range(len(r)):
        found = torch.autograd.grad(r[k], [p for _, p in named], retain_graph=True, allow_unused=True)
        out.append([torch.zeros_like(p) if g is None else g for g, (_, p) in zip(found, named, strict=True)])
    return out


def flat(rows):
    return torch.stack([torch.cat([g.reshape(-1) for g in row]) for row in rows]).detach().numpy()


def kernel(net, at, f=burgers, b=value, keep=lambda name: True, change=lambda J, name: J):
    J = np.concatenate([change(flat(jacobian(net, r, at[g], keep)), g) for g, r in (("b", b), ("f", f))])
    return J @ J.T


def operator(build):
    def f(net, y):
        return build(*derivatives(net, y))

    return lambda net, at: kernel(net, at, f=f)


def by_tensor_sums(net, at):
    def sums(rows):
        return torch.stack([torch.stack([g.sum() for g in row]) for row in rows]).detach().numpy()

    J = np.concatenate([sums(jacobian(net, r, at[g])) for g, r in (("b", value), ("f", burgers))])
    return J @ J.T


def transposed(net, at):
    K = kernel(net, at)
    K[:5, 5:10], K[5:10, :5] = K[:5, 5:10].T.copy(), K[5:10, :5].T.copy()
    return K


def permuted(net, at):
    return kernel(net, {"b": at["b"], "f": at["f"][[3, 0, 5, 1, 4, 2]]})


def groups_swapped(net, at):
    K, b = kernel(net, at), len(at["b"])
    order = np.r_[b : len(K), :b]
    return K[np.ix_(order, order)]


STALE = points(0)
ORIGINAL = module()


def last(name):
    return name.startswith("4")


def trace_numbers(how):
    def numbers(net, at):
        return {g: float(how(flat(jacobian(net, r, at[g])))) for g, r in (("b", value), ("f", burgers))}

    return numbers


def loss_gradient(J):
    return np.linalg.norm(J.sum(axis=0))


def kept(keep):
    return lambda net, at: kernel(net, at, keep=keep)


#: Name → (their function, the code that must be named, a word of the finding).
MISTAKES = {
    "output instead of residual": (lambda n, at: kernel(n, at, f=value), "wrong-row", "output"),
    "first layer only": (kept(lambda p: p[0] == "0"), "partial-layers", "layer 1"),
    "last layer only": (kept(last), "partial-layers", "output layer"),
    "last layer left out": (kept(lambda p: not last(p)), "partial-layers", "left out"),
    "second layer frozen": (kept(lambda p: p[0] != "2"), "partial-layers", "layer 2"),
    "no biases": (kept(lambda p: "bias" not in p), "missing-bias", "all biases"),
    "no output bias": (kept(lambda p: p != "4.bias"), "missing-bias", "output bias"),
    "no hidden biases": (
        kept(lambda p: "bias" not in p or last(p)), "missing-bias", "hidden"),
    "twice": (lambda n, at: 2 * kernel(n, at), "factor", "2"),
    "one over width": (lambda n, at: kernel(n, at) / 7, "factor", "1/N"),
    "means over points": (
        lambda n, at: kernel(n, at, change=lambda J, g: J / np.sqrt(len(J))), "factor", "1/n (points"),
    "coefficient of a tenth": (operator(lambda u, x, t, xx, xt: t + 0.1 * u * x - NU * xx),
        "operator", "0.1 times"),
    "half of one group": (
        lambda n, at: kernel(n, at, change=lambda J, g: J * (0.5 if g == "f" else 1)), "factor", "0.5"),
    "square of a sum": (
        lambda n, at: kernel(n, at, change=lambda J, g: J.sum(axis=1, keepdims=True)), "square-of-sum", "Σ"),
    "square of sums by tensor": (by_tensor_sums, "square-of-sum", "tensor"),
    "sign of the diffusion": (operator(lambda u, x, t, xx, xt: t + u * x + NU * xx),
        "operator", "sign of -3*u_xx"),
    "coefficient forgotten": (operator(lambda u, x, t, xx, xt: t + u * x - xx), "operator", "coefficient"),
    "advection forgotten": (operator(lambda u, x, t, xx, xt: t - NU * xx), "operator", "left out"),
    "first for second order": (operator(lambda u, x, t, xx, xt: t + u * x - NU * x),
        "operator", "u_x in place"),
    "mixed for second order": (operator(lambda u, x, t, xx, xt: t + u * x - NU * xt),
        "operator", "in place of u_xx"),
    "u detached": (operator(lambda u, x, t, xx, xt: t + u.detach() * x - NU * xx), "detached", "u detached"),
    "u_x detached": (operator(lambda u, x, t, xx, xt: t + u * x.detach() - NU * xx),
        "detached", "u_x detached"),
    "points permuted": (permuted, "permuted", "points of f"),
    "groups in another order": (groups_swapped, "permuted", "f, b"),
    "stale points": (lambda n, at: kernel(n, STALE), "stale-points", "first call"),
    "other parameters": (lambda n, at: kernel(ORIGINAL, at), "other-parameters", "first call"),
    "float32": (lambda n, at: kernel(n.float(), at), "float32", "single"),
    "norm for trace": (trace_numbers(np.linalg.norm), "norm-for-trace", "norm"),
    "norm of the loss gradient": (trace_numbers(loss_gradient), "norm-for-trace", "summed"),
    "its square": (trace_numbers(lambda J: loss_gradient(J) ** 2), "square-of-sum", "summed"),
    "mean of the diagonal": (trace_numbers(lambda J: np.sum(J**2) / len(J)), "mean-for-sum", "mean"),
}  # fmt: skip


def audited(theirs, net=None, at=None):
    return nt.audit(module() if net is None else net, PROBLEM, points() if at is None else at, theirs)


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(name):
    theirs, code, word = MISTAKES[name]
    found = audited(theirs)
    assert not found.comparison.agrees
    assert found.findings, found.comparison.sentence
    assert {f.code for f in found.findings} == {code}, found.comparison.sentence
    assert any(word in f.words for f in found.findings), found.comparison.sentence


def weights_by(quantity):
    def weights(net, at):
        q = {g: quantity(flat(jacobian(net, r, at[g]))) for g, r in (("b", value), ("f", burgers))}
        return {"weights": {g: float(sum(q.values()) / own) for g, own in q.items()}}

    return weights


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        (lambda J: np.sum(J**2) / len(J), "mean-for-sum"),
        (np.linalg.norm, "norm-for-trace"),
        (lambda J: loss_gradient(J) ** 2, "square-of-sum"),
        (lambda J: np.sum(J[:, :-1] ** 2), "missing-bias"),
    ],
)
def test_loss_weights_of_something_else_are_named(quantity, code):
    found = audited(weights_by(quantity))
    assert [f.code for f in found.findings] == [code], found.comparison.sentence


def test_right_loss_weights_pass():
    assert audited(weights_by(lambda J: np.sum(J**2))).comparison.agrees


def test_a_transposed_block_is_named():
    at = points(sizes={"b": 5, "f": 5})
    found = audited(transposed, at=at)
    assert [f.code for f in found.findings] == ["transposed"], found.comparison.sentence


def jax_like(net, at):
    def change(J, name):
        return J[:, ::-1]  # another order of the parameters

    return kernel(net, at, change=change)


def by_functional(net, at):
    parameters = {k: p.detach() for k, p in net.named_parameters()}

    def u(theta, y):
        return torch.func.functional_call(net, theta, (y[None],))[0, 0]

    def f(theta, y):
        first = torch.func.grad(u, argnums=1)
        u_xx = torch.func.grad(lambda z: first(theta, z)[0])(y)[0]
        g = first(theta, y)
        return g[1] + u(theta, y) * g[0] - NU * u_xx

    rows = []
    for name, r in (("b", u), ("f", f)):
        found = torch.func.vmap(torch.func.grad(r), (None, 0))(parameters, torch.as_tensor(at[name]))
        rows.append(torch.cat([g.reshape(len(at[name]), -1) for g in found.values()], dim=1))
    J = torch.cat(rows)
    return (J @ J.T).numpy()


def as_blocks(net, at):
    K, b = kernel(net, at), len(at["b"])
    return {"b,b": K[:b, :b], "b,f": K[:b, b:], "f,f": K[b:, b:]}


CORRECT = {
    "plain": kernel,
    "functional": by_functional,
    "parameters in another order": jax_like,
    "blocks": as_blocks,
    "one block": lambda net, at: {"f,f": kernel(net, at)[len(at["b"]) :, len(at["b"]) :]},
    "traces": trace_numbers(lambda J: np.sum(J**2)),
    "conservative form": operator(lambda u, x, t, xx, xt: -(-t - u * x) - NU * xx),
    "layer by layer": lambda net, at: sum(kernel(net, at, keep=lambda p, k=k: p[0] == k) for k in "024"),
}


@pytest.mark.parametrize("name", CORRECT)
def test_a_correct_kernel_passes(name):
    found = audited(CORRECT[name])
    assert found.comparison.agrees, found.comparison.sentence
    assert not found.findings


UNLISTED = {
    "noise": lambda net, at: kernel(net, at) + 0.01 * np.eye(len(at["b"]) + len(at["f"])),
    "relu for tanh": lambda net, at: kernel(nn.Sequential(net[0], nn.ELU(), net[2], nn.ELU(), net[4]), at),
    "one point moved": lambda net, at: kernel(net, {"b": at["b"], "f": at["f"] + [[0.1, 0]] + 0 * at["f"]}),
    "another nonlinearity": operator(lambda u, x, t, xx, xt: t + torch.sin(u) * x - NU * xx),
    "inverse": lambda net, at: np.linalg.pinv(kernel(net, at)),
}


@pytest.mark.parametrize("name", UNLISTED)
def test_what_is_not_listed_is_unexplained(name):
    found = audited(UNLISTED[name])
    assert not found.findings, found.comparison.sentence
    assert found.comparison.sentence.startswith("different, unexplained: relative difference")
    assert "block" in found.comparison.where


def wrong_sign(net, y):
    u, u_x, u_t, u_xx, _ = derivatives(net, y)
    return u_t + u * u_x + NU * u_xx


MIXED = {
    "operator and layers": (
        lambda n, at: kernel(n, at, f=lambda m, y: derivatives(m, y)[2], keep=lambda p: p[0] == "0"),
        {"operator", "partial-layers"},
    ),
    "output and factor": (lambda n, at: 2 * kernel(n, at, f=value), {"wrong-row", "factor"}),
    "biases and sign": (
        lambda n, at: kernel(n, at, f=wrong_sign, keep=lambda p: "bias" not in p),
        {"missing-bias", "operator"},
    ),
    "permuted and halved": (lambda n, at: permuted(n, at) / 2, {"permuted", "factor"}),
    "f noisy, b without its bias": (
        lambda n, at: kernel(n, at, change=lambda J, g: J[:, :-1] if g == "b" else np.roll(J[:, :-1], 1, 1)),
        {"missing-bias"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MIXED)
def test_of_two_mistakes_at_least_one_is_named(name):
    theirs, codes = MIXED[name]
    found = audited(theirs)
    named = {f.code for f in found.findings}
    assert named & codes, found.comparison.sentence
    assert named <= codes, found.comparison.sentence


def swapped(net, at):
    """The inputs of every point in the wrong order."""
    return kernel(net, {name: array[:, ::-1].copy() for name, array in at.items()})


def with_a_mean_for_one_group(net, at):
    """The equation's residuals divided by √n, those of the values not."""
    return kernel(net, at, change=lambda J, name: J / np.sqrt(len(J)) if name == "f" else J)


def test_coordinates_in_another_order_are_named():
    net, at = module(), points()
    found = nt.audit(net, PROBLEM, at, swapped(net, at)).findings
    assert {f.code for f in found} == {"permuted"}
    assert all("the order t, x" in f.words for f in found)


def test_a_mean_in_one_group_is_named_in_every_block():
    net, at = module(), points()
    told = {f.where: f.words for f in nt.audit(net, PROBLEM, at, with_a_mean_for_one_group(net, at)).findings}
    assert told == {
        "f,f": "the factor 1/n (points of the group)",
        "b,f": "the factor 1/√n (points of f)",
    }


@pytest.mark.parametrize("nu", [4.5, 0.02])
def test_of_terms_that_would_do_the_one_without_a_factor_is_named(nu):
    """Linear operators: 15 times the diffusion is 1/15 of the rest, with a factor; the first is simpler."""
    heat = nt.problem("u_t - 3/10*u_xx", variables=["x", "t"])
    net, at = module(), points()
    theirs = operator(lambda u, u_x, u_t, u_xx, u_xt: u_t - nu * u_xx)(net, at)
    (found,) = nt.audit(net, heat, at, theirs).findings
    assert "u_xx" in found.words
    assert f"taken {nu / 0.3:.6g} times" in found.words


BURGERS_ON_A_SQUARE = """
equations = ["u_t + u*u_x - 3/10*u_xx"]
domain = { x = [0, 1], t = [0, 1] }

[[conditions]]
name = "b"
equation = "u = 0"
on = [{ t = 0 }]
"""
TWO_FIELDS = """
fields = ["u", "v"]
domain = { x = [0, 1], t = [0, 1] }

[[equations]]
name = "first"
equation = "u_t - v_xx + u*v = 0"

[[equations]]
name = "second"
equation = "v_t + u_xx - v = 0"

[[conditions]]
name = "left"
equation = "u = 0"
on = [{ x = 0 }]

[[conditions]]
name = "right"
equation = "u*v = 0"
on = [{ x = 1 }]
"""


@pytest.mark.parametrize("groups", [("b", "f"), ("f",), ("b",)])
def test_an_array_of_earlier_points_is_named(groups):
    """An array says nothing of its points; those of the call before can be tried, group by group."""
    net, at, before = module(), points(), points(1)
    theirs = kernel(net, {name: (before if name in groups else at)[name] for name in at})
    (found,) = nt.audit(net, PROBLEM, at, theirs, earlier=before).findings
    assert (found.code, found.where) == ("stale-points", "all" if len(groups) == 2 else groups[0])
    assert "earlier" in found.words
    assert not nt.audit(net, PROBLEM, at, theirs).findings  # without them nobody can know


def test_stale_points_and_another_mistake_are_both_named():
    net, at, before = module(), points(), points(1)
    theirs = kernel(net, before, keep=lambda p: "bias" not in p)
    found = nt.audit(net, PROBLEM, at, theirs, earlier=before).findings
    assert {f.code for f in found} == {"stale-points", "missing-bias"}


def test_the_points_of_another_draw_and_of_another_group_are_named():
    problem = nt.from_toml(BURGERS_ON_A_SQUARE)
    net, at = module(), nt.draw_points(problem, 5, seed=3)
    (drawn,) = nt.audit(net, problem, at, kernel(net, nt.draw_points(problem, 5, seed=6))).findings
    assert (drawn.code, drawn.where) == ("stale-points", "all")
    assert "seed 6" in drawn.words
    (swapped,) = nt.audit(net, problem, at, kernel(net, {"b": at["b"], "f": at["b"]})).findings
    assert (swapped.code, swapped.where) == ("stale-points", "f")
    assert "points of b" in swapped.words


def by_torch_func(net, at, rows):
    """J of residuals r(theta, y) by group, over the module's own parameters."""
    theta = {k: p.detach() for k, p in net.named_parameters()}
    parts = []
    for name, r in rows:
        found = torch.func.vmap(torch.func.grad(r), (None, 0))(theta, torch.as_tensor(at[name]))
        parts.append(torch.cat([g.reshape(len(at[name]), -1) for g in found.values()], dim=1))
    J = torch.cat(parts)
    return (J @ J.T).numpy()


def test_a_system_of_two_outputs():
    """u_t − v_xx + u v = 0, v_t + u_xx − v = 0 and values of both, by torch.func."""
    torch.manual_seed(4)
    net = nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 2)).double()

    def out(k):
        return lambda theta, y: torch.func.functional_call(net, theta, (y[None],))[0, k]

    def second(f, theta, y):
        first = torch.func.grad(f, argnums=1)
        return torch.func.grad(lambda z: first(theta, z)[0])(y)[0]

    u, v = out(0), out(1)
    slope = {f: torch.func.grad(f, argnums=1) for f in (u, v)}
    rows = (
        ("left", u),
        ("right", lambda theta, y: v(theta, y) * u(theta, y)),
        ("first", lambda theta, y: slope[u](theta, y)[1] - second(v, theta, y) + u(theta, y) * v(theta, y)),
        ("second", lambda theta, y: slope[v](theta, y)[1] + second(u, theta, y) - v(theta, y)),
    )
    problem = nt.from_toml(TWO_FIELDS)
    at = nt.draw_points(problem, 4, seed=1)
    order = [name for name, _ in rows]
    found = nt.audit(net, problem, at, by_torch_func(net, at, sorted_rows(rows, problem)), rtol=1e-10)
    assert set(order) == set(found.kernel.names)
    assert found.comparison.agrees, found.comparison.sentence
    wrong = by_torch_func(net, at, [(n, v if n == "left" else r) for n, r in sorted_rows(rows, problem)])
    (named,) = nt.audit(net, problem, at, wrong).findings
    assert (named.code, named.where) == ("wrong-row", "left")
    assert "output v" in named.words


def sorted_rows(rows, problem):
    """In the order of the problem's groups."""
    named = dict(rows)
    return [(group.name, named[group.name]) for group in problem.groups]
