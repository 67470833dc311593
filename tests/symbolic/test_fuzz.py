"""Ten thousand random strings: each gives a result or one of the package's own errors, within 2 s."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable

import pytest

from ntk_theory.errors import NTKTheoryError
from ntk_theory.symbolic.grammar import parse_text, render

COUNT = 10_000
SECONDS_EACH = 2.0
SEED = 20_241_206

VALID = [
    "u_t + u*u_x + u_xxx",
    "u_tt - u_xx + sin(u)",
    "u_t + diff(u^2/2, x) = nu*u_xx",
    "div(|grad(u)|^(p-2)*grad(u)) + exp(u)",
    "u_t + u*u_x + v*u_y = 0; v_t + u*v_x + v*v_y; u_x + v_y = 0",
    "laplacian(laplacian(u)) - (1+u^2)^3*u_x",
    "u_t = D(u, x, 2) + |u|^(1/2) - 3/4*x*t",
    "dot(grad(u), grad(v)) + sech(x - 4*t)^2*u; v_t = sqrt(1+v_x^2)",
    "u_t + log(1+u_x^2) + 0.25e-3*tanh(u)/cosh(x) - erf(u)*sign(u_x)",
    "u_xx + heaviside(x - 1/2)*u - max(x, 0, t)*min(1, x) + piecewise(1, x > 0, t, t <= 1/3, 2)*u_t",
    "diff(piecewise(x^2, x >= 0, 0)*u, x) + div(max(x, 1/2)*grad(u))",
]
TOKENS = [
    *"uvwxyzt+-*/^()[]|,=;0123456789.eDpc_",
    *("u_x", "u_xx", "u_t", "v_y", "u_xt", "**", "sin(", "exp(", "log(", "sqrt(", "abs(", "sign(", "tan("),
    *(
        "diff(",
        "laplacian(",
        "grad(",
        "div(",
        "dot(",
        "sech(",
        "erf(",
        ",x)",
        ",x,2)",
        ")^2",
        "^(1/2)",
        "^-1",
    ),
    *("heaviside(", "max(", "min(", "piecewise(", " > 0, ", "<=", "≥", "x > 0", ",x"),
    *("pi", "nu", "1/2", "10^9", "1e9", " ", "\n", "²", "·", "−", "ₓ", "∂", "ν", "é", "\x00", "u(x,t)", "I"),
]
FUNCTIONS = [
    "sin",
    "cos",
    "tan",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "sech",
    "exp",
    "log",
    "sqrt",
    "abs",
    "sign",
    "erf",
]
NUMBERS = ["pi", "0", "1", "2", "3", "1/2", "0.7", "10^30", "7/3", "-1", "40", "sqrt(2)", "sqrt(5+2*sqrt(6))"]
LEAVES = ["u", "u", "u_x", "u_x", "u_t", "u_xx", "x", "t", "nu", "p", *NUMBERS]


def soup(rng: random.Random) -> str:
    return "".join(rng.choice(TOKENS) for _ in range(rng.randint(1, 25)))


def mutant(rng: random.Random) -> str:
    text = rng.choice(VALID)
    for _ in range(rng.choice([0, 1, 1, 2])):
        at, stop = sorted(rng.randint(0, len(text)) for _ in range(2))
        stop = min(stop, at + rng.randint(0, 2))
        text = text[:at] + rng.choice(["", *TOKENS, rng.choice(VALID)]) + text[stop:]
    return text


def unicode(rng: random.Random) -> str:
    ranges = [(1, 127), (128, 0xD7FF), (0xE000, 0x10FFFF)]
    return "".join(chr(rng.randint(*rng.choice(ranges))) for _ in range(rng.randint(0, 40)))


def expression(rng: random.Random, depth: int = 5, leaves: list[str] = LEAVES) -> str:
    """A text that is almost always in the grammar: what reaches SymPy is what could hang."""
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(leaves)

    def part() -> str:
        return expression(rng, depth - 1, leaves)

    kind = rng.random()
    if kind < 0.35:
        return f"({part()} {rng.choice('+-')} {part()})"
    if kind < 0.6:
        return f"({part()}){rng.choice('*/')}({part()})"
    if kind < 0.75:
        exponent = rng.choice(["2", "3", "-1", "(1/2)", "(-3/2)", "5", "17", f"({part()})"])
        return f"({part()})^{exponent}"
    if kind < 0.88:
        return f"{rng.choice(FUNCTIONS)}({part()})"
    if kind < 0.92:
        return in_pieces(rng, depth - 1)
    form = rng.choice(["diff({}, x)", "diff({}, x, 2)", "laplacian({})", "grad({})^2", "|grad({})|"])
    return form.format(part())


def in_pieces(rng: random.Random, depth: int) -> str:
    """A function in pieces, mostly of the variables."""
    leaves = ["x", "x", "t", "nu", *NUMBERS, *(["u"] if rng.random() < 0.02 else [])]
    parts = [expression(rng, min(depth, 2), leaves) for _ in range(rng.randint(2, 5))]
    name = rng.choice(["heaviside", "max", "min", "piecewise"])
    if name == "heaviside":
        return f"heaviside({parts[0]})"
    if name == "piecewise":
        relation = rng.choice(["<", ">", "<=", ">="])
        return f"piecewise({parts[0]}, {parts[1]} {relation} {parts[-1]}, {parts[0]})"
    return f"{name}({', '.join(parts)})"


def constant(rng: random.Random) -> str:
    """Numbers only, which SymPy evaluates eagerly, next to a field."""
    return f"u_x + u*({expression(rng, 5, NUMBERS)})"


KINDS: list[Callable[[random.Random], str]] = [soup, mutant, unicode, expression, constant]


def answer(text: str) -> str:
    """'result' or the name of the package's error; anything else is raised."""
    try:
        parsed = parse_text(text)
    except NTKTheoryError as problem:
        return type(problem).__name__
    for equation in parsed.equations:
        render(equation, parsed.space)
    return "result"


@pytest.mark.parametrize("kind", KINDS)
def test_any_text_gives_a_result_or_our_error_in_time(kind: Callable[[random.Random], str]) -> None:
    rng = random.Random(f"{SEED} {kind.__name__}")
    outcomes: Counter[str] = Counter()
    for _ in range(COUNT // len(KINDS)):
        text = kind(rng)
        start = time.process_time()
        try:
            outcomes[answer(text)] += 1
        except Exception as problem:
            raise AssertionError(f"{text!r} raised {type(problem).__name__}: {problem}") from problem
        seconds = time.process_time() - start
        assert seconds < SECONDS_EACH, f"{text!r} took {seconds:.1f} s"
    assert set(outcomes) <= {"result", "ParseError", "BudgetError"}
    if kind in (mutant, expression, constant):
        # The generators must reach both sides, or the test looks at error paths only.
        assert outcomes["result"] > 100, outcomes
        assert outcomes["ParseError"] + outcomes["BudgetError"] > 100, outcomes
