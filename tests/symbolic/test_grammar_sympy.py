"""SymPy expressions at the door: the same operators as from text, the same bounds, no surprises."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import sympy as sp

from ntk_theory.errors import BudgetError, InputError, NTKTheoryError
from ntk_theory.symbolic.grammar import from_sympy, parse_text

x, t = sp.symbols("x t")
u, v = (sp.Function(name)(x, t) for name in "uv")
loose = sp.Symbol("u")

SAME = [
    (u.diff(t) + u * u.diff(x) + u.diff(x, 3), "u_t + u*u_x + u_xxx"),
    (sp.Eq(u.diff(t), sp.Rational(1, 3) * u.diff(x, 2)), "u_t = u_xx/3"),
    (u.diff(t) + sp.Float(0.1) * u, "u_t + 0.1*u + 0*x"),
    ([sp.Eq(u.diff(t), v), v.diff(x) - u], "u_t = v; v_x - u"),
    (u.diff(t) + sp.Derivative(u**2 / 2, x), "u_t + diff(u^2/2, x)"),
    (u.diff(t) - sp.sqrt(sp.Abs(u)) * sp.sign(u) + sp.sech(x), "u_t - sqrt(|u|)*sign(u) + sech(x)"),
    (u.diff(t, x) + sp.erf(u) + sp.pi + sp.E, "u_xt + erf(u) + pi + exp(1)"),
    (sp.Symbol("u_xx") + sp.Symbol("nu", positive=True) * sp.Symbol("u_t"), "u_xx + nu*u_t"),
    (sp.Symbol("u_t", commutative=False) * loose + x, "u_t*u + x"),
]


@pytest.mark.parametrize(("expression", "text"), SAME)
def test_sympy_and_text_agree(expression: object, text: str) -> None:
    given, wanted = from_sympy(expression), parse_text(text)
    assert given.equations == wanted.equations
    assert (given.space, given.parameters) == (wanted.space, wanted.parameters)
    assert parse_text(given.text, fields=given.space.fields).equations == wanted.equations


def test_our_symbols_replace_the_users() -> None:
    (equation,) = from_sympy(sp.Symbol("u", complex=True) * sp.Symbol("mass", negative=True)).equations
    assert equation.free_symbols == {sp.Symbol("u", real=True), sp.Symbol("mass", real=True, nonzero=True)}


def _chain(depth: int) -> sp.Expr:
    expression: sp.Expr = loose
    for _ in range(depth):
        expression = sp.sin(expression, evaluate=False)
    return expression


def _shared(depth: int) -> sp.Expr:
    """2^depth nodes as a tree, 3·depth objects in memory."""
    expression: sp.Expr = loose
    for _ in range(depth):
        expression = sp.Add(expression, sp.Mul(expression, x, evaluate=False), evaluate=False)
    return expression


TOO_LARGE: dict[str, Callable[[], object]] = {
    "deep": lambda: _chain(900),
    "shared": lambda: _shared(20),
    "wide": lambda: sp.Add(*(sp.Symbol(f"a{i}") * loose for i in range(3000)), evaluate=False),
    "integer": lambda: loose * sp.Integer(10) ** 100_000,
    "float": lambda: loose * sp.Float("1e4000"),
    "exponent": lambda: loose ** (10**9),
    "power": lambda: (1 + loose + sp.Symbol("u_x")) ** 60,
    "unevaluated power": lambda: sp.Add(loose, sp.Pow(10, 10**9, evaluate=False), evaluate=False),
    "order": lambda: sp.Derivative(u, (x, 1000)),
    "equations": lambda: [u] * 100,
    "name": lambda: sp.Symbol("a" * 10_000) * loose,
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_is_too_large_is_refused_at_once(name: str) -> None:
    expression = TOO_LARGE[name]()
    start = time.process_time()
    with pytest.raises(BudgetError):
        from_sympy(expression)
    assert time.process_time() - start < 2.0


REFUSED: dict[str, tuple[object, str]] = {
    "imaginary unit": (sp.I * u.diff(t) + u, "imaginary unit"),
    "another function": (sp.gamma(u), "contains gamma"),
    "integral": (sp.Integral(u, x), "contains Integral"),
    "piecewise": (sp.Piecewise((u, x > 0), (0, True)), "piecewise contains a field"),
    "infinity": (u + sp.oo, "contains Infinity"),
    "value at a point": (u.subs(x, 0), "other arguments"),
    "two orders of arguments": (u + sp.Function("u")(t, x), "different arguments"),
    "fewer variables": (u + sp.Function("w")(x), "does not depend on all of x, t"),
    "symbolic order": (sp.Derivative(u, (x, sp.Symbol("n"))), "order of a derivative is not a number"),
    "derivative along a field": (sp.Derivative(u**2, u), "derivatives are taken along variables"),
    "power of a field": (u**u, "an exponent contains a field"),
    "true": (sp.Eq(u, u), "identically True"),
    "false": (sp.false, "identically False"),
    "number": (3, "there is no field"),
    "no list": ([], "empty list"),
    "none": (None, "is a NoneType"),
    "text in a list": (["u"], "is a str"),
    "matrix": (sp.Matrix([u]), "Matrix"),
    "inequality": (u > 0, "is a StrictGreaterThan"),
    "code in a name": (sp.Symbol("__import__('os')") * u, "is unknown"),
    "code in a field": (sp.Function("f()")(x), "needs a letter"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_outside_of_the_grammar_is_named(name: str) -> None:
    expression, message = REFUSED[name]
    with pytest.raises(InputError) as caught:
        from_sympy(expression)
    assert isinstance(caught.value, NTKTheoryError)
    assert message in str(caught.value)
