"""What every activation must fulfil: each line of the table runs through all of this.

A new line is tested by being listed; what it lacks fails under its name. The formula of the line is the
definition: the Taylor kernel, the facts and the limit law are compared with it, never with each other alone.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

import ntk_theory as nt
from ntk_theory.empirical.jet_ntk import jet_ntk
from ntk_theory.empirical.ntk import ntk
from ntk_theory.empirical.reference import formula_function, reference_kernel
from ntk_theory.errors import InputError, SmoothnessError
from ntk_theory.kernels import taylor
from ntk_theory.limit import dual, infinite_jets
from ntk_theory.limit.closed_forms import CLOSED
from ntk_theory.model.network import Network
from ntk_theory.setting.activations import ACTIVATIONS, ALIASES, Activation
from ntk_theory.symbolic.jets import Slot

#: One of each kind that is made on demand.
SWISH = ["swish:2", "swish:0.5"]
MEMBERS = [*ACTIVATIONS, "relu^2", "relu^4", "relu^70", *SWISH]
#: Without a law at infinite width: a kink, and no closed form.
LAWLESS = [
    name for name in MEMBERS if not Activation.of(name).is_smooth and not Activation.of(name).closed_form
]
#: For kernels of second order, which ReLU itself does not have.
SECOND_ORDER = [
    name for name in [*ACTIVATIONS, "relu^4", *SWISH] if Activation.of(name).derivatives in (None, 4)
]
POINTS = (-2.75, -0.625, 0.375, 1.875)


def kernel_taylor(name, z, order):
    """φ_k(z_i), (order + 1, n), by the compiled recursion."""
    phi, z = Activation.of(name), np.ascontiguousarray(z, dtype=np.float64)
    out = np.empty((order + 1, z.size))
    taylor.taylor(phi.code, phi.number, z, order, out)
    return out


def expression(name):
    """φ and its variable as SymPy has them, read from the formula."""
    operator = nt.parse(Activation.of(name).formula, fields=["z"], variables=["x"])
    power = Activation.of(name).power or 1
    return operator.expression**power, operator.space.symbol(operator.slots[0])


def test_names_and_codes_are_distinct():
    lines = list(ACTIVATIONS.values())
    assert len({line.code for line in lines}) == len(lines)
    assert all(Activation.of(name) is line and line.name == name for name, line in ACTIVATIONS.items())


@pytest.mark.parametrize("name", ALIASES)
def test_another_name_is_of_a_line_and_of_none_itself(name):
    assert name not in ACTIVATIONS
    assert Activation.of(name) is ACTIVATIONS[ALIASES[name]]
    network, same = (Network(("x",), ("u",), 4, activation=n) for n in (name, ALIASES[name]))
    points, slots = np.array([[0.3], [-0.8]]), (Slot("u", (0,)), Slot("u", (2,)))
    mine, other = (jet_ntk(n, n.init(0), points, slots) for n in (network, same))
    np.testing.assert_array_equal(mine, other)


def test_an_unknown_code_raises():
    with pytest.raises(ValueError, match="no Taylor recursion"):
        taylor.taylor(
            1 + max(line.code for line in ACTIVATIONS.values()), 0, np.zeros(3), 2, np.empty((3, 3))
        )


def test_a_changed_recursion_reaches_the_kernels_of_other_files(tmp_path):
    """Numba's cache on disk knows the file of a kernel, not those of its helpers."""
    package = Path(nt.__file__).parent
    shutil.copytree(package, tmp_path / "ntk_theory", ignore=shutil.ignore_patterns("__pycache__"))
    script = (
        "import numpy as np; from ntk_theory.kernels.dual_quadrature import moments\n"
        "from ntk_theory.kernels.dual_tables import BY_TAYLOR\n"
        "one, n, none = np.ones(1), np.array([61]), np.zeros((1, 1))\n"
        "by_sine = (BY_TAYLOR, 1.0, np.zeros((1, 5)), none, none, 3)\n"
        "print(float(moments(one, one, one, n, n, 0, 9.5, *by_sine)[0, 0, 0, 0, 0]))"
    )
    recursion = tmp_path / "ntk_theory" / "kernels" / "taylor.py"
    seen = []
    for factor in ("1.0", "3.0"):
        text = recursion.read_text(encoding="utf-8")
        recursion.write_text(text.replace("f[0, i] = math.sin(z[i])", f"f[0, i] = {factor} * math.sin(z[i])"))
        run = subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        recursion.write_text(text, encoding="utf-8")
        seen.append(float(run.stdout))
    assert math.isclose(seen[1], 9 * seen[0], rel_tol=1e-12)


@pytest.mark.parametrize("name", MEMBERS)
def test_the_kernel_has_the_derivatives_of_the_formula_by_sympy(name):
    phi, z = expression(name)
    got = kernel_taylor(name, POINTS, 5)
    for k in range(6):
        derivative = sp.diff(phi, z, k).subs(sp.Derivative(sp.sign(z), z), 0)
        for i, point in enumerate(POINTS):
            want = sp.N(derivative.subs(z, sp.Rational(point)).doit(), 40) / math.factorial(k)
            assert math.isclose(got[k, i], float(want), rel_tol=2e-13, abs_tol=2e-15), (k, point)


@pytest.mark.parametrize("name", MEMBERS)
def test_the_kernel_has_the_series_of_the_formula_by_mpmath(name):
    order, phi = 11, formula_function(Activation.of(name))
    got = kernel_taylor(name, POINTS, order)
    with mp.workdps(60):
        for i, point in enumerate(POINTS):
            want = [float(c) for c in mp.taylor(phi, mp.mpf(point), order)]
            np.testing.assert_allclose(got[:, i], want, rtol=5e-12, atol=1e-14)


@pytest.mark.parametrize("name", [name for name in MEMBERS if Activation.of(name).is_smooth])
def test_derivatives_keep_their_digits_in_the_tails(name):
    """Orders 0 to 10 against series of the formula in enough digits for what the tails leave.

    A sum such as z S'' + 2 S' may cancel near a zero, so each error is measured by the row above as well.
    """
    line, order = Activation.of(name), 10
    phi, is_entire = formula_function(line), math.isinf(line.strip)  # those decay like e^{−z²}, or never
    places = [
        side * place for place in (9.3, 14.7, 31.0, 120.0, 340.0)[: 2 if is_entire else 5] for side in (-1, 1)
    ]
    got = kernel_taylor(name, places, order)
    with mp.workdps(150 if is_entire else 420):
        for i, place in enumerate(places):
            want = mp.taylor(phi, mp.mpf(place), order)
            for k in range(order + 1):
                size = abs(want[k]) + (abs(want[k - 1]) / 100 if k else 0)
                assert size < 1e-300 or abs(mp.mpf(float(got[k, i])) - want[k]) < 3e-14 * size, (place, k)


@pytest.mark.parametrize("name", MEMBERS)
def test_far_arguments_stay_finite(name):
    far = 1e3 if Activation.of(name).growth < 9 else 30.0
    assert np.isfinite(kernel_taylor(name, [-far, -40.0, 40.0, far], 6)).all()


@pytest.mark.parametrize("name", MEMBERS)
def test_the_number_of_derivatives_is_right(name):
    """φ^(j) jumps nowhere for j below ``derivatives``, and somewhere for j equal to it."""
    phi, step = Activation.of(name), 1e-9
    places, order = np.arange(-6.0, 6.25, 0.25), min(phi.derivatives or 8, 8)
    below, above = (kernel_taylor(name, places + side, order) for side in (-step, step))
    size = np.abs(np.concatenate([below, above], axis=1)).max(axis=1, keepdims=True) + 1.0
    jumps = (np.abs(above - below) / size).max(axis=1) > 1e-6
    assert not jumps[:order].any()
    assert jumps[order] == (phi.derivatives == order)


@pytest.mark.parametrize("name", MEMBERS)
def test_the_growth_is_right(name):
    phi = Activation.of(name)
    f = formula_function(phi)
    ratios = [max(abs(f(x)), abs(f(-x))) / x**phi.growth for x in (mp.mpf(10) ** 4, mp.mpf(10) ** 6)]
    assert max(ratios) < 10
    assert phi.growth == 0 or min(ratios) > 0.1


@pytest.mark.parametrize("name", MEMBERS)
def test_the_parity_is_right(name):
    phi = Activation.of(name)
    f = formula_function(phi)
    for sign in (1, -1):
        holds = all(mp.almosteq(f(-mp.mpf(x)), sign * f(mp.mpf(x)), 1e-12) for x in POINTS)
        assert holds == (phi.parity == sign)


@pytest.mark.parametrize("name", [name for name in MEMBERS if Activation.of(name).is_smooth])
def test_the_strip_is_free_of_singularities(name):
    """φ at real x is its mean over a circle inside the strip; a pole or branch point inside would break that.

    The mean over M equally spaced places errs by about (radius/strip)^M of the largest value, 4e-6.
    """
    phi = Activation.of(name)
    f, radius = formula_function(phi), 0.9 * min(phi.strip, math.pi)
    assert phi.strip > 0
    for x in np.arange(-4.0, 4.25, 0.5):
        circle = [f(mp.mpc(x) + radius * mp.expjpi(mp.mpf(k) / 60)) for k in range(120)]
        assert abs(mp.fsum(circle) / 120 - f(mp.mpf(x))) < 1e-4 * max(map(abs, circle))


@pytest.mark.parametrize("name", MEMBERS)
def test_the_paper_s_hypotheses_follow_the_facts(name):
    phi, steps = Activation.of(name), nt.classify("u_t - u_xx", activation=name).paper.steps
    assert (str(steps["smooth-activation"].answer) == "yes") == phi.is_smooth
    assert (str(steps["bounded-derivatives"].answer) == "yes") == phi.has_bounded_derivatives


@pytest.mark.parametrize(
    "name", [name for name in [*ACTIVATIONS, "relu^2", "relu^4", *SWISH] if name not in LAWLESS]
)
def test_duals_agree_with_an_independent_integral(name):
    """E φ^(i)(U)φ^(j)(V): Gauss–Hermite where φ is smooth, Monte Carlo always.

    The Monte Carlo mean of 400 000 pairs may be 5 standard errors off: 6e-7 per comparison by chance.
    """
    phi, (p, q, r) = Activation.of(name), (1.3, -0.45, 0.8)
    assert not phi.closed_form or phi.closed_form in CLOSED
    slope = math.sqrt(r - q * q / p)
    draws = np.random.default_rng(11).standard_normal((2, 400_000))
    nodes, weights = np.polynomial.hermite_e.hermegauss(160)
    weights = weights / math.sqrt(2 * math.pi)
    for i, j in ((0, 0), (1, 1), (0, 1)):
        got = dual(name, i, j, p, q, r, rtol=1e-9)
        assert got.method == "closed form" or not phi.closed_form or (phi.parity == 0 and phi.is_smooth)
        first = kernel_taylor(name, math.sqrt(p) * draws[0], 1)[i]
        second = kernel_taylor(name, q / math.sqrt(p) * draws[0] + slope * draws[1], 1)[j]
        product = first * second
        assert abs(product.mean() - float(got.values)) < 5 * product.std() / math.sqrt(product.size)
        if phi.is_smooth:
            u = kernel_taylor(name, math.sqrt(p) * nodes, 1)[i]
            v = kernel_taylor(name, np.add.outer(q / math.sqrt(p) * nodes, slope * nodes).ravel(), 1)[j]
            want = (weights * u) @ v.reshape(160, 160) @ weights
            assert abs(float(got.values) - want) < 1e-7


@pytest.mark.parametrize("name", LAWLESS)
def test_a_kink_without_a_closed_form_has_kernels_and_rules_but_no_law(name):
    problem = nt.problem("u_t + u*u_x")
    network = Network(("x", "t"), ("u",), (3, 2), activation=name, s="3/4")
    parameters = network.init(3)
    points = {"f": np.array([[0.3, -0.2], [-0.7, 0.4]]), "b": np.array([[0.1, 0.9]])}
    want = reference_kernel(problem, network, parameters, points)
    np.testing.assert_allclose(ntk(problem, network, parameters, points).matrix, want, rtol=1e-9, atol=1e-11)
    assert str(nt.classify(problem, activation=name).regime("ff", "1/2").limit) == "random"
    assert str(nt.classify("u_t - u_xx", activation=name).regime("ff", "1/2").limit) == "undecided"
    with pytest.raises(SmoothnessError, match="kink"):
        nt.limit_law(problem, network, points)


@pytest.mark.parametrize(
    "given", ["swish:0", "swish:0.0004", "swish:1/7", "swish:-1", "swish:", "swish:1000"]
)
def test_a_beta_that_is_none_is_refused(given):
    with pytest.raises(InputError, match=r"swish:β"):
        Activation.of(given)


def test_a_beta_of_one_is_silu_and_spellings_agree():
    assert Activation.of("swish:1") is Activation.of("silu:1.0") is ACTIVATIONS["silu"]
    assert Activation.of("swish:3/2") == Activation.of("swish:1.5")
    assert Activation.of(Activation.of("swish:3/2").name) == Activation.of("swish:3/2")


@pytest.mark.parametrize("name", SECOND_ORDER)
def test_kernels_equal_the_slow_reference(name):
    problem = nt.problem("u_t - u_xx + u^2")
    network = Network(("x", "t"), ("u",), (3, 2), activation=name, s="3/4")
    parameters = network.init(3)
    points = {"f": np.array([[0.3, -0.2], [-0.7, 0.4]]), "b": np.array([[0.1, 0.9]])}
    want = reference_kernel(problem, network, parameters, points)
    np.testing.assert_allclose(ntk(problem, network, parameters, points).matrix, want, rtol=1e-9, atol=1e-11)


@pytest.mark.statistics
@pytest.mark.parametrize("name", SECOND_ORDER)
def test_finite_networks_have_the_limit_s_jet_ntk(name):
    """Mean of T over 24 networks of 2000 neurons (depth 1, no bias in 1/N) against T^∞.

    Each of 18 entries may be 6 standard errors off, by Student's t with 23 degrees of freedom a chance of
    4e-6 each.
    """
    slots = (Slot("u", (0,)), Slot("u", (1,)), Slot("u", (2,)))
    points = np.array([[0.4], [-0.9]])
    network = Network(("x",), ("u",), 2000, activation=name)
    values = np.stack([jet_ntk(network, network.init(seed), points, slots) for seed in range(24)])
    limit = infinite_jets(name, 1, points, [slot.index for slot in slots]).jet_ntk
    error = values.std(axis=0, ddof=1) / math.sqrt(len(values))
    assert np.all(np.abs(values.mean(axis=0) - limit) <= 6 * error + 1e-12)
