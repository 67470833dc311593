"""Pictures of a training run: the solution and its error, the losses, the kernel's spectrum and drift."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from ntk_theory.arrays import Floats
from ntk_theory.empirical.ntk import ntk
from ntk_theory.report.figures.palette import FAINT, INK, LINE_STYLES, SERIES, block_title, plain
from ntk_theory.report.figures.slices import Slice, solution_slice
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training.defaults import thinned
from ntk_theory.training.trajectory import Trajectory
from ntk_theory.visible import visible

Place = Figure | SubFigure
FIELD_MAP, ERROR_MAP = "viridis", "RdBu_r"
#: Points of the spectrum, about.
SPECTRUM = 600
#: How a whole is drawn, under its parts.
SUM: dict[str, Any] = {"color": INK, "linewidth": 4.5, "alpha": 0.22, "solid_capstyle": "round"}
ROW, COLUMN, TITLE = 2.9, 4.3, 0.45


def draw_solution(problem: Problem, run: Trajectory, title: str = "") -> Figure:
    """The trained fields; where a solution is known, it and the difference beside them."""
    cut = solution_slice(problem, run.network, run.parameters)
    figure = _sheet(1 if cut.exact is None else 3 if cut.is_plane else 2, len(problem.solved.fields), title)
    _solution(figure, cut)
    return figure


def draw_losses(run: Trajectory, title: str = "") -> Figure:
    """Loss by group and, where a solution is known, the relative error, along the run."""
    figure = _sheet(2 if len(run.errors) else 1, 1, title)
    _losses(figure, run)
    return figure


def draw_kernel(problem: Problem, run: Trajectory, title: str = "") -> Figure:
    """Eigenvalues of K before and after, and the relative drift of its blocks where it was recorded."""
    figure = _sheet(1 if run.drift is None else 2, 1, title)
    _kernel(figure, problem, run)
    return figure


def draw_training(problem: Problem, run: Trajectory, title: str = "") -> Figure:
    """All of it on one sheet."""
    cut = solution_slice(problem, run.network, run.parameters)
    rows = len(problem.solved.fields)
    figure = Figure(figsize=(3 * COLUMN, (rows + 2) * ROW + TITLE), dpi=110, facecolor="white")
    figure.set_layout_engine("constrained", hspace=0.04, wspace=0.04)
    parts = np.asarray(figure.subfigures(3, 1, height_ratios=[rows, 1, 1]))
    for part, draw in zip(parts, _parts(problem, run, cut), strict=True):
        draw(part)
    _heading(figure, title)
    return figure


def _parts(problem: Problem, run: Trajectory, cut: Slice) -> list[Callable[[SubFigure], None]]:
    return [
        lambda part: _solution(part, cut),
        lambda part: _losses(part, run),
        lambda part: _kernel(part, problem, run),
    ]


def _sheet(columns: int, rows: int, title: str) -> Figure:
    figure = Figure(figsize=(COLUMN * columns, ROW * rows + TITLE), dpi=110, facecolor="white")
    figure.set_layout_engine("constrained", hspace=0.04, wspace=0.04)
    _heading(figure, title)
    return figure


def _heading(figure: Figure, title: str) -> None:
    if title:
        figure.suptitle(
            visible(title), fontsize=10, fontweight="bold", color=INK, x=0.01, ha="left", parse_math=False
        )


def _solution(place: Place, cut: Slice) -> None:
    rows = len(cut.fields)
    columns = 1 if cut.exact is None else 3 if cut.is_plane else 2
    panels = place.subplots(rows, columns, squeeze=False)
    for row, name in zip(panels, cut.fields, strict=True):
        (_plane if cut.is_plane else _line)(row, cut, name)
    # One column of labels and one row of them are enough.
    for axes in panels[:, 1:].flat if cut.is_plane else ():
        axes.set_ylabel("")
    for axes in panels[:-1].flat:
        axes.set_xlabel("")


def _line(panels: Floats, cut: Slice, name: str) -> None:
    k = cut.fields.index(name)
    x = cut.axes[0]
    if cut.exact is not None:
        panels[0].plot(x, cut.exact[k], color=FAINT, linewidth=4, alpha=0.5, label="solution")
        panels[1].plot(x, cut.found[k] - cut.exact[k], color=SERIES[1], linewidth=1.2)
        panels[1].ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
        panels[1].yaxis.get_offset_text().set_fontsize(7)
        _titled(panels[1], f"{name}: network − solution", cut.names[0], "")
    panels[0].plot(x, cut.found[k], color=SERIES[0], linewidth=1.6, label="network")
    if cut.exact is not None:
        panels[0].legend(frameon=False, fontsize=8)
    _titled(panels[0], name + cut.where, cut.names[0], "")


def _plane(panels: Floats, cut: Slice, name: str) -> None:
    k = cut.fields.index(name)
    found, exact = cut.found[k], None if cut.exact is None else cut.exact[k]
    low = float(np.nanmin(found if exact is None else exact))
    high = float(np.nanmax(found if exact is None else exact))
    _heat(panels[0], cut, found, f"{name}: network{cut.where}", (FIELD_MAP, low, high))
    if exact is not None:
        _heat(panels[1], cut, exact, "solution", (FIELD_MAP, low, high))
        far = float(np.nanmax(np.abs(found - exact))) or 1.0
        _heat(panels[2], cut, found - exact, f"difference, at most {far:.1e}", (ERROR_MAP, -far, far))


def _heat(axes: Axes, cut: Slice, values: Floats, title: str, scale: tuple[str, float, float]) -> None:
    colours, low, high = scale
    mesh = axes.pcolormesh(
        cut.axes[0], cut.axes[1], values.T, cmap=colours, vmin=low, vmax=high, shading="gouraud",
        rasterized=True,
    )  # fmt: skip
    bar = axes.figure.colorbar(mesh, ax=axes, pad=0.02, fraction=0.05)
    bar.ax.tick_params(labelsize=7, color="#b5b5ba")
    bar.ax.yaxis.get_offset_text().set_fontsize(7)
    bar.formatter.set_powerlimits((-2, 3))  # type: ignore[attr-defined]
    bar.outline.set_visible(False)
    _titled(axes, title, *cut.names)
    axes.grid(False)


def _titled(axes: Axes, title: str, across: str, up: str) -> None:
    plain(axes)
    axes.set_title(title, fontsize=9.5, color=INK, loc="left")
    axes.set_xlabel(across, fontsize=9, color=INK)
    axes.set_ylabel(up, fontsize=9, color=INK, rotation=0, labelpad=8)


def losses_on(axes: Axes, run: Trajectory, groups: Sequence[str]) -> None:
    """The loss along the run, and its parts by group."""
    axes.plot(run.times, _positive(run.losses), **SUM, label="sum")
    for k, name in enumerate(groups):
        axes.plot(
            run.times, _positive(run.group_losses[name]), color=SERIES[k % len(SERIES)], linewidth=1.2,
            linestyle=LINE_STYLES[k % len(LINE_STYLES)], label=name,
        )  # fmt: skip
    axes.set_yscale("log")
    _titled(axes, r"loss  ½ $\lambda_g\sum R_g^2$  by group", run.clock, "")
    axes.legend(frameon=False, fontsize=7.5, ncols=2)


def _losses(place: Place, run: Trajectory) -> None:
    panels = place.subplots(1, 2 if len(run.errors) else 1, squeeze=False)[0]
    losses_on(panels[0], run, tuple(run.group_losses))
    if len(run.errors):
        panels[1].plot(
            run.errors[:, 0], _positive(run.errors[:, 1]), color=INK, linewidth=1.2, marker="o", markersize=3
        )
        panels[1].set_yscale("log")
        _titled(panels[1], f"relative $L^2$ error, at the end {run.error:.1e}", run.clock, "")


def _kernel(place: Place, problem: Problem, run: Trajectory) -> None:
    panels = place.subplots(1, 1 if run.drift is None else 2, squeeze=False)[0]
    ends = (("start", run.initial, FAINT), ("end", run.parameters, SERIES[0]))
    points = thinned(run.points, SPECTRUM)
    for name, parameters, colour in ends:
        values = ntk(run.trained(problem), run.network, parameters, points).eigenvalues()
        floor = np.finfo(np.float64).eps * len(values) * values.max()
        kept = values[values > floor]  # the rest is rounding
        panels[0].plot(np.arange(1, len(kept) + 1), kept, color=colour, linewidth=1.8, label=name)
    panels[0].set_xscale("log")
    panels[0].set_yscale("log")
    panels[0].legend(frameon=False, fontsize=8)
    _titled(panels[0], "eigenvalues of $K$ above rounding", "number", "")
    if run.drift is None:
        return
    panels[1].plot(run.drift.times, _positive(run.drift.relative()), **SUM, label="all of $K$")
    for k, block in enumerate(run.drift.principal_blocks()[:-1]):
        colour = SERIES[k % len(SERIES)]
        label = block_title(block)
        curve = _positive(run.drift.relative(block))
        panels[1].plot(run.drift.times, curve, color=colour, linewidth=1.4, label=label)
    panels[1].set_yscale("log")
    panels[1].legend(frameon=False, fontsize=8, ncols=2)
    _titled(panels[1], r"relative drift  $\|K(t)-K(0)\|\,/\,\|K(0)\|$", run.clock, "")


def _positive(values: Floats) -> Floats:
    """For a logarithmic axis: zero is a gap."""
    return np.where(values > 0, values, np.nan)
