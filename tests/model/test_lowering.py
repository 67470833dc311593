from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from model_problems import DOMAIN, SPACE, U_T, U_X, U_XX, U_XXX, T, U, X, equation, kdv, system, value

from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.model.lowering import lower, lower_problem
from ntk_theory.model.program import FUNCTIONS, compile_expressions
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Group, GroupKind, Problem

SYMBOLS = (X, U, U_X, U_XX)
SMOOTH = (sp.sin, sp.cos, sp.tanh, sp.sech, sp.erf, sp.atan, sp.Abs)


def exact(expression: sp.Expr, values: dict[sp.Symbol, float]) -> tuple[float, float]:
    """Value with 40 digits, and the size of the largest intermediate result (for a fair tolerance)."""
    numbers = {symbol: sp.Float(number, 40) for symbol, number in values.items()}
    sizes = [abs(float(node.xreplace(numbers).evalf(40))) for node in sp.preorder_traversal(expression)]
    return float(expression.xreplace(numbers).evalf(40)), max([1.0, *sizes])


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> sp.Expr:
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        leaf = draw(st.integers(0, len(SYMBOLS)))
        return SYMBOLS[leaf] if leaf < len(SYMBOLS) else sp.Rational(draw(st.integers(-5, 5)), 3)
    a = draw(expressions(depth - 1))
    kind = draw(st.sampled_from(["+", "-", "*", "^", "f", "root", "/"]))
    if kind == "^":
        return a ** draw(st.integers(2, 5))
    if kind == "f":
        return draw(st.sampled_from(SMOOTH))(a)
    if kind == "root":
        return (1 + a**2) ** sp.Rational(draw(st.sampled_from([-5, -3, -1, 1, 3, 7])), 2)
    if kind == "/":
        return draw(expressions(depth - 1)) / (2 + a**2)
    b = draw(expressions(depth - 1))
    return {"+": a + b, "-": a - b, "*": a * b}[kind]


@pytest.mark.properties
@settings(max_examples=150, deadline=None, derandomize=True)
@given(expressions(), st.lists(st.integers(-150, 150), min_size=4, max_size=4))
def test_any_expression_and_its_gradient_agree_with_sympy(expression: sp.Expr, numbers: list[int]) -> None:
    operator = Operator(SPACE, expression)
    values = dict(zip(SYMBOLS, [n / 97 + 0.003 for n in numbers], strict=True))
    lowered = lower(operator)
    jets = np.array([[values[SPACE.symbol(slot)]] for slot in operator.slots]).reshape(-1, 1)
    found, gradient = lowered.evaluate(np.array([[values[X], 0.0]]), jets)
    wanted, size = exact(expression, values)
    assert abs(found[0] - wanted) <= 1e-12 * size
    for row, slot in zip(gradient, operator.slots, strict=True):
        wanted, size = exact(operator.gradient[slot], values)
        assert abs(row[0] - wanted) <= 1e-11 * size


@pytest.mark.parametrize("function", [*FUNCTIONS, sp.sech], ids=lambda f: f.__name__)
def test_every_function_of_the_table_is_evaluated(function: type[sp.Function]) -> None:
    program = compile_expressions([function(U)], [U])
    points = np.array([0.2, 0.7, 1.9])
    found = program.run([points])[0]
    assert found == pytest.approx([float(function(sp.Float(p, 30))) for p in points], rel=1e-14)


@pytest.mark.parametrize("exponent", [-4, -1, 2, 3, 7, "1/2", "-3/2", "5/2", "1/3", "-7/5", 0.3, 2.0])
def test_powers(exponent: object) -> None:
    power = sp.Rational(exponent) if isinstance(exponent, str) else sp.sympify(exponent)
    points = np.array([0.2, 0.7, 1.9])
    found = compile_expressions([U**power], [U]).run([points])[0]
    assert found == pytest.approx(points ** float(power), rel=1e-14)


def test_shared_parts_are_computed_once() -> None:
    shared = sp.sin(U * U_X)
    program = compile_expressions([shared, shared**2, U * U_X, shared + 1], [U, U_X])
    names = [operation.name for operation in program.operations]
    assert sorted(names) == ["add", "multiply", "sin", "square"]


def test_integer_powers_are_products() -> None:
    names = {op.name for op in compile_expressions([U**7 + U ** sp.Rational(-3, 2)], [U]).operations}
    assert "power" not in names


def test_a_batch_of_jets_gives_the_same_as_each_alone() -> None:
    lowered = lower(Operator(SPACE, X * U * sp.cos(U_X)))
    rng = np.random.default_rng(0)
    points, jets = rng.normal(size=(5, 2)), rng.normal(size=(2, 3, 5))
    values, gradient = lowered.evaluate(points, jets)
    for k in range(3):
        alone = lowered.evaluate(points, jets[:, k])
        np.testing.assert_array_equal(values[k], alone[0])
        np.testing.assert_array_equal(gradient[:, k], alone[1])


def test_parameters_by_number_fraction_or_sympy_number() -> None:
    nu, p = sp.Symbol("nu", real=True, nonzero=True), sp.Symbol("p", real=True)
    operator = Operator(SPACE, U_T - nu * U_XX + sp.Abs(U) ** p)
    points, jets = np.zeros((1, 2)), np.array([[4.0], [2.0], [3.0]])  # u, u_t, u_xx
    for half, three_halves in ((0.5, 1.5), (Fraction(1, 2), Fraction(3, 2)), (sp.S.Half, sp.Rational(3, 2))):
        values, gradient = lower(operator, {"nu": half, "p": three_halves}).evaluate(points, jets)
        assert values == pytest.approx([2 - 1.5 + 8])
        assert gradient[:, 0] == pytest.approx([1.5 * 2, 1, -0.5])
    with pytest.raises(InputError, match=r"'p': 1"):
        lower(operator, {"nu": 1})
    with pytest.raises(InputError, match="'mu'"):
        lower(operator, {"nu": 1, "p": 2, "mu": 3})
    with pytest.raises(InputError, match="finite real number"):
        lower(operator, {"nu": float("nan"), "p": 2})


def test_a_coefficient_of_zero_keeps_its_slot() -> None:
    kappa = sp.Symbol("kappa", real=True)
    lowered = lower(Operator(SPACE, U_T + kappa * U * U_X), {"kappa": 0})
    assert [SPACE.name(slot) for slot in lowered.slots] == ["u", "u_x", "u_t"]
    assert lowered.evaluate(np.zeros((1, 2)), np.ones((3, 1)))[1][:, 0].tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("expression", "jets", "what"),
    [
        (sp.exp(U), [1.0, 800.0], "residual is inf"),
        (sp.log(U), [1.0, -1.0], "residual is nan"),
        (sp.sqrt(sp.Abs(U)), [1.0, 0.0], "derivative with respect to u is nan"),
        (1 / U, [1.0, 0.0], "residual is inf"),
    ],
)
def test_a_value_that_is_not_finite_names_group_and_point(
    expression: sp.Expr, jets: list[float], what: str
) -> None:
    problem = Problem(SPACE, (equation(expression),))
    leg = lower_problem(problem).groups[0].legs[0]
    with pytest.raises(NonFiniteError, match=rf"'f' at point 1 \(x = 3, t = 4\).*{what}"):
        leg.evaluate(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([jets]))


def test_an_intermediate_overflow_with_a_finite_result_is_no_error() -> None:
    values, gradient = lower(Operator(SPACE, sp.sech(U))).evaluate(np.zeros((1, 2)), np.array([[900.0]]))
    assert values[0] == 0
    assert gradient[0, 0] == 0


def test_unknown_functions_and_constants_that_are_not_real_are_refused() -> None:
    with pytest.raises(InputError, match="gamma"):
        lower(Operator(SPACE, sp.gamma(U)))
    with pytest.raises(InputError, match="not a finite real number"):
        lower(Operator(SPACE, U + sp.sqrt(-2)))


def test_shapes_are_checked() -> None:
    lowered = lower(Operator(SPACE, U * U_X))
    with pytest.raises(InputError, match=r"points has shape \(3, 3\)"):
        lowered.evaluate(np.zeros((3, 3)), np.zeros((2, 3)))
    with pytest.raises(InputError, match=r"jets has shape \(3, 3\); it needs \(2, 3\).*u, u_x"):
        lowered.evaluate(np.zeros((3, 2)), np.zeros((3, 3)))


def test_a_problem_has_the_union_of_slots_and_its_targets() -> None:
    lowered = lower_problem(kdv())
    assert [g.name for g in lowered.groups] == ["initial", "ends", "slope", "periodic", "f"]
    assert [SPACE.name(slot) for slot in lowered.slots] == ["u", "u_x", "u_t", "u_xx", "u_xxx"]
    points = np.array([[0.5, 1.0], [2.0, 0.0]])
    assert lowered.groups[0].target(points) == pytest.approx(np.sin([0.5, 2.0]))
    assert lowered.groups[1].target(points).tolist() == [0, 0]
    assert len(lowered.groups[3].legs) == 2
    assert [slot.field for slot in lower_problem(system()).slots] == ["u"] * 3 + ["v"] * 3


def test_parameters_of_a_problem_go_into_operators_and_targets() -> None:
    c = sp.Symbol("c", real=True, nonzero=True)
    initial = value("initial", target=sp.exp(-c * X))
    problem = Problem(SPACE, (equation(U_T + c * U_X),), (initial,), DOMAIN, parameters={"c": sp.Integer(2)})
    points = np.array([[1.0, 0.0]])
    assert lower_problem(problem).groups[0].target(points) == pytest.approx([np.exp(-2)])
    lowered = lower_problem(problem, {"c": 3})
    assert lowered.groups[0].target(points) == pytest.approx([np.exp(-3)])
    assert lowered.groups[1].legs[0].evaluate(points, np.ones((2, 1)))[1][:, 0].tolist() == [3, 1]
    with pytest.raises(InputError, match="'d'"):
        lower_problem(problem, {"d": 3})
    bare = Problem(SPACE, problem.equations, problem.conditions)
    with pytest.raises(InputError, match="without a value"):
        lower_problem(bare)


def test_a_target_with_fields_is_refused_and_one_that_is_not_finite_reported() -> None:
    with pytest.raises(InputError, match="without the fields"):
        Group("b", GroupKind.VALUE, (Operator(SPACE, U),), target=U_XXX)
    group = Group("b", GroupKind.VALUE, (Operator(SPACE, U),), target=sp.log(T))
    lowered = lower_problem(Problem(SPACE, (equation(U_X),), (group,)))
    with pytest.raises(NonFiniteError, match="'b' at point 1"):
        lowered.groups[0].target(np.array([[0.0, 1.0], [0.0, -1.0]]))
