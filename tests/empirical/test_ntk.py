import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntk_theory.empirical import cost
from ntk_theory.empirical.ntk import ntk, ntk_for_exponents
from ntk_theory.empirical.residuals import Residuals, jvp, loss_gradient, vjp
from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.model.network import Network
from ntk_theory.model.points import draw_points
from ntk_theory.resources import thread_limit
from ntk_theory.symbolic import zoo
from ntk_theory.symbolic.jets import JetSpace, Slot
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Group, GroupKind, Problem

SPACE = JetSpace(("u",), ("x", "t"))


def s(x=0, t=0):
    return SPACE.symbol(Slot("u", (x, t)))


def problem(expression):
    """A value group, a periodic pair and one equation."""
    u = Operator(SPACE, s())
    return Problem(
        SPACE,
        (Group("f", GroupKind.EQUATION, (Operator(SPACE, expression),)),),
        (
            Group("b", GroupKind.VALUE, (u,)),
            Group("periodic", GroupKind.CONDITION, (u, Operator(SPACE, -s()))),
        ),
    )


KDV = problem(s(t=1) + s() * s(x=1) + s(x=3))
#: sup-norm of a derivative by central differences with step 1e-6 of a smooth residual.
FINITE_DIFFERENCE = 1e-7


def draw(n=5, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "f": rng.uniform(-1, 1, (n, 2)),
        "b": rng.uniform(-1, 1, (3, 2)),
        "periodic": rng.uniform(-1, 1, (2, 2, 2)),
    }


def make(width=(6, 5), **options):
    net = Network(("x", "t"), ("u",), width=width, **options)
    return net, net.init(1)


@pytest.mark.parametrize("bias", ["zero", "normal", "none"])
@pytest.mark.parametrize("width", [7, (6, 5), (4, 5, 6)])
def test_kernel_is_jacobian_times_its_transpose(width, bias):
    net, th = make(width, s="2/3", output_bias=bias, input_map={"x": (-3, 1), "t": (0, 2)})
    X = draw()
    here = Residuals.of(KDV, net, X).at(th)
    by_rows = np.stack([here.vjp(e).flatten() for e in np.eye(10)])
    by_columns = np.stack([here.jvp(th.replaced(e)) for e in np.eye(th.size)]).T
    np.testing.assert_allclose(by_rows, by_columns, rtol=1e-10, atol=1e-12 * np.abs(by_rows).max())
    want = by_rows @ by_rows.T
    for path in ("jet", "contracted", "auto"):
        kernel = ntk(KDV, net, th, X, path=path)
        assert np.linalg.norm(kernel.matrix - want) < 1e-12 * np.linalg.norm(want)
    assert kernel["b,f"].shape == (3, 5)


@given(seed=st.integers(0, 10_000), depth=st.integers(1, 3))
@settings(max_examples=15, deadline=None)
def test_jacobian_is_the_derivative_of_the_residual(seed, depth):
    net = Network(("x", "t"), ("u",), width=5, depth=depth)
    th = net.init(seed)
    direction = net.init(seed + 1)
    rows = Residuals.of(KDV, net, draw(seed=seed))
    h = 1e-6
    up, down = (rows.at(th.replaced(th.flatten() + k * h * direction.flatten())).values for k in (1, -1))
    found = rows.at(th).jvp(direction)
    scale = 1 + np.abs(found).max() + np.abs(up).max() / h * 1e-9
    assert np.abs(found - (up - down) / (2 * h)).max() < 100 * FINITE_DIFFERENCE * scale


def test_products_agree_for_every_thread_count(monkeypatch):
    monkeypatch.setattr(cost, "WORTH_SHARING", 0.0)  # threads share even this little
    net, th = make((30, 30))
    X, v = draw(40), np.random.default_rng(0).standard_normal(45)
    results = []
    for threads in (1, 2, 3):
        with thread_limit(threads):
            ask = Residuals.of(KDV, net, X).at(th).ask
            assert cost.cost_of(ask, contracted=True).point_tile == -(-len(ask.points) // threads)
            results.append(vjp(KDV, net, th, X, v).flatten())
            again = vjp(KDV, net, th, X, v).flatten()
            np.testing.assert_array_equal(results[-1], again)
    for other in results[1:]:
        np.testing.assert_allclose(other, results[0], rtol=1e-11, atol=1e-12 * np.abs(other).max())


def test_vjp_and_jvp_are_adjoint_and_loss_gradient_is_jtr():
    net, th = make()
    X, v = draw(), np.random.default_rng(3).standard_normal(10)
    direction = net.init(9)
    left = vjp(KDV, net, th, X, v).flatten() @ direction.flatten()
    right = v @ jvp(KDV, net, th, X, direction)
    assert np.isclose(left, right, rtol=1e-12)
    weights = np.linspace(0.5, 2, 10)
    loss, gradient = loss_gradient(KDV, net, th, X, weights)
    values = Residuals.of(KDV, net, X).at(th).values
    assert np.isclose(loss, 0.5 * np.sum(weights * values**2), rtol=1e-14)
    np.testing.assert_allclose(
        gradient.flatten(), vjp(KDV, net, th, X, weights * values).flatten(), rtol=1e-12
    )


def test_exponent_enters_through_epsilon_alone():
    """A linear operator without output bias: K(s) = ε² K(1/2)."""
    heat = problem(s(t=1) - s(x=2))
    X = draw()
    half, th = make(output_bias="none")
    other, same = make(output_bias="none", s="1")
    np.testing.assert_allclose(
        ntk(heat, other, same, X).matrix, other.epsilon**2 * ntk(heat, half, th, X).matrix, rtol=1e-12
    )


def test_overflow_names_group_and_point():
    import sympy as sp  # noqa: PLC0415

    net, th = make(width=4, output_bias="normal")
    hot = th.replaced(th.flatten() + np.concatenate([np.zeros(th.size - 1), [1e4]]))
    X = draw()
    with pytest.raises(NonFiniteError, match=r"'f'.*point"):
        ntk(problem(sp.exp(s()) + s(t=1)), net, hot, X)


def test_mismatched_problem_is_refused():
    net = Network(("t", "x"), ("u",), width=3)
    with pytest.raises(InputError, match=r"network has variables \('t', 'x'\); the problem has"):
        ntk(KDV, net, net.init(0), draw())
    net, th = make()
    with pytest.raises(InputError, match="path is 'fast'"):
        ntk(KDV, net, th, draw(), path="fast")
    with pytest.raises(InputError, match="cotangent has shape"):
        vjp(KDV, net, th, draw(), np.ones(3))


def test_another_equation_compiles_nothing():
    """Operators reach the kernels as data: no kernel gains a signature."""
    from ntk_theory.kernels import compose, gram, shallow, taylor  # noqa: PLC0415

    kernels = [
        kernel
        for module in (compose, gram, shallow, taylor)
        for kernel in vars(module).values()
        if hasattr(kernel, "overloads")
    ]
    net, th = make()
    ntk(KDV, net, th, draw())
    before = [len(kernel.overloads) for kernel in kernels]
    ntk(problem(s(t=2) - s(x=2) + s() ** 3), net, th, draw())
    ntk(problem(s(x=4) + s(t=1) ** 2), *make(width=9), draw(), path="contracted")
    assert [len(kernel.overloads) for kernel in kernels] == before


def test_results_do_not_live_in_working_arrays():
    """A second call must not change what the first returned."""
    net, th = make((20, 20))
    first = ntk(KDV, net, th, draw()).matrix
    kept = first.copy()
    gradient = vjp(KDV, net, th, draw(), np.ones(10)).flatten()
    kept_gradient = gradient.copy()
    ntk(KDV, net, net.init(5), draw(seed=4))
    vjp(KDV, net, net.init(5), draw(seed=4), np.ones(10))
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(gradient, kept_gradient)


@pytest.mark.parametrize("width", [8, (7, 6)])
def test_several_exponents_from_one_jet_ntk(width):
    net, th = make(width, output_bias="normal")
    exponents = ("1/4", "1/2", 1)
    for s_value, kernel in zip(exponents, ntk_for_exponents(KDV, net, th, draw(), exponents), strict=True):
        here = make(width, output_bias="normal", s=s_value)[0]
        want = ntk(KDV, here, th.for_s(s_value), draw())
        assert np.linalg.norm(kernel.matrix - want.matrix) < 1e-12 * np.linalg.norm(want.matrix)
        assert kernel.metadata["s"] == want.metadata["s"]


def test_a_problem_may_be_named_and_its_points_left_out():
    network = Network(("x", "t"), ("u",), width=16)
    parameters = network.init(3)
    named = ntk("heat", network, parameters)
    heat = zoo("heat")
    assert np.array_equal(named.matrix, ntk(heat, network, parameters, draw_points(heat)).matrix)
