"""Functions in pieces of the variables: read, printed, evaluated, decided; jumps are never differentiated."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import ntk_theory as nt
from ntk_theory.errors import BudgetError, InputError, ParseError, ProblemError
from ntk_theory.model.lowering import lower
from ntk_theory.symbolic import from_toml, to_toml
from ntk_theory.symbolic.grammar import from_sympy, parse_scalar, parse_text, render
from ntk_theory.symbolic.intervals import at_point, over_reals
from ntk_theory.symbolic.pieces import Piece, choose, heaviside, maximum, minimum, without_pieces
from ntk_theory.symbolic.signs import Sign, sign_of
from ntk_theory.symbolic.zero import is_zero

X, Y = sp.symbols("x y", real=True)


def step(a: float) -> float:
    return 0.5 if a == 0 else float(a > 0)


#: A text of x and y, and the same function in plain Python.
SAME: dict[str, Callable[[float, float], float]] = {
    "heaviside(x)": lambda x, y: step(x),
    "heaviside(1/2 - 2*x)": lambda x, y: step(0.5 - 2 * x),
    "heaviside(x - y)*x^2": lambda x, y: step(x - y) * x**2,
    "heaviside(x)^2 + heaviside(-y)": lambda x, y: step(x) ** 2 + step(-y),
    "1/(1 + heaviside(x*y))": lambda x, y: 1 / (1 + step(x * y)),
    "max(x, 0)": lambda x, y: max(x, 0),
    "max(x, y, 1/2)^3": lambda x, y: max(x, y, 0.5) ** 3,
    "max(x, min(y, 1)) - sin(x)": lambda x, y: max(x, min(y, 1)) - math.sin(x),
    "min(x^2, 1)": lambda x, y: min(x**2, 1),
    "min(x, y) + max(x, y)": lambda x, y: x + y,
    "exp(-max(x, -x))": lambda x, y: math.exp(-abs(x)),
    "piecewise(400, y > 0, 138/100)": lambda x, y: 400 if y > 0 else 1.38,
    "piecewise(1, x < 0, 2)": lambda x, y: 1 if x < 0 else 2,
    "piecewise(1, x <= 0, 2)": lambda x, y: 1 if x <= 0 else 2,
    "piecewise(1, x >= y, 2)": lambda x, y: 1 if x >= y else 2,
    "piecewise(0, x < -1, x + 1, x < 0, 1 - x, x < 1, 0)": lambda x, y: max(0, 1 - abs(x)),
    "piecewise(sqrt(x), x > 0, 0)": lambda x, y: math.sqrt(x) if x > 0 else 0,
    "piecewise(log(x), x >= 1, x - 1)": lambda x, y: math.log(x) if x >= 1 else x - 1,
    "piecewise(1/x, x > 1/2, 2) + y": lambda x, y: (1 / x if x > 0.5 else 2) + y,
    "heaviside(piecewise(x, y > 0, -x))": lambda x, y: step(x if y > 0 else -x),
    "sign(x)*max(|x|, 1)": lambda x, y: (1 if x > 0 else -1 if x < 0 else 0) * max(abs(x), 1),
}
PLACES = [(a, b) for a in (-2.0, -1.0, -0.25, 0.0, 0.25, 0.5, 1.0, 3.0) for b in (-1.0, 0.0, 0.25, 2.0)]


@pytest.mark.parametrize("text", SAME)
def test_values_are_those_of_plain_python(text: str) -> None:
    lowered = lower(nt.parse(f"u + {text}", variables=("x", "y")))
    values, _ = lowered.evaluate(np.array(PLACES), np.zeros((1, len(PLACES))))
    assert values == pytest.approx([SAME[text](x, y) for x, y in PLACES], rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("text", SAME)
def test_what_is_printed_is_read_back(text: str) -> None:
    expression = parse_scalar(text, variables=("x", "y"))
    assert parse_scalar(render(expression), variables=("x", "y")) == expression
    operator = nt.parse(f"u_x + ({text})*u", variables=("x", "y"))
    assert from_sympy(operator.expression, fields="u", variables=("x", "y")).equations == (
        operator.expression,
    )
    assert sp.latex(expression)


@pytest.mark.parametrize("text", SAME)
def test_enclosures_ranges_and_almost_equals_agree_with_the_values(text: str) -> None:
    expression = parse_scalar(text, variables=("x", "y"))
    bounds = over_reals(expression)
    for x, y in PLACES:
        if x == y or x in (0, 1, -1, 0.5, 0.25) or y in (0, 1):
            continue  # a jump
        point = {X: sp.Rational(x), Y: sp.Rational(y)}
        interval = at_point(expression, point)
        value = SAME[text](x, y)
        assert interval.a - 1e-14 <= value <= interval.b + 1e-14
        assert float(bounds.low) - 1e-14 <= value <= float(bounds.high) + 1e-14
        if "log" not in text and "sqrt" not in text:
            assert float(without_pieces(expression).xreplace(point)) == pytest.approx(value)


def test_the_value_at_a_jump_is_as_documented() -> None:
    assert heaviside(sp.S.Zero) == sp.Rational(1, 2)
    assert [choose(sp.Integer(k), 1, 2) for k in (-1, 0, 1)] == [2, 2, 1]
    assert parse_scalar("piecewise(1, x >= 0, 2)", variables="x").xreplace({X: sp.S.Zero}) == 1
    assert parse_scalar("heaviside(sqrt(2) - 1) + max(3, 7/2, 1) + min(2, 1)") == sp.Rational(11, 2)


u, v = (sp.Function(name)(sp.Symbol("x"), sp.Symbol("t")) for name in "uv")
x, t = sp.symbols("x t")
#: SymPy's own functions, and the text that means the same.
SYMPY = {
    "u_x*heaviside(x - 1)": u.diff(x) * sp.Heaviside(x - 1),
    "u*max(x, t, 0) + u_t": u * sp.Max(x, t, 0) + u.diff(t),
    "u*min(x, 1) + u_t": u * sp.Min(x, 1) + u.diff(t),
    "u_t + u*piecewise(1, x > 0, 2)": u.diff(t) + u * sp.Piecewise((1, x > 0), (2, True)),
    "u_t + u*piecewise(1, x <= t, 2)": u.diff(t) + u * sp.Piecewise((1, x <= t), (2, True)),
    "u_t - piecewise(t, x < 0, 1, x >= 2, x)": u.diff(t) - sp.Piecewise((t, x < 0), (1, x >= 2), (x, True)),
    "u_t - piecewise(piecewise(t, x < 1, 0), x > 0, 0)": (
        u.diff(t) - sp.Piecewise((t, (x > 0) & (x < 1)), (0, True))
    ),
    "u_t - heaviside(x)*heaviside(t)": u.diff(t) - sp.Heaviside(x) * sp.Heaviside(t),
    "u_t - exp(-max(x, t))": u.diff(t) - sp.exp(-sp.Max(x, t)),
    "u_t + |x|*u": u.diff(t) + sp.Max(x, -x).rewrite(sp.Abs).subs(sp.Max(x, -x), sp.Abs(x)) * u,
}


@pytest.mark.parametrize("text", SYMPY)
def test_sympy_s_own_functions_are_read(text: str) -> None:
    ours = parse_text(text, variables=("x", "t")).equations[0]
    given = from_sympy(SYMPY[text], variables=("x", "t")).equations[0]
    rng = random.Random(1)
    for _ in range(20):
        point = {s: sp.Rational(rng.randint(-300, 300), 97) for s in ours.free_symbols | given.free_symbols}
        assert sp.simplify(ours.xreplace(point) - given.xreplace(point)) == 0


#: SymPy's form and its refusal.
SYMPY_REFUSED = {
    "no value": sp.Heaviside(x, 0) * u,
    "no last value": sp.Piecewise((1, x > 0)) * u,
    "outside of the grammar": sp.Piecewise((1, sp.Eq(x, 0)), (2, True)) * u,
    "<, <=, >, >=": sp.Piecewise((1, (x > 0) | (t > 0)), (2, True)) * u,
    "contains a field": sp.Max(u, 0),
}


@pytest.mark.parametrize("expression", SYMPY_REFUSED.values())
def test_sympy_forms_outside_are_refused(expression: sp.Expr) -> None:
    with pytest.raises(ParseError):
        from_sympy(expression)


#: Texts outside, a part of the message and where the caret stands.
REFUSED = {
    "heaviside(u)": ("heaviside contains a field", 10),
    "max(u, 0)": ("max contains a field", 4),
    "u + min(x, u_x)": ("min contains a field", 11),
    "piecewise(u, x > 0, u_x)": ("piecewise contains a field", 10),
    "u*piecewise(1, u > 0, 2)": ("piecewise contains a field", 15),
    "u < 1": ("stands outside of piecewise", 2),
    "u*piecewise(1, 2, 3)": ("values and tests in turn", 2),
    "u*piecewise(1, x > 0)": ("a comparison stands where a value is needed", 17),
    "u*piecewise(3)": ("values and tests in turn", 2),
    "u*heaviside(x, 1)": ("heaviside has 2 arguments", 2),
    "u*sin(x < 1)": ("a comparison stands where a value is needed", 8),
    "u*max": ("'max' is a function", 2),
    "u*Heaviside(x)": ("did you mean heaviside?", 2),
    "u*Max(x, 0)": ("did you mean max?", 2),
    "grad(u)*heaviside(grad(u))": ("heaviside needs a scalar", 18),
}


@pytest.mark.parametrize("text", REFUSED)
def test_texts_outside_are_refused_with_a_caret(text: str) -> None:
    message, position = REFUSED[text]
    with pytest.raises(ParseError) as caught:
        parse_text(text)
    assert message in str(caught.value)
    assert caught.value.position is not None
    assert abs(caught.value.position - position) <= 4  # at the function, its argument or the bracket


def test_names_of_the_functions_are_taken() -> None:
    for name in ("heaviside", "max", "min", "piecewise"):
        with pytest.raises(InputError, match="function of the grammar"):
            parse_text("u_x", fields=(name,))
    with pytest.raises(BudgetError, match="branches"):
        parse_text("u*max(" + ",".join(f"x^{k}" for k in range(2, 20)) + ")")
    with pytest.raises(ProblemError, match="contains a field"):
        nt.Operator(nt.parse("u").space, heaviside(sp.Symbol("u", real=True)))


#: Continuous in the variables: differentiated, and checked by finite differences.
CONTINUOUS = [
    "diff(max(x, 0)*u, x)",
    "diff(|x|*u, x)",
    "diff(x*sign(x)*u, x)",
    "diff(x*heaviside(x)*u, x)",
    "diff(x^2*heaviside(x)*u, x, 2)",
    "diff(heaviside(x)*u, y)",
    "diff(piecewise(x^2, x > 0, x)*u, x)",
    "diff(sign(x)*(|x| - x)*u, x)",
    "diff(max(x, y, 0)*u, x)",
    "diff(|x^2 - 1|*u, x)",
    "diff(piecewise(x^2 + y^2, x^2 + y^2 < 1, 1)*u, x)",
    "diff(heaviside(x - y)*(x - y)*u, y)",
    "diff((2*heaviside(x - 1) - 1 - sign(x - 1))*u, x)",
    "div(|y|*grad(u))",
    "diff(min(x, 1 - x)*u_x, x)",
    "diff(piecewise(sin(x), x > 0, x)*u, x)",
    "diff(exp(-|x|)*u, x)",
    "diff(|x - y|^3*u, x, 2)",
    "diff(heaviside(2*x - 1)*(x - 1/2)*u, x)",
    "diff(sign(u)*u^2*max(x, 0), x)",
]
#: Jumps in the variables under a derivative.
JUMPING = [
    "diff(sign(y)*u_y, y)",
    "div(piecewise(400, y > 0, 138/100)*grad(u))",
    "diff(heaviside(x)*u, x)",
    "diff(max(x, 0)*u, x, 2)",
    "diff(|x|*u, x, 2)",
    "diff(sign(x)*u, x)",
    "diff(|x|/x*u, x)",
    "diff(sqrt(x^2)/x*u, x)",
    "diff(heaviside(x - t)*u, t)",
    "diff(piecewise(1, x^2 + y^2 < 1, 2)*u, x)",
    "diff(sign(sin(x))*u, x)",
    "diff(exp(sign(x))*u, x)",
    "|grad(heaviside(x)*u)|^2",
    "diff(heaviside(x)*sign(y)*u, x)",
    "laplacian(max(x, y)*u)",
    "diff(sign(x)*sign(u), x)",
    "diff(u*sign(2*x - 3*t + 1), x)",
    "diff(u/(1 + heaviside(x)), x)",
    "diff(max(x, -x)/x*u, x)",
    "diff((heaviside(x) + heaviside(x - 1))*x*u, x)",
]


@pytest.mark.parametrize("text", CONTINUOUS)
def test_a_continuous_coefficient_is_differentiated(text: str) -> None:
    """D of the text against central differences of the text on u = sin(2x + y) + 1/3."""
    known = parse_scalar("sin(2*x + y) + 1/3", variables=("x", "y"))
    parsed = parse_text(text, fields="u", variables=("x", "y"))
    inside, steps = text[text.index("(") + 1 : -1], []
    if text.startswith("diff"):
        inside, variable, *order = inside.rsplit(", ", 2 if text.endswith("2)") else 1)
        steps = [variable] * (int(order[0]) if order else 1)
    got = on(parsed.equations[0], known)
    rng = random.Random(7)
    for _ in range(10):
        place = {X: sp.Float(rng.uniform(-2, 2), 40), Y: sp.Float(rng.uniform(-2, 2), 40)}
        if steps:
            operand = on(parse_text(inside, fields="u", variables=("x", "y")).equations[0], known)
            wanted = differences(operand, steps, place)
        else:  # div(|y| grad(u)) by its components
            first, second = (
                on(parse_text(f"|y|*u_{s}", variables=("x", "y")).equations[0], known) for s in "xy"
            )
            wanted = differences(first, ["x"], place) + differences(second, ["y"], place)
        assert abs(got.xreplace(place) - wanted) < 1e-8 * (1 + abs(wanted))


def on(expression: sp.Expr, known: sp.Expr) -> sp.Expr:
    """The expression on a known u."""
    space = nt.parse("u", variables=("x", "y")).space
    values = {}
    for slot in space.slots_of(expression):
        orders = [item for item in zip((X, Y), slot.index, strict=True) if item[1]]
        values[space.symbol(slot)] = known.diff(*orders) if orders else known
    return expression.xreplace(values)


def differences(expression: sp.Expr, steps: list[str], place: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    if not steps:
        return expression.xreplace(place).evalf(40)
    symbol, h = sp.Symbol(steps[0], real=True), sp.Float("1e-10", 40)
    ends = [differences(expression, steps[1:], {**place, symbol: place[symbol] + k * h}) for k in (1, -1)]
    return (ends[0] - ends[1]) / (2 * h)


@pytest.mark.parametrize("text", JUMPING)
def test_a_jump_under_a_derivative_is_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_text(text)
    message = str(caught.value)
    assert "not proved continuous where" in message
    assert "[[equations]] with where" in message
    assert "interface" in message
    assert "^" in message


def test_a_jump_in_the_fields_keeps_the_rule_almost_everywhere() -> None:
    assert parse_text("diff(sign(u)*u, x)").equations == parse_text("sign(u)*u_x").equations
    assert parse_text("diff(sign(u)*u, x)").notes


DECIDED = {
    heaviside(X) * heaviside(-X): True,
    heaviside(X) + heaviside(-X) - 1: True,
    maximum(X, 0) - (X + sp.Abs(X)) / 2: True,
    maximum(X, Y) + minimum(X, Y) - X - Y: True,
    choose(X, 1, 2) - 2 + heaviside(X): True,
    heaviside(X) ** 2 - heaviside(X): True,
    choose(X, 1, 2) - 1: False,
    heaviside(X - 1) - heaviside(X): False,
    maximum(X, 1) - 1: False,
    minimum(X, Y) - X: False,
}


@pytest.mark.parametrize("expression", DECIDED, ids=str)
def test_zero_is_decided_almost_everywhere(expression: sp.Expr) -> None:
    assert is_zero(expression) is DECIDED[expression]


def test_signs_of_coefficients_in_pieces() -> None:
    assert sign_of(choose(X, 400, sp.Rational(138, 100))) is Sign.POSITIVE
    assert sign_of(maximum(X, 1)) is Sign.POSITIVE
    assert sign_of(minimum(X, -1)) is Sign.NEGATIVE
    assert sign_of(1 + heaviside(X)) is Sign.POSITIVE
    assert sign_of(heaviside(X)) is not Sign.NEGATIVE


def test_a_coefficient_in_pieces_has_the_degrees_of_any_coefficient() -> None:
    for step_like in ("heaviside(x - 1/2)", "max(x, 1/2)", "min(x, 2)", "piecewise(1, x > 1/2, 2)"):
        plain = nt.classify(nt.problem("u_t - u_xx + x*u*u_x")).sharp
        got = nt.classify(nt.problem(f"u_t - u_xx + {step_like}*u*u_x")).sharp
        assert {name: answers(block) for name, block in got.items()} == {
            name: answers(block) for name, block in plain.items()
        }


def answers(block: object) -> list[tuple[object, ...]]:
    return [(r.low, r.high, r.limit, r.norm_exponent) for r in block.regimes]  # type: ignore[attr-defined]


def test_targets_and_solutions_in_pieces_survive_the_file() -> None:
    text = (
        'equations = ["u_t + u_x = 0"]\n[domain]\nx = [0, 1]\nt = [0, 1]\n'
        '[solution]\nu = "max(0, 1 - 4*|x - t - 1/2|)"\n'
        '[[conditions]]\nname = "start"\nequation = "u = max(0, 1 - 4*|x - 1/2|)"\non = [{ t = 0 }]\n'
        '[[conditions]]\nname = "slope"\nequation = "u_x"\ntarget = "solution"\non = [{ x = 0 }]\n'
    )
    problem = from_toml(text)
    assert from_toml(to_toml(problem)).solution == problem.solution
    start, slope = problem.conditions
    assert start.target.atoms(Piece)
    # On x = 0 the hat's argument is z = -t - 1/2; its slope is -4 sign(z) where |z| < 1/4, else 0.
    time = sp.Symbol("t", real=True)
    at = [slope.target.xreplace({X: sp.S.Zero, time: sp.Rational(k, 8)}) for k in (-5, -3, 2)]
    assert at == [-4, 4, 0]
    with pytest.raises(ProblemError, match="not proved continuous"):
        from_toml(text.replace('"u_x"', '"u_xx"'))


@given(st.lists(st.integers(-5, 5), min_size=2, max_size=5), st.integers(-5, 5))
@pytest.mark.properties
def test_max_and_min_are_those_of_the_numbers(numbers: list[int], at: int) -> None:
    shifted = [X + k for k in numbers]
    for kind, plain in ((maximum, max), (minimum, min)):
        assert kind(*shifted, 0).xreplace({X: sp.Integer(at)}) == plain([at + k for k in numbers] + [0])
