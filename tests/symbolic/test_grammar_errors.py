"""Bad input: one clear message with a caret, what was expected, and a suggestion for a near miss."""

from __future__ import annotations

import time

import pytest

from ntk_theory.errors import BudgetError, InputError, NTKTheoryError, ParseError
from ntk_theory.symbolic.grammar import parse_scalar, parse_text

#: text → (a part of the message, the offset of the caret, the suggestion or None).
BAD = {
    "u_xX": ("'X' is not a variable", 3, "u_xx"),
    "u_x + sine(u)": ("the function 'sine' is unknown", 6, "sin"),
    "laplace(u)": ("the function 'laplace' is unknown", 0, "laplacian"),
    "Sin(u)": ("the function 'Sin' is unknown", 0, "sin"),
    "ln(u)": ("the function 'ln' is unknown", 0, "log"),
    "U_xx": ("the name 'U_xx' is unknown", 0, "u_xx"),
    "u + foo": ("the name 'foo' is unknown", 4, None),
    "u_t + i*u_xx": ("everything here is real", 6, None),
    "(u + u_x": ("the bracket '(' is never closed", 0, None),
    "u + u_x)": ("the bracket ')' closes nothing", 7, None),
    "(u]": ("the bracket '(' is closed by ']'", 2, None),
    "|u": ("the bar '|' is never closed", 0, None),
    "()": ("the brackets are empty", 1, None),
    "u +": ("the text ends after '+'", 3, None),
    "+ * u": ("'*' follows '+'", 2, None),
    "u = v = w": ("a second '='", 6, None),
    "u == v": ("'==' is not part of the grammar", 2, "'='"),
    "(u = v)": ("'=' stands inside a bracket", 3, None),
    "u, v": ("a comma stands outside", 1, None),
    "u_": ("names no variable", 2, "u_x"),
    "u__x": ("'_' is not a variable", 2, "u_x"),
    "2u": ("products are written with *", 1, "2*u"),
    "u u_x": ("products are written with *", 2, "u*u_x"),
    "(u)(u_x)": ("products are written with *", 3, "…)*(…"),
    "u\nu_x": ("begins a new line without an operator", 2, None),
    "2 3": ("two numbers side by side", 2, None),
    "u(x, t)": ("the field 'u' is written without arguments", 0, "u"),
    "sin": ("'sin' is a function and needs an argument", 0, "sin(u)"),
    "sin(u, x)": ("sin has 2 arguments", 0, None),
    "u^u": ("an exponent contains a field", 2, None),
    "2^u": ("an exponent contains a field", 2, None),
    "u^x": ("the exponent of a field depends on a variable", 2, None),
    "diff(x, u)": ("'u' is a field", 8, None),
    "diff(u)": ("diff names no variable", 0, "diff(u, x)"),
    "diff(u, xx)": ("'xx' is not a variable", 8, "x, x"),
    "diff(u, x, 0)": ("the order of a derivative is 0", 11, None),
    "diff(u, x, 1/2)": ("the order of a derivative is 1/2", 11, None),
    "u_u": ("'u' is a field", 2, None),
    "x^2 + 1": ("there is no field", 0, None),
    "0 = 0": ("there is no field", 2, None),
    "u = u": ("contains no field", 2, None),
    "(u+1)^2 - u^2 - 2*u - 1": ("the fields cancel", 1, None),
    "u; 0*u": ("contains no field", 3, None),
    "u;; v": ("';' follows ';'", 2, None),
    "u + sqrt(-1)": ("not real", 4, None),
    "u*(-8)^(1/3)": ("not real", 6, None),
    "sqrt(-u^2)": ("not real", 0, None),
    "u + log(-2)": ("not real", 4, None),
    "u + 1/0": ("division by zero", 5, None),
    "u + 1/(2 - 2)": ("division by zero", 5, None),
    "u + log(0)": ("not real", 4, None),
    "u + tan(pi/2)": ("division by zero, or infinite", 4, None),
    "u/(sin(1)^2 + cos(1)^2 - 1)": ("cannot be told apart from zero", 3, None),
    "grad(u)": ("needs a scalar and got a vector", 0, None),
    "grad(u) + u": ("a scalar and a vector are added", 0, None),
    "grad(u)*grad(u)": ("two vectors are multiplied", 0, "dot(a, b)"),
    "grad(u)^3": ("a vector has no such power", 7, None),
    "div(u + u_y, x)*0 + div(u)": ("div needs a vector", 20, None),
    "[u, u]": ("a vector has 2 components", 0, None),
    "__import__('os')": ("a name cannot begin with an underscore", 0, None),
    "lambda x: x": ("the character ':'", 8, None),
    "u.diff(x)": ("the character '.'", 1, None),
    "exec('u')": ('the character "\'"', 5, None),
    "∂u/∂t": ("the character '∂'", 0, None),
    "∇²u": ("the character '∇'", 0, None),
    "u'' + u": ('the character "\'"', 1, None),
    "u + \x00": ("the character U+0000", 4, None),
    "u + é": ("the character 'é'", 4, None),
    "\\frac{u}{2}": ("the character '\\\\'", 0, None),
}

#: Texts that would make SymPy run for ever or overflow the stack; each must be refused.
TOO_LARGE = {
    "one megabyte": "u + " * 250_000 + "u",
    "power of a sum": "(1+u+u_x)^60",
    "power of a power": "((1+u+u_x)^8)^8",
    "hidden power": "exp(40*log(1+u+u_x))",
    "product of sums": "*".join(f"(u + a{i})" for i in range(12)),
    "exponent": "u^(10^9)",
    "long product": "*".join(["u"] * 9000),
    "number": "u + 10^(10^9)",
    "tower": "u + 2^(3^(4^5))",
    "exponential": "u + exp(exp(exp(exp(99))))",
    "exponential of a sum": "u + exp(x + 10^9*log(2))",
    "hidden exponential": "u + cosh(diff(x, x)*10^30)",
    "digits": "u + 1e1000000000",
    "sum of fractions": "u*(" + " + ".join(f"1/{10**30 + i}" for i in range(400)) + ")",
    "brackets": "(" * 10_000 + "u" + ")" * 10_000,
    "bars": "|" * 500 + "u" + "|" * 500,
    "signs": "u" + " -" * 5000 + "u",
    "functions": "sin(" * 200 + "u" + ")" * 200,
    "order": "diff(u, x, 1000)",
    "order spelled": "u_" + "x" * 50,
    "order by nesting": "diff(" * 20 + "u" + ", x)" * 20,
    "total derivatives": "diff(exp(sin(u*u_x)), x, 6)",
    "many derivatives": " + ".join(["diff(exp(sin(u*u_x)), x, 3)"] * 300),
    "terms": " + ".join(f"a{i}*u" for i in range(2000)),
    "equations": ";".join(["u"] * 100),
}


@pytest.mark.parametrize("text", BAD)
def test_a_bad_text_gets_a_sentence_a_caret_and_a_suggestion(text: str) -> None:
    message, position, suggestion = BAD[text]
    with pytest.raises(ParseError) as caught:
        parse_text(text)
    problem = caught.value
    assert message in problem.message
    assert (problem.position, problem.suggestion) == (position, suggestion)
    assert str(problem).count("^\n") + str(problem).endswith("^") >= 1
    for jargon in ("LPAR", "Token", "NUMBER", "NAME", "Traceback", "sympy"):
        assert jargon not in str(problem)


def test_an_empty_text_shows_an_example() -> None:
    for text in ("", "  \n "):
        with pytest.raises(ParseError, match="the text is empty\nexpected an operator such as"):
            parse_text(text)


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_is_too_large_is_refused_at_once(name: str) -> None:
    start = time.process_time()
    with pytest.raises(BudgetError):
        parse_text(TOO_LARGE[name])
    assert time.process_time() - start < 2.0


def test_bounds_are_checked_before_any_constructor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the texts whose size shows in the tree, none reaches SymPy's sums, products or powers."""
    late = {"hidden power", "long product", "exponential of a sum", "hidden exponential", "total derivatives"}
    late.add("many derivatives")

    def called(*_: object) -> None:
        raise AssertionError("a SymPy constructor was called")

    for constructor in ("Add", "Mul", "Pow", "Rational", "Symbol", "exp", "sin"):
        monkeypatch.setattr(f"ntk_theory.symbolic.grammar.build.sp.{constructor}.__new__", called)
    for name in TOO_LARGE.keys() - late:
        with pytest.raises(BudgetError):
            parse_text(TOO_LARGE[name])


@pytest.mark.parametrize(
    "text", ["(1+u+u_x)^28", "u^64 + u_x", "diff(u, x, 12)", "laplacian(laplacian(u^3)) + u_y + u_z"]
)
def test_the_bounds_leave_room(text: str) -> None:
    assert parse_text(text).equations


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"fields": ("u", "u")}, "repeats a name"),
        ({"fields": ("x",), "variables": ("x",)}, "both a field and a variable"),
        ({"fields": ("sin",)}, "a function of the grammar"),
        ({"variables": ("x_1",)}, "letters and digits"),
        ({"variables": ()}, "variables is empty"),
        ({"parameters": {"nu": "u"}}, "not a real number"),
        ({"parameters": {"nu": "x2"}}, "not a real number"),
        ({"parameters": {"nu": float("nan")}}, "not a real number"),
        ({"parameters": {"nu": True}}, "is a bool"),
        ({"parameters": {"a b": 1}}, "parameters has the name"),
        ({"fields": ("u",), "parameters": ("u",)}, "declared as a parameter and"),
    ],
)
def test_bad_declarations(names: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_text("u", **names)


@pytest.mark.parametrize("text", [None, 3, b"u"])
def test_only_text_is_read(text: object) -> None:
    with pytest.raises(InputError, match="needs to be a str"):
        parse_text(text)


@pytest.mark.parametrize("text", ["u = 1", "1; 2", "grad(x)", "", "q9z"])
def test_bad_scalars(text: str) -> None:
    with pytest.raises(NTKTheoryError):
        parse_scalar(text, variables=("x",))
