"""Far from the origin derivatives decay; every order keeps its digits there, against series in mpmath."""

import mpmath
import numpy as np
import pytest

from ntk_theory.kernels.taylor import taylor
from ntk_theory.setting.activations import ACTIVATIONS

ORDERS = 10


def exponentials(order, z, rate, first, coefficient):
    """d^order/dz^order of first + Σ_n coefficient(n) e^{−n rate |z|} for z > 0, term by term."""
    terms = (coefficient(n) * (-n * rate) ** order * mpmath.exp(-n * rate * z) for n in range(1, 40))
    return (first if order == 0 else 0) + mpmath.fsum(terms)


def tanh(order, z):
    """Tanh is odd, and 1 + 2 Σ (−1)^n e^{−2nz} for z > 0."""
    return (-1 if z < 0 else 1) ** (order + 1) * exponentials(order, abs(z), 2, 1, lambda n: 2 * (-1) ** n)


def sigmoid(order, z):
    """Of z > 0: 1 + Σ (−1)^n e^{−nz}; S(−z) = 1 − S(z)."""
    above = exponentials(order, abs(z), 1, 0, lambda n: (-1) ** n)
    return (z > 0) * (order == 0) + (above if z > 0 else (-1) ** (order + 1) * above)


def softplus(order, z):
    """Its derivative is the sigmoid; of z < 0 it is Σ (−1)^{n+1} e^{nz}/n."""
    if order:
        return sigmoid(order - 1, z)
    return max(z, 0) + exponentials(0, abs(z), 1, 0, lambda n: mpmath.mpf((-1) ** (n + 1)) / n)


def gaussian(order, z):
    """By Hermite polynomials."""
    return (-1) ** order * mpmath.hermite(order, z) * mpmath.exp(-z * z)


def erf(order, z):
    """Its derivative is 2/√π times the Gaussian."""
    return 2 / mpmath.sqrt(mpmath.pi) * gaussian(order - 1, z) if order else mpmath.erf(z)


def normal(order, z):
    """The normal distribution function, ½ erfc(−z/√2)."""
    root = mpmath.sqrt(2)
    return mpmath.erfc(-z / root) / 2 if order == 0 else erf(order, z / root) / (2 * root**order)


def tanh_of_softplus(order, z):
    """((1 + e^z)² − 1)/((1 + e^z)² + 1), a power series in e^z for z < 0 and in q = e^{−z} for z > 0."""
    e, terms = mpmath.exp(-abs(z)), 60
    above, below = ([0, 2, 1], [2, 2, 1]) if z < 0 else ([0, 0, -2], [1, 2, 2])
    series = []
    for n in range(terms):
        known = sum(below[j] * series[n - j] for j in range(1, min(n, 2) + 1))
        series.append((mpmath.mpf(above[n] if n < 3 else 0) - known) / below[0])
    rate = 1 if z < 0 else -1
    total = mpmath.fsum(a * mpmath.mpf(n * rate) ** order * e**n for n, a in enumerate(series) if n)
    return total + (1 if z > 0 and order == 0 else 0)


def times_z(f):
    """By Leibniz: (z f)^(k) = z f^(k) + k f^(k−1)."""
    return lambda order, z: z * f(order, z) + (order * f(order - 1, z) if order else 0)


#: Name → (φ^(k)(z), the largest |z| at which all of them are normal numbers of double precision).
TAILS = {
    "tanh": (tanh, 350.0),
    "sigmoid": (sigmoid, 690.0),
    "softplus": (softplus, 690.0),
    "silu": (times_z(sigmoid), 690.0),
    "erf": (erf, 25.0),
    "gaussian": (gaussian, 25.0),
    "gelu": (times_z(normal), 35.0),
    "mish": (times_z(tanh_of_softplus), 340.0),
}


@pytest.mark.parametrize("name", TAILS)
def test_derivatives_keep_their_relative_accuracy_in_the_tails(name):
    """Orders 0 to 10, beyond the last zero of any of them; 1 − tanh² has no digit left from |z| = 19 on."""
    phi, far = TAILS[name]
    z = np.geomspace(8.0, far, 40)
    z = np.concatenate([z, -z])
    found = np.empty((ORDERS + 1, z.size))
    taylor(ACTIVATIONS[name].code, 0, z, ORDERS, found)
    with mpmath.workdps(50):
        for i, x in enumerate(map(mpmath.mpf, z.tolist())):
            for k in range(ORDERS + 1):
                exact = phi(k, x) / mpmath.factorial(k)
                if abs(exact) > 1e-300:
                    error = abs(mpmath.mpf(float(found[k, i])) / exact - 1)
                    assert error < 2e-14, (name, k, float(x), float(error))
