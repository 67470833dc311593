"""Texts against expressions built by hand in SymPy, and the round trip through the printer."""

from __future__ import annotations

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.errors import InputError
from ntk_theory.symbolic.grammar import parse_scalar, parse_text, render
from ntk_theory.symbolic.grammar.calculus import total_derivative
from ntk_theory.symbolic.jets import JetSpace


def _symbols(names: str) -> tuple[sp.Symbol, ...]:
    return tuple(sp.Symbol(name, real=True) for name in names.split())


u, v, x, y, t = _symbols("u v x y t")
u_x, u_y, u_t, u_xx, u_xy, u_xt, u_yy, u_tt = _symbols("u_x u_y u_t u_xx u_xy u_xt u_yy u_tt")
u_xxx, u_xxt, u_xxxx, u_xxyy, u_yyyy = _symbols("u_xxx u_xxt u_xxxx u_xxyy u_yyyy")
v_x, v_y, v_t, v_xx = _symbols("v_x v_y v_t v_xx")
nu, p, c, D = (sp.Symbol(name, real=True, nonzero=True) for name in ("nu", "p", "c", "D"))
R = sp.Rational
size = sp.Abs

#: text → left minus right side, written down by hand (the chain and product rules done on paper).
GOLDEN = {
    "u": u,
    "u_t + u*u_x + u_xxx": u_t + u * u_x + u_xxx,
    "u_t - u_xx": u_t - u_xx,
    "u_t = u_xx": u_t - u_xx,
    "u_tt - u_xx + sin(u) = 0": u_tt - u_xx + sp.sin(u),
    "u_tx": u_xt,
    "u_txx": u_xxt,
    "diff(u, x)": u_x,
    "diff(u, x, 2)": u_xx,
    "diff(u, x, 2, t)": u_xxt,
    "diff(u, t, x, 2)": u_xxt,
    "D(u, x)": u_x,
    "D(D(u, x), t)": u_xt,
    "D*D(u, x)": D * u_x,
    "diff(u_x, x, x)": u_xxx,
    "diff(u^2/2, x)": u * u_x,
    "u_t + diff(u^2/2, x) = nu*u_xx": u_t + u * u_x - nu * u_xx,
    "diff(u*u_x, x)": u_x**2 + u * u_xx,
    "diff(x^2*u, x)": 2 * x * u + x**2 * u_x,
    "diff(x*t + u, t) ": x + u_t,
    "diff(sin(u), x, 2)": -sp.sin(u) * u_x**2 + sp.cos(u) * u_xx,
    "diff(tanh(u), x)": (1 - sp.tanh(u) ** 2) * u_x,
    "diff(|u|, x)": sp.sign(u) * u_x,
    "diff(|u|*u, x)": 2 * size(u) * u_x,
    "diff(erf(u), x)": 2 * sp.exp(-(u**2)) / sp.sqrt(sp.pi) * u_x,
    "diff(log(1 + u^2), x)": 2 * u * u_x / (1 + u**2),
    "laplacian(u) + u_y + u_t + x": x + u_xx + u_yy + u_y + u_t,
    "laplacian(laplacian(u)) + u_y + x": x + u_xxxx + 2 * u_xxyy + u_yyyy + u_y,
    "grad(u)^2 + u_y + x": x + u_x**2 + u_y**2 + u_y,
    "grad(u)^4 + u_y + x": x + (u_x**2 + u_y**2) ** 2 + u_y,
    "|grad(u)| - x*y": sp.sqrt(u_x**2 + u_y**2) - x * y,
    "dot(grad(u), grad(v)) + u_y + x": x + u_x * v_x + u_y * v_y + u_y,
    "dot([u, v], grad(u)) + u_y + x": x + u * u_x + v * u_y + u_y,
    "div([u, v]) + x*y": u_x + v_y + x * y,
    "div(u, v) + x*y": u_x + v_y + x * y,
    "div(u*grad(u)) + y": u_y**2 + u * u_yy + y,
    "div(u*grad(u)) + x*y": u_x**2 + u * u_xx + u_y**2 + u * u_yy + x * y,
    "div((1 + x)*grad(u))": u_x + (1 + x) * u_xx,
    "div(grad(u)/2 - 3*grad(u))": -R(5, 2) * u_xx,
    "div(|grad(u)|^(p-2)*grad(u))": (p - 2) * size(u_x) ** (p - 2) * u_xx + size(u_x) ** (p - 2) * u_xx,
    "-u^2": -(u**2),
    "u^-1": 1 / u,
    "u*-u_x": -u * u_x,
    "2^3^2*u": 512 * u,
    "u**2": u**2,
    "u - u_x - u_t": u - u_x - u_t,
    "u/u_x/u_t": u / (u_x * u_t),
    "u/u_x*u_t": u * u_t / u_x,
    "--u": u,
    "0.1*u + 1e-3": R(1, 10) * u + R(1, 1000),
    "u/3 + 2.50": u / 3 + R(5, 2),
    ".5*u": u / 2,
    "|u|^(3/2)": size(u) ** R(3, 2),
    "||u| - 1|*|u_x|": size(size(u) - 1) * size(u_x),
    "sqrt(1 + u_x^2)": sp.sqrt(1 + u_x**2),
    "sech(x)*u": u / sp.cosh(x),
    "abs(u)*sign(u_x)": size(u) * sp.sign(u_x),
    "exp(u) + log(1 + u^2)*cosh(u) - sinh(u)": sp.exp(u) + sp.log(1 + u**2) * sp.cosh(u) - sp.sinh(u),
    "atan(u) + tan(u) + cos(u)*erf(u)": sp.atan(u) + sp.tan(u) + sp.cos(u) * sp.erf(u),
    "pi*u": sp.pi * u,
    "c^2*u_xx - u_tt": c**2 * u_xx - u_tt,
    "u² + u³·x − ν*uₓₓ": u**2 + u**3 * x - nu * u_xx,
    "u⁻¹": 1 / u,
    "u_t\n  + u_x;": u_t + u_x,
}


@pytest.mark.parametrize("text", GOLDEN)
def test_text_means_the_expression_written_by_hand(text: str) -> None:
    (equation,) = parse_text(text).equations
    assert sp.expand(equation - GOLDEN[text]) == 0


@pytest.mark.parametrize("text", GOLDEN)
def test_printed_text_reads_back_the_same(text: str) -> None:
    parsed = parse_text(text)
    printed = render(parsed.equations[0], parsed.space)
    again = parse_text(printed, fields=parsed.space.fields, variables=parsed.space.variables)
    assert again.equations == parsed.equations


@pytest.mark.parametrize(
    "text",
    [
        "u_t + u*u_x + u_xxx",
        "u_tt - u_xx + sin(u)",
        "u_t - eps^2*u_xx + u^3 - u",
        "u_t + u*u_x + u_xx + u_xxxx",
        "u_t + u*u_x - nu*u_xx",
        "u_x^2 + u_y^2 - 1",
        "u_xx + u_yy",
        "u_t - u_xx - sqrt(|u|)",
        "u_t - 3*x^2*u_x/2 + sech(x - t)^2*u",
        "u_t + |u|^(3/2)*u_x",
    ],
)
def test_printing_keeps_the_order_in_which_people_write(text: str) -> None:
    parsed = parse_text(text)
    assert render(parsed.equations[0], parsed.space).replace("(t - x)", "(x - t)") == text


def test_names_and_their_order() -> None:
    assert parse_text("u_t + u_x").space == JetSpace(("u",), ("x", "t"))
    assert parse_text("u").space == JetSpace(("u",), ("x",))
    assert parse_text("w_z + u_x*t").space == JetSpace(("u", "w"), ("x", "z", "t"))
    assert parse_text("h_s", fields="h", variables=("r", "s")).space == JetSpace(("h",), ("r", "s"))
    assert parse_text("u_t", variables=("t", "x")).space == JetSpace(("u",), ("t", "x"))
    assert parse_text("u_t + v*u_x", parameters=("v",)).space.fields == ("u",)


def test_long_variable_names_are_spelled_greedily() -> None:
    parsed = parse_text("u_x1x1 + diff(u, x2, 2)", variables=("x1", "x2"))
    space = parsed.space
    assert parsed.equations[0] == space.symbol(space.slot("u", x1=2)) + space.symbol(space.slot("u", x2=2))
    assert (
        parse_text(render(parsed.equations[0], space), variables=("x1", "x2")).equations == parsed.equations
    )


def test_one_spatial_variable_is_assumed_and_said() -> None:
    parsed = parse_text("u_t = laplacian(u)")
    assert parsed.equations == (u_t - u_xx,)
    assert parsed.notes == ("x was taken as the only spatial variable",)


def test_a_system_has_one_expression_per_equation() -> None:
    parsed = parse_text("u_t = v; v_t = u_xx; ")
    assert parsed.equations == (u_t - v, v_t - u_xx)
    assert parsed.space.fields == ("u", "v")


@pytest.mark.parametrize(("value", "exact"), [("1/3", R(1, 3)), (0.1, R(1, 10)), (2, 2), ("pi/2", sp.pi / 2)])
def test_parameter_values_are_exact(value: str | float, exact: sp.Expr) -> None:
    parsed = parse_text("u_t - nu*u_xx", parameters={"nu": value})
    assert parsed.equations == (u_t - exact * u_xx,)
    assert parsed.parameters == ()


def test_parameters_without_value_are_real_and_nonzero() -> None:
    parsed = parse_text("u_t - k_1*u_xx + c1*u", parameters={"k_1": None})
    assert parsed.parameters == ("c1", "k_1")
    assert sp.Symbol("k_1", real=True, nonzero=True) in parsed.equations[0].free_symbols


def test_sign_has_no_derivative_and_that_is_noted() -> None:
    parsed = parse_text("diff(|u|, x, 2)")
    assert parsed.equations == (sp.sign(u) * u_xx,)
    assert parsed.notes == ("sign' = 0 almost everywhere was used",)
    assert parse_text("diff(|u|, x)").notes == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [("2*pi", 2 * sp.pi), ("-20", sp.Integer(-20)), ("2*sech(x - 4*t)^2", 2 / sp.cosh(x - 4 * t) ** 2)],
)
def test_scalars(text: str, value: sp.Expr) -> None:
    assert parse_scalar(text, variables=("x", "t")) == value


def test_a_scalar_has_no_field() -> None:
    with pytest.raises(InputError, match="'u' is unknown"):
        parse_scalar("u + 1")


@given(
    st.recursive(
        st.sampled_from(["u", "u_x", "u_t", "u_xx", "x", "2", "1/3", "nu"]),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map("({0[0]}){0[1]}({0[2]})".format),
            st.tuples(st.sampled_from(["sin", "exp", "tanh", "abs", "sign"]), inner).map(
                "{0[0]}({0[1]})".format
            ),
            st.tuples(inner, st.sampled_from(["2", "3"])).map("({0[0]})^{0[1]}".format),
        ),
        max_leaves=8,
    )
)
def test_any_expression_survives_print_and_parse(text: str) -> None:
    names = {"fields": ("u",), "variables": ("x", "t")}
    parsed = parse_text(f"u_tt + u*({text}) + u_t*u_xx", **names)
    assert parse_text(render(parsed.equations[0], parsed.space), **names).equations == parsed.equations


@pytest.mark.parametrize(
    "text",
    [
        "u*u_x",
        "sin(u)*u_x^2",
        "exp(u*x)/(1 + u_x^2)",
        "sqrt(1 + u^2)",
        "2^x*u",
        "x^t*u",
        "sech(u)",
        "tan(u)",
        "atan(x*u)",
    ],
)
def test_total_derivative_is_that_of_sympy_along_a_function(text: str) -> None:
    """D_x F at the jet of f(x, t) must be d/dx of F(jet of f): SymPy's own derivative is the oracle."""
    (operator,) = parse_text(text, fields="u", variables=("x", "t")).equations
    space = JetSpace(("u",), ("x", "t"))
    f = sp.exp(x / 3) * sp.cos(t) + x**2

    def along(expression: sp.Expr) -> sp.Expr:
        jets = {
            space.symbol(slot): sp.diff(f, x, slot.index[0], t, slot.index[1])
            for slot in space.slots_of(expression)
        }
        return expression.xreplace(jets)

    difference = along(total_derivative(space, "x")(operator)) - sp.diff(along(operator), x)
    for at in ({x: R(1, 2), t: R(1, 3)}, {x: R(7, 5), t: R(1, 7)}):
        assert abs(difference.subs(at).evalf(30)) < 1e-25
