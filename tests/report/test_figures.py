"""Figures show the study's numbers, and what they predict; disagreement cannot be overlooked."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ntk_theory.errors import InputError
from ntk_theory.report.figures import palette
from ntk_theory.report.figures.histograms import draw_law_panels, law_panels
from ntk_theory.report.figures.limit_map import ALARM, draw_limit_map, map_rows
from ntk_theory.report.figures.palette import colours_of, markers_of, svg_text
from ntk_theory.report.figures.plot import plot
from ntk_theory.report.figures.widths import (
    Curve,
    _spread_end,
    draw_norms,
    draw_width_curves,
    width_curves,
)
from ntk_theory.report.figures.zoo_map import COLOURS
from ntk_theory.report.rows import answers
from ntk_theory.studies.judging.verdict import Outcome
from ntk_theory.theory.exponents import Limit

HALF = Fraction(1, 2)


@pytest.fixture(scope="module")
def curves(small_study):
    return width_curves(small_study, small_study.study.cases[0].label, "erf")


def test_curves_are_quantiles_of_the_stored_norms(small_study, curves):
    label = small_study.study.cases[0].label
    (ff,) = [c for c in curves if (c.block, c.s) == ("ff", Fraction(1))]
    norms = small_study.data.values(label, "erf", "f,f", "1", "norm")
    assert ff.norm[1] == pytest.approx(np.median(norms, axis=1))
    assert (ff.norm[0] <= ff.norm[1]).all()
    assert (ff.norm[1] <= ff.norm[2]).all()


def test_the_law_has_the_predicted_slope(curves):
    # u_t + u u_x, s = 1: ‖K_ff‖ ~ N^(-1), ‖K_bf‖ ~ N^(-1/2): at these widths ε is small already.
    for block, exponent in (("ff", -1.0), ("bf", -0.5)):
        (curve,) = [c for c in curves if (c.block, c.s) == (block, Fraction(1))]
        assert float(curve.norm_exponent) == exponent
        slope = np.polyfit(np.log(curve.widths), np.log(curve.law_norm[1]), 1)[0]
        assert slope == pytest.approx(exponent, abs=0.05)


def test_the_law_at_one_half_does_not_depend_on_the_width(curves):
    for curve in curves:
        if curve.s == HALF:
            assert np.ptp(curve.law_norm, axis=1) == pytest.approx(0.0)


def test_one_column_per_block_and_one_label_per_exponent(curves):
    figure = draw_width_curves(curves, "title")
    assert len(figure.axes) == 2 * 3
    for axes in figure.axes:
        assert len([t for t in axes.texts if "s=" in t.get_text()]) == 3
        assert axes.get_xscale() == axes.get_yscale() == "log"


def test_labels_do_not_overlap(curves):
    for axes in draw_width_curves(curves).axes:
        heights = sorted(t.get_position()[1] for t in axes.texts)
        assert np.diff(heights).min() > 0.04


def test_one_row_of_norms(curves):
    ff = [c for c in curves if c.block == "ff"]
    figure = draw_norms({"first": ff, "second": ff})
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["first", "second"]


def test_exponents_have_colours_and_markers_of_their_own():
    exponents = tuple(map(Fraction, ("1/4", "2/5", "1/2", "5/8", "3/4", "1")))
    assert len(set(colours_of(exponents).values())) == len(exponents)
    assert len(set(markers_of(exponents).values())) == len(exponents)


def test_histograms_hold_every_network(small_study):
    label = small_study.study.cases[0].label
    panels = law_panels(small_study, label, "erf")
    assert len(panels) == 9
    assert all(len(p.networks) == small_study.study.seeds for p in panels)
    # The value block is deterministic, the residual's is not.
    assert {p.block for p in panels if p.is_constant} == {"bb"}
    assert len(draw_law_panels(panels).axes) == 9


def test_a_refuted_law_is_written_into_its_panel(small_study):
    panels = law_panels(small_study, small_study.study.cases[0].label, "erf", blocks=["ff"])
    refuted = [replace(p, outcome=Outcome.REFUTED) for p in panels]
    shown = {t.get_text() for axes in draw_law_panels(refuted).axes for t in axes.texts}
    assert "refuted" in shown


def rectangles(axes):
    return [p for p in axes.patches if isinstance(p, Rectangle)]


def test_the_map_shows_the_prediction(small_study):
    every = answers([small_study])
    axes = draw_limit_map(map_rows(every)).axes[2]
    shown = [to_hex(p.get_facecolor()) for p in rectangles(axes)]
    cells = [answer.limit("ff", s) for answer in every for s in sorted(small_study.study.s)]
    assert shown == [COLOURS[Limit(cell.predicted)] for cell in cells]
    assert not [p for p in rectangles(axes) if to_hex(p.get_edgecolor()) == ALARM]


def test_a_disagreement_is_framed_and_has_the_colour_of_what_was_seen(small_study):
    (first, *_) = map_rows(answers([small_study]))
    key = ("ff", Fraction(1))
    wrong = replace(first.cells[key], outcome=Outcome.REFUTED, observed="diverges")
    axes = draw_limit_map([replace(first, cells={**first.cells, key: wrong})]).axes[2]
    assert len([p for p in rectangles(axes) if to_hex(p.get_edgecolor()) == ALARM]) == 1
    mark = max(axes.lines, key=lambda line: line.get_markersize())
    assert mark.get_markerfacecolor() == COLOURS[Limit.DIVERGES]


def test_the_same_figure_is_the_same_text(curves):
    first, second = (svg_text(draw_width_curves(curves)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("draw", [draw_limit_map, draw_width_curves, draw_law_panels, draw_norms])
def test_nothing_to_draw(draw):
    with pytest.raises(InputError, match="is empty"):
        draw([])


def test_one_call_draws_a_case_and_names_the_cases_otherwise(small_study):
    second = small_study.study.cases[1].label
    figure = plot(small_study, second)
    assert second in "".join(text.get_text() for text in figure.texts)
    with pytest.raises(InputError, match="case is 'heat'"):
        plot(small_study, "heat")


def _luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.1."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _colours() -> list[str]:
    """Every colour of a line or a letter."""
    return [palette.INK, palette.FAINT, *palette.SERIES, *palette._ABOVE, *palette._BELOW]


@pytest.mark.parametrize("colour", _colours())
def test_lines_and_letters_have_contrast(colour: str) -> None:
    """3:1 against white, and against the shade behind the dashed predictions."""
    for ground in ("#ffffff", "#f6f6f8"):
        assert (_luminance(ground) + 0.05) / (_luminance(colour) + 0.05) >= 3


def test_letters_of_svg_are_letters() -> None:
    figure = Figure()
    figure.text(0.1, 0.1, "a sentence to be found")
    assert "a sentence to be found" in svg_text(figure)


def test_the_spread_s_prediction_begins_at_the_law() -> None:
    """Where the law has a spread; the last networks scatter about it."""
    widths, ones = np.array([64.0, 128.0]), np.ones((3, 2))
    curve = Curve(
        "ff", Fraction(1, 2), widths, ones, np.array([2.0, 9.0]), ones, np.array([3.0, 4.0]), None, None
    )
    assert _spread_end(curve) == 4.0
    assert _spread_end(replace(curve, law_norm=None, law_spread=None)) == 9.0
