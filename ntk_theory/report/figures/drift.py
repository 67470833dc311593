"""One number of many training runs against width, a curve per s: final loss, drift, error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter, NullLocator
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.report.drifts import TrainingAnswer
from ntk_theory.report.figures.palette import FAINT, INK, colours_of, markers_of, plain
from ntk_theory.visible import visible

#: An axis that spans less than this factor has 2 and 5 labelled too.
NARROW = 100


def draw_against_width(
    panels: Mapping[str, Mapping[str, ArrayLike]],
    widths: Sequence[int],
    title: str = "",
    *,
    limits: Mapping[str, float] | None = None,
    columns: int = 2,
) -> Figure:
    """Panels of medians with all seeds as dots, on logarithmic axes.

    Parameters
    ----------
    panels:
        Title → s → numbers (widths, seeds), positive.
    widths:
        The widths, in that order.
    title:
        Above all.
    limits:
        Panel → a number that the curves for s > 1/2 approach, drawn as a dashed line.
    columns:
        Panels side by side.
    """
    if not panels:
        raise InputError("panels is empty; it needs at least one title with its curves")
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(4.6 * columns, 3.3 * rows + 0.4), dpi=110, facecolor="white")
    figure.set_layout_engine("constrained", hspace=0.05, wspace=0.05)
    places = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, curves) in zip(places, panels.items(), strict=False):
        _panel(axes, curves, np.asarray(widths, dtype=np.float64))
        axes.set_title(name, fontsize=10, color=INK, loc="left")
        if limits and name in limits:
            axes.axhline(limits[name], color=FAINT, linewidth=1.3, linestyle=(0, (2.2, 1.8)), zorder=1)
    for axes in places[len(panels) :]:
        axes.set_visible(False)
    handles, labels = places[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=9)
    if title:
        figure.suptitle(
            visible(title), fontsize=12, fontweight="bold", color=INK, x=0.01, ha="left", parse_math=False
        )
    return figure


def _panel(axes: Axes, curves: Mapping[str, ArrayLike], widths: Floats) -> None:
    exponents = [Fraction(s) for s in curves]
    colours, markers = colours_of(exponents), markers_of(exponents)
    for s, given in zip(exponents, curves.values(), strict=True):
        values = np.asarray(given, dtype=np.float64)
        if values.ndim != 2 or len(values) != len(widths):
            raise InputError(
                f"the numbers for s = {s} have shape {values.shape}; they need ({len(widths)}, seeds)"
            )
        style: dict[str, Any] = {"color": colours[s], "marker": markers[s]}
        axes.plot(widths, np.median(values, axis=1), **style, markersize=5, linewidth=1.5, label=f"$s={s}$")
        across = np.repeat(widths, values.shape[1])
        axes.plot(across, values.ravel(), **style, markersize=3, linestyle="none", alpha=0.35)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    plain(axes)
    axes.xaxis.set_major_locator(LogLocator(base=2, subs=(1.0,), numticks=30))
    axes.set_xticks(widths, [f"{int(width)}" for width in widths])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())
    low, high = axes.get_ylim()
    if high < NARROW * low:  # one power of ten, or none, would be the only label
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.set_xlabel("width $N$", fontsize=9, color=INK)


def draw_drifts(answer: TrainingAnswer) -> Figure | None:
    """Absolute and relative drift against width, every network a dot; ``None`` where there is none."""
    titles = {
        r"$\sup_t\,\|K(t)-K(0)\|_2$": ("", "spectral", "limit_spectral"),
        r"relative drift of $K$": ("all", "relative", "limit_relative"),
    }
    panels: dict[str, Mapping[str, Floats]] = {}
    limits = {}
    data = answer.result.data
    for title, (pair, quantity, limit) in titles.items():
        panels[title] = answer.curves(pair, quantity)
        value = np.median(data.values(answer.label, answer.activation, "", "", limit))
        if np.isfinite(value) and value > 0:
            limits[title] = float(value)
    if not all(panels.values()):
        return None
    return draw_against_width(panels, answer.result.study.widths, answer.title, limits=limits)
