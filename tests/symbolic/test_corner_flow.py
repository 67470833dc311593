"""The flow in a corner of two walls: walls, equations, derivatives, texts."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import sympy as sp

import ntk_theory as nt
from ntk_theory.errors import ParseError
from ntk_theory.model.program import compile_expressions
from ntk_theory.symbolic.corner_flow import pressure, stream
from ntk_theory.symbolic.grammar import from_sympy, parse_scalar, parse_text, render
from ntk_theory.symbolic.intervals import at_point
from ntk_theory.symbolic.jumps import jump
from ntk_theory.symbolic.pieces import scraper, scraper_p
from ntk_theory.symbolic.zero import is_zero

X, Y = sp.symbols("x y", real=True)
REYNOLDS = (1.0, 100.0, -100.0)


def psi(r: float, a: int, b: int, x: float, y: float) -> float:
    return float(stream(r, a, b, mpmath.mpf(x), mpmath.mpf(y), mpmath.log))


def p(r: float, a: int, b: int, x: float, y: float) -> float:
    return float(pressure(r, a, b, mpmath.mpf(x), mpmath.mpf(y), mpmath.log))


@pytest.mark.parametrize("r", REYNOLDS)
def test_one_wall_slides_and_the_other_rests(r: float) -> None:
    for at in (0.1, 0.5, 2.0):
        assert [psi(r, 0, 1, at, 0), psi(r, 1, 0, at, 0)] == pytest.approx([1, 0], abs=1e-13 * abs(r))
        assert [psi(r, 0, 1, 0, at), psi(r, 1, 0, 0, at)] == pytest.approx([0, 0], abs=1e-13 * abs(r))


@pytest.mark.parametrize(("a", "b"), [(0, 1), (1, 0), (1, 1), (0, 3), (2, 2), (4, 0)])
def test_derivatives_are_those_of_numerical_differentiation(a: int, b: int) -> None:
    for mine in (stream, pressure):
        with mpmath.workdps(40):
            known = mpmath.diff(
                lambda x, y, f=mine: f(100.0, 0, 0, x, y, mpmath.log),
                (mpmath.mpf("0.3"), mpmath.mpf("0.7")),
                (a, b),
            )
        found = mine(100.0, a, b, np.array([0.3, 1.0]), np.array([0.7, 1.0]), np.log)
        assert found[0] == pytest.approx(float(known), rel=1e-9)


def momentum(r: float, x: float, y: float) -> np.ndarray:
    """R times what is left of u·∇u + ∇p − Δu/R."""
    u, v = psi(r, 0, 1, x, y), -psi(r, 1, 0, x, y)
    first = u * psi(r, 1, 1, x, y) + v * psi(r, 0, 2, x, y)
    second = -u * psi(r, 2, 0, x, y) - v * psi(r, 1, 1, x, y)
    first += p(r, 1, 0, x, y) - (psi(r, 2, 1, x, y) + psi(r, 0, 3, x, y)) / r
    second += p(r, 0, 1, x, y) + (psi(r, 3, 0, x, y) + psi(r, 1, 2, x, y)) / r
    return np.array([first, second])


@pytest.mark.parametrize("r", REYNOLDS)
def test_the_equations_hold_to_the_second_order(r: float) -> None:
    """Terms are of sizes 1/r² and 1/r; what is left tends to a number along every ray."""
    for angle in (0.2, 0.8, 1.4):
        far, near = (momentum(r, d * math.cos(angle), d * math.sin(angle)) for d in (1e-4, 1e-5))
        assert np.all(np.abs(far) < 0.1 * abs(r))  # of 1e8/r and 1e4
        np.testing.assert_allclose(near, far, atol=1e-3 * abs(r))


def test_a_text_is_read_printed_and_evaluated() -> None:
    found = parse_scalar("y*scraper(R, 0, 2, x, 1 - y) - scraper_p(-R, 1, 0, x + y, y)", variables=("x", "y"))
    again = parse_scalar(render(found, None), variables=("x", "y"))
    assert is_zero(found - again) is True
    bound = found.xreplace({s: sp.Integer(10) for s in found.free_symbols - {X, Y}})
    (values,) = compile_expressions([bound], [X, Y]).run([np.array([0.5, 0.25]), np.array([0.25, 0.5])])
    known = 0.25 * psi(10, 0, 2, 0.5, 0.75) - p(-10, 1, 0, 0.75, 0.25)
    assert values[0] == pytest.approx(known, rel=1e-12)
    assert float(bound.xreplace({X: sp.Rational(1, 2), Y: sp.Rational(1, 4)})) == pytest.approx(known)
    text = "u_x + scraper(3, 0, 1, x, y)*u"
    ours = parse_text(text, variables=("x", "y")).equations[0]
    u = sp.Function("u")(*sp.symbols("x y"))
    theirs = u.diff(sp.Symbol("x")) + scraper(3, 0, 1, *sp.symbols("x y")) * u
    assert from_sympy(theirs, variables=("x", "y")).equations[0] == ours


@pytest.mark.parametrize(
    "text",
    ["scraper(1, x, y)", "scraper(1, 1/2, 0, x, y)", "scraper(1, 0, -1, x, y)", "scraper(x, 0, 0, x, y)"],
)
def test_other_arguments_are_refused(text: str) -> None:
    with pytest.raises(ParseError, match="two orders of derivatives"):
        parse_text(f"u*{text}", variables=("x", "y"))


def test_it_is_smooth_and_its_chain_rule_is_exact() -> None:
    flow = scraper(100, 0, 1, X, 1 - Y)
    assert jump(flow, "y", None) is None
    assert nt.parse("diff(scraper(2, 0, 0, x, 1 - y)*u, y)", variables=("x", "y")).expression.has(
        scraper(2, 0, 1, X, 1 - Y)
    )
    assert flow.diff(Y) == -scraper(100, 0, 2, X, 1 - Y)
    assert scraper(7, 1, 0, X, Y).diff(X) == scraper(7, 2, 0, X, Y)


def test_enclosures_hold_the_value_and_tell_it_from_zero() -> None:
    place = {X: sp.Rational(1, 3), Y: sp.Rational(2, 7)}
    for flow in (scraper(100, 0, 3, X, 1 - Y), scraper_p(-100, 1, 1, X, Y)):
        box = at_point(flow, place)
        assert box.a <= float(flow.xreplace(place)) <= box.b
    assert is_zero(scraper(100, 0, 3, X, 1 - Y)) is False
    assert is_zero(scraper(100, 0, 3, X, Y) - scraper(100, 0, 3, X, Y)) is True
