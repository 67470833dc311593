"""What stays outside of the grammar is refused with a caret and the way out, one message for each kind."""

from __future__ import annotations

import pytest
import sympy as sp

from ntk_theory.errors import ParseError, ProblemError
from ntk_theory.symbolic import from_toml
from ntk_theory.symbolic.grammar import from_sympy, parse_text

#: Text, a part of the message, a part of the way out, and where the caret stands.
TEXTS = {
    "u_t - integral(u, x)": ("looks at other points", "w_x = u", 6),
    "u_t - int(u)": ("looks at other points", "a second field", 6),
    "u_t + Integrate(u*u_x, x)": ("looks at other points", "a second field", 6),
    "u + convolve(u, exp(-x))": ("looks at other points", "a second field", 4),
    "u_t - ∫u": ("the character '∫'", "w_x = u", 6),
    "u_t + u(t - 1)": ("a delay or a shift", "method of steps", 6),
    "u_t - u(x - 1, t)": ("a delay or a shift", "method of steps", 6),
    "u_t + u_x(0, t)": ("a delay or a shift", "or two places", 6),
    "u_t - delay(u, 1)": ("a delay or a shift", "method of steps", 6),
    "u_t + u*u(2*x, t)": ("a delay or a shift", "method of steps", 8),
    "diff(u, t, 1/2) - u_xx": ("order of a derivative is 1/2", "z_t = -a*z + u", 11),
    "diff(u, t, 1.5) - u_xx": ("order of a derivative is 3/2", "fields for the memory", 11),
    "u_t + fraclap(u)": ("fractional order", "fields for the memory", 6),
    "u_t - caputo(u, 1/2)": ("fractional order", "fields for the memory", 6),
    "u_t - riesz(u)": ("fractional order", "fields for the memory", 6),
    "i*u_t + u_xx": ("everything here is real", "two fields (u and v)", 0),
    "u_t + I*u_xx": ("everything here is real", "two equations", 6),
    "u_t - j*u": ("everything here is real", "two equations", 6),
    "u_t + sqrt(-1)*u": ("not real", "everything real", 6),
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_outside_is_refused_with_the_way_out(text: str) -> None:
    message, way_out, position = TEXTS[text]
    with pytest.raises(ParseError) as caught:
        parse_text(text, variables=("x", "t"))
    assert message in caught.value.message
    assert way_out in str(caught.value)
    assert caught.value.position == position


x, t = sp.symbols("x t")
u = sp.Function("u")
SYMPY = {
    "integral": (u(x, t).diff(t) - sp.Integral(u(x, t), x), "w_x = u"),
    "definite integral": (u(x, t) - sp.Integral(u(x, t), (x, 0, 1)), "a second field"),
    "delay": (u(x, t).diff(t) + u(x, t - 1), "method of steps"),
    "shift": (u(x, t) + u(0, t), "two places"),
    "imaginary unit": (sp.I * u(x, t).diff(t) + u(x, t), "two fields"),
}


@pytest.mark.parametrize("name", SYMPY)
def test_a_sympy_expression_outside_is_refused_with_the_way_out(name: str) -> None:
    expression, way_out = SYMPY[name]
    with pytest.raises(ParseError) as caught:
        from_sympy(expression)
    assert way_out in str(caught.value)


@pytest.mark.parametrize(
    "ends", ['[0, "sqrt(1 - x^2)"]', '["-x", "x"]', '[0, "1 + x/2"]', '["sin(x)", 2]', '[0, "max(x, 1/2)"]']
)
@pytest.mark.parametrize(
    "place",
    ["[domain]\nx = [0, 1]\ny = {}\n", '[[conditions]]\nname = "c"\nequation = "u"\nwhere = {{ y = {} }}\n'],
)
def test_a_curved_domain_is_refused_with_the_way_out(ends: str, place: str) -> None:
    with pytest.raises(ProblemError) as caught:
        from_toml('variables = ["x", "y"]\nequations = ["laplacian(u)"]\n' + place.format(ends))
    for part in ("domains are boxes", "give the points yourself", "map it to a box"):
        assert part in str(caught.value)
