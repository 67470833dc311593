import math

import mpmath
import numba
import numpy as np
import pytest

from ntk_theory.kernels import elementary

OPTIONS = {"error_model": "numpy", "fastmath": {"contract"}}


@numba.njit("void(float64[::1], float64[::1])", **OPTIONS)
def run_tanh(x, y):
    for i in range(x.size):
        y[i] = elementary.tanh(x[i])


@numba.njit("void(float64[::1], float64[::1])", **OPTIONS)
def run_exp(x, y):
    for i in range(x.size):
        y[i] = elementary.exp(x[i])


def apply(kernel, x):
    out = np.empty_like(x)
    kernel(x, out)
    return out


def whole_range():
    """Every binade from subnormal to 2^10 both signs, dense around 0, and the seams of the reduction."""
    rng = np.random.default_rng(20)
    binades = np.ldexp(rng.uniform(1, 2, (1090, 6)), np.arange(-1080, 10)[:, None]).ravel()
    dense = rng.uniform(0, 22, 12000)
    seams = [np.nextafter(k * math.log(2) / 2, side) for k in range(60) for side in (-np.inf, np.inf)]
    x = np.concatenate([binades, dense, seams, [0.0, 5e-324, 1e300, 19.0615, 20.0]])
    return np.concatenate([x, -x])


def test_tanh_is_within_two_units_in_the_last_place():
    x = whole_range()
    y = apply(run_tanh, x)
    with mpmath.workdps(40):
        for a, b in zip(x.tolist(), y.tolist(), strict=True):
            exact = mpmath.tanh(a) if abs(a) < 1e3 else mpmath.sign(a)
            error = abs(mpmath.mpf(b) - exact)
            assert error <= 2 * math.ulp(float(exact)), (a, b)


def test_tanh_keeps_special_values():
    y = apply(run_tanh, np.array([np.inf, -np.inf, np.nan, 0.0]))
    assert y[:2].tolist() == [1.0, -1.0]
    assert np.isnan(y[2])
    assert y[3] == 0.0


def test_tanh_is_odd_and_monotone_in_size():
    x = np.linspace(0, 21, 4001)
    y = apply(run_tanh, x)
    np.testing.assert_array_equal(apply(run_tanh, -x), -y)
    assert np.all(np.abs(y) <= 1.0)


def test_exp_to_two_units():
    x = np.concatenate([np.random.default_rng(3).uniform(-707, 707, 5000), [0.0, 1e-300, -1e-17]])
    y = apply(run_exp, x)
    with mpmath.workdps(40):
        for a, b in zip(x.tolist(), y.tolist(), strict=True):
            exact = mpmath.exp(a)
            assert abs(mpmath.mpf(b) - exact) <= 2 * math.ulp(float(exact)), (a, b)


def test_exp_is_clamped_not_overflowing():
    assert apply(run_exp, np.array([1e4, -1e4])).tolist() == pytest.approx([math.exp(708), math.exp(-708)])


@pytest.mark.parametrize("kernel", [run_tanh, run_exp], ids=["tanh", "exp"])
def test_loops_vectorise(kernel):
    """The loop's intermediate form holds operations on vectors of doubles and calls no library."""
    (text,) = kernel.inspect_llvm().values()
    assert "x double>" in text
    (assembly,) = kernel.inspect_asm().values()
    for name in ("tanh", "exp"):
        assert f"call\t{name}" not in assembly
        assert f"${name}," not in assembly


def test_polynomial_of_exp_is_as_good_as_stated():
    """In 40 digits, without rounding: error of r + Σ C_k r^k relative to e^r − 1, on a grid and its ends."""
    with mpmath.workdps(40):
        low, high = -mpmath.log(2) / 2, mpmath.log(2)
        coefficients = [*map(mpmath.mpf, reversed(elementary.TAIL))]
        worst = 0
        for k in range(2001):
            r = low + (high - low) * k / 2000
            if r:
                tail = r * r * mpmath.polyval(coefficients, r)
                worst = max(worst, abs((r + tail) / mpmath.expm1(r) - 1))
    # 6.8e-19 with exact coefficients; rounding them to float64 adds up to 2⁻⁵⁶ r³/(e^r − 1) by C3 alone.
    assert worst < 2.0**-53 / 16
