"""The gradient of an operator by forward differentiation equals finite differences and SymPy's own."""

from __future__ import annotations

import mpmath
import pytest
import sympy as sp

import ntk_theory as nt

TEXTS = [
    "u*|log(u)| + u_x",
    "|u|^3*u_x + sqrt(1 + u_x^2)",
    "|u_x*u - 2|^(3/2) + atan(u)/(1 + u^2)",
    "erf(u)*tan(u_x) + sech(u) + exp(-u^2)*sinh(u_x)*cosh(u)*tanh(u_x)",
    "log(2 + sin(u_x*u))*cos(u) + sign(u)*u_x",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(("u", "u_x"), [(0.7, -1.3), (1.9, 0.4)])
def test_gradient_is_the_derivative(text, u, u_x):
    """mpmath differentiates the expression itself at 50 digits; the points avoid the kinks."""
    operator = nt.parse(text, variables=["x"])
    at = {"u": mpmath.mpf(u), "u_x": mpmath.mpf(u_x)}
    symbols = {operator.space.symbol(slot): operator.space.name(slot) for slot in operator.slots}
    call = sp.lambdify(list(symbols), operator.expression, "mpmath")
    with mpmath.workdps(50):
        for k, (slot, derivative) in enumerate(operator.gradient.items()):
            order = tuple(
                int(j == list(symbols).index(operator.space.symbol(slot))) for j in range(len(symbols))
            )
            want = mpmath.diff(call, tuple(at[name] for name in symbols.values()), order)
            got = derivative.subs({s: sp.Float(at[name], 50) for s, name in symbols.items()}).evalf(40)
            assert abs(got - want) < 1e-15 * (1 + abs(want)), (k, text)


def test_gradient_stays_real():
    """SymPy's own derivative of |log u| splits log u into real and imaginary parts."""
    gradient = nt.parse("u*|log(u)|", variables=["x"]).gradient
    for derivative in gradient.values():
        assert not derivative.has(sp.re, sp.im, sp.Derivative)
        assert str(derivative) == "Abs(log(u)) + sign(log(u))"
