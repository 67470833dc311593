"""The map shows what the classifications say: colours, thresholds, sections."""

from __future__ import annotations

import matplotlib.colors
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

import ntk_theory as nt
from ntk_theory.errors import InputError
from ntk_theory.report.figures.zoo_map import BAND, COLOURS, draw_zoo_map, place, section_of, zoo_map_rows
from ntk_theory.theory.exponents import Limit


def colours(axes: Axes) -> list[str]:
    """The colours of one panel's cells, row by row, from left to right."""
    cells = [p for p in axes.patches if isinstance(p, Rectangle)]
    cells.sort(key=lambda cell: (cell.get_y(), cell.get_x()))
    return [matplotlib.colors.to_hex(cell.get_facecolor()) for cell in cells]


def marks(axes: Axes) -> list[tuple[str, str, float]]:
    return [
        (line.get_marker(), line.get_markerfacecolor(), float(line.get_xdata()[0])) for line in axes.lines
    ]


def panels(*names: str, output_bias: str = "zero") -> list[Axes]:
    return draw_zoo_map(zoo_map_rows(names, output_bias=output_bias)).axes


def test_the_residual_of_kdv() -> None:
    ff = panels("kdv")[2]
    assert colours(ff) == [COLOURS[x] for x in (Limit.DIVERGES, Limit.RANDOM, Limit.ZERO)]
    (paper, sharp) = marks(ff)
    assert paper == ("D", "none", pytest.approx(1 + BAND))
    assert sharp == ("o", "#ffffff", pytest.approx(0.5 + BAND / 2)), "1/2 is not attained: an open dot"


def test_an_attained_threshold_is_filled() -> None:
    (paper, sharp) = marks(panels("heat")[2])
    assert sharp[0] == "o"
    assert sharp[1] != "#ffffff"
    assert paper[2] == sharp[2], "for the heat equation both thresholds are 1/2"


def test_no_threshold_is_a_cross() -> None:
    assert [m[0] for m in marks(panels("sine-gordon", output_bias="normal")[2])] == ["D", "x"]


def test_a_problem_without_values_says_so() -> None:
    bb, bf, ff = panels("poisson-neumann")
    assert colours(bb) == []
    assert colours(bf) == []
    assert len(colours(ff)) == 3
    assert "no value group" in {t.get_text() for t in bb.texts}


def test_cells_tile_every_row_without_gaps() -> None:
    ff = panels("kdv", "heat", "fractional-reaction", "gierer-meinhardt")[2]
    rows: dict[float, list[Rectangle]] = {}
    for cell in ff.patches:
        rows.setdefault(cell.get_y(), []).append(cell)
    assert len(rows) == 4
    for cells in rows.values():
        cells.sort(key=lambda cell: cell.get_x())
        ends = [cell.get_x() + cell.get_width() for cell in cells]
        assert cells[0].get_x() == 0
        assert ends[:-1] == pytest.approx([cell.get_x() for cell in cells[1:]])
        assert ends[-1] == pytest.approx(ff.get_xlim()[1])


@pytest.mark.parametrize(
    ("name", "section"),
    [
        ("heat", "linear"),
        ("eikonal", "nonlinear, homogeneous"),
        ("kdv", "nonlinear, case A"),
        ("stokes", "systems"),
    ],
)
def test_sections(name: str, section: str) -> None:
    assert section_of(nt.classify(name)) == section


def test_without_an_output_bias_the_criterion_is_silent() -> None:
    (row,) = zoo_map_rows(["kdv"], output_bias="none")
    assert row.section == "nonlinear, no criterion"
    assert {m[0] for axes in draw_zoo_map([row]).axes for m in marks(axes)} == {"o"}


def test_the_whole_zoo_is_drawn() -> None:
    rows = zoo_map_rows()
    assert {row.label for row in rows} == set(nt.zoo_names())
    shown = {t.get_text() for t in draw_zoo_map(rows).axes[0].texts}
    assert set(nt.zoo_names()) <= shown


def test_the_axis_grows_with_s() -> None:
    places = [place(s) for s in (0, 0.25, 0.49, 0.5, 0.51, 2 / 3, 0.75, 1)]
    assert places == sorted(set(places))


def test_no_rows() -> None:
    with pytest.raises(InputError, match="at least one problem"):
        draw_zoo_map([])
