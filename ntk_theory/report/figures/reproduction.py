"""The charts of a reproduction, side by side or one in given axes."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ntk_theory.recipes.reproduction import Chart, Reproduction
from ntk_theory.report.figures.palette import INK, LINE_STYLES, SERIES, headline, plain


def draw_reproduction(found: Reproduction) -> Figure:
    """All charts in a row, under the source."""
    figure = Figure(figsize=(4.1 * len(found.charts), 3.7), dpi=110, facecolor="white")
    figure.set_layout_engine("constrained", rect=(0, 0, 1, 0.92))
    for axes, chart in zip(
        figure.subplots(1, len(found.charts), squeeze=False)[0], found.charts, strict=True
    ):
        chart_on(axes, chart)
    headline(figure, found.source, 11)
    return figure


def charts_on(axes: Axes, found: Reproduction, titles: Sequence[str]) -> None:
    """The first of the charts that were asked for."""
    chart_on(axes, next(chart for chart in found.charts if chart.title == titles[0]))


def chart_on(axes: Axes, chart: Chart) -> None:
    """One chart in axes."""
    plain(axes)
    for k, curve in enumerate(chart.curves):
        axes.plot(
            curve.x, curve.y, label=curve.label, color=SERIES[k % len(SERIES)], linewidth=1.3,
            linestyle=LINE_STYLES[k % len(LINE_STYLES)], marker="osD^vP"[k % 6], markersize=3.5,
        )  # fmt: skip
    if chart.log_x:
        axes.set_xscale("log")
    else:
        axes.ticklabel_format(axis="x", style="sci", scilimits=(-2, 4))
        axes.locator_params(axis="x", nbins=5)
    if chart.log_y:
        axes.set_yscale("log")
    axes.set_title(chart.title, fontsize=10, color=INK, loc="left")
    axes.set_xlabel(chart.x, fontsize=9, color=INK)
    axes.set_ylabel(chart.y, fontsize=9, color=INK)
    axes.legend(frameon=False, fontsize=7.5)
