"""The conditions of every solved problem determine its solution: a least-squares certificate.

Let A be the problem linearised at its solution (all residuals and conditions stacked, each in L² of
its own set) and V the polynomials of degree < n per variable. On an L²-orthonormal Legendre basis
of V the smallest singular value is σ = min ‖A w‖ / ‖w‖. A missing or misplaced condition leaves
directions w that A does not see, σ ≈ 0; enough conditions keep σ of order 1. Everything is
deterministic: Gauss–Legendre nodes, no sampling.
"""

from collections.abc import Iterator, Mapping
from functools import reduce

import numpy as np
import pytest
import sympy as sp
from numpy.polynomial import Legendre, legendre
from threadpoolctl import threadpool_limits
from zoo_entries import FOLDER, derivative

from ntk_theory.arrays import Floats
from ntk_theory.model.lowering import LoweredOperator, lower_problem
from ntk_theory.model.program import compile_expressions
from ntk_theory.symbolic.loading import from_toml, load_toml
from ntk_theory.symbolic.problem import Box, Group, Problem

PROBLEMS = {path.stem: load_toml(path) for path in sorted(FOLDER.glob("*.toml"))}
SOLVED = [name for name, problem in PROBLEMS.items() if problem.solution is not None]
#: Basis functions per variable, by the number of variables.
DEGREES = {1: 16, 2: 12, 3: 6}
DETERMINED = 0.02
#: Two materials: σ falls with the ratio of their conductivities, as the last test shows at ratio 1.
CONTRAST = {"two-material": 1.38 / 400}
#: Without conditions σ must fall at least this far: the certificate can tell the difference.
FALL = 100


@pytest.fixture(autouse=True)
def one_blas_thread() -> Iterator[None]:
    """Matrices this small lose more in waiting threads than they gain, above all on a busy machine."""
    with threadpool_limits(1):
        yield


def smallest_singular_value(problem: Problem, *, conditions: bool = True, without: str = "") -> float:
    """σ of the module's docstring, all conditions kept, none, or all but one."""
    lowered = lower_problem(problem)
    groups = zip(problem.groups, lowered.groups, strict=True)
    names = {group.name for group in problem.conditions}
    rows = []
    for group, low in groups:
        if group.name == without or (group.name in names and not conditions):
            continue
        if len(low.legs) == 2:
            rows.append(
                sum(
                    rows_of(problem, group, leg, face)
                    for leg, face in zip(low.legs, group.faces, strict=True)
                )
            )
        else:
            rows += [rows_of(problem, group, low.legs[0], face) for face in group.faces or ({},)]
    matrix = np.concatenate(rows)
    if matrix.shape[0] < matrix.shape[1]:
        return 0.0
    return float(np.linalg.svd(np.linalg.qr(matrix, mode="r"), compute_uv=False)[-1])


def rows_of(problem: Problem, group: Group, leg: LoweredOperator, face: Mapping[str, sp.Expr]) -> Floats:
    """√weight · Σ_α F_α ∂^α(basis) at the nodes of one face: (nodes, fields · basis)."""
    nodes, weights = quadrature(problem, group, face)
    solution = problem.solution
    assert solution is not None
    jets = compile_expressions(
        [derivative(solution[slot.field], slot, problem.space) for slot in leg.slots],
        list(problem.space.variable_symbols),
    ).run(list(nodes.T))
    values = np.array([np.broadcast_to(jet, len(nodes)) for jet in jets], dtype=float)
    _, gradient = leg.evaluate(nodes, values)
    n = DEGREES[len(problem.variables)]
    rows = np.zeros((len(nodes), len(problem.fields), n ** len(problem.variables)))
    for slot, coefficient in zip(leg.slots, gradient, strict=True):
        factors = [
            legendre_basis(n, ends, nodes[:, k], slot.index[k])
            for k, ends in enumerate(intervals(problem, problem.place_of(slot.field)))
        ]
        product = reduce(lambda a, b: (a[:, :, None] * b[:, None, :]).reshape(len(a), -1), factors)
        rows[:, problem.fields.index(slot.field)] += coefficient[:, None] * product
    return rows.reshape(len(nodes), -1) * np.sqrt(weights)[:, None]


def intervals(problem: Problem, place: Box) -> list[tuple[float, float]]:
    ends = [place[name] for name in problem.variables]
    return [(float(low), float(high)) for low, high in ends]


def quadrature(problem: Problem, group: Group, face: Mapping[str, sp.Expr]) -> tuple[Floats, Floats]:
    """Tensor Gauss–Legendre nodes (nodes, d) and weights; coordinates of the face stay fixed."""
    unit, weight = legendre.leggauss(DEGREES[len(problem.variables)] + 4)
    axes, weights = [], []
    for name, (low, high) in zip(problem.variables, intervals(problem, problem.place(group)), strict=True):
        held = name in face
        axes.append(np.array([float(face[name])]) if held else low + (high - low) * (unit + 1) / 2)
        weights.append(np.ones(1) if held else weight * (high - low) / 2)
    nodes = np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=1)
    return nodes, reduce(np.multiply.outer, weights).ravel()


def legendre_basis(n: int, ends: tuple[float, float], at: Floats, order: int) -> Floats:
    """∂^order of the first n L²-orthonormal Legendre polynomials on an interval: (points, n)."""
    low, high = ends
    columns = []
    for j in range(n):
        polynomial = Legendre.basis(j, domain=[low, high]) * np.sqrt((2 * j + 1) / (high - low))
        columns.append((polynomial.deriv(order) if order else polynomial)(at))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("name", SOLVED)
def test_conditions_determine_the_solution(name: str) -> None:
    sigma = smallest_singular_value(PROBLEMS[name])
    assert sigma > DETERMINED * CONTRAST.get(name, 1.0)
    assert smallest_singular_value(PROBLEMS[name], conditions=False) < sigma / FALL


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("heat", "initial"),
        ("heat", "ends"),
        ("wave", "velocity"),
        ("sine-gordon", "velocity"),
        ("sine-gordon", "initial"),
        ("kdv", "initial"),
        ("kdv", "ends"),
        ("burgers-inviscid", "inflow"),
        ("shallow-water", "inflow"),
        ("euler-bernoulli", "moments"),
        ("stokes", "edge_p"),
        ("two-material", "cold"),
        ("two-material", "temperature"),
        ("two-material", "flux"),
    ],
)
def test_a_missing_condition_is_noticed(name: str, condition: str) -> None:
    """Control: without one needed condition σ falls by more than an order of magnitude."""
    whole = smallest_singular_value(PROBLEMS[name])
    assert smallest_singular_value(PROBLEMS[name], without=condition) < whole / 10


def test_two_materials_of_one_conductivity_are_determined_like_any_problem() -> None:
    text = (FOLDER / "two-material.toml").read_text(encoding="utf-8").replace("138/100", "400")
    head, conditions = text.split("[solution]")[0], text.split("[[conditions]]", 1)[1]
    solution = '[solution]\n"u@upper" = "(y + 1)/2"\n"u@lower" = "(y + 1)/2"\n[[conditions]]'
    assert smallest_singular_value(from_toml(head + solution + conditions)) > DETERMINED
