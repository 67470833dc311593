"""Unknown fields: a network of its own in the equation, against JAX; found, or said not to be (THEORY §9)."""

from __future__ import annotations

import json
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.cli.app import run
from ntk_theory.errors import InputError, NTKTheoryError
from ntk_theory.studies.question.case import Case, make_cases
from ntk_theory.symbolic import from_toml, to_toml
from ntk_theory.symbolic.zero import is_zero
from ntk_theory.training import default_network, train, train_from_starts
from ntk_theory.training.objective import Objective
from ntk_theory.training.verdict import Ending, judge

jax.config.update("jax_enable_x64", True)

DIFFUSION = """
fields = ["u", "a"]
variables = ["x"]
equations = ["diff(a*u_x, x) + pi^2*sin(pi*x)*(1 + x/2) - pi/2*cos(pi*x)"]
domain = { x = [0, 1] }
unknowns = { a = { of = ["x"] } }
solution = { u = "sin(pi*x)", a = "1 + x/2" }
[[conditions]]
name = "ends"
equation = "u"
on = [{ x = 0 }, { x = 1 }]
"""


def diffusion(text: str = DIFFUSION) -> nt.Problem:
    """(a u')' = f with u = sin(πx) given at forty points, a = 1 + x/2."""
    x = np.linspace(0.01, 0.99, 40)
    return nt.problem(from_toml(text), data={"values": {"x": x, "u": np.sin(np.pi * x)}, "observe": "u"})


def trained(problem: nt.Problem, seed: int, start: int | None = None):
    counts = {"ends": 2, "f": 100, "middle": 1}
    names = [group.name for group in problem.groups if group.data is None]
    points = nt.draw_points(problem, {name: counts[name] for name in names}, seed)
    network = default_network(problem, width=10, depth=2)
    start = seed if start is None else start
    return train(problem, network, points=points, until=80, seed=start, error=False, evidence=False)


@pytest.mark.oracle
@pytest.mark.parametrize("positive", [False, True])
def test_kernel_and_jacobian_equal_jax(positive: bool) -> None:
    """u_t = (a(x) u_x)_x: two networks, of which that of a sees x alone."""
    spec = {"of": ["x"], "start": 2, "width": 3, "positive": positive}
    unit = {"x": ["0", "1"], "t": ["0", "1"]}
    table = {"fields": ["u", "a"], "variables": ["x", "t"], "equations": ["u_t - diff(a*u_x, x)"]}
    text = f"fields = {json.dumps(table['fields'])}\nvariables = {json.dumps(table['variables'])}\n"
    text += f"equations = {json.dumps(table['equations'])}\n[domain]\n"
    text += "\n".join(f"{v} = {json.dumps(ends)}" for v, ends in unit.items())
    problem = nt.problem(from_toml(text), unknowns={"a": spec})
    network = nt.Network(("x", "t"), ("u",), width=(7, 6), s="3/4")
    rng = np.random.default_rng(0)
    theta = network.init(3).with_unknowns(rng.standard_normal(1 + 3 * 3))
    points = nt.draw_points(problem, 4, seed=2)
    names = list(problem.unknowns)

    def coefficient(numbers, x):
        of = {name: numbers[k] for k, name in enumerate(names)}
        z = [jnp.tanh(of[f"a_w{k}"] * (2 * x - 1) + of[f"a_b{k}"]) for k in (1, 2, 3)]
        net = of["a_c"] + sum(of[f"a_v{k}"] * zk for k, zk in enumerate(z, 1)) / jnp.sqrt(3)
        return 2 * jnp.exp(net) if positive else 2 + net

    def field(leaves, x, t):
        w1, b1, w2, b2, a, c, _ = leaves
        h = jnp.tanh(w1 @ jnp.array([x, t]) + b1)
        h = jnp.tanh(w2 @ h / jnp.sqrt(7) + b2)
        return (a @ h)[0] * 6.0 ** (-0.75) + c[0]

    def residual(leaves, point):
        flux = lambda x, t: coefficient(leaves[-1], x) * jax.grad(field, 1)(leaves, x, t)  # noqa: E731
        return jax.grad(field, 2)(leaves, *point) - jax.grad(flux)(*point)

    leaves = [jnp.asarray(block) for block in theta.blocks()]
    rows = []
    for f, group in ((lambda p, z: field(p, *z), "b1"), (residual, "f")):
        parts = jax.vmap(jax.grad(f), (None, 0))(leaves, jnp.asarray(points[group]))
        rows.append(np.concatenate([np.asarray(part).reshape(4, -1) for part in parts], axis=1))
    want = np.concatenate(rows)
    _, mine = Objective.of(problem, network, theta, points).jacobian(theta.flatten())
    np.testing.assert_allclose(mine, want, rtol=1e-10, atol=1e-10 * np.abs(want).max())
    kernel = nt.ntk(problem, network, theta, points).matrix
    np.testing.assert_allclose(kernel, want @ want.T, rtol=1e-10, atol=1e-10 * np.abs(kernel).max())


def test_a_of_a_steady_diffusion_is_found() -> None:
    found = trained(diffusion(), 2)
    (a,) = found.identified_fields
    assert a.is_identifiable
    assert a.off is not None
    assert a.off < 1e-2
    assert np.abs(a.values - (1 + a.points[:, 0] / 2)).max() < 1e-2
    assert found.identified == ()
    record = found.summary()["unknown_fields"]["a"]
    assert record["identifiable"]
    assert len(record["values"]) == len(record["standard_errors"]) == 33


@pytest.mark.parametrize(("seed", "start"), [(2, 2), (5, 50), (17, 170)])
def test_what_nothing_determines_is_called_so(seed: int, start: int) -> None:
    """Where a multiplies an unknown m, only their product counts, whatever accuracy the data are met to.

    The last two are met to 1e-11 and 1e-10: |∂R/∂m|² is 10¹⁵ times what a leaves of it.
    """
    text = DIFFUSION.replace("diff(a*u_x, x)", "m*diff(a*u_x, x)").replace("{ a =", "{ m = 1.5, a =")
    found = trained(diffusion(text), seed, start)
    assert not found.identified_fields[0].is_identifiable
    assert [one.name for one in found.identified if one.error is None] == ["m"]
    assert "a(x) is not identifiable" in str(found.identified_fields[0])


def test_a_coefficient_beside_a_field_is_found() -> None:
    """The value at 1/2, u = m there."""
    text = DIFFUSION.replace("{ a =", "{ m = 1.5, a =")
    text += '[[conditions]]\nname = "middle"\nequation = "u = m"\non = [{ x = "1/2" }]\n'
    found = trained(diffusion(text), 2)
    (m,) = found.identified
    assert m.error is not None
    assert abs(m.value - 1) < 1e-3
    assert found.identified_fields[0].is_identifiable


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"q": {"of": "x"}}, "unknowns.q is no field"),
        ({"a": {"of": "z"}}, "of names 'z'"),
        ({"a": {"of": []}}, "needs the variables of the field"),
        ({"a": {"of": "x", "width": 99}}, "width is 99"),
        ({"a": {"of": "x", "start": 0, "positive": True}}, "positive start"),
        ({"a": {"of": "x", "kind": 1}}, "unknown key 'kind'"),
        ({"a": {"of": "x"}, "u": {"of": "x"}}, "every field is unknown"),
    ],
)
def test_bad_fields_are_refused_by_name(given: dict, words: str) -> None:
    with pytest.raises(NTKTheoryError, match=words):
        nt.problem("u_t - diff(a*u_x, x)", fields=["u", "a"], variables=["x", "t"], unknowns=given)


@pytest.mark.parametrize("spec", [{"of": "x"}, {"of": ["x", "t"], "start": "3/2", "width": 3, "seed": 4}])
def test_files_and_studies_keep_them(spec: dict) -> None:
    """Written and read back: the same problem, with its data, its coefficient, and what is known of a."""
    text = DIFFUSION.replace('{ a = { of = ["x"] } }', "{ m = 1.5 }").replace("diff(a*u_x", "m*diff(a*u_x")
    text = text.replace('["x"]', '["x", "t"]').replace("{ x = [0, 1] }", "{ x = [0, 1], t = [0, 1] }")
    probes = {"values": {"x": [0.2], "t": [0.5], "u": [0.1]}, "observe": "u", "sigma": 0.1}
    plain = nt.problem(from_toml(text, unknowns={"a": spec}), data=probes)
    for problem in (plain, nt.problem(plain, ansatz="u = x*(1 - x)*v")):
        assert from_toml(to_toml(problem)) == problem
        (case,) = make_cases(problem, points=2)
        again = Case.from_dict(json.loads(json.dumps(case.to_dict())))
        # SymPy may order what it reads back differently.
        for mine, other in zip(again.problem.groups, case.problem.groups, strict=True):
            assert is_zero(mine.legs[0].expression - other.legs[0].expression)
            assert replace(mine, legs=other.legs) == other
        a, b = (own.problem.unknown_fields["a"] for own in (again, case))
        assert is_zero(a.expression - b.expression)
        assert replace(a, expression=b.expression) == b
        assert again.problem.unknowns == case.problem.unknowns


def test_a_study_of_training_refuses_them() -> None:
    with pytest.raises(InputError, match="unknown"):
        nt.verify_training(diffusion())


def test_the_option_takes_a_field(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["diff(a*u_x, x) + 1", "--fields", "u,a", "--variables", "x", "--unknown", "a(x)=1,positive"]
    assert run(["kernel", *given, "--width", "8", "--points", "4", "--json"]) == 0
    with_a = json.loads(capsys.readouterr().out)["groups"]["f"]["trace"]
    assert with_a > 0
    assert run(
        ["train", *given, "--width", "6", "--depth", "1", "--points", "8", "--steps", "3", "--json"]
    ) in (0, 4)
    assert json.loads(capsys.readouterr().out)["unknown_fields"]["a"]["of"] == ["x"]
    assert run(["kernel", *given[:-1], "a()=1"]) == 2
    assert "--unknown is" in capsys.readouterr().err


def test_the_best_of_several_starts_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    problem, options = diffusion(), {"points": 8, "until": 4, "error": False, "evidence": False}
    network = default_network(problem, width=6, depth=1)
    best = train_from_starts(problem, network, starts=3, seed=5, **options)
    single = [train(problem, network, seed=5 + k, **options) for k in range(3)]
    assert best.start_losses == tuple(run.loss for run in single)
    assert best.loss == min(best.start_losses)
    assert best.summary()["start_losses"] == list(best.start_losses)
    assert train_from_starts(problem, network, starts=1, seed=5, **options).start_losses == ()
    with_evidence = {"points": 40, "until": 60, "error": False}
    confirmed = train_from_starts(
        problem, default_network(problem, width=8, depth=1), starts=3, **with_evidence
    )
    assert judge(confirmed).ending is Ending.SOLVED
    assert len(confirmed.start_losses) < 3
    for bad in (0, True, 101):
        with pytest.raises(InputError, match="starts is"):
            train_from_starts(problem, network, starts=bad)
    with pytest.raises(InputError, match="beside a checkpoint"):
        train_from_starts(problem, network, starts=2, checkpoint="run.npz")
    assert run(["train", "u_x - u", "--starts", "0"]) == 2
    assert "starts is 0" in capsys.readouterr().err
