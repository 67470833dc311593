"""Mirror symmetries of problems, and the halves that are trained: decided exactly, or not at all."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import ntk_theory as nt
from ntk_theory.model.lowering import lower_problem
from ntk_theory.symbolic.loading import from_table
from ntk_theory.symbolic.mirrors import halved, mirrors
from ntk_theory.symbolic.problem import Problem

#: Those of a few zoo problems, by hand.
KNOWN = {
    "burgers-shock": ["u odd about x = 0"],
    "allen-cahn-interfaces": ["u even about x = 0"],
    "schroedinger-breather": ["u, v even about x = 0"],
    "kovasznay": ["u, p even and v odd about y = 1/2"],
    "helmholtz-1-4": ["u odd about x = 0", "u odd about y = 0"],
    "maxwell-1d": ["e even and h odd about x = 1/2"],
    "kdv-cosine": [],  # u u_x is odd in x, u_xxx too, u_t is even: only (x, t) → (−x, −t) is left
    "cavity-100": [],  # the convective terms break the Stokes flow's symmetry
    "advection-fast": [],
    "wave-two-modes": [],  # an even mode and an odd one
}


@pytest.mark.parametrize("name", KNOWN)
def test_mirrors_of_known_problems(name: str) -> None:
    assert [str(one) for one in mirrors(nt.zoo(name))] == KNOWN[name]


def table(equation: str = "u_t + u*u_x = u_xx", **changes: object) -> Problem:
    """Burgers' equation on [−1, 1] with odd data, or something near it."""
    made = {
        "variables": ["x", "t"],
        "equations": [equation],
        "domain": {"x": [-1, 1], "t": [0, 1]},
        "conditions": [
            {"name": "initial", "equation": "u = sin(pi*x)", "on": [{"t": 0}]},
            {"name": "ends", "equation": "u = 0", "on": [{"x": -1}, {"x": 1}]},
        ],
    }
    return from_table({**made, **changes})


def conditions(*lines: tuple[str, list[dict[str, object]]]) -> list[dict[str, object]]:
    return [{"name": f"c{k}", "equation": line, "on": on} for k, (line, on) in enumerate(lines)]


T, ENDS = {"t": 0}, [{"x": -1}, {"x": 1}]


def heat(*lines: tuple[str, list[dict[str, object]]]) -> Problem:
    return table("u_t = u_xx", conditions=conditions(("u = x^2", [T]), *lines))


def ode(equation: str, solution: str | None, *lines: tuple[str, list[dict[str, object]]]) -> Problem:
    """On [0, 2π]."""
    known = {} if solution is None else {"solution": {"u": solution}}
    box = {"x": [0, "2*pi"]}
    return table(equation, variables=["x"], domain=box, conditions=conditions(*lines), **known)


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (table(), ["u odd about x = 0"]),
        (table("u_t + u^2*u_x = u_xx"), []),
        (table("u_t + x*u^2*u_x = u_xx"), ["u odd about x = 0"]),
        (table("u_t + u*u_x = u_xx + sin(3*x)"), ["u odd about x = 0"]),
        (table("u_t + u*u_x = u_xx + cos(3*x)"), []),
        (table("u_t + abs(x)*u*u_x = u_xx"), ["u odd about x = 0"]),
        (table("u_tt = u_xx - sin(u)"), ["u odd about x = 0"]),
        # Even data, written so that it takes a proof.
        (
            table("u_t = u_xx + u^2", conditions=conditions(("u=(1-x)^3*(1+x)^3*(cos(x)^2+sin(x)^2)", [T]))),
            ["u even about x = 0"],
        ),
        (table(conditions=conditions(("u = sin(pi*x) + x^2/1000", [T]), ("u = 0", ENDS))), []),
        # Robin conditions: the outward derivative, or the same one on both ends.
        (heat(("u + u_x = 1", [{"x": 1}]), ("u - u_x = 1", [{"x": -1}])), ["u even about x = 0"]),
        (heat(("u + u_x = 1", ENDS)), []),
        # About the middle of an interval with named ends.
        (
            table(
                "u_t = u_xx + u^3",
                domain={"x": [0, "L"], "t": [0, 1]},
                parameters={"L": "3"},
                conditions=conditions(("u = x*(L - x)", [T]), ("u = 0", [{"x": 0}, {"x": "L"}])),
            ),
            ["u even about x = 3/2"],
        ),
        # Points inside, and a solution that lacks the symmetry of its problem.
        (ode("u_xx = u^2", None, ("u = 1", [{"x": 1}]), ("u = 0", [{"x": 0}, {"x": "2*pi"}])), []),
        (ode("u_xx + u = 0", "sin(x)", ("u = 0", [{"x": 0}, {"x": "2*pi"}])), ["u odd about x = pi"]),
        (ode("u_xx + u = 1", "1 + cos(x)", ("u = 2", [{"x": 0}, {"x": "2*pi"}])), ["u even about x = pi"]),
        (ode("u_xx + u = 1", "1 + cos(x) + sin(x)", ("u = 2", [{"x": 0}, {"x": "2*pi"}])), []),
        # An expression brings the unit box and u = 0 on all of it.
        (nt.problem("u_t - u_xx"), ["u even about x = 1/2"]),
        (nt.problem("u_t - u_xx - x"), []),
    ],
)  # fmt: skip
def test_mirrors_of_other_members(problem: Problem, told: list[str]) -> None:
    assert [str(one) for one in mirrors(problem)] == told


@pytest.mark.parametrize(
    "name", [*(n for n, found in KNOWN.items() if found), "swift-hohenberg", "euler-bernoulli"]
)
def test_the_solution_of_a_problem_meets_its_half(name: str) -> None:
    """By a symmetric function: what the half asks on its own side, the problem asks on both.

    The residuals of the whole, at points of both sides, are those of the half at the points of its side.
    """
    problem = nt.zoo(name)
    mirror = mirrors(problem)[0]
    half = halved(problem, mirror)
    low, high = half.domain[mirror.variable]
    assert low == mirror.centre
    assert high == problem.domain[mirror.variable][1]
    asked = {group.name for group in problem.groups}
    extra = [group for group in half.groups if group.name not in asked]
    assert extra
    assert all(group.name.startswith("mirror_") for group in extra)
    # A function with the symmetry, one for each field: those conditions hold for it.
    x = problem.space.variable(mirror.variable)
    others = [v for v in problem.space.variable_symbols if v != x]
    way = x - mirror.centre
    functions = {
        field: (sp.cos(way) if sign > 0 else sp.sin(way)) * (1 + sum(others)) ** 2
        for field, sign in mirror.signs.items()
    }
    for group in extra:
        (leg,) = group.legs
        (slot,) = leg.slots
        value = functions[slot.field]
        for variable, order in zip(problem.variables, slot.index, strict=True):
            value = sp.diff(value, problem.space.variable(variable), order) if order else value
        assert sp.simplify(value.subs(x, mirror.centre)) == 0
    assert [g.legs for g in half.equations] == [g.legs for g in problem.equations]
    assert lower_problem(half) is not None


def test_periodic_pairs_across_the_mirror() -> None:
    """An even solution has u(a) = u(b) by itself, and u_x(b) = 0; an odd one has u(b) = 0."""
    pair = [{"x": -1}, {"x": 1}]
    made = [
        {"name": "initial", "equation": "u = {}", "on": [T]},
        {"name": "period", "equation": "u", "periodic": pair},
        {"name": "period_x", "equation": "u_x", "periodic": pair},
    ]
    for data, odd in (("cos(pi*x)", False), ("sin(pi*x)", True)):
        lines = [{**made[0], "equation": f"u = {data}"}, *made[1:]]
        problem = table("u_t = u_xx - u^3", conditions=lines)
        half = halved(problem, *mirrors(problem))
        said = {g.name: (str(g.legs[0].expression), dict(g.faces[0])) for g in half.conditions[1:]}
        name, residual = ("period", "u") if odd else ("period_x", "u_x")
        assert said == {name: (residual, {"x": 1}), f"mirror_u_{1 - odd}": ("u" if odd else "u_x", {"x": 0})}


def test_a_name_that_is_taken_is_left_alone() -> None:
    lines = [
        {"name": "initial", "equation": "u = sin(pi*x)", "on": [T]},
        {"name": "mirror_u_0", "equation": "u = 0", "on": ENDS},
    ]
    problem = table(conditions=lines)
    names = [group.name for group in halved(problem, *mirrors(problem)).conditions]
    assert names == ["initial", "mirror_u_0", "mirror_u_0_"]


def test_stated_solutions_of_the_zoo_have_the_symmetries_that_are_found() -> None:
    """By numbers, where the search decides by algebra; at 200 fixed points of each problem."""
    from ntk_theory.symbolic.reading import zoo_names  # noqa: PLC0415

    seen = 0
    for name in zoo_names():
        problem = nt.zoo(name).bind()
        for mirror in mirrors(problem) if problem.solution else ():
            rng = np.random.default_rng(0)
            box = np.array([[float(e) for e in problem.domain[v]] for v in problem.variables])
            points = rng.uniform(*box.T, size=(200, len(box)))
            image = points.copy()
            axis = problem.variables.index(mirror.variable)
            image[:, axis] = 2 * float(mirror.centre) - image[:, axis]
            for field, sign in mirror.signs.items():
                u = sp.lambdify(problem.space.variable_symbols, problem.solution[field], "numpy")
                here, there = (np.broadcast_to(u(*at.T), 200) for at in (points, image))
                np.testing.assert_allclose(here, sign * there, rtol=1e-9, atol=1e-9)
            seen += 1
    assert seen >= 20
