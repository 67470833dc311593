"""The atlas of spectra: what it computes, and that every curve and only what is known is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from ntk_theory.errors import InputError
from ntk_theory.model.network import InputMap
from ntk_theory.report.figures.spectrum_atlas import atlas_curves, draw_atlas

MAPS = {"x": {}, "stretched": {"input_map": InputMap((5.0,), (0.0,))}}


def test_the_atlas_shows_known_spectra() -> None:
    curves = atlas_curves(["u", "u_xx"], ["erf", "relu^3"], MAPS, points=24)
    by = {(c.operator, c.map_name, c.activation): c.shares for c in curves}
    assert len(by) == 8
    for shares in by.values():
        assert shares[0] == 1.0
        assert np.all(np.diff(shares) <= 0)
        assert shares[-1] >= 24e-15  # what is rounding is left out
    # Smooth φ: exponentially by index, and cut; ReLU^3: a power, all 24 known (Gan et al. 2025).
    assert len(by["u", "x", "erf"]) < 24 == len(by["u", "x", "relu^3"])
    # Derivatives and stretched inputs make them fall slower.
    assert by["u_xx", "x", "erf"][7] > 10 * by["u", "x", "erf"][7]
    assert by["u", "stretched", "erf"][7] > 10 * by["u", "x", "erf"][7]


def test_every_curve_is_drawn() -> None:
    curves = atlas_curves(["u", "u_x"], ["erf", "sin"], MAPS, points=8)
    figure = draw_atlas(curves)
    assert len(figure.axes) == 4
    drawn = [line.get_ydata() for axes in figure.axes for line in axes.lines]
    assert len(drawn) == len(curves)
    for own, line in zip(curves, drawn, strict=True):
        np.testing.assert_array_equal(own.shares, line)
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == list(MAPS)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["erf", "sin"]


def test_no_curves_are_no_figure() -> None:
    with pytest.raises(InputError, match="it needs at least one spectrum"):
        draw_atlas([])
