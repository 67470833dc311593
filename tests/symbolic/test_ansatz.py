"""Ansätze: substitution, conditions that hold by construction, hard constraints, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.errors import BudgetError, InputError, ParseError, ProblemError
from ntk_theory.model.points import check_points
from ntk_theory.studies.question.case import Case, make_cases
from ntk_theory.symbolic import from_toml, to_toml
from ntk_theory.training.solution import solved_fields

HEAT = "u = sin(pi*x) + t*x*(1 - x)*w"


def test_conditions_that_hold_are_proved_and_dropped() -> None:
    found = nt.problem("heat", ansatz=HEAT)
    assert found.outputs == ("w",)
    assert found.met_by_construction == ("initial", "ends")
    assert [group.name for group in found.groups] == ["f"]
    record = nt.classify(found).to_dict()
    assert record["fields"] == ["u"]
    assert record["outputs"] == ["w"]
    assert record["met_by_construction"] == ["initial", "ends"]
    assert record["left_by_ansatz"] == []
    assert set(record["ansatz"]) == {"u"}
    assert set(record["sharp"]) == {"ff"}


def test_what_is_left_of_a_condition_is_told_face_by_face() -> None:
    found = nt.problem("heat", ansatz="u = sin(pi*x) + t*(1 - x)*w")
    assert found.met_by_construction == ("initial",)
    (left,) = nt.classify(found).to_dict()["left_by_ansatz"]
    assert left == {
        "name": "ends",
        "at": "x = 0",
        "residual": "t*w",
        "without_network": False,
        "defined": True,
    }
    ends = found.conditions[0]
    assert [dict(face) for face in ends.faces] == [{"x": 0}]


def test_a_contradiction_is_told() -> None:
    found = nt.problem("heat", ansatz="u = cos(pi*x) + t*(1 - x)*w")
    left = {(r["name"], r["at"]): r for r in nt.classify(found).to_dict()["left_by_ansatz"]}
    assert left["ends", "x = 1"]["residual"] == "-1"
    assert left["ends", "x = 1"]["without_network"]
    assert not left["ends", "x = 0"]["without_network"]


@pytest.mark.parametrize("ansatz", ["u = v/x", "u = v/(x*(1 - x))", "u = log(x)*v"])
def test_a_singular_ansatz_is_told_and_undefined(ansatz: str) -> None:
    answer = nt.classify(nt.problem("heat", ansatz=ansatz))
    left = {(r["name"], r["at"]): r for r in answer.to_dict()["left_by_ansatz"]}
    assert not left["ends", "x = 0"]["defined"]
    assert "singular" in left["ends", "x = 0"]["residual"]
    assert str(answer.regime("bb", "1/2").limit) == "undefined"
    assert "no value, the ansatz is singular there" in str(answer)


def test_a_kink_on_the_face_proves_nothing() -> None:
    text = """
    equations = ["u_xx = 1"]
    [domain]
    x = [-1, 1]
    [[conditions]]
    name = "slope"
    equation = "u_x = 0"
    on = [{ x = 0 }]
    [ansatz]
    u = "abs(x)*v"
    """
    with pytest.raises(ProblemError, match="delta"):
        from_toml(text)
    smooth = from_toml(text.replace("u_xx = 1", "u_x = 1"))
    assert smooth.met_by_construction == ()


def test_a_stream_function_meets_the_divergence() -> None:
    found = nt.problem("u_x + v_y; u*u_x + v*u_y - laplacian(u)", ansatz="u = psi_y; v = -psi_x")
    assert found.met_by_construction == ("f1",)
    answer = nt.classify(found)
    assert str(answer.regime("bb", "1/2").limit) == "deterministic"
    assert str(answer.regime("bb", "3/4").limit) == "zero"


@pytest.mark.parametrize(
    "name", ["heat", "burgers", "wave", "sine-gordon", "poisson-2d", "laplace", "maxwell-1d"]
)
def test_hard_constraints_meet_what_they_are_built_from(name: str) -> None:
    plain = nt.zoo(name)
    found = nt.problem(plain, hard=True)
    assert found.met_by_construction
    assert found.solved == plain.space
    network = nt.Network(found.variables, found.outputs, 8)
    points = nt.draw_points(plain, 5, seed=1)
    for group in plain.conditions:
        if group.name in found.met_by_construction and group.legs[0].is_value:
            values = solved_fields(found, network, network.init(0), points[group.name])
            row = values[plain.fields.index(group.legs[0].slots[0].field)]
            target = (
                nt.model.lowering.lower_problem(plain).only(group.name).groups[0].target(points[group.name])
            )
            assert np.allclose(row, target, atol=1e-12)


def test_hard_says_why_not_where_it_builds_others() -> None:
    found = nt.problem("euler-bernoulli", hard=True)
    assert set(found.met_by_construction) == {"initial", "velocity", "ends"}
    left = nt.classify(found).to_dict()["left_by_ansatz"]
    assert {entry["name"] for entry in left} == {"moments"}
    assert "neither a field nor its derivative" in left[0]["why"]


def test_hard_in_parts_keeps_outputs_of_the_parts() -> None:
    assert nt.problem("two-material", hard=True).outputs == ("u@upper", "v@lower")


def test_points_of_a_condition_that_is_met_are_refused_with_the_reason() -> None:
    found = nt.problem("heat", ansatz=HEAT)
    with pytest.raises(InputError, match="meets by construction"):
        check_points(found, nt.draw_points("heat", 3))


def test_verify_decides_and_confirms_a_hard_constraint() -> None:
    """Seeds are fixed; a claim is refuted at a family-wise 10^-4 only."""
    for bias in ("zero", "none"):
        result = nt.verify(
            nt.problem("heat", ansatz=HEAT), widths=(64, 128, 256, 512), seeds=24, points=3, output_bias=bias
        )
        limits = result.select("sharp-limit")
        assert limits
        assert {str(verdict.outcome) for verdict in limits} == {"supported"}


def test_hard_says_why_not() -> None:
    with pytest.raises(ProblemError, match=r"this problem states none; .* such as 'u = x\*v'"):
        nt.problem("u_t - u_xx", hard=True)
    with pytest.raises(ProblemError, match="such as 'v = x\\*w'"):
        nt.problem("v_t - v_xx", hard=True)
    mixed = """
    equations = ["u_t = u_xx"]
    [[conditions]]
    name = "mean"
    equation = "u + u_x = 1"
    on = [{ x = 0 }]
    """
    with pytest.raises(ProblemError, match="hard can build no condition in; mean: u \\+ u_x is neither"):
        nt.problem(from_toml(mixed), hard=True)
    corner = """
    equations = ["u_t = u_xx"]
    [domain]
    x = [0, 1]
    t = [0, 1]
    [[conditions]]
    name = "initial"
    equation = "u = 1"
    on = [{ t = 0 }]
    [[conditions]]
    name = "end"
    equation = "u = 0"
    on = [{ x = 0 }]
    """
    with pytest.raises(ProblemError, match="must agree"):
        nt.problem(from_toml(corner), hard=True)


def test_a_renaming_gives_the_same_numbers_bit_for_bit() -> None:
    for name in ("burgers", "sine-gordon", "kdv", "heat", "black-scholes"):
        plain = nt.zoo(name)
        for output in ("v", "a9", "zz"):
            renamed = nt.problem(plain, ansatz=f"{plain.fields[0]} = {output}")
            assert renamed.met_by_construction == ()
            points = nt.draw_points(plain, 5, seed=2)
            kernels = []
            for problem in (plain, renamed):
                network = nt.Network(problem.variables, problem.outputs, 32, depth=2)
                kernels.append(nt.ntk(problem, network, network.init(1), points).matrix)
            assert np.array_equal(*kernels)


def test_files_and_cases_read_back() -> None:
    found = nt.problem("heat", ansatz=HEAT)
    again = from_toml(to_toml(found))
    assert again.ansatz == found.ansatz
    assert again.groups == found.groups
    (case,) = make_cases(found, points=4)
    read = Case.from_dict(case.to_dict())
    assert read.problem.ansatz == found.ansatz
    assert read.problem.groups == case.problem.groups
    assert "ansatz" not in make_cases("heat", points=4)[0].to_dict()


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("u = x*u", ParseError, "a field that the ansatz defines"),
        ("q = x*v", ParseError, "no field"),
        ("u = x", ParseError, "no output"),
        ("x*v", ParseError, "a field, =, and its expression"),
        ("u = v; u = w", ParseError, "given twice"),
        ("u = sine(v)", ParseError, "sine"),
        ("u = max(v, 0)", InputError, "contains a field"),
        ("u = v_q", ParseError, "not a variable"),
        ("u = exp(exp(exp(99)))*v", BudgetError, "constant"),
        ("u = (1 + x*v + t*v_x)^25*exp(sin(v*x)^9)", BudgetError, "by the ansatz"),
        ("u = heaviside(x - 1/2)*v", ProblemError, "delta"),
    ],
)
def test_what_is_refused(text: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        nt.problem("heat", ansatz=text)


def test_two_ansaetze_are_refused() -> None:
    found = nt.problem("heat", ansatz=HEAT)
    with pytest.raises(ProblemError, match="already"):
        nt.problem(found, hard=True)
    with pytest.raises(ProblemError, match="leave out one"):
        nt.problem("heat", ansatz=HEAT, hard=True)


def test_heat_under_a_hard_constraint_is_case_a() -> None:
    found = nt.problem("heat", ansatz=HEAT)
    trained, without = (nt.classify(found, output_bias=b) for b in ("zero", "none"))
    assert trained.paper.case == "A"
    assert [str(trained.regime("ff", s).limit) for s in ("1/2", "1")] == ["deterministic"] * 2
    assert trained.regime("ff", "1").norm_exponent == 0
    assert str(without.regime("ff", "1").limit) == "zero"
    assert str(without.regime("ff", "1").norm_exponent) == "1 - 2*s"


def test_burgers_is_linearised_at_a() -> None:
    """Above 1/2 K_ff → F̃_0(A)F̃_0(A)' with F̃_0 = A_x for u_t + u u_x and u = A + v: A = −sin πx."""
    found = nt.problem("u_t + u*u_x - u_xx/100", ansatz="u = -sin(pi*x) + v", variables=("x", "t"))
    x = np.array([[0.25, 0.3], [0.9, 0.6]])
    predicted = np.prod(-np.pi * np.cos(np.pi * x[:, 0]))
    for bias, expected in (("zero", predicted), ("none", 0.0)):
        network = nt.Network(found.variables, found.outputs, 10_000, s=1, output_bias=bias)
        kernel = nt.ntk(found, network, network.init(0), {"f": x, "b": x})["ff"]
        assert abs(kernel[0, 1] - expected) < 0.02 * abs(predicted)
