"""The sheets from which the peers of ``benchmarks/solve.py`` read a problem say what the problem says."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import sympy as sp

import ntk_theory as nt

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
TABLE = {name: getattr(np, name) for name in ("sin", "cos", "exp", "sinh", "cosh", "tanh")}


@pytest.fixture
def solve(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import solve  # noqa: PLC0415  a script's module, not the package's

    yield solve
    del sys.modules["solve"]


@pytest.fixture
def sheets(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import solve_sheets  # noqa: PLC0415  a script's module, not the package's

    yield solve_sheets
    del sys.modules["solve_sheets"]


def values(sheets: ModuleType, node: object, fields: list[sp.Expr], points: np.ndarray) -> np.ndarray:
    """A tree at points, its jets differentiated by SymPy and evaluated by NumPy."""
    symbols = sorted(set().union(*(f.free_symbols for f in fields)), key=lambda s: "xyzt".index(s.name))

    def jet(field: int, index: list[int]) -> np.ndarray:
        expression = fields[field]
        for symbol, order in zip(symbols, index, strict=True):
            expression = sp.diff(expression, symbol, order) if order else expression
        return sp.lambdify(symbols, expression, "numpy")(*points.T)

    return np.asarray(sheets.value(node, lambda k: points[:, k], jet, TABLE))


@pytest.mark.parametrize("name", ["kovasznay", "helmholtz-1-4", "wave-two-modes", "advection-fast"])
def test_the_exact_solution_solves_the_sheet_and_another_field_does_not(
    sheets: ModuleType, name: str
) -> None:
    """Every residual of the sheet vanishes at the zoo's formula; at one that is 1 % larger, not all do."""
    problem = nt.zoo(name).bind()
    sheet = json.loads(json.dumps(sheets.sheet(nt.zoo(name))))
    fields = [problem.solution[field] for field in problem.fields]
    low, high = np.array(sheet["domain"]).T
    inside = low + (high - low) * np.random.default_rng(0).random((20, len(low)))
    off = 0.0
    for node in sheet["equations"]:
        assert np.abs(values(sheets, node, fields, inside)).max() < 1e-9
        off = max(off, np.abs(values(sheets, node, [1.01 * f for f in fields], inside)).max())
    for condition in sheet["conditions"]:
        for face in condition["faces"]:
            on = inside.copy()
            for axis, at in face:
                on[:, int(axis)] = at
            assert np.abs(values(sheets, condition["residual"], fields, on)).max() < 1e-12
            off = max(
                off, np.abs(values(sheets, condition["residual"], [1.01 * f for f in fields], on)).max()
            )
    assert off > 1e-3


def test_periodic_pairs_become_periods_once(sheets: ModuleType) -> None:
    """KdV on [-1, 1] has three pairs, u, u_x and u_xx, of one coordinate with one period."""
    sheet = sheets.sheet(nt.zoo("kdv-cosine"))
    assert sheet["periods"] == [[0, 2.0]]
    assert [condition["name"] for condition in sheet["conditions"]] == ["initial"]


def test_the_coefficients_are_the_problem_s(sheets: ModuleType) -> None:
    """u_t + u u_x + 0.022² u_xxx at u = 2, u_x = 3, u_xxx = 5, u_t = 7, by hand."""
    jets = {(0, 0): 2.0, (1, 0): 3.0, (3, 0): 5.0, (0, 1): 7.0}
    (node,) = sheets.sheet(nt.zoo("kdv-cosine"))["equations"]
    found = sheets.value(node, lambda k: 0.0, lambda _, index: jets[tuple(index)], TABLE)
    assert found == pytest.approx(7 + 2 * 3 + 0.022**2 * 5, rel=1e-14)


def test_the_committed_table_is_that_of_the_committed_results(solve: ModuleType) -> None:
    """Who measures again writes both; problems are benchmarks of the zoo."""
    found = solve.stored(solve.RESULTS / "solve.json")
    assert set(found) <= set(nt.zoo_names(benchmark=True))
    assert (solve.RESULTS / "solve.md").read_text(encoding="utf-8") == solve.table(found)


def test_the_factor_is_of_the_best_peer(solve: ModuleType) -> None:
    """A peer that failed has no error and is behind."""
    results = {"ntk_theory": {"error": 1e-6}, "deepxde": {"error": 1e-2}, "jinns": {"fault": "no"}}
    assert solve.factor(results) == pytest.approx(1e4)
    assert solve.factor({"ntk_theory": {"fault": "no"}, "deepxde": {"error": 1.0}}) == 0.0


def test_a_peer_s_compiling_can_be_taken_off(solve: ModuleType) -> None:
    """At 10 - 6 s this package has 1e-2, which is behind 1e-3; at 10 - 1 s it has 1e-4, which is ahead."""
    own = {"asked": 10.0, "error": 1e-5, "curve": [[3.0, 1e-2], [8.0, 1e-4], [10.0, 1e-5]]}
    for first, ahead in ((6.0, False), (1.0, True)):
        peer = {"error": 1e-3, "until_first_step": first}
        assert solve.is_ahead_earlier({"ntk_theory": own, "jinns": peer}) is ahead


def test_a_problem_with_an_ansatz_is_told_in_its_own_fields(sheets: ModuleType) -> None:
    """The ansatz is a choice of this package's; a peer gets the equations that everyone knows."""
    problem = nt.zoo("cavity-100")
    sheet = sheets.sheet(problem)
    assert problem.ansatz is not None
    assert sheet["fields"] == ["u", "v", "p"]
    assert len(sheet["conditions"]) == 4
