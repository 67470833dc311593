from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from model_problems import DOMAIN, SPACE, U_X, U, equation, kdv, system, value

from ntk_theory.errors import InputError
from ntk_theory.model.points import check_points, draw_points
from ntk_theory.symbolic.jets import JetSpace
from ntk_theory.symbolic.problem import Problem

BOX = Problem(SPACE, (equation(U_X),), domain=DOMAIN)


@pytest.mark.parametrize("method", ["sobol", "uniform"])
def test_points_lie_on_their_faces_and_in_the_domain(method: str) -> None:
    points = draw_points(kdv(), 33, seed=4, method=method)
    assert list(points) == ["initial", "ends", "slope", "periodic", "f"]
    assert {name: array.shape for name, array in points.items()} == {
        "initial": (33, 2), "ends": (33, 2), "slope": (33, 2), "periodic": (33, 2, 2), "f": (33, 2),
    }  # fmt: skip
    assert not points["initial"][:, 1].any()
    assert sorted(np.unique(points["ends"][:, 0], return_counts=True)[1]) == [16, 17]
    assert (points["slope"][:, 0] == 3).all()
    assert (points["periodic"][:, 0, 0] == -1).all()
    assert (points["periodic"][:, 1, 0] == 3).all()
    np.testing.assert_array_equal(points["periodic"][:, 0, 1], points["periodic"][:, 1, 1])
    for array in points.values():
        flat = array.reshape(-1, 2)
        assert array.dtype == np.float64
        assert array.flags.c_contiguous
        assert ((flat >= [-1, 0]) & (flat <= [3, 2])).all()
    assert len(np.unique(points["f"], axis=0)) == 33


def test_a_seed_fixes_the_points() -> None:
    first, again, other = (draw_points(kdv(), 8, seed=s) for s in (1, 1, 2))
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])
        assert not np.array_equal(first[name], other[name])
    assert not np.array_equal(first["f"], draw_points(kdv(), 8, seed=1, method="uniform")["f"])


def test_sobol_points_fill_the_domain_evenly() -> None:
    points = draw_points(BOX, 64)["f"]
    cells = np.floor((points - [-1, 0]) / [0.5, 0.25]).astype(
        int
    )  # 8 x 8 cells: a (0, 2)-net has one point each
    assert len(np.unique(cells, axis=0)) == 64


def test_faces_share_points_by_their_measure() -> None:
    faces = ({"x": sp.S.Zero}, {"t": sp.S.Zero})  # lengths 2 and 4
    problem = Problem(SPACE, (equation(U_X),), (value("b", faces=faces),), DOMAIN)
    points = draw_points(problem, {"b": 30, "f": 1})["b"]
    assert np.count_nonzero(points[:, 0] == 0) == 10
    assert np.count_nonzero(points[:, 1] == 0) == 20
    assert len(draw_points(problem, {"b": 1, "f": 1})["b"]) == 1


def test_a_face_that_is_a_point_gives_one_point() -> None:
    space = JetSpace(("u",), ("t",))
    u = space.symbol(space.value("u"))
    start = value("b", space, faces=({"t": sp.S.Zero},))
    problem = Problem(space, (equation(u, space),), (start,), {"t": (sp.S.Zero, sp.pi)})
    points = draw_points(problem, 7)
    assert points["b"].tolist() == [[0.0]]
    assert points["f"].shape == (7, 1)


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(InputError, match="no interval for 't'"):
        draw_points(Problem(SPACE, (equation(U),), domain={"x": DOMAIN["x"]}))
    with pytest.raises(InputError, match="first end must be below"):
        draw_points(Problem(SPACE, (equation(U),), domain={**DOMAIN, "x": (sp.S.One, sp.S.One)}))
    with pytest.raises(InputError, match="finite real number"):
        draw_points(Problem(SPACE, (equation(U),), domain={**DOMAIN, "x": (sp.S.One, sp.oo)}))
    length = sp.Symbol("L", real=True)
    open_box = Problem(SPACE, (equation(U),), domain={**DOMAIN, "x": (sp.S.Zero, length)})
    with pytest.raises(InputError, match="'L' without a value"):
        draw_points(open_box)
    assert draw_points(open_box, 50, parameters={"L": 9})["f"][:, 0].max() > 7
    with pytest.raises(InputError, match="method is 'grid'"):
        draw_points(BOX, method="grid")
    for bad in (0, -3, 2.5, True, {"b": 3}):
        with pytest.raises(InputError, match="counts"):
            draw_points(BOX, bad)  # type: ignore[arg-type]


def test_given_points_are_made_float64_and_unions_are_spread() -> None:
    points = check_points(
        system(), {"b": [[0, 1], [1, 2]], "f1": [[1, 1]], "f2": np.ones((3, 2), dtype=np.float32)}
    )
    assert {name: array.shape for name, array in points.items()} == {
        "b1": (2, 2), "b2": (2, 2), "f1": (1, 2), "f2": (3, 2),
    }  # fmt: skip
    assert all(array.dtype == np.float64 for array in points.values())
    given = np.ones((1, 2))
    assert check_points(BOX, {"f": given})["f"] is not given


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([[0, 0]], "needs a mapping"),
        ({}, "lacks the group 'f'"),
        ({"f": [[0, 0]], "g": [[0, 0]]}, "has the group 'g'"),
        (
            {"f": np.zeros((3, 3))},
            r"points\['f'\] has shape \(3, 3\); it needs \(n, 2\), columns in the order x, t",
        ),
        ({"f": np.zeros(2)}, r"shape \(2,\)"),
        ({"f": np.zeros((0, 2))}, "zero points"),
        ({"f": [[0, 0], [np.nan, 1]]}, "non-finite entry in point 1"),
        ({"f": [["a", 0]]}, "not an array of real numbers"),
        ({"f": [[1j, 0]]}, "real numbers"),
    ],
)
def test_bad_points_get_one_sentence(points: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_points(BOX, points)  # type: ignore[arg-type]


def test_a_pair_needs_two_places_per_point() -> None:
    points = {name: np.zeros((2, 2)) for name in ("initial", "ends", "slope", "periodic", "f")}
    with pytest.raises(InputError, match=r"periodic.*\(n, 2, 2\)"):
        check_points(kdv(), points)
